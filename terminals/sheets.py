"""Sheets: the printed code of a canteen that has no terminal, by which its guests pay with their own phones.

A sheet says where the money goes, and nothing else: to a canteen's own account. So one person of the canteen makes it,
replaces it when it was lost or photographed (its version counts on, and the earlier one is refused from the commit on),
and revokes it.
"""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

import asyncpg
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.calendar import ZONE
from foundation.keys import KeyRing
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry.access import Person
from registry.audit import Change
from registry.canteens import canteen_of
from registry.identifiers import AccountId, AgencyId, Book, CanteenId
from registry.models import Canteen, next_numbers
from settlement.charging import RequestKey
from terminals.models import Sheet, SheetState
from terminals.schemas import NewSheet, SheetMade, to_text
from terminals.sessions import QUERIES
from terminals.sheet_codes import (
    CODE_CHARACTERS,
    VERSION_MAX,
    NotEmvco,
    SheetName,
    address_of,
    emvco_payload,
    sign_sheet,
)

DAYS_AHEAD_MAX = timedelta(days=3_660)
"""For how long a sheet may be made: ten years. Most have no end."""


class Ended(StrEnum):
    """Why a genuine code pays no more."""

    REPLACED = "replaced"
    REVOKED = "revoked"
    EXPIRED = "expired"


class SheetTerms(Struct, frozen=True):
    """A sheet as a payment needs it: its canteen, that one's accounts, and since when it takes no payments."""

    sheet_id: int
    version: int
    name: str | None
    expires_at: datetime | None
    revoked_at: datetime | None
    book: Book
    canteen_id: CanteenId
    canteen_zh: str
    canteen_en: str
    canteen_account: AccountId
    acquirer_id: AgencyId
    agency_zh: str
    agency_en: str
    subsidy_first: bool
    closed_at: datetime | None
    latitude: float | None
    longitude: float | None

    def ended(self, version: int, now: datetime) -> Ended | None:
        """Why a code of this version pays no more; None while it does."""
        if self.revoked_at is not None:
            return Ended.REVOKED
        if version != self.version:
            return Ended.REPLACED
        if self.expires_at is not None and self.expires_at <= now:
            return Ended.EXPIRED
        return None


async def find_terms(ledger: Pool | Connection, sheet_id: int) -> SheetTerms | None:
    """The sheet of this number as it stands now; None if there is none."""
    row: asyncpg.Record | None = await ledger.fetchrow(QUERIES["sheet"], sheet_id)
    return None if row is None else as_struct(row, SheetTerms)


async def note_payment(
    connection: Connection,
    book: Book,
    key: RequestKey,
    digest: bytes,
    name: SheetName,
    place: str,
    distance: str | None,
) -> tuple[str, str | None]:
    """Keep which sheet a phone's request named, and what the place check found; of a repeat, what was found first.

    Another content under the same number has another ``digest`` and a note of its own: the ledger decides which counts.
    """
    numbers = (book, key.terminal_id, key.epoch, key.sequence, digest)
    said = (name.sheet_id, name.version, place, distance)
    await connection.execute(QUERIES["note_sheet_payment"], *numbers, *said)
    row = await connection.fetchrow(QUERIES["sheet_payment"], *numbers)
    assert row is not None
    return row["place"], row["distance"]


async def make(change: Change, keys: KeyRing, person: Person, wanted: NewSheet) -> Sheet:
    """Make a sheet for one of the person's canteens. Raises Problem NOT_FOUND, INVALID or CONFLICT."""
    canteen = await canteen_of(change.db, person, wanted.canteen_id)
    _must_take_payments(canteen)
    if wanted.beside is not None:
        try:
            emvco_payload("0" * CODE_CHARACTERS, "CANTEEN", "CN", wanted.beside)
        except NotEmvco:
            raise Problem(INVALID, "sheet.not_emvco") from None
    [number] = await next_numbers(change.db, 1)
    made = Sheet(
        book=canteen.book,
        sheet_id=number,
        canteen_id=canteen.canteen_id,
        name=wanted.name,
        version=0,
        beside=wanted.beside,
        expires_at=_end_of(wanted.last_day),
        made_by=person.login,
    )
    _sign(keys, made)
    change.db.add(made)
    return made


async def replace(change: Change, keys: KeyRing, person: Person, sheet_id: int) -> Sheet:
    """Give a sheet its next version: what was printed before is dead. Raises Problem NOT_FOUND or CONFLICT."""
    sheet = await find(change.db, person, sheet_id, for_update=True)
    if sheet.revoked_at is not None or sheet.version == VERSION_MAX:
        raise Problem(CONFLICT, "sheet.is_revoked", sheet_id=sheet_id)
    sheet.made_by = person.login
    _sign(keys, sheet)
    return sheet


async def revoke(change: Change, person: Person, sheet_id: int) -> None:
    """Take a sheet out of use for ever; again changes nothing. Raises Problem NOT_FOUND."""
    sheet = await find(change.db, person, sheet_id, for_update=True)
    change.is_repeat = sheet.revoked_at is not None
    if not change.is_repeat:
        sheet.revoked_at = datetime.now(UTC)


async def find(db: AsyncSession, person: Person, sheet_id: int, *, for_update: bool = False) -> Sheet:
    """A sheet of one of the person's canteens; raises Problem NOT_FOUND."""
    query = select(Sheet).where(Sheet.sheet_id == sheet_id)
    sheet = await db.scalar(query.with_for_update() if for_update else query)
    if sheet is None:
        raise Problem(NOT_FOUND, "sheet.not_found", sheet_id=sheet_id)
    await canteen_of(db, person, sheet.canteen_id)
    return sheet


def shown(sheet: Sheet, public_address: str) -> SheetMade:
    """The sheet with its code in every form."""
    return SheetMade(
        sheet_id=sheet.sheet_id,
        version=sheet.version,
        short=SheetName(sheet.sheet_id, sheet.version).short,
        canteen_id=sheet.canteen_id,
        name=sheet.name,
        state=state_of(sheet),
        expires_at=sheet.expires_at,
        made_at=sheet.made_at,
        url=address_of(public_address, sheet.code),
        code=sheet.code,
        emvco=emvco_of(sheet),
    )


def state_of(sheet: Sheet) -> SheetState:
    """Whether its current version pays."""
    if sheet.revoked_at is not None:
        return SheetState.REVOKED
    is_over = sheet.expires_at is not None and sheet.expires_at <= datetime.now(UTC)
    return SheetState.EXPIRED if is_over else SheetState.ACTIVE


def emvco_of(sheet: Sheet) -> str | None:
    """The code as an EMVCo payload; None where the other scheme's payload has no room for it."""
    try:
        return emvco_payload(sheet.code, f"CANTEEN {sheet.canteen_id}", f"{sheet.book}", sheet.beside)
    except NotEmvco:
        return None


def _sign(keys: KeyRing, sheet: Sheet) -> None:
    sheet.version += 1
    name = SheetName(sheet.sheet_id, sheet.version)
    version = keys.centre_version
    key = keys.signing_key(version)
    assert key is not None
    sheet.code, sheet.made_at = to_text(sign_sheet(key, version, name)), datetime.now(UTC)


def _must_take_payments(canteen: Canteen) -> None:
    if canteen.closed_at is not None:
        raise Problem(CONFLICT, "sheet.canteen_closed", canteen_id=canteen.canteen_id)


def _end_of(last_day: date | None) -> datetime | None:
    """The end of the last day, at the centre; raises Problem(INVALID) for one that is over, or years ahead."""
    if last_day is None:
        return None
    today = datetime.now(ZONE).date()
    if not today <= last_day <= today + DAYS_AHEAD_MAX:
        raise Problem(INVALID, "sheet.last_day", first=today, last=today + DAYS_AHEAD_MAX)
    return datetime.combine(last_day + timedelta(days=1), time.min, ZONE)
