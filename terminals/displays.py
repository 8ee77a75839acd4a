"""Displays: a screen at a counter shows the last payments of one canteen, and nothing else.

A person of the canteen makes a link, which holds a token of 256 random bits; the database has its hash. Whoever opens
the link reads what hangs on the wall for everybody: amounts and numbers, no names. It ends when it is revoked.
"""

import hashlib
import secrets
from datetime import UTC, datetime

from msgspec import Struct
from sqlalchemy import select

from foundation.postgres import Pool, as_struct
from foundation.problems import NOT_FOUND, Problem
from registry.access import Person
from registry.audit import Change
from registry.canteens import canteen_of
from registry.identifiers import CanteenId
from registry.models import next_numbers
from terminals.errors import DISPLAY_UNKNOWN
from terminals.models import CounterDisplay
from terminals.schemas import DisplayMade, NewDisplay
from terminals.sessions import QUERIES


class Shown(Struct, frozen=True):
    """The display of a token, and the canteen that it shows."""

    display_id: int
    canteen_id: CanteenId
    name_zh: str
    name_en: str


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def make(change: Change, person: Person, wanted: NewDisplay, public_address: str) -> DisplayMade:
    """Make a link for a screen of one of the person's canteens. Raises Problem NOT_FOUND."""
    canteen = await canteen_of(change.db, person, wanted.canteen_id)
    [number] = await next_numbers(change.db, 1)
    token = secrets.token_urlsafe(32)
    change.db.add(
        CounterDisplay(
            book=canteen.book,
            display_id=number,
            canteen_id=canteen.canteen_id,
            name=wanted.name,
            token_hash=_hash(token),
            made_by=person.login,
            made_at=datetime.now(UTC),
        )
    )
    url = f"{public_address}/counter/{canteen.canteen_id}#{token}"
    return DisplayMade(number, canteen.canteen_id, url, token)


async def revoke(change: Change, person: Person, display_id: int) -> None:
    """End a link; again changes nothing. Raises Problem NOT_FOUND."""
    query = select(CounterDisplay).where(CounterDisplay.display_id == display_id)
    display = await change.db.scalar(query.with_for_update())
    if display is None:
        raise Problem(NOT_FOUND, "display.not_found", display_id=display_id)
    await canteen_of(change.db, person, display.canteen_id)
    change.is_repeat = display.revoked_at is not None
    if not change.is_repeat:
        display.revoked_at = datetime.now(UTC)


async def shown_by(ledger: Pool, token: str) -> Shown:
    """What the bearer of a token may show; raises Problem(DISPLAY_UNKNOWN)."""
    row = await ledger.fetchrow(QUERIES["display_by_token"], _hash(token))
    if row is None:
        raise Problem(DISPLAY_UNKNOWN)
    return as_struct(row, Shown)
