"""What supervisors look at before they believe a kitchen's figures: how its weights were made, beside like kitchens.

Nothing here is a finding. A figure that is unlike others is a reason to ask, or to weigh again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from foundation.named_sql import load_queries
from foundation.postgres import Pool, as_struct
from foundation.problems import INVALID, Problem
from registry.models import Canteen
from waste.flags.flags import Flag, FlagState, flags_of
from waste.materials.checks import MaterialMonth, material_months
from waste.supervision.calibrations import calibrations
from waste.supervision.schemas import CalibrationShown

QUERIES = load_queries(Path(__file__).parent / "sql" / "integrity.sql")

SPAN_MAX = timedelta(days=400)
"""A year and the month after it."""
LATE_AFTER_DAYS = 14
LUNCHES_MIN = 10
"""Fewer weighed lunches have no variation or correlation."""
PEERS_MIN = 3
"""Fewer like kitchens would tell who they are."""
STEPS_G = (1, 2, 5, 10, 20, 50, 100)
"""Steps that scales of kitchens have: up to 300 kg, 100 g (OIML R 76, class III). Coarser weights are rounded ones."""
STEP_SHARE = 0.95
"""Of the weights are multiples of the scale's step; the others were corrected, or weighed on another scale."""
DIGITS_MIN = 50
CHI_SQUARE_LIMIT = 21.67
"""The 99 % quantile with nine degrees of freedom: one honest kitchen of a hundred is above it."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """Weigh-ins, corrections among them, those to nothing, and those more than ``LATE_AFTER_DAYS`` after the meal."""

    weigh_ins: int
    corrections: int
    zeroed: int
    late: int


@dataclass(frozen=True, slots=True)
class Digits:
    """How often each digit stands last, at the step of the scale, and Pearson's chi-square against equal counts."""

    step_g: int
    weights: int
    counts: list[int]
    chi_square: float
    limit: float = CHI_SQUARE_LIMIT


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure, the median of like kitchens (that serve the same way), and how many they are."""

    figure: float | None
    usual: float | None
    peers: int


@dataclass(frozen=True, slots=True)
class Weekday:
    """Meals with covers on a weekday (1: Monday), and those of which all streams of waste were weighed."""

    weekday: int
    meals: int
    weighed: int


@dataclass(frozen=True, slots=True)
class Integrity:
    """A canteen's figures from ``first`` to ``last``; weights in grams, shares as fractions."""

    first: date
    last: date
    serving: str | None
    corrections: Corrections
    digits: Digits | None
    variation: Compared
    correlation: Compared
    inedible_share: Compared
    cheap_share: Compared
    weekdays: list[Weekday]
    calibrations: list[CalibrationShown]
    months: list[MaterialMonth]
    flags: list[Flag]


def last_digits(times: Mapping[int, int]) -> Digits | None:
    """The last digits of weights (grams: how often). None for fewer than ``DIGITS_MIN``.

    An invented weight ends in 0 or 5 too often; a weighed one in any digit. The step is the largest that nearly all
    weights are multiples of: ten steps are one digit.
    """
    weights = sum(times.values())
    if weights < DIGITS_MIN:
        return None
    step = max(
        step for step in STEPS_G
        if step == 1 or sum(n for grams, n in times.items() if grams % step == 0) >= STEP_SHARE * weights
    )  # fmt: skip
    counts = [0] * 10
    for grams, n in times.items():
        counts[grams // step % 10] += n
    expected = weights / 10
    return Digits(step, weights, counts, round(sum((n - expected) ** 2 / expected for n in counts), 1))


def compared(canteen_id: int, figures: Mapping[int, float | None], like: Sequence[int]) -> Compared:
    """A canteen's figure beside those of like kitchens."""
    others = [figure for number in like if number != canteen_id and (figure := figures.get(number)) is not None]
    usual = median(others) if len(others) >= PEERS_MIN else None
    mine = figures.get(canteen_id)
    return Compared(_rounded(mine), _rounded(usual), len(others))


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)


async def integrity_of(pool: Pool, canteen: Canteen, first: date, last: date) -> Integrity:
    """A canteen's figures from one day to another. Raises Problem(INVALID) for a span of over ``SPAN_MAX``."""
    if not timedelta() <= last - first <= SPAN_MAX:
        raise Problem(INVALID, "supervision.span", most=SPAN_MAX.days)
    number = canteen.canteen_id
    key = canteen.book, number, first, last
    corrections = await pool.fetchrow(QUERIES["corrections"], *key, LATE_AFTER_DAYS)
    assert corrections is not None
    servings = {row["canteen_id"]: row["serving"] for row in await pool.fetch(QUERIES["like"])}
    like = [one for one, serving in servings.items() if serving == servings.get(number)]
    days = await pool.fetch(QUERIES["days"], first, last, LUNCHES_MIN)
    inedible = {row["canteen_id"]: row["share"] for row in await pool.fetch(QUERIES["inedible"], first, last)}
    cheap = {row["canteen_id"]: row["share"] for row in await pool.fetch(QUERIES["cheap"], first, last)}
    weekdays = {row["weekday"]: as_struct(row, Weekday) for row in await pool.fetch(QUERIES["weekdays"], *key)}
    return Integrity(
        first, last, servings.get(number), as_struct(corrections, Corrections),
        last_digits({row["weight_g"]: row["times"] for row in await pool.fetch(QUERIES["weights"], *key)}),
        compared(number, {row["canteen_id"]: row["variation"] for row in days}, like),
        compared(number, {row["canteen_id"]: row["correlation"] for row in days}, like),
        compared(number, inedible, like),
        compared(number, cheap, like),
        [weekdays.get(day, Weekday(day, 0, 0)) for day in range(1, 8)],
        await calibrations(pool, canteen),
        await material_months(pool, canteen, first, last),
        await flags_of(pool, [number], first, last, FlagState.OPEN),
    )  # fmt: skip
