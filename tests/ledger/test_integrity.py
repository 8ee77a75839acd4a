"""How weights were made: digits, corrections, variation, gaps, beside like kitchens."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from foundation.calendar import ZONE
from foundation.postgres import Pool
from foundation.problems import Problem
from registry.models import Canteen
from waste.supervision.integrity import (
    CHI_SQUARE_LIMIT,
    PEERS_MIN,
    SPAN_MAX,
    Corrections,
    compared,
    integrity_of,
    last_digits,
)

TODAY = datetime.now(ZONE).date()
LAST = TODAY - timedelta(days=1)
FIRST = LAST - timedelta(days=55)


def weights(chance: random.Random, step: int, heaped: float = 0.0) -> Counter[int]:
    """Three hundred weights of a scale, some of them guessed in whole kilograms."""
    return Counter(
        round(chance.lognormvariate(9.3, 0.4) / grain) * grain
        for _ in range(300)
        for grain in [1_000 if chance.random() < heaped else step]
    )


@pytest.mark.parametrize("step", [1, 5, 10, 20, 50, 100])
def test_digits_of_honest_scales_of_any_step_are_equally_frequent(step: int) -> None:
    chance = random.Random(3)
    found = [last_digits(weights(chance, step)) for _ in range(200)]
    assert {one.step_g for one in found if one} == {step}
    above = sum(one.chi_square > CHI_SQUARE_LIMIT for one in found if one)
    assert above <= 7, "one of a hundred is expected"


def test_guessed_weights_heap_on_a_digit() -> None:
    chance = random.Random(3)
    found = [last_digits(weights(chance, 100, heaped=0.25)) for _ in range(200)]
    assert sum(one.chi_square > one.limit for one in found if one) >= 190, "a quarter of them is guessed"
    guessed = last_digits(weights(chance, 100, heaped=1.0))
    assert guessed is not None
    assert guessed.step_g == 100, "no scale of a kitchen has steps of a kilogram"
    assert guessed.chi_square > guessed.limit
    assert last_digits(Counter({1_200: 49})) is None


def test_a_figure_beside_like_kitchens() -> None:
    figures = {1: 0.9, 2: 0.5, 3: 0.4, 4: 0.6, 5: None}
    beside = compared(1, figures, [1, 2, 3, 4, 5])
    assert (beside.figure, beside.usual, beside.peers) == (0.9, 0.5, PEERS_MIN)
    assert compared(1, figures, [1, 2, 3]).usual is None
    assert compared(5, figures, [1, 2, 3, 4]).figure is None


@pytest.fixture
async def canteens(ledger: Pool, as_superuser: Callable[..., None]) -> list[Canteen]:
    """Canteens that serve the same way, each with eight weeks of lunches; the last one's weights are invented."""
    as_superuser("TRUNCATE weigh_in, waste_meal, cover_day, kitchen, kitchen_month, kitchen_flag, material_entry")
    found = [Canteen(**dict(row)) for row in await ledger.fetch("SELECT * FROM canteen ORDER BY canteen_id")]
    chance = random.Random(5)
    kitchens, covers, waste = [], [], []
    for canteen in found:
        key = canteen.book, canteen.canteen_id
        kitchens.append(key)
        for n in range(56):
            day, number = FIRST + timedelta(days=n), chance.randint(60, 140)
            plate = 5_000 if canteen is found[-1] else round(50 * number * chance.uniform(0.8, 1.2))
            covers.append((*key, day, number, number if canteen is found[-1] else 0))
            if canteen is not found[0] or day.isoweekday() != 5:
                waste.append((*key, day, plate))
    await ledger.executemany(
        "INSERT INTO kitchen (book, canteen_id, operating, serving) VALUES ($1, $2, 'self_run', 'buffet')", kitchens
    )
    await ledger.executemany(
        "INSERT INTO cover_day (book, canteen_id, business_date, meal, covers, guests, cheap)"
        " VALUES ($1, $2, $3, 'lunch', $4, 0, $5)", covers,
    )  # fmt: skip
    await ledger.executemany(
        "INSERT INTO waste_meal (book, canteen_id, business_date, meal, preparation_g, unserved_g, plate_g, inedible_g,"
        " implausible) VALUES ($1, $2, $3, 'lunch', 0, 0, $4, 1000, 0)", waste,
    )  # fmt: skip
    return found


async def test_weights_that_do_not_follow_covers_and_days_that_are_left_out(
    ledger: Pool, canteens: list[Canteen]
) -> None:
    lazy = await integrity_of(ledger, canteens[0], FIRST, LAST)
    invented = await integrity_of(ledger, canteens[-1], FIRST, LAST)
    assert lazy.correlation.figure is not None
    assert invented.correlation.usual is not None
    assert lazy.correlation.figure > 0.7
    assert invented.correlation.usual > 0.7
    assert invented.correlation.figure is None, "the same weight every day goes with nothing"
    assert invented.variation.figure is not None
    assert invented.variation.usual is not None
    assert invented.variation.figure > 1.5 * invented.variation.usual
    assert invented.variation.peers == len(canteens) - 1
    assert [(day.weekday, day.meals, day.weighed) for day in lazy.weekdays] == [
        (day, 8, 0 if day == 5 else 8) for day in range(1, 8)
    ]
    assert lazy.inedible_share.figure is not None
    assert 0.1 < lazy.inedible_share.figure < 0.25
    assert (invented.cheap_share.figure, invented.cheap_share.usual) == (0.5, 0.0), "as many taps as covers"
    assert sum(month.weighed_g or 0 for month in lazy.months) > 56 * 3_000, "Fridays are extrapolated"


async def test_corrections_to_nothing_and_late_ones_are_counted(
    ledger: Pool, canteens: list[Canteen], as_superuser: Callable[..., None]
) -> None:
    canteen = canteens[0]

    def weigh(grams: int, replaces: object = None, after_days: int = 0, day: date = FIRST) -> object:
        number = uuid4()
        as_superuser(
            "INSERT INTO weigh_in (book, weigh_in_id, canteen_id, business_date, meal, stream, weight_g, replaces,"
            " recorded_by, recorded_at) VALUES (%s, %s, %s, %s, 'lunch', 'plate', %s, %s, 'k', %s)",
            canteen.book, number, canteen.canteen_id, day, grams, replaces,
            datetime(day.year, day.month, day.day, 5, tzinfo=UTC) + timedelta(days=after_days),
        )  # fmt: skip
        return number

    numbers = [weigh(1_000 + n) for n in range(4)]
    weigh(0, numbers[0], 1)
    weigh(0, numbers[1], 15)
    weigh(900, numbers[2], 15)
    weigh(5_000, day=FIRST - timedelta(days=1))
    found = await integrity_of(ledger, canteen, FIRST, LAST)
    assert found.corrections == Corrections(weigh_ins=4, corrections=3, zeroed=2, late=2)


async def test_a_span_is_bounded(ledger: Pool, canteens: list[Canteen]) -> None:
    for first, last in ((LAST, FIRST), (LAST - SPAN_MAX - timedelta(days=1), LAST)):
        with pytest.raises(Problem) as refused:
            await integrity_of(ledger, canteens[0], first, last)
        assert refused.value.code == "supervision.span"
