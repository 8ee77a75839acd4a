"""A canteen without a terminal: its printed code, and phones that pay by it."""

import itertools
import json
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pypdfium2 as pdfium
import pytest
import urllib3
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import to_builtins

from foundation.calendar import ZONE
from terminals import sheet_codes
from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected
from terminals.phone import ask_for_holder
from terminals.schemas import to_bytes, to_text
from terminals.sheet_phone import SheetPhone
from tests.builders import Network, Official
from tests.cable import Cable, State
from tests.typescript_device import DeviceError, TypeScriptDevice
from verification.invariants import QUERIES as INVARIANTS

ALL_DAY = [{"meal": "lunch", "starts": "00:00", "ends": "23:59:59"}]


@pytest.fixture(scope="module")
def city(network: Network, scratch: Path) -> Iterator[Network]:
    """The demo city, where lunch is served all day today at the canteens that have sheets here."""
    today = datetime.now(ZONE).date()
    days = [
        f"/registry/canteens/{network.canteen_id(agency)}/days/{day}"
        for agency in ("yinzhou", "hangzhou")
        for day in (today, today + timedelta(days=1))
    ]
    for day in days:
        network.centre.call("PUT", day, {"meals": ALL_DAY, "reason": "a test"})
    phone = phone_of(network, scratch)
    for agency in ("yinzhou", "hangzhou"):
        eventually(phone, sheet_of(network, agency)["code"], lambda asked: bool(asked["meal"] == "lunch"))
    yield network
    for day in days:
        network.centre.call("DELETE", day)


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
    assert answer["proof"]["name"] == "1号窗口", "a payment is for one window"


def test_a_changed_price_is_refused_with_the_new_one(city: Network, tmp_path: Path) -> None:
    official = city.official()
    phone, sheet = phone_of(city, tmp_path, official), sheet_of(city)
    asked = phone.ask(sheet["code"])
    answer = phone.send(phone.begin(sheet["code"], asked, amount_fen=asked["price_fen"] - 100))
    assert (answer["outcome"], answer["reason"]) == ("refused", "price_changed")
    assert answer["price_fen"] == asked["price_fen"]
    assert city.purses(official)[0] == 10_000


def test_a_replaced_sheet_is_dead_at_once_and_its_successor_pays(city: Network, tmp_path: Path) -> None:
    phone, sheet = phone_of(city, tmp_path), sheet_of(city)
    asked = phone.ask(sheet["code"])
    fresh = city.centre.call("POST", f"/terminals/sheets/{sheet['sheet_id']}/replacements")
    assert fresh["version"] == 2
    for _ in range(8):
        assert phone.send(phone.begin(sheet["code"], asked))["reason"] == "sheet_ended"
    assert phone.pay(fresh["code"])["outcome"] == "approved"
    city.centre.call("DELETE", f"/terminals/sheets/{sheet['sheet_id']}")
    assert phone.send(phone.begin(fresh["code"], asked))["reason"] == "sheet_ended"
    with pytest.raises(Rejected) as refused:
        phone.ask(fresh["code"])
    assert (refused.value.status, refused.value.slug) == (410, "sheet-ended")


def test_a_repeat_gets_its_first_answer_whatever_happened_since(city: Network, tmp_path: Path) -> None:
    official = city.official()
    phone, sheet = phone_of(city, tmp_path, official), sheet_of(city)
    number = phone.begin(sheet["code"], phone.ask(sheet["code"]))
    first = phone.send(number)
    [credential] = [row["credential_id"] for row in ask_for_holder(city.url, phone.phone, "GET", "/me/credentials")]
    city.centre.call("POST", f"/console/credentials/{credential}/block", {"blocked": True, "reason": "lost"})
    city.centre.call("DELETE", f"/terminals/sheets/{sheet['sheet_id']}")
    assert phone.send(number) == first
    assert (
        phone.send(phone.begin(sheet["code"], {"canteen_id": city.canteen_id("yinzhou"), "meal": "lunch"}, 100))[
            "outcome"
        ]
        == "refused"
    )
    assert city.purses(official)[0] == 10_000 - first["receipt"]["amount_fen"]


def test_a_number_is_used_for_one_payment(city: Network, tmp_path: Path) -> None:
    phone, sheet = phone_of(city, tmp_path), sheet_of(city)
    asked = phone.ask(sheet["code"])
    number = phone.begin(sheet["code"], asked)
    phone.send(number)
    with pytest.raises(Rejected) as refused:
        phone.send(number, amount_fen=asked["price_fen"] + 1)
    assert (refused.value.status, refused.value.slug) == (422, "other-content")


def test_what_comes_late_is_refused_and_never_posted(city: Network, tmp_path: Path) -> None:
    official = city.official()
    phone, sheet = phone_of(city, tmp_path, official), sheet_of(city)
    number = phone.begin(sheet["code"], phone.ask(sheet["code"]), purchased_at=int(time.time()) - 90)
    assert phone.resolve() == []
    [entry] = phone.journal.entries()
    assert (entry.sequence, entry.outcome) == (number, "refused")
    assert city.purses(official)[0] == 10_000


def test_the_canteens_people_void_a_payment_by_the_number_on_the_phone(city: Network, tmp_path: Path) -> None:
    official = city.official()
    phone, sheet = phone_of(city, tmp_path, official), sheet_of(city)
    number = phone.begin(sheet["code"], phone.ask(sheet["code"]))
    paid = phone.send(number)
    message = {
        "canteen_id": city.canteen_id("yinzhou"),
        "short_number": paid["proof"]["short_number"],
        "reason": "served twice",
    }
    manager = city.person("kitchen-yinzhou")
    voided = manager.call("POST", "/terminals/sheet-payments/voids", message)
    assert voided == {"number": paid["receipt"]["number"], "reversed_fen": paid["receipt"]["amount_fen"]}
    assert manager.call("POST", "/terminals/sheet-payments/voids", message) == voided
    assert city.purses(official)[0] == 10_000
    assert phone.send(number)["reversed_fen"] == paid["receipt"]["amount_fen"]
    history = tmp_path / "history.jsonl"
    credential = ask_for_holder(city.url, phone.phone, "GET", "/me/credentials")[0]["credential_id"]
    history.write_text("\n".join(json.dumps(line) for line in phone.journal.history(credential)))
    assert city.system.command("check-history", str(history)).returncode == 0


def test_a_region_refuses_who_is_far_away_or_does_not_tell(city: Network, tmp_path: Path) -> None:
    latitude, longitude, book = place_of(city, "hangzhou")
    sheet = sheet_of(city, "hangzhou")
    checks: dict[str, Callable[[dict[str, Any]], bool]] = {
        "flag": lambda asked: bool(asked["place"]["check"] == "flag"),
        "refuse": lambda asked: bool(asked["place"]["check"] == "refuse"),
        "off": lambda asked: bool(asked["place"]["check"] == "off"),
    }
    phones = [phone_of(city, tmp_path, city.official("hangzhou")) for _ in range(4)]
    near = {"place": {"latitude": latitude, "longitude": longitude, "accuracy_m": 20}}
    far = {"place": {"latitude": latitude + 0.03, "longitude": longitude, "accuracy_m": 20}}
    for check, expected in (
        ("flag", ["approved", "approved", "approved", "approved"]),
        ("refuse", ["approved", "too_far", "place_not_told", "place_not_repeated"]),
        ("off", ["approved", "approved", "approved", "approved"]),
    ):
        city.centre.call("POST", f"/settlement/rules/{book}", {"place_check": check, "place_within_m": 300})
        eventually(phones[0], sheet["code"], checks[check])
        told: tuple[dict[str, Any], ...] = (near, far, {"no_place": "denied"}, {})
        answers = [phone.pay(sheet["code"], **place) for phone, place in zip(phones, told, strict=True)]
        assert [answer.get("reason", answer["outcome"]) for answer in answers] == expected
        found = ["near", "far", "denied", "unknown"] if check != "off" else ["off"] * 4
        assert [answer["place"] for answer in answers] == found
        for answer, phone in zip(answers, phones, strict=True):
            if answer["outcome"] == "approved":
                void(city, "hangzhou", answer)
            assert not any(b"latitude" in entry.body for entry in phone.journal.entries())
    numbers = [credential_of(city, phone) for phone in phones]
    with psycopg.connect(city.system.database_url) as db:
        query = "SELECT DISTINCT place, distance FROM sheet_payment WHERE terminal_id = ANY (%s)"
        rows = db.execute(query, [numbers]).fetchall()
    assert set(rows) == {
        ("near", "0-100"), ("far", "3000-"), ("denied", None), ("unknown", None), ("off", None),
    }  # fmt: skip


@contextmanager
def nothing_is_posted(city: Network, official: Official) -> Iterator[None]:
    """What is paid meanwhile is noted, and its charge has no answer: the purse is in use."""
    with psycopg.connect(city.system.database_url) as db:
        db.execute("SELECT 1 FROM purse WHERE holder_id = %s FOR UPDATE", [official.holder_id])
        yield


def test_a_number_that_names_two_canteens_leaves_the_checks_whole(city: Network, tmp_path: Path) -> None:
    """The first message is lost on its way to the ledger, then another one is sent under its number."""
    official = city.official()
    phone, sheets = phone_of(city, tmp_path, official), [sheet_of(city, agency) for agency in ("hangzhou", "yinzhou")]
    lost, paid = (message_for(phone, sheet, 1) for sheet in sheets)
    with nothing_is_posted(city, official), pytest.raises(OutcomeUnknown):
        pay(city, phone, lost)
    answer = pay(city, phone, paid)
    assert answer["outcome"] == "approved"
    with pytest.raises(Rejected) as refused:
        pay(city, phone, lost)
    assert refused.value.slug == "other-content"
    with psycopg.connect(city.system.database_url) as db:
        off = db.execute(INVARIANTS["own_sheet"].encode()).fetchall()
    assert [row for row in off if str(row[0]) == answer["receipt"]["number"]] == []


def test_a_payment_is_judged_by_the_place_that_is_kept(city: Network, tmp_path: Path) -> None:
    latitude, longitude, book = place_of(city, "hangzhou")
    official = city.official("hangzhou")
    phone, sheet = phone_of(city, tmp_path, official), sheet_of(city, "hangzhou")
    far, near = (
        {"place": {"latitude": latitude + away, "longitude": longitude, "accuracy_m": 5}} for away in (0.5, 0.0)
    )
    city.centre.call("POST", f"/settlement/rules/{book}", {"place_check": "refuse", "place_within_m": 300})
    eventually(phone, sheet["code"], lambda asked: bool(asked["place"]["check"] == "refuse"))
    try:
        lost = message_for(phone, sheet, 1)
        with nothing_is_posted(city, official), pytest.raises(OutcomeUnknown):
            pay(city, phone, lost | near)
        answer = pay(city, phone, lost)
        assert (answer["outcome"], answer["place"]) == ("approved", "near")
        void(city, "hangzhou", answer)
        refused = message_for(phone, sheet, 2)
        assert pay(city, phone, refused | far)["reason"] == "too_far"
        again = pay(city, phone, refused | near)
        assert (again["reason"], again["place"]) == ("too_far", "far")
    finally:
        city.centre.call("POST", f"/settlement/rules/{book}", {"place_check": "off", "place_within_m": 300})
        eventually(phone, sheet["code"], lambda asked: bool(asked["place"]["check"] == "off"))


def test_a_suspended_canteen_is_paid_nothing_whatever_time_a_phone_names(city: Network, tmp_path: Path) -> None:
    phone, sheet = phone_of(city, tmp_path, city.official("hangzhou")), sheet_of(city, "hangzhou")
    earlier = message_for(phone, sheet, 1) | {"purchased_at": int(time.time()) - 40}
    canteen = f"/registry/canteens/{city.canteen_id('hangzhou')}"
    city.centre.call("POST", f"{canteen}/suspension", {"reason": "a test"})
    try:
        assert pay(city, phone, earlier)["reason"] == "canteen_closed"
    finally:
        city.centre.call("POST", f"{canteen}/resumption", {"reason": "a test"})
        eventually(phone, sheet["code"], lambda asked: bool(asked["may_eat"]))


def message_for(phone: SheetPhone, sheet: dict[str, Any], sequence: int) -> dict[str, Any]:
    asked = phone.ask(sheet["code"])
    return {
        "epoch": 1, "sequence": sequence, "sheet": sheet["code"], "canteen_id": asked["canteen_id"], "meal": "lunch",
        "amount_fen": asked["price_fen"], "purchased_at": int(time.time()),
    }  # fmt: skip


def pay(city: Network, phone: SheetPhone, message: dict[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = ask_for_holder(city.url, phone.phone, "POST", "/phone/payments", message)
    except Rejected as rejected:
        if rejected.status == 503:
            raise OutcomeUnknown(str(rejected), status=503, document=rejected.document) from None
        raise
    return answer


def void(city: Network, agency: str, paid: dict[str, Any]) -> None:
    number = paid["proof"]["short_number"]
    message = {"canteen_id": city.canteen_id(agency), "short_number": number, "reason": "a test"}
    city.centre.call("POST", "/terminals/sheet-payments/voids", message)


def place_of(city: Network, agency: str) -> tuple[float, float, int]:
    query = "SELECT latitude, longitude, book FROM canteen WHERE canteen_id = %s"
    with psycopg.connect(city.system.database_url) as db:
        [found] = db.execute(query, [city.canteen_id(agency)]).fetchall()
    return found


def credential_of(city: Network, phone: SheetPhone) -> int:
    return int(ask_for_holder(city.url, phone.phone, "GET", "/me/credentials")[0]["credential_id"])


def eventually(phone: SheetPhone, code: str, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until every worker knows what changed: one reads it again after 15 seconds."""
    since, give_up_at = time.monotonic(), time.monotonic() + 180
    while time.monotonic() < give_up_at and time.monotonic() - since < 3:
        if not holds(phone.ask(code)):
            since = time.monotonic()
        time.sleep(0.1)


def test_a_phone_hears_of_a_tills_payment_by_itself(city: Network, tmp_path: Path) -> None:
    official = city.official()
    phone = phone_of(city, tmp_path, official)
    till = city.terminal(tmp_path)
    mark = f"{time.time():.3f}"
    assert results(city, phone, mark, 0)["payments"] == []
    heard: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: heard.append(results(city, phone, mark, 25)))
    waiting.start()
    paid = till.charge_code(phone.phone.show_short_code(), "lunch")
    assert paid.receipt is not None
    waiting.join(60)
    [answer] = heard
    [payment] = answer["payments"]
    assert (payment["number"], payment["channel"]) == (paid.receipt.number, "qr")
    assert payment["cash_fen"] == city.purses(official)[0]
    assert results(city, phone, answer["mark"], 0)["payments"] == []


def test_a_till_s_refusal_is_told_to_the_phone_whose_code_it_was_alone(city: Network, tmp_path: Path) -> None:
    official = city.official(cash_fen=0)
    phone = phone_of(city, tmp_path, official)
    other = SheetPhone(city.url, city.phone(official), tmp_path / "other.journal")
    till = city.terminal(tmp_path)
    mark = f"{time.time() - 1:.3f}"
    heard: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: heard.append(results(city, phone, mark, 25)))
    waiting.start()
    assert till.charge_code(phone.phone.show_short_code(), "lunch").reason == "insufficient_funds"
    waiting.join(60)
    [answer] = heard
    [refused] = answer["refusals"]
    assert answer["payments"] == []
    assert (refused["reason"], refused["meal"]) == ("insufficient_funds", "lunch")
    assert refused["canteen_id"] == city.canteen_id("yinzhou")
    assert results(city, phone, answer["mark"], 0)["refusals"] == []
    assert results(city, other, mark, 0)["refusals"] == []


def test_what_is_the_canteen_s_affair_is_not_told_to_the_phone(city: Network, tmp_path: Path) -> None:
    phone, till = phone_of(city, tmp_path), city.terminal(tmp_path)
    mark = f"{time.time() - 1:.3f}"
    assert till.charge_code(phone.phone.show_short_code(), "lunch", amount_fen=100).reason == "price_fixed"
    [refused] = results(city, phone, mark, 25)["refusals"]
    assert refused["reason"] == "other"


def test_a_phone_that_is_blocked_while_it_waits_hears_nothing(city: Network, tmp_path: Path) -> None:
    official = city.official()
    stolen = phone_of(city, tmp_path, official)
    number, sheet = credential_of(city, stolen), sheet_of(city)
    kept = SheetPhone(city.url, city.phone(official), tmp_path / "kept.journal")
    heard: list[Any] = []

    def wait() -> None:
        try:
            heard.append(results(city, stolen, f"{time.time():.3f}", 25))
        except Rejected as refused:
            heard.append(refused.slug)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(1)
    city.centre.call("POST", f"/console/credentials/{number}/block", {"blocked": True, "reason": "lost"})
    assert kept.pay(sheet["code"])["outcome"] == "approved"
    waiting.join(60)
    assert heard == ["credential-blocked"]


def results(city: Network, phone: SheetPhone, mark: str, wait: int) -> dict[str, Any]:
    found: dict[str, Any] = ask_for_holder(city.url, phone.phone, "GET", f"/me/results?after={mark}&wait={wait}")
    return found


def test_the_address_on_the_sheet_leads_to_the_phones_page(city: Network) -> None:
    sheet = sheet_of(city)
    found = urllib3.request("GET", sheet["url"], redirect=False)
    assert (found.status, found.headers["location"]) == (302, f"/phone/#sheet={sheet['code']}")
    city.centre.call("DELETE", f"/terminals/sheets/{sheet['sheet_id']}")
    dead = urllib3.request("GET", sheet["url"], redirect=False, headers={"accept": "text/html"})
    assert dead.status == 410
    assert "食堂码已停用" in dead.data.decode()
    forged = urllib3.request("GET", sheet["url"][:-1] + "_", redirect=False, headers={"accept": "text/html"})
    assert forged.status == 404


class Screen:
    """A counter's screen: reads events until it has what it wants."""

    def __init__(self, city: Network, token: str, canteen_id: int) -> None:
        origin = {"origin": city.url, "sec-fetch-site": "same-origin", "content-type": "application/json"}
        message = {"canteen_id": canteen_id, "token": token}
        opened = urllib3.request("POST", f"{city.url}/displays/sessions", headers=origin, json=message)
        self.status = opened.status
        self.url = f"{city.url}/displays/events?canteen_id={canteen_id}"
        self.cookie = opened.headers.get("set-cookie", "").split(";")[0]

    def events(self) -> Iterator[tuple[str, Any]]:
        stream = urllib3.request("GET", self.url, headers={"cookie": self.cookie}, preload_content=False, timeout=60)
        assert stream.status == 200, stream.data
        name = ""
        for raw in stream:
            for line in raw.decode().splitlines():
                key, _, value = line.partition(": ")
                if key == "event":
                    name = value
                elif key == "data":
                    yield name, json.loads(value)


def test_a_counters_screen_shows_payments_voids_and_the_word_of_the_minute(city: Network, tmp_path: Path) -> None:
    manager = city.person("kitchen-yinzhou")
    canteen_id = city.canteen_id("yinzhou")
    made = manager.call("POST", "/terminals/displays", {"canteen_id": canteen_id})
    assert made["url"].startswith(f"{city.url}/counter/{canteen_id}#")
    events = Screen(city, made["token"], canteen_id).events()
    begun = dict(itertools.islice(events, 2))
    assert begun.keys() == {"payments", "minute"}
    paid = phone_of(city, tmp_path).pay(sheet_of(city)["code"])
    number = paid["proof"]["short_number"]
    shown = next(data for name, data in events if name == "payments" and has(data, number))
    [payment] = [one for one in shown["payments"] if one["short_number"] == number]
    assert (payment["channel"], payment["amount_fen"], payment["voided"]) == (
        "sheet", paid["receipt"]["amount_fen"], False,
    )  # fmt: skip
    words = {minute["since"]: minute for minute in paid["proof"]["minutes"]}
    assert begun["minute"]["since"] not in words or words[begun["minute"]["since"]] == begun["minute"]
    void(city, "yinzhou", paid)
    assert next(data for name, data in events if name == "payments" and has(data, number, voided=True))
    manager.call("DELETE", f"/terminals/displays/{made['display_id']}")
    assert [name for name, _ in events][-1] == "ended"
    assert Screen(city, made["token"], canteen_id).status == 401


def test_a_screen_shows_its_own_canteen_and_its_link_shuts_out_no_other(city: Network) -> None:
    yinzhou, hangzhou = city.canteen_id("yinzhou"), city.canteen_id("hangzhou")
    links = {
        canteen_id: city.centre.call("POST", "/terminals/displays", {"canteen_id": canteen_id})
        for canteen_id in (yinzhou, hangzhou)
    }
    assert Screen(city, links[hangzhou]["token"], yinzhou).status == 401
    screen, other = (Screen(city, links[canteen_id]["token"], canteen_id) for canteen_id in (yinzhou, hangzhou))
    together = f"{screen.cookie}; {other.cookie}"
    for canteen_id in (yinzhou, hangzhou):
        url = f"{city.url}/displays/events?canteen_id={canteen_id}"
        stream = urllib3.request("GET", url, headers={"cookie": together}, preload_content=False, timeout=60)
        data = next(line for line in stream if line.startswith(b"data: "))
        assert json.loads(data.removeprefix(b"data: "))["canteen_id"] == canteen_id
        stream.close()
    streams: list[urllib3.BaseHTTPResponse] = []
    # A refusal is not tried again, as the client would by itself.
    options: dict[str, Any] = {"headers": {"cookie": screen.cookie}, "preload_content": False, "retries": False}
    while len(streams) < 60 and (not streams or streams[-1].status != 503):
        streams.append(urllib3.request("GET", screen.url, **options))
    assert streams[-1].status == 503
    assert next(other.events())[0] == "payments"
    for stream in streams:
        stream.close()


def has(shown: dict[str, Any], number: str, *, voided: bool = False) -> bool:
    return any((one["short_number"], one["voided"]) == (number, voided) for one in shown["payments"])


@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa-p256-sha256"])
def test_the_browsers_client_pays_once_and_finds_out_after_a_kill(city: Network, scratch: Path, algorithm: str) -> None:
    official, code = city.official(), sheet_of(city)["code"]
    cable, folder = Cable(city.url), scratch / f"ts-{official.holder_id}"
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    [made] = city.centre.call("POST", "/console/phone-activations", message)["activations"]
    with TypeScriptDevice(cable.url, folder, patience_s=20) as device:
        device.do("activate", made["activation_id"], made["code"], algorithm)
        price_fen = device.do("ask_sheet", code)["price_fen"]
        one, other = device.do("pay_sheet", {})
        assert one == other
        assert one["outcome"] == "approved"
        assert city.purses(official)[0] == 10_000 - price_fen
        [result] = device.do("results", str(one["proof"]["paid_at"] - 1), 0)["payments"]
        assert result["number"] == one["receipt"]["number"]
        device.do("ask_sheet", code)
        cable.set(State.LOSES_ANSWERS)
        with pytest.raises(DeviceError):
            device.do("pay_sheet", {})
    cable.set(State.WHOLE)
    with TypeScriptDevice(cable.url, folder) as again:
        [known] = again.do("resolve_sheets")
        assert known["outcome"] == "approved", "it was posted, and its answer lost"
        assert again.do("unresolved_sheets") == []
    assert city.purses(official)[0] == 10_000 - 2 * price_fen
    cable.close()


def test_a_sheet_is_printed_and_its_code_is_read_from_paper(city: Network, tmp_path: Path) -> None:
    manager = city.person("kitchen-yinzhou")
    sheet = manager.call("POST", "/terminals/sheets", {"canteen_id": city.canteen_id("yinzhou"), "name": "1号窗口"})
    for paper, codes in (("a4", 1), ("a5", 1), ("stand", 2)):
        for form, content in (("address", sheet["url"]), ("emvco", sheet["emvco"])):
            answer = manager.ask("GET", f"/terminals/sheets/{sheet['sheet_id']}/pdf?paper={paper}&code={form}")
            assert answer.status == 200, answer.data
            [page] = pdfium.PdfDocument(answer.data)
            read = zxingcpp.read_barcodes(page.render(scale=2).to_pil())
            assert [one.text for one in read] == [content] * codes
            assert "1号窗口" in page.get_textpage().get_text_range()
    assert phone_of(city, tmp_path).pay(sheet_codes.code_in(sheet["emvco"]) or "")["outcome"] == "approved"
    other = city.person("kitchen-hangzhou")
    assert other.ask("GET", f"/terminals/sheets/{sheet['sheet_id']}/pdf").status == 404


def test_sheets_that_are_forged_altered_or_foreign_pay_nothing(city: Network, tmp_path: Path) -> None:
    official = city.official()
    sheet = sheet_of(city)
    phones = [SheetPhone(city.url, city.phone(official), tmp_path / f"{n}.journal") for n in range(10)]
    asked = phones[0].ask(sheet["code"])
    chosen = random.Random(7)
    foreign = Ed25519PrivateKey.generate()
    genuine = to_bytes(sheet["code"])
    for n in range(150):
        at = chosen.randrange(len(genuine))
        altered = genuine[:at] + bytes([genuine[at] ^ chosen.randrange(1, 256)]) + genuine[at + 1 :]
        forged = sheet_codes.sign_sheet(foreign, 1, sheet_codes.SheetName(sheet["sheet_id"], 1 + n % 3))
        for code in (to_text(altered), to_text(forged)):
            phone = phones[n % 10]
            answer = phone.send(phone.begin(code, asked))
            assert (answer["outcome"], answer["reason"]) == ("refused", "sheet_unknown")
    assert city.purses(official)[0] == 10_000


def test_what_was_paid_by_sheets_is_listed(city: Network, tmp_path: Path) -> None:
    """One row a payment, whatever purses paid it; a reversal is its state."""
    official, sheet = city.official(cash_fen=5_000, subsidy_fen=300), sheet_of(city, name="2号窗口")
    phone = phone_of(city, tmp_path, official)
    first, second = phone.pay(sheet["code"]), phone.pay(sheet["code"])
    void(city, "yinzhou", second)
    finance, path = city.person("finance-yinzhou"), f"/console/sheet-payments?sheet_id={sheet['sheet_id']}"
    rows = finance.call("GET", path)["items"]
    shown = [(row["posting_id"], row["amount_fen"], row["state"]) for row in rows]
    amount_fen = first["receipt"]["amount_fen"]
    assert shown == [
        (first["receipt"]["number"], amount_fen, "paid"),
        (second["receipt"]["number"], amount_fen, "voided"),
    ]
    assert {(row["sheet_name"], row["canteen_id"], row["holder_id"], row["place"]) for row in rows} == {
        ("2号窗口", city.canteen_id("yinzhou"), official.holder_id, first["place"])
    }
    assert [row["state"] for row in finance.call("GET", f"{path}&state=paid")["items"]] == ["paid"]
    assert city.person("finance-yuyao").call("GET", path)["items"] == [], "of neither agency"
    assert city.person("kitchen-yinzhou").ask("GET", path).status == 403
    file = finance.ask("GET", path.replace("sheet-payments?", "sheet-payments.csv?")).data.decode("utf-8-sig")
    assert f"{amount_fen // 100}.{amount_fen % 100:02}" in file
    assert "voided" in file or "已撤销" in file


@pytest.fixture
def till(city: Network, tmp_path: Path) -> Terminal:
    return city.terminal(tmp_path)


def cashier_at(till: Terminal, city: Network, **details: Any) -> int:
    """Somebody new who has signed on."""
    number = str(secrets.randbelow(9 * 10**7) + 10**7)
    message = {"agency_id": city.agency_id("yinzhou"), "number": number, "name": "李大厨", **details}
    slip = city.person("admin-yinzhou").call("POST", "/console/cashiers", message)
    assert till.sign_cashier_on(number, slip["pin"], "470391").outcome == "signed_on"
    return int(slip["cashier_id"])


def test_a_cashier_voids_a_payment_by_the_sheet_at_the_till(city: Network, till: Terminal, tmp_path: Path) -> None:
    official = city.official()
    phone, sheet = phone_of(city, tmp_path, official), sheet_of(city)
    first, second = phone.pay(sheet["code"]), phone.pay(sheet["code"])
    cashier_id = cashier_at(till, city)
    for paid, ending in (
        (first, first["proof"]["short_number"]),
        (second, second["receipt"]["number"].replace("-", "")[-12:]),
    ):
        for _ in range(2):
            answer = till.void_sheet_payment(ending, "打错餐次")
            assert (answer.outcome, answer.reversed_fen) == ("voided", paid["receipt"]["amount_fen"]), "again the same"
    assert city.purses(official)[0] == 10_000
    noted = city.approver.call("GET", f"/console/audit-entries?actor=cashier/{cashier_id}")["items"]
    assert [(one["action"], one["subject"]) for one in noted] == [
        ("void_payment", f"payment/{paid['receipt']['number']}") for paid in (first, second)
    ]


def test_a_till_finds_what_its_canteen_was_paid_by_the_end_of_the_number(
    city: Network, till: Terminal, tmp_path: Path
) -> None:
    paid = phone_of(city, tmp_path, city.official()).pay(sheet_of(city)["code"])
    number, ending = paid["receipt"]["number"], paid["proof"]["short_number"]
    for asked in (ending, ending.lower(), number[-12:]):
        [found] = [one for one in till.payments_ending(asked) if one.number == number]
        assert (found.channel, found.amount_fen, found.voided) == ("sheet", paid["receipt"]["amount_fen"], False)
        assert (found.paid_at, found.meal) == (paid["receipt"]["posted_at"], paid["proof"]["meal"])
    at_till = till.charge_card(city.card(city.official()), "lunch").receipt
    assert at_till is not None
    [found] = till.payments_ending(at_till.number[-12:])
    assert (found.channel, found.amount_fen) == ("card", at_till.amount_fen)
    assert till.payer_initial(at_till.number[-12:]) == "王"
    assert till.payer_initial(number[-12:]) is None, "a sheet's payer is not the till's"
    [charge] = till.journal.latest(1)
    assert till.void(charge.epoch, charge.sequence).outcome == "voided"
    assert till.payer_initial(at_till.number[-12:]) is None, "nobody stands there for a payment that was given back"
    late = till.charge_card(city.card(city.official()), "lunch", purchased_at=till.now() - 600).receipt
    assert late is not None
    assert till.payer_initial(late.number[-12:]) is None, "who paid ten minutes ago has left"
    cashier_at(till, city)
    till.void_sheet_payment(ending, "a test")
    [found] = [one for one in till.payments_ending(ending) if one.number == number]
    assert found.voided
    elsewhere = phone_of(city, tmp_path, city.official("hangzhou")).pay(sheet_of(city, "hangzhou")["code"])
    assert till.payments_ending(elsewhere["receipt"]["number"][-12:]) == []
    for wrong in ("12345", "7F3A2G", "0" * 13):
        with pytest.raises(Rejected) as refused:
            till.payments_ending(wrong)
        assert refused.value.slug == "invalid"


def test_the_browsers_client_takes_a_sheets_payment_back_once_also_after_a_kill(city: Network, scratch: Path) -> None:
    official = city.official()
    paid = phone_of(city, scratch, official).pay(sheet_of(city)["code"])
    cable, folder = Cable(city.url), scratch / f"ts-till-{official.holder_id}"
    number = str(secrets.randbelow(9 * 10**7) + 10**7)
    issued = city.centre.call(
        "POST", "/console/cashiers", {"agency_id": city.agency_id("yinzhou"), "number": number, "name": "李大厨"}
    )
    with TypeScriptDevice(cable.url, folder, patience_s=20) as device:
        device.do("enrol", to_builtins(city.slip("yinzhou")))
        device.do("cashier_on", number, issued["pin"], "470391")
        assert device.do("payer_initial", paid["receipt"]["number"][-12:]) is None, "the till did not charge him"
        [found] = device.do("payments_ending", paid["receipt"]["number"][-12:])
        assert (found["number"], found["channel"], found["voided"]) == (paid["receipt"]["number"], "sheet", False)
        cable.set(State.LOSES_ANSWERS)
        with pytest.raises(DeviceError):
            device.do("void_sheet_payment", paid["receipt"]["number"][-12:], "打错餐次")
    assert city.purses(official)[0] == 10_000, "it was voided, and the answer lost"
    cable.set(State.WHOLE)
    with TypeScriptDevice(cable.url, folder) as again:
        [settled] = again.do("resend_sheet_voids")
        # In its new session no cashier is signed on: that the centre refuses the repeat says nothing of the first.
        assert settled["answer"]["reason"] == "cashier_missing"
        [found] = again.do("payments_ending", paid["receipt"]["number"][-12:])
        assert found["voided"]
        assert again.do("resend_sheet_voids") == []
    assert city.purses(official)[0] == 10_000
    cable.close()


def test_only_who_may_void_voids_at_the_till_and_at_his_canteen(city: Network, till: Terminal, tmp_path: Path) -> None:
    official = city.official()
    paid = phone_of(city, tmp_path, official).pay(sheet_of(city)["code"])
    number = paid["proof"]["short_number"]
    assert till.void_sheet_payment(number, "a test").reason == "cashier_missing", "nobody is signed on"
    cashier_at(till, city, may_void=False)
    assert till.void_sheet_payment(number, "a test").reason == "void_not_permitted"
    till.sign_cashier_off()
    assert till.void_sheet_payment(number, "a test").reason == "cashier_missing"
    cashier_at(till, city)
    for wrong, slug in (("000000", "conflict"), ("12345", "invalid"), ("g" * 6, "invalid")):
        with pytest.raises(Rejected) as refused:
            till.void_sheet_payment(wrong, "a test")
        assert refused.value.slug == slug
    elsewhere = phone_of(city, tmp_path, city.official("hangzhou")).pay(sheet_of(city, "hangzhou")["code"])
    with pytest.raises(Rejected) as refused:
        till.void_sheet_payment(elsewhere["proof"]["short_number"], "a test")
    assert refused.value.slug == "conflict", "another canteen's"
    assert city.purses(official)[0] < 10_000
