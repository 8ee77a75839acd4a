"""Scoring a canteen's quarter by its region's scheme. Pure rules; floats are fine, since no money is computed here.

A measured indicator gets full points at its target and none at its limit, linearly between. What does not apply, or
rests on fewer booked people or cases than the scheme asks for, counts on neither side: score = 100 sum points / sum
possible points. What could have been shown or weighed and was not gets none. Evidence is scored by an inspector, else
by the agency itself, which needs a file and is capped. Grams per cover have a target and a limit for each kind of meal,
and the kinds are weighted by the scheme's mix, the same for all canteens. Falsified weights veto the score: last grade,
no rank. The interval is from draws of the quarter's weeks (``waste.measures.intervals``): each computes all indicators
again, with scores of people as uncertain as they are. The grade is that of the published, rounded score. If the
interval crosses the line of a grade, evidence is missing or the agency's own, too much is marked, or a hearing is open,
it is to be verified (待核实).
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import repeat
from typing import TypeVar

from msgspec import Struct

from registry.meals import Meal
from waste.evaluation.scheme import Indicator, Scheme
from waste.evaluation.sums import Week, total, weighted_total
from waste.measures.intervals import WEEKS_MIN, weights_of_weeks

Number = TypeVar("Number", int, float)

DRAWS, SEED = 1_000, 35
KEPT_DRAWS = 200
"""Quantiles of the drawn scores that are kept, evenly apart, for the intervals of ranks."""
TAIL = 0.025
INSPECTOR_SD, SELF_SD = 0.05, 0.10
"""Standard deviations of a person's score, as a share of the points: another inspector, or agency, would differ so."""
COVERS_MIN = 20
"""Canteens with fewer covers a week on average are not ranked."""
PEERS_MIN = 5
"""Fewer like canteens are not ranked."""
MEAL_MIN = 0.05
"""A kind of meal with a smaller share of the covers does not count in grams per cover."""
REWEIGHED_MIN = 5
"""Fewer streams that an inspector weighed again correct nothing."""


@dataclass(frozen=True, slots=True)
class Reweighed:
    """What inspectors found: grams weighed again ÷ grams that the canteen had recorded, with its 95 % interval."""

    streams: int
    ratio: float
    low: float
    high: float

    @property
    def correction(self) -> float:
        """What the canteen's waste is multiplied by: the bound of the interval that is best for it, never below 1."""
        return max(1.0, self.low) if self.streams >= REWEIGHED_MIN else 1.0

    @property
    def differs(self) -> bool:
        """Whether chance does not explain the difference."""
        return self.streams >= REWEIGHED_MIN and not self.low <= 1 <= self.high


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a quarter besides its weeks: scores as shares of 1 by indicator.

    ``from_ledger``: what a ledger measures of indicators that are scored from evidence. ``with_file``: self-evaluated
    ones with a file. ``upheld``: rules whose flags of more than a week a person
    upheld. ``hearing``: whether a finding of falsified weights waits for the canteen's statement.
    """

    inspected: Mapping[str, float] = field(default_factory=dict)
    self_scored: Mapping[str, float] = field(default_factory=dict)
    with_file: frozenset[str] = frozenset()
    cases_due: int = 0
    cases_in_time: int = 0
    last_year: Sequence[Week] = ()
    from_ledger: Mapping[str, float] = field(default_factory=dict)
    reweighed: Reweighed | None = None
    upheld: tuple[str, ...] = ()
    falsified: bool = False
    hearing: bool = False

    @property
    def correction(self) -> float:
        """What the canteen's grams are multiplied by."""
        return self.reweighed.correction if self.reweighed else 1.0


@dataclass(frozen=True, slots=True)
class Reopened:
    """What an accepted appeal opened: the indicators it named, or the veto, and what was known of them then."""

    codes: frozenset[str]
    veto: bool
    weeks: dict[date, Week]
    known: Known


class PointSource(StrEnum):
    """Where the points of an indicator are from."""

    MEASURED = "measured"
    INSPECTOR = "inspector"
    SELF = "self"


class Point(Struct, frozen=True):
    """The points of an indicator. ``points`` null: it is left out. ``missing``: its evidence was not shown.

    ``capped``: it rests on too little for all of its points. ``corrected``: by what inspectors weighed again.
    """

    code: str
    name_zh: str
    name_en: str
    possible: float
    points: float | None
    value: float | None
    missing: bool
    capped: bool
    source: PointSource | None = None
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A canteen's score of 100 with its interval and grade; ``to_verify``: 待核实, the grade is not certain.

    ``draws``: quantiles of the scores of the bootstrap, in ascending order.
    """

    scheme: str
    score: float | None
    low: float | None
    high: float | None
    grade_zh: str | None
    grade_en: str | None
    to_verify: bool
    points: list[Point]
    vetoed: bool = False
    draws: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Scored:
    """An indicator's value and share of its points; ``share`` None: left out."""

    value: float | None
    share: float | None
    capped: bool = False
    missing: bool = False
    source: PointSource | None = PointSource.MEASURED
    corrected: bool = False


CORRECTED = frozenset({"grams_per_cover", "unserved_share", "plate_share", "less_than_last_year"})
"""Measures of the canteen's own grams, which an inspector's weighing corrects."""


def grams_by_meal(scheme: Scheme, quarter: Week, correction: float = 1.0) -> dict[Meal, float]:
    """Grams per cover of each kind of meal that the scheme has a band for and that the canteen really serves."""
    grown = correction * _with_excess_inedible(scheme, quarter)
    found = {}
    for meal in scheme.bands:
        covers, grams = quarter.eaten(meal)
        if covers and covers >= MEAL_MIN * quarter.weighed_covers:
            found[meal] = grown * grams / covers
    return found


def _with_excess_inedible(scheme: Scheme, quarter: Week) -> float:
    """What waste is multiplied by, so that inedible parts beyond the scheme's share count as waste."""
    thrown_g = quarter.waste_g + quarter.inedible_g
    excess_g = max(0.0, quarter.inedible_g - scheme.cap.inedible_above * thrown_g)
    return 1 + excess_g / quarter.waste_g if quarter.waste_g else 1.0


def standardised(scheme: Scheme, by_meal: Mapping[Meal, float]) -> float | None:
    """A mean over kinds of meals in the scheme's mix, of those that are given."""
    mix = {meal: scheme.bands[meal].mix for meal in by_meal}
    return sum(mix[meal] * by_meal[meal] for meal in mix) / sum(mix.values()) if mix else None


def measured(name: str, scheme: Scheme, quarter: Week, known: Known) -> float | None:
    """The value of a measure; None if it cannot be computed."""
    q, correction = quarter, known.correction
    match name:
        case "preparation_off":
            return q.off_portions / q.cook_for if q.cook_for else None
        case "completeness":
            return q.weighed_meals / q.meals if q.meals else None
        case "bookings_kept":
            return q.came / q.booked if q.booked else None
        case "cases_in_time":
            return known.cases_in_time / known.cases_due if known.cases_due else None
        case "credibility":
            return 1 - q.marked_streams / q.streams if q.streams else None
        case "grams_per_cover":
            return standardised(scheme, grams_by_meal(scheme, q, correction))
        case "unserved_share":
            return correction * q.unserved_g / q.prepared_g if q.prepared_g else None
        case "plate_share":
            served_g = q.prepared_g - q.unserved_g
            grown = correction * _with_excess_inedible(scheme, q)
            return grown * q.plate_g / served_g if served_g > 0 else None
        case "less_than_last_year":
            return _less_than_last_year(scheme, q, known)
    raise KeyError(name)


def _less_than_last_year(scheme: Scheme, quarter: Week, known: Known) -> float | None:
    """The reduction, over the kinds of meals of both years."""
    now = grams_by_meal(scheme, quarter, known.correction)
    before = grams_by_meal(scheme, total(known.last_year))
    both = now.keys() & before.keys()
    earlier = standardised(scheme, {meal: before[meal] for meal in both})
    later = standardised(scheme, {meal: now[meal] for meal in both})
    return (earlier - later) / earlier if earlier and later is not None else None


def fell_to(scheme: Scheme, quarter: Week, known: Known) -> float | None:
    """Grams per cover ÷ those of the same quarter of the year before, at the same mix of meals; None without them."""
    less = _less_than_last_year(scheme, quarter, known)
    return None if less is None else 1 - less


def share_of_points(value: float, target: float, limit: float) -> float:
    """1 at the target or better, 0 at the limit or worse, linear between; either may be the larger number."""
    return min(1.0, max(0.0, (limit - value) / (limit - target)))


def evaluate(
    scheme: Scheme, serving: str, operating: str, weeks: Sequence[Week], known: Known, reopened: Sequence[Reopened] = ()
) -> Evaluation:
    """Evaluate a quarter from its weeks and what else is known of it, but for what accepted appeals ``reopened``."""
    asked = [indicator for indicator in scheme.indicator if indicator.applies(serving, operating)]
    sources = [_Source(weeks, known), *(_Source(list(one.weeks.values()), one.known) for one in reopened)]
    scorer = _Scorer(scheme, asked, sources, {one.code: _source_of(one.code, reopened) for one in asked})
    sums = [total(source.weeks) for source in sources]
    scored = scorer.scores(sums)
    points = [_point(indicator, scored[indicator.code]) for indicator in asked]
    said = next((one.known for one in reversed(reopened) if one.veto), known)
    exact = _score((point.points, point.possible) for point in points)
    if exact is None:
        return Evaluation(scheme.id, None, None, None, None, None, True, points, said.falsified)
    score, drawn = round(exact, 1), scorer.draws()
    low, high = _interval(drawn, score)
    grade = scheme.grade[-1] if said.falsified else scheme.grade_of(score)
    certain = said.falsified or scheme.grade_of(low) == grade == scheme.grade_of(high)
    to_verify = (
        not certain or said.hearing or scorer.doubtful(sums)
        or any(point.missing or point.source is PointSource.SELF for point in points)
    )  # fmt: skip
    return Evaluation(
        scheme.id, score, low, high, grade.name_zh, grade.name_en, to_verify, points, said.falsified,
        _kept(drawn),
    )  # fmt: skip


def _source_of(code: str, reopened: Sequence[Reopened]) -> int:
    """Which source an indicator is scored from: the last appeal that named it, else the first one."""
    return max((n for n, one in enumerate(reopened, start=1) if code in one.codes), default=0)


@dataclass(frozen=True, slots=True)
class _Source:
    weeks: Sequence[Week]
    known: Known


@dataclass(frozen=True, slots=True)
class _Scorer:
    """Scores each indicator from its source; the first source is the quarter, the others are of appeals."""

    scheme: Scheme
    asked: Sequence[Indicator]
    sources: Sequence[_Source]
    source_of: Mapping[str, int]

    def scores(self, sums: Sequence[Week], known: Sequence[Known] | None = None) -> dict[str, _Scored]:
        """Every indicator scored from the sums of its source, and from what is known there."""
        facts, found = known or [source.known for source in self.sources], {}
        for one in self.asked:
            n = self.source_of[one.code]
            found[one.code] = _scored(self.scheme, one, sums[n], facts[n])
        return found

    def doubtful(self, sums: Sequence[Week]) -> bool:
        """Whether marks or upheld flags cap the group of measured indicators."""
        group = self.scheme.cap.group
        used = {n for code, n in self.source_of.items() if code.startswith(group)}
        return any(_doubtful(self.scheme, sums[n], self.sources[n].known) for n in used)

    def draws(self) -> list[float]:
        """Scores of quarters that might have been; none if there are too few weeks."""
        weeks = self.sources[0].weeks
        if len(weeks) < WEEKS_MIN:
            return []
        whole, drawn = self._score_of([total(one.weeks) for one in self.sources]) or 0.0, []
        without = [self._score_of(self._without(n)) or whole for n in range(len(weeks))]
        last_years = [self._last_years(one.known, n) for n, one in enumerate(self.sources)]
        chance = random.Random(SEED)  # noqa: S311 - a simulation
        for weights in weights_of_weeks(without, DRAWS, SEED):
            sums = [weighted_total(one.weeks, weights[: len(one.weeks)]) for one in self.sources]
            known = [
                _another(one.known, chance, next(last_year))
                for one, last_year in zip(self.sources, last_years, strict=True)
            ]
            drawn.append(self._score_of(sums, known) or 0.0)
        return drawn

    def _score_of(self, sums: Sequence[Week], known: Sequence[Known] | None = None) -> float | None:
        scored = self.scores(sums, known)
        return _score((_points(one, scored[one.code]), one.points) for one in self.asked)

    def _without(self, n: int) -> list[Week]:
        return [total(week for at, week in enumerate(one.weeks) if at != n) for one in self.sources]

    def _last_years(self, known: Known, n: int) -> Iterator[Week]:
        """Draws of last year's quarter; the same one if it has too few weeks."""
        weeks = known.last_year
        if len(weeks) < WEEKS_MIN:
            yield from repeat(total(weeks))
        by_week = [total(w for at, w in enumerate(weeks) if at != left) for left in range(len(weeks))]
        without = [standardised(self.scheme, grams_by_meal(self.scheme, week)) or 0.0 for week in by_week]
        for weights in weights_of_weeks(without, DRAWS, SEED + 1 + n):
            yield weighted_total(weeks, weights)


def _another(known: Known, chance: random.Random, last_year: Week) -> Known:
    """What other people might have scored, and last year's quarter as it might have been."""
    return replace(
        known,
        inspected={code: _near(share, INSPECTOR_SD, chance) for code, share in known.inspected.items()},
        self_scored={code: _near(share, SELF_SD, chance) for code, share in known.self_scored.items()},
        last_year=(last_year,),
    )


def _near(share: float, sd: float, chance: random.Random) -> float:
    return min(max(chance.gauss(share, sd), 0.0), 1.0)


def _point(indicator: Indicator, scored: _Scored) -> Point:
    return Point(
        indicator.code, indicator.name_zh, indicator.name_en, indicator.points, _points(indicator, scored),
        None if scored.value is None else round(scored.value, 4),
        missing=scored.missing, capped=scored.capped, source=scored.source, corrected=scored.corrected,
    )  # fmt: skip


def _points(indicator: Indicator, scored: _Scored) -> float | None:
    return None if scored.share is None else round(indicator.points * scored.share, 2)


def _scored(scheme: Scheme, indicator: Indicator, quarter: Week, known: Known) -> _Scored:
    if indicator.measure is None:
        return _from_evidence(scheme, indicator, known)
    if indicator.least > {"bookings_kept": quarter.booked, "cases_in_time": known.cases_due}.get(
        indicator.measure, indicator.least
    ):
        return _Scored(None, None)
    value = measured(indicator.measure, scheme, quarter, known)
    share = None if value is None else _share(scheme, indicator, quarter, known, value)
    if _gap(scheme, indicator, quarter, known):
        # Not weighing must not pay off: what was not weighed gets no points.
        if share is None and indicator.measure != "less_than_last_year":
            share = 0.0
        share = None if share is None else min(share, scheme.cap.share)
        return _Scored(value, share, capped=True)
    return _Scored(value, share, corrected=indicator.measure in CORRECTED and known.correction != 1.0)


def _share(scheme: Scheme, indicator: Indicator, quarter: Week, known: Known, value: float) -> float | None:
    if indicator.meals:
        grams = grams_by_meal(scheme, quarter, known.correction)
        bands = indicator.meals
        shares = {meal: share_of_points(grams[meal], bands[meal].target, bands[meal].limit) for meal in grams}
        return standardised(scheme, shares)
    assert indicator.target is not None
    assert indicator.limit is not None
    return share_of_points(value, indicator.target, indicator.limit)


def _from_evidence(scheme: Scheme, indicator: Indicator, known: Known) -> _Scored:
    code = indicator.code
    if code in known.inspected:
        return _Scored(known.inspected[code], known.inspected[code], source=PointSource.INSPECTOR)
    if code in known.from_ledger:
        value = known.from_ledger[code]
        return _Scored(value, _share(scheme, indicator, Week(), known, value))
    if code in known.self_scored and code in known.with_file:
        own, most = known.self_scored[code], scheme.cap.self_share
        return _Scored(own, min(own, most), capped=own > most, source=PointSource.SELF)
    return _Scored(None, 0.0, missing=True, source=None)


def _gap(scheme: Scheme, indicator: Indicator, quarter: Week, known: Known) -> bool:
    """Whether an indicator rests on too few weighed meals, too many marked weighings, or figures found to be wrong."""
    below, q = scheme.cap.completeness_below, quarter
    if indicator.measure == "preparation_off":
        return q.planned_meals < below * q.forecast_meals
    if not indicator.code.startswith(scheme.cap.group):
        return False
    prepared = indicator.measure in ("unserved_share", "plate_share")
    weighed = q.prepared_meals if prepared else q.weighed_meals
    return not q.meals or weighed < below * q.meals or _doubtful(scheme, quarter, known)


def _doubtful(scheme: Scheme, quarter: Week, known: Known) -> bool:
    return bool(known.upheld) or quarter.marked_streams > scheme.cap.marked_above * quarter.streams


def _score(points: Iterable[tuple[float | None, float]]) -> float | None:
    said = [(scored, possible) for scored, possible in points if scored is not None]
    return 100 * sum(scored for scored, _ in said) / sum(possible for _, possible in said) if said else None


def _interval(drawn: Sequence[float], score: float) -> tuple[float, float]:
    """The 95 % interval of the score; the whole scale if there were too few weeks."""
    if not drawn:
        return 0.0, 100.0
    low, high = _bounds(sorted(drawn))
    return min(round(low, 1), score), max(round(high, 1), score)


def _kept(drawn: Sequence[float]) -> list[float]:
    apart = max(len(drawn) // KEPT_DRAWS, 1)
    return [round(one, 2) for one in sorted(drawn)[apart // 2 :: apart]]


def _bounds(ordered: Sequence[Number]) -> tuple[Number, Number]:
    """The quantiles that leave as many values below as above."""
    out = int(TAIL * len(ordered))
    return ordered[out], ordered[-1 - out]


@dataclass(frozen=True, slots=True)
class Contender:
    """A canteen of a group of like ones; ``draws``: quantiles of the scores of its bootstrap."""

    number: int
    score: float | None
    weekly_covers: float
    draws: Sequence[float]


@dataclass(frozen=True, slots=True)
class Rank:
    """A place among ``peers`` like canteens, and its 95 % interval."""

    place: int
    low: int
    high: int
    peers: int


def ranks(group: Iterable[Contender]) -> dict[int, Rank]:
    """Ranks of like canteens by number; equal scores share a place.

    Canteens without a score or with too few covers are left out; fewer than ``PEERS_MIN`` others are not ranked. The
    interval is of the places in which the draws of all canteens, each in an order of its own, leave this one.
    """
    able = [one for one in group if one.score is not None and one.weekly_covers >= COVERS_MIN]
    if len(able) < PEERS_MIN:
        return {}
    shuffled = [_shuffled(one) for one in able]
    drawn = sorted_places(list(zip(*shuffled, strict=False)))
    [said] = sorted_places([[one.score or 0.0 for one in able]])
    found = {}
    for n, one in enumerate(able):
        mine = sorted(places[n] for places in drawn) or [1, len(able)]
        low, high = _bounds(mine)
        found[one.number] = Rank(said[n], min(low, said[n]), max(high, said[n]), len(able))
    return found


def _shuffled(one: Contender) -> list[float]:
    chance = random.Random(one.number)  # noqa: S311 - a simulation
    return chance.sample(one.draws, len(one.draws))


def sorted_places(rows: Iterable[Sequence[float]]) -> list[list[int]]:
    """The place of each score in each row, from the best down; equal scores share a place."""
    made = []
    for row in rows:
        place: dict[float, int] = {}
        for n, score in enumerate(sorted(row, reverse=True), start=1):
            place.setdefault(score, n)
        made.append([place[score] for score in row])
    return made
