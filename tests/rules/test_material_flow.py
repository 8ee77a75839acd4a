"""Does a kitchen's month add up: pure rules, with a simulation of honest kitchens and of light weights."""

import random

import pytest

from registry.meals import Meal
from waste.materials.mass_balance import YIELDS, balance, inedible_at_most, storage_loss, used_of
from waste.materials.stream_shares import INEDIBLE_AT_MOST, KITCHENS_MIN, MONTHS_MIN, shares_of, usual_of
from waste.measures.streams import Stream

BOUGHT = {"rice": 1_200_000, "pork": 600_000, "vegetable": 1_800_000, "egg": 150_000}


def cooked(chance: random.Random, used: dict[str, int]) -> tuple[int, int, int]:
    """An honest month: preparation waste, inedible parts and food prepared, by yields drawn within their bands."""
    lost, inedible, prepared = 0, 0, 0.0
    for food, grams in used.items():
        its = YIELDS[food]
        trimmed, bones = 0.06 * grams, chance.uniform(0.2, 0.8) * its.inedible / 100 * grams
        lost, inedible = lost + round(trimmed), inedible + round(bones)
        prepared += (grams - trimmed - bones) * chance.uniform(its.low, its.high) / 100
    return lost, inedible, round(prepared)


@pytest.mark.parametrize("counted", [True, False])
def test_honest_months_balance_and_weights_at_55_percent_do_not(counted: bool) -> None:
    chance = random.Random(7)
    honest, light = 0, 0
    for _ in range(400):
        change = {food: round(chance.uniform(-0.1, 0.1) * grams) for food, grams in BOUGHT.items()}
        used = used_of(BOUGHT, change)
        lost, inedible, prepared = cooked(chance, used)
        for share in (1.0, 0.55):
            found = balance(
                BOUGHT, change if counted else None, preparation_g=round(share * lost),
                inedible_g=round(share * inedible), prepared_g=round(share * prepared),
            )  # fmt: skip
            assert found is not None
            if share == 1.0:
                honest += found.bound_g is not None
            else:
                light += found.bound_g == found.low_g
    assert honest <= 4, "at most one honest month of a hundred"
    assert light >= (380 if counted else 280), light


def test_what_is_left_in_stock_was_not_used() -> None:
    assert used_of({"rice": 100}, {"rice": 40, "flour": -10}) == {"rice": 60, "flour": 10}
    assert used_of({"rice": 100}, {"rice": 140}) == {}
    assert balance({"rice": 100}, {"rice": 100}, preparation_g=0, inedible_g=0, prepared_g=5) is None
    assert balance({}, None, preparation_g=1, inedible_g=1, prepared_g=1) is None


def test_a_kind_of_food_added_later_has_the_band_of_other_food() -> None:
    known, added = (
        balance({food: 1_000}, {}, preparation_g=0, inedible_g=0, prepared_g=1) for food in ("other", "millet")
    )
    assert known == added
    assert inedible_at_most({"millet": 1_000}) == 300


def test_loss_in_storage_is_what_spoiled_of_what_came() -> None:
    assert storage_loss(3_000, 150_000) == 0.02
    assert storage_loss(3_000, 0) is None
    assert storage_loss(0, 150_000) is None, "who never records the cause gets no points for it"
    assert storage_loss(149, 150_000) is None


def test_shares_of_streams_against_others() -> None:
    shares = shares_of({Stream.PREPARATION: 20, Stream.UNSERVED: 30, Stream.PLATE: 40, Stream.INEDIBLE: 10})
    assert shares[Stream.PLATE] == 0.4
    assert shares_of({Stream.PREPARED: 99}) == {}
    usual = usual_of([0.40, 0.38, 0.42, 0.41, 0.39, 0.10], KITCHENS_MIN)
    assert usual is not None
    assert not usual.is_left_by(0.47)
    assert usual.is_left_by(0.10), "one among six is seen, though it is in the median"
    assert usual_of([0.4] * (MONTHS_MIN - 1), MONTHS_MIN) is None


def test_plate_waste_declared_inedible_is_implausible() -> None:
    """60 % of the plate waste of an ordinary lunch."""
    honest = {Stream.PREPARATION: 8, Stream.UNSERVED: 12, Stream.PLATE: 48, Stream.INEDIBLE: 12}
    moved = honest | {Stream.PLATE: 19, Stream.INEDIBLE: 41}
    assert shares_of(honest)[Stream.INEDIBLE] < INEDIBLE_AT_MOST[Meal.LUNCH] < shares_of(moved)[Stream.INEDIBLE]
