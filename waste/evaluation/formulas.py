"""The formulas of measured indicators and of points, with their numbers put in. Pure.

They are printed for people who check a score. Each is computed once more here: a value that does not follow from what
is printed is not shown as if it did.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from registry.meals import Meal
from waste.evaluation.scheme import Band, Indicator, MealBand, Scheme
from waste.evaluation.scoring import MEAL_MIN, Known, Point, PointSource

MINUS, OVER, TIMES = "\N{MINUS SIGN}", "\N{DIVISION SIGN}", "\N{MULTIPLICATION SIGN}"


ROUNDING = 0.011
"""Points are kept with two decimals, and the values that they are from with four."""
TOLERANCE, TOLERANCE_G = 0.0002, 0.001


@dataclass(frozen=True, slots=True)
class Fraction:
    """A sum over another, from which a third may be taken away; ``rest``: one minus that."""

    over: str
    under: str
    less: str = ""
    rest: bool = False

    def names(self) -> list[str]:
        """The sums that it needs."""
        return [name for name in (self.over, self.under, self.less) if name]

    def value(self, sums: Mapping[str, float]) -> float | None:
        """The value; None if it divides by nothing."""
        under = sums[self.under] - (sums[self.less] if self.less else 0)
        if not under:
            return None
        value = sums[self.over] / under
        return 1 - value if self.rest else value

    def said(self, sums: Mapping[str, float]) -> str:
        """The formula with its numbers."""
        over, under = f"{sums[self.over]:.10g}", f"{sums[self.under]:.10g}"
        if self.less:
            under = f"({under} {MINUS} {sums[self.less]:.10g})"
        return f"1 {MINUS} {over} {OVER} {under}" if self.rest else f"{over} {OVER} {under}"


FRACTIONS = {
    "preparation_off": [Fraction("off_portions", "cook_for")],
    "completeness": [Fraction("weighed_meals", "meals")],
    "bookings_kept": [Fraction("came", "booked")],
    "credibility": [Fraction("marked_streams", "streams", rest=True)],
    "unserved_share": [Fraction("unserved_g", "prepared_g")],
    "plate_share": [Fraction("plate_g", "prepared_g", less="unserved_g")],
}
"""Measures by the sums of a quarter's weeks; results of earlier releases have sums of other names."""


def sums_of(weeks: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The sums over the weeks of a quarter."""
    total: dict[str, float] = {}
    for week in weeks:
        for name, value in week.items():
            total[name] = total.get(name, 0) + value
    return total


GROWN = frozenset({"grams_per_cover", "plate_share", "less_than_last_year"})
"""Measures that too many inedible parts raise (``waste.evaluation.scoring``); unserved food is corrected alone."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What indicators are computed from: the sums of a quarter's weeks and of last year's, and the scheme's rules.

    ``correction``: by what inspectors weighed again. ``inedible_above``: the share of inedible parts that counts as
    none. ``bands``: of the kinds of meals.
    """

    sums: Mapping[str, float]
    last_year: Mapping[str, float] = field(default_factory=dict)
    correction: float = 1.0
    inedible_above: float = 1.0
    bands: Mapping[Meal, MealBand] = field(default_factory=dict)

    def excess(self, sums: Mapping[str, float]) -> float:
        """What waste is multiplied by, so that inedible parts beyond the scheme's share count as waste."""
        waste_g, inedible_g = sums.get("waste_g", 0), sums.get("inedible_g", 0)
        beyond_g = max(0.0, inedible_g - self.inedible_above * (waste_g + inedible_g))
        return 1 + beyond_g / waste_g if waste_g else 1.0

    def factor(self, measure: str | None) -> float:
        """What a measure's grams are multiplied by."""
        if measure in GROWN:
            return self.correction * self.excess(self.sums)
        return self.correction if measure == "unserved_share" else 1.0


def basis_of(scheme: Scheme, sums: Mapping[str, float], known: Known) -> Basis:
    """The basis of a quarter's sums and what was known."""
    before = sums_of([asdict(week) for week in known.last_year])
    return Basis(sums, before, known.correction, scheme.cap.inedible_above, scheme.bands)


def worked_value(indicator: Indicator, basis: Basis, value: float) -> str:
    """How a measure's value follows from its basis, or nothing if it does not follow from that alone."""
    factor, sums = basis.factor(indicator.measure), basis.sums
    if indicator.measure == "less_than_last_year":
        before, now = _of_both_years(basis)
        if before and abs((before - now) / before - value) < TOLERANCE:
            return f"({_number(before)} {MINUS} {_number(now)}) {OVER} {_number(before)}"
        return ""
    if indicator.meals:
        grams = _grams(indicator.meals, sums)
        if grams and abs(factor * _weighted(indicator.meals, grams) - value) < TOLERANCE_G:
            return _grams_said(indicator.meals, grams, sums, factor)
        return ""
    for fraction in FRACTIONS.get(indicator.measure or "", ()):
        if all(name in sums for name in fraction.names()):
            found = fraction.value(sums)
            if found is not None and abs(factor * found - value) < TOLERANCE:
                return _times(fraction.said(sums), factor)
    return ""


def worked_years(basis: Basis) -> tuple[str, str]:
    """How last year's and this quarter's grams per cover were computed, over the kinds of meals of both."""
    before, now = _grams(basis.bands, basis.last_year), _grams(basis.bands, basis.sums)
    both = [meal for meal in now if meal in before]
    if not both:
        return "", ""
    factor = basis.factor("less_than_last_year")
    return (
        _grams_said(basis.bands, both, basis.last_year, basis.excess(basis.last_year)),
        _grams_said(basis.bands, both, basis.sums, factor),
    )


def _of_both_years(basis: Basis) -> tuple[float, float]:
    before, now = _grams(basis.bands, basis.last_year), _grams(basis.bands, basis.sums)
    both = [meal for meal in now if meal in before]
    if not both:
        return 0.0, 0.0
    return (
        basis.excess(basis.last_year) * _weighted(basis.bands, {meal: before[meal] for meal in both}),
        basis.factor("less_than_last_year") * _weighted(basis.bands, {meal: now[meal] for meal in both}),
    )


def _grams(bands: Mapping[Meal, MealBand], sums: Mapping[str, float]) -> dict[Meal, float]:
    """Grams per cover of the kinds of meals that are scored (``waste.evaluation.scoring.grams_by_meal``)."""
    covers = {meal: sums.get(f"{meal}_covers", 0) for meal in bands}
    counted = [meal for meal in covers if covers[meal] and covers[meal] >= MEAL_MIN * sums.get("weighed_covers", 0)]
    return {meal: sums[f"{meal}_g"] / covers[meal] for meal in counted}


def _weighted(bands: Mapping[Meal, MealBand], values: Mapping[Meal, float]) -> float:
    mix = {meal: bands[meal].mix for meal in values}
    return sum(mix[meal] * values[meal] for meal in values) / sum(mix.values())


def _weighted_said(bands: Mapping[Meal, MealBand], parts: Mapping[Meal, str]) -> str:
    if len(parts) == 1:
        return next(iter(parts.values()))
    mix = [f"{bands[meal].mix:g}" for meal in parts]
    terms = " + ".join(f"{share} {TIMES} {part}" for share, part in zip(mix, parts.values(), strict=True))
    return f"({terms}) {OVER} ({' + '.join(mix)})"


def _grams_said(bands: Mapping[Meal, MealBand], meals: Iterable[Meal], sums: Mapping[str, float], factor: float) -> str:
    parts = {meal: f"{sums[f'{meal}_g']:.10g} {OVER} {sums[f'{meal}_covers']:.10g}" for meal in meals}
    return _times(_weighted_said(bands, parts), factor)


def _times(said: str, factor: float) -> str:
    return said if factor == 1 else f"{said} {TIMES} {_number(factor)}"


def _on_line(band: Band, value: float, shown: Callable[[float], str]) -> tuple[float, str]:
    """The share of points between limit and target, and how it is computed."""
    line = (band.limit - value) / (band.limit - band.target)
    share = min(1.0, max(0.0, line))
    if line != share:
        return share, _percent(share)
    limit, target = shown(band.limit), shown(band.target)
    return share, f"({limit} {MINUS} {shown(value)}) {OVER} ({limit} {MINUS} {target})"


def worked_points(indicator: Indicator, point: Point, basis: Basis, most: float = 1.0) -> str:
    """How an indicator's points follow from its value, or nothing if they do not.

    ``most``: the share of its points that one which is capped has at most.
    """
    if point.value is None or point.points is None:
        return ""
    if indicator.meals:
        factor = basis.factor(indicator.measure)
        grams = {meal: factor * value for meal, value in _grams(indicator.meals, basis.sums).items()}
        if not grams:
            return ""
        lines = {meal: _on_line(indicator.meals[meal], value, _number) for meal, value in grams.items()}
        share = _weighted(indicator.meals, {meal: line for meal, (line, _) in lines.items()})
        said = _weighted_said(indicator.meals, {meal: said for meal, (_, said) in lines.items()})
    elif indicator.measure is None and point.source is not PointSource.MEASURED:
        share, said = point.value, _percent(point.value)
    elif indicator.target is None or indicator.limit is None:
        return ""
    else:
        share, said = _on_line(Band(indicator.target, indicator.limit), point.value, _percent)
    if point.capped:
        share, said = min(share, most), f"min({said}, {_percent(most)})"
    said = f"{point.possible:g} {TIMES} {said}"
    return said if abs(point.possible * share - point.points) < ROUNDING else ""


def _percent(value: float) -> str:
    return f"{100 * value:.6g}%"


def _number(value: float) -> str:
    return f"{value:.6g}"
