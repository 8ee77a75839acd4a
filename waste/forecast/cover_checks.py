"""Checks of covers against payments, weights, bookings and the forecast: what does not fit is flagged.

Each rule looks at one week of a canteen's meal, against the weeks before it. What the rules find is for a person to
look at; it changes no figure. They run when a day's covers are kept, over the weeks that may still have changed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from statistics import median

from foundation.named_sql import load_queries
from foundation.postgres import LONG_S, Pool, allow_long_work, as_struct
from registry.identifiers import Book, CanteenId
from registry.meals import Meal
from waste.flags.flags import FoundFlag, replace_flags

QUERIES = load_queries(Path(__file__).parent / "sql" / "cover_checks.sql")

LOOKED_AT_WEEKS, USUAL_WEEKS = 4, 8
"""Weights come up to a fortnight late, and most refunds within days; what is usual is the median of weeks before."""
USUAL_WEEKS_MIN = 4
WEIGHTS_DUE = timedelta(days=14)
"""Weights noted on paper may be entered so long after the meal."""
TRACE_G_PER_COVER, TRACE_G = 1, 15
"""Less waste than this, a cover or in all, is no meal's: one gram in each stream is how a meal is made up."""
UNWEIGHED_MIN = 3
"""Meals of a kind in a week. A kitchen that weighs 94 % of its meals leaves out as many in one week of 170."""
WEIGHS_SHARE = 0.5
"""A kitchen that weighs less is no weighing kitchen, and its gaps are no surprise."""
CHEAP_SHARE, CHEAP_MIN = 0.1, 10
"""People who paid less than the least price, of all who paid."""
COVERS_MIN = 50
"""In a week: below, a few guests move every average."""
PRICE_FALL, COVERS_RISE = 0.05, 0.15
DEVIATIONS = 4
"""Of 1.4826 times the median absolute deviation of the weeks before (a normal deviation): one week of 30,000."""


@dataclass(frozen=True, slots=True)
class MealWeek:
    """A week of a canteen's meal (sql/cover_checks.sql); weights in grams, money in fen."""

    book: Book
    canteen_id: CanteenId
    meal: Meal
    monday: date
    covers: int
    cheap: int
    paying: int
    paid_fen: int
    expected: int
    expected_of: int
    waste_g: int
    weighed_covers: int
    served: int
    weighed: int
    unweighed: list[date] | None
    uneaten: list[date] | None
    uneaten_g: int
    traces: list[date] | None
    claimed: list[date] | None
    claimed_came: int
    claimed_covers: int

    @property
    def sunday(self) -> date:
        """The last day."""
        return self.monday + timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Odd:
    """A figure that does not fit, and the days to look at; all of the week where none are named."""

    figure: float
    usual: float | None
    days: Sequence[date] = ()


Rule = Callable[[MealWeek, Sequence[MealWeek], date], Odd | None]
"""What is odd in a week, given the weeks before it and the last day whose covers are kept."""


def weight_without_covers(week: MealWeek, _before: Sequence[MealWeek], _last: date) -> Odd | None:
    """Weighed on days on which nobody ate: kilograms."""
    return Odd(week.uneaten_g / 1000, 0.0, week.uneaten) if week.uneaten else None


def covers_without_weight(week: MealWeek, before: Sequence[MealWeek], last: date) -> Odd | None:
    """Meals that a kitchen which weighs did not weigh, of those that it served."""
    served, weighed = sum(w.served for w in before), sum(w.weighed for w in before)
    if last - week.sunday < WEIGHTS_DUE or not served or weighed < WEIGHS_SHARE * served:
        return None
    days = week.unweighed or []
    return Odd(len(days), week.served, days) if len(days) >= UNWEIGHED_MIN else None


def phantom_meal(week: MealWeek, _before: Sequence[MealWeek], _last: date) -> Odd | None:
    """Meals with a trace of waste: how many, of those that were weighed."""
    return Odd(len(week.traces), week.weighed, week.traces) if week.traces else None


def cheap_covers(week: MealWeek, _before: Sequence[MealWeek], _last: date) -> Odd | None:
    """The share of people who paid less than a meal's least price, in percent: taps without a meal."""
    share = week.cheap / (week.cheap + week.covers) if week.cheap else 0.0
    if week.cheap < CHEAP_MIN or share <= CHEAP_SHARE:
        return None
    return Odd(round(100 * share, 1), 100 * CHEAP_SHARE)


def price_fell(week: MealWeek, before: Sequence[MealWeek], _last: date) -> Odd | None:
    """A sudden fall of what a cover pays, in yuan: more covers for the same money."""
    past = [w.paid_fen / w.paying for w in before if w.paying >= COVERS_MIN]
    if week.paying < COVERS_MIN or len(past) < USUAL_WEEKS_MIN:
        return None
    now, usual = week.paid_fen / week.paying, median(past)
    if usual - now <= max(PRICE_FALL * usual, _spread(past)):
        return None
    return Odd(round(now / 100, 2), round(usual / 100, 2))


def covers_above_forecast(week: MealWeek, before: Sequence[MealWeek], _last: date) -> Odd | None:
    """Covers that neither the weeks before nor the bookings let expect, as a multiple of the forecast."""
    past = [w.expected_of / w.expected for w in before if w.expected >= COVERS_MIN]
    if week.expected < COVERS_MIN or len(past) < USUAL_WEEKS_MIN:
        return None
    now, usual = week.expected_of / week.expected, median(past)
    if now - max(usual, 1.0) <= max(COVERS_RISE, _spread(past)):
        return None
    return Odd(round(now, 2), round(usual, 2))


def came_above_covers(week: MealWeek, _before: Sequence[MealWeek], _last: date) -> Odd | None:
    """More of the booked guests came, by the kitchen's word, than anybody paid a meal for."""
    return Odd(week.claimed_came, week.claimed_covers, week.claimed) if week.claimed else None


RULES: dict[str, Rule] = {
    "weight_without_covers": weight_without_covers,
    "covers_without_weight": covers_without_weight,
    "phantom_meal": phantom_meal,
    "cheap_covers": cheap_covers,
    "price_fell": price_fell,
    "covers_above_forecast": covers_above_forecast,
    "came_above_covers": came_above_covers,
}
"""By the name of the rule; the catalogue says each in words (``flags.rule.<rule>``)."""


async def check_covers(pool: Pool, last: date) -> int:
    """Flag what does not fit in the last whole weeks up to a day; returns how many flags were found."""
    end = last - timedelta(days=(last.weekday() + 1) % 7)
    first = end - timedelta(days=7 * LOOKED_AT_WEEKS - 1)
    async with pool.acquire() as connection, connection.transaction():
        await allow_long_work(connection)
        begin = first - timedelta(days=7 * USUAL_WEEKS)
        rows = await connection.fetch(QUERIES["weeks"], begin, end, TRACE_G_PER_COVER, TRACE_G, timeout=LONG_S)
        weeks = [as_struct(row, MealWeek) for row in rows]
        canteens = sorted({week.canteen_id for week in weeks})
        found = flags_in(weeks, first, last)
        for rule, flags in found.items():
            await replace_flags(connection, rule, canteens, (first, end), flags)
    return sum(map(len, found.values()))


def flags_in(weeks: Sequence[MealWeek], first: date, last: date) -> dict[str, list[FoundFlag]]:
    """The flags of each rule in the weeks from a Monday on; ``weeks`` by canteen, meal and time. Pure."""
    found: dict[str, list[FoundFlag]] = {rule: [] for rule in RULES}
    for week, before in _with_past(weeks):
        if week.monday < first:
            continue
        for rule, look in RULES.items():
            odd = look(week, before, last)
            if odd is not None:
                rows = tuple(f"{day} {week.meal}" for day in odd.days or ())
                found[rule].append(
                    FoundFlag(
                        week.book, week.canteen_id, week.monday, week.sunday, odd.figure, odd.usual, rows, week.meal
                    )
                )  # fmt: skip
    return found


def _with_past(weeks: Sequence[MealWeek]) -> Iterator[tuple[MealWeek, list[MealWeek]]]:
    for _, of_meal in groupby(weeks, lambda week: (week.book, week.canteen_id, week.meal)):
        known = list(of_meal)
        for n, week in enumerate(known):
            since = week.monday - timedelta(days=7 * USUAL_WEEKS)
            yield week, [past for past in known[:n] if past.monday >= since]


def _spread(past: Sequence[float]) -> float:
    """The tolerance that the scatter of the weeks before gives."""
    usual = median(past)
    return DEVIATIONS * 1.4826 * median(abs(one - usual) for one in past)
