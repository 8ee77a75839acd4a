"""Settlement of a cycle: the payment file, and matching the bank's confirmations with net positions.

::

    due ──part of it──▶ partial ──the rest──▶ settled        all legs of a cycle settled: the cycle is settled

A bank entry counts once, by the bank's number of it. An entry that matches no leg (reference, direction, more than is
left) is stored with the reason, changes no leg, and waits for people to resolve it. A file is posted whole or not at
all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from clearing.bank_files import (
    BankAccount,
    BankEntry,
    SettlementInstruction,
    payment_file,
    read_confirmations,
    reference_of,
    remark_of,
)
from clearing.errors import NO_BANK_ACCOUNT, NO_CYCLE, NOTHING_TO_PAY
from clearing.schemas import EntryMatch
from clearing.states import EntryVerdict, LegState
from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import Problem
from registry.identifiers import AgencyId

QUERIES = load_queries(Path(__file__).parent / "sql" / "bank.sql")

CENTRE = AgencyId(0)
"""The centre, in place of an agency."""


@dataclass(frozen=True, slots=True)
class Leg:
    """The payment that settles an agency's net position; ``pay_in``: the agency pays the centre. Money in fen."""

    agency_id: AgencyId
    reference: str
    pay_in: bool
    amount_fen: int
    matched_fen: int

    @classmethod
    def of(cls, business_date: date, agency_id: AgencyId, position_fen: int, matched_fen: int) -> "Leg":
        """The leg of a net position."""
        reference = reference_of(business_date, agency_id)
        return cls(agency_id, reference, position_fen < 0, abs(position_fen), matched_fen)

    @property
    def state(self) -> LegState:
        """How much of it the bank has confirmed."""
        if self.matched_fen == self.amount_fen:
            return LegState.SETTLED
        return LegState.PARTIAL if self.matched_fen else LegState.DUE


def verdict_on(entry: BankEntry, leg: Leg | None) -> EntryVerdict:
    """Whether an entry pays a leg: ``MATCHED``, or why not."""
    if leg is None:
        return EntryVerdict.UNKNOWN_REFERENCE
    if entry.credit != leg.pay_in:
        return EntryVerdict.WRONG_DIRECTION
    if entry.amount_fen > leg.amount_fen - leg.matched_fen:
        return EntryVerdict.TOO_MUCH
    return EntryVerdict.MATCHED


async def add_account(connection: Connection, agency_id: AgencyId, account: BankAccount, valid_from: datetime) -> None:
    """Store the bank account that an agency, or ``CENTRE``, has from a time on, in the caller's transaction."""
    await connection.execute(
        QUERIES["add_account"], agency_id, valid_from, account.holder_name, account.number, account.bank
    )  # fmt: skip


async def latest_account(pool: Pool | Connection, agency_id: AgencyId) -> BankAccount | None:
    """The account that an agency has, or will have once the cooling-off period is over."""
    row = await pool.fetchrow(QUERIES["latest_account"], agency_id)
    return None if row is None else as_struct(row, BankAccount)


async def bank_accounts(pool: Pool | Connection) -> dict[AgencyId, BankAccount]:
    """The bank accounts in use now, by agency; that of ``CENTRE`` is the settlement account."""
    return {
        AgencyId(row["agency_id"]): BankAccount(row["holder_name"], row["number"], row["bank"])
        for row in await pool.fetch(QUERIES["accounts"])
    }


async def legs_of(pool: Pool | Connection, business_date: date) -> list[Leg]:
    """The legs of a published cycle: one for every net position that is not zero. Raises Problem(NO_CYCLE)."""
    if await pool.fetchval(QUERIES["published_at"], business_date) is None:
        raise Problem(NO_CYCLE, "clearing.not_published", business_date=business_date)
    return [
        Leg.of(business_date, AgencyId(row["agency_id"]), row["position_fen"], row["matched_fen"])
        for row in await pool.fetch(QUERIES["legs"], business_date)
    ]


async def bank_file(pool: Pool | Connection, business_date: date) -> bytes:
    """The file that pays every net receivable of a cycle, on the next day; the same each time.

    Raises Problem NO_CYCLE, NOTHING_TO_PAY, or NO_BANK_ACCOUNT that names the agencies.
    """
    legs = [leg for leg in await legs_of(pool, business_date) if not leg.pay_in]
    if not legs:
        raise Problem(NOTHING_TO_PAY, "clearing.nothing_owed", business_date=business_date)
    accounts = await bank_accounts(pool)
    missing = [leg.agency_id for leg in legs if leg.agency_id not in accounts]
    if missing:
        await _must_not_be_cooling(pool, missing)
        raise Problem(NO_BANK_ACCOUNT, "clearing.agencies_without_account", agencies=", ".join(map(str, missing)))
    remark = remark_of(business_date)
    instructions = [
        SettlementInstruction(leg.reference, accounts[leg.agency_id], leg.amount_fen, remark) for leg in legs
    ]
    made_at: datetime = await pool.fetchval(QUERIES["published_at"], business_date)
    return payment_file(business_date, made_at, pay_out_date(business_date), _centre(accounts), instructions)


async def _must_not_be_cooling(pool: Pool | Connection, agencies: list[AgencyId]) -> None:
    """Raise Problem(NO_BANK_ACCOUNT) that names the first accounts of agencies which are not used yet, and from when.

    An agency with an account before is paid there meanwhile.
    """
    rows = await pool.fetch(QUERIES["accounts_to_come"], agencies)
    if rows:
        shown = [f"{row['agency_id']} ({row['valid_from'].astimezone(ZONE):%Y-%m-%d %H:%M})" for row in rows]
        raise Problem(NO_BANK_ACCOUNT, "clearing.accounts_cooling_off", agencies=", ".join(shown))


def pay_out_date(business_date: date) -> date:
    """The date on which the bank is asked to pay a cycle's net receivables."""
    return business_date + timedelta(days=1)


async def post_confirmations(pool: Pool, content: bytes) -> list[EntryMatch]:
    """Post a confirmation file in a transaction of its own.

    Raises Problem NO_BANK_ACCOUNT or NOT_A_CONFIRMATION; nothing is posted then.
    """
    entries = read_confirmations(content, await settlement_account(pool))
    async with pool.acquire() as connection, connection.transaction():
        return await post_entries(connection, entries)


async def settlement_account(pool: Pool | Connection) -> BankAccount:
    """The centre's account. Raises Problem(NO_BANK_ACCOUNT)."""
    return _centre(await bank_accounts(pool))


async def post_entries(connection: Connection, entries: Sequence[BankEntry]) -> list[EntryMatch]:
    """Match the entries of a camt.053 or camt.054 with what is due, in the caller's transaction."""
    await connection.execute(QUERIES["one_at_a_time"])
    matches = [await _post_entry(connection, entry) for entry in entries]
    await connection.execute(QUERIES["settle_cycles"], datetime.now(UTC))
    return matches


async def _post_entry(connection: Connection, entry: BankEntry) -> EntryMatch:
    known = await connection.fetchrow(QUERIES["entry"], entry.entry)
    if known is not None:
        same = (known["credit"], known["amount_fen"], known["reference"]) == (
            entry.credit, entry.amount_fen, entry.reference,
        )  # fmt: skip
        verdict = EntryVerdict.KNOWN if same else EntryVerdict.NUMBER_USED_BEFORE
        return EntryMatch(entry.entry, entry.reference, entry.amount_fen, verdict)
    row = await connection.fetchrow(QUERIES["leg_of_reference"], entry.reference)
    leg = None if row is None else Leg.of(row["cycle_date"], row["agency_id"], row["position_fen"], row["matched_fen"])
    verdict = verdict_on(entry, leg)
    paid = row if verdict is EntryVerdict.MATCHED else None
    await connection.execute(
        QUERIES["add_entry"],
        entry.entry, entry.credit, entry.amount_fen, entry.booked_on, entry.reference, verdict,
        paid and paid["cycle_date"], paid and paid["agency_id"], datetime.now(UTC),
    )  # fmt: skip
    return EntryMatch(entry.entry, entry.reference, entry.amount_fen, verdict)


def _centre(accounts: Mapping[AgencyId, BankAccount]) -> BankAccount:
    if CENTRE not in accounts:
        raise Problem(NO_BANK_ACCOUNT, "clearing.centre_without_account")
    return accounts[CENTRE]
