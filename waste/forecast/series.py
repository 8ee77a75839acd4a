"""The series of covers that the forecast learns from; without the numerics, which workers do without."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Series:
    """Covers of a canteen's meal, one a day without gaps.

    ``guests``: registered visitors and what is booked, known beforehand; it may reach further than the covers.
    """

    name: str
    first: date
    covers: Sequence[int]
    guests: Sequence[int]

    def day(self, index: int) -> date:
        """The date of an index."""
        return self.first + timedelta(days=index)
