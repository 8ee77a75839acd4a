"""What paid must not pay: an honest kitchen's quarter, and each trick of a manager on the same food.

Pure: meals, covers and forecasts are drawn with fixed seeds; the score is the product's. A trick is caught if a flag
would be raised or the grade is to be verified (待核实). ``ELSEWHERE`` names the rules of other packages that catch what
the score alone does not see. ``python -m verification.gaming`` prints the table of docs/evaluation.md.
"""

import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from registry.meals import Meal
from waste.evaluation.results import FELL_TO
from waste.evaluation.reweighing import reweighed_of
from waste.evaluation.scheme import scheme_for
from waste.evaluation.scoring import Evaluation, Known, evaluate, fell_to
from waste.evaluation.sums import MealRecord, total, weeks_of
from waste.measures.streams import Stream
from waste.weighing.plausibility import Reviewed, Weighed, implausible

FIRST, DAYS = date(2026, 7, 1), 92
SCHEME = scheme_for(3302, FIRST)
MEALS = {Meal.BREAKFAST: 0.35, Meal.LUNCH: 1.0, Meal.DINNER: 0.22}
PORTION_G = {Meal.BREAKFAST: 320, Meal.LUNCH: 520, Meal.DINNER: 500}
CODES = ("A1", "A2", "B3", "B4", "C1", "C2")
PLACES = [(meal, f"{stream}_g") for meal in MEALS for stream in Stream]
COOK_MORE = 1.645
"""Standard deviations above the covers expected that suffice on 95 % of days."""


@dataclass(frozen=True)
class Quarter:
    """A canteen's meals, what else is known, and its meals of the quarter before."""

    meals: Sequence[MealRecord]
    known: Known
    before: Sequence[MealRecord] = ()
    flags: frozenset[str] = frozenset()
    serving: str = "buffet"

    def each(self, change: Callable[[MealRecord], MealRecord], *flags: str) -> "Quarter":
        """The quarter with every meal changed; ``flags``: what a rule outside the score finds in that."""
        return replace(self, meals=[change(one) for one in self.meals], flags=self.flags | set(flags))

    def know(self, *flags: str, **changes: object) -> "Quarter":
        """The quarter with other facts."""
        return replace(self, known=replace(self.known, **changes), flags=self.flags | set(flags))  # type: ignore[arg-type]

    def judged(self) -> "Quarter":
        """The quarter with its marks, as the weighings of its own and of an honest quarter before tell them."""
        marks = [(place, mark) for place in PLACES for mark in implausible(self._weighed(*place), Reviewed(), {})]
        days = Counter((day, meal) for (meal, _), mark in marks for day in mark.days)
        marked = self.each(lambda one: replace(one, marked_streams=days[one.business_date, one.meal]))
        found = {"weight_drift" for _, mark in marks if mark.drift and mark.days[-1] >= FIRST}
        now = fell_to(SCHEME, total(weeks_of(self.meals).values()), self.known)
        if now is not None and now <= FELL_TO:
            found.add("fell_since_last_year")
        return replace(marked, flags=self.flags | found)

    def _weighed(self, meal: Meal, stream: str) -> list[Weighed]:
        return [
            Weighed(one.business_date, one.business_date.weekday() < 5, grams, one.covers)
            for one in [*self.before, *self.meals]
            if one.meal == meal and one.covers and (grams := getattr(one, stream)) is not None
        ]

    def score(self) -> Evaluation:
        """The product's evaluation."""
        weeks = list(weeks_of(self.meals).values())
        return evaluate(SCHEME, self.serving, "self_run", weeks, self.known)


def kitchen(lunches: int, seed: int, care: float = 1.0, first: date = FIRST) -> list[MealRecord]:
    """A quarter of an honest kitchen, which prepares for the number to cook for."""
    chance, made = random.Random(seed), []  # noqa: S311 - a simulation
    for n in range(DAYS):
        day = first + timedelta(days=n)
        if day.weekday() >= 5:
            continue
        weather = math.exp(chance.gauss(0, 0.04))
        for meal, share in MEALS.items():
            made.append(_meal(day, meal, lunches * share, weather, care, chance))
    return made


def _meal(day: date, meal: Meal, usual: float, weather: float, care: float, chance: random.Random) -> MealRecord:
    covers = max(0, round(chance.gauss(usual * weather, math.sqrt(usual))))
    cook_for = round(usual + COOK_MORE * math.sqrt(usual + (0.04 * usual) ** 2))
    portion = PORTION_G[meal]
    cooked = cook_for * portion * math.exp(chance.gauss(0, 0.05))
    # What nobody takes is kept where it can be: a share of what was cooked is thrown away.
    unserved = round(0.03 * care * cooked * math.exp(chance.gauss(0, 0.2)))
    waste = {
        stream: round(share * care * covers * portion * math.exp(chance.gauss(0, 0.2)))
        for stream, share in (("preparation", 0.035), ("plate", 0.075), ("inedible", 0.025))
    }
    return MealRecord(
        day, meal, covers, waste["preparation"], unserved, waste["plate"], waste["inedible"], round(cooked),
        0, round(usual), cook_for,
    )  # fmt: skip


def year_before() -> list[MealRecord]:
    """The kitchen's meals of the same quarter a year ago: 5 % more was left over."""
    return kitchen(350, 2, 1.05)


@cache
def honest() -> Quarter:
    """350 lunches, scored by an inspector; four bookings of twenty people and four cases, one of them late."""
    meals = [
        replace(one, booked=20, came=18) if one.meal == Meal.LUNCH and n % 20 == 1 else one
        for n, one in enumerate(kitchen(350, 1))
    ]
    last_year = tuple(weeks_of(year_before()).values())
    inspected = dict.fromkeys(CODES, 0.7)
    known = Known(inspected=inspected, cases_due=4, cases_in_time=3, last_year=last_year)
    return Quarter(meals, known, kitchen(350, 6, first=FIRST - timedelta(days=DAYS)))


@cache
def unseen() -> Quarter:
    """The same kitchen, which no inspector has seen: it scored itself honestly, with files."""
    return honest().know(inspected={}, self_scored=dict.fromkeys(CODES, 0.55), with_file=frozenset(CODES))


@dataclass(frozen=True)
class Trick:
    """What a manager does, the points that an audit measured before, and what catches it elsewhere."""

    name: str
    before: str
    play: Callable[[], Quarter]
    base: Callable[[], Quarter] = honest
    elsewhere: str = ""
    """A rule of another package that raises a flag; its own tests show that it does."""


def scaled(one: MealRecord, factor: float) -> MealRecord:
    grams = {
        name: round(factor * value)
        for name in ("preparation_g", "unserved_g", "plate_g", "inedible_g", "prepared_g")
        if (value := getattr(one, name)) is not None
    }
    return replace(one, **grams)


def scaled_waste(one: MealRecord, factor: float) -> MealRecord:
    return replace(scaled(one, factor), prepared_g=one.prepared_g)


def underweighed(factor: float = 0.55) -> Quarter:
    return honest().each(lambda one: scaled(one, factor))


def slowly_underweighed(least: float = 0.7, days: int = 368) -> Quarter:
    """A little less each day for a year, so that the last months are no witness."""

    def bent(one: MealRecord) -> MealRecord:
        gone = min((one.business_date - FIRST).days + days, days) / days
        return scaled_waste(one, 1 - (1 - least) * gone)

    return replace(honest().each(bent), before=[bent(one) for one in honest().before])


def always_underweighed() -> Quarter:
    """Ever since: the own past tells nothing."""
    always = replace(underweighed(), before=[scaled(one, 0.55) for one in honest().before])
    return always.know(last_year=tuple(weeks_of([scaled(one, 0.55) for one in year_before()]).values()))


def underweighed_and_inspected() -> Quarter:
    """Nine streams were drawn and weighed again: the truth, with 10 % noise."""
    chance = random.Random(7)  # noqa: S311 - a simulation
    pairs = [(550, round(1_000 * math.exp(chance.gauss(0, 0.1)))) for _ in range(9)]
    return always_underweighed().know("reweigh_differs", reweighed=reweighed_of(pairs))


def declared_inedible() -> Quarter:
    def change(one: MealRecord) -> MealRecord:
        moved = round(0.6 * (one.plate_g or 0))
        return replace(one, plate_g=(one.plate_g or 0) - moved, inedible_g=(one.inedible_g or 0) + moved)

    return honest().each(change)


def phantom_dinners() -> Quarter:
    """A second evening meal on every Saturday and Sunday: one gram in each stream, and no guest."""
    days = [FIRST + timedelta(days=n) for n in range(DAYS)]
    added = [MealRecord(day, Meal.DINNER, 0, 1, 1, 1, None, 1) for day in days if day.weekday() >= 5]
    return replace(honest(), meals=[*honest().meals, *added])


def zeroed(count: int) -> Quarter:
    """Weighings corrected to 0 g after the quarter: taken back they are missing, and the meal is a gap."""
    left, meals = count, []
    for one in sorted(honest().meals, key=lambda one: -(one.plate_g or 0)):
        meals.append(replace(one, plate_g=None) if left > 0 else one)
        left -= 1
    return replace(honest(), meals=meals)


def bookings_of_one(count: int) -> Quarter:
    meals = [replace(one, booked=None, came=None) for one in honest().meals]
    lunches = [n for n, one in enumerate(meals) if one.meal == Meal.LUNCH]
    for n in lunches[:count]:
        meals[n] = replace(meals[n], booked=1, came=1)
    return replace(honest(), meals=meals)


def no_booking() -> Quarter:
    return honest().each(lambda one: replace(one, booked=None, came=None))


TRICKS = [
    Trick("all streams under-weighed to 55 %", "+19.6", underweighed),
    Trick("the same ever since", "+19.6", always_underweighed,
          elsewhere="mass balance (purchases), shares against peers (supervision)"),
    Trick("the same ever since, and an inspector weighed nine streams again", "+19.6", underweighed_and_inspected),
    Trick("the streams of waste weighed a little less each day, to 70 % within a year", "+8.6", slowly_underweighed,
          elsewhere="collector's tickets (materials)"),
    Trick("self-scores of 100 % without a file", "+17.9",
          lambda: unseen().know(self_scored=dict.fromkeys(CODES, 1.0), with_file=frozenset()), unseen),
    Trick("self-scores of 100 % with files", "+17.9",
          lambda: unseen().know("self_scores_only", self_scored=dict.fromkeys(CODES, 1.0)), unseen),
    Trick("60 % of plate waste declared inedible", "+13.1", declared_inedible,
          elsewhere="share of streams against peers and the own past (supervision)"),
    Trick("covers +20 % by one-fen snacks and taps", "+7.7",
          lambda: honest().each(lambda one: replace(one, covers=round(1.2 * one.covers))),
          elsewhere="least price of a cover (settlement); covers per payment (forecast)"),
    Trick("prepared food never weighed", "+9.8", lambda: honest().each(lambda one: replace(one, prepared_g=None))),
    Trick("phantom meals with one gram", "+8.4", phantom_dinners),
    Trick("112 weighings corrected to 0 g afterwards", "+6.8", lambda: zeroed(112)),
    Trick("160 weighings corrected to 0 g afterwards", "+17 (303)", lambda: zeroed(160)),
    Trick("one booking of one person", "+4.0", lambda: bookings_of_one(1), no_booking),
    Trick("five bookings of one person", "+1.0", lambda: bookings_of_one(5), no_booking),
    Trick("a trivial finding opened and closed", "+2.1",
          lambda: honest().know(cases_due=1, cases_in_time=1),
          lambda: honest().know(cases_due=0, cases_in_time=0)),
    Trick("every weighing 1 g, and every one marked", "up to 良好",
          lambda: honest().each(lambda one: scaled(one, 0.001))),
]  # fmt: skip


@dataclass(frozen=True)
class Played:
    """What a trick gains now, in points, and what catches it."""

    gain: float
    caught: str

    @property
    def pays(self) -> bool:
        """Whether it gains more than two points and nobody sees it."""
        return self.gain > 2 and not self.caught


def everything() -> Quarter:
    """Whatever pays, all at once and ever since, so that the own past tells nothing."""

    def change(one: MealRecord) -> MealRecord:
        one = scaled(replace(one, covers=round(1.2 * one.covers)), 0.55)
        moved = round(0.6 * (one.plate_g or 0))
        return replace(one, plate_g=(one.plate_g or 0) - moved, inedible_g=(one.inedible_g or 0) + moved)

    own = unseen().know("self_scores_only", self_scored=dict.fromkeys(CODES, 1.0))
    return replace(own, meals=[change(one) for one in own.meals], before=[change(one) for one in own.before])


@cache
def played(name: str) -> Played:
    """Play one of ``TRICKS``."""
    trick = next(one for one in TRICKS if one.name == name)
    base, quarter = trick.base().judged().score(), trick.play().judged()
    tricked = quarter.score()
    caught = sorted(quarter.flags) + (["待核实"] if tricked.to_verify and not base.to_verify else [])
    caught += [trick.elsewhere] if trick.elsewhere else []
    return Played(round((tricked.score or 0) - (base.score or 0), 1), "; ".join(caught))


def table() -> list[tuple[str, str, str, str]]:
    """Trick, gain before, gain now, and what catches it."""
    rows = [(one, played(one.name)) for one in TRICKS]
    return [(one.name, one.before, f"{found.gain:+.1f}", found.caught or "the score") for one, found in rows]


def points_unflagged() -> float:
    """The most points that a trick gains and nothing catches; 0 if none gains any."""
    return max([0.0, *(found.gain for trick in TRICKS if not (found := played(trick.name)).caught)])


if __name__ == "__main__":
    for row in table():
        sys.stdout.write("| " + " | ".join(row) + " |\n")
