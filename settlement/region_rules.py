"""Changes of prices, region rules and agreements: new versions with a date; valid ones are never changed.

A new price is valid from tomorrow on at the earliest, so that no price changes during a meal period; only the first
price of a meal may be valid at once. A limit may be changed for today: it protects people and costs nobody anything.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.calendar import ZONE
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry.models import BookRow, Canteen, RegionAgreement
from settlement.models import RegionRulesRow, TariffRow
from settlement.schemas import AgreementMessage, NewRules, NewTariff
from settlement.tariff import PriceMode


def today() -> date:
    """The centre's local date."""
    return datetime.now(UTC).astimezone(ZONE).date()


async def rules_in_force(db: AsyncSession, book: int, on: date) -> RegionRulesRow:
    """A region's rules that are valid on a day; raises Problem(NOT_FOUND)."""
    found = await db.scalar(
        select(RegionRulesRow)
        .where(RegionRulesRow.book == book, RegionRulesRow.valid_from <= on)
        .order_by(RegionRulesRow.valid_from.desc())
        .limit(1)
    )
    if found is None:
        raise Problem(NOT_FOUND, "region.not_found", book=book)
    return found


async def change_rules(db: AsyncSession, book: int, wanted: NewRules) -> RegionRulesRow:
    """Change a region's rules from a day on; what is not given stays. Raises Problem INVALID, NOT_FOUND."""
    given = wanted.given()
    valid_from = given.pop("valid_from", today())
    if valid_from < today():
        raise Problem(INVALID, "region_rules.in_the_past")
    before = await rules_in_force(db, book, valid_from)
    if valid_from == today() and {"visitor_floor", "visitor_cap"} & given.keys():
        raise Problem(INVALID, "region_rules.price_today")
    if before.valid_from == valid_from:
        changed = before
    else:
        columns = (c.name for c in RegionRulesRow.__table__.columns)
        changed = RegionRulesRow(**{name: getattr(before, name) for name in columns} | {"valid_from": valid_from})
        db.add(changed)
    for name, value in given.items():
        setattr(changed, name, value)
    return changed


def check_tariff(wanted: NewTariff, days: Collection[date], now: date) -> None:
    """Raise Problem INVALID or CONFLICT for a price that cannot be set where the meal has prices from ``days`` on."""
    if (wanted.home_fen is None) == (wanted.limit_fen is None):
        raise Problem(INVALID, "tariff.fixed_or_free")
    if wanted.limit_fen is not None and wanted.visitor_fen is not None:
        raise Problem(INVALID, "tariff.free_has_no_visitor_price")
    if wanted.valid_from < now or (days and wanted.valid_from == now):
        raise Problem(INVALID, "tariff.too_early")
    if wanted.valid_from in days:
        raise Problem(CONFLICT, "tariff.day_taken", valid_from=wanted.valid_from)


async def set_tariff(db: AsyncSession, canteen: Canteen, wanted: NewTariff) -> TariffRow:
    """Set a canteen's price for a meal from a day on. Raises Problem INVALID, CONFLICT (the day has a price)."""
    same_meal = select(TariffRow.valid_from).where(
        TariffRow.book == canteen.book, TariffRow.canteen_id == canteen.canteen_id, TariffRow.meal == wanted.meal
    )
    check_tariff(wanted, set(await db.scalars(same_meal)), today())
    tariff = TariffRow(
        book=canteen.book,
        canteen_id=canteen.canteen_id,
        meal=wanted.meal,
        valid_from=wanted.valid_from,
        mode=PriceMode.FIXED if wanted.home_fen is not None else PriceMode.FREE,
        home_fen=wanted.home_fen,
        visitor_fen=wanted.visitor_fen,
        limit_fen=wanted.limit_fen,
    )
    db.add(tariff)
    return tariff


async def agreements_of(db: AsyncSession, book: int) -> list[RegionAgreement]:
    """All agreements of a host region, past and future."""
    found = select(RegionAgreement).where(RegionAgreement.book == book)
    return list(await db.scalars(found.order_by(RegionAgreement.guest_book, RegionAgreement.valid_from)))


async def agree(db: AsyncSession, book: int, wanted: AgreementMessage) -> RegionAgreement:
    """Add an agreement from a day on, or set the last day of the one that begins then.

    Raises Problem INVALID (it would change the past or overlap another agreement), NOT_FOUND.
    """
    if book == wanted.guest_book:
        raise Problem(INVALID, "agreement.own_region")
    for number in (book, wanted.guest_book):
        if await db.get(BookRow, number) is None:
            raise Problem(NOT_FOUND, "region.not_found", book=number)
    last_day = wanted.valid_to or date.max
    if last_day < max(today(), wanted.valid_from):
        raise Problem(INVALID, "agreement.last_day")
    others = [a for a in await agreements_of(db, book) if a.guest_book == wanted.guest_book]
    found = next((a for a in others if a.valid_from == wanted.valid_from), None)
    if found is None and wanted.valid_from < today():
        raise Problem(INVALID, "agreement.in_the_past")
    for other in others:
        if other is not found and other.valid_from <= last_day and wanted.valid_from <= (other.valid_to or date.max):
            raise Problem(INVALID, "agreement.overlaps", valid_from=other.valid_from)
    if found is None:
        found = RegionAgreement(book=book, guest_book=wanted.guest_book, valid_from=wanted.valid_from)
        db.add(found)
    elif (found.valid_to or date.max) < today():
        raise Problem(INVALID, "agreement.ended")
    found.valid_to = wanted.valid_to
    return found


async def find_canteen(db: AsyncSession, canteen_id: int) -> Canteen:
    """The canteen with this number; raises Problem(NOT_FOUND)."""
    canteen = await db.scalar(select(Canteen).where(Canteen.canteen_id == canteen_id))
    if canteen is None:
        raise Problem(NOT_FOUND, "canteen.not_found", canteen_id=canteen_id)
    return canteen
