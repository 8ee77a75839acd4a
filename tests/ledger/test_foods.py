"""CO2e by kind of food: by hand, by date, and never changed after the fact."""

from datetime import timedelta
from uuid import uuid4

import pytest

from foundation.postgres import Pool
from foundation.problems import Problem
from registry.meals import Meal
from tests.builders import Network
from tests.ledger.test_measures import note_covers
from tests.ledger.test_weighing import TODAY, canteens_in, correct, record, weigh_in
from waste.measures.over_time import measures_over, savings_over
from waste.measures.schemas import GroupBy, Period
from waste.weighing import foods
from waste.weighing.foods import factors
from waste.weighing.schemas import Correction, FoodFactor

FAR = TODAY + timedelta(days=40)


async def set_factor(ledger: Pool, factor: FoodFactor) -> None:
    async with ledger.acquire() as connection, connection.transaction():
        await foods.set_factor(connection, factor, "s")


async def test_a_month_by_hand(ledger: Pool) -> None:
    """2 kg of beef at 33.3, 4 kg of rice at 1.78, 1 kg not known at 3.0; bones and what was prepared do not count."""
    canteens = await canteens_in(ledger)
    number = next(iter(canteens))
    await note_covers(ledger, canteens[number].book, number, TODAY, Meal.LUNCH, 100)
    beef = weigh_in(number, 2_000, food="beef")
    await record(ledger, canteens, [
        beef, weigh_in(number, 4_000, stream="unserved", food="rice"), weigh_in(number, 1_000, stream="preparation"),
        weigh_in(number, 9_000, stream="inedible", food="beef"),
        weigh_in(number, 70_000, stream="prepared", food="beef"),
    ])  # fmt: skip
    for per in (Period.MONTH, Period.DAY):
        [month] = await measures_over(ledger, TODAY, TODAY, by=GroupBy.CANTEEN, per=per, canteen_id=number)
        assert (month.waste_g, month.co2e_g) == (7_000, 66_600 + 7_120 + 3_000)
    await correct(ledger, canteens, [Correction(uuid4(), beef.weigh_in_id, 1_000)])
    [month] = await measures_over(ledger, TODAY, TODAY, by=GroupBy.CANTEEN, per=Period.MONTH, canteen_id=number)
    assert month.co2e_g == 33_300 + 7_120 + 3_000


async def test_waste_by_food_by_hand(ledger: Pool) -> None:
    """Of each kind what is left after corrections, the most first; no kind told stands apart, bones are no waste."""
    canteens = await canteens_in(ledger)
    number, other = list(canteens)[:2]
    beef, taken_back = weigh_in(number, 2_000, food="beef"), weigh_in(number, 800, food="pork")
    await record(ledger, canteens, [
        beef, taken_back, weigh_in(number, 1_500, stream="unserved", food="rice"),
        weigh_in(number, 500, stream="preparation", food="rice"), weigh_in(number, 1_200, stream="preparation"),
        weigh_in(number, 9_000, stream="inedible", food="beef"), weigh_in(other, 7_000, food="beef"),
        weigh_in(number, 3_000, food="beef", business_date=TODAY - timedelta(days=1)),
    ])  # fmt: skip
    await correct(ledger, canteens, [
        Correction(uuid4(), beef.weigh_in_id, 1_000), Correction(uuid4(), taken_back.weigh_in_id, withdraw=True),
    ])  # fmt: skip
    found = await foods.wasted(ledger, canteens[number], TODAY, TODAY)
    assert [(one.food, one.waste_g, one.co2e_g, one.weigh_ins) for one in found] == [
        ("rice", 2_000, 3_560, 2), (None, 1_200, 3_600, 1), ("beef", 1_000, 33_300, 1),
    ]  # fmt: skip
    assert found[2].name_zh
    assert found[1].name_zh is None


async def test_savings_are_of_what_was_thrown_away(ledger: Pool) -> None:
    """At 10 kg a hundred covers before and 4 kg now, of pork at 12.31: 6 kg are 73.86 kg of CO2e.

    The running month is not compared with whole ones.
    """
    canteens = await canteens_in(ledger)
    number = next(iter(canteens))
    now = TODAY.replace(day=1) - timedelta(days=1)
    before = now.replace(day=1) - timedelta(days=1)
    for day, grams in ((before, 10_000), (now, 4_000), (TODAY, 90_000)):
        await note_covers(ledger, canteens[number].book, number, day, Meal.LUNCH, 100)
        weighings = [weigh_in(number, 1, stream=s, business_date=day, food="pork") for s in ("unserved", "preparation")]
        weighings.append(weigh_in(number, grams - 2, business_date=day, food="pork"))
        await record(ledger, canteens, weighings)
    [less] = await savings_over(ledger, (before, before), (now, TODAY), by=GroupBy.CANTEEN)
    assert (less.baseline_grams_per_cover, less.saved_g) == (100.0, 6_000)
    assert less.saved_co2e_g == pytest.approx(73_860, abs=60), "each weighing is rounded down to the gram"


async def test_a_factor_holds_from_its_day_on(ledger: Pool) -> None:
    canteens = await canteens_in(ledger)
    number = next(iter(canteens))
    await set_factor(ledger, FoodFactor("pork", FAR, "猪肉", "pork", 10_000, "a study"))
    await set_factor(ledger, FoodFactor("pork", FAR, "猪肉", "pork", 11_000, "a better study"))
    await record(ledger, canteens, [weigh_in(number, food="pork")])
    assert await ledger.fetchval("SELECT co2e_g FROM waste_meal") == 12_310
    assert [f.co2e_g_per_kg for f in await factors(ledger) if f.food == "pork"] == [12_310, 11_000]


@pytest.mark.parametrize("day", [TODAY - timedelta(days=400), TODAY, TODAY + timedelta(days=2)])
async def test_what_was_weighed_keeps_its_factor(ledger: Pool, day: object) -> None:
    before = await factors(ledger)
    with pytest.raises(Problem, match="can begin on"):
        await set_factor(ledger, FoodFactor("pork", day, "猪肉", "pork", 1, "nobody"))  # type: ignore[arg-type]
    assert await factors(ledger) == before


async def test_a_new_kind_of_food_is_there_from_its_day_on(ledger: Pool) -> None:
    canteens = await canteens_in(ledger)
    number = next(iter(canteens))
    shrimps = weigh_in(number, food="shrimp")
    with pytest.raises(Problem, match=r"Unknown kind of food.*shrimp"):
        await record(ledger, canteens, [shrimps])
    await set_factor(ledger, FoodFactor("shrimp", TODAY, "虾", "prawns, farmed", 26_870, "Poore & Nemecek"))
    await record(ledger, canteens, [shrimps])
    early = weigh_in(number, food="shrimp", business_date=TODAY - timedelta(days=1))
    with pytest.raises(Problem, match=r"Unknown kind of food.*shrimp"):
        await record(ledger, canteens, [early])
    assert await ledger.fetchval("SELECT sum(co2e_g) FROM waste_meal") == 26_870


def test_a_supervisor_sets_factors_and_a_kitchen_reads_them(network: Network) -> None:
    kitchen, supervisor = network.person("kitchen-yuyao"), network.person("supervisor")
    known = {f["food"]: f for f in kitchen.call("GET", "/waste/foods")["items"]}
    assert known["other"]["co2e_g_per_kg"] == 3_000
    assert all(f["source"] and f["name_zh"] for f in known.values())
    factor = {"food": "fish", "valid_from": str(FAR), "name_zh": "鱼类", "name_en": "fish", "co2e_g_per_kg": 13_000,
              "source": "本地测算"}  # fmt: skip
    assert kitchen.ask("POST", "/waste/foods", factor).status == 403
    supervisor.call("POST", "/waste/foods", factor)
    fish = [f for f in kitchen.call("GET", "/waste/foods")["items"] if f["food"] == "fish"]
    assert [(f["valid_from"], f["co2e_g_per_kg"]) for f in fish] == [("2000-01-01", 13_630), (str(FAR), 13_000)]
    refused = supervisor.ask("POST", "/waste/foods", factor | {"food": "Fish!"}).json()
    assert refused["code"] == "form.food"
    assert "小写英文字母" in refused["detail"]
    for wrong in ({"valid_from": str(TODAY)}, {"co2e_g_per_kg": -1}, {"food": "Fish!"}, {"source": ""}):
        assert supervisor.ask("POST", "/waste/foods", factor | wrong).status == 400
