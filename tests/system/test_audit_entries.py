"""Every change by a person has exactly one audit entry, and what is refused has none: by route and command.

The routes come from the OpenAPI document, the commands from the command line: one that is missing here fails the test.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
import pyotp
import pytest
import urllib3

from demo.city import HANGZHOU, NINGBO, PASSWORD
from demo.simulated_sign_on import OPENID, WORK_APP, SimulatedSignOn
from foundation.calendar import ZONE
from foundation.keys import load_keys, read_versions
from onecard.cli import main
from onecard.cli.commands import AWAITS_APPROVAL
from registry.sign_on.openid import LOGOUT_EVENT
from terminals.phone import ask_for_holder
from terminals.sheet_phone import SheetPhone
from tests.authenticator import Authenticator
from tests.bank import camt, entry
from tests.builders import Network, Town, seen_identity, seen_user
from tests.running_system import System
from tests.system.test_sign_on import Tab, choose
from tests.waiting import wait_until
from waste.evaluation.quarters import quarter_before

TODAY = datetime.now(ZONE).date()
TOMORROW = TODAY + timedelta(days=1)
QUARTER = str(quarter_before(TODAY))
RUNNING = str(date(TODAY.year, (TODAY.month - 1) // 3 * 3 + 1, 1))
EARLY = {"reason": "不等自评期满"}
PHOTO = {"name": "a.png", "content": "iVBORw0KGgo" + "A" * 85}
SIGN_IN = "POST /console/sessions"


@dataclass
class Ask:
    """A request that succeeds, who may make it, and who may not."""

    who: str
    path: str
    body: Any = None
    wrong_role: str | None = None
    other_agency: str | None = None
    """The same role elsewhere: it may, but not for this subject."""
    invalid: Any = None
    """A body that is refused."""
    headers: dict[str, str] = field(default_factory=dict)
    """Further header fields, such as a browser's."""


class City(Town):
    """A system of its own, with what the requests need: built when the first of them asks for it."""

    def agency(self, name: str = "yinzhou") -> int:
        return self.network.agency_id(name)

    def canteen(self, name: str = "yinzhou") -> int:
        return self.network.canteen_id(name)

    def holder(self, name: str = "yinzhou") -> int:
        return self.network.official(name).holder_id

    def card(self) -> int:
        """A new card's number."""
        return self.network.card(self.network.official()).file.credential_id

    def pay(self, agency: str = "yinzhou") -> str:
        """An official's lunch at Yinzhou; the number of the posting."""
        card = self.network.card(self.network.official(agency))
        answer = self.terminal.charge_card(card, "lunch")
        assert answer.receipt is not None, answer
        return str(answer.receipt.number)

    def weigh_in(self) -> str:
        ask = weigh(self)
        self.person(ask.who).call("POST", ask.path, ask.body)
        return str(ask.body["weigh_ins"][0]["weigh_in_id"])

    @cached_property
    def terminal(self) -> Any:
        return self.network.terminal(self.folder)

    @cached_property
    def guests(self) -> list[str]:
        """Visitors' payments on a published statement."""
        postings = [self.pay("yuyao") for _ in range(4)]
        self.network.close_day(self.open_day)
        return postings

    @cached_property
    def closed_day(self) -> str:
        day = self.open_day
        assert self.guests
        return day

    def dispute(self) -> int:
        ask = raise_dispute(self)
        return int(self.person(ask.who).call("POST", ask.path, ask.body)["dispute_id"])

    def case(self) -> int:
        ask = open_case(self)
        return int(self.person(ask.who).call("POST", ask.path, ask.body)["number"])

    @cached_property
    def frozen(self) -> bool:
        supervisor = self.person("supervisor")
        assert supervisor.call("POST", f"/waste/evaluations/{QUARTER}")["evaluated"]
        return supervisor.ask("POST", f"/waste/evaluations/{QUARTER}/freeze", EARLY).status in (204, 409)

    @cached_property
    def appeal(self) -> int:
        assert self.frozen
        message = {"canteen_id": self.canteen("yuyao"), "quarter": QUARTER, "text": "请复核", "indicators": ["E1"]}
        return int(self.person("kitchen-yuyao").call("POST", "/waste/appeals", message)["number"])

    @cached_property
    def bulletin(self) -> int:
        assert self.frozen
        return int(self.person("supervisor").call("POST", "/waste/bulletins", {"quarter": QUARTER})["number"])


def deposit(city: City, path: str) -> Ask:
    sent = {"posting_id": str(uuid4()), "holder_id": city.holder(), "amount_fen": 500}
    body = {"agency_id": city.agency(), "deposits": [sent]}
    return Ask("finance-yinzhou", path, body, "kitchen-yinzhou", "finance-yuyao", body | {"deposits": []})


def grant_file(city: City) -> Ask:
    number = secrets.token_hex(6)
    message = {"agency_id": city.agency(), "officials": [{"name": "王小明", "staff_number": number}]}
    city.person("centre").call("POST", "/registry/officials", message)
    path = f"/settlement/grants/{city.agency()}/{secrets.token_hex(4)}"
    body = f"staff_number,amount\n{number},12.00\n".encode()
    return Ask("finance-yinzhou", path, body, "kitchen-yinzhou", "finance-yuyao", b"staff_number,amount\nnobody,1\n")


def officials(city: City) -> Ask:
    message = {"agency_id": city.agency(), "officials": [{"name": "王小明", "staff_number": secrets.token_hex(6)}]}
    invalid = message | {"officials": []}
    return Ask("admin-yinzhou", "/registry/officials", message, "kitchen-yinzhou", "admin-yuyao", invalid)


def roster(city: City) -> Ask:
    mark = secrets.token_hex(4)
    path = f"/registry/rosters?agency_id={city.agency()}"
    body = f"工号,姓名\n{mark},王小明\n".encode()
    return Ask("admin-yinzhou", path, body, "kitchen-yinzhou", "admin-yuyao")


def confirmed_roster(city: City) -> Ask:
    """Of an agency of its own, whose people are as it says: carried out later, it has no entry in between."""
    mark = secrets.token_hex(4)
    names = {"name_zh": f"单位{mark}", "name_en": f"Agency {mark}"}
    centre = city.person("centre")
    wanted = {"book": NINGBO, **names, "meal_allowance_fen": 10_000}
    agency_id = centre.call("POST", "/registry/agencies", wanted)["agency_id"]
    file = city.folder / "roster-of-one.csv"
    file.write_text("工号,姓名\n1,王\n", encoding="utf-8")
    city.network.system.command("roster", "import", str(file), "--agency", str(agency_id))
    number = centre.call("POST", f"/registry/rosters?agency_id={agency_id}", file.read_bytes())["roster_id"]
    path = f"/registry/rosters/{number}"
    wait_until(lambda: centre.call("GET", path)["state"] == "previewed", "the roster is not read")
    return Ask("centre", f"{path}/confirmation", {"leavers": 0}, "kitchen-yinzhou", None, {"leavers": -1})


def name_search(city: City) -> Ask:
    body = {"agency_id": city.agency(), "name": "小明"}
    return Ask(
        "admin-yinzhou", "/registry/officials/search", body, "kitchen-yinzhou", "admin-yuyao", body | {"name": "明"}
    )


def official_change(city: City) -> Ask:
    path = f"/registry/officials/{city.holder()}"
    body = {"person_class": "trainee"}
    return Ask("admin-yinzhou", path, body, "kitchen-yinzhou", "admin-yuyao", {"person_class": "king"})


def about_official(city: City, step: str, who: str = "admin-yinzhou") -> Ask:
    holder_id = city.holder()
    path = f"/registry/officials/{holder_id}"
    if step == "resumption":
        city.person("admin-yinzhou").call("POST", f"{path}/suspension", {"reason": "外派"})
    return Ask(who, f"{path}/{step}", {"reason": "外派"}, "kitchen-yinzhou", "admin-yuyao", {"reason": ""})


def region(_: City) -> Ask:
    number = secrets.randbelow(9_000) + 500_000
    message = {"book": number, "name_zh": f"地区{number}", "name_en": f"Region {number}"}
    return Ask("centre", "/registry/regions", message, "admin-yinzhou", None, message | {"book": 1})


def agency(_: City) -> Ask:
    mark = secrets.token_hex(4)
    message = {"book": NINGBO, "name_zh": f"单位{mark}", "name_en": f"Agency {mark}", "meal_allowance_fen": 10_000}
    return Ask("centre", "/registry/agencies", message, "admin-yinzhou", None, message | {"book": 1})


MEALS = [{"meal": "lunch", "starts": "11:00:00", "ends": "13:00:00"}]


def canteen(city: City) -> Ask:
    mark = secrets.token_hex(4)
    message = {"agency_id": city.agency(), "name_zh": f"食堂{mark}", "name_en": f"Canteen {mark}", "meals": MEALS}
    return Ask("centre", "/registry/canteens", message, "admin-yinzhou", None, message | {"latitude": 30.0})


def meals(city: City) -> Ask:
    path, message = f"/registry/canteens/{city.canteen()}/meals", {"meals": MEALS}
    return Ask("kitchen-yinzhou", path, message, "finance-yinzhou", "kitchen-yuyao", {"meals": MEALS * 2})


def special_day(city: City) -> Ask:
    path = f"/registry/canteens/{city.canteen()}/days/{TOMORROW}"
    message = {"meals": [], "reason": "检修"}
    return Ask("kitchen-yinzhou", path, message, "finance-yinzhou", "kitchen-yuyao", {"meals": [], "reason": ""})


def cleared_day(city: City) -> Ask:
    set_before = special_day(city)
    city.person(set_before.who).call("PUT", set_before.path, set_before.body)
    return Ask("kitchen-yinzhou", set_before.path, None, "finance-yinzhou", "kitchen-yuyao")


def a_menu() -> dict[str, Any]:
    return {"dishes": [{"name_zh": f"菜品{secrets.token_hex(4)}", "kind": "meat"}]}


def menu(city: City) -> Ask:
    path = f"/dining/canteens/{city.canteen()}/menus/{TOMORROW + timedelta(days=6)}/lunch"
    return Ask("kitchen-yinzhou", path, a_menu(), "finance-yinzhou", "kitchen-yuyao", {"dishes": []})


def menu_copy(city: City) -> Ask:
    canteen_id, source = city.canteen(), TOMORROW + timedelta(days=60 + secrets.randbelow(30))
    kitchen = city.person("kitchen-yinzhou")
    kitchen.call("PUT", f"/dining/canteens/{canteen_id}/menus/{source}/lunch", a_menu())
    # The demo's own menus end five weeks from its start.
    free = TOMORROW + timedelta(days=40 + secrets.randbelow(20))
    message = {"source": str(source), "first": str(free)}
    invalid = message | {"days": 0}
    return Ask(
        "kitchen-yinzhou",
        f"/dining/canteens/{canteen_id}/menu-copies",
        message,
        "finance-yinzhou",
        "kitchen-yuyao",
        invalid,
    )


def menu_file(city: City) -> Ask:
    row = f"{TOMORROW + timedelta(days=6)},{city.canteen()},lunch,菜品{secrets.token_hex(4)},meat"
    content = f"date,canteen,meal,name_zh,kind\n{row}\n".encode()
    return Ask("kitchen-yinzhou", "/dining/menu-files", content, "finance-yinzhou", None, b"date,canteen\nx,1\n")


def booking_terms(city: City) -> Ask:
    path = f"/dining/canteens/{city.canteen()}/booking-terms/lunch"
    message = {"cut_off_min": 60, "capacity": 300}
    invalid = {"cut_off_min": -1}
    return Ask("kitchen-yinzhou", path, message, "finance-yinzhou", "kitchen-yuyao", invalid)


def network_file(_: City) -> Ask:
    number = secrets.randbelow(9_000) + 510_000
    rows = f"book,name_zh,name_en\n{number},地区{number},Region {number}\n".encode()
    return Ask("centre", "/registry/network-imports?sheet=regions", rows, "admin-yinzhou", None, b"book,name_zh\n1,x\n")


def named_row(city: City, path: str) -> dict[str, Any]:
    row = city.person("centre").call("GET", path)
    return {"name_zh": row["name_zh"], "name_en": secrets.token_hex(6)}


def change_region(city: City) -> Ask:
    path = f"/registry/regions/{NINGBO}"
    message = named_row(city, path)
    return Ask("centre", path, message, "admin-yinzhou", None, message | {"name_en": ""})


def change_agency(city: City) -> Ask:
    path = f"/registry/agencies/{city.agency()}"
    message = named_row(city, path)
    return Ask("centre", path, message, "admin-yinzhou", None, message | {"parent_agency_id": city.agency()})


def change_canteen(city: City) -> Ask:
    path = f"/registry/canteens/{city.canteen()}"
    message = named_row(city, path)
    return Ask("centre", path, message, "kitchen-yinzhou", None, message | {"latitude": 30.0})


def stepped(noun: str, step: str) -> Callable[[City], Ask]:
    """A step of something new: suspended before it is resumed."""

    def ask(city: City) -> Ask:
        wanted = {"regions": region, "agencies": agency, "canteens": canteen}[noun](city)
        made = city.person("centre").call("POST", wanted.path, wanted.body)
        number = made.get("number") or made.get("agency_id") or made["book"]
        reason = {"reason": "a test"}
        if step == "resumption":
            city.person("centre").call("POST", f"/registry/{noun}/{number}/suspension", reason)
        return Ask("centre", f"/registry/{noun}/{number}/{step}", reason, "admin-yinzhou", None, {"reason": ""})

    return ask


def visit(city: City) -> Ask:
    message = {"holder_id": city.holder(), "host_agency_id": city.agency("hangzhou"), "first_day": str(TODAY),
               "last_day": str(TOMORROW)}  # fmt: skip
    invalid = message | {"last_day": str(TODAY - timedelta(days=1))}
    return Ask("centre", "/registry/visits", message, "kitchen-yinzhou", "admin-yuyao", invalid)


def decided_visit(city: City, step: str, body: Any) -> Ask:
    """Of a visit that an official registered himself."""
    official = city.network.official()
    wanted = {
        "request_id": str(uuid4()), "host_agency_id": city.agency("hangzhou"), "first_day": str(TODAY),
        "last_day": str(TOMORROW), "reason": "会议",
    }  # fmt: skip
    ask_for_holder(city.network.url, city.network.phone(official), "POST", "/me/visits", wanted)
    asked = city.person("centre").call("GET", f"/registry/visit-requests?holder_id={official.holder_id}")["items"]
    path = f"/registry/visit-requests/{asked[0]['number']}/{step}"
    invalid = None if body is None else {"reason": ""}
    return Ask("admin-yinzhou", path, body, "finance-yinzhou", "admin-yuyao", invalid)


def ended_visit(city: City) -> Ask:
    message = {"holder_id": city.holder(), "host_agency_id": city.agency("hangzhou"), "first_day": str(TODAY),
               "last_day": str(TOMORROW)}  # fmt: skip
    visit_id = city.person("centre").call("POST", "/registry/visits", message)["visit_id"]
    path = f"/registry/visits/{visit_id}/ending"
    return Ask("admin-yinzhou", path, {"reason": "会议改期"}, "finance-yinzhou", "admin-yuyao", {"reason": ""})


def refund(city: City) -> Ask:
    message = {"posting_id": str(uuid4()), "payment": city.pay(), "amount_fen": 100, "reason": "菜没了"}
    invalid = message | {"amount_fen": 900_000}
    return Ask("finance-yinzhou", "/settlement/refunds", message, "kitchen-yinzhou", "finance-yuyao", invalid)


def agreement(_: City) -> Ask:
    message = {"guest_book": NINGBO, "valid_from": str(TODAY), "valid_to": str(TODAY + timedelta(days=99))}
    invalid = message | {"valid_to": "2024-01-02"}
    return Ask("centre", f"/settlement/agreements/{HANGZHOU}", message, "finance-yinzhou", None, invalid)


def rules(_: City) -> Ask:
    return Ask("centre", f"/settlement/rules/{NINGBO}", {"meals_max": 5}, "finance-yinzhou", None, {"meals_max": 0})


def class_rules(_: City) -> Ask:
    message = {"person_class": "guest", "valid_from": str(TODAY + timedelta(days=400)), "eats_at_home": True,
               "eats_elsewhere": False, "price": "visitor"}  # fmt: skip
    invalid = message | {"person_class": "official"}
    return Ask("centre", f"/settlement/class-rules/{NINGBO}", message, "finance-yinzhou", None, invalid)


def person_class(_: City) -> Ask:
    message = {"name_zh": "志愿者", "name_en": "volunteer"}
    return Ask("centre", "/settlement/person-classes/volunteer", message, "admin-yinzhou", None, {"name_zh": ""})


def purse_order(city: City) -> Ask:
    message = {"agency_id": city.agency(), "purse_order": "cash_first"}
    invalid = message | {"purse_order": "luck"}
    return Ask("finance-yinzhou", "/settlement/purse-orders", message, "kitchen-yinzhou", "finance-yuyao", invalid)


def tariff(city: City) -> Ask:
    message = {"canteen_id": city.canteen(), "meal": "lunch", "valid_from": str(TODAY + timedelta(days=9)),
               "home_fen": 1_100}  # fmt: skip
    invalid = message | {"valid_from": str(TODAY)}
    return Ask("finance-yinzhou", "/settlement/tariffs", message, "kitchen-yinzhou", "finance-yuyao", invalid)


def approval(city: City) -> Ask:
    slip = city.network.slip(approved=False)
    return Ask("approver", f"/console/enrolments/{slip.enrolment_id}/approval", None, "centre")


def revocation(city: City) -> Ask:
    terminal = city.network.terminal(city.folder)
    path = f"/console/terminals/{terminal.identity.terminal_id}/revocation"
    return Ask("admin-yinzhou", path, {"reason": "stolen"}, "kitchen-yinzhou", "admin-yuyao", {"reason": ""})


def on_terminal(city: City, action: str, body: Any, invalid: Any) -> Ask:
    terminal = city.network.terminal(city.folder)
    path = f"/console/terminals/{terminal.identity.terminal_id}/{action}"
    return Ask("admin-yinzhou", path, body, "finance-yinzhou", "admin-yuyao", invalid)


def resumption(city: City) -> Ask:
    ask = on_terminal(city, "suspension", WHY, {"reason": ""})
    city.person(ask.who).call("POST", ask.path, WHY)
    return replace(ask, path=ask.path.replace("suspension", "resumption"))


def move(city: City) -> Ask:
    there = city.person("centre").call("POST", "/registry/canteens", canteen(city).body)["number"]
    return on_terminal(city, "canteen", {"canteen_id": there}, {"canteen_id": city.canteen("yuyao")})


def waiting(city: City) -> int:
    """The number of a request that waits for a second person: more than one may give."""
    sent = {"posting_id": str(uuid4()), "holder_id": city.holder(), "amount_fen": 900_000}
    body = {"agency_id": city.agency(), "deposits": [sent]}
    return int(city.person("finance-yinzhou").call("POST", "/settlement/top-ups", body)["approval_id"])


def decided(city: City, decision: str) -> Ask:
    path = f"/console/approvals/{waiting(city)}/{decision}"
    return Ask("approver", path, {"reason": "核对无误"}, "finance-yinzhou", "finance-yuyao", {"reason": 7})


def block(city: City) -> Ask:
    message = {"blocked": True, "reason": "lost"}
    path = f"/console/credentials/{city.card()}/block"
    return Ask("admin-yinzhou", path, message, "kitchen-yinzhou", "admin-yuyao", {"blocked": "yes", "reason": "lost"})


def closure(city: City) -> Ask:
    message = {"posting_id": str(uuid4()), "holder_id": city.holder()}
    invalid = message | {"holder_id": -1}
    return Ask("finance-yinzhou", "/console/closures", message, "kitchen-yinzhou", "finance-yuyao", invalid)


def activations(city: City) -> Ask:
    message = {"agency_id": city.agency(), "holder_ids": [city.holder()]}
    invalid = message | {"holder_ids": []}
    return Ask("admin-yinzhou", "/console/phone-activations", message, "kitchen-yinzhou", "admin-yuyao", invalid)


def enrolment(city: City) -> Ask:
    message = {"canteen_id": city.canteen()}
    invalid = message | {"kind": "toaster"}
    return Ask("admin-yinzhou", "/console/enrolments", message, "kitchen-yinzhou", "admin-yuyao", invalid)


def cards(city: City) -> Ask:
    card = {"holder_id": city.holder(), "uid": f"04{secrets.token_hex(6)}"}
    message = {"agency_id": city.agency(), "cards": [card]}
    invalid = message | {"cards": [card | {"uid": "04"}]}
    return Ask("admin-yinzhou", "/console/cards", message, "kitchen-yinzhou", "admin-yuyao", invalid)


def replacement(city: City) -> Ask:
    message = {"credential_id": city.card(), "uid": f"04{secrets.token_hex(6)}", "reason": "lost"}
    invalid = message | {"uid": "04"}
    return Ask("admin-yinzhou", "/console/cards/replacements", message, "kitchen-yinzhou", "admin-yuyao", invalid)


def close_day(city: City) -> Ask:
    assert city.closed_day
    message = {"business_date": city.open_day, "reason": "提前打烊"}
    return Ask("centre", "/clearing/cycles", message, "finance-yinzhou", None, {"business_date": city.open_day})


def bank_file(city: City) -> Ask:
    return Ask("centre", f"/clearing/cycles/{city.closed_day}/bank-file", None, "finance-yinzhou")


def bank_account(city: City) -> Ask:
    message = {"agency_id": city.agency(), "holder_name": "鄞州区", "number": "3901000000000017",
               "bank": "102332000018"}  # fmt: skip
    return Ask("centre", "/clearing/bank-accounts", message, "finance-yinzhou", None, message | {"bank": "x"})


def confirmations(city: City) -> Ask:
    legs = city.person("centre").call("GET", f"/clearing/cycles/{city.closed_day}/legs")
    leg = next(leg for leg in legs if leg["amount_fen"] > 1)
    content = camt(entry(secrets.token_hex(4), 1, leg["reference"], credit=leg["pay_in"]))
    return Ask("centre", "/clearing/confirmations", content, "finance-yinzhou", None, b"<Document/>")


def resolution(city: City) -> Ask:
    number = secrets.token_hex(4)
    unknown = Ask("centre", "/clearing/confirmations", camt(entry(number, 1, "")))
    assert send(city, "POST", unknown, "centre", unknown.body).status == 201
    message = {"entry": number, "resolution": "other", "reason": "利息"}
    invalid = message | {"resolution": "assigned"}
    return Ask("centre", "/clearing/confirmations/resolutions", message, "finance-yinzhou", None, invalid)


def raise_dispute(city: City) -> Ask:
    message = {"posting_id": city.guests.pop(), "amount_fen": 100, "text": "没吃"}
    invalid = message | {"amount_fen": 0}
    return Ask("finance-yuyao", "/clearing/disputes", message, "kitchen-yuyao", "finance-hangzhou", invalid)


def answer(city: City) -> Ask:
    path = f"/clearing/disputes/{city.dispute()}/answer"
    return Ask("finance-yinzhou", path, {"text": "吃了"}, "kitchen-yinzhou", "finance-hangzhou", {"text": ""})


def withdrawal(city: City) -> Ask:
    path = f"/clearing/disputes/{city.dispute()}/withdrawal"
    return Ask("finance-yuyao", path, None, "kitchen-yuyao", "finance-hangzhou")


def decision(city: City) -> Ask:
    number = city.dispute()
    city.person("finance-yinzhou").call("POST", f"/clearing/disputes/{number}/answer", {"text": "吃了"})
    message = {"accept": True, "text": "查实"}
    return Ask("centre", f"/clearing/disputes/{number}/decision", message, "finance-yuyao", None, {"accept": 1})


def weigh(city: City) -> Ask:
    one = {"weigh_in_id": str(uuid4()), "canteen_id": city.canteen(), "business_date": str(TODAY), "meal": "lunch",
           "stream": "plate", "weight_g": 1_000}  # fmt: skip
    body = {"weigh_ins": [one]}
    invalid = {"weigh_ins": [one | {"weight_g": 0}]}
    return Ask("kitchen-yinzhou", "/waste/weigh-ins", body, "finance-yinzhou", "kitchen-yuyao", invalid)


def weigh_file(city: City) -> Ask:
    head = "日期,食堂,餐次,类别,重量(kg)\n"
    body = f"{head}{TODAY},{city.canteen()},午餐,未售,1.5\n".encode()
    invalid = f"{head}{TODAY},7,午餐,未售,1.5\n".encode()
    return Ask("kitchen-yinzhou", "/waste/weigh-in-files", body, "finance-yinzhou", "kitchen-yuyao", invalid)


def photos(city: City) -> Ask:
    path = f"/waste/weigh-ins/{city.weigh_in()}/photos"
    return Ask("kitchen-yinzhou", path, {"files": [PHOTO]}, "finance-yinzhou", "kitchen-yuyao", {"files": ["x"]})


def corrections(city: City) -> Ask:
    one = {"weigh_in_id": str(uuid4()), "replaces": city.weigh_in(), "weight_g": 900}
    body = {"corrections": [one], "reason": "看错了"}
    return Ask("kitchen-yinzhou", "/waste/corrections", body, "finance-yinzhou", "kitchen-yuyao", {"reason": "x"})


def material(city: City, path: str, **more: Any) -> Ask:
    one = {"entry_id": str(uuid4()), "canteen_id": city.canteen(), "on_day": str(TODAY), "weight_g": 1_000} | more
    invalid = {"entries": [one | {"weight_g": -1}]}
    return Ask("kitchen-yinzhou", path, {"entries": [one]}, "finance-yinzhou", "kitchen-yuyao", invalid)


def purchases(city: City) -> Ask:
    return material(city, "/waste/purchases", food="rice", cost_fen=500)


def material_file(city: City) -> Ask:
    body = f"日期,食堂,去向,重量(kg)\n{TODAY},{city.canteen()},沼气,1.5\n".encode()
    path = "/waste/material-files/collected"
    return Ask("kitchen-yinzhou", path, body, "finance-yinzhou", "kitchen-yuyao", body.replace("沼气".encode(), b"x"))


def material_correction(city: City) -> Ask:
    ask = purchases(city)
    city.person(ask.who).call("POST", ask.path, ask.body)
    one = {"entry_id": str(uuid4()), "replaces": ask.body["entries"][0]["entry_id"], "weight_g": 900, "cost_fen": 450}
    body, path = {"corrections": [one], "reason": "发票更正"}, "/waste/material-corrections"
    return Ask("kitchen-yinzhou", path, body, "finance-yinzhou", "kitchen-yuyao", body | {"reason": ""})


def destinations(city: City) -> Ask:
    body = {"canteen_id": city.canteen(), "valid_from": str(TODAY), "destinations": ["feed", "biogas"]}
    invalid = body | {"valid_from": str(TODAY - timedelta(days=1))}
    return Ask("kitchen-yinzhou", "/waste/destinations", body, "finance-yinzhou", "kitchen-yuyao", invalid)


def food(_: City) -> Ask:
    body = {"food": "millet", "valid_from": str(TOMORROW), "name_zh": "小米", "name_en": "millet",
            "co2e_g_per_kg": 1_200, "source": "a test"}  # fmt: skip
    return Ask("supervisor", "/waste/foods", body, "kitchen-yinzhou", None, body | {"co2e_g_per_kg": -1})


def kitchen(city: City) -> Ask:
    body = {"canteen_id": city.canteen(), "operating": "contracted", "serving": "buffet", "cost_per_kg_fen": 900}
    invalid = body | {"serving": "drone"}
    return Ask("kitchen-yinzhou", "/waste/kitchens", body, "finance-yinzhou", "kitchen-yuyao", invalid)


def booking(city: City) -> Ask:
    body = {"canteen_id": city.canteen(), "business_date": str(TOMORROW), "meal": "lunch", "booked": 12}
    invalid = body | {"booked": -1}
    return Ask("kitchen-yinzhou", "/waste/bookings", body, "finance-yinzhou", "kitchen-yuyao", invalid)


def attendance(city: City) -> Ask:
    day = {"canteen_id": city.canteen(), "business_date": str(TOMORROW), "staff": 240, "on_leave": 12}
    invalid = {"days": [day | {"travelling": 229}]}
    return Ask("kitchen-yinzhou", "/waste/attendance", {"days": [day]}, "finance-yinzhou", "kitchen-yuyao", invalid)


def attendance_file(city: City) -> Ask:
    rows = f"日期,食堂,总人数,请假人数\n{TOMORROW},{city.canteen()},240,12\n"
    return Ask(
        "kitchen-yinzhou", "/waste/attendance-files", rows.encode(), "finance-yinzhou", "kitchen-yuyao",
        rows.replace("240", "x").encode(),
    )  # fmt: skip


def self_evaluation(city: City) -> Ask:
    body = {
        "canteen_id": city.canteen(), "quarter": RUNNING, "percents": {"A1": 60}, "note": "制度健全",
        "files": {"A1": [PHOTO]},
    }  # fmt: skip
    invalid = body | {"percents": {"W1": 60}}
    return Ask("kitchen-yinzhou", "/waste/self-evaluations", body, "finance-yinzhou", "kitchen-yuyao", invalid)


def evidence(city: City) -> Ask:
    body = {"canteen_id": city.canteen(), "quarter": QUARTER, "code": "A1", "percent": 50, "note": "现场查看"}
    return Ask("supervisor", "/waste/evidence", body, "kitchen-yinzhou", None, body | {"code": "W1"})


def open_case(city: City) -> Ask:
    body = {"canteen_id": city.canteen(), "quarter": QUARTER, "what": "未称重", "responsible": "李主任",
            "due_on": str(TOMORROW)}  # fmt: skip
    return Ask("supervisor", "/waste/cases", body, "kitchen-yinzhou", None, body | {"due_on": "2020-01-01"})


def case_action(city: City) -> Ask:
    path = f"/waste/cases/{city.case()}/plan"
    return Ask("kitchen-yinzhou", path, {"text": "计划"}, "supervisor", "kitchen-yuyao", {"text": ""})


def flag_review(city: City) -> Ask:
    with psycopg.connect(city.network.system.database_url) as connection:
        row = connection.execute(
            "INSERT INTO kitchen_flag (book, flag_id, canteen_id, rule, first_day, last_day, meal, stream, figure,"
            " rows, state, found_at) SELECT book, nextval('onecard_number'), canteen_id, 'weight_outlier', %s, %s, '',"
            " '', 90, '[]', 'open', now() FROM canteen WHERE canteen_id = %s RETURNING flag_id",
            (TODAY, TODAY, city.canteen()),
        ).fetchone()
    assert row is not None
    body = {"uphold": True, "note": "秤未归零"}
    return Ask("supervisor", f"/waste/flags/{row[0]}/review", body, "kitchen-yinzhou", None, {"note": "秤未归零"})


def sampling_plan(_: City) -> Ask:
    return Ask("supervisor", f"/waste/sampling-plans/{TODAY.year + 1}", None, "kitchen-yinzhou")


def inspection_visit(city: City) -> Ask:
    body = {"canteen_id": city.canteen(), "visited_on": str(TODAY), "looked_at": "复秤三餐，查看台账"}
    invalid = body | {"visited_on": str(TODAY + timedelta(days=1))}
    return Ask("supervisor", "/waste/inspections", body, "kitchen-yinzhou", None, invalid)


def calibration(city: City) -> Ask:
    body = {"canteen_id": city.canteen(), "scale": "餐盘回收处1号秤", "calibrated_on": str(TODAY),
            "valid_until": str(TODAY + timedelta(days=365)), "certificate": "JL-2026-0117"}  # fmt: skip
    invalid = body | {"valid_until": str(TODAY)}
    return Ask("kitchen-yinzhou", "/waste/calibrations", body, "finance-yinzhou", "kitchen-yuyao", invalid)


def freeze(city: City) -> Ask:
    assert city.person("supervisor").call("POST", f"/waste/evaluations/{QUARTER}")["evaluated"]
    return Ask("supervisor", f"/waste/evaluations/{QUARTER}/freeze", EARLY, "kitchen-yinzhou", None, {"reason": ""})


def appeal(city: City) -> Ask:
    assert city.frozen
    body = {"canteen_id": city.canteen(), "quarter": QUARTER, "text": "系误录", "indicators": ["E1"]}
    invalid = body | {"text": ""}
    return Ask("kitchen-yinzhou", "/waste/appeals", body, "finance-yinzhou", "kitchen-hangzhou", invalid)


def appeal_decision(city: City) -> Ask:
    body = {"accept": False, "text": "维持"}
    path = f"/waste/appeals/{city.appeal}/decision"
    return Ask("approver", path, body, "kitchen-yuyao", "supervisor", {"accept": 1, "text": "x"})


def reweigh_seed(_: City) -> Ask:
    return Ask("supervisor", f"/waste/reweigh-seeds/{RUNNING}", None, "kitchen-yinzhou")


def drawn_city(city: City) -> dict[str, Any]:
    city.person("supervisor").call("POST", f"/waste/reweigh-seeds/{RUNNING}")
    # A canteen of its own: the others have weighed today's meals already when the business day is over.
    made = city.person("centre").call("POST", "/registry/canteens", canteen(city).body)["number"]
    one = weigh(city).body["weigh_ins"][0] | {"canteen_id": made}
    city.person("kitchen-yinzhou").call("POST", "/waste/weigh-ins", {"weigh_ins": [one]})
    return {"canteen_id": made, "business_date": str(TODAY)}


def reweigh_draw(city: City) -> Ask:
    body = drawn_city(city)
    return Ask("supervisor", "/waste/reweighings/draws", body, "kitchen-yinzhou", None, body | {"canteen_id": 0})


def reweighing(city: City) -> Ask:
    drawn = city.person("supervisor").call("POST", "/waste/reweighings/draws", drawn_city(city))[0]
    body = {name: drawn[name] for name in ("canteen_id", "business_date", "meal", "stream")}
    body |= {"weight_g": 1_100, "note": "复称"}
    return Ask("supervisor", "/waste/reweighings", body, "kitchen-yinzhou", None, body | {"weight_g": -1})


def receptions(city: City) -> Ask:
    month = {"month": "2025-01-01", "reception_fen": 120_000, "host_meals_fen": 30_000}
    body = {"agency_id": city.agency(), "months": [month], "source": "部门决算"}
    invalid = body | {"months": [month | {"month": str(TODAY)}]}
    return Ask("finance-yinzhou", "/clearing/receptions", body, "kitchen-yinzhou", "finance-yuyao", invalid)


def bulletin(city: City) -> Ask:
    assert city.frozen
    body = {"quarter": QUARTER}
    return Ask("supervisor", "/waste/bulletins", body, "kitchen-yinzhou", None, {"quarter": "2026-02-01"})


def edit_bulletin(city: City) -> Ask:
    path = f"/waste/bulletins/{city.bulletin}"
    return Ask("supervisor", path, {"foreword": "本季度各单位认真落实。"}, "kitchen-yinzhou", None, {"colour": "red"})


def publication(city: City) -> Ask:
    path = f"/waste/bulletins/{city.bulletin}/publication"
    return Ask("approver", path, EARLY, "kitchen-yinzhou", "supervisor")


def sign_in(_: City) -> Ask:
    body = {"login": "centre", "password": PASSWORD}
    return Ask("", "/console/sessions", body, None, None, body | {"password": "wrong"})


def somebody(city: City, role: str = "supervisor") -> str:
    """The login of a new user, whose password is that of all."""
    login = f"{role.replace('_', '-')}-{secrets.token_hex(4)}"
    with psycopg.connect(city.network.system.database_url) as db:
        db.execute(
            "INSERT INTO console_user (user_id, login, password_hash, role)"
            " SELECT nextval('onecard_number'), %s, password_hash, %s FROM console_user WHERE login = 'supervisor'",
            [login, role],
        )
    return login


def proof(city: City) -> Ask:
    return Ask(somebody(city), "/console/sessions/current/proof", {"password": PASSWORD}, invalid={"password": "wrong"})


def end_session(city: City) -> Ask:
    login = somebody(city)
    [other] = city.network.person(login).call("GET", "/console/sessions")
    return Ask(login, f"/console/sessions/{other['number']}", wrong_role="supervisor")


SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def with_factor(city: City, *, confirmed: bool = True) -> str:
    """The login of a new user with a second factor."""
    login, keys = somebody(city), load_keys(city.network.system.settings.keys_folder)
    city.person(login)
    with psycopg.connect(city.network.system.database_url) as db:
        [(number,)] = db.execute("SELECT user_id FROM console_user WHERE login = %s", [login]).fetchall()
        sealed = keys.wrap(SECRET.encode(), f"second_factor/{number}".encode())
        confirmed_at = datetime.now(ZONE) if confirmed else None
        db.execute("INSERT INTO second_factor VALUES (%s, %s, now(), %s, 0)", [number, sealed, confirmed_at])
    return login


def now_code() -> dict[str, str]:
    return {"code": pyotp.TOTP(SECRET).now()}


def second_step(city: City) -> Ask:
    message = {"login": with_factor(city), "password": PASSWORD}
    url = city.network.url + "/console/sessions"
    ticket = urllib3.request("POST", url, json=message, retries=False, timeout=60).json()["ticket"]
    body = {"ticket": ticket} | now_code()
    return Ask("", "/console/sessions/second-factor", body, invalid=body | {"ticket": "x"})


def password_change(city: City) -> Ask:
    body = {"old": PASSWORD, "new": "clouds over the lake"}
    return Ask(somebody(city), "/console/sessions/current/password", body, invalid=body | {"new": "short"})


def factor_change(city: City, path: str, *, confirmed: bool = True) -> Ask:
    login = with_factor(city, confirmed=confirmed)
    return Ask(login, f"/console/second-factor/{path}", now_code(), wrong_role="supervisor", invalid={"code": "abcdef"})


def passkey_challenge(city: City, path: str, who: str = "") -> Any:
    headers = {"authorization": f"Bearer {city.person(who).token}"} if who else {}
    answer = urllib3.request("POST", city.network.url + path, headers=headers, retries=False, timeout=60)
    return answer.json()["publicKey"]


def passkey(city: City, key: Authenticator | None = None) -> Ask:
    login, key = with_factor(city), key or Authenticator(city.network.url)
    credential = key.create(passkey_challenge(city, "/console/passkeys/challenge", login))
    body = {"name": "手机", "credential": credential}
    return Ask(login, "/console/passkeys", body, "supervisor", invalid=body | {"name": ""})


def passkey_sign_in(city: City) -> Ask:
    key = Authenticator(city.network.url)
    ask = passkey(city, key)
    city.person(ask.who).call("POST", ask.path, ask.body)
    body = {"credential": key.get(passkey_challenge(city, "/console/sessions/passkey-challenge"))}
    return Ask("", "/console/sessions/passkey", body, invalid={"credential": {}})


def passkey_removal(city: City) -> Ask:
    ask = passkey(city)
    number = city.person(ask.who).call("POST", ask.path, ask.body)["number"]
    return Ask(ask.who, f"/console/passkeys/{number}", wrong_role="supervisor")


def number_of(city: City, login: str) -> int:
    with psycopg.connect(city.network.system.database_url) as db:
        [(number,)] = db.execute("SELECT user_id FROM console_user WHERE login = %s", [login]).fetchall()
    return int(number)


def set_user(city: City, login: str, assignment: str, *values: Any) -> None:
    with psycopg.connect(city.network.system.database_url) as db:
        db.execute(f"UPDATE console_user SET {assignment} WHERE login = %s".encode(), [*values, login])


def invite(_: City) -> Ask:
    body = {"login": f"new-{secrets.token_hex(4)}", "role": "supervisor"}
    return Ask("centre", "/console/users", body, "supervisor", "admin-yuyao", body | {"role": "emperor"})


def user_change(city: City, action: str, body: Any = None, invalid: Any = None, before: str = "") -> Ask:
    login = somebody(city)
    if before:
        set_user(city, login, before)
    number = number_of(city, login)
    if action == "confirmation":
        body = seen_user(city.network.system, number)
        invalid = body | {"role": "emperor"}
    return Ask("centre", f"/console/users/{number}/{action}", body, "supervisor", "admin-yuyao", invalid)


def acceptance(city: City) -> Ask:
    login, code = somebody(city), secrets.token_urlsafe(24)
    digest = hashlib.sha256(code.encode()).digest()
    coming = "state = 'invited', invitation_hash = %s, invitation_expires_at = now() + interval '1 hour'"
    set_user(city, login, coming, digest)
    body = {"login": login, "code": code, "password": "clouds over the lake"}
    return Ask("", "/console/invitations", body, invalid=body | {"code": "x"})


def identity(city: City, action: str = "") -> Ask:
    body = {
        "provider": WORK_APP, "subject": secrets.token_hex(8), "user_id": number_of(city, somebody(city)),
    }  # fmt: skip
    if not action:
        return Ask("centre", "/console/identities", body, "supervisor", "admin-yuyao", body | {"provider": "nobody"})
    number = city.person("approver").call("POST", "/console/identities", body)["number"]
    path = f"/console/identities/{number}"
    if action == "end":
        return Ask("centre", path, None, "supervisor", "admin-yuyao")
    seen = seen_identity(city.network.system, number)
    return Ask("centre", f"{path}/{action}", seen, "supervisor", "admin-yuyao", seen | {"subject": ""})


def machine(city: City, action: str = "") -> Ask:
    body = {"login": f"machine-{secrets.token_hex(4)}", "agency_id": city.agency(), "scopes": ["see_registry"]}
    if not action:
        return Ask("centre", "/console/machines", body, "supervisor", "admin-yuyao", body | {"scopes": ["approve"]})
    made = city.person("centre").call("POST", "/console/machines", body)
    if action == "renewal":
        seen = seen_user(city.network.system, made["user_id"])
        city.person("approver").call("POST", f"/console/users/{made['user_id']}/confirmation", seen)
        form = urlencode(
            {"grant_type": "client_credentials", "client_id": body["login"], "client_secret": made["secret"]}
        )
        token = urllib3.request("POST", city.network.url + "/console/tokens", body=form).json()["access_token"]
        return Ask("", "/console/machines/current/secret", headers={"authorization": f"Bearer {token}"})
    changed: dict[str, Any] = {"scopes": ["see_clearing"]} if action == "scopes" else {"days": 30}
    invalid: dict[str, Any] = {"scopes": []} if action == "scopes" else {"days": 0}
    path = f"/console/machines/{made['user_id']}/{action}"
    return Ask("centre", path, changed, "supervisor", "admin-yuyao", invalid)


def signed_on(city: City) -> Tab:
    tab = Tab(city.network.system)
    assert tab.sign_on(OPENID, "kitchen-city")[0] == 201
    return tab


def sign_on(city: City, what: str = "") -> Ask:
    tab = signed_on(city)
    back = choose(tab.start(OPENID, what), "kitchen-city")
    headers = {
        "cookie": "; ".join(f"{name}={value}" for name, value in tab.cookies.items()),
        "sec-fetch-site": "same-origin",
        "x-csrf-token": tab.csrf,
    }
    path = f"/console/sign-on/{OPENID}{what}/completion"
    return Ask("", path, back, invalid=back | {"state": "x"}, headers=headers)


def provider_logout(city: City) -> Ask:
    assert signed_on(city)
    simulated = SimulatedSignOn(city.folder, city.network.url)
    claims = {"sub": "kitchen-city", "jti": secrets.token_hex(8), "events": {LOGOUT_EVENT: {}}}
    right, wrong = (f"logout_token={simulated.signed(one)}".encode() for one in (claims, claims | {"nonce": "x"}))
    return Ask("", f"/console/sign-on/{OPENID}/logout", right, invalid=wrong)


WHY = {"reason": "岗位调整"}


def cashier(city: City) -> Ask:
    number = f"{secrets.randbelow(10**8):08}"
    message = {"agency_id": city.agency(), "number": number, "name": "李大厨", "canteen_ids": [city.canteen()]}
    return Ask(
        "kitchen-yinzhou", "/console/cashiers", message, "finance-yinzhou", "kitchen-yuyao", message | {"number": "1"}
    )


def cashier_of(city: City) -> str:
    """The path of a new cashier of Yinzhou."""
    ask = cashier(city)
    return f"/console/cashiers/{city.person(ask.who).call('POST', ask.path, ask.body)['cashier_id']}"


def about_cashier(step: str) -> Callable[[City], Ask]:
    """A step of a new cashier: suspended before he is resumed."""

    def ask(city: City) -> Ask:
        path, body = cashier_of(city), {"reason": "a test"}
        if step == "resumption":
            city.person("admin-yinzhou").call("POST", f"{path}/suspension", body)
        return Ask("admin-yinzhou", f"{path}/{step}", body, "finance-yinzhou", "admin-yuyao", {"reason": ""})

    return ask


def changed_cashier(city: City) -> Ask:
    path = f"{cashier_of(city)}/changes"
    return Ask("admin-yinzhou", path, {"may_void": False}, "finance-yinzhou", "admin-yuyao", {"may_void": 1})


def cashiers_pin(city: City) -> Ask:
    return Ask("admin-yinzhou", f"{cashier_of(city)}/pin", {}, "finance-yinzhou", "admin-yuyao")


def locked_cashier(city: City) -> Ask:
    path = cashier_of(city)
    with psycopg.connect(city.network.system.database_url) as db:
        db.execute("UPDATE cashier SET wrong_tries = 5 WHERE cashier_id = %s", (int(path.rsplit("/", 1)[-1]),))
    return Ask("admin-yinzhou", f"{path}/unlocking", {}, "finance-yinzhou", "admin-yuyao")


def cashiers_required(city: City) -> Ask:
    """Of a canteen of its own: the others' tills go on."""
    mark = secrets.token_hex(4)
    wanted = {"agency_id": city.agency(), "name_zh": f"食堂{mark}", "name_en": f"Canteen {mark}", "meals": MEALS}
    number = city.person("centre").call("POST", "/registry/canteens", wanted)["number"]
    path = f"/registry/canteens/{number}/cashiers-required"
    return Ask("kitchen-yinzhou", path, {"required": True}, "finance-yinzhou", "kitchen-yuyao", {"required": 1})


def sheet(city: City) -> Ask:
    message = {"canteen_id": city.canteen(), "name": "1号窗口"}
    return Ask(
        "kitchen-yinzhou", "/terminals/sheets", message, "finance-yinzhou", "kitchen-yuyao", message | {"name": ""}
    )


def made_sheet(city: City) -> dict[str, Any]:
    """A new sheet of Yinzhou."""
    ask = sheet(city)
    made: dict[str, Any] = city.person(ask.who).call("POST", ask.path, ask.body)
    return made


def about_sheet(step: str = "") -> Callable[[City], Ask]:
    def ask(city: City) -> Ask:
        path = f"/terminals/sheets/{made_sheet(city)['sheet_id']}{step}"
        return Ask("kitchen-yinzhou", path, None, "finance-yinzhou", "kitchen-yuyao")

    return ask


def display(city: City) -> Ask:
    message = {"canteen_id": city.canteen()}
    return Ask(
        "kitchen-yinzhou", "/terminals/displays", message, "finance-yinzhou", "kitchen-yuyao", {"canteen_id": "one"}
    )


def revoked_display(city: City) -> Ask:
    ask = display(city)
    number = city.person(ask.who).call("POST", ask.path, ask.body)["display_id"]
    return Ask(ask.who, f"{ask.path}/{number}", None, ask.wrong_role, ask.other_agency)


def voided_sheet_payment(city: City) -> Ask:
    """Of a payment by a sheet of a canteen that serves lunch all day."""
    hours = {"meal": "lunch", "weekdays": [1, 2, 3, 4, 5, 6, 7], "starts": "00:00", "ends": "23:59:59"}
    city.person("centre").call("PUT", f"/registry/canteens/{city.canteen()}/meals", {"meals": [hours]})
    official = city.network.official()
    phone = SheetPhone(city.network.url, city.network.phone(official), city.folder / f"sheet-{official.holder_id}")
    paid = phone.pay(made_sheet(city)["code"])
    assert paid["outcome"] == "approved", paid
    body = {"canteen_id": city.canteen(), "short_number": paid["proof"]["short_number"], "reason": "a test"}
    return Ask(
        "kitchen-yinzhou", "/terminals/sheet-payments/voids", body, "admin-yinzhou", "kitchen-yuyao",
        body | {"short_number": "1"},
    )  # fmt: skip


CHANGES: dict[str, Callable[[City], Ask]] = {
    "POST /terminals/sheets": sheet,
    "POST /terminals/sheets/{sheet_id}/replacements": about_sheet("/replacements"),
    "DELETE /terminals/sheets/{sheet_id}": about_sheet(),
    "POST /terminals/displays": display,
    "DELETE /terminals/displays/{display_id}": revoked_display,
    "POST /terminals/sheet-payments/voids": voided_sheet_payment,
    "POST /console/cashiers": cashier,
    "POST /console/cashiers/{cashier_id}/changes": changed_cashier,
    "POST /console/cashiers/{cashier_id}/suspension": about_cashier("suspension"),
    "POST /console/cashiers/{cashier_id}/resumption": about_cashier("resumption"),
    "POST /console/cashiers/{cashier_id}/end": about_cashier("end"),
    "POST /console/cashiers/{cashier_id}/pin": cashiers_pin,
    "POST /console/cashiers/{cashier_id}/unlocking": locked_cashier,
    "POST /registry/canteens/{canteen_id}/cashiers-required": cashiers_required,
    SIGN_IN: sign_in,
    "POST /console/passkeys": passkey,
    "DELETE /console/passkeys/{number}": passkey_removal,
    "POST /console/sessions/passkey": passkey_sign_in,
    "POST /console/machines": machine,
    "POST /console/machines/{user_id}/scopes": lambda city: machine(city, "scopes"),
    "POST /console/machines/{user_id}/secret": lambda city: machine(city, "secret"),
    "POST /console/machines/current/secret": lambda city: machine(city, "renewal"),
    "POST /console/identities": identity,
    "POST /console/identities/{number}/confirmation": lambda city: identity(city, "confirmation"),
    "DELETE /console/identities/{number}": lambda city: identity(city, "end"),
    "POST /console/sign-on/{provider}/completion": sign_on,
    "POST /console/sign-on/{provider}/proof/completion": lambda city: sign_on(city, "/proof"),
    "POST /console/sign-on/{provider}/logout": provider_logout,
    "POST /console/users": invite,
    "POST /console/users/{user_id}/invitation": lambda city: user_change(city, "invitation"),
    "POST /console/users/{user_id}/confirmation": lambda city: user_change(
        city, "confirmation", before="state = 'unconfirmed', granted_by = 'approver'"
    ),
    "POST /console/users/{user_id}/role": lambda city: user_change(
        city, "role", {"role": "auditor"}, {"role": "agency_finance"}
    ),
    "POST /console/users/{user_id}/suspension": lambda city: user_change(city, "suspension", WHY, {"reason": ""}),
    "POST /console/users/{user_id}/resumption": lambda city: user_change(
        city, "resumption", WHY, {"reason": ""}, "suspended_at = now()"
    ),
    "POST /console/users/{user_id}/second-factor-reset": lambda city: Ask(
        "centre",
        f"/console/users/{number_of(city, with_factor(city))}/second-factor-reset",
        WHY,
        "supervisor",
        "admin-yuyao",
        {"reason": ""},
    ),
    "POST /console/invitations": acceptance,
    "POST /console/sessions/second-factor": second_step,
    "POST /console/sessions/current/password": password_change,
    "POST /console/second-factor": lambda city: Ask(somebody(city), "/console/second-factor", wrong_role=""),
    "POST /console/second-factor/confirmation": lambda city: factor_change(city, "confirmation", confirmed=False),
    "POST /console/second-factor/recovery-codes": lambda city: factor_change(city, "recovery-codes"),
    "POST /console/second-factor/removal": lambda city: factor_change(city, "removal"),
    "POST /console/sessions/current/proof": proof,
    "DELETE /console/sessions/{number}": end_session,
    "DELETE /console/sessions": lambda city: Ask(somebody(city), "/console/sessions", wrong_role=""),
    "POST /registry/officials": officials,
    "POST /settlement/class-rules/{book}": class_rules,
    "PUT /settlement/person-classes/{code}": person_class,
    "POST /registry/officials/search": name_search,
    "PATCH /registry/officials/{holder_id}": official_change,
    "POST /registry/officials/{holder_id}/suspension": lambda city: about_official(city, "suspension"),
    "POST /registry/officials/{holder_id}/resumption": lambda city: about_official(city, "resumption", "centre"),
    "POST /registry/officials/{holder_id}/departure": lambda city: about_official(city, "departure"),
    "POST /registry/rosters": roster,
    "POST /registry/rosters/{roster_id}/confirmation": confirmed_roster,
    "POST /registry/visits": visit,
    "POST /registry/visits/{visit_id}/ending": ended_visit,
    "POST /registry/visit-requests/{number}/confirmation": lambda city: decided_visit(city, "confirmation", None),
    "POST /registry/visit-requests/{number}/refusal": lambda city: decided_visit(city, "refusal", {"reason": "取消"}),
    "POST /registry/regions": region,
    "POST /registry/agencies": agency,
    "POST /registry/canteens": canteen,
    "PUT /registry/canteens/{canteen_id}/meals": meals,
    "PUT /registry/canteens/{canteen_id}/days/{day}": special_day,
    "DELETE /registry/canteens/{canteen_id}/days/{day}": cleared_day,
    "POST /registry/network-imports": network_file,
    "PUT /dining/canteens/{canteen_id}/menus/{day}/{meal}": menu,
    "POST /dining/canteens/{canteen_id}/menu-copies": menu_copy,
    "POST /dining/menu-files": menu_file,
    "PUT /dining/canteens/{canteen_id}/booking-terms/{meal}": booking_terms,
    "PUT /registry/regions/{number}": change_region,
    "PUT /registry/agencies/{number}": change_agency,
    "PUT /registry/canteens/{number}": change_canteen,
    **{
        f"POST /registry/{noun}/{{number}}/{step}": stepped(noun, step)
        for noun in ("regions", "agencies", "canteens")
        for step in ("suspension", "resumption", "ending")
    },
    "POST /settlement/grants": lambda city: deposit(city, "/settlement/grants"),
    "POST /settlement/top-ups": lambda city: deposit(city, "/settlement/top-ups"),
    "POST /settlement/grants/{agency_id}/{batch}": grant_file,
    "POST /settlement/refunds": refund,
    "POST /settlement/agreements/{book}": agreement,
    "POST /settlement/rules/{book}": rules,
    "POST /settlement/purse-orders": purse_order,
    "POST /settlement/tariffs": tariff,
    "POST /console/enrolments": enrolment,
    "POST /console/enrolments/{enrolment_id}/approval": approval,
    "POST /console/terminals/{terminal_id}/revocation": revocation,
    "POST /console/terminals/{terminal_id}/suspension": lambda city: on_terminal(city, "suspension", WHY, {}),
    "POST /console/terminals/{terminal_id}/resumption": resumption,
    "POST /console/terminals/{terminal_id}/name": lambda city: on_terminal(city, "name", {"name": "1号窗口"}, {}),
    "POST /console/terminals/{terminal_id}/canteen": move,
    "POST /console/approvals/{approval_id}/approval": lambda city: decided(city, "approval"),
    "POST /console/approvals/{approval_id}/rejection": lambda city: decided(city, "rejection"),
    "POST /console/cards": cards,
    "POST /console/cards/replacements": replacement,
    "POST /console/credentials/{credential_id}/block": block,
    "POST /console/phone-activations": activations,
    "POST /console/closures": closure,
    "POST /clearing/cycles": close_day,
    "POST /clearing/cycles/{business_date}/bank-file": bank_file,
    "POST /clearing/bank-accounts": bank_account,
    "POST /clearing/confirmations": confirmations,
    "POST /clearing/confirmations/resolutions": resolution,
    "POST /clearing/disputes": raise_dispute,
    "POST /clearing/receptions": receptions,
    "POST /clearing/disputes/{dispute_id}/answer": answer,
    "POST /clearing/disputes/{dispute_id}/withdrawal": withdrawal,
    "POST /clearing/disputes/{dispute_id}/decision": decision,
    "POST /waste/weigh-ins": weigh,
    "POST /waste/weigh-in-files": weigh_file,
    "POST /waste/weigh-ins/{weigh_in_id}/photos": photos,
    "POST /waste/corrections": corrections,
    "POST /waste/purchases": purchases,
    "POST /waste/stock-counts": lambda city: material(city, "/waste/stock-counts", food="rice"),
    "POST /waste/collections": lambda city: material(city, "/waste/collections", destination="feed"),
    "POST /waste/material-files/{kind}": material_file,
    "POST /waste/material-corrections": material_correction,
    "POST /waste/destinations": destinations,
    "POST /waste/foods": food,
    "POST /waste/kitchens": kitchen,
    "POST /waste/bookings": booking,
    "POST /waste/attendance": attendance,
    "POST /waste/attendance-files": attendance_file,
    "POST /waste/self-evaluations": self_evaluation,
    "POST /waste/evidence": evidence,
    "POST /waste/cases": open_case,
    "POST /waste/cases/{case_id}/{action}": case_action,
    "POST /waste/sampling-plans/{year}": sampling_plan,
    "POST /waste/inspections": inspection_visit,
    "POST /waste/calibrations": calibration,
    "POST /waste/flags/{flag_id}/review": flag_review,
    "POST /waste/evaluations/{quarter}/freeze": freeze,
    "POST /waste/appeals": appeal,
    "POST /waste/reweigh-seeds/{quarter}": reweigh_seed,
    "POST /waste/reweighings/draws": reweigh_draw,
    "POST /waste/reweighings": reweighing,
    "POST /waste/appeals/{appeal_id}/decision": appeal_decision,
    "POST /waste/bulletins": bulletin,
    "PATCH /waste/bulletins/{bulletin_id}": edit_bulletin,
    "POST /waste/bulletins/{bulletin_id}/publication": publication,
}
"""Every change that a person makes. The order is that of a story: a quarter is frozen after it was scored."""

NO_CHANGES = {
    "POST /waste/bulletins/{bulletin_id}/page": "shows a draft with changes that are not saved",
    "POST /me/bookings": "a diner's own, kept with their times, cancelled ones, too",
    "DELETE /me/bookings/{booking_id}": "the same",
    "POST /me/report-outs": "a diner's own, kept with their times, ended ones, too",
    "DELETE /me/report-outs/{report_id}": "the same",
    "POST /console/passkeys/challenge": "asks for a challenge, which is not stored",
    "POST /console/tokens": "a machine's token, every quarter of an hour; what it changes with it has its entries",
    "POST /console/sign-on/{provider}": "begins, and nothing is stored",
    "POST /console/sign-on/{provider}/proof": "begins, and nothing is stored",
    "POST /console/sessions/passkey-challenge": "asks for a challenge, which is not stored",
    "DELETE /console/sessions/current": "signing out ends nobody's but the caller's own session",
    "POST /clearing/differences": "compares, as the job runner does every five minutes",
    "POST /waste/evaluations/{quarter}": "asks for a computation, which the job runner makes by itself too",
    "POST /gateway/notifications": "a gateway's message, verified by its signature; the order keeps it",
    "POST /me/sign-on/{provider}": "begins, and nothing is stored",
    "POST /me/sign-on/{provider}/completion": "an official's session, with its entry: test_me.py",
    "POST /me/credentials/{credential_id}/loss": "an official's own change, with its entry: test_me.py",
    "POST /me/phone-activations": "an official's own change, with its entry: test_me.py",
    "POST /me/visit-endings": "an official's own change, with its entry: test_own_visits.py",
    "POST /me/visits": "an official's own change, with its entry: test_own_visits.py",
    "DELETE /me/visits/{request_id}": "an official's own change, with its entry: test_own_visits.py",
    "PUT /me/consents/{purpose}": "an official's own change, with its entry: test_me.py",
    "DELETE /me/sessions/{number}": "an official's own change, with its entry: test_me.py",
    "DELETE /me/session": "logging out ends nobody's but the caller's own session",
    "POST /phone/certificates": "a phone's message, under a one-time code that has its entry",
    "POST /phone/certificates/renewals": "a phone's message, signed by it",
    "POST /phone/account": "a phone's question, signed by it",
    "POST /phone/payments": "a phone's message, signed by it; the ledger keeps it",
    "POST /displays/sessions": "a screen's link becomes its cookie, and nothing is stored",
    "POST /phone/top-ups": "a phone's message, signed by it; the order keeps it",
    "POST /terminal/enrolments": "a device's message, under a one-time code that has its entries",
    "POST /terminal/keys": "a terminal's message, signed by it; the log has an entry by the centre",
    "POST /terminal/sessions": "a terminal's message, signed by it",
    "DELETE /terminal/sessions/current": "a terminal's message, signed by it",
    "POST /terminal/charges": "a terminal's message, signed by it; the ledger keeps it",
    "POST /terminal/voids": "a terminal's message, signed by it; the ledger keeps it",
    "POST /terminal/sheet-voids": "a terminal's message, signed by it; the cashier has an entry: test_sheets.py",
    "POST /terminal/cashiers": "a terminal's message, signed by it; the sign-on is kept with its number",
    "DELETE /terminal/cashiers/current": "a terminal's message, signed by it; the sign-on is kept with its number",
    "POST /terminal/shifts": "a terminal's message, signed by it; the ledger keeps it",
    "POST /terminal/shifts/closings": "a terminal's message, signed by it; the ledger keeps it with the signature",
    "POST /terminal/weigh-ins": "a scale's message, signed by it; the weighing names the scale",
}
"""Changing methods that are no person's change, and why."""


@pytest.fixture(scope="module")
def city(scratch: Path) -> Iterator[City]:
    folder = scratch / "audited"
    folder.mkdir()
    system = System(folder, workers="1")
    system.start()
    yield City(Network(system), folder)
    system.clear_away()


def entries(city: City) -> list[str]:
    """The actions of people in the audit log, in order: every five minutes the directory ends what it does not know."""
    with psycopg.connect(city.network.system.database_url) as connection:
        rows = connection.execute("SELECT action FROM audit_entry WHERE actor <> 'directory' ORDER BY entry")
        return [action for (action,) in rows]


def send(city: City, method: str, ask: Ask, who: str, body: Any) -> urllib3.BaseHTTPResponse:
    headers = {"content-type": "application/json", **ask.headers}
    if who:
        headers["authorization"] = f"Bearer {city.person(who).token}"
    if isinstance(body, bytes):
        headers["content-type"] = "application/octet-stream"
    elif body is not None:
        body = json.dumps(body).encode()
    url = city.network.url + ask.path
    return urllib3.request(method, url, body=body, headers=headers, retries=False, timeout=60)


def test_every_changing_route_stands_in_a_table(city: City) -> None:
    paths = urllib3.request("GET", f"{city.network.url}/schema/openapi.json").json()["paths"]
    changing = {
        f"{method.upper()} {path}"
        for path, item in paths.items()
        for method in item
        if method in ("post", "put", "patch", "delete")
    }
    assert changing == CHANGES.keys() | NO_CHANGES.keys()
    assert not CHANGES.keys() & NO_CHANGES.keys()


@pytest.mark.parametrize("route", CHANGES)
def test_a_change_has_one_entry_and_a_refusal_none(city: City, route: str) -> None:
    method = route.split(" ", 1)[0]
    ask = CHANGES[route](city)
    variants = {
        "wrong role": (ask.wrong_role, ask.body),
        "other agency": (ask.other_agency, ask.body),
        "invalid body": (ask.who, ask.invalid),
    }
    for login in {ask.who, ask.wrong_role, ask.other_agency} - {None, ""}:
        city.person(str(login))
    for name, (who, body) in variants.items():
        if who is None or (name == "invalid body" and body is None):
            continue
        before = entries(city)
        refused = send(city, method, ask, who, body)
        assert 400 <= refused.status < 500, f"{name}: {refused.status} {refused.data.decode()}"
        assert entries(city) == before, f"{name}: refused, and yet noted"
    before = entries(city)
    done = send(city, method, ask, ask.who, ask.body)
    assert done.status < 300, done.data.decode()
    assert len(entries(city)) == len(before) + 1, entries(city)[len(before) :]


@dataclass
class Typed:
    """A command that succeeds, the same with a mistake, and what is typed into both."""

    right: list[str]
    wrong: list[str]
    typed: str = ""
    codes: tuple[int, ...] = (0,)
    """Exit codes when it did something."""


def days(count: int) -> str:
    return f"{datetime.now(ZONE) + timedelta(days=count):%Y-%m-%dT%H:%M}"


def type_rotation(_: City) -> Typed:
    return Typed(["rotate-key", "cards"], ["rotate-key", "cards", "--begins", days(-1)])


def type_end_of_key(city: City) -> Typed:
    city.network.system.command("rotate-key", "centre", "--begins", days(2))
    return Typed(["end-key", "centre", "1", "--ends", days(3)], ["end-key", "centre", "1", "--ends", days(1)])


def type_user(_: City) -> Typed:
    name = f"s{secrets.token_hex(4)}"
    return Typed(["add-user", name, "supervisor"], ["add-user", name, "kitchen"], "clouds over the lake\n")


def type_password(city: City) -> Typed:
    return Typed(["set-password", somebody(city)], ["set-password", "nobody"], "clouds over the lake\n")


def type_reset(city: City) -> Typed:
    return Typed(["reset-second-factor", with_factor(city)], ["reset-second-factor", somebody(city)])


def type_close(city: City) -> Typed:
    # Asked for by an earlier test, it would be a repeat.
    approver = city.person("approver")
    for asked in approver.call("GET", "/console/approvals?state=pending")["items"]:
        if asked["kind"] == "close_day":
            approver.call("POST", f"/console/approvals/{asked['approval_id']}/rejection", {"reason": "未到时间"})
    right = ["close-day", "--date", city.open_day, "--force", "--reason", "提前打烊"]
    return Typed(right, right[:3], codes=(AWAITS_APPROVAL,))


def type_bank_file(city: City) -> Typed:
    out = str(city.folder / "payments.xml")
    return Typed(["bank-file", city.closed_day, out], ["bank-file", "2020-01-01", out], codes=(AWAITS_APPROVAL,))


def type_confirmations(city: City) -> Typed:
    right, wrong = city.folder / "camt.xml", city.folder / "wrong.xml"
    right.write_bytes(camt(entry(secrets.token_hex(4), 1, "")))
    wrong.write_bytes(b"<Document/>")
    return Typed(["confirm", str(right)], ["confirm", str(wrong)], codes=(1,))


def type_roster(city: City) -> Typed:
    mark = secrets.token_hex(4)
    names = {"name_zh": f"单位{mark}", "name_en": f"Agency {mark}"}
    wanted = {"book": NINGBO, **names, "meal_allowance_fen": 10_000}
    agency_id = city.person("centre").call("POST", "/registry/agencies", wanted)["agency_id"]
    right, wrong = city.folder / "roster.csv", city.folder / "wrong.csv"
    right.write_text("工号,姓名\n1,王小明\n", encoding="utf-8")
    wrong.write_text("工号,姓名\n1,\n", encoding="utf-8")
    command = ["roster", "import", "--agency", str(agency_id)]
    return Typed([*command, str(right)], [*command, str(wrong)])


COMMAND_CHANGES: dict[str, Callable[[City], Typed]] = {
    "add-user": type_user,
    "set-password": type_password,
    "reset-second-factor": type_reset,
    "roster import": type_roster,
    "rotate-key": type_rotation,
    "end-key": type_end_of_key,
    "confirm": type_confirmations,
    "bank-file": type_bank_file,
    "close-day": type_close,
}
"""Every command by which a person changes something."""

COMMANDS_WITHOUT = {
    "audit": "reads a bundle",
    "bundle": "writes an agency's proof, which the agency may have at any time",
    "check-history": "compares",
    "check-jobs": "looks for a heartbeat",
    "check-receipt": "verifies",
    "conformance": "plays a device to a centre, or a centre to a device, over the protocol alone",
    "conformance-kit": "two people's work, through the routes",
    "demo": "plays people and terminals through the routes",
    "demo-phone": "plays people through the routes",
    "demo-till": "plays people through the routes",
    "second-factor": "the person's own, through the routes",
    "distribute": "places tables on the nodes of a cluster; no row changes",
    "evaluate": "computes what was asked for, as the job runner does by itself",
    "fake-centre": "serves a centre in memory",
    "network import": "tests/system/test_network_imports.py looks at its entry",
    "network export": "writes files",
    "network template": "writes a file",
    "init": "founds a centre where there is none; tests/system/test_joining.py looks at its entry",
    "forecast backtest": "computes",
    "forecast now": "computes what the job runner computes by itself",
    "jobs": "runs the job runner",
    "migrate": "brings the tables to this version, and makes keys where there are none; the package is the evidence",
    "public-key": "prints",
    "roster run": "carries out what was confirmed over the API; tests/system/test_rosters.py looks at its entry",
    "run": "serves; makes keys where there are none",
    "serve": "serves",
    "synchronize-directories": "as the job runner does; what a directory changes has its entries",
    "terminals": "lists",
    "urls": "prints",
    "verify": "compares",
}
"""Commands by which no person changes anything, and why."""


def test_every_command_stands_in_a_table() -> None:
    commands = {
        f"{name} {sub}".strip()
        for name, command in main.commands.items()
        for sub in getattr(command, "commands", {"": None})
    }
    assert commands == COMMAND_CHANGES.keys() | COMMANDS_WITHOUT.keys()
    assert not COMMAND_CHANGES.keys() & COMMANDS_WITHOUT.keys()


@pytest.mark.parametrize("command", COMMAND_CHANGES)
def test_a_command_that_changes_has_one_entry_and_a_mistake_none(city: City, command: str) -> None:
    system, typed = city.network.system, COMMAND_CHANGES[command](city)
    before = entries(city)
    refused = system.command(*typed.wrong, typed=typed.typed, check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stdout + refused.stderr
    assert entries(city) == before, "refused, and yet noted"
    done = system.command(*typed.right, typed=typed.typed, check=False)
    assert done.returncode in typed.codes, done.stdout + done.stderr
    assert len(entries(city)) == len(before) + 1, entries(city)[len(before) :]
    with psycopg.connect(system.database_url) as db:
        last = db.execute("SELECT actor, detail FROM audit_entry ORDER BY entry DESC LIMIT 1").fetchone()
    assert last is not None
    assert last[0] == "command line"
    if command == "rotate-key":
        assert last[1].keys() == {"version", "begins"}, "nothing of a secret key"


def test_without_an_entry_no_key_is_changed(city: City) -> None:
    system = city.network.system
    before = read_versions(system.settings.keys_folder, "centre_signing_key"), entries(city)
    with psycopg.connect(system.database_url) as holder:
        holder.execute("SELECT FROM lock_audit_log()")
        done = system.command("rotate-key", "centre", "--begins", days(30), check=False)
        assert done.returncode != 0
    assert (read_versions(system.settings.keys_folder, "centre_signing_key"), entries(city)) == before
    system.command("rotate-key", "centre", "--begins", days(30))
    assert len(read_versions(system.settings.keys_folder, "centre_signing_key")) == len(before[0]) + 1
    with psycopg.connect(system.database_url) as db:
        last = db.execute("SELECT subject, detail FROM audit_entry ORDER BY entry DESC LIMIT 1").fetchone()
    assert last is not None
    keys = load_keys(system.settings.keys_folder)
    assert (last[0], last[1]["public_key"]) == ("key/centre", keys.public_key(last[1]["version"]).hex())
