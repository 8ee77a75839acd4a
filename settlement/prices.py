"""What people of each class pay for a canteen's meals from day to day: the rules of the charge, asked beforehand.

The prices are those of ``settlement.tariff.price``; who pays which of them is decided by the functions of
sql/rules.sql that charge() calls. Money, other payments of the day, and single people are not looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool
from foundation.problems import INVALID, Problem
from registry.identifiers import Book
from registry.meals import Meal
from registry.models import Canteen
from settlement.ledger import agreements_of, rules_of, tariffs_of
from settlement.schemas import ClassPays, DayPrices, MealPrices
from settlement.tariff import Declined, RegionRules, Tariff, amount_max_fen, in_force, needs_visit, price

QUERIES = load_queries(Path(__file__).parent / "sql" / "prices.sql")

DAYS_MAX = 31
"""Days that are asked for at once: a month."""


@dataclass(frozen=True, slots=True)
class _Priced:
    """A meal of a day under its tariff and the region's rules."""

    day: date
    tariff: Tariff
    rules: RegionRules

    @property
    def fen(self) -> tuple[int | None, int | None]:
        """The price of own people and of visitors; none where the cashier enters the amount."""
        asked = price(self.tariff, self.rules, None)
        return (None, None) if isinstance(asked, Declined) else (asked.home_fen, asked.visitor_fen)


async def prices_of(
    ledger: Connection | Pool, canteen: Canteen, first: date, last: date, guest_book: Book | None = None
) -> list[DayPrices]:
    """What a canteen's meals cost from one day to another; ``guest_book``: the visitors' region, else the canteen's.

    Whether a meal is served on a day is another question (``registry.opening``). Raises Problem(INVALID): the days.
    """
    if not 0 <= (last - first).days < DAYS_MAX:
        raise Problem(INVALID, "canteen.days", most=DAYS_MAX)
    guests = canteen.book if guest_book is None else guest_book
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    rules, tariffs = await rules_of(ledger, canteen.book), await tariffs_of(ledger, canteen.book, canteen.canteen_id)
    priced = list(_priced(days, rules, tariffs))
    paid = await _paid(ledger, canteen.book, guests, priced)
    agreements = await agreements_of(ledger, canteen.book)
    meals: dict[date, list[MealPrices]] = {day: [] for day in days}
    for one, pays in zip(priced, paid, strict=True):
        visit = needs_visit(one.rules, canteen.book, guests, agreements, one.day)
        meals[one.day].append(_shown(one, visit, pays))
    return [DayPrices(day, meals[day]) for day in days]


def _priced(days: Sequence[date], rules: Sequence[RegionRules], tariffs: dict[str, list[Tariff]]) -> Iterator[_Priced]:
    for day in days:
        of_day = in_force(rules, day)
        for meal in Meal:
            tariff = in_force(tariffs.get(meal, ()), day)
            if tariff is not None and of_day is not None:
                yield _Priced(day, tariff, of_day)


async def _paid(
    ledger: Connection | Pool, book: Book | int, guests: Book | int, priced: Sequence[_Priced]
) -> list[list[ClassPays]]:
    """What each class pays, for every meal in the order given."""
    home, visitor = [one.fen[0] for one in priced], [one.fen[1] for one in priced]
    paid: list[list[ClassPays]] = [[] for _ in priced]
    for row in await ledger.fetch(QUERIES["paid_by_classes"], book, guests, [one.day for one in priced], home, visitor):
        pays = ClassPays(row["person_class"], row["at_home"], row["price_fen"], row["refusal"])
        paid[row["place"] - 1].append(pays)
    return paid


def _shown(one: _Priced, visit: bool, pays: list[ClassPays]) -> MealPrices:
    tariff = one.tariff
    home_fen, visitor_fen = one.fen
    limit_fen = None if home_fen is not None else amount_max_fen(tariff, one.rules)
    return MealPrices(Meal(tariff.meal), tariff.valid_from, home_fen, visitor_fen, limit_fen, visit, pays)
