"""Every route, as every role, for what is of the person's own agency and what is of another's.

The routes and what they ask for come from the application (``scripts.matrix``): a new route is tried by itself if it is
of a list, and fails until it stands in a table here otherwise.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import urllib3

from onecard.web_apps import APPS, BESIDE_PAGE
from registry.access import Permission
from registry.roles import NEEDS_AGENCY, OF_PEOPLE, Role
from registry.sessions import SAFE_METHODS
from scripts.matrix import Call, calls
from tests.builders import Network
from tests.rows_of_everything import SOME, insert_rows
from tests.running_system import Person, System
from tests.system.test_audit_entries import (
    CHANGES,
    NO_CHANGES,
    PHOTO,
    QUARTER,
    TODAY,
    Ask,
    City,
    cashier_of,
    made_sheet,
    send,
    waiting,
)

CALLS = {str(call): call for call in calls()}
OWN, FOREIGN = "yinzhou", "hangzhou"
STEMS = {Role.AGENCY_ADMIN: "admin", Role.AGENCY_FINANCE: "finance", Role.CANTEEN_MANAGER: "kitchen"}
OF_NETWORK = {
    Role.CENTRE_OPERATOR: "centre",
    Role.CENTRE_APPROVER: "approver",
    Role.SUPERVISOR: "supervisor",
    Role.AUDITOR: "matrix-auditor",
}
BY_ROLE = ("access.not_permitted", "access.changes_nothing")
"""Codes of a refusal that rests on the role alone."""

TWO_STEPS = {
    "POST /waste/cases/{case_id}/{action}",
    "POST /console/users",
    "POST /waste/collections",
    "POST /waste/material-files/{kind}",
}
"""Their guard lets roles in of which the action, the kind, or the agency needs another one."""

KNOW_NOTHING = {
    "POST /clearing/disputes": 409,
    "POST /waste/weigh-in-files": 400,
    "POST /waste/attendance-files": 400,
    "POST /waste/material-files/{kind}": 400,
    "POST /dining/menu-files": 400,
}
"""To another agency's people they say that there is no such thing, in other words than 403 or 404."""

COUNT = {"requests": 0}


def login_of(role: Role, agency: str) -> str:
    return f"{STEMS[role]}-{agency}" if role in NEEDS_AGENCY else OF_NETWORK[role]


def agency_in(login: str | None) -> str | None:
    return login.split("-", 1)[1] if login and login.split("-")[0] in STEMS.values() else None


@pytest.fixture(scope="module")
def city(scratch: Path) -> Iterator[City]:
    folder = scratch / "matrix"
    folder.mkdir()
    system = System(folder, workers="1")
    system.start()
    made = City(Network(system), folder)
    system.command("add-user", "matrix-auditor", "auditor", typed="clouds over the lake\n")
    made.people["matrix-auditor"] = Person(system.url, "matrix-auditor", "clouds over the lake")
    yield made
    system.clear_away()


@pytest.fixture(scope="module")
def rows(city: City) -> None:
    """Something of every noun, of every agency."""
    insert_rows(city.network.system.database_url)


def answer_to(city: City, method: str, ask: Ask, login: str, body: Any = None) -> urllib3.BaseHTTPResponse:
    COUNT["requests"] += 1
    answer = send(city, method, ask, login, body)
    assert answer.status < 500, (method, ask.path, login, answer.data)
    return answer


def is_refused_by_role(answer: urllib3.BaseHTTPResponse) -> bool:
    return answer.status == 403 and answer.json()["code"] in BY_ROLE


def get(city: City, path: str, login: str = "") -> urllib3.BaseHTTPResponse:
    return answer_to(city, "GET", Ask(login, path), login)


def test_every_route_is_in_the_matrix() -> None:
    guarded = {name for name, call in CALLS.items() if call.needs_person}
    reading = {name for name in guarded if CALLS[name].method in SAFE_METHODS and CALLS[name].listing is None}
    assert {name.removeprefix("GET ") for name in reading} == READS.keys()
    assert {name for name in guarded if CALLS[name].method not in SAFE_METHODS} <= CHANGES.keys() | NO_CHANGES.keys()
    of_officials = {name for name, call in CALLS.items() if call.of_official}
    assert {name for name, call in CALLS.items() if not call.needs_person} == OPEN | of_officials
    assert of_officials == {name for name, call in CALLS.items() if call.path.startswith("/me")} - OPEN
    assert {name for name in of_officials if CALLS[name].method not in SAFE_METHODS} <= NO_CHANGES.keys()


def test_what_is_read_asks_for_a_permission_to_see() -> None:
    asked = {str(call.permission) for call in CALLS.values() if call.method in SAFE_METHODS and call.permission}
    assert all(one.startswith("see_") for one in asked), asked
    assert asked == {one for one in Permission if one.startswith("see_")}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_for_its_roles_and_its_own_agency(city: City, name: str) -> None:
    call, ask = CALLS[name], CHANGES[name](city)
    own, foreign = agency_in(ask.who) or OWN, agency_in(ask.other_agency) or FOREIGN
    if call.needs_person and not ask.headers:
        assert answer_to(city, call.method, ask, "", ask.body).status == 401
    if call.permission is not None:
        for role in OF_PEOPLE:
            for login in {login_of(role, own), login_of(role, foreign)}:
                if not call.allows(role):
                    assert is_refused_by_role(answer_to(city, call.method, ask, login, ask.body)), (login, name)
                elif role in NEEDS_AGENCY and login == login_of(role, foreign):
                    answer = answer_to(city, call.method, ask, login, ask.body)
                    refusals = (403, 404, KNOW_NOTHING.get(name))
                    assert answer.status in refusals, (login, name, answer.status, answer.data)
    done = answer_to(city, call.method, ask, ask.who, ask.body)
    assert done.status < 300, (name, done.data)
    if call.permission is not None:
        for role in OF_PEOPLE:
            if call.allows(role) and name not in TWO_STEPS:
                answer = answer_to(city, call.method, ask, login_of(role, own), ask.body)
                assert not is_refused_by_role(answer), (role, name)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.listing is not None])
def test_a_list_is_for_its_roles_and_its_own_agency(city: City, name: str) -> None:
    call = CALLS[name]
    assert call.listing is not None
    path = call.path.split("/{")[0]
    if path.endswith((".csv", ".xlsx")):
        path += f"?{urlencode(SOME.get(call.listing.name, {}))}"
    is_detail, owners = "{" in call.path, [str(column.key) for column in call.listing.owners]
    shown = get(city, f"{path}?limit=500", "matrix-auditor").json()["items"] if is_detail else []
    assert get(city, path).status == 401
    for role in OF_PEOPLE:
        for agency in (OWN, FOREIGN) if role in NEEDS_AGENCY else (OWN,):
            login = login_of(role, agency)
            if not call.allows(role):
                assert is_refused_by_role(get(city, path, login)), (name, login)
                continue
            mine = city.agency(agency) if role in NEEDS_AGENCY and owners else None
            if not is_detail:
                _only_own_rows(call, get(city, path, login), owners, mine)
            for is_own in (True, False) if is_detail else ():
                row = next((one for one in shown if _is_of(one, owners, mine) == is_own), None)
                if row is not None:
                    key = "/".join(str(row[str(column.key)]) for column in call.listing.key)
                    found = get(city, f"{path}/{key}", login)
                    assert found.status == (200 if is_own else 404), (name, login, row, found.data)


def _is_of(row: dict[str, Any], owners: list[str], agency_id: int | None) -> bool:
    return agency_id is None or agency_id in [row[owner] for owner in owners]


def _only_own_rows(call: Call, answer: urllib3.BaseHTTPResponse, owners: list[str], agency_id: int | None) -> None:
    assert answer.status == 200, (call, answer.data)
    assert call.listing is not None
    if call.path.endswith(".csv"):
        _, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
        members = call.listing.shown.__struct_fields__
        shown = [{member: cell for member, cell in zip(members, row, strict=True) if member in owners} for row in rows]
        assert all(agency_id is None or str(agency_id) in row.values() for row in shown), call
    elif not call.path.endswith(".xlsx"):
        assert all(_is_of(row, owners, agency_id) for row in answer.json()["items"]), call


def closing(city: City) -> str:
    till = city.network.terminal(city.folder)
    shift = till.open_shift("zhangsan", "1")
    till.close_shift()
    return f"/clearing/shifts/{till.identity.terminal_id}/{till.epoch}/{shift}/closing"


def dispute(city: City) -> str:
    """One of Yuyao's about a meal at Yinzhou."""
    between = f"raised_by_agency={city.agency('yuyao')}&other_agency={city.agency()}"
    known = city.person("centre").call("GET", f"/clearing/disputes?{between}")["items"]
    return f"/clearing/disputes/{known[0]['dispute_id'] if known else city.dispute()}"


def roster_of(city: City) -> str:
    ask = CHANGES["POST /registry/rosters"](city)
    path = f"/registry/rosters?agency_id={city.agency()}"
    return f"/registry/rosters/{city.person('centre').call('POST', path, ask.body)['roster_id']}"


def photo(city: City) -> str:
    path = f"/waste/weigh-ins/{city.weigh_in()}/photos"
    city.person("kitchen-yinzhou").call("POST", path, {"files": [PHOTO]})
    return path


def visited(city: City) -> str:
    ask = CHANGES["POST /waste/inspections"](city)
    day = f"from_day={TODAY}&until_day={TODAY}"
    known = city.person("supervisor").call("GET", f"/waste/inspections?canteen_id={city.canteen()}&{day}")["items"]
    number = known[0]["visit_id"] if known else city.person("supervisor").call("POST", ask.path, ask.body)["number"]
    return f"/waste/inspections/{number}"


def of_file(city: City) -> str:
    [shown] = city.person("kitchen-yinzhou").call("GET", photo(city))
    return str(shown["url"])


def of_canteen(what: str) -> Callable[[City], str]:
    return lambda city: f"/waste/canteens/{city.canteen()}/{what}?first={TODAY}&last={TODAY}"


def of_evaluation(what: str) -> Callable[[City], str]:
    def path(city: City) -> str:
        assert city.frozen
        return f"/waste/evaluations/{QUARTER}/canteens/{city.canteen()}/{what}"

    return path


MONTH = date.fromisoformat(QUARTER)
SPAN = f"first={MONTH}&last={MONTH}"

READS: dict[str, Callable[[City], str] | str] = {
    "/console/sessions": "",
    "/console/sessions/current": "",
    "/console/second-factor": "",
    "/console/passkeys": "",
    "/console/roles": "",
    "/console/about": "",
    "/console/acts": "",
    "/console/lists": "",
    "/console/tasks": "",
    "/console/search": "/console/search?words=1006",
    "/console/approvals/overview": "",
    "/console/approvals/{approval_id}": lambda city: f"/console/approvals/{waiting(city)}",
    "/console/audit-entries/{entry}/chain": "/console/audit-entries/3/chain",
    "/terminals/sheets/{sheet_id}/pdf": lambda city: f"/terminals/sheets/{made_sheet(city)['sheet_id']}/pdf",
    "/registry/directory": "",
    "/registry/network.xlsx": "",
    "/dining/menu-template.xlsx": "",
    "/dining/canteens/{canteen_id}/menus/{day}/{meal}": lambda city: (
        f"/dining/canteens/{city.canteen()}/menus/{TODAY + timedelta(days=1)}/lunch"
    ),
    "/dining/canteens/{canteen_id}/booking-terms": lambda city: f"/dining/canteens/{city.canteen()}/booking-terms",
    "/dining/canteens/{canteen_id}/bookings/{day}": lambda city: f"/dining/canteens/{city.canteen()}/bookings/{TODAY}",
    "/registry/network-template.xlsx": "",
    "/registry/canteens/{canteen_id}/meals": lambda city: f"/registry/canteens/{city.canteen()}/meals",
    "/registry/canteens/{canteen_id}/days": lambda city: (
        f"/registry/canteens/{city.canteen()}/days?first={TODAY}&last={TODAY}"
    ),
    "/registry/canteens/{canteen_id}/days/{day}": lambda city: f"/registry/canteens/{city.canteen()}/days/{TODAY}",
    "/registry/officials/{holder_id}/account": lambda city: f"/registry/officials/{city.holder()}/account",
    "/console/cashiers/{cashier_id}/name": lambda city: f"{cashier_of(city)}/name",
    "/registry/officials/{holder_id}/name": lambda city: f"/registry/officials/{city.holder()}/name",
    "/registry/rosters/{roster_id}": roster_of,
    "/settlement/canteens/{canteen_id}/prices": lambda city: (
        f"/settlement/canteens/{city.canteen()}/prices?first={TODAY}&last={TODAY}"
    ),
    "/settlement/class-rules/{book}": "/settlement/class-rules/3302",
    "/settlement/person-classes": "",
    "/settlement/purses/{holder_id}": lambda city: f"/settlement/purses/{city.holder()}",
    "/settlement/rules/{book}": "/settlement/rules/3302",
    "/supervision/flags/{on}": f"/supervision/flags/{TODAY}",
    "/clearing/open-days": "",
    "/clearing/legs": "",
    "/clearing/differences/overview": "",
    "/clearing/confirmations/unmatched": "",
    "/clearing/cycles/{business_date}": lambda city: f"/clearing/cycles/{city.closed_day}",
    "/clearing/cycles/{business_date}/legs": lambda city: f"/clearing/cycles/{city.closed_day}/legs",
    "/clearing/cycles/{business_date}/obligations": lambda city: f"/clearing/cycles/{city.closed_day}/obligations",
    "/clearing/cycles/{business_date}/reports/{name}": lambda city: f"/clearing/cycles/{city.closed_day}/reports/net",
    "/clearing/cycles/{business_date}/payments/{agency_id}": lambda city: (
        f"/clearing/cycles/{city.closed_day}/payments/{city.agency()}"
    ),
    "/clearing/cycles/{business_date}/statements/{agency_id}": lambda city: (
        f"/clearing/cycles/{city.closed_day}/statements/{city.agency()}"
    ),
    "/clearing/cycles/{business_date}/bundles/{agency_id}": lambda city: (
        f"/clearing/cycles/{city.closed_day}/bundles/{city.agency()}"
    ),
    "/clearing/receptions/savings": "",
    "/clearing/shifts/{business_date}": f"/clearing/shifts/{TODAY}",
    "/clearing/shifts/{terminal_id}/{epoch}/{shift}/closing": closing,
    "/clearing/disputes/{dispute_id}": dispute,
    "/clearing/disputes/{dispute_id}/evidence": lambda city: f"{dispute(city)}/evidence",
    "/clearing/disputes/{dispute_id}/files/{number}": lambda city: f"{dispute(city)}/files/1",
    "/waste/weigh-ins/{weigh_in_id}/photos": photo,
    "/waste/files/{file_id}": of_file,
    "/waste/canteens/{canteen_id}/weigh-ins": of_canteen("weigh-ins"),
    "/waste/canteens/{canteen_id}/foods": of_canteen("foods"),
    "/waste/canteens/{canteen_id}/materials": of_canteen("materials"),
    "/waste/canteens/{canteen_id}/destinations": lambda city: f"/waste/canteens/{city.canteen()}/destinations",
    "/waste/canteens/{canteen_id}/calibrations": lambda city: f"/waste/canteens/{city.canteen()}/calibrations",
    "/waste/days/{business_date}": f"/waste/days/{TODAY - timedelta(days=1)}",
    "/waste/forecasts/{business_date}": f"/waste/forecasts/{TODAY + timedelta(days=1)}",
    "/waste/measures": f"/waste/measures?{SPAN}&by=canteen",
    "/waste/savings": f"/waste/savings?baseline_first={MONTH}&baseline_last={MONTH}&{SPAN}",
    "/waste/flags/explained": "",
    "/waste/reminders": "",
    "/waste/schemes": "",
    "/waste/reweigh-seeds/{quarter}": f"/waste/reweigh-seeds/{QUARTER}",
    "/waste/reweighings/{quarter}": f"/waste/reweighings/{QUARTER}",
    "/waste/evaluations/{quarter}": f"/waste/evaluations/{QUARTER}",
    "/waste/evaluations/{quarter}/canteens/{canteen_id}/file": of_evaluation("file"),
    "/waste/evaluations/{quarter}/canteens/{canteen_id}/{code}": of_evaluation("A1"),
    "/waste/cases/{case_id}": lambda city: f"/waste/cases/{city.case()}",
    "/waste/inspections/{visit_id}": visited,
    "/waste/appeals/{appeal_id}": lambda city: f"/waste/appeals/{city.appeal}",
    "/waste/integrity/{canteen_id}": lambda city: f"/waste/integrity/{city.canteen()}?first={TODAY}&last={TODAY}",
    "/waste/sampling-plans/{year}": f"/waste/sampling-plans/{TODAY.year + 1}",
    "/waste/charts": "",
    "/waste/charts/{name}": "/waste/charts/ranking",
    "/waste/bulletins/{bulletin_id}": lambda city: f"/waste/bulletins/{city.bulletin}",
    "/waste/bulletins/{bulletin_id}/figures": lambda city: f"/waste/bulletins/{city.bulletin}/figures",
    "/waste/bulletins/{bulletin_id}/sheets": lambda city: f"/waste/bulletins/{city.bulletin}/sheets",
    "/waste/bulletins/{bulletin_id}/sheets/{number}": lambda city: f"/waste/bulletins/{city.bulletin}/sheets/1",
    "/waste/bulletins/{bulletin_id}/page": lambda city: f"/waste/bulletins/{city.bulletin}/page",
    "/waste/bulletins/{bulletin_id}/pdf": lambda city: f"/waste/bulletins/{city.bulletin}/pdf",
}
"""What people read beside the lists: of no agency, or of everybody's (a text), or of Yinzhou's things (a function)."""

OF_ALL = {
    "/registry/directory", "/waste/charts/{name}", "/settlement/rules/{book}", "/registry/network.xlsx",
    "/registry/canteens/{canteen_id}/days", "/registry/canteens/{canteen_id}/days/{day}",
    "/registry/canteens/{canteen_id}/meals", "/settlement/canteens/{canteen_id}/prices",
    "/dining/canteens/{canteen_id}/menus/{day}/{meal}", "/dining/canteens/{canteen_id}/booking-terms",
}  # fmt: skip
"""Show the whole network to everybody who may see them: names, rules, and published rankings."""

NAMES = ("/registry/officials/{holder_id}/name", "/console/cashiers/{cashier_id}/name")
"""For people of the agency, and auditors: others of the network see no names."""

OF_YUYAO = {"/waste/appeals/{appeal_id}"}
OF_THE_CENTRE = {"/clearing/cycles/{business_date}/reports/{name}"}
MAY_BE_NONE = {
    "/clearing/disputes/{dispute_id}/evidence", "/clearing/disputes/{dispute_id}/files/{number}",
    "/waste/reweigh-seeds/{quarter}", "/waste/sampling-plans/{year}",
}  # fmt: skip
OF_A_DAY = {
    "/clearing/cycles/{business_date}",
    "/clearing/cycles/{business_date}/legs",
    "/clearing/cycles/{business_date}/obligations",
}
"""Show of a day what is the caller's own."""


@pytest.mark.parametrize("name", [f"GET {path}" for path in READS])
def test_what_is_read_is_for_its_roles_and_its_own_agency(city: City, name: str) -> None:
    call = CALLS[name]
    made = READS[call.path]
    path = (made or call.path) if isinstance(made, str) else made(city)
    is_of_agency = not isinstance(made, str) and call.path not in OF_A_DAY | OF_ALL
    own = "yuyao" if call.path in OF_YUYAO else OWN
    assert get(city, path).status == 401
    for role in OF_PEOPLE:
        for agency in (own, FOREIGN) if role in NEEDS_AGENCY else (own,):
            login = login_of(role, agency)
            answer = get(city, path, login)
            if not call.allows(role):
                assert is_refused_by_role(answer), (name, login)
            elif call.path in NAMES and role not in NEEDS_AGENCY and role is not Role.AUDITOR:
                assert answer.status == 403, (name, login)
            elif role in NEEDS_AGENCY and (call.path in OF_THE_CENTRE or (is_of_agency and agency == FOREIGN)):
                assert answer.status in (403, 404), (name, login, answer.data)
            else:
                assert answer.status == 200 or (answer.status == 404 and call.path in MAY_BE_NONE), (
                    name, login, answer.status, answer.data,
                )  # fmt: skip
                if role in NEEDS_AGENCY and call.path not in OF_ALL and "json" in answer.headers["content-type"]:
                    assert not _foreign_numbers(city, agency, answer.json()), (name, login)


def _foreign_numbers(city: City, agency: str, shown: Any) -> set[int]:
    """Numbers of other agencies and their canteens, under the members that name such."""
    theirs = [one for name, one in city.network.agencies.items() if name != agency]
    numbers = {one["agency_id"] for one in theirs} | {c["canteen_id"] for one in theirs for c in one["canteens"]}
    return {number for number in _named(shown) if number in numbers}


def _named(shown: Any) -> Iterator[int]:
    if isinstance(shown, list):
        for one in shown:
            yield from _named(one)
    elif isinstance(shown, dict):
        yield from (value for name, value in shown.items() if name in ("agency_id", "canteen_id"))
        for value in shown.values():
            yield from _named(value)


OPEN = {
    "GET /", "GET /approvals", "GET /bulletins", "GET /bulletins/{bulletin_id}", "GET /bulletins/{bulletin_id}/data",
    "GET /bulletins/{bulletin_id}/pdf", "GET /check-receipt", "GET /evaluations", "GET /health", "GET /health/live",
    "GET /integrity", "GET /live", "GET /metrics", "GET /public/canteens/{canteen_id}/menus",
    "GET /public/canteens/{canteen_id}/menus/{day}", "GET /public/days/{business_date}", "GET /r/{number}",
    "GET /r/{number}/pdf", "GET /receipts/{number}", "GET /reconciliation", "GET /schema", "GET /schema/openapi.json",
    "GET /schema/openapi.yaml", "GET /schema/openapi.yml", "GET /schema/{path}", "GET /static/{file_path}",
    "HEAD /static/{file_path}", "GET /weighing", "GET /terminal/block-list/{since}", "GET /terminal/foods",
    "GET /terminal/parameters/{version}", "GET /terminal/payers/{ending}", "GET /terminal/payments/{ending}",
    "GET /terminal/requests/{epoch}/{first}/{last}",
    "GET /account", "GET /invitation", "GET /network",
    "GET /console/sign-on", "GET /schema/viewer/{name}", "GET /sign-on", "GET /sign-on/{provider}",
    *(f"GET /{app}" for app in APPS), "GET /counter/{canteen_id}",
    *(f"GET /{app}/{name}" for app in APPS for name in ("assets/{name}", *BESIDE_PAGE)),
    "POST /console/sign-on/{provider}", "POST /console/sign-on/{provider}/completion",
    "POST /console/sign-on/{provider}/logout", "POST /console/tokens",
    "POST /console/invitations", "POST /console/sessions", "POST /console/sessions/passkey",
    "POST /console/sessions/passkey-challenge", "POST /console/sessions/second-factor",
    "DELETE /console/sessions/current", "POST /gateway/notifications", "POST /phone/account",
    "POST /phone/certificates", "POST /phone/certificates/renewals", "POST /phone/top-ups", "POST /phone/payments",
    "GET /s/{code}", "POST /displays/sessions", "GET /displays/events", "POST /terminal/charges",
    "POST /terminal/enrolments", "POST /terminal/keys", "POST /terminal/sessions", "POST /terminal/shifts",
    "POST /terminal/shifts/closings", "POST /terminal/voids", "POST /terminal/sheet-voids", "POST /terminal/weigh-ins",
    "DELETE /terminal/sessions/current", "POST /terminal/cashiers", "DELETE /terminal/cashiers/current",
    "POST /me/sign-on/{provider}", "POST /me/sign-on/{provider}/completion",
}  # fmt: skip
"""Nobody need be signed in: public, a way in, or of devices and the gateway, which sign what they send."""

SECRET_WITHOUT = ("POST /terminal", "GET /terminal", "DELETE /terminal", "POST /phone", "POST /gateway")


@pytest.mark.parametrize("name", sorted(name for name in OPEN if name.startswith(SECRET_WITHOUT)))
def test_a_persons_token_is_no_devices_signature(city: City, name: str) -> None:
    call = CALLS[name]
    path = call.path.replace("{version}", "A" * 22)
    for part in ("since", "epoch", "first", "last"):
        path = path.replace(f"{{{part}}}", "1")
    for login in ("", "centre", "matrix-auditor"):
        body: Any = None if call.method == "GET" else {}
        answer = answer_to(city, call.method, Ask(login, path), login, body)
        assert 400 <= answer.status < 500, (name, login, answer.status)


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.of_official])
def test_what_is_an_officials_own_is_for_no_role(city: City, name: str) -> None:
    """With no signature of a phone and no session of an official nobody comes in: test_me.py shows who does."""
    path = re.sub(r"(?<=receipts/)\{number\}|\{(booking_id|report_id|request_id)\}", str(uuid4()), CALLS[name].path)
    path = re.sub(r"\{\w+\}", "1001", path)
    for login in ("", *(login_of(role, OWN) for role in OF_PEOPLE)):
        answer = answer_to(city, CALLS[name].method, Ask(login, path), login)
        assert (answer.status, answer.json()["code"]) == (401, "traveller.not_signed_in"), (name, login, answer.data)


def test_the_matrix_tells_its_count(capsys: pytest.CaptureFixture[str]) -> None:
    persons = 1 + sum(2 if role in NEEDS_AGENCY else 1 for role in OF_PEOPLE)
    with capsys.disabled():
        print(f"\n{len(CALLS)} routes, {len(Role)} roles, {persons} persons, {COUNT['requests']} requests")
    assert len(CALLS) > 300
