"""A canteen without a terminal: its printed code, and phones that pay by it."""

from pathlib import Path
from typing import Any

import pytest

from terminals.sheet_phone import SheetPhone
from tests.builders import Network, Official

ALL_DAY = [{"meal": "lunch", "weekdays": [1, 2, 3, 4, 5, 6, 7], "starts": "00:00", "ends": "23:59:59"}]


@pytest.fixture(scope="module")
def city(network: Network) -> Network:
    """The demo city, where lunch is served all day at the canteens that pay by sheets."""
    for agency in ("yinzhou", "hangzhou"):
        path = f"/registry/canteens/{network.canteen_id(agency)}/meals"
        network.centre.call("PUT", path, {"meals": ALL_DAY})
    return network


def sheet_of(city: Network, agency: str = "yinzhou", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = city.centre.call(
        "POST", "/terminals/sheets", {"canteen_id": city.canteen_id(agency), **more}
    )
    return made


def phone_of(city: Network, folder: Path, official: Official | None = None) -> SheetPhone:
    official = official or city.official()
    return SheetPhone(city.url, city.phone(official), folder / f"phone-{official.holder_id}.journal")


def test_a_phone_pays_by_the_code_that_hangs_at_the_counter(city: Network, tmp_path: Path) -> None:
    official = city.official()
    phone = phone_of(city, tmp_path, official)
    sheet = sheet_of(city, name="1号窗口")
    asked = phone.ask(sheet["code"])
    assert (asked["meal"], asked["may_eat"], asked["name"]) == ("lunch", True, "1号窗口")
    answer = phone.send(phone.begin(sheet["code"], asked))
    assert answer["outcome"] == "approved"
    assert answer["receipt"]["amount_fen"] == asked["price_fen"]
    assert city.purses(official)[0] == 10_000 - asked["price_fen"]
    assert answer["proof"]["short_number"] in answer["receipt"]["number"].replace("-", "").upper()
