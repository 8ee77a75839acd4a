"""Scoring a canteen's quarter after its region's scheme: pure rules; floats, since there is no money here.

A measured indicator has full points at its target and none at its limit, linearly between. Points of indicators that
do not apply, or of which nothing can be said, are left out of both sides: score = 100 sum points / sum possible points.
Evidence is what inspectors scored, else what the agency scored itself. Falsified weights veto: the last grade, no rank.
The interval is a block bootstrap over the quarter's weeks (Kuensch, 1989): all measured indicators are computed anew
for each draw. Where it crosses the line of a grade, or evidence is missing, the grade is to be verified (待核).
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields

from waste.evaluation.scheme import Indicator, Scheme

DRAWS, SEED = 1_000, 35
LOW, HIGH = 0.025, 0.975
WEEKS_MIN = 4
COVERS_MIN = 20
"""Fewer covers a week on average are too few to rank by."""
FACTS = frozenset({"cases_in_time"})
"""Measures that are not sums over weeks."""


@dataclass(frozen=True, slots=True)
class Week:
    """A canteen's week: sums of its meals. Weights in grams, of meals of which all three streams were weighed."""

    covers: int = 0
    meals: int = 0
    weighed_meals: int = 0
    weighed_covers: int = 0
    waste_g: int = 0
    unserved_g: int = 0
    plate_g: int = 0
    prepared_g: int = 0
    weigh_ins: int = 0
    implausible: int = 0
    forecast_off: int = 0
    forecast_actual: int = 0
    booked: int = 0
    came: int = 0


def total(weeks: Sequence[Week]) -> Week:
    """All weeks as one."""
    return Week(*(sum(getattr(week, f.name) for week in weeks) for f in fields(Week)))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a quarter beside its weeks: shares of 1 by indicator, and values by measure."""

    inspected: Mapping[str, float] = field(default_factory=dict)
    self_scored: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)
    last_year: Week | None = None
    falsified: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """What an indicator came to. ``points`` None: nothing can be said, or its evidence is missing (``missing``).

    ``source``: measured, inspector or self; None where there is none.
    """

    code: str
    name_zh: str
    name_en: str
    possible: float
    points: float | None
    value: float | None
    missing: bool
    capped: bool = False
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A canteen's score of 100 with its interval and grade; ``to_verify``: 待核, the grade is not certain yet."""

    scheme: str
    score: float | None
    low: float | None
    high: float | None
    grade_zh: str | None
    grade_en: str | None
    to_verify: bool
    points: list[Point]
    vetoed: bool = False


def measured(name: str, quarter: Week, last_year: Week | None) -> float | None:
    """The value of a measure; None where there is nothing to compute it from."""
    q = quarter
    match name:
        case "forecast_wape":
            return q.forecast_off / q.forecast_actual if q.forecast_actual else None
        case "completeness":
            return q.weighed_meals / q.meals if q.meals else None
        case "bookings_kept":
            return q.came / q.booked if q.booked else None
        case "credibility":
            return 1 - q.implausible / q.weigh_ins if q.weigh_ins else None
        case "grams_per_cover":
            return q.waste_g / q.weighed_covers if q.weighed_covers else None
        case "unserved_share":
            return q.unserved_g / q.prepared_g if q.prepared_g else None
        case "plate_share":
            served = q.prepared_g - q.unserved_g
            return q.plate_g / served if served > 0 else None
        case "less_than_last_year":
            now = measured("grams_per_cover", quarter, None)
            before = measured("grams_per_cover", last_year, None) if last_year else None
            return (before - now) / before if before and now is not None else None
    raise KeyError(name)


def share_of_points(value: float, target: float, limit: float) -> float:
    """1 at the target and beyond it, 0 at the limit and beyond it, linear between; either may be the larger."""
    return min(1.0, max(0.0, (limit - value) / (limit - target)))


def evaluate(scheme: Scheme, serving: str, operating: str, weeks: Sequence[Week], known: Known) -> Evaluation:
    """Evaluate a quarter from its weeks and from what else is known of it."""
    asked = [indicator for indicator in scheme.indicator if indicator.applies(serving, operating)]
    points = _points(scheme, asked, total(weeks), known)
    score = _score((point.points, point.possible) for point in points)
    if score is None:
        return Evaluation(scheme.id, None, None, None, None, None, True, points, known.falsified)
    low, high = _interval(scheme, asked, weeks, known, score)
    grade = scheme.grade[-1] if known.falsified else scheme.grade_of(score)
    certain = known.falsified or scheme.grade_of(low) == grade == scheme.grade_of(high)
    to_verify = not certain or any(point.missing for point in points)
    return Evaluation(
        scheme.id, round(score, 1), round(low, 1), round(high, 1), grade.name_zh, grade.name_en, to_verify, points,
        known.falsified,
    )  # fmt: skip


def _points(scheme: Scheme, asked: Sequence[Indicator], quarter: Week, known: Known) -> list[Point]:
    made = []
    for indicator, value, share, capped in _shares(scheme, asked, quarter, known):
        code, source = indicator.code, None
        if indicator.measure is not None:
            source = "measured"
        elif share is not None:
            source = "inspector" if code in known.inspected else "self"
        made.append(
            Point(
                code, indicator.name_zh, indicator.name_en, indicator.points,
                None if share is None else round(indicator.points * share, 2),
                None if value is None else round(value, 4),
                missing=indicator.measure is None and share is None, capped=capped, source=source,
            )
        )  # fmt: skip
    return made


def _shares(
    scheme: Scheme, asked: Sequence[Indicator], quarter: Week, known: Known
) -> Iterator[tuple[Indicator, float | None, float | None, bool]]:
    """Every indicator with its value, its share of the points, and whether that share is capped."""
    complete = measured("completeness", quarter, None)
    too_few = complete is None or complete < scheme.cap.completeness_below
    for indicator in asked:
        capped = too_few and indicator.code.startswith(scheme.cap.group)
        value = _value(indicator, quarter, known)
        share = value
        if indicator.measure is not None and value is not None:
            assert indicator.target is not None
            assert indicator.limit is not None
            share = share_of_points(value, indicator.target, indicator.limit)
        if capped and share is None and indicator.measure != "less_than_last_year":
            # Not weighing must not pay: what cannot be measured for want of weighing earns nothing.
            share = 0.0
        if capped and share is not None:
            share = min(share, scheme.cap.share)
        yield indicator, value, share, capped


def _value(indicator: Indicator, quarter: Week, known: Known) -> float | None:
    if indicator.measure is None:
        return known.inspected.get(indicator.code, known.self_scored.get(indicator.code))
    if indicator.measure in FACTS:
        return known.facts.get(indicator.measure)
    return measured(indicator.measure, quarter, known.last_year)


def _score(points: Iterable[tuple[float | None, float]]) -> float | None:
    said = [(scored, possible) for scored, possible in points if scored is not None]
    return 100 * sum(scored for scored, _ in said) / sum(possible for _, possible in said) if said else None


def _interval(
    scheme: Scheme, asked: Sequence[Indicator], weeks: Sequence[Week], known: Known, score: float
) -> tuple[float, float]:
    """The 95 % interval; the whole scale for too few weeks."""
    if len(weeks) < WEEKS_MIN:
        return 0.0, 100.0
    chance, drawn = random.Random(SEED), []  # noqa: S311 - a simulation
    for _ in range(DRAWS):
        quarter = total(chance.choices(weeks, k=len(weeks)))
        shares = _shares(scheme, asked, quarter, known)
        points = ((None if s is None else round(i.points * s, 2), i.points) for i, _, s, _ in shares)
        drawn.append(_score(points) or 0.0)
    drawn.sort()
    return min(drawn[int(LOW * DRAWS)], score), max(drawn[int(HIGH * DRAWS)], score)


def ranked(results: Iterable[tuple[int, float | None, float]]) -> list[int]:
    """Numbers of one peer group from the best score down, from (number, score, weekly covers).

    Those without a score, and those with too few covers, are left out.
    """
    able = [(-score, number) for number, score, covers in results if score is not None and covers >= COVERS_MIN]
    return [number for _, number in sorted(able)]
