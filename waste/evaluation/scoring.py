"""Scoring a canteen's quarter by its region's scheme. Pure rules; floats are fine, since no money is computed here.

A measured indicator gets full points at its target and none at its limit, linearly between. Indicators that do not
apply or cannot be computed count on neither side: score = 100 sum points / sum possible points. Evidence is scored by
an inspector, else by the agency itself. Falsified weights veto the score: last grade, no rank. The interval is a block
bootstrap over the quarter's weeks (Kuensch, 1989): every draw computes all measured indicators again. If it crosses
the line of a grade, or evidence is missing, the grade is to be verified (待核实).
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum

from msgspec import Struct

from waste.evaluation.scheme import Indicator, Scheme

DRAWS, SEED = 1_000, 35
LOW, HIGH = 0.025, 0.975
WEEKS_MIN = 4
COVERS_MIN = 20
"""Canteens with fewer covers a week on average are not ranked."""
FACTS = frozenset({"cases_in_time"})
"""Measures that are not sums over weeks."""


@dataclass(frozen=True, slots=True)
class Week:
    """Sums of a canteen's week. Weights in grams, of meals of which all three streams were weighed."""

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
    """The sums over all weeks."""
    return Week(*(sum(getattr(week, f.name) for week in weeks) for f in fields(Week)))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a quarter besides its weeks: scores as shares of 1 by indicator, values by measure."""

    inspected: Mapping[str, float] = field(default_factory=dict)
    self_scored: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)
    last_year: Week | None = None
    falsified: bool = False


class Source(StrEnum):
    """Where the points of an indicator are from."""

    MEASURED = "measured"
    INSPECTOR = "inspector"
    SELF = "self"


class Point(Struct, frozen=True):
    """The points of an indicator. ``points`` null: it cannot be computed, or its evidence is ``missing``."""

    code: str
    name_zh: str
    name_en: str
    possible: float
    points: float | None
    value: float | None
    missing: bool
    capped: bool
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A canteen's score of 100 with its interval and grade; ``to_verify``: 待核实, the grade is not certain."""

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
    """The value of a measure; None if it cannot be computed."""
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
    """1 at the target or better, 0 at the limit or worse, linear between; either may be the larger number."""
    return min(1.0, max(0.0, (limit - value) / (limit - target)))


def evaluate(scheme: Scheme, serving: str, operating: str, weeks: Sequence[Week], known: Known) -> Evaluation:
    """Evaluate a quarter from its weeks and what else is known of it."""
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
    return [
        Point(
            indicator.code, indicator.name_zh, indicator.name_en, indicator.points,
            None if share is None else round(indicator.points * share, 2),
            None if value is None else round(value, 4),
            missing=indicator.measure is None and share is None, capped=capped,
            source=_source(indicator, share, known),
        )
        for indicator, value, share, capped in _shares(scheme, asked, quarter, known)
    ]  # fmt: skip


def _source(indicator: Indicator, share: float | None, known: Known) -> Source | None:
    if indicator.measure is not None:
        return Source.MEASURED
    if share is None:
        return None
    return Source.INSPECTOR if indicator.code in known.inspected else Source.SELF


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
            # Not weighing must not pay off: what was not weighed gets no points.
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
    """The 95 % interval of the score; the whole scale if there are too few weeks."""
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
    """Rank one peer group, given as (number, score, weekly covers): numbers from the best score down.

    Canteens without a score or with too few covers are left out.
    """
    able = [(-score, number) for number, score, covers in results if score is not None and covers >= COVERS_MIN]
    return [number for _, number in sorted(able)]
