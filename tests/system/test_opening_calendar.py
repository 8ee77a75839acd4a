"""A canteen's opening calendar: its week, its special days, and who goes by it."""

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from foundation.calendar import is_working_day
from tests.builders import Network
from tests.running_system import Person
from tests.system.test_network_changes import new_canteen

WEEK = [
    {"meal": "lunch", "starts": "11:00:00", "ends": "13:00:00", "weekdays": [1, 2, 3, 4]},
    {"meal": "lunch", "starts": "11:00:00", "ends": "12:00:00", "weekdays": [5]},
    {"meal": "breakfast", "starts": "07:00:00", "ends": "08:30:00", "weekdays": [1, 2, 3, 4, 5]},
]
OPEN_DAY: dict[str, Any] = {"meals": [{"meal": "lunch", "starts": "10:30", "ends": "13:00:00"}], "reason": "开放日"}


@pytest.fixture(scope="module")
def canteen_id(network: Network) -> int:
    return new_canteen(network, network.agency_id("yinzhou"), meals=WEEK)


@pytest.fixture
def saturday(network: Network) -> date:
    """A Saturday to come on which offices do not work."""
    with psycopg.connect(network.system.database_url) as db:
        row = db.execute("SELECT local_date_of(now())").fetchone()
    assert row is not None
    day: date = row[0] + timedelta(days=3)
    while day.isoweekday() != 6 or is_working_day(day):
        day += timedelta(days=1)
    return day


def lunches(shown: dict[str, Any]) -> list[tuple[str, str]]:
    return [(meal["starts"], meal["ends"]) for meal in shown["meals"] if meal["meal"] == "lunch"]


def test_the_week_as_it_is_set(network: Network, saturday: date) -> None:
    """What is read can be set again as it is; a special day is not in it."""
    path = f"/registry/canteens/{new_canteen(network, network.agency_id('yinzhou'), meals=WEEK)}"
    kitchen = network.person("kitchen-yinzhou")
    kitchen.call("PUT", f"{path}/days/{saturday}", OPEN_DAY)
    found = kitchen.call("GET", f"{path}/meals")
    kitchen.call("DELETE", f"{path}/days/{saturday}")
    assert sorted(found["meals"], key=str) == sorted(WEEK, key=str)
    kitchen.call("PUT", f"{path}/meals", found)
    assert network.person("supervisor").call("GET", f"{path}/meals") == found
    assert kitchen.ask("GET", "/registry/canteens/999999999/meals").status == 404


def test_a_week_and_a_special_day(network: Network, canteen_id: int, saturday: date) -> None:
    path = f"/registry/canteens/{canteen_id}/days"
    kitchen = network.person("kitchen-yinzhou")
    assert kitchen.call("GET", f"{path}/{saturday}") == {
        "day": str(saturday), "meals": [], "because": "week", "reason": "",
    }  # fmt: skip
    kitchen.call("PUT", f"{path}/{saturday}", OPEN_DAY)
    shown = network.person("supervisor").call("GET", f"{path}/{saturday}")
    assert (shown["because"], shown["reason"], lunches(shown)) == ("special", "开放日", [("10:30:00", "13:00:00")])
    kitchen.call("PUT", f"{path}/{saturday}", {"meals": [], "reason": "检修"})
    assert kitchen.call("GET", f"{path}/{saturday}")["meals"] == []
    kitchen.call("DELETE", f"{path}/{saturday}")
    assert kitchen.ask("DELETE", f"{path}/{saturday}").status == 404
    assert kitchen.call("GET", f"{path}/{saturday}")["because"] == "week"
    week = kitchen.call("GET", f"{path}?first={saturday - timedelta(days=7)}&last={saturday}")
    assert len(week) == 8
    entries = network.approver.call("GET", f"/console/audit-entries?subject=canteen/{canteen_id}")["items"]
    made = [entry["action"] for entry in entries]
    assert (made.count("set_special_day"), made.count("clear_special_day")) == (2, 1)


def test_a_wrong_special_day_is_refused(network: Network, canteen_id: int, saturday: date) -> None:
    path = f"/registry/canteens/{canteen_id}/days"
    kitchen = network.person("kitchen-yinzhou")
    twice = {"meals": OPEN_DAY["meals"] * 2, "reason": "x"}
    for day, message, status in (
        (saturday - timedelta(days=30), OPEN_DAY, 400), (saturday + timedelta(days=500), OPEN_DAY, 400),
        (saturday, twice, 400), (saturday, OPEN_DAY | {"reason": ""}, 400), (saturday, {"meals": []}, 400),
    ):  # fmt: skip
        assert kitchen.ask("PUT", f"{path}/{day}", message).status == status, (day, message)
    assert network.person("kitchen-yuyao").ask("PUT", f"{path}/{saturday}", OPEN_DAY).status == 404
    assert network.person("finance-yinzhou").ask("PUT", f"{path}/{saturday}", OPEN_DAY).status == 403
    assert kitchen.ask("PUT", f"{path}/2026-13-01", OPEN_DAY).json()["code"] == "path.not_a_date"
    assert kitchen.ask("GET", f"{path}?first={saturday}&last={saturday + timedelta(days=400)}").status == 400
    assert kitchen.ask("GET", f"/registry/canteens/7/days/{saturday}").status == 404


def test_nobody_books_a_meal_that_is_not_served(network: Network, canteen_id: int, saturday: date) -> None:
    kitchen = network.person("kitchen-yinzhou")
    booking = {"canteen_id": canteen_id, "business_date": str(saturday), "meal": "lunch", "booked": 20}
    refused = kitchen.ask("POST", "/waste/bookings", booking)
    assert (refused.status, str(saturday) in refused.data.decode()) == (400, True)
    path = f"/registry/canteens/{canteen_id}/days/{saturday}"
    kitchen.call("PUT", path, OPEN_DAY)
    kitchen.call("POST", "/waste/bookings", booking)
    kitchen.call("DELETE", path)
    suspension = f"/registry/canteens/{canteen_id}"
    network.centre.call("POST", f"{suspension}/suspension", {"reason": "a test"})
    assert kitchen.ask("POST", "/waste/bookings", booking).status == 409
    assert kitchen.call("GET", path)["because"] == "out_of_use"
    network.centre.call("POST", f"{suspension}/resumption", {"reason": "a test"})


def test_a_forecast_goes_when_its_day_is_closed(network: Network) -> None:
    canteen_id, kitchen = network.canteen_id("yuyao"), network.person("kitchen-yuyao")
    with psycopg.connect(network.system.database_url) as db:
        row = db.execute(
            "SELECT min(business_date) FROM cover_forecast WHERE canteen_id = %s AND meal = 'lunch'"
            " AND business_date > local_date_of(now())", (canteen_id,)
        ).fetchone()  # fmt: skip
    assert row is not None
    if row[0] is None:
        pytest.skip("no forecast has been made yet")
    day, path = row[0], f"/registry/canteens/{canteen_id}/days/{row[0]}"
    kitchen.call("PUT", path, {"meals": [], "reason": "检修"})
    assert expected(kitchen, day, canteen_id) == []
    kitchen.call("DELETE", path)
    assert "lunch" in expected(kitchen, day, canteen_id)


def expected(person: Person, day: date, canteen_id: int) -> list[str]:
    found = person.call("GET", f"/waste/forecasts/{day}")
    return [str(one["meal"]) for one in found if one["canteen_id"] == canteen_id]
