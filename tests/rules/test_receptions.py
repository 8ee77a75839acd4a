"""What agencies spent on receptions: which months are compared, and what each side holds."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from clearing.receptions import Spent, compared_months, month_before, months_after

JOINED = date(2026, 3, 1)
NOW = date(2026, 7, 1)
MONTHS = st.dates(date(2015, 1, 1), date(2030, 1, 1)).map(lambda day: day.replace(day=1))


def test_a_month_is_compared_with_the_same_one_of_the_last_year_before() -> None:
    reported = {
        date(2025, 4, 1): Spent(900_00, 100_00),
        date(2026, 4, 1): Spent(300_00, 40_00),
    }
    [april], missing = compared_months(reported, {date(2026, 4, 1): 60_00}, JOINED, NOW)
    assert (april.month, april.before_month) == (date(2026, 4, 1), date(2025, 4, 1))
    assert (april.before_fen, april.after_fen, april.saved_fen) == (1_000_00, 400_00, 600_00)
    assert april.network_fen == 60_00
    assert missing == [date(2026, 5, 1), date(2026, 6, 1)]


def test_more_spent_than_before_is_a_negative_saving() -> None:
    reported = {date(2025, 6, 1): Spent(0, 0), date(2026, 6, 1): Spent(1_00, 0)}
    [june], _ = compared_months(reported, {}, JOINED, NOW)
    assert june.saved_fen == -1_00


def test_the_month_of_joining_and_the_running_one_are_on_neither_side() -> None:
    everything = {date(year, month, 1): Spent(5_00, 0) for year in (2025, 2026) for month in range(1, 13)}
    found, missing = compared_months(everything, {}, JOINED, NOW)
    assert [one.month for one in found] == [date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)]
    assert missing == []
    assert compared_months(everything, {}, NOW, NOW) == ([], [])


def test_years_later_the_baseline_is_still_before_joining() -> None:
    assert month_before(date(2029, 2, 1), JOINED) == date(2026, 2, 1)
    assert month_before(date(2029, 3, 1), JOINED) == date(2025, 3, 1)
    assert month_before(date(2029, 12, 1), JOINED) == date(2025, 12, 1)


@given(MONTHS, MONTHS)
def test_a_baseline_lies_in_the_twelve_months_before_joining(joined: date, now: date) -> None:
    for month in months_after(joined, now):
        before = month_before(month, joined)
        assert before.month == month.month
        assert joined < month < now
        assert 0 < 12 * (joined.year - before.year) + joined.month - before.month <= 12
