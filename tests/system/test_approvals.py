"""Two people: no login both makes a request and decides it, whatever path of the API it takes."""

import re
import secrets
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import urllib3

from demo.city import AGENCIES, AGENCY_USERS, CENTRE_USERS
from foundation.calendar import ZONE
from tests.builders import Network, Town
from tests.running_system import System

LOGINS = [login for login, _ in CENTRE_USERS] + [
    f"{prefix}-{agency.short}" for agency in AGENCIES for prefix, _ in AGENCY_USERS
]
MUCH = 900_000
"""Fen: more than one person may move at once."""


def send(town: Town, login: str, path: str, body: Any) -> urllib3.BaseHTTPResponse:
    if not isinstance(body, bytes):
        return town.person(login).ask("POST", path, body)
    headers = {"authorization": f"Bearer {town.person(login).token}", "content-type": "text/csv"}
    return urllib3.request("POST", town.network.url + path, body=body, headers=headers, retries=False)


@pytest.fixture(scope="module")
def town(scratch: Path) -> Iterator[Town]:
    folder = scratch / "two-people"
    folder.mkdir()
    system = System(folder, alone_item_max_fen="1000", workers="1")
    system.start()
    yield Town(Network(system), folder)
    system.clear_away()


Ask = tuple[str, str, Any]
"""Who asks, the path, the body."""


def deposits(town: Town, path: str, login: str = "finance-yinzhou") -> Ask:
    official = town.network.official(cash_fen=0)
    sent = {"posting_id": str(uuid4()), "holder_id": official.holder_id, "amount_fen": MUCH}
    return login, path, {"agency_id": official.agency_id, "deposits": [sent], "reason": "年度餐补"}


def grant_file(town: Town) -> Ask:
    agency_id, number = town.network.agency_id("yinzhou"), secrets.token_hex(6)
    people = [{"name": "王小明", "staff_number": number}]
    town.network.centre.call("POST", "/registry/officials", {"agency_id": agency_id, "officials": people})
    body = f"staff_number,amount\n{number},9000\n".encode()
    return "finance-yinzhou", f"/settlement/grants/{agency_id}/{secrets.token_hex(4)}", body


def refund(town: Town) -> Ask:
    network = town.network
    answer = network.terminal(town.folder).charge_card(network.card(network.official("yuyao")), "lunch")
    assert answer.receipt is not None, answer
    message = {"posting_id": str(uuid4()), "payment": str(answer.receipt.number), "amount_fen": 1_001, "reason": "退"}
    return "finance-yinzhou", "/settlement/refunds", message


def closure(town: Town) -> Ask:
    official = town.network.official(cash_fen=5_000)
    return "finance-yinzhou", "/console/closures", {"posting_id": str(uuid4()), "holder_id": official.holder_id}


def bank_account(town: Town) -> Ask:
    number = f"39010000{secrets.randbelow(10**8):08d}"
    body = {"agency_id": town.network.agency_id("yinzhou"), "holder_name": "鄞州区", "number": number,
            "bank": "102332000018"}  # fmt: skip
    return "centre", "/clearing/bank-accounts", body


def close_day(town: Town) -> Ask:
    return "centre", "/clearing/cycles", {"business_date": town.open_day, "reason": "台风停餐"}


def correction(town: Town) -> Ask:
    """Of a meal of the demo city's past: older than one person may correct, in a quarter that is not closed."""
    canteen, today = town.network.canteen_id("yinzhou"), datetime.now(ZONE).date()
    day = today - timedelta(days=15)
    history = f"/waste/canteens/{canteen}/weigh-ins?first={day - timedelta(days=5)}&last={day}"
    one = next(w for w in town.person("kitchen-yinzhou").call("GET", history) if w["replaced_by"] is None)
    corrections = [{"weigh_in_id": str(uuid4()), "replaces": one["weigh_in_id"], "withdraw": True}]
    return "kitchen-yinzhou", "/waste/corrections", {"corrections": corrections, "reason": "误称他餐"}


def bank_file(town: Town) -> Ask:
    assert refund(town)
    day = town.open_day
    assert town.network.close_day(day)["state"] == "published"
    return "centre", f"/clearing/cycles/{day}/bank-file", None


ASKS: dict[str, Callable[[Town], Ask]] = {
    "top_up": lambda town: deposits(town, "/settlement/top-ups"),
    "top_up of the centre": lambda town: deposits(town, "/settlement/top-ups", "centre"),
    "grant": lambda town: deposits(town, "/settlement/grants"),
    "grant_file": grant_file,
    "refund": refund,
    "closure": closure,
    "bank_account": bank_account,
    "correction": correction,
    "close_day": close_day,
    "bank_file": bank_file,
}

DECISIONS = {
    "/console/approvals/{approval_id}/approval",
    "/console/approvals/{approval_id}/rejection",
    "/console/enrolments/{enrolment_id}/approval",
    "/waste/bulletins/{bulletin_id}/publication",
}
"""Every path by which a second person decides; the last two have tests of their own."""


def test_every_path_that_decides_is_known(town: Town) -> None:
    paths = urllib3.request("GET", f"{town.network.url}/schema/openapi.json").json()["paths"]
    assert {path for path in paths if path.endswith(("/approval", "/rejection", "/publication"))} == DECISIONS


@pytest.mark.parametrize("kind", ASKS)
def test_only_somebody_else_decides(town: Town, kind: str) -> None:
    maker, path, body = ASKS[kind](town)
    asked = send(town, maker, path, body)
    assert asked.status == 202, asked.data.decode()
    waits = asked.json()
    number = waits["approval_id"]
    assert asked.headers["location"] == waits["url"] == f"/approvals?number={number}"
    assert send(town, maker, path, body).json()["approval_id"] == number, "the same request is asked once"
    shown = town.person("approver").call("GET", f"/console/approvals/{number}")
    assert (shown["maker"], shown["state"], shown["kind"]) == (maker, "pending", kind.split()[0])
    own_agency = {"finance-yinzhou"} if shown["agency_id"] else set()
    deciders = {"approver"} | own_agency - {maker}
    for login in LOGINS:
        for how in ("approval", "rejection"):
            if login in deciders:
                continue
            refused = send(town, login, f"/console/approvals/{number}/{how}", {"reason": "x"})
            assert refused.status in (403, 404), (login, how, refused.data.decode())
    assert town.person("approver").call("GET", f"/console/approvals/{number}")["state"] == "pending"
    for login in deciders - {"approver"}:
        assert town.person(login).call("GET", f"/console/approvals/{number}")["may_decide"]
    done = send(town, "approver", f"/console/approvals/{number}/approval", {"reason": "核对无误"})
    assert (done.status, done.json()["state"]) == (200, "approved"), done.data.decode()
    again = send(town, "approver", f"/console/approvals/{number}/approval", {}).json()
    assert again["result"] == done.json()["result"]
    carried_out = send(town, maker, path, body)
    assert carried_out.status in (200, 201), carried_out.data.decode()


def test_nobody_stands_on_both_sides_of_the_audit_log(town: Town) -> None:
    with psycopg.connect(town.network.system.database_url) as connection:
        both = connection.execute(
            "SELECT a.subject FROM audit_entry a JOIN audit_entry b ON b.subject = a.subject AND b.actor = a.actor"
            " WHERE a.action = 'ask_approval' AND b.action IN ('approve', 'reject')"
        ).fetchall()
        decided = connection.execute("SELECT count(*) FROM approval WHERE state = 'approved'").fetchone()
    assert both == []
    assert decided is not None
    assert decided[0] >= 1


def test_the_command_for_a_payment_file_does_not_take_the_request_for_the_release(town: Town) -> None:
    _, path, _ = bank_file(town)
    day, file = path.split("/")[3], town.folder / "pay.xml"
    command = ("bank-file", day, str(file))
    waits = town.network.system.command(*command, check=False)
    assert (waits.returncode, "waits for a second person" in waits.stdout, file.exists()) == (3, True, False)
    number = re.search(r"number=(\d+)", waits.stdout)
    assert number is not None
    town.person("approver").call("POST", f"/console/approvals/{number[1]}/approval", {})
    town.network.system.command(*command)
    assert b"pain.001" in file.read_bytes()


def test_a_day_that_is_not_over_is_not_closed_by_one_person(town: Town) -> None:
    day = town.open_day
    for message in ({"business_date": day}, {"business_date": day, "reason": ""}):
        refused = send(town, "centre", "/clearing/cycles", message)
        assert (refused.status, refused.json()["type"]) == (409, "/problems/day-not-over")
    for ahead in range(1, 6):
        later = str(date.fromisoformat(day) + timedelta(days=ahead))
        refused = send(town, "centre", "/clearing/cycles", {"business_date": later, "reason": "往后"})
        assert (refused.status, refused.json()["type"]) == (409, "/problems/day-not-reached")
    for _ in range(3):
        assert send(town, "centre", "/clearing/cycles", {"business_date": day, "reason": "提前"}).status == 202
    assert town.open_day == day


def test_a_rejected_request_changes_nothing(town: Town) -> None:
    maker, path, body = deposits(town, "/settlement/top-ups")
    number = send(town, maker, path, body).json()["approval_id"]
    rejection = f"/console/approvals/{number}/rejection"
    assert send(town, "approver", rejection, {"reason": ""}).status == 400, "without a reason"
    assert send(town, "approver", rejection, {"reason": "无凭证"}).json()["state"] == "rejected"
    assert send(town, "approver", f"/console/approvals/{number}/approval", {}).status == 409
    holder = body["deposits"][0]["holder_id"]
    assert town.network.centre.call("GET", f"/settlement/purses/{holder}")["cash_fen"] == 0


def test_the_reader_is_told_why_in_his_language(town: Town) -> None:
    maker, path, body = deposits(town, "/settlement/top-ups")
    told = {}
    for tag in ("zh-Hans", "en"):
        headers = {"authorization": f"Bearer {town.person(maker).token}", "accept-language": tag}
        answer = urllib3.request("POST", town.network.url + path, json=body, headers=headers, retries=False)
        told[tag] = answer.json()["why"]
    assert "9000.00元" in told["zh-Hans"]
    assert "second person" in told["en"]
