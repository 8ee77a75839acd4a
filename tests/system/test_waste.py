"""Food waste: formulas by hand, and grams per cover from payments and weighings over HTTP."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.builders import Network
from waste.measures.per_cover import Measures, measure
from waste.measures.streams import Stream


@pytest.mark.parametrize(
    ("case", "weights_g", "covers", "expected"),
    [
        # Food Loss and Waste Accounting and Reporting Standard: inedible parts are reported apart.
        (
            "a lunch",
            {
                Stream.PREPARATION: 3_000,
                Stream.UNSERVED: 4_000,
                Stream.PLATE: 8_000,
                Stream.INEDIBLE: 2_500,
                Stream.PREPARED: 120_000,
            },
            200,
            Measures(200, 15_000, 2_500, 120_000, 75.0, 40.0, 0.125, 0),
        ),
        ("not weighing is not a zero", {Stream.PREPARED: 9_000}, 10, Measures(10, 0, 0, 9_000, None, None, None, 0)),
        (
            "nobody came",
            {Stream.PREPARATION: 0, Stream.UNSERVED: 500, Stream.PLATE: 0, Stream.PREPARED: 1_000},
            0,
            Measures(0, 500, 0, 1_000, None, None, None, 0),
        ),
        (
            "a stream is unknown",
            {Stream.UNSERVED: 500, Stream.PLATE: 50, Stream.PREPARED: 1_000},
            5,
            Measures(5, 550, 0, 1_000, None, 10.0, None, 0),
        ),
    ],
)
def test_measures_by_hand(case: str, weights_g: dict[Stream, int], covers: int, expected: Measures) -> None:
    assert measure(weights_g, covers) == expected, case


def test_grams_per_cover_from_payments_and_weighings(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch, "hangzhou")
    kitchen = network.person("kitchen-hangzhou")
    day = network.centre.call("GET", "/clearing/open-days")[0]["business_date"]

    def lunch() -> dict[str, Any]:
        meals = kitchen.call("GET", f"/waste/days/{day}")["meals"]
        return next((one for one in meals if one["meal"] == "lunch"), {"covers": 0})

    # Other tests may have eaten there.
    before = lunch()["covers"]
    cards = [network.card(network.official("hangzhou")) for _ in range(4)]
    for card in cards:
        till.charge_card(card, "lunch")
    till.charge_card(cards[0], "lunch")  # a second helping is not a second cover
    till.charge_card(cards[3], "lunch")
    for sequence in (4, 6):  # the fourth official gets all his money back: not a cover
        till.void(till.epoch, sequence)
    weigh_ins = [
        {
            "weigh_in_id": str(uuid4()), "canteen_id": network.canteen_id("hangzhou"), "business_date": day,
            "meal": "lunch", "stream": stream, "weight_g": weight_g,
        }
        for stream, weight_g in (("prepared", 1_500), ("plate", 120), ("plate", 60), ("unserved", 45))
    ]  # fmt: skip
    weigh_ins.append(weigh_ins[0] | {"weigh_in_id": str(uuid4()), "stream": "preparation", "weight_g": 0})
    assert kitchen.ask("POST", "/waste/weigh-ins", {"weigh_ins": weigh_ins}).status == 400, "a zero must be said"
    weigh_ins[-1]["nothing_wasted"] = True
    assert kitchen.call("POST", "/waste/weigh-ins", {"weigh_ins": weigh_ins})["new"] == 5
    assert kitchen.call("POST", "/waste/weigh-ins", {"weigh_ins": weigh_ins})["new"] == 0
    changed = [weigh_ins[0] | {"weight_g": 9_999}]
    assert kitchen.ask("POST", "/waste/weigh-ins", {"weigh_ins": changed}).status == 409
    shown = lunch()
    assert (shown["covers"], shown["waste_rate"]) == (before + 3, 0.15)
    assert shown["grams_per_cover"] == round(225 / (before + 3), 1)


def test_a_kitchen_sees_and_weighs_its_own_canteens_alone(network: Network) -> None:
    kitchen = network.person("kitchen-yuyao")
    path = f"/registry/canteens?limit=500&agency_id={network.agency_id('yuyao')}"
    own = {canteen["canteen_id"] for canteen in network.centre.call("GET", path)["items"]}
    assert network.canteen_id("yuyao") in own
    assert network.canteen_id("yinzhou") not in own
    day = network.centre.call("GET", "/clearing/open-days")[0]["business_date"]
    meals = kitchen.call("GET", f"/waste/days/{day}")["meals"]
    assert {meal["canteen_id"] for meal in meals} <= own
    assert network.person("finance-yuyao").ask("GET", f"/waste/days/{day}").status == 403
