"""Whether a phone is near the canteen that it pays at, by what its region wants to know."""

from datetime import date
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from settlement.errors import Refusal
from settlement.tariff import PlaceCheck
from terminals.models import Nearness
from tests.rules.test_tariff import RULES
from travellers.place_checks import Checked, check_place, class_of, place_refusal
from travellers.schemas import NoPlace, PlaceTold


class At(NamedTuple):
    latitude: float | None
    longitude: float | None


CANTEEN, NOWHERE = At(29.8683, 121.5440), At(None, None)
HERE = PlaceTold(29.8685, 121.5441, 20)
AWAY = PlaceTold(29.8953, 121.5440, 20)
"""Three kilometres north."""
ROUGH = PlaceTold(29.8685, 121.5441, 5_000)
NEAR, FAR = (Nearness.NEAR, "0-100"), (Nearness.FAR, "3000-")
DENIED, UNKNOWN = (Nearness.DENIED, None), (Nearness.UNKNOWN, None)


@pytest.mark.parametrize(
    ("told", "untold", "canteen", "found", "refusal"),
    [
        (HERE, None, CANTEEN, NEAR, None),
        (AWAY, None, CANTEEN, FAR, Refusal.TOO_FAR),
        (None, NoPlace.DENIED, CANTEEN, DENIED, Refusal.PLACE_NOT_TOLD),
        (None, NoPlace.UNKNOWN, CANTEEN, UNKNOWN, Refusal.PLACE_NOT_TOLD),
        (None, None, CANTEEN, UNKNOWN, Refusal.PLACE_NOT_REPEATED),
        (ROUGH, None, CANTEEN, UNKNOWN, Refusal.PLACE_NOT_TOLD),
        (HERE, None, NOWHERE, UNKNOWN, None),
        (None, NoPlace.DENIED, NOWHERE, UNKNOWN, None),
        (None, None, NOWHERE, UNKNOWN, None),
    ],
)
def test_what_a_place_says(
    told: PlaceTold | None, untold: NoPlace | None, canteen: At, found: tuple[Nearness, str | None], refusal: Refusal
) -> None:
    flags, refuses = (replace(RULES, place_check=check) for check in (PlaceCheck.FLAG, PlaceCheck.REFUSE))
    nothing = told is None and untold is None
    for rules, refused in ((flags, None), (refuses, refusal)):
        assert check_place(rules, canteen, told, untold) == Checked(*found)
        assert place_refusal(rules, canteen, found[0], says_nothing=nothing) == refused
    assert check_place(RULES, canteen, told, untold) == Checked(Nearness.OFF)
    assert check_place(None, canteen, told, untold) == Checked(Nearness.OFF)


def test_a_place_that_may_be_off_counts_for_its_holder() -> None:
    rules = replace(RULES, valid_from=date(2026, 1, 1), place_check=PlaceCheck.REFUSE, place_within_m=300)
    fourth_hundred = PlaceTold(29.8683 + 0.0035, 121.5440, 100)
    assert check_place(rules, CANTEEN, fourth_hundred, None).nearness is Nearness.NEAR
    exact = replace(fourth_hundred, accuracy_m=10)
    assert check_place(rules, CANTEEN, exact, None).nearness is Nearness.FAR


def test_a_rough_place_counts_no_more_than_the_distance_that_is_asked_for() -> None:
    rules = replace(RULES, valid_from=date(2026, 1, 1), place_check=PlaceCheck.REFUSE, place_within_m=300)
    for away_m, found in ((590, Nearness.NEAR), (610, Nearness.FAR), (1_290, Nearness.FAR)):
        rough = PlaceTold(29.8683 + away_m / 111_195, 121.5440, 1_000)
        assert check_place(rules, CANTEEN, rough, None).nearness is found


def test_distances_are_kept_as_classes() -> None:
    assert [class_of(metres) for metres in (0, 99, 100, 999, 1_000, 2_999, 3_000, 10**7)] == [
        "0-100", "0-100", "100-300", "300-1000", "1000-3000", "1000-3000", "3000-", "3000-",
    ]  # fmt: skip
