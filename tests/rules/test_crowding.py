"""How full a canteen is said to be: never without data, and never fuller with fewer diners."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from travellers.crowding import STAY, Level, crowding_of
from travellers.kept import Kept
from travellers.places import Canteen, Place, distance_m

AT = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
LUNCH = (AT - timedelta(minutes=30), AT + timedelta(minutes=90))


@pytest.mark.parametrize(
    ("diners", "level", "percent"),
    [(0, Level.QUIET, 0), (59, Level.QUIET, 29), (60, Level.USUAL, 30), (130, Level.BUSY, 65), (190, Level.FULL, 95)],
)
def test_levels_are_shares_of_the_seats(diners: int, level: Level, percent: int) -> None:
    found = crowding_of(200, diners, None, LUNCH, AT)
    assert found is not None
    assert (found.level, found.taken_percent, found.expected_percent, found.computed_at) == (level, percent, None, AT)


def test_nothing_is_said_without_seats_or_payments() -> None:
    assert crowding_of(None, 50, 300, LUNCH, AT) is None
    assert crowding_of(200, None, 300, LUNCH, AT) is None


def test_the_rest_of_the_meal_is_what_the_forecast_says() -> None:
    found = crowding_of(200, 10, 480, LUNCH, AT)
    assert found is not None
    assert found.expected_percent == 50, "480 covers of 25 minutes each in 120 minutes are 100 at a time"


@given(st.integers(1, 5_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_more_diners_never_make_it_emptier(seats: int, fewer: int, more: int) -> None:
    fewer, more = sorted((fewer, more))
    words = list(Level)
    less, fuller = (crowding_of(seats, diners, None, LUNCH, AT) for diners in (fewer, more))
    assert less is not None
    assert fuller is not None
    assert words.index(less.level) <= words.index(fuller.level)
    assert (less.taken_percent >= 95) == (less.level is Level.FULL)


def test_distances_are_those_of_a_map() -> None:
    here = Canteen(1, "", "", 1, "", "", 3302, "", "", None, 29.8683, 121.5440, 100)
    assert distance_m(Place(30.2741, 120.1551), here) == pytest.approx(141_300, rel=0.01), "Ningbo to Hangzhou"
    assert distance_m(Place(29.8683, 121.5440), here) == 0


async def test_what_is_kept_is_read_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0

    async def read() -> int:
        nonlocal reads
        reads += 1
        return reads

    clock = 100.0
    monkeypatch.setattr("travellers.kept.time.monotonic", lambda: clock)
    kept = Kept(STAY.total_seconds(), read)
    assert [await kept.get() for _ in range(3)] == [1, 1, 1]
    clock += STAY.total_seconds() + 1
    assert await kept.get() == 2
