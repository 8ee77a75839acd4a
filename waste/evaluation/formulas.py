"""The formulas of measured indicators and of points, with their numbers put in. Pure.

They are printed for people who check a score. Each is computed once more here: a value that does not follow from the
sums alone, such as one that an inspector's weighing corrected, is not shown as if it did.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from registry.meals import Meal
from waste.evaluation.scheme import Band, Indicator
from waste.evaluation.scoring import MEAL_MIN, Point

MINUS, OVER, TIMES = "\N{MINUS SIGN}", "\N{DIVISION SIGN}", "\N{MULTIPLICATION SIGN}"


ROUNDING = 0.011
"""Points are kept with two decimals, and the values that they are from with four."""
TOLERANCE_G = 0.001


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


def worked_value(indicator: Indicator, sums: Mapping[str, float], value: float) -> str:
    """How a measure's value follows from the sums, or nothing if it does not follow from them alone."""
    if indicator.meals:
        grams = _grams(indicator, sums)
        if grams and abs(_weighted(indicator, grams) - value) < TOLERANCE_G:
            parts = {meal: f"{sums[f'{meal}_g']:.10g} {OVER} {sums[f'{meal}_covers']:.10g}" for meal in grams}
            return _weighted_said(indicator, parts)
        return ""
    for fraction in FRACTIONS.get(indicator.measure or "", ()):
        if all(name in sums for name in fraction.names()):
            found = fraction.value(sums)
            if found is not None and abs(round(found, 4) - value) < 0.0002:
                return fraction.said(sums)
    return ""


def _grams(indicator: Indicator, sums: Mapping[str, float]) -> dict[Meal, float]:
    """Grams per cover of the kinds of meals that are scored (``waste.evaluation.scoring.grams_by_meal``)."""
    covers = {meal: sums.get(f"{meal}_covers", 0) for meal in indicator.meals}
    counted = [meal for meal in covers if covers[meal] and covers[meal] >= MEAL_MIN * sums.get("weighed_covers", 0)]
    return {meal: sums[f"{meal}_g"] / covers[meal] for meal in counted}


def _weighted(indicator: Indicator, values: Mapping[Meal, float]) -> float:
    mix = {meal: indicator.meals[meal].mix for meal in values}
    return sum(mix[meal] * values[meal] for meal in values) / sum(mix.values())


def _weighted_said(indicator: Indicator, parts: Mapping[Meal, str]) -> str:
    if len(parts) == 1:
        return next(iter(parts.values()))
    mix = [f"{indicator.meals[meal].mix:g}" for meal in parts]
    terms = " + ".join(f"{share} {TIMES} {part}" for share, part in zip(mix, parts.values(), strict=True))
    return f"({terms}) {OVER} ({' + '.join(mix)})"


def _on_line(band: Band, value: float, shown: Callable[[float], str]) -> tuple[float, str]:
    """The share of points between limit and target, and how it is computed."""
    line = (band.limit - value) / (band.limit - band.target)
    share = min(1.0, max(0.0, line))
    if line != share:
        return share, _percent(share)
    limit, target = shown(band.limit), shown(band.target)
    return share, f"({limit} {MINUS} {shown(value)}) {OVER} ({limit} {MINUS} {target})"


def worked_points(indicator: Indicator, point: Point, sums: Mapping[str, float]) -> str:
    """How an indicator's points follow from its value, or nothing if they do not, as for one that is capped."""
    if point.value is None or point.points is None:
        return ""
    if indicator.measure is None:
        share, said = point.value, _percent(point.value)
    elif indicator.meals:
        grams = _grams(indicator, sums)
        if not grams:
            return ""
        lines = {meal: _on_line(indicator.meals[meal], value, _number) for meal, value in grams.items()}
        share = _weighted(indicator, {meal: line for meal, (line, _) in lines.items()})
        said = _weighted_said(indicator, {meal: said for meal, (_, said) in lines.items()})
    elif indicator.target is None or indicator.limit is None:
        return ""
    else:
        share, said = _on_line(Band(indicator.target, indicator.limit), point.value, _percent)
    said = f"{point.possible:g} {TIMES} {said}"
    return said if abs(point.possible * share - point.points) < ROUNDING else ""


def _percent(value: float) -> str:
    return f"{100 * value:.6g}%"


def _number(value: float) -> str:
    return f"{value:.6g}"
