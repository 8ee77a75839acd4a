"""A centre without the demo city: founded on an empty database, joined by region, agency and canteen, and paid at."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from terminals.client import Terminal
from terminals.devices import SoftwareCard
from terminals.schemas import EnrolmentSlip
from tests.builders import Network
from tests.running_system import Person, System
from tests.waiting import wait_until

OPERATOR, APPROVER = "wang.fang", "li.na"
PASSWORDS = {OPERATOR: "clouds over the lake", APPROVER: "seven quiet herons"}
FOUNDED = ["init", "--region", "3302", "--region-zh", "宁波市", "--region-en", "Ningbo", "--operator", OPERATOR,
           "--approver", APPROVER]  # fmt: skip
TYPED = "".join(f"{PASSWORDS[login]}\n" for login in (OPERATOR, APPROVER))
AGENCY = {
    "book": 3302,
    "name_zh": "慈溪市机关事务中心",
    "name_en": "Cixi Office Administration",
    "meal_allowance_fen": 10_000,
}
MEALS = [
    {"meal": "breakfast", "starts": "07:00:00", "ends": "08:30:00"},
    {"meal": "lunch", "starts": "11:00:00", "ends": "13:00:00"},
]
CANTEEN = {"name_zh": "一号食堂", "name_en": "First canteen", "meals": MEALS, "latitude": 30.17, "longitude": 121.27}


@pytest.mark.one_worker
def test_from_an_empty_database_to_a_closed_day(own: System, tmp_path: Path) -> None:
    done = own.command(*FOUNDED, typed=TYPED)
    assert "region 3302" in done.stdout
    assert "onecard network import" in done.stdout
    again = own.command(*FOUNDED, typed=TYPED, check=False)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "already" in again.stderr
    own.start()
    assert "no demo city here" in own.output
    centre, approver = (Person(own.url, login, PASSWORDS[login]) for login in (OPERATOR, APPROVER))
    agency = centre.call("POST", "/registry/agencies", AGENCY)
    agency_id = agency["agency_id"]
    canteen_id = centre.call("POST", "/registry/canteens", {"agency_id": agency_id, **CANTEEN})["number"]
    tariff = {"canteen_id": canteen_id, "meal": "lunch", "home_fen": 1_000, "valid_from": _today(own)}
    centre.call("POST", "/settlement/tariffs", tariff)
    people = {"agency_id": agency_id, "officials": [{"name": "王小明", "staff_number": "CX-1"}]}
    [holder_id] = centre.call("POST", "/registry/officials", people)["holder_ids"]
    deposit = {"posting_id": "0190b0d4-0000-7000-8000-000000000001", "holder_id": holder_id, "amount_fen": 5_000}
    centre.call("POST", "/settlement/top-ups", {"agency_id": agency_id, "deposits": [deposit]})
    cards = {"agency_id": agency_id, "cards": [{"holder_id": holder_id, "uid": "04a1b2c3d4e5f6"}]}
    [issued] = centre.call("POST", "/console/cards", cards)["cards"]
    slip = EnrolmentSlip(**centre.call("POST", "/console/enrolments", {"canteen_id": canteen_id}))
    approver.call("POST", f"/console/enrolments/{slip.enrolment_id}/approval")
    till = Terminal.enrol(own.url, slip, tmp_path / "till")
    till.sign_on()
    answer = till.charge_card(SoftwareCard.personalised(issued), "lunch")
    assert answer.outcome == "approved"
    assert answer.receipt is not None
    assert answer.receipt.amount_fen == 1_000
    [day] = centre.call("GET", "/clearing/open-days")
    wanted = {"business_date": day["business_date"], "reason": "a test"}
    asked = centre.call("POST", "/clearing/cycles", wanted)
    approver.call("POST", f"/console/approvals/{asked['approval_id']}/approval", {})
    centre.call("POST", "/clearing/cycles", wanted)
    cycle = f"/clearing/cycles/{day['business_date']}"
    # One agency owes nobody: what is published is settled.
    wait_until(lambda: centre.call("GET", cycle)["state"] == "settled", "the day is not published")
    own.command("verify")
    entries = approver.call("GET", "/console/audit-entries?action=found_centre")["items"]
    assert [(entry["actor"], entry["subject"]) for entry in entries] == [("command line", "book/3302")]
    listed = centre.call("GET", f"/registry/canteens?agency_id={agency_id}")["items"]
    assert [row["name_zh"] for row in listed] == ["一号食堂"]


def _today(system: System) -> str:
    with psycopg.connect(system.database_url) as db:
        row = db.execute("SELECT local_date_of(now())::text").fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize(
    ("changes", "typed", "said"),
    [
        ({"--region": "33"}, TYPED, "book"),
        ({"--region": "NB"}, TYPED, "book"),
        ({"--region-zh": "\u202e波"}, TYPED, "name_zh"),
        ({"--operator": "Wang"}, TYPED, "login"),
        ({"--approver": OPERATOR}, TYPED, "two people"),
        ({}, "short\nseven quiet herons\n", "password"),
        ({}, "", "password"),
    ],
)
def test_a_wrong_beginning_is_one_line_and_leaves_nothing(
    own: System, changes: dict[str, str], typed: str, said: str
) -> None:
    given = list(FOUNDED)
    for option, value in changes.items():
        given[given.index(option) + 1] = value
    done = own.command(*given, typed=typed, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    right = own.command(*FOUNDED, typed=TYPED)
    assert right.returncode == 0


def test_an_agency_and_a_canteen_join_once(network: Network) -> None:
    centre = network.centre
    name = {"name_zh": "象山县机关事务中心", "name_en": "Xiangshan Office Administration"}
    agency = centre.call("POST", "/registry/agencies", AGENCY | name)
    refused: list[tuple[int, dict[str, Any]]] = [
        (409, AGENCY | name), (409, AGENCY | name | {"name_en": "Other"}), (404, AGENCY | {"book": 9999}),
        (400, AGENCY | {"name_zh": "a\nb"}), (400, AGENCY | {"name_zh": ""}), (400, AGENCY | {"meal_allowance_fen": 0}),
        (400, AGENCY | {"colour": 1}),
    ]  # fmt: skip
    for status, message in refused:
        assert centre.ask("POST", "/registry/agencies", message).status == status, message
    canteen = {"agency_id": agency["agency_id"], **CANTEEN}
    number = centre.call("POST", "/registry/canteens", canteen)["number"]
    for changes, status in (
        ({}, 409), ({"name_en": "Second", "name_zh": "二号", "latitude": None}, 400), ({"latitude": 91}, 400),
        ({"agency_id": 1}, 404), ({"meals": []}, 400), ({"meals": [MEALS[0], MEALS[0]]}, 400),
        ({"meals": [MEALS[1] | {"starts": "22:00:00", "ends": "01:00:00"}]}, 400),
        ({"meals": [MEALS[1] | {"starts": "11:00:00+08:00"}]}, 400),
        ({"meals": [MEALS[0], MEALS[1] | {"starts": "08:00:00"}]}, 400), ({"meals": [MEALS[1] | {"meal": "tea"}]}, 400),
    ):  # fmt: skip
        told = centre.ask("POST", "/registry/canteens", canteen | {"name_zh": "三号", "name_en": "Third"} | changes)
        if changes == {}:
            told = centre.ask("POST", "/registry/canteens", canteen)
        assert told.status == status, (changes, told.data)
    assert centre.call("GET", f"/registry/canteens/{number}")["agency_id"] == agency["agency_id"]


def test_a_region_joins_once_on_the_open_day(network: Network) -> None:
    centre = network.centre
    region = {"book": 3303, "name_zh": "温州市", "name_en": "Wenzhou"}
    assert centre.call("POST", "/registry/regions", region) == region | {"state": "active", "closed_at": None}
    for status, changes in ((409, {}), (409, {"book": 3304}), (400, {"book": 3}), (400, {"name_en": " "})):
        assert centre.ask("POST", "/registry/regions", region | changes).status == status
    days = centre.call("GET", "/clearing/open-days")
    assert len({day["business_date"] for day in days}) == 1
    assert {day["book"] for day in days} >= {3303, 3302}
    assert centre.call("GET", "/settlement/rules/3303")["visitors"] == "visit"
    assert network.approver.ask("POST", "/registry/regions", region).status == 403


def test_a_canteens_hours_are_its_own_peoples(network: Network) -> None:
    canteen_id = network.canteen_id("yuyao")
    before = network.centre.call("GET", "/registry/directory")
    path = f"/registry/canteens/{canteen_id}/meals"
    try:
        assert network.person("admin-yinzhou").ask("PUT", path, {"meals": MEALS}).status == 404
        assert network.person("finance-yuyao").ask("PUT", path, {"meals": MEALS}).status == 403
        network.person("admin-yuyao").call("PUT", path, {"meals": MEALS})
        [shown] = [
            canteen
            for agency in network.centre.call("GET", "/registry/directory")["agencies"]
            for canteen in agency["canteens"]
            if canteen["canteen_id"] == canteen_id
        ]
        assert shown["meals"] == [meal | {"weekdays": [1, 2, 3, 4, 5, 6, 7]} for meal in MEALS]
    finally:
        [old] = [
            canteen["meals"]
            for agency in before["agencies"]
            for canteen in agency["canteens"]
            if canteen["canteen_id"] == canteen_id
        ]
        network.centre.call("PUT", path, {"meals": old})


def test_meals_may_touch(network: Network) -> None:
    meals = [MEALS[0] | {"ends": "11:00:00"}, MEALS[1]]
    path = f"/registry/canteens/{network.canteen_id('city', 1)}/meals"
    before = [
        canteen["meals"]
        for agency in network.centre.call("GET", "/registry/directory")["agencies"]
        for canteen in agency["canteens"]
        if canteen["canteen_id"] == network.canteen_id("city", 1)
    ]
    network.centre.call("PUT", path, {"meals": meals})
    network.centre.call("PUT", path, {"meals": before[0]})
