"""An official asks for himself, by his phone's key or in a session of single sign-on, and sees what is his alone."""

import secrets
import time
from base64 import urlsafe_b64encode
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import json as wire

from demo.city import OFFICIALS
from demo.simulated_sign_on import OPENID, WORK_APP
from foundation.calendar import ZONE
from terminals.client_messages import Rejected
from terminals.devices import SoftwarePhone
from terminals.phone import activate_phone, ask_for_holder, sign_for_holder
from tests.builders import Network, Official, seen_identity
from tests.running_system import System
from tests.system.test_hostile_values import addresses
from tests.system.test_second_factor import slug
from tests.system.test_sign_on import IDENTITIES, Tab, choose, rebound
from tests.waiting import wait_until
from travellers.consents import GIVEN_A_DAY_MAX


@dataclass
class Me:
    """An official with his phone."""

    network: Network
    official: Official
    phone: SoftwarePhone

    def ask(self, method: str, path: str, message: Any = None) -> Any:
        return ask_for_holder(self.network.url, self.phone, method, path, message)

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def refused(self, method: str, path: str, message: Any = None) -> str:
        with pytest.raises(Rejected) as refused:
            self.ask(method, path, message)
        return refused.value.slug


def somebody(network: Network, agency: str = "yinzhou", **money: int) -> Me:
    official = network.official(agency, **money)
    return Me(network, official, network.phone(official))


@pytest.fixture(scope="module")
def me(network: Network) -> Me:
    return somebody(network)


def sent(system: System, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, str]:
    """Status and kind of problem of a request as it is."""
    fields = {"content-type": "application/json", "accept-language": "en", **headers}
    answer = urllib3.request(method, system.url + path, headers=fields, body=body, retries=False, timeout=60)
    return answer.status, slug(answer.json()) if answer.data and answer.status >= 400 else ""


def fields_of(me: Me, method: str, path: str, body: bytes = b"", created: int | None = None) -> dict[str, str]:
    at = created or me.phone.asks_at(int(time.time()))
    return sign_for_holder(me.network.url, me.phone, method, path, body, at)


def test_a_phone_says_who_asks(network: Network, me: Me) -> None:
    who = me.get("/me")
    assert (who["holder_id"], who["agency_id"]) == (me.official.holder_id, me.official.agency_id)
    assert who["name_masked"] == "王**"
    assert who["credential_id"] > 0
    assert (who["csrf_token"], who["expires_at"]) == (None, None)
    assert me.ask("DELETE", "/me/session") is None, "a phone has none"


def test_a_phone_with_a_key_of_p256_asks_likewise(network: Network) -> None:
    official = network.official()
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    key = ec.generate_private_key(ec.SECP256R1())
    phone = activate_phone(network.url, made["activation_id"], made["code"], key)
    assert ask_for_holder(network.url, phone, "GET", "/me/canteens?name=%E9%A3%9F")[0]["canteen_id"] > 0
    assert ask_for_holder(network.url, phone, "GET", "/me")["holder_id"] == official.holder_id


def test_nothing_of_a_signed_request_can_be_changed(system: System, network: Network, me: Me) -> None:
    other = somebody(network)
    good = fields_of(me, "GET", "/me")
    assert sent(system, "GET", "/me", good) == (200, "")
    theirs = fields_of(other, "GET", "/me")
    for path, headers in (
        ("/me?limit=1", good),
        ("/me?", good),
        ("/me", good | {"onecard-certificate": theirs["onecard-certificate"]}),
        ("/me", theirs | {"onecard-certificate": good["onecard-certificate"]}),
        ("/me", good | {"onecard-certificate": ""}),
        ("/me", good | {"onecard-certificate": "A" * 300}),
        ("/me", good | {"content-digest": "sha-256=:AAAA:"}),
        ("/me", good | {"signature-input": good["signature-input"].replace('"@query" ', "")}),
        ("/me", good | {"signature-input": good["signature-input"].replace("ed25519", "hmac-sha256")}),
        ("/me", good | {"signature-input": good["signature-input"].replace('"phone"', '"centre-1"')}),
        ("/%6de", good),
    ):
        assert sent(system, "GET", path, headers) == (401, "bad-signature"), (path, headers)
    assert sent(system, "GET", "/me", good | {"host": "elsewhere.example"})[0] == 401, "another centre's"
    with_body = fields_of(me, "DELETE", "/me/session", b"{}")
    assert sent(system, "DELETE", "/me/session", with_body, b"[]") == (401, "bad-signature")
    assert sent(system, "DELETE", "/me/session", good) == (401, "bad-signature"), "another method"
    old = fields_of(me, "GET", "/me", created=int(time.time()) - 400)
    assert sent(system, "GET", "/me", old) == (401, "created-out-of-range")
    edition = good | {"signature-input": good["signature-input"].replace("onecard-2", "onecard-3")}
    assert sent(system, "GET", "/me", edition) == (400, "protocol-unknown")
    assert sent(system, "GET", "/me", {"authorization": f"Bearer {network.centre.token}"}) == (401, "not-signed-in")


def test_a_change_that_a_phone_signed_counts_once(system: System, me: Me) -> None:
    signed = fields_of(me, "DELETE", "/me/session")
    assert sent(system, "DELETE", "/me/session", signed) == (204, "")
    for _ in range(3):
        assert sent(system, "DELETE", "/me/session", signed) == (409, "replayed-request")
    asked = fields_of(me, "GET", "/me")
    assert [sent(system, "GET", "/me", asked)[0] for _ in range(2)] == [200, 200], "what reads can be repeated"


def test_a_blocked_phone_and_a_suspended_official_are_refused(network: Network) -> None:
    me = somebody(network)
    credential = me.get("/me")["credential_id"]
    holder = me.official.holder_id
    reason = {"reason": "a test"}
    network.centre.call("POST", f"/registry/officials/{holder}/suspension", reason)
    assert me.refused("GET", "/me/purses") == "account-closed"
    network.approver.call("POST", f"/registry/officials/{holder}/resumption", reason)
    assert me.get("/me")["holder_id"] == holder
    network.centre.call("POST", f"/console/credentials/{credential}/block", {"blocked": True, **reason})
    assert me.refused("GET", "/me") == "credential-blocked"
    gone = somebody(network)
    network.centre.call("POST", f"/registry/officials/{gone.official.holder_id}/departure", reason)
    assert gone.refused("GET", "/me") == "credential-blocked"


@dataclass
class InBrowser(Tab):
    """A browser in which an official signs on."""

    def sign_on_as_official(self, provider: str, login: str) -> tuple[int, Any]:
        status, begun = self.ask("POST", f"/me/sign-on/{provider}")
        assert status == 200, begun
        return self.ask("POST", f"/me/sign-on/{provider}/completion", choose(begun["url"], login))


def bound(network: Network, official: Official, login: str) -> int:
    """Bind a person of the simulated work app to an official, by two people; the identity."""
    identity = rebound(network, login, holder_id=official.holder_id)
    seen = seen_identity(network.system, identity)
    network.approver.call("POST", f"{IDENTITIES}/{identity}/confirmation", seen)
    return identity


def in_browser(network: Network, official: Official, login: str) -> InBrowser:
    bound(network, official, login)
    tab = InBrowser(network.system)
    status, body = tab.sign_on_as_official(WORK_APP, login)
    assert status == 201, body
    return tab


def test_an_official_signs_on_and_has_no_permission_at_the_console(network: Network) -> None:
    official = network.official()
    tab = in_browser(network, official, "kitchen-yuyao")
    status, who = tab.ask("GET", "/me")
    assert (status, who["holder_id"], who["credential_id"]) == (200, official.holder_id, None)
    assert who["csrf_token"] == tab.csrf
    for path in ("/console/sessions/current", "/registry/directory", f"/settlement/purses/{official.holder_id}"):
        assert tab.ask("GET", path)[0] == 401, path
    stolen = InBrowser(network.system, {"onecard-session": tab.cookies["onecard-session-me"]})
    assert stolen.ask("GET", "/console/sessions/current")[0] == 401, "under the console's name"
    bearer = {"authorization": f"Bearer {tab.cookies['onecard-session-me']}"}
    assert sent(network.system, "GET", "/me", bearer) == (401, "not-signed-in")
    with psycopg.connect(network.system.database_url) as db:
        actors = db.execute("SELECT actor FROM audit_entry WHERE action = 'sign_in_official'").fetchall()
    assert (f"holder/{official.holder_id}",) in actors


def test_a_session_of_a_user_is_none_of_an_official(network: Network) -> None:
    tab = Tab(network.system)
    assert tab.sign_on(OPENID, "finance-yinzhou")[0] == 201
    assert slug(tab.ask("GET", "/me")[1]) == "not-signed-in"
    renamed = Tab(network.system, {"onecard-session-me": tab.cookies["onecard-session"]})
    assert slug(renamed.ask("GET", "/me")[1]) == "not-signed-in"


def test_a_sign_on_of_one_kind_completes_none_of_the_other(network: Network) -> None:
    bound(network, network.official(), "kitchen-yuyao")
    tab = InBrowser(network.system)
    back = choose(tab.start(WORK_APP), "kitchen-yuyao")
    assert slug(tab.ask("POST", f"/me/sign-on/{WORK_APP}/completion", back)[1]) == "sign-on-refused"
    _, begun = tab.ask("POST", f"/me/sign-on/{WORK_APP}")
    back = choose(begun["url"], "kitchen-yuyao")
    assert slug(tab.complete(WORK_APP, back)[1]) == "sign-on-refused"
    kept = dict(tab.cookies)
    assert tab.ask("POST", f"/me/sign-on/{WORK_APP}/completion", back)[0] == 201
    tab.cookies = kept
    assert slug(tab.ask("POST", f"/me/sign-on/{WORK_APP}/completion", back)[1]) == "sign-on-refused", "again"
    assert slug(tab.sign_on_as_official(WORK_APP, "centre")[1]) == "identity-unknown", "a user, no official"
    assert "canteen account" in tab.sign_on_as_official(WORK_APP, "centre")[1]["detail"], "he is no user"


@pytest.mark.parametrize("provider", [WORK_APP, OPENID])
def test_the_officials_of_the_demo_city_sign_on(network: Network, provider: str) -> None:
    """Of each agency one; he of Yinzhou visits Hangzhou, which takes nobody else of Ningbo."""
    far = network.canteen_id("hangzhou")
    for official in OFFICIALS:
        tab = InBrowser(network.system)
        assert tab.sign_on_as_official(provider, official.login)[0] == 201
        assert tab.ask("GET", "/me")[1]["agency_id"] == network.agency_id(official.agency)
        assert tab.ask("GET", "/me/purses")[1]["cash_fen"] == 0
        days = tab.ask("GET", f"/me/canteens/{far}?days=3")[1]
        assert days["capacity"] > 0
        assert days["address"]
        told = {meal["why_not"] and meal["why_not"]["code"] for meal in days["meals"]}
        assert told == ({None} if official.agency in ("yinzhou", "hangzhou") else {"needs_visit"}), official.login


def test_another_site_does_nothing_with_the_cookie(network: Network) -> None:
    tab = in_browser(network, network.official(), "kitchen-yuyao")
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://elsewhere.example"}
    assert slug(tab.ask("GET", "/me", None, **foreign)[1]) == "cross-site-request"
    assert slug(tab.ask("DELETE", "/me/session", None, **foreign)[1]) == "cross-site-request"
    assert slug(tab.ask("DELETE", "/me/session", None, **{"x-csrf-token": "0" * 64})[1]) == "cross-site-request"
    kept = dict(tab.cookies)
    assert tab.ask("DELETE", "/me/session")[0] == 204
    tab.cookies = kept
    assert slug(tab.ask("GET", "/me")[1]) == "not-signed-in", "the session has ended, whoever kept the cookie"


def test_the_cookie_is_for_this_host_and_no_script(network: Network) -> None:
    bound(network, network.official(), "kitchen-yuyao")
    tab = InBrowser(network.system)
    _, begun = tab.ask("POST", f"/me/sign-on/{WORK_APP}")
    back = choose(begun["url"], "kitchen-yuyao")
    cookie = "; ".join(f"{name}={value}" for name, value in tab.cookies.items())
    headers = {"cookie": cookie, "sec-fetch-site": "same-origin", "content-type": "application/json"}
    url = f"{network.url}/me/sign-on/{WORK_APP}/completion"
    answer = urllib3.request("POST", url, headers=headers, body=wire.encode(back), retries=False)
    assert answer.status == 201, answer.data
    morsel = SimpleCookie("\n".join(answer.headers.getlist("set-cookie")))["onecard-session-me"]
    assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "strict", "/")


def test_a_session_ends_with_its_identity_its_idle_time_and_its_official(network: Network) -> None:
    official = network.official()
    identity = bound(network, official, "kitchen-yuyao")
    tab = InBrowser(network.system)
    assert tab.sign_on_as_official(WORK_APP, "kitchen-yuyao")[0] == 201
    path = f"/registry/officials/{official.holder_id}"
    network.centre.call("POST", f"{path}/suspension", {"reason": "a test"})
    assert slug(tab.ask("GET", "/me/purses")[1]) == "account-closed"
    network.approver.call("POST", f"{path}/resumption", {"reason": "a test"})
    assert tab.ask("GET", "/me")[0] == 200
    idle = InBrowser(network.system)
    assert idle.sign_on_as_official(WORK_APP, "kitchen-yuyao")[0] == 201
    with psycopg.connect(network.system.database_url) as db:
        db.execute(
            "UPDATE holder_session SET last_used_at = last_used_at - interval '31 minutes'"
            " WHERE number = (SELECT max(number) FROM holder_session)"
        )
    assert slug(idle.ask("GET", "/me")[1]) == "not-signed-in", "idle"
    network.centre.call("DELETE", f"{IDENTITIES}/{identity}")
    assert slug(tab.ask("GET", "/me")[1]) == "not-signed-in", "the identity that opened it has ended"


def entries(network: Network, action: str, subject: str) -> list[tuple[str, dict[str, Any]]]:
    """Who did it, and what it says, by the audit log."""
    with psycopg.connect(network.system.database_url) as db:
        found = db.execute(
            "SELECT actor, detail FROM audit_entry WHERE action = %s AND subject = %s ORDER BY entry", [action, subject]
        ).fetchall()
    return [(str(actor), dict(detail)) for actor, detail in found]


def month_of(network: Network) -> str:
    """The month of the open business day."""
    return max(str(day["business_date"]) for day in network.centre.call("GET", "/clearing/open-days"))[:7]


def visit(network: Network, me: Me, host: str, last_day: date | None = None) -> None:
    """Register a visit from today on."""
    today = datetime.now(ZONE).date()
    wanted = {
        "holder_id": me.official.holder_id, "host_agency_id": network.agency_id(host),
        "first_day": str(today), "last_day": str(last_day or today),
    }  # fmt: skip
    network.centre.call("POST", "/registry/visits", wanted)


def test_purses_and_movements_agree(network: Network, tmp_path: Path) -> None:
    me = somebody(network, cash_fen=10_000, subsidy_fen=3_000)
    till, away = network.terminal(tmp_path), network.terminal(tmp_path, "hangzhou")
    visit(network, me, "hangzhou")
    card = network.card(me.official)
    eaten = till.charge_card(card, "breakfast")
    visited = away.charge_card(card, "lunch")
    voided = till.charge_card(card, "lunch")
    assert eaten.receipt is not None
    assert visited.receipt is not None
    assert voided.receipt is not None
    charge = till.journal.entries("approved")[-1]
    till.void(charge.epoch, charge.sequence)
    month = month_of(network)
    shown = me.get(f"/me/movements?month={month}")
    assert [one["kind"] for one in shown["items"]] == ["reversal", "payment", "payment", "payment", "grant", "top_up"]
    assert shown["next"] is None
    purses = me.get("/me/purses")
    for purse in ("cash", "subsidy"):
        assert sum(one[f"{purse}_change_fen"] for one in shown["items"]) == purses[f"{purse}_fen"], purse
    [total] = me.get(f"/me/months?first={month}&last={month}")
    assert (total["topped_up_fen"], total["granted_fen"], total["meals"]) == (10_000, 3_000, 2)
    assert total["eaten_fen"] == eaten.receipt.amount_fen + visited.receipt.amount_fen
    assert total["cash_change_fen"] == purses["cash_fen"]
    assert total["subsidy_change_fen"] == purses["subsidy_fen"]
    by_canteen = {one["canteen_id"]: one for one in total["canteens"]}
    there = by_canteen[network.canteen_id("hangzhou")]
    assert (there["meals"], there["own_fen"]) == (1, visited.receipt.amount_fen)
    only = me.get(f"/me/movements?month={month}&canteen_id={there['canteen_id']}")["items"]
    assert [one["number"] for one in only] == [str(visited.receipt.number)]
    pages, after = [], ""
    while after is not None:
        page = me.get(f"/me/movements?month={month}&limit=4" + (f"&after={after}" if after else ""))
        pages += page["items"]
        after = page["next"]
    assert pages == shown["items"]
    assert me.refused("GET", f"/me/movements?month={month[:4]}-13") == "invalid"
    assert me.refused("GET", "/me/movements") == "invalid"
    for path, name in (("/me/movements", "month"), ("/me/months?first=2026-01", "last")):
        with pytest.raises(Rejected) as missing:
            me.get(path)
        assert name in str(missing.value)
    assert me.refused("GET", f"/me/months?first={month}&last=2024-01") == "invalid"


def test_a_receipt_is_the_payers_alone(network: Network, tmp_path: Path) -> None:
    me, other = somebody(network), somebody(network, "hangzhou")
    answer = network.terminal(tmp_path).charge_card(network.card(me.official), "lunch")
    assert answer.receipt is not None
    number = answer.receipt.number
    shown = me.get(f"/me/receipts/{number}")
    assert (shown["receipt"]["number"], shown["code"][:4]) == (str(number), "OR1:")
    assert other.refused("GET", f"/me/receipts/{number}") == "not-found"
    top_up = me.get(f"/me/movements?month={month_of(network)}")["items"][-1]
    assert top_up["receipt"] is None
    assert me.refused("GET", f"/me/receipts/{top_up['number']}") == "not-found", "no payment"
    page = me.get(f"/me/movements?month={month_of(network)}")["items"][0]["receipt"]
    assert urllib3.request("GET", network.url + page).status == 200


def test_visits_say_where_and_when(network: Network) -> None:
    me, other = somebody(network), somebody(network)
    today = datetime.now(ZONE).date()
    for first, last in ((today, today), (today + timedelta(days=3), today + timedelta(days=4))):
        visit = {
            "holder_id": me.official.holder_id, "host_agency_id": network.agency_id("hangzhou"),
            "first_day": str(first), "last_day": str(last),
        }  # fmt: skip
        network.centre.call("POST", "/registry/visits", visit)
    shown = me.get("/me/visits")
    assert [one["state"] for one in shown] == ["to_come", "now"]
    assert shown[0]["host_zh"]
    assert not shown[0]["working_meal_had"]
    assert other.get("/me/visits") == []


def test_a_lost_card_is_blocked_at_once_and_keeps_its_history(network: Network, tmp_path: Path) -> None:
    me, other = somebody(network), somebody(network)
    till = network.terminal(tmp_path)
    card = network.card(me.official)
    assert till.charge_card(card, "lunch").receipt is not None
    number = card.file.credential_id
    before = till.block_list_version
    assert other.refused("POST", f"/me/credentials/{number}/loss", {"reason": "遗失"}) == "not-found"
    assert me.refused("POST", f"/me/credentials/{number}/loss", {"reason": ""}) == "invalid"
    for _ in range(2):
        assert me.ask("POST", f"/me/credentials/{number}/loss", {"reason": "遗失"}) is None
    assert till.charge_card(card, "dinner").reason == "card_blocked"
    wait_until(lambda: till.refresh_block_list() > before, "every till hears of it")
    [(actor, detail)] = entries(network, "report_lost", f"credential/{number}")
    assert (actor, detail["reason"]) == (f"holder/{me.official.holder_id}", "遗失")
    shown = {one["credential_id"]: one for one in me.get("/me/credentials")}
    assert (shown[number]["state"], shown[number]["is_asking"]) == ("blocked", False)
    assert [one["is_asking"] for one in shown.values()].count(True) == 1
    message = {"credential_id": number, "uid": "04" + uuid4().hex[:12], "reason": "遗失"}
    fresh = network.centre.call("POST", "/console/cards/replacements", message)
    assert me.get("/me/credentials")[0]["replaces"] == number, fresh
    assert me.get(f"/me/movements?month={month_of(network)}")["items"][0]["kind"] == "payment"


def test_a_lost_phone_asks_no_more(network: Network) -> None:
    me = somebody(network)
    number = me.get("/me")["credential_id"]
    assert me.ask("POST", f"/me/credentials/{number}/loss", {"reason": "遗失"}) is None
    assert me.refused("GET", "/me") == "credential-blocked"


def test_a_suspended_official_reports_a_loss_and_logs_out(network: Network) -> None:
    by_phone, in_tab = somebody(network), somebody(network)
    bound(network, in_tab.official, "kitchen-yuyao")
    tab = InBrowser(network.system)
    cards = [network.card(one.official).file.credential_id for one in (by_phone, in_tab)]
    for one in (by_phone, in_tab):
        path = f"/registry/officials/{one.official.holder_id}/suspension"
        network.centre.call("POST", path, {"reason": "a test"})
    assert tab.sign_on_as_official(WORK_APP, "kitchen-yuyao")[0] == 201, "who has lost his phone has no other way"
    assert cards[0] in [one["credential_id"] for one in by_phone.get("/me/credentials")]
    loss = {"reason": "遗失"}
    assert by_phone.ask("POST", f"/me/credentials/{cards[0]}/loss", loss) is None
    assert tab.ask("POST", f"/me/credentials/{cards[1]}/loss", loss)[0] == 204
    with psycopg.connect(network.system.database_url) as db:
        states = db.execute("SELECT DISTINCT state FROM credential WHERE credential_id = ANY(%s)", [cards]).fetchall()
    assert states == [("blocked",)]
    for method, path in (("GET", "/me/purses"), ("GET", "/me/export"), ("POST", "/me/phone-activations")):
        assert slug(tab.ask(method, path, {} if method == "POST" else None)[1]) == "account-closed"
    assert tab.ask("DELETE", "/me/session")[0] == 204
    assert slug(tab.ask("GET", "/me")[1]) == "not-signed-in"


def test_a_phone_is_activated_in_a_session_and_by_no_phone(network: Network) -> None:
    me = somebody(network)
    assert me.refused("POST", "/me/phone-activations", {}) == "not-allowed"
    tab = in_browser(network, me.official, "kitchen-yuyao")
    status, made = tab.ask("POST", "/me/phone-activations", {})
    assert status == 201, made
    phone = activate_phone(network.url, made["activation_id"], made["code"])
    assert ask_for_holder(network.url, phone, "GET", "/me")["holder_id"] == me.official.holder_id
    actor = f"holder/{me.official.holder_id}"
    assert [by for by, _ in entries(network, "activate_own_phone", actor)] == [actor]


def age(network: Network, official: Official, assignment: str) -> None:
    with psycopg.connect(network.system.database_url) as db:
        db.execute(
            f"UPDATE holder_session SET {assignment} WHERE holder_id = %s".encode(), [official.holder_id]
        )  # fmt: skip


def test_a_phone_needs_a_sign_on_of_a_few_minutes_ago(network: Network) -> None:
    official = network.official()
    tab = in_browser(network, official, "kitchen-yuyao")
    for stale in (
        "made_at = now() - interval '6 minutes'",
        "made_at = now(), authenticated_at = now() - interval '1 h'",
    ):
        age(network, official, stale)
        assert tab.ask("GET", "/me")[0] == 200
        status, answer = tab.ask("POST", "/me/phone-activations", {})
        assert (status, slug(answer)) == (403, "proof-needed"), stale
    assert tab.sign_on_as_official(WORK_APP, "kitchen-yuyao")[0] == 201
    assert tab.ask("POST", "/me/phone-activations", {})[0] == 201


def test_a_provider_asks_an_official_anew_who_he_is(network: Network) -> None:
    _, begun = InBrowser(network.system).ask("POST", f"/me/sign-on/{OPENID}")
    assert "prompt=login&max_age=0" in begun["url"]


def test_an_official_sees_and_ends_his_sessions(network: Network) -> None:
    me, other = somebody(network), somebody(network)
    first = in_browser(network, me.official, "kitchen-yuyao")
    second = InBrowser(network.system)
    assert second.sign_on_as_official(WORK_APP, "kitchen-yuyao")[0] == 201
    shown = second.ask("GET", "/me/sessions")[1]
    assert [one["is_asking"] for one in shown] == [True, False]
    assert shown[0].keys() == {
        "number", "made_at", "last_used_at", "expires_at", "address", "device", "is_asking"
    }  # fmt: skip
    earlier = shown[1]["number"]
    assert other.refused("DELETE", f"/me/sessions/{earlier}") == "not-found"
    assert second.ask("DELETE", f"/me/sessions/{earlier}")[0] == 204
    assert first.ask("GET", "/me")[0] == 401
    assert second.ask("DELETE", f"/me/sessions/{earlier}")[0] == 404
    assert [detail for _, detail in entries(network, "end_own_session", f"holder/{me.official.holder_id}")] == [
        {"session": earlier}
    ]
    [left] = me.get("/me/sessions")
    assert left["is_asking"] is False, "a phone sees the browsers, too"
    assert me.ask("DELETE", f"/me/sessions/{left['number']}") is None
    assert second.ask("GET", "/me")[0] == 401


def test_a_new_sign_on_in_a_browser_ends_the_one_before(network: Network) -> None:
    official = network.official()
    tab = in_browser(network, official, "kitchen-yuyao")
    before = InBrowser(network.system, dict(tab.cookies))
    assert before.ask("GET", "/me")[0] == 200
    assert tab.sign_on_as_official(WORK_APP, "kitchen-yuyao")[0] == 201
    assert before.ask("GET", "/me")[0] == 401
    assert len(tab.ask("GET", "/me/sessions")[1]) == 1


def test_phones_made_in_a_session_say_so_and_end_with_its_identity(network: Network) -> None:
    me = somebody(network)
    identity = bound(network, me.official, "kitchen-yuyao")
    tab = InBrowser(network.system)
    assert tab.sign_on_as_official(WORK_APP, "kitchen-yuyao")[0] == 201
    made = tab.ask("POST", "/me/phone-activations", {})[1]
    phone = activate_phone(network.url, made["activation_id"], made["code"])
    [session] = tab.ask("GET", "/me/sessions")[1]
    assert [one["session"] for one in me.get("/me/credentials")] == [session["number"], None]
    actor = f"holder/{me.official.holder_id}"
    assert [detail for _, detail in entries(network, "activate_own_phone", actor)] == [
        {"activation_id": made["activation_id"], "session": session["number"], "identity": identity}
    ]
    network.centre.call("DELETE", f"{IDENTITIES}/{identity}")
    with pytest.raises(Rejected) as refused:
        ask_for_holder(network.url, phone, "GET", "/me")
    assert refused.value.slug == "credential-blocked"
    assert me.get("/me")["holder_id"] == me.official.holder_id, "the agency's stays"
    assert [detail for _, detail in entries(network, "end_identity", f"identity/{identity}")] == [{"blocked": 1}]


def test_a_phone_that_the_agency_blocked_is_not_replaced_by_its_holder_alone(network: Network) -> None:
    me = somebody(network)
    tab = in_browser(network, me.official, "kitchen-yuyao")
    blocked = me.get("/me")["credential_id"]
    message = {"blocked": True, "reason": "a test"}
    network.centre.call("POST", f"/console/credentials/{blocked}/block", message)
    status, answer = tab.ask("POST", "/me/phone-activations", {})
    assert (status, slug(answer)) == (403, "not-allowed")
    # The agency gives him another one; from then on he may replace it himself, as one that he has lost.
    given = Me(network, me.official, network.phone(me.official))
    lost = given.get("/me")["credential_id"]
    assert given.ask("POST", f"/me/credentials/{lost}/loss", {"reason": "遗失"}) is None
    assert tab.ask("POST", "/me/phone-activations", {})[0] == 201


def test_ones_own_code_ends_with_loss_and_identity(network: Network) -> None:
    me = somebody(network)
    identity = bound(network, me.official, "kitchen-yuyao")
    tab = InBrowser(network.system)
    assert tab.sign_on_as_official(WORK_APP, "kitchen-yuyao")[0] == 201

    def void(code: dict[str, Any]) -> bool:
        try:
            activate_phone(network.url, code["activation_id"], code["code"])
        except Rejected as rejected:
            return rejected.slug == "enrolment-refused"
        return False

    code = tab.ask("POST", "/me/phone-activations", {})[1]
    lost = me.get("/me")["credential_id"]
    assert me.ask("POST", f"/me/credentials/{lost}/loss", {"reason": "遗失"}) is None
    assert void(code)
    code = tab.ask("POST", "/me/phone-activations", {})[1]
    network.centre.call("DELETE", f"{IDENTITIES}/{identity}")
    assert void(code)


def canteens(me: Me, **asked: Any) -> dict[int, dict[str, Any]]:
    found = me.get(f"/me/canteens?{urlencode(asked)}")
    return {one["canteen_id"]: one for one in found}


def test_where_he_may_eat_on_a_visit_alone(network: Network) -> None:
    """Hangzhou has no agreement with Ningbo."""
    me = somebody(network)
    today = datetime.now(ZONE).date()
    day = today + timedelta(days=50)
    home, far = (network.canteen_id(agency) for agency in ("yinzhou", "hangzhou"))

    def meals(canteen_id: int, on: date) -> list[dict[str, Any]]:
        return list(canteens(me, day=on, limit=100)[canteen_id]["meals"])

    def becomes(canteen_id: int, on: date, why_not: str | None) -> None:
        """Every worker keeps the rules for some seconds, and any may answer."""

        def told() -> set[str | None]:
            return {one["why_not"]["code"] if one["why_not"] else None for one in meals(canteen_id, on)}

        wait_until(lambda: told() == {why_not}, f"{canteen_id} on {on}: {why_not}")

    becomes(far, day, "needs_visit")
    becomes(home, day, None)
    assert next(iter(canteens(me, day=day))) in [c["canteen_id"] for c in network.agencies["yinzhou"]["canteens"]]
    visit = {
        "holder_id": me.official.holder_id, "host_agency_id": network.agency_id("hangzhou"),
        "first_day": str(day), "last_day": str(day),
    }  # fmt: skip
    network.centre.call("POST", "/registry/visits", visit)
    becomes(far, day, None)
    becomes(far, day + timedelta(days=1), "needs_visit")


def test_a_class_may_eat_where_its_rules_say(network: Network) -> None:
    me = somebody(network)
    today = datetime.now(ZONE).date()
    code = "c_" + "".join(secrets.choice("abcdefgh") for _ in range(8))
    network.centre.call("PUT", f"/settlement/person-classes/{code}", {"name_zh": "学员", "name_en": "Trainee"})
    tomorrow = str(today + timedelta(days=1))
    rules = {
        "person_class": code, "valid_from": tomorrow, "eats_at_home": True, "eats_elsewhere": False, "price": "visitor",
    }  # fmt: skip
    network.centre.call("POST", "/settlement/class-rules/3302", rules)
    network.centre.call("PATCH", f"/registry/officials/{me.official.holder_id}", {"person_class": code})
    shown = canteens(me, day=tomorrow, limit=100)
    [elsewhere] = {one["why_not"]["code"] for one in shown[network.canteen_id("city")]["meals"]}
    assert elsewhere == "not_your_class"
    at_home = {one["meal"]: one for one in shown[network.canteen_id("yinzhou")]["meals"]}
    assert at_home["lunch"]["may_eat"]
    assert at_home["lunch"]["price_fen"] == 4_000, "two fifths of the daily allowance, as visitors pay"


def test_the_price_shown_is_the_price_charged(network: Network, tmp_path: Path) -> None:
    day, month = datetime.now(ZONE).date(), month_of(network)
    for agency in ("yinzhou", "hangzhou"):
        me = somebody(network)
        if agency == "hangzhou":
            visit(network, me, agency)
        meals = canteens(me, day=day, limit=100)[network.canteen_id(agency)]["meals"]
        [lunch] = [one for one in meals if one["meal"] == "lunch"]
        answer = network.terminal(tmp_path, agency).charge_card(network.card(me.official), "lunch")
        assert answer.receipt is not None
        assert lunch["price_fen"] == answer.receipt.amount_fen, agency
        assert me.get(f"/me/months?first={month}&last={month}")[0]["eaten_fen"] == answer.receipt.amount_fen
    free = canteens(me, day=day, limit=100)[network.canteen_id("yuyao")]["meals"]
    assert {one["limit_fen"] for one in free if one["meal"] == "lunch"} == {5_000}


def test_canteens_are_found_by_distance_name_and_region(network: Network) -> None:
    me = somebody(network)
    here = {"latitude": 29.87, "longitude": 121.55}
    assert me.refused("GET", f"/me/canteens?{urlencode(here)}") == "consent-needed"
    consent(me, "nearby", True)
    found = list(canteens(me, **here, limit=100).values())
    far = [one["distance_m"] for one in found if one["distance_m"] is not None]
    assert far
    assert far == sorted(far)
    assert me.refused("GET", "/me/canteens?latitude=29.87") == "invalid", "half a place"
    assert me.refused("GET", "/me/canteens?latitude=91&longitude=0") == "invalid"
    one = found[0]
    assert one["canteen_id"] in canteens(me, name=one["name_zh"][:3])
    assert canteens(me, name="没有这个食堂") == {}
    assert {c["book"] for c in canteens(me, book=one["book"]).values()} == {one["book"]}
    shown = me.get(f"/me/canteens/{one['canteen_id']}?days=7")
    assert len({meal["day"] for meal in shown["meals"]}) > 1
    assert shown["distance_m"] is None
    assert me.refused("GET", "/me/canteens/1") == "not-found"
    assert me.refused("GET", "/me/canteens?day=2020-01-01") == "invalid"
    consent(me, "nearby", False)
    assert me.refused("GET", f"/me/canteens?{urlencode(here)}") == "consent-needed", "withdrawn"


def consent(me: Me, purpose: str, given: bool) -> None:
    [shown] = [one for one in me.get("/me/consents")["consents"] if one["purpose"] == purpose]
    message = {"given": given, "version": shown["version"]}
    assert me.ask("PUT", f"/me/consents/{purpose}", message) is None


def test_a_consent_is_given_to_a_text_and_withdrawn(network: Network) -> None:
    me, other = somebody(network), somebody(network)
    shown = me.get("/me/consents")
    assert {one["purpose"]: one["given"] for one in shown["consents"]} == {"nearby": False}
    assert all(one["text_zh"] and one["ground"] for one in shown["processing"])
    assert me.refused("PUT", "/me/consents/nearby", {"given": True, "version": 9}) == "conflict"
    assert me.refused("PUT", "/me/consents/everything", {"given": True, "version": 1}) in ("invalid", "not-found")
    for given in (True, False, True):
        consent(me, "nearby", given)
    [said] = me.get("/me/consents")["consents"]
    assert (said["given"], said["decided_version"]) == (True, said["version"])
    assert not any(one["given"] for one in other.get("/me/consents")["consents"])
    actor = f"holder/{me.official.holder_id}"
    assert [(by, what["given"]) for by, what in entries(network, "decide_consent", actor)] == [
        (actor, True), (actor, False), (actor, True),
    ]  # fmt: skip


def test_a_consent_that_is_given_and_withdrawn_again_and_again_ends_withdrawn(network: Network) -> None:
    """Each change is a row of the audit log, from which nothing is ever taken."""
    me = somebody(network)
    for _ in range(GIVEN_A_DAY_MAX):
        for given in (True, True, False, False):
            consent(me, "nearby", given)
    assert me.refused("PUT", "/me/consents/nearby", {"given": True, "version": 1}) == "too-many-tries"
    consent(me, "nearby", False)
    entered = [what["purpose"] for _, what in entries(network, "decide_consent", f"holder/{me.official.holder_id}")]
    assert Counter(entered) == {"nearby": 2 * GIVEN_A_DAY_MAX}


def test_a_copy_of_all_that_is_kept(network: Network) -> None:
    me = somebody(network, subsidy_fen=500)
    consent(me, "nearby", True)
    copy = me.get("/me/export")
    assert (copy["name"], copy["account"]["holder_id"]) == ("王小明", me.official.holder_id)
    assert {one["kind"] for one in copy["movements"]} == {"top_up", "grant"}
    assert [one["purpose"] for one in copy["consent_history"]] == ["nearby"]
    assert [one["kind"] for one in copy["account"]["credentials"]] == ["phone"]
    actor = f"holder/{me.official.holder_id}"
    assert [by for by, _ in entries(network, "export_own_data", actor)] == [actor]
    for _ in range(20):
        try:
            me.get("/me/export")
        except Rejected as refused:
            assert refused.slug == "too-many-tries"
            return
    pytest.fail("nothing bounds the entries of the audit log")


def test_the_menu_of_a_meal_is_shown_with_it(network: Network) -> None:
    me, canteen_id = somebody(network), network.canteen_id("yinzhou")
    day = datetime.now(ZONE).date() + timedelta(days=40)
    dish = {"name_zh": "红烧带鱼", "kind": "meat"}
    path = f"/dining/canteens/{canteen_id}/menus/{day}/lunch"
    network.person("kitchen-yinzhou").call("PUT", path, {"dishes": [dish]})
    meals = {one["meal"]: one for one in canteens(me, day=day, limit=100)[canteen_id]["meals"]}
    assert [one["name_zh"] for one in meals["lunch"]["menu"]] == ["红烧带鱼"]
    assert meals["breakfast"]["menu"] == []


def test_how_full_it_is_comes_from_payments(network: Network, tmp_path: Path) -> None:
    me, canteen_id = somebody(network), network.canteen_id("hangzhou")
    day = f"/registry/canteens/{canteen_id}/days/{datetime.now(ZONE).date()}"
    all_day = [{"meal": "lunch", "starts": "00:00:00", "ends": "23:59:00"}]
    before = me.get(f"/me/canteens/{canteen_id}?days=1")
    seats = {name: before[name] for name in ("name_zh", "name_en", "latitude", "longitude")} | {"capacity": 400}
    network.centre.call("PUT", f"/registry/canteens/{canteen_id}", seats)
    network.centre.call("PUT", day, {"meals": all_day, "reason": "a test"})
    try:
        till = network.terminal(tmp_path, "hangzhou")
        for _ in range(2):
            assert till.charge_card(network.card(network.official("hangzhou")), "lunch").receipt is not None
        shown: dict[str, Any] = {}

        def is_told() -> bool:
            shown.update(me.get(f"/me/canteens/{canteen_id}?days=1"))
            return shown["open_now"] and shown["crowding"] is not None

        wait_until(is_told, "the payments are counted")
        crowding = shown["crowding"]
        assert 2 * 100 // 400 <= crowding["taken_percent"] < 95
        assert crowding["level"] in ("quiet", "usual", "busy")
        assert datetime.fromisoformat(crowding["computed_at"]) <= datetime.now(ZONE)
        wait_until(lambda: canteen_id in canteens(me, open_now="true", limit=100), "every worker knows that it is open")
    finally:
        network.centre.call("DELETE", day)
    wait_until(lambda: me.get(f"/me/canteens/{canteen_id}?days=1")["meals"] == before["meals"], "its week holds again")


def test_no_odd_value_is_a_500(network: Network, me: Me) -> None:
    document = me.get("/schema/openapi.json")
    paths, shared = document["paths"], document["components"]["parameters"]
    failed, asked = [], 0
    for path in (one for one in paths if one.startswith("/me") and "get" in paths[one] and one != "/me/export"):
        taken = paths[path]["get"].get("parameters", [])
        named = [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in taken]
        for address in addresses(path, paths[path]["get"] | {"parameters": named}):
            asked += 1
            answer = sent(network.system, "GET", address, fields_of(me, "GET", address))
            if answer[0] >= 500:
                failed.append(address)
    assert failed == []
    assert asked > 100
    assert me.refused("GET", "/me/movements?month=2026-11&canteen=7") == "invalid", "a parameter that is not there"
    assert me.refused("GET", "/me/canteens?latitude=nan&longitude=nan") == "invalid"
    assert me.refused("GET", "/me/movements?month=2026-11&after=WzFd") == "invalid"


def test_a_place_at_the_edge_of_the_calendar_is_none(me: Me) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    for at in ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59Z"):
        edge = urlsafe_b64encode(f'["{at}","{nobody}"]'.encode()).decode().rstrip("=")
        assert me.refused("GET", f"/me/movements?month=2026-11&after={edge}") == "invalid", at
