"""Settlement of a cycle: the payment file, and matching the bank's confirmations with net positions.

::

    due ──part of it──▶ partial ──the rest──▶ settled        all legs of a cycle settled: the cycle is settled
     ▲                                           │
     └──────────────money came back──────────────┘           the cycle is published again

A bank entry counts once, by the bank's number of it. An entry that matches no leg (reference, direction, more than is
left, a number used before) is stored with the reason, changes no leg, and waits for people, who resolve it whole or in
parts: assign it to a leg, or say where it belongs. A file is posted whole or not at all.

The bank accounts of a cycle are those that stood at its publication. Its payment file pays what is left; it stays the
same until that changes, and then is another one, which says which it replaces.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import cbor2

from clearing.bank_files import (
    BankAccount,
    BankEntry,
    SettlementInstruction,
    payment_file,
    reference_of,
    remark_of,
)
from clearing.errors import DOES_NOT_FIT, ENTRY_RESOLVED, NO_BANK_ACCOUNT, NO_CYCLE, NO_ENTRY, NOTHING_TO_PAY
from clearing.schemas import EntryMatch, OpenEntry
from clearing.states import EntryVerdict, LegState, Resolution
from foundation.calendar import ZONE, add_working_days, is_working_day
from foundation.money import yuan
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import Problem
from registry import audit
from registry.identifiers import AgencyId
from registry.models import Database

QUERIES = load_queries(Path(__file__).parent / "sql" / "bank.sql")

CENTRE = AgencyId(0)
"""The centre, in place of an agency."""


PAID_OUT_AFTER_DAYS = 1
"""Working days after a cycle on which the bank is asked to pay its net receivables."""


@dataclass(frozen=True, slots=True)
class Leg:
    """The payment that settles an agency's net position; ``pay_in``: the agency pays the centre. Money in fen.

    ``matched_fen``: what the bank has confirmed, less what came back (``returned_fen``).
    """

    agency_id: AgencyId
    reference: str
    pay_in: bool
    amount_fen: int
    matched_fen: int
    returned_fen: int = 0

    @classmethod
    def of(cls, row: asyncpg.Record, business_date: date) -> "Leg":
        """The leg of a net position, from a row of the view ``leg``."""
        position_fen, agency_id = row["position_fen"], AgencyId(row["agency_id"])
        reference = reference_of(business_date, agency_id)
        return cls(
            agency_id, reference, position_fen < 0, abs(position_fen), row["matched_fen"], row["returned_fen"]
        )  # fmt: skip

    @property
    def left_fen(self) -> int:
        """What has not moved yet."""
        return self.amount_fen - self.matched_fen

    @property
    def state(self) -> LegState:
        """How much of it the bank has confirmed."""
        if self.matched_fen == self.amount_fen:
            return LegState.SETTLED
        return LegState.PARTIAL if self.matched_fen else LegState.DUE


@dataclass(frozen=True, slots=True)
class OpenLeg:
    """A leg of a published cycle that is not settled."""

    business_date: date
    published_at: datetime
    leg: Leg


def verdict_on(entry: BankEntry, leg: Leg | None) -> EntryVerdict:
    """Whether an entry pays a leg (``MATCHED``) or gives back what was paid (``RETURNED``), or why neither."""
    if leg is None:
        return EntryVerdict.UNKNOWN_REFERENCE
    if entry.credit != leg.pay_in:
        return EntryVerdict.RETURNED if entry.amount_fen <= leg.matched_fen else EntryVerdict.WRONG_DIRECTION
    return EntryVerdict.MATCHED if entry.amount_fen <= leg.left_fen else EntryVerdict.TOO_MUCH


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


async def accounts_of_cycle(pool: Pool | Connection, business_date: date) -> dict[AgencyId, BankAccount]:
    """The bank accounts of a cycle: as they stood at its publication, else as they stand now."""
    kept = await pool.fetch(QUERIES["cycle_accounts"], business_date)
    now = await bank_accounts(pool)
    return now | {
        AgencyId(row["agency_id"]): BankAccount(row["holder_name"], row["number"], row["bank"]) for row in kept
    }


async def freeze_accounts(
    connection: Connection, business_date: date, accounts: Mapping[AgencyId, BankAccount]
) -> None:
    """Keep the accounts that the statements of a cycle name, in the transaction of its publication."""
    rows = [(business_date, agency, a.holder_name, a.number, a.bank) for agency, a in accounts.items()]
    await connection.executemany(QUERIES["freeze_account"], rows)


async def legs_of(pool: Pool | Connection, business_date: date) -> list[Leg]:
    """The legs of a published cycle: one for every net position that is not zero. Raises Problem(NO_CYCLE)."""
    if await pool.fetchval(QUERIES["published_at"], business_date) is None:
        raise Problem(NO_CYCLE, "clearing.not_published", business_date=business_date)
    return [Leg.of(row, business_date) for row in await pool.fetch(QUERIES["legs"], business_date)]


async def open_legs(pool: Pool | Connection, agency_id: int | None = None) -> list[OpenLeg]:
    """Every leg that is not settled, of one agency or all; the oldest first."""
    return [
        OpenLeg(row["cycle_date"], row["published_at"], Leg.of(row, row["cycle_date"]))
        for row in await pool.fetch(QUERIES["open_legs"], agency_id)
    ]


async def bank_file(pool: Pool | Connection, business_date: date) -> bytes:
    """The file that pays what is left of every net receivable of a cycle.

    The same bytes each time, until a payment or an account is another one: then a file with a new ``MsgId``. What came
    back is paid to the account that is registered now.

    Raises Problem NO_CYCLE, NOTHING_TO_PAY, or NO_BANK_ACCOUNT that names the agencies.
    """
    while True:
        legs = [leg for leg in await legs_of(pool, business_date) if not leg.pay_in and leg.left_fen > 0]
        if not legs:
            raise Problem(NOTHING_TO_PAY, "clearing.nothing_left", business_date=business_date)
        now, kept = await bank_accounts(pool), await accounts_of_cycle(pool, business_date)
        accounts = kept | {
            leg.agency_id: now[leg.agency_id] for leg in legs if leg.returned_fen and leg.agency_id in now
        }
        missing = [leg.agency_id for leg in legs if leg.agency_id not in accounts]
        if missing:
            await _must_not_be_cooling(pool, missing)
            raise Problem(NO_BANK_ACCOUNT, "clearing.agencies_without_account", agencies=", ".join(map(str, missing)))
        centre, remark = _centre(accounts), remark_of(business_date)
        instructions = [
            SettlementInstruction(leg.reference, accounts[leg.agency_id], leg.left_fen, remark) for leg in legs
        ]
        # What came back is paid once more: another file, though its payments may read like those of the last one.
        returned = [leg.returned_fen for leg in legs]
        content = await _kept_file(pool, business_date, centre, instructions, returned)
        if content is not None:
            return content


async def _kept_file(
    pool: Pool | Connection,
    business_date: date,
    centre: BankAccount,
    instructions: list[SettlementInstruction],
    returned: list[int],
) -> bytes | None:
    """The last file if it was made of the same, else the next one; None when another one was made meanwhile."""
    paid = [astuple(centre), returned, *(astuple(instruction) for instruction in instructions)]
    digest = hashlib.sha256(cbor2.dumps(paid, canonical=True)).digest()
    last = await pool.fetchrow(QUERIES["last_file"], business_date)
    if last is not None and last["digest"] == digest:
        return bytes(last["content"])
    number, made_at = 1 if last is None else last["number"] + 1, datetime.now(UTC)
    execute_on = max(pay_out_date(business_date), _working_day_from(made_at.astimezone(ZONE).date()))
    content = payment_file(business_date, made_at, execute_on, centre, instructions, number)
    added = await pool.fetchval(QUERIES["add_file"], business_date, number, digest, content, made_at)
    return None if added is None else content


async def _must_not_be_cooling(pool: Pool | Connection, agencies: list[AgencyId]) -> None:
    """Raise Problem(NO_BANK_ACCOUNT) that names the first accounts of agencies which are not used yet, and from when.

    An agency with an account before is paid there meanwhile.
    """
    rows = await pool.fetch(QUERIES["accounts_to_come"], agencies)
    if rows:
        shown = [f"{row['agency_id']} ({row['valid_from'].astimezone(ZONE):%Y-%m-%d %H:%M})" for row in rows]
        raise Problem(NO_BANK_ACCOUNT, "clearing.accounts_cooling_off", agencies=", ".join(shown))


def pay_out_date(business_date: date) -> date:
    """The working day on which the bank is asked to pay a cycle's net receivables."""
    return add_working_days(business_date, PAID_OUT_AFTER_DAYS)


def _working_day_from(day: date) -> date:
    return day if is_working_day(day) else add_working_days(day, 1)


async def post_by_person(
    database: Database, login: str, entries: Sequence[BankEntry], file: dict[str, Any]
) -> list[EntryMatch]:
    """Post the entries of a file, whole or not at all, with the audit entry. ``file``: its sha256 and size in bytes."""
    async with audit.change(database, login, "confirmations", "bank", file) as change:
        matches = await post_entries(await change.connection(), entries)
        change.is_repeat = bool(matches) and all(m.verdict is EntryVerdict.KNOWN for m in matches)
    return matches


async def settlement_accounts(pool: Pool | Connection) -> list[BankAccount]:
    """The centre's account, and those that it had when a cycle was published. Raises Problem(NO_BANK_ACCOUNT)."""
    former = [as_struct(row, BankAccount) for row in await pool.fetch(QUERIES["former_centres"])]
    return [_centre(await bank_accounts(pool)), *former]


async def post_entries(connection: Connection, entries: Sequence[BankEntry]) -> list[EntryMatch]:
    """Match the entries of a camt.053 or camt.054 with what is due, in the caller's transaction."""
    await connection.execute(QUERIES["one_at_a_time"])
    posted = [await _post_entry(connection, entry) for entry in entries]
    await settle_cycles(connection, {cycle_date for _, cycle_date in posted if cycle_date is not None})
    return [match for match, _ in posted]


async def settle_cycles(connection: Connection, touched: Collection[date]) -> None:
    """Settle those cycles whose money has all moved, and take the settlement of those back of which some came back."""
    await connection.execute(QUERIES["reopen_cycles"], list(touched))
    await connection.execute(QUERIES["settle_cycles"], datetime.now(UTC), list(touched))


async def _post_entry(connection: Connection, entry: BankEntry) -> tuple[EntryMatch, date | None]:
    """The result, and the cycle of the leg that it pays or of which it is a return."""
    stored = await connection.fetch(QUERIES["entries"], entry.entry)
    if any(_is_same(row, entry) for row in stored):
        return EntryMatch(entry.entry, entry.reference, entry.amount_fen, EntryVerdict.KNOWN), None
    row = await connection.fetchrow(QUERIES["leg_of_reference"], entry.leg_reference)
    leg = None if row is None else Leg.of(row, row["cycle_date"])
    verdict = EntryVerdict.NUMBER_USED_BEFORE if stored else verdict_on(entry, leg)
    cycle_date = agency_id = None
    if row is not None and verdict in (EntryVerdict.MATCHED, EntryVerdict.RETURNED):
        cycle_date, agency_id = row["cycle_date"], row["agency_id"]
    await connection.execute(
        QUERIES["add_entry"],
        entry.entry, len(stored) + 1, entry.credit, entry.amount_fen, entry.booked_on, entry.reference, entry.remark,
        verdict, cycle_date, agency_id, datetime.now(UTC),
    )  # fmt: skip
    return EntryMatch(entry.entry, entry.reference, entry.amount_fen, verdict), cycle_date


def _is_same(row: asyncpg.Record, entry: BankEntry) -> bool:
    """Whether a stored entry is this one. Banks use numbers again: what differs in anything is another entry."""
    one = (row["credit"], row["amount_fen"], row["booked_on"], row["reference"])
    same = one == (entry.credit, entry.amount_fen, entry.booked_on, entry.reference)
    return same and row["remark"] in (None, entry.remark)


async def open_entries(pool: Pool | Connection) -> list[OpenEntry]:
    """Bank entries that match no leg and are not resolved, the newest first."""
    return [as_struct(row, OpenEntry) for row in await pool.fetch(QUERIES["open_entries"])]


async def resolve(
    connection: Connection,
    login: str,
    number: str,
    occurrence: int,
    resolution: Resolution,
    amount_fen: int | None,
    to: tuple[date, int] | None,
    reason: str,
) -> int:
    """Resolve a bank entry that matches no leg, or ``amount_fen`` of it, in the caller's transaction.

    ``to``: cycle and agency of the leg to which it is assigned; None otherwise. Returns what is still open, in fen.
    Raises Problem NO_ENTRY, ENTRY_RESOLVED, NO_CYCLE, DOES_NOT_FIT (more than is open, or no leg that it pays).
    """
    await connection.execute(QUERIES["one_at_a_time"])
    row = await connection.fetchrow(QUERIES["entry_to_resolve"], number, occurrence)
    if row is None:
        raise Problem(NO_ENTRY, "resolution.no_entry", entry=number, occurrence=occurrence)
    open_fen: int = row["open_fen"]
    if open_fen == 0:
        raise Problem(ENTRY_RESOLVED, "resolution.resolved", entry=number)
    fen = open_fen if amount_fen is None else amount_fen
    if fen > open_fen:
        raise Problem(DOES_NOT_FIT, "resolution.more_than_open", open=yuan(open_fen))
    if to is not None:
        legs = [leg for leg in await legs_of(connection, to[0]) if leg.agency_id == to[1]]
        part = BankEntry(number, row["credit"], fen, row["booked_on"], row["reference"])
        verdict = verdict_on(part, legs[0] if legs else None)
        if verdict not in (EntryVerdict.MATCHED, EntryVerdict.RETURNED):
            raise Problem(DOES_NOT_FIT, f"resolution.{verdict}", business_date=to[0], agency_id=to[1])
    cycle_date, agency_id = to or (None, None)
    await connection.execute(
        QUERIES["add_resolution"],
        number, occurrence, row["parts"] + 1, resolution, fen, cycle_date, agency_id, reason, login, datetime.now(UTC),
    )  # fmt: skip
    if cycle_date is not None:
        await settle_cycles(connection, [cycle_date])
    return open_fen - fen


def _centre(accounts: Mapping[AgencyId, BankAccount]) -> BankAccount:
    if CENTRE not in accounts:
        raise Problem(NO_BANK_ACCOUNT, "clearing.centre_without_account")
    return accounts[CENTRE]
