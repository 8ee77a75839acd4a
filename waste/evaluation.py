"""Scoring a canteen's quarter after its region's scheme: pure rules; floats, since there is no money here.

A measured indicator has full points at its target and none at its limit, linearly between. Points of indicators that
do not apply, or of which nothing can be said, are left out of both sides: score = 100 sum points / sum possible points.
The interval is a block bootstrap over the quarter's weeks (Kuensch, 1989): all measured indicators are computed anew
for each draw. Where it crosses the line of a grade, or evidence is missing, the grade is to be verified (待核).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from waste.scheme import Indicator, Scheme

DRAWS, SEED = 1_000, 35
LOW, HIGH = 0.025, 0.975
WEEKS_MIN = 4
COVERS_MIN = 20
"""Fewer covers a week on average are too few to rank by."""


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


def total(weeks: Sequence[Week]) -> Week:
    """All weeks as one."""
    return Week(*(sum(getattr(week, f.name) for week in weeks) for f in fields(Week)))


@dataclass(frozen=True, slots=True)
class Point:
    """What an indicator came to. ``points`` None: nothing can be said, or its evidence is missing (``missing``)."""

    code: str
    name_zh: str
    name_en: str
    possible: float
    points: float | None
    value: float | None
    missing: bool
    capped: bool = False


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


def measured(name: str, quarter: Week, last_year: Week | None) -> float | None:
    """The value of a measure; None where there is nothing to compute it from."""
    q = quarter
    match name:
        case "forecast_wape":
            return q.forecast_off / q.forecast_actual if q.forecast_actual else None
        case "completeness":
            return q.weighed_meals / q.meals if q.meals else None
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


def evaluate(
    scheme: Scheme, serving: str, operating: str, weeks: Sequence[Week], last_year: Sequence[Week],
    evidence: Mapping[str, float],
) -> Evaluation:  # fmt: skip
    """Evaluate a quarter; ``evidence``: shares of 1 by code, as inspectors scored them."""
    asked = [indicator for indicator in scheme.indicator if indicator.applies(serving, operating)]
    before = total(last_year) if last_year else None
    points = _points(scheme, asked, total(weeks), before, evidence)
    score = _score(points)
    if score is None:
        return Evaluation(scheme.id, None, None, None, None, None, True, points)
    low, high = _interval(scheme, asked, weeks, before, evidence, score)
    grade = scheme.grade_of(score)
    certain = scheme.grade_of(low) == grade == scheme.grade_of(high)
    to_verify = not certain or any(point.missing for point in points)
    return Evaluation(
        scheme.id, round(score, 1), round(low, 1), round(high, 1), grade.name_zh, grade.name_en, to_verify, points
    )


def _points(
    scheme: Scheme, asked: Sequence[Indicator], quarter: Week, last_year: Week | None, evidence: Mapping[str, float]
) -> list[Point]:
    complete = measured("completeness", quarter, None)
    capped = complete is None or complete < scheme.cap.completeness_below
    return [
        _point(indicator, scheme, quarter, last_year, evidence, capped and indicator.code.startswith(scheme.cap.group))
        for indicator in asked
    ]


def _point(
    indicator: Indicator, scheme: Scheme, quarter: Week, last_year: Week | None, evidence: Mapping[str, float],
    capped: bool,
) -> Point:  # fmt: skip
    if indicator.measure is None:
        value = share = evidence.get(indicator.code)
    else:
        assert indicator.target is not None
        assert indicator.limit is not None
        value = measured(indicator.measure, quarter, last_year)
        share = None if value is None else share_of_points(value, indicator.target, indicator.limit)
    if share is None and capped:
        # Not weighing must not pay: what cannot be measured for want of weighing earns nothing.
        share = 0.0 if indicator.measure != "less_than_last_year" else None
    if share is not None and capped:
        share = min(share, scheme.cap.share)
    missing = indicator.measure is None and share is None
    points = None if share is None else round(indicator.points * share, 2)
    return Point(
        indicator.code, indicator.name_zh, indicator.name_en, indicator.points, points,
        None if value is None else round(value, 4), missing, capped,
    )  # fmt: skip


def _score(points: Sequence[Point]) -> float | None:
    said = [(point.points, point.possible) for point in points if point.points is not None]
    return 100 * sum(p for p, _ in said) / sum(possible for _, possible in said) if said else None


def _interval(
    scheme: Scheme, asked: Sequence[Indicator], weeks: Sequence[Week], last_year: Week | None,
    evidence: Mapping[str, float], score: float,
) -> tuple[float, float]:  # fmt: skip
    """The 95 % interval; the whole scale for too few weeks."""
    if len(weeks) < WEEKS_MIN:
        return 0.0, 100.0
    chance, drawn = random.Random(SEED), []  # noqa: S311 - a simulation
    for _ in range(DRAWS):
        quarter = total(chance.choices(weeks, k=len(weeks)))
        drawn.append(_score(_points(scheme, asked, quarter, last_year, evidence)) or 0.0)
    drawn.sort()
    return min(drawn[int(LOW * DRAWS)], score), max(drawn[int(HIGH * DRAWS)], score)


def ranked(evaluations: Mapping[int, Evaluation], weekly_covers: Mapping[int, float]) -> list[int]:
    """Canteens of one peer group from the best score down; those with too few covers or no score are left out."""
    able = [n for n, e in evaluations.items() if e.score is not None and weekly_covers[n] >= COVERS_MIN]
    return sorted(able, key=lambda number: (-(evaluations[number].score or 0), number))
