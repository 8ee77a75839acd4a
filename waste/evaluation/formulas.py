"""The formulas of measured indicators and of points, with their numbers put in. Pure.

They are printed for people who check a score. Each is computed once more here: a value that does not follow from the
sums alone, such as one that an inspector's weighing corrected, is not shown as if it did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from waste.evaluation.scheme import Indicator
from waste.evaluation.scoring import Point

MINUS, OVER, TIMES = "\N{MINUS SIGN}", "\N{DIVISION SIGN}", "\N{MULTIPLICATION SIGN}"


ROUNDING = 0.011
"""Points are kept with two decimals, and the values that they are from with four."""


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
    "forecast_wape": [Fraction("forecast_off", "forecast_actual")],
    "preparation_off": [Fraction("off_portions", "cook_for")],
    "completeness": [Fraction("weighed_meals", "meals")],
    "bookings_kept": [Fraction("came", "booked")],
    "credibility": [Fraction("implausible", "weigh_ins", rest=True), Fraction("marked_streams", "streams", rest=True)],
    "grams_per_cover": [Fraction("waste_g", "weighed_covers")],
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


def worked_value(measure: str, sums: Mapping[str, float], value: float) -> str:
    """How a measure's value follows from the sums, or nothing if it does not follow from them alone."""
    for fraction in FRACTIONS.get(measure, ()):
        if all(name in sums for name in fraction.names()):
            found = fraction.value(sums)
            if found is not None and abs(round(found, 4) - value) < 0.0002:
                return fraction.said(sums)
    return ""


def worked_points(indicator: Indicator, point: Point) -> str:
    """How an indicator's points follow from its value, or nothing if they do not, as for one that is capped."""
    if point.value is None or point.points is None:
        return ""
    possible = f"{point.possible:g} {TIMES}"
    if indicator.measure is None:
        said, share = f"{possible} {_percent(point.value)}", point.value
    elif indicator.target is None or indicator.limit is None:
        return ""
    else:
        line = (indicator.limit - point.value) / (indicator.limit - indicator.target)
        share = min(1.0, max(0.0, line))
        shown = _number if indicator.measure == "grams_per_cover" else _percent
        limit, target, value = shown(indicator.limit), shown(indicator.target), shown(point.value)
        said = f"{possible} ({limit} {MINUS} {value}) {OVER} ({limit} {MINUS} {target})"
        if line != share:
            said = f"{possible} {_percent(share)}"
    return said if abs(point.possible * share - point.points) < ROUNDING else ""


def _percent(value: float) -> str:
    return f"{100 * value:.6g}%"


def _number(value: float) -> str:
    return f"{value:.6g}"
