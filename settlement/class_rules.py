"""Rules of person classes, by region and date: where they may eat, and whose price they pay at home.

The region is that of the person's own agency, wherever he eats; the day of purchase selects the version. A class
without rules eats as officials do. ``official`` has none: no payment of an official reads rules of classes
(sql/charge.sql).
"""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.problems import INVALID, NOT_FOUND, Problem
from registry.models import BookRow, PersonClass
from registry.rosters import DEFAULT_CLASS
from registry.states import ClassPrice
from settlement.models import ClassRulesRow
from settlement.region_rules import today
from settlement.schemas import ClassRules


async def class_rules_of(db: AsyncSession, book: int) -> list[ClassRulesRow]:
    """A region's rules of person classes, past and future."""
    found = select(ClassRulesRow).where(ClassRulesRow.book == book)
    return list(await db.scalars(found.order_by(ClassRulesRow.person_class, ClassRulesRow.valid_from)))


def check_class_rules(wanted: ClassRules, prices: Mapping[date, str], now: date) -> None:
    """Raise Problem(INVALID) for rules that cannot be set; ``prices``: the class's, by the day from which they hold."""
    if wanted.person_class == DEFAULT_CLASS:
        raise Problem(INVALID, "class_rules.official")
    if wanted.valid_from < now:
        raise Problem(INVALID, "region_rules.in_the_past")
    before = [day for day in prices if day <= now]
    price_now = prices[max(before)] if before else ClassPrice.HOME
    if wanted.valid_from == now and wanted.price != price_now:
        raise Problem(INVALID, "region_rules.price_today")


async def set_class_rules(db: AsyncSession, book: int, wanted: ClassRules) -> None:
    """Set a class's rules from a day on. Another price begins tomorrow at the earliest, as prices do.

    Raises Problem NOT_FOUND, INVALID.
    """
    if await db.get(BookRow, book) is None:
        raise Problem(NOT_FOUND, "region.not_found", book=book)
    versions = {
        one.valid_from: one for one in await class_rules_of(db, book) if one.person_class == wanted.person_class
    }
    check_class_rules(wanted, {day: one.price for day, one in versions.items()}, today())
    if await db.get(PersonClass, wanted.person_class) is None:
        raise Problem(INVALID, "official.no_such_class", value=wanted.person_class)
    row = versions.get(wanted.valid_from)
    if row is None:
        row = ClassRulesRow(book=book, person_class=wanted.person_class, valid_from=wanted.valid_from)
        db.add(row)
    row.eats_at_home, row.eats_elsewhere, row.price = wanted.eats_at_home, wanted.eats_elsewhere, wanted.price
