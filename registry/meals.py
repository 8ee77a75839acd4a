"""The meals of a day."""

from enum import StrEnum


class Meal(StrEnum):
    """A meal period; canteens set its hours."""

    BREAKFAST = "breakfast"
    LUNCH = "lunch"
    DINNER = "dinner"
