"""What cashiers and cooks read when a scanner, a card reader or a scale gives something unusual."""

from pathlib import Path
from uuid import uuid4

import pytest

from registry.meals import Meal
from terminals.devices import SoftwareCard
from tests.builders import Network
from waste.measures.streams import Stream


@pytest.mark.parametrize(
    "scanned",
    ["", "6", "6901234", "oc1:abc", "OC1:", "https://u.wechat.com/EAqsmY", "微信支付", "A" * 396, "9" * 4_000],
)
def test_a_code_that_is_none_of_ours_is_refused_with_what_to_do(network: Network, scratch: Path, scanned: str) -> None:
    till = network.terminal(scratch)
    answer = till.charge_code(scanned, "lunch")
    assert (answer.outcome, answer.reason) == ("refused", "credential_invalid")
    assert answer.advice_en
    assert answer.advice_zh
    assert till.unknown() == [], "the refusal is final: the journal has it"


class UpperCaseUid(bytes):
    """A card number as some readers print it."""

    def hex(self, *_: object) -> str:
        return super().hex().upper()


def test_readers_that_print_upper_case_are_taken(network: Network, scratch: Path) -> None:
    official = network.official()
    uid = f"04{uuid4().hex[:12]}"
    message = {
        "agency_id": official.agency_id,
        "cards": [{"holder_id": official.holder_id, "uid": uid.upper()}],
    }
    [issued] = network.centre.call("POST", "/console/cards", message)["cards"]
    assert issued["uid"] == uid, "one spelling from here on"
    again = network.centre.ask(
        "POST", "/console/cards", message | {"cards": [{"holder_id": official.holder_id, "uid": uid}]}
    )
    assert again.status == 409, "the same card in either spelling"

    genuine = network.card_of(issued)
    card = SoftwareCard(UpperCaseUid(genuine.uid), genuine.file, genuine._key)
    assert network.terminal(scratch).charge_card(card, "lunch").outcome == "approved"


@pytest.mark.parametrize("uid", ["04A1B2C3D4E5", "04A1B2C3D4E5FG", "04a1b2c3d4e5f6a7", "4"])
def test_a_wrong_card_number_is_explained_without_a_pattern(network: Network, uid: str) -> None:
    official = network.official()
    message = {"agency_id": official.agency_id, "cards": [{"holder_id": official.holder_id, "uid": uid}]}
    answer = network.centre.ask("POST", "/console/cards", message)
    assert answer.status == 400
    told = answer.data.decode()
    assert "14" in told
    assert "[0-9" not in told


@pytest.mark.parametrize("weight_g", [9_999_000, 0, -5])
def test_nine_tonnes_of_leftovers_are_explained_to_the_cook(network: Network, weight_g: int) -> None:
    kitchen = network.person("kitchen-yinzhou")
    weigh_in = {
        "weigh_in_id": str(uuid4()),
        "canteen_id": network.canteen_id("yinzhou"),
        "business_date": network.centre.call("GET", "/clearing/open-days")[0]["business_date"],
        "meal": Meal.LUNCH,
        "stream": Stream.PLATE,
        "weight_g": weight_g,
    }
    answer = kitchen.ask("POST", "/waste/weigh-ins", {"weigh_ins": [weigh_in]})
    assert answer.status == 400
    told = answer.json()
    words = ("nothing was wasted", "没有浪费") if weight_g == 0 else ("2,000 kg", "2000公斤")
    assert any(word in told["detail"] for word in words), told["detail"]
