"""A region joins: its officials' purses are a book of the ledger, with an open business day and rules of its own."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.models import BookRow
from registry.network import add_region
from registry.schemas import NewRegion
from settlement.models import BookDay, RegionRulesRow
from settlement.region_rules import today
from settlement.tariff import ReceiptEffect, SubsidyExpiry, VisitorCap, VisitorFloor, Visitors

FIRST_RULES = {
    "visitors": Visitors.VISIT,
    "visitor_floor": VisitorFloor.HOME_PRICE,
    "visitor_cap": VisitorCap.ALLOWANCE_SHARE,
    "receipt_effect": ReceiptEffect.PERSONAL,
    "subsidy_expires": SubsidyExpiry.NEVER,
}
"""The strictest choices: who visits is registered, pays no less than the canteen's own and no more than his allowance
gives for the meal, and a receipt is no voucher. The region changes them (``POST /settlement/rules``)."""


_OPEN_DAY = select(func.max(BookDay.business_date))


async def open_day(db: AsyncSession) -> date:
    """The open business day of a centre."""
    day = await db.scalar(_OPEN_DAY)
    assert day is not None, "a centre begins with a region"
    return day


async def open_region(db: AsyncSession, wanted: NewRegion, business_date: date) -> BookRow:
    """Register a region and open its book, on the open business day of the others, or else on the given one.

    Raises Problem(CONFLICT) for a code or a name that is taken.
    """
    region = await add_region(db, wanted)
    open_since = await db.scalar(_OPEN_DAY)
    db.add(BookDay(book=region.book, business_date=open_since or business_date))
    db.add(RegionRulesRow(book=region.book, valid_from=today(), **FIRST_RULES))
    await db.flush()
    return region
