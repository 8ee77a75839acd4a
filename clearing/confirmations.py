"""Paying out a cycle and hearing back: a position is settled only when its money is matched.

::

    due ──part of it──▶ partial ──the rest──▶ settled        all of a cycle's legs settled: the cycle is settled

An entry of the bank counts once, by its number there. What fits no leg (reference, direction, more than is left) is
kept with the reason, changes no leg, and waits for people. A file counts whole or not at all.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from clearing.bank_files import BankAccount, BankEntry, Transfer, payment_file, read_confirmations, reference_of
from clearing.errors import NO_BANK_ACCOUNT, NO_CYCLE, NOTHING_TO_PAY
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool
from foundation.problems import Problem

QUERIES = load_queries(Path(__file__).parent / "sql" / "bank.sql")

CENTRE = 0
"""Stands for the centre where an agency's number stands."""


@dataclass(frozen=True, slots=True)
class Leg:
    """What of an agency's position has to move, and how much of it has; ``pay_in``: the agency pays the centre."""

    agency_id: int
    reference: str
    pay_in: bool
    amount_fen: int
    matched_fen: int

    @property
    def state(self) -> str:
        """``due``, ``partial`` or ``settled``."""
        if self.matched_fen == self.amount_fen:
            return "settled"
        return "partial" if self.matched_fen else "due"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an entry came to: ``matched``, ``known`` (a repeat), or why it fits nothing."""

    entry: str
    reference: str
    amount_fen: int
    verdict: str


def judge(entry: BankEntry, leg: Leg | None) -> str:
    """Whether an entry pays a leg: ``matched``, or why not."""
    if leg is None:
        return "unknown_reference"
    if entry.credit != leg.pay_in:
        return "wrong_direction"
    if entry.amount_fen > leg.amount_fen - leg.matched_fen:
        return "too_much"
    return "matched"


async def set_account(pool: Pool, agency_id: int, account: BankAccount) -> None:
    """Keep an agency's bank account, or with 0 the centre's settlement account."""
    await pool.execute(QUERIES["set_account"], agency_id, account.holder_name, account.number, account.bank)


async def legs_of(pool: Pool | Connection, business_date: date) -> list[Leg]:
    """The legs of a published cycle: one for every agency that owes or is owed. Raises Problem(NO_CYCLE)."""
    if await pool.fetchval(QUERIES["published_at"], business_date) is None:
        raise Problem(NO_CYCLE, f"no published cycle {business_date}")
    return [
        Leg(
            row["agency_id"],
            reference_of(business_date, row["agency_id"]),
            row["position_fen"] < 0,
            abs(row["position_fen"]),
            row["matched_fen"],
        )
        for row in await pool.fetch(QUERIES["legs"], business_date)
    ]


async def bank_file(pool: Pool, business_date: date) -> bytes:
    """The file that pays whom a cycle owes, on the next day; the same each time.

    Raises Problem NO_CYCLE, NOTHING_TO_PAY, or NO_BANK_ACCOUNT that names the agency.
    """
    legs = [leg for leg in await legs_of(pool, business_date) if not leg.pay_in]
    if not legs:
        raise Problem(NOTHING_TO_PAY, f"nobody is owed anything by the cycle of {business_date}")
    accounts = await _accounts(pool)
    missing = [leg.agency_id for leg in legs if leg.agency_id not in accounts]
    if missing:
        raise Problem(NO_BANK_ACCOUNT, f"agencies without a bank account: {', '.join(map(str, missing))}")
    transfers = [
        Transfer(leg.reference, accounts[leg.agency_id], leg.amount_fen, f"食堂清算 canteen clearing {business_date}")
        for leg in legs
    ]
    made_at: datetime = await pool.fetchval(QUERIES["published_at"], business_date)
    return payment_file(business_date, made_at, business_date + timedelta(days=1), _centre(accounts), transfers)


async def take_confirmations(pool: Pool, content: bytes) -> list[Verdict]:
    """Match the entries of a camt.053 or camt.054 with what is due; all of the file counts, or nothing.

    Raises Problem NO_BANK_ACCOUNT or NOT_A_CONFIRMATION.
    """
    centre = _centre(await _accounts(pool))
    entries = read_confirmations(content, centre)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(QUERIES["one_at_a_time"])
        verdicts = [await _take(connection, entry) for entry in entries]
        await connection.execute(QUERIES["settle_cycles"], datetime.now(UTC))
    return verdicts


async def _take(connection: Connection, entry: BankEntry) -> Verdict:
    known = await connection.fetchrow(QUERIES["entry"], entry.entry)
    if known is not None:
        same = (known["credit"], known["amount_fen"], known["reference"]) == (
            entry.credit, entry.amount_fen, entry.reference,
        )  # fmt: skip
        return Verdict(entry.entry, entry.reference, entry.amount_fen, "known" if same else "number_used_before")
    row = await connection.fetchrow(QUERIES["leg_of_reference"], entry.reference)
    leg = None
    if row is not None:
        fen = row["position_fen"]
        leg = Leg(row["agency_id"], entry.reference, fen < 0, abs(fen), row["matched_fen"])
    verdict = judge(entry, leg)
    matched = row if verdict == "matched" else None
    await connection.execute(
        QUERIES["add_entry"],
        entry.entry, entry.credit, entry.amount_fen, entry.booked_on, entry.reference, verdict,
        matched and matched["cycle_date"], matched and matched["agency_id"], datetime.now(UTC),
    )  # fmt: skip
    return Verdict(entry.entry, entry.reference, entry.amount_fen, verdict)


async def _accounts(pool: Pool) -> dict[int, BankAccount]:
    return {row["agency_id"]: BankAccount(*list(row)[1:]) for row in await pool.fetch(QUERIES["accounts"])}


def _centre(accounts: dict[int, BankAccount]) -> BankAccount:
    if CENTRE not in accounts:
        raise Problem(NO_BANK_ACCOUNT, "the centre has no settlement account yet")
    return accounts[CENTRE]
