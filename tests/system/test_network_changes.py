"""Regions, agencies and canteens change, are suspended, go on and end; what was, stays as it was."""

import secrets
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import urllib3

from terminals.client import Terminal
from terminals.schemas import EnrolmentSlip
from tests.builders import Network
from tests.running_system import Person
from tests.waiting import wait_until

NINGBO = 3302
TAKEN = "taken by another agency"
LUNCH = [{"meal": "lunch", "starts": "11:00:00", "ends": "13:00:00"}]


def new_agency(network: Network, **more: Any) -> int:
    mark = secrets.token_hex(4)
    message = {"book": NINGBO, "name_zh": f"单位{mark}", "name_en": f"Agency {mark}", "meal_allowance_fen": 10_000}
    return int(network.centre.call("POST", "/registry/agencies", message | more)["agency_id"])


def new_canteen(network: Network, agency_id: int, **more: Any) -> int:
    mark = secrets.token_hex(4)
    message = {"agency_id": agency_id, "name_zh": f"食堂{mark}", "name_en": f"Canteen {mark}", "meals": LUNCH}
    return int(network.centre.call("POST", "/registry/canteens", message | more)["number"])


def named(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def till_at(network: Network, canteen_id: int, folder: Path) -> Terminal:
    slip = EnrolmentSlip(**network.centre.call("POST", "/console/enrolments", {"canteen_id": canteen_id}))
    network.approver.call("POST", f"/console/enrolments/{slip.enrolment_id}/approval")
    till = Terminal.enrol(network.url, slip, folder / secrets.token_hex(4))
    till.sign_on()
    return till


def open_day(network: Network) -> str:
    return max(str(day["business_date"]) for day in network.centre.call("GET", "/clearing/open-days"))


def wants(person: Person, path: str, language: str = "en") -> tuple[int, str]:
    headers = {"authorization": f"Bearer {person.token}", "content-type": "application/json",
               "accept-language": language}  # fmt: skip
    answer = urllib3.request("POST", person.url + path, body=b'{"reason": "a test"}', headers=headers)
    return answer.status, answer.json()["detail"] if answer.data else ""


def priced(network: Network, canteen_id: int) -> None:
    with psycopg.connect(network.system.database_url) as db:
        [today] = db.execute("SELECT local_date_of(now())::text").fetchone() or [""]
    tariff = {"canteen_id": canteen_id, "meal": "lunch", "home_fen": 1_000, "valid_from": today}
    network.centre.call("POST", "/settlement/tariffs", tariff)


def test_details_change_and_stay_when_they_are_given_again(network: Network) -> None:
    centre, agency_id = network.centre, new_agency(network)
    canteen_id = new_canteen(network, agency_id)
    details = {
        "name_zh": f"新单位{agency_id}", "name_en": f"New agency {agency_id}",
        "parent_agency_id": network.agency_id("city"),
        "address": "三北大街777号", "contact_name": "王建国", "contact_phone": "0574-6398 1234",
    }  # fmt: skip
    place = {"latitude": 30.1, "longitude": 121.2, "capacity": 240, "address": "一楼", "contact_name": "李娜",
             "contact_phone": "+86 574 63981234", "name_zh": "新食堂", "name_en": "New canteen"}  # fmt: skip
    centre.call("PUT", f"/registry/agencies/{agency_id}", details)
    centre.call("PUT", f"/registry/canteens/{canteen_id}", place)
    assert named(centre.call("GET", f"/registry/agencies/{agency_id}"), *details) == details
    assert named(centre.call("GET", f"/registry/canteens/{canteen_id}"), *place) == place
    subject = f"/console/audit-entries?subject=agency/{agency_id}&action=change_agency"
    [entry] = network.approver.call("GET", subject)["items"]
    assert entry["detail"]["address"] == [None, "三北大街777号"]
    centre.call("PUT", f"/registry/agencies/{agency_id}", details)
    assert len(network.approver.call("GET", subject)["items"]) == 1
    centre.call("PUT", f"/registry/agencies/{agency_id}", named(details, "name_zh", "name_en"))
    assert centre.call("GET", f"/registry/agencies/{agency_id}")["address"] is None


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name_zh": ""}, 400), ({"contact_phone": "call me"}, 400), ({"address": "a\nb"}, 400), ({"colour": 1}, 400),
        ({"parent_agency_id": 1}, 404), ({"name_zh": TAKEN}, 409), ({"meal_allowance_fen": 1}, 400),
    ],
)  # fmt: skip
def test_a_wrong_change_of_an_agency_changes_nothing(network: Network, changes: dict[str, Any], status: int) -> None:
    agency_id = new_agency(network)
    before = network.centre.call("GET", f"/registry/agencies/{agency_id}")
    details = named(before, "name_zh", "name_en")
    if changes.get("name_zh") == TAKEN:
        changes = {"name_zh": network.agencies["yinzhou"]["name_zh"]}
    assert network.centre.ask("PUT", f"/registry/agencies/{agency_id}", details | changes).status == status
    assert network.centre.call("GET", f"/registry/agencies/{agency_id}") == before


def test_no_agency_is_above_itself(network: Network) -> None:
    province = new_agency(network)
    city = new_agency(network, parent_agency_id=province)
    district = new_agency(network, parent_agency_id=city)
    for agency_id, above in ((province, district), (province, province), (city, district)):
        row = network.centre.call("GET", f"/registry/agencies/{agency_id}")
        message = named(row, "name_zh", "name_en") | {"parent_agency_id": above}
        answer = network.centre.ask("PUT", f"/registry/agencies/{agency_id}", message)
        assert answer.status == 400, answer.data
        assert "above itself" in answer.data.decode() or "上级" in answer.data.decode()
    below = network.centre.call("GET", f"/registry/agencies?parent_agency_id={province}")["items"]
    assert [row["agency_id"] for row in below] == [city]


def test_a_suspended_canteen_takes_no_payment_and_goes_on_when_it_is_resumed(network: Network, tmp_path: Path) -> None:
    agency_id = new_agency(network)
    canteen_id = new_canteen(network, agency_id)
    priced(network, canteen_id)
    # Without money: asked again and again, a payment moves none.
    official = network.official("yinzhou", cash_fen=0)
    visit = {"holder_id": official.holder_id, "host_agency_id": agency_id, "first_day": open_day(network),
             "last_day": open_day(network)}  # fmt: skip
    till, card = till_at(network, canteen_id, tmp_path), network.card(official)
    slip = EnrolmentSlip(**network.centre.call("POST", "/console/enrolments", {"canteen_id": canteen_id}))
    network.approver.call("POST", f"/console/enrolments/{slip.enrolment_id}/approval")
    path = f"/registry/canteens/{canteen_id}"
    for above in (path, f"/registry/agencies/{agency_id}"):
        assert wants(network.centre, f"{above}/suspension") == (204, "")
        wait_until(
            lambda: till.charge_card(card, "lunch").reason == "canteen_closed", "a suspended canteen takes payments"
        )
        assert network.centre.ask("POST", "/console/enrolments", {"canteen_id": canteen_id}).status == 409
        with pytest.raises(Exception, match="enrolment-refused"):
            Terminal.enrol(network.url, slip, tmp_path / secrets.token_hex(4))
        if above != path:
            answer = network.centre.ask("POST", "/registry/visits", visit)
            assert answer.status == 409, answer.data
            people = {"agency_id": agency_id, "officials": [{"name": "王小明", "staff_number": "1"}]}
            assert network.centre.ask("POST", "/registry/officials", people).status == 409
        assert network.centre.call("GET", above)["state"] == "suspended"
        status, told = wants(network.centre, f"{above}/suspension", "zh")
        assert (status, "已暂停" in told) == (409, True)
        assert wants(network.centre, f"{above}/resumption") == (204, "")
    wait_until(lambda: till.charge_card(card, "lunch").reason == "insufficient_funds", "a resumed canteen stays closed")
    Terminal.enrol(network.url, slip, tmp_path / "after")


def test_what_was_sold_before_a_suspension_is_still_posted(network: Network, tmp_path: Path) -> None:
    canteen_id = new_canteen(network, network.agency_id("yinzhou"))
    priced(network, canteen_id)
    till, card = till_at(network, canteen_id, tmp_path), network.card(network.official("yinzhou"))
    poor = network.card(network.official("yinzhou", cash_fen=0))
    before = int(time.time())
    wait_until(lambda: int(time.time()) > before + 1, "the clock stands")
    network.centre.call("POST", f"/registry/canteens/{canteen_id}/suspension", {"reason": "a test"})
    wait_until(lambda: till.charge_card(poor, "lunch").reason == "canteen_closed", "it takes payments")
    late = till.charge_card(card, "lunch", purchased_at=before)
    assert late.outcome == "approved", late


def test_a_receipt_keeps_the_names_of_its_day(network: Network, tmp_path: Path) -> None:
    agency_id = network.agency_id("yuyao")
    canteen_id = new_canteen(network, agency_id)
    priced(network, canteen_id)
    official = network.official("yuyao")
    till = till_at(network, canteen_id, tmp_path)
    answer = till.charge_card(network.card(official), "lunch")
    assert answer.receipt is not None
    receipt = f"/receipts/{answer.receipt.number}"
    row = network.centre.call("GET", f"/registry/canteens/{canteen_id}")
    agency = network.centre.call("GET", f"/registry/agencies/{agency_id}")
    old = shown(network, receipt)
    changed = named(row, "name_zh", "name_en") | {"name_zh": f"改名{canteen_id}"}
    renamed = named(agency, "name_zh", "name_en") | {"name_zh": f"改名{agency_id}"}
    network.centre.call("PUT", f"/registry/canteens/{canteen_id}", changed)
    network.centre.call("PUT", f"/registry/agencies/{agency_id}", renamed)
    try:
        # The names hold from the open day on, to which the payment belongs.
        assert f"改名{canteen_id}" in shown(network, receipt)
        with psycopg.connect(network.system.database_url) as db:
            moved = "UPDATE former_name SET until = until + 1 WHERE number = ANY (%s)"
            db.execute(moved, ([canteen_id, agency_id],))
        assert shown(network, receipt) == old
    finally:
        network.centre.call("PUT", f"/registry/agencies/{agency_id}", named(agency, "name_zh", "name_en"))


def shown(network: Network, receipt: str) -> str:
    answer = urllib3.request("GET", network.url + receipt, headers={"accept": "application/json"})
    assert answer.status == 200, answer.data
    return answer.data.decode()


def test_an_agency_ends_when_nothing_is_left(network: Network, tmp_path: Path) -> None:
    agency_id = new_agency(network)
    canteen_id = new_canteen(network, agency_id)
    below = new_agency(network, parent_agency_id=agency_id)
    people = {"agency_id": agency_id, "officials": [{"name": "王小明", "staff_number": "1"}]}
    [holder_id] = network.centre.call("POST", "/registry/officials", people)["holder_ids"]
    deposit = {"posting_id": str(uuid4()), "holder_id": holder_id, "amount_fen": 500}
    network.centre.call("POST", "/settlement/top-ups", {"agency_id": agency_id, "deposits": [deposit]})
    path = f"/registry/agencies/{agency_id}/ending"
    status, told = wants(network.centre, path)
    assert status == 409
    for left in (f"canteens that have not ended: {canteen_id}", f"agencies that have not ended: {below}",
                 "accounts are open: 1", "purses: 5.00 yuan"):  # fmt: skip
        assert left in told, told
    assert "个人账户余额：5.00元" in wants(network.centre, path, "zh")[1]
    closure = {"holder_id": holder_id, "posting_id": str(uuid4())}
    network.with_approval(network.centre, "/console/closures", closure)
    assert wants(network.centre, f"/registry/agencies/{below}/ending") == (204, "")
    assert wants(network.centre, f"/registry/canteens/{canteen_id}/ending") == (204, "")
    status, told = wants(network.centre, path)
    assert (status, "may arrive until" in told, "accounts" in told, "purses" in told) == (409, True, False, False)
    with psycopg.connect(network.system.database_url) as db:
        db.execute("UPDATE canteen SET closed_at = closed_at - interval '1 day' WHERE canteen_id = %s", (canteen_id,))
    assert wants(network.centre, path) == (204, "")
    assert wants(network.centre, path)[0] == 409
    assert wants(network.centre, f"/registry/agencies/{agency_id}/resumption")[0] == 409
    assert network.centre.call("GET", f"/registry/agencies/{agency_id}")["state"] == "ended"
    canteen = {"agency_id": agency_id, "name_zh": "二", "name_en": "Two", "meals": LUNCH}
    assert network.centre.ask("POST", "/registry/canteens", canteen).status == 409


def test_a_region_ends_after_its_agencies(network: Network) -> None:
    book = 640_000 + secrets.randbelow(9_000)
    region = {"book": book, "name_zh": f"地区{book}", "name_en": f"Region {book}"}
    network.centre.call("POST", "/registry/regions", region)
    agency_id = new_agency(network, book=book)
    status, told = wants(network.centre, f"/registry/regions/{book}/ending")
    assert (status, str(agency_id) in told) == (409, True)
    assert wants(network.centre, f"/registry/agencies/{agency_id}/ending") == (204, "")
    assert wants(network.centre, f"/registry/regions/{book}/ending") == (204, "")
    message = {"book": book, "name_zh": "丙", "name_en": "C", "meal_allowance_fen": 1}
    assert network.centre.ask("POST", "/registry/agencies", message).status == 409
    changed = {"name_zh": f"旧地区{book}", "name_en": f"Former region {book}"}
    network.centre.call("PUT", f"/registry/regions/{book}", changed)
    assert named(network.centre.call("GET", f"/registry/regions/{book}"), *changed) == changed


def test_administering_is_the_operators(network: Network) -> None:
    canteen_id = network.canteen_id("yuyao")
    for login in ("admin-yuyao", "approver", "supervisor"):
        person = network.person(login)
        assert wants(person, f"/registry/canteens/{canteen_id}/suspension")[0] == 403
        change = {"name_zh": "甲", "name_en": "A"}
        assert person.ask("PUT", f"/registry/canteens/{canteen_id}", change).status == 403
    assert wants(network.centre, "/registry/canteens/7/suspension")[0] == 404
    assert wants(network.centre, f"/registry/canteens/{2**53 - 1}/suspension")[0] == 404
    assert wants(network.centre, f"/registry/regions/{2**53 - 1}/suspension")[0] == 404
