"""Changing prices and rules: new versions with a date, never a change of what already holds.

A new price holds from a later day on, so that none changes in the middle of a meal period; only the first price of
a meal may hold at once. A limit may be changed for today: it protects people, and charges nobody.
"""

from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.calendar import ZONE
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry.models import Book, Canteen, RegionAgreement
from settlement.models import RegionRulesRow, Tariff
from settlement.schemas import AgreementMessage, NewRules, NewTariff


def today() -> date:
    """The centre's local date."""
    return datetime.now(UTC).astimezone(ZONE).date()


async def rules_in_force(db: AsyncSession, book: int, on: date) -> RegionRulesRow:
    """A region's rules on a day; raises Problem(NOT_FOUND)."""
    found = await db.scalar(
        select(RegionRulesRow)
        .where(RegionRulesRow.book == book, RegionRulesRow.valid_from <= on)
        .order_by(RegionRulesRow.valid_from.desc())
        .limit(1)
    )
    if found is None:
        raise Problem(NOT_FOUND, f"no region {book}")
    return found


async def change_rules(db: AsyncSession, book: int, wanted: NewRules) -> RegionRulesRow:
    """A region's rules from a day on: those before with what is given anew. Raises Problem INVALID or NOT_FOUND."""
    given = wanted.given()
    valid_from = given.pop("valid_from", today())
    if valid_from < today():
        raise Problem(INVALID, "rules hold from today on at the earliest")
    before = await rules_in_force(db, book, valid_from)
    if valid_from == today() and {"visitor_floor", "visitor_cap"} & given.keys():
        raise Problem(INVALID, "what changes a price holds from tomorrow on at the earliest")
    if before.valid_from == valid_from:
        changed = before
    else:
        columns = (c.name for c in RegionRulesRow.__table__.columns)
        changed = RegionRulesRow(**{name: getattr(before, name) for name in columns} | {"valid_from": valid_from})
        db.add(changed)
    for name, value in given.items():
        setattr(changed, name, value)
    return changed


async def set_tariff(db: AsyncSession, canteen: Canteen, wanted: NewTariff) -> Tariff:
    """A canteen's price for a meal from a day on. Raises Problem INVALID or CONFLICT (that day has one already)."""
    if (wanted.home_fen is None) == (wanted.limit_fen is None):
        raise Problem(INVALID, "a price is either fixed (home_fen) or free up to limit_fen")
    if wanted.limit_fen is not None and wanted.visitor_fen is not None:
        raise Problem(INVALID, "a free amount has no visitor price")
    same_meal = select(Tariff).where(
        Tariff.book == canteen.book, Tariff.canteen_id == canteen.canteen_id, Tariff.meal == wanted.meal
    )
    versions = list(await db.scalars(same_meal))
    if wanted.valid_from < today() or (versions and wanted.valid_from == today()):
        raise Problem(INVALID, "a price holds from tomorrow on at the earliest: none changes in the middle of a meal")
    if any(version.valid_from == wanted.valid_from for version in versions):
        raise Problem(CONFLICT, f"{wanted.valid_from} has a price already")
    tariff = Tariff(
        book=canteen.book,
        canteen_id=canteen.canteen_id,
        meal=wanted.meal,
        valid_from=wanted.valid_from,
        mode="fixed" if wanted.home_fen is not None else "free",
        home_fen=wanted.home_fen,
        visitor_fen=wanted.visitor_fen,
        limit_fen=wanted.limit_fen,
    )
    db.add(tariff)
    return tariff


async def tariffs_of(db: AsyncSession, canteen: Canteen) -> list[Tariff]:
    """All prices of a canteen, past and coming, by meal and day."""
    found = select(Tariff).where(Tariff.book == canteen.book, Tariff.canteen_id == canteen.canteen_id)
    return list(await db.scalars(found.order_by(Tariff.meal, Tariff.valid_from)))


async def agreements_of(db: AsyncSession, book: int) -> list[RegionAgreement]:
    """The regions that a host region has received, receives or will receive without a visit."""
    found = select(RegionAgreement).where(RegionAgreement.book == book)
    return list(await db.scalars(found.order_by(RegionAgreement.guest_book, RegionAgreement.valid_from)))


async def agree(db: AsyncSession, book: int, wanted: AgreementMessage) -> RegionAgreement:
    """Make an agreement from a day on, or set the last day of the one that begins then.

    Raises Problem INVALID (the past would change, or another one covers a day of it) or NOT_FOUND.
    """
    if book == wanted.guest_book:
        raise Problem(INVALID, "a region needs no agreement with itself")
    for number in (book, wanted.guest_book):
        if await db.get(Book, number) is None:
            raise Problem(NOT_FOUND, f"no region {number}")
    last_day = wanted.valid_to or date.max
    if last_day < max(today(), wanted.valid_from):
        raise Problem(INVALID, "the last day is today at the earliest, and not before the first")
    others = [a for a in await agreements_of(db, book) if a.guest_book == wanted.guest_book]
    found = next((a for a in others if a.valid_from == wanted.valid_from), None)
    if found is None and wanted.valid_from < today():
        raise Problem(INVALID, "an agreement begins today at the earliest")
    for other in others:
        if other is not found and other.valid_from <= last_day and wanted.valid_from <= (other.valid_to or date.max):
            raise Problem(INVALID, f"the agreement from {other.valid_from} covers one of these days already")
    if found is None:
        found = RegionAgreement(book=book, guest_book=wanted.guest_book, valid_from=wanted.valid_from)
        db.add(found)
    elif (found.valid_to or date.max) < today():
        raise Problem(INVALID, "it has ended; make a new one")
    found.valid_to = wanted.valid_to
    return found


async def find_canteen(db: AsyncSession, canteen_id: int) -> Canteen:
    """The canteen of this number; raises Problem(NOT_FOUND)."""
    canteen = await db.scalar(select(Canteen).where(Canteen.canteen_id == canteen_id))
    if canteen is None:
        raise Problem(NOT_FOUND, f"no canteen {canteen_id}")
    return canteen
