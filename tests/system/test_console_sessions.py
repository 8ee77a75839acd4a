"""Sessions at the console: a cookie is checked against forgery, ends when idle, and wants a fresh password."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import urllib3

from demo.city import PASSWORD
from onecard.settings import Settings
from registry import access
from registry.sessions import SAFE_METHODS
from tests.builders import Network
from tests.running_system import Person, System

COOKIE = "onecard-session"


@dataclass
class BrowserTab:
    """A page of ours in a browser: it says where its requests come from, and keeps a cookie."""

    system: System
    cookie: str = ""
    csrf: str = ""
    signed_in: dict[str, Any] = field(default_factory=dict)
    set_cookie: str = ""

    def ask(self, method: str, path: str, message: Any = None, **headers: str | None) -> urllib3.BaseHTTPResponse:
        """Further header fields replace those of a page of ours; None leaves one out."""
        usual = {
            "content-type": "application/json",
            "cookie": f"{COOKIE}={self.cookie}" if self.cookie else None,
            "sec-fetch-site": "same-origin",
            "origin": None if method in SAFE_METHODS else self.system.url,
            "x-csrf-token": None if method in SAFE_METHODS else self.csrf or None,
            "accept-language": "en",
            "user-agent": "a browser",
        }
        given = usual | {name.replace("_", "-"): value for name, value in headers.items()}
        answer = urllib3.request(
            method,
            self.system.url + path,
            body=None if message is None else json.dumps(message).encode(),
            headers={name: value for name, value in given.items() if value is not None},
            retries=False,
            timeout=60,
        )
        for line in answer.headers.getlist("set-cookie"):
            if line.startswith(f"{COOKIE}="):
                self.set_cookie, self.cookie = line, line.partition(";")[0].partition("=")[2]
                if answer.status < 300 and answer.data:
                    self.csrf = answer.json()["csrf_token"]
        return answer

    def sign_in(self, login: str = "centre") -> "BrowserTab":
        answer = self.ask("POST", "/console/sessions", {"login": login, "password": PASSWORD, "cookie": True})
        assert answer.status == 201, answer.data
        self.signed_in = answer.json()
        return self

    def prove(self, password: str = PASSWORD) -> urllib3.BaseHTTPResponse:
        return self.ask("POST", "/console/sessions/current/proof", {"password": password})


def problem(answer: urllib3.BaseHTTPResponse) -> tuple[int, str]:
    return answer.status, answer.json()["type"].rpartition("/")[2]


def change_session(system: System, number: int, assignment: str) -> None:
    with psycopg.connect(system.database_url) as db:
        done = db.execute(f"UPDATE console_session SET {assignment} WHERE number = %s".encode(), [number])
        assert done.rowcount == 1


def officials(network: Network) -> dict[str, Any]:
    return {"agency_id": network.agency_id("yinzhou"), "officials": [{"name": "王", "staff_number": uuid4().hex[:12]}]}


def test_a_browser_signs_in_with_a_cookie_that_no_script_reads(system: System, network: Network) -> None:
    tab = BrowserTab(system).sign_in()
    assert tab.signed_in["token"] is None
    parts = {part.strip().lower() for part in tab.set_cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= parts
    assert not parts & {"secure"}, "plain HTTP on a loopback address"
    assert not [part for part in parts if part.startswith("domain")]
    assert tab.ask("GET", "/registry/directory").status == 200
    assert tab.ask("POST", "/registry/officials", officials(network)).status == 201
    with psycopg.connect(system.database_url) as db:
        [stored] = db.execute(
            "SELECT token_hash FROM console_session WHERE number = %s", [tab.signed_in["session"]]
        ).fetchall()
    assert tab.cookie.encode() not in bytes(stored[0])


def test_a_page_that_was_loaded_anew_learns_its_csrf_token(system: System) -> None:
    tab = BrowserTab(system).sign_in("supervisor")
    shown = tab.ask("GET", "/console/sessions/current").json()
    assert (shown["login"], shown["role"], shown["csrf_token"]) == ("supervisor", "supervisor", tab.csrf)
    assert shown["proved_until"] is not None


def test_a_changing_request_without_the_token_is_refused(system: System, network: Network) -> None:
    tab, other = BrowserTab(system).sign_in(), BrowserTab(system).sign_in()
    for wrong in (None, "", "0" * 64, tab.csrf[:-1], tab.csrf.upper(), other.csrf, "é"):
        answer = tab.ask("POST", "/registry/officials", officials(network), x_csrf_token=wrong)
        assert problem(answer) == (403, "cross-site-request"), wrong
    for method, path in (("DELETE", "/console/sessions"), ("DELETE", "/console/sessions/current")):
        assert problem(tab.ask(method, path, x_csrf_token=other.csrf)) == (403, "cross-site-request")
    assert tab.ask("GET", "/registry/directory").status == 200, "nothing of it ended the session"


def test_a_cookie_from_another_site_is_refused(system: System, network: Network) -> None:
    tab = BrowserTab(system).sign_in()
    wrong: list[dict[str, str | None]] = [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": None, "origin": None},
        {"sec_fetch_site": None, "origin": "null"},
        {"origin": "https://elsewhere.example"},
        {"origin": system.url.replace("http:", "https:")},
        {"origin": f"{system.url}0"},
        {"sec_fetch_site": None, "origin": "https://elsewhere.example"},
    ]
    for headers in wrong:
        answer = tab.ask("POST", "/registry/officials", officials(network), **headers)
        assert problem(answer) == (403, "cross-site-request"), headers
    for site in ("cross-site", "same-site"):
        assert problem(tab.ask("GET", "/registry/directory", sec_fetch_site=site))[0] == 403
    assert tab.ask("GET", "/registry/directory", sec_fetch_site="none").status == 200
    older = {"sec_fetch_site": None}
    assert tab.ask("POST", "/registry/officials", officials(network), **older).status == 201
    assert tab.ask("GET", "/registry/directory", **older).status == 200


def test_another_site_signs_nobody_in(system: System) -> None:
    message = {"login": "centre", "password": PASSWORD, "cookie": True}
    answer = BrowserTab(system).ask("POST", "/console/sessions", message, origin="https://elsewhere.example")
    assert problem(answer) == (403, "cross-site-request")
    assert "set-cookie" not in answer.headers


def test_a_cookie_needs_tls_elsewhere_than_on_the_machine_itself(system: System) -> None:
    message = {"login": "centre", "password": PASSWORD, "cookie": True}
    tab = BrowserTab(system)
    for host in ("centre.example", "127.0.0.1.example", "10.0.0.1:8000", ""):
        answer = tab.ask("POST", "/console/sessions", message, host=host, origin=f"http://{host}")
        assert problem(answer) == (400, "invalid"), host
        assert "set-cookie" not in answer.headers


@pytest.mark.one_worker
def test_behind_tls_the_cookie_is_secure_and_bound_to_the_host(own: System) -> None:
    own.environment["ONECARD_TRUSTED_PROXIES"] = "127.0.0.1"
    own.start()
    message = {"login": "centre", "password": PASSWORD, "cookie": True}
    given = {"host": "centre.example", "origin": "https://centre.example", "x_forwarded_proto": "https"}
    answer = BrowserTab(own).ask("POST", "/console/sessions", message, **given)
    assert answer.status == 201
    [line] = [line for line in answer.headers.getlist("set-cookie") if line.startswith("__Host-onecard-session=")]
    assert {"secure", "httponly", "samesite=strict", "path=/"} <= {part.strip().lower() for part in line.split(";")}
    secure = {"cookie": line.partition(";")[0]}
    assert BrowserTab(own).ask("GET", "/registry/directory", **given | secure).status == 200
    plain = {"cookie": line.partition(";")[0].removeprefix("__Host-")}
    assert BrowserTab(own).ask("GET", "/registry/directory", **given | plain).status == 401
    assert BrowserTab(own).ask("GET", "/registry/directory", **plain).status == 200, "the machine itself"


def test_a_token_is_of_one_kind(system: System) -> None:
    tab, program = BrowserTab(system).sign_in(), Person(system.url, "centre")
    as_bearer = {"cookie": None, "authorization": f"Bearer {tab.cookie}"}
    assert problem(tab.ask("GET", "/registry/directory", **as_bearer))[0] == 401
    as_cookie = BrowserTab(system, cookie=program.token)
    assert problem(as_cookie.ask("GET", "/registry/directory"))[0] == 401
    assert problem(as_cookie.ask("DELETE", "/console/sessions/current"))[0] == 403
    both = {"authorization": f"Bearer {program.token[:-1]}x"}
    assert problem(tab.ask("GET", "/registry/directory", **both))[0] == 401, "the header decides where both are sent"


def test_one_sees_and_ends_ones_own_sessions_alone(system: System) -> None:
    login = "finance-city"
    first, second, stranger = BrowserTab(system).sign_in(login), Person(system.url, login), BrowserTab(system).sign_in()
    shown = first.ask("GET", "/console/sessions").json()
    mine = {row["number"]: row for row in shown}
    assert [row["number"] for row in shown if row["current"]] == [first.signed_in["session"]]
    row = mine[first.signed_in["session"]]
    assert (row["kind"], row["address"], row["device"]) == ("cookie", "127.0.0.1", "a browser")
    assert stranger.signed_in["session"] not in mine
    other = stranger.signed_in["session"]
    for number in (other, 0, 2**53 - 1):
        assert problem(first.ask("DELETE", f"/console/sessions/{number}")) == (404, "not-found")
    assert stranger.ask("GET", "/console/sessions").status == 200
    [bearer] = [row["number"] for row in second.call("GET", "/console/sessions") if row["current"]]
    assert first.ask("DELETE", f"/console/sessions/{bearer}").status == 204
    assert second.ask("GET", "/registry/directory").status == 401
    assert problem(first.ask("DELETE", f"/console/sessions/{bearer}"))[0] == 404
    third = Person(system.url, login)
    ended = first.ask("DELETE", "/console/sessions")
    assert (ended.status, ended.json()["ended"] >= 1) == (200, True)
    assert third.ask("GET", "/registry/directory").status == 401
    assert [row["number"] for row in first.ask("GET", "/console/sessions").json()] == [first.signed_in["session"]]


def test_signing_out_takes_the_cookie_away(system: System) -> None:
    tab = BrowserTab(system).sign_in("supervisor")
    kept = tab.cookie
    answer = tab.ask("DELETE", "/console/sessions/current")
    assert answer.status == 204
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    tab.cookie = kept
    assert tab.ask("GET", "/registry/directory").status == 401
    assert tab.ask("DELETE", "/console/sessions/current").status == 204, "twice is harmless"


def test_a_browsers_session_ends_when_it_is_idle_and_a_programs_does_not(system: System) -> None:
    tab, program = BrowserTab(system).sign_in("supervisor"), Person(system.url, "supervisor")
    number = tab.signed_in["session"]
    change_session(system, number, "last_used_at = now() - interval '29 minutes'")
    assert tab.ask("GET", "/registry/directory").status == 200
    with psycopg.connect(system.database_url) as db:
        fresh = db.execute(
            "SELECT last_used_at > now() - interval '1 minute' FROM console_session WHERE number = %s", [number]
        ).fetchone()
    assert fresh == (True,), "its use was noted"
    change_session(system, number, "last_used_at = now() - interval '31 minutes'")
    assert tab.ask("GET", "/registry/directory").status == 401
    [bearer] = [row["number"] for row in program.call("GET", "/console/sessions") if row["current"]]
    assert number not in [row["number"] for row in program.call("GET", "/console/sessions")]
    change_session(system, bearer, "last_used_at = now() - interval '11 hours'")
    assert program.ask("GET", "/registry/directory").status == 200


def test_every_session_ends_after_its_life(system: System) -> None:
    tab = BrowserTab(system).sign_in("supervisor")
    change_session(system, tab.signed_in["session"], "expires_at = now() - interval '1 second'")
    assert tab.ask("GET", "/registry/directory").status == 401
    assert problem(tab.prove())[0] == 401


def top_up(network: Network) -> dict[str, Any]:
    holder = network.official("yinzhou").holder_id
    deposit = {"posting_id": str(uuid4()), "holder_id": holder, "amount_fen": 500}
    return {"agency_id": network.agency_id("yinzhou"), "deposits": [deposit]}


@pytest.mark.parametrize(
    ("login", "method", "path"),
    [
        ("centre", "POST", "/settlement/refunds"),
        ("centre", "POST", "/console/closures"),
        ("centre", "POST", "/clearing/cycles"),
        ("centre", "POST", "/clearing/bank-accounts"),
        ("approver", "POST", "/console/approvals/1/approval"),
        ("approver", "POST", "/waste/bulletins/1/publication"),
        ("finance-yinzhou", "POST", "/settlement/grants"),
    ],
)
def test_money_and_publishing_need_a_fresh_password(system: System, login: str, method: str, path: str) -> None:
    tab = BrowserTab(system).sign_in(login)
    change_session(system, tab.signed_in["session"], "proved_at = now() - interval '16 minutes'")
    assert problem(tab.ask(method, path, {})) == (403, "proof-needed")
    assert tab.prove().status == 201
    assert problem(tab.ask(method, path, {}))[1] != "proof-needed"


def test_a_proof_renews_the_token_and_lets_money_move(system: System, network: Network) -> None:
    tab = BrowserTab(system).sign_in("finance-yinzhou")
    number, old_cookie, old_csrf = tab.signed_in["session"], tab.cookie, tab.csrf
    assert tab.ask("POST", "/settlement/top-ups", top_up(network)).status == 201, "signing in was a proof"
    change_session(system, number, "proved_at = now() - interval '15 minutes'")
    assert tab.ask("GET", "/console/sessions/current").json()["proved_until"] is None
    assert problem(tab.ask("POST", "/settlement/top-ups", top_up(network))) == (403, "proof-needed")
    assert tab.ask("GET", "/clearing/open-days").status == 200, "reading needs none"
    assert problem(tab.prove("not the password")) == (401, "wrong-password")
    assert problem(tab.ask("POST", "/settlement/top-ups", top_up(network))) == (403, "proof-needed")
    assert tab.prove().json()["session"] == number
    assert (tab.cookie != old_cookie, tab.csrf != old_csrf) == (True, True)
    assert tab.ask("POST", "/settlement/top-ups", top_up(network)).status == 201
    before = BrowserTab(system, cookie=old_cookie, csrf=old_csrf)
    assert before.ask("GET", "/registry/directory").status == 401
    assert problem(tab.ask("POST", "/settlement/top-ups", top_up(network), x_csrf_token=old_csrf))[0] == 403


def test_a_request_that_names_another_session_is_refused(system: System, network: Network) -> None:
    """A page that somebody else left open in the same browser, even if it took the new person's token."""
    before, tab = BrowserTab(system).sign_in("admin-yinzhou"), BrowserTab(system).sign_in("finance-yinzhou")
    own, others = str(tab.signed_in["session"]), str(before.signed_in["session"])
    for named in (others, "", "0", own + "0", "nobody"):
        for method, path, body in (
            ("GET", "/console/sessions/current", None),
            ("GET", "/registry/directory", None),
            ("POST", "/settlement/top-ups", top_up(network)),
            ("POST", "/console/sessions/current/proof", {"password": PASSWORD}),
        ):
            assert problem(tab.ask(method, path, body, x_session=named)) == (409, "session-changed"), (named, path)
    message = top_up(network)
    assert tab.ask("POST", "/settlement/top-ups", message, x_session=own).status == 201
    assert tab.ask("GET", "/registry/directory").status == 200, "programs name none"


def test_wrong_proofs_wait_like_wrong_passwords(system: System) -> None:
    tab = BrowserTab(system).sign_in("kitchen-yuyao")
    answers = [problem(tab.prove("not the password")) for _ in range(18)]
    assert answers[0] == (401, "wrong-password")
    assert (429, "too-many-tries") in answers


@pytest.mark.one_worker
def test_bearer_sessions_stay_as_they_are_unless_a_setting_says_otherwise(own: System, system: System) -> None:
    def answer(at: System) -> tuple[int, str]:
        finance = Person(at.url, "finance-yuyao")
        [number] = [row["number"] for row in finance.call("GET", "/console/sessions") if row["current"]]
        change_session(at, number, "proved_at = NULL")
        return problem(finance.ask("POST", "/settlement/top-ups", {}))

    assert answer(system) == (400, "invalid")
    own.environment["ONECARD_STRICT_BEARER_SESSIONS"] = "true"
    own.start()
    assert answer(own) == (403, "proof-needed")


def test_a_session_that_a_worker_of_the_release_before_opened_is_a_bearers(system: System) -> None:
    token = uuid4().hex
    with psycopg.connect(system.database_url) as db:
        db.execute(
            "INSERT INTO console_session (token_hash, user_id, expires_at)"
            " SELECT %s, user_id, now() + interval '1 hour' FROM console_user WHERE login = 'supervisor'",
            [sha256(token.encode()).digest()],
        )
    bearer: dict[str, str | None] = {"authorization": f"Bearer {token}"}
    shown = BrowserTab(system).ask("GET", "/console/sessions", **bearer)
    [current] = [row for row in shown.json() if row["current"]]
    assert (shown.status, current["kind"], current["address"]) == (200, "bearer", "")


def test_what_moves_money_or_publishes_is_a_known_list() -> None:
    """Whoever adds a permission decides whether it belongs there."""
    harmless = {
        "administer_network", "set_meals", "tell_attendance", "set_purse_order", "register_official",
        "issue_credential",
        "block_credential", "enrol_terminal",
        "register_visit", "approve_terminal", "revoke_terminal", "rectify", "evaluate_oneself", "dispute",
        "report_receptions",
        "weigh_waste", "manage_cashiers", "manage_sheets",
        "void_payment", "inspect", "decide_appeal", "set_food_factors",
    }  # fmt: skip
    others = {one for one in access.Permission if one not in access.NEEDS_PROOF and not one.startswith("see_")}
    assert {str(one) for one in others} == harmless


def test_the_settings_of_sessions_are_minutes_and_hours() -> None:
    rules = Settings(session_idle_min=5, session_life_h=8).session_rules
    assert (rules.idle.total_seconds(), rules.life.total_seconds()) == (300, 8 * 3_600)
