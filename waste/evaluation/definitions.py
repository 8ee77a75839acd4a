"""What the figures of an evaluation mean, in the terms of the Food Loss and Waste Accounting and Reporting Standard.

FLW Protocol, version 1.0 (2016), chapters 6 to 9: what every account of food waste must state.
"""

from datetime import date
from typing import Literal, NamedTuple

from foundation import catalogue
from foundation.calendar import long_date
from foundation.catalogue import Language
from waste.evaluation.quarters import quarter_of
from waste.evaluation.scheme import Indicator

TERMS = ("scope", "material", "destination", "boundary", "period", "method", "uncertainty")
"""Messages ``evaluation.definition.<term>.name`` and ``.text``."""


class Definition(NamedTuple):
    """A term and what it means here."""

    name: str
    text: str


def definitions(quarter: date, language: Language) -> list[Definition]:
    """The definitions behind the figures of a quarter."""
    first, last = (long_date(day, language) for day in quarter_of(quarter))
    return [
        Definition(
            catalogue.text(f"evaluation.definition.{term}.name", language),
            catalogue.text(f"evaluation.definition.{term}.text", language, first=first, last=last),
        )
        for term in TERMS
    ]


def value_said(measure: str | None, value: float | None, language: Language) -> str:
    """The value of a measure for people: grams per cover, or a share in percent; a dash where there is none."""
    if value is None:
        return "—"
    if measure == "grams_per_cover":
        return catalogue.text("evaluation.unit.grams_per_cover", language, value=f"{value:g}")
    return f"{100 * value:.4g}%".replace("-", "\N{MINUS SIGN}")


def bound_said(indicator: Indicator, bound: Literal["target", "limit"], language: Language) -> str:
    """Where an indicator has all of its points, or none, for people; by kind of meal if it has bands."""
    if not indicator.meals:
        return value_said(indicator.measure, getattr(indicator, bound), language)
    meals = {meal: f"{getattr(band, bound):g}" for meal, band in indicator.meals.items()}
    # A meal and its grams stay on one line.
    return " ".join(
        f"{catalogue.text(f'measures.meal.{meal}', language)}\N{NO-BREAK SPACE}{grams}" for meal, grams in meals.items()
    )
