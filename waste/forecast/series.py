"""The series of covers that the forecast learns from; without the numerics, which workers do without."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Series:
    """Covers of a canteen's meal, one a day without gaps.

    Known beforehand, and reaching further than the covers: ``guests``, registered visitors and what is booked;
    ``present``, how many of the agency's people are on the spot, and ``overtime``, how many stay late: None on days
    of which nobody told. ``told``: by how many people bookings and report-outs of diners change a day, as it was known
    one day before, two days before, and so on to seven.
    """

    name: str
    first: date
    covers: Sequence[int]
    guests: Sequence[int]
    present: Sequence[int | None] = ()
    overtime: Sequence[int | None] = ()
    told: Sequence[Sequence[int]] = ()

    def day(self, index: int) -> date:
        """The date of an index."""
        return self.first + timedelta(days=index)
