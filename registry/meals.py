"""The meals of a day."""

from enum import StrEnum


class Meal(StrEnum):
    """A meal period; each canteen has its own hours for it."""

    BREAKFAST = "breakfast"
    LUNCH = "lunch"
    DINNER = "dinner"
