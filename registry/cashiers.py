"""Cashiers: people who work at the tills of an agency's canteens, and sign on there with a number and a PIN.

A cashier is no user of the console and has no right there. His PIN has six digits: too few to stand alone, so its
Argon2id hash is sealed under the centre's wrapping key, tries are counted in PostgreSQL before they are checked, and no
till keeps anything of it. Who is suspended, may work elsewhere only, or gets another PIN is signed off at once: the
workers know within ``terminals.sessions.CACHE_S``.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from argon2.exceptions import VerificationError
from msgspec import Struct
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.aside import RETRY_AFTER_S, Aside
from foundation.keys import KeyRing
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import CONFLICT, NOT_ALLOWED, NOT_FOUND, UNAVAILABLE, Problem
from registry import audit
from registry.access import Person
from registry.audit import Change
from registry.identifiers import AgencyId, Book, CanteenId, TerminalId
from registry.members import STEPS, must_be_active
from registry.models import (
    Agency,
    BookRow,
    Canteen,
    Cashier,
    CashierSignOn,
    CashierTries,
    Database,
    next_numbers,
)
from registry.passwords import UNKNOWN_USER, hash_password, is_right
from registry.pins import is_simple
from registry.roles import Role
from registry.schemas import CashierChange, CashierDetails, NewCashier
from registry.states import CashierRefusal, MemberState

QUERIES = load_queries(Path(__file__).parent / "sql" / "cashiers.sql")

TRIES = 5
"""Wrong PINs in a row that a cashier has free at a till. Then one counts there every ``LOCKED``: 96 a day of a million.
At the other tills he works on: who has the key of one keeps nobody from his work."""
DAY_TRIES = 300
"""Wrong PINs of a cashier within ``DAY`` at all tills, of a million: more than three tills give. Then one counts every
``LOCKED``, wherever it comes from."""
DAY = timedelta(days=1)
LOCKED = timedelta(minutes=15)
TILL_TRIES = 20
"""Wrong PINs and unknown numbers at one till within ``LOCKED``."""
TRIED_WITHIN = timedelta(seconds=15)
"""A PIN is checked within this time, or not at all; a repeat of its message that comes meanwhile comes again."""
SIGNED_ON = timedelta(hours=16)
"""From the first breakfast to the last dinner: so long one sign-on counts, also at a till without a network."""


async def add(change: Change, keys: KeyRing, person: Person, wanted: NewCashier, pin_hash: str) -> Cashier:
    """Register a cashier. Raises Problem NOT_FOUND, NOT_ALLOWED, CONFLICT (a number that is taken, an agency that has
    ended)."""
    agency = await change.db.scalar(select(Agency).where(Agency.agency_id == wanted.agency_id))
    if agency is None:
        raise Problem(NOT_FOUND, "agency.not_found", agency_id=wanted.agency_id)
    person.must_act_for(agency.agency_id)
    must_be_active(await change.db.get_one(BookRow, agency.book), agency)
    [cashier_id] = await next_numbers(change.db, 1)
    cashier = Cashier(
        book=agency.book,
        cashier_id=cashier_id,
        agency_id=agency.agency_id,
        number=wanted.number,
        state=MemberState.ACTIVE.value,
        made_at=datetime.now(UTC),
        wrong_tries=0,
    )
    await _set_details(change.db, cashier, wanted)
    _set_name(keys, cashier, wanted.name)
    _set_first_pin(keys, cashier, pin_hash)
    change.note.subject = subject_of(cashier)
    change.db.add(cashier)
    try:
        await change.db.flush()
    except IntegrityError:
        raise Problem(CONFLICT, "cashier.number_taken", number=wanted.number) from None
    return cashier


async def change_details(change: Change, keys: KeyRing, person: Person, cashier_id: int, wanted: CashierChange) -> None:
    """Change a cashier's name, language, canteens and rights; he signs on again. Raises Problem as ``add``."""
    cashier = await _to_change(change, person, cashier_id)
    await _set_details(change.db, cashier, wanted)
    if wanted.name is not None:
        _set_name(keys, cashier, wanted.name)
    await end_sign_ons(change.db, cashier)


async def take_step(change: Change, person: Person, cashier_id: int, step: str) -> None:
    """Let a cashier ``suspend``, ``resume`` or ``end`` (``registry.members.STEPS``).

    Raises Problem NOT_FOUND, CONFLICT: he has ended.
    """
    cashier = await _to_change(change, person, cashier_id, step)
    _, after = STEPS[step]
    change.is_repeat = cashier.state == after
    cashier.state = after.value
    await end_sign_ons(change.db, cashier)


async def reset_pin(change: Change, keys: KeyRing, person: Person, cashier_id: int, pin_hash: str) -> Cashier:
    """Give a cashier the PIN of a new slip; he is signed off, and no longer locked. Raises Problem as ``take_step``."""
    cashier = await _to_change(change, person, cashier_id)
    _set_first_pin(keys, cashier, pin_hash)
    await _forget_tries(change.db, cashier)
    await end_sign_ons(change.db, cashier)
    return cashier


async def unlock(change: Change, person: Person, cashier_id: int) -> None:
    """Let a cashier try again who has used his tries up. Raises Problem as ``take_step``."""
    cashier = await _to_change(change, person, cashier_id)
    at_tills = await _forget_tries(change.db, cashier)
    change.is_repeat = not cashier.wrong_tries and not at_tills
    cashier.wrong_tries, cashier.locked_until = 0, None


async def require_at(change: Change, canteen: Canteen, required: bool) -> None:
    """Let the tills of a canteen charge only while a cashier is signed on, from now on; or let them need none."""
    change.is_repeat = required == (canteen.cashiers_required_at is not None)
    if not change.is_repeat:
        canteen.cashiers_required_at = datetime.now(UTC) if required else None


async def find(db: AsyncSession, person: Person, cashier_id: int, *, lock: bool = False) -> Cashier:
    """A cashier of the person's agency, or of any; raises Problem(NOT_FOUND)."""
    found = select(Cashier).where(Cashier.cashier_id == cashier_id)
    cashier = await db.scalar(found.with_for_update() if lock else found)
    if cashier is None or person.agency_id not in (None, cashier.agency_id):
        raise Problem(NOT_FOUND, "cashier.not_found", cashier_id=cashier_id)
    return cashier


async def _forget_tries(db: AsyncSession, cashier: Cashier) -> bool:
    """Forget the tries at single tills; whether there were any."""
    own = (CashierTries.book == cashier.book) & (CashierTries.cashier_id == cashier.cashier_id)
    forgotten = update(CashierTries).where(own, CashierTries.wrong_tries > 0)
    found = await db.scalars(forgotten.values(wrong_tries=0, locked_until=None).returning(CashierTries.terminal_id))
    return bool(found.all())


def subject_of(cashier: Cashier) -> str:
    """How the audit log names him."""
    return f"cashier/{cashier.cashier_id}"


async def see_name(database: Database, keys: KeyRing, person: Person, cashier_id: int) -> str:
    """A cashier's name, for people of his agency and auditors; logged. Raises Problem NOT_FOUND, NOT_ALLOWED."""
    if person.agency_id is None and person.role is not Role.AUDITOR:
        raise Problem(NOT_ALLOWED, "official.names_of_own")
    async with audit.change(database, person.login, "see_name", f"cashier/{cashier_id}") as change:
        found = await find(change.db, person, cashier_id)
        return name_of(keys, found.agency_id, cashier_id, found.name_sealed)


def name_of(keys: KeyRing, agency_id: int, cashier_id: int, sealed: bytes) -> str:
    """A cashier's name."""
    return keys.open_personal(agency_id, _name_place(cashier_id), sealed)


async def end_sign_ons(db: AsyncSession, cashier: Cashier) -> None:
    """Sign a cashier off wherever he is signed on."""
    here = (CashierSignOn.book == cashier.book) & (CashierSignOn.cashier_id == cashier.cashier_id)
    now = func.now()
    await db.execute(update(CashierSignOn).where(here, CashierSignOn.ends_at > now).values(ends_at=now))


async def end_at_terminal(db: AsyncSession, book: int, terminal_id: int) -> None:
    """Sign off whoever is signed on at a terminal: its session ends."""
    here = (CashierSignOn.book == book) & (CashierSignOn.terminal_id == terminal_id)
    now = func.now()
    await db.execute(update(CashierSignOn).where(here, CashierSignOn.ends_at > now).values(ends_at=now))


async def _to_change(change: Change, person: Person, cashier_id: int, step: str = "change") -> Cashier:
    cashier = await find(change.db, person, cashier_id, lock=True)
    change.note.subject = subject_of(cashier)
    if cashier.state == MemberState.ENDED and step != "end":
        raise Problem(CONFLICT, "cashier.has_ended", cashier_id=cashier_id)
    return cashier


async def _set_details(db: AsyncSession, cashier: Cashier, wanted: CashierDetails) -> None:
    canteen_ids = None if wanted.canteen_ids is None else sorted(set(wanted.canteen_ids))
    if canteen_ids is not None:
        here = select(Canteen.canteen_id).where(Canteen.agency_id == cashier.agency_id)
        known = set(await db.scalars(here.where(Canteen.canteen_id.in_(canteen_ids))))
        unknown = [one for one in canteen_ids if one not in known]
        if unknown:
            raise Problem(NOT_FOUND, "cashier.canteen_of_other", canteen_id=unknown[0])
    cashier.canteen_ids, cashier.language, cashier.may_void = canteen_ids, wanted.language, wanted.may_void


def _set_name(keys: KeyRing, cashier: Cashier, name: str) -> None:
    cashier.name_sealed = keys.seal_personal(cashier.agency_id, _name_place(cashier.cashier_id), name)


def _set_first_pin(keys: KeyRing, cashier: Cashier, pin_hash: str) -> None:
    cashier.pin_sealed, cashier.pin_is_first = keys.wrap(pin_hash.encode(), _pin_place(cashier.cashier_id)), True
    cashier.wrong_tries, cashier.locked_until = 0, None


def _name_place(cashier_id: int) -> str:
    return f"cashier/name/{cashier_id}"


def _pin_place(cashier_id: int) -> bytes:
    return b"cashier/pin/%d" % cashier_id


@dataclass(frozen=True, slots=True)
class Till:
    """Where somebody tries to sign on."""

    book: Book
    terminal_id: TerminalId
    canteen_id: CanteenId
    agency_id: AgencyId


@dataclass(frozen=True, slots=True)
class RightPin:
    """Whose PIN was right, as it was then, and the one that takes its place, if any; both sealed."""

    cashier_id: int
    pin_sealed: bytes
    new_pin_sealed: bytes | None


async def check_pin(
    passwords: Aside, ledger: Pool, keys: KeyRing, till: Till, number: str, pin: str, wanted: str | None, message: bytes
) -> RightPin | CashierRefusal:
    """Check a PIN at a till, and the one that is wanted instead. ``message``: by which its repeats are known.

    Raises Problem(UNAVAILABLE): too many at once, or the same message is being answered. An unknown number, a wrong
    PIN, a cashier who is locked or may not work here: all get the same answer after the same work.
    """
    async with passwords.turn(f"terminal/{till.terminal_id}"):
        if await ledger.fetchval(QUERIES["begin_try"], hashlib.sha256(message).digest(), TRIED_WITHIN) is None:
            raise Problem(UNAVAILABLE, retry_after_s=1)
        at_till = (till.book, till.terminal_id)
        if await ledger.fetchval(QUERIES["count_at_till"], *at_till, LOCKED) > TILL_TRIES:
            return CashierRefusal.TOO_MANY_TRIES
        found = await _count_try(ledger, till, number)
        known_hash = UNKNOWN_USER
        if found is not None:
            known_hash = keys.unwrap(found["pin_sealed"], _pin_place(found["cashier_id"])).decode()
        try:
            right = await passwords.compute(is_right, known_hash, pin)
        except VerificationError:
            raise Problem(UNAVAILABLE, retry_after_s=RETRY_AFTER_S) from None
        if found is None or not right:
            return CashierRefusal.PIN_WRONG
        await ledger.execute(QUERIES["forget_at_till"], *at_till)
        await ledger.execute(QUERIES["forget_tries"], till.book, found["cashier_id"])
        await ledger.execute(QUERIES["forget_tries_at_till"], till.book, found["cashier_id"], till.terminal_id)
        if wanted is None and found["pin_is_first"]:
            return CashierRefusal.PIN_IS_FIRST
        if wanted is not None and (wanted == pin or is_simple(wanted, number)):
            return CashierRefusal.PIN_TOO_SIMPLE
        new_hash = None if wanted is None else await passwords.compute(hash_password, wanted)
    sealed = None if new_hash is None else keys.wrap(new_hash.encode(), _pin_place(found["cashier_id"]))
    return RightPin(found["cashier_id"], found["pin_sealed"], sealed)


async def _count_try(ledger: Pool, till: Till, number: str) -> asyncpg.Record | None:
    """Count a try for the cashier of a number before his PIN is checked; None: none is checked now.

    While he is locked at the till nothing counts, so that one till alone does not use the tries of his day up.
    """
    async with ledger.acquire() as connection, connection.transaction():
        who = (till.book, till.agency_id, number, till.canteen_id)
        found = await connection.fetchrow(QUERIES["cashier_to_check"], *who)
        if found is None:
            return None
        pair = (till.book, found["cashier_id"], till.terminal_id)
        if await connection.fetchval(QUERIES["count_try_at_till"], *pair, TRIES, LOCKED) is None:
            return None
        await connection.execute(QUERIES["count_try"], till.book, found["cashier_id"], DAY, DAY_TRIES, LOCKED)
        return found


class AtTill(Struct, frozen=True):
    """A cashier at a till. ``until``: seconds since 1970."""

    cashier_id: int
    agency_id: int
    name_sealed: bytes
    language: str
    may_void: bool
    until: int


async def take_over(
    connection: Connection, till: Till, epoch: int, sequence: int, right: RightPin
) -> CashierRefusal | None:
    """Sign a cashier on from a number of the terminal on, in the caller's transaction; who was there is signed off.

    Refused when he has another PIN by now, or may not work here any more.
    """
    number = (till.book, till.terminal_id, epoch, sequence)
    who = (till.book, right.cashier_id)
    cashier = await connection.fetchrow(QUERIES["cashier_with_pin"], *who, right.pin_sealed, till.canteen_id)
    if cashier is None:
        return CashierRefusal.PIN_WRONG
    if right.new_pin_sealed is not None:
        await connection.execute(QUERIES["set_pin"], *who, right.new_pin_sealed)
    await connection.execute(QUERIES["end_at_till"], *number)
    await connection.execute(
        QUERIES["sign_on"], *number, right.cashier_id, till.canteen_id, cashier["may_void"], SIGNED_ON
    )
    return None


async def sign_off(connection: Connection, book: int, terminal_id: int, epoch: int, before: int) -> None:
    """Sign off who is at a till under an earlier number than ``before``."""
    await connection.execute(QUERIES["end_at_till"], book, terminal_id, epoch, before)


async def signed_on(connection: Connection, book: int, terminal_id: int, epoch: int, sequence: int) -> AtTill:
    """Who signed on under a number."""
    [row] = await connection.fetch(QUERIES["signed_on"], book, terminal_id, epoch, sequence)
    return as_struct(row, AtTill)


class Stretch(Struct, frozen=True):
    """A cashier at a till: his numbers are from ``first`` to ``last``, both included.

    A message ended it at its number, or a time did (``ended_by_number`` is false): with the session, by a suspension,
    after ``SIGNED_ON``. Then the numbers go on until the next cashier; what was taken after ``ends_at`` is nobody's.
    """

    cashier_id: int
    number: str
    first: int
    last: int
    signed_on_at: datetime
    ends_at: datetime
    ended_by_number: bool

    def has(self, sequence: int, at: datetime) -> bool:
        """Whether something is his that was taken, or voided, under a number at a time."""
        return self.first <= sequence <= self.last and (self.ended_by_number or at <= self.ends_at)


async def stretches(
    ledger: Pool | Connection, book: int, terminal_id: int, epoch: int, first: int, last: int
) -> list[Stretch]:
    """Who worked at a terminal between two numbers, in their order. One ends at the latest where the next begins."""
    rows = await ledger.fetch(QUERIES["at_till_between"], book, terminal_id, epoch, first, last)
    found: list[Stretch] = []
    following = last + 1
    for row in rows:
        by_number = row["ends_before"] is not None
        ends_before = min(following, row["ends_before"]) if by_number else following
        begins = max(row["first_sequence"], first)
        if begins < ends_before:
            who = (row["cashier_id"], row["number"])
            times = (row["signed_on_at"], row["ends_at"])
            found.append(Stretch(*who, begins, ends_before - 1, *times, by_number))
        following = row["first_sequence"]
    return found[::-1]


class SignedOnBefore(Struct, frozen=True):
    """A sign-on under ``first_sequence``, and the number of the message that ended it, if one did."""

    first_sequence: int
    ends_before: int | None
    ends_at: datetime

    def has(self, sequence: int, at: float) -> bool:
        """Whether a later number, and a time (seconds since 1970) at which something was taken under it, are in it."""
        if sequence <= self.first_sequence or at > self.ends_at.timestamp():
            return False
        return self.ends_before is None or sequence < self.ends_before


async def sign_on_before(
    ledger: Pool | Connection, book: int, terminal_id: int, epoch: int, sequence: int
) -> SignedOnBefore | None:
    """The last sign-on at a terminal before a number."""
    row = await ledger.fetchrow(QUERIES["sign_on_before"], book, terminal_id, epoch, sequence)
    return None if row is None else as_struct(row, SignedOnBefore)
