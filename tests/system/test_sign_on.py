"""Single sign-on: the directory says who somebody is, two people here have said what he may do."""

import secrets
import time
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from uuid import uuid4

import psycopg
import pyotp
import pytest
import urllib3

from demo.simulated_sign_on import OPENID, PATH, WORK_APP
from registry.passwords import UNKNOWN_USER
from registry.sessions import SAFE_METHODS
from tests.builders import Network, seen_identity
from tests.running_system import Person, System
from tests.system.test_console_users import USERS, ask, confirm, number_of
from tests.system.test_second_factor import Somebody, slug

SIGN_ON = "/console/sign-on"
IDENTITIES = "/console/identities"


@dataclass
class Tab:
    """A page of ours in a browser that keeps its cookies."""

    system: System
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""
    address: str = field(default_factory=lambda: str(IPv4Address(secrets.randbits(32))))
    """Where it stands, at a system that believes what its proxy says."""

    def ask(self, method: str, path: str, message: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and body."""
        fields = {
            "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "sec-fetch-site": "same-origin",
            "accept-language": "en",
            "x-forwarded-for": self.address,
        }
        if method not in SAFE_METHODS:
            fields |= {"origin": self.system.url, "x-csrf-token": self.csrf}
        url = self.system.url + path
        body = {} if message is None else {"json": message}
        answer = urllib3.request(method, url, headers=fields | headers, retries=False, timeout=60, **body)
        for line in answer.headers.getlist("set-cookie"):
            for name, cookie in SimpleCookie(line).items():
                assert cookie["httponly"], name
                self.cookies[name] = cookie.value
        found = answer.json() if answer.data else {}
        if answer.status < 300 and isinstance(found, dict) and found.get("csrf_token"):
            self.csrf = found["csrf_token"]
        return answer.status, found

    def start(self, provider: str, what: str = "") -> str:
        """Begin; where the browser goes."""
        status, body = self.ask("POST", f"{SIGN_ON}/{provider}{what}")
        assert status == 200, body
        return str(body["url"])

    def complete(self, provider: str, back: dict[str, str], what: str = "") -> tuple[int, Any]:
        return self.ask("POST", f"{SIGN_ON}/{provider}{what}/completion", back)

    def sign_on(self, provider: str, login: str, what: str = "") -> tuple[int, Any]:
        """Asked again where tests before have used the tries of the minute up."""
        give_up_at = time.monotonic() + 180
        while True:
            came = self.complete(provider, choose(self.start(provider, what), login), what)
            if came[0] != 429 or time.monotonic() > give_up_at:
                return came
            time.sleep(1)


def choose(url: str, login: str) -> dict[str, str]:
    """What a simulated provider gives the browser for somebody; the browser ends on a page of ours."""
    answer = urllib3.request("POST", url, body=urlencode({"person": login}), redirect=False, retries=False)
    assert answer.status == 303, answer.data
    return back_of(answer.headers["location"])


def back_of(location: str) -> dict[str, str]:
    given = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    return {name: given[name] for name in ("code", "state", "iss") if name in given}


def detail_of_last(system: System, action: str) -> dict[str, Any]:
    with psycopg.connect(system.database_url) as db:
        row = db.execute(
            "SELECT detail FROM audit_entry WHERE action = %s ORDER BY entry DESC LIMIT 1", [action]
        ).fetchone()
    assert row is not None
    return dict(row[0])


def test_the_providers_are_listed_for_everybody(system: System) -> None:
    status, found = Tab(system).ask("GET", SIGN_ON)
    assert (status, {one["name"]: one["proves"] for one in found}) == (200, {WORK_APP: False, OPENID: True})


@pytest.mark.parametrize("provider", [OPENID, WORK_APP])
def test_a_user_signs_on_at_a_provider(system: System, provider: str) -> None:
    tab = Tab(system)
    status, body = tab.sign_on(provider, "finance-yinzhou")
    assert status == 201, body
    assert (body["role"], body["token"]) == ("agency_finance", None)
    status, current = tab.ask("GET", "/console/sessions/current")
    assert (status, current["login"]) == (200, "finance-yinzhou")
    assert (current["proved_until"] is not None) == (provider == OPENID), "the work app does not say when"
    assert tab.cookies["onecard-sign-on"] == "", "its secret is of no use any more"
    assert detail_of_last(system, "sign_in")["identity"] > 0
    [session] = [one for one in tab.ask("GET", "/console/sessions")[1] if one["current"]]
    assert session["kind"] == "cookie"


@pytest.mark.parametrize("provider", [OPENID, WORK_APP])
def test_what_came_back_counts_once_and_in_its_browser(system: System, provider: str) -> None:
    tab, other = Tab(system), Tab(system)
    back = choose(tab.start(provider), "centre")
    other.start(provider)
    assert slug(other.complete(provider, back)[1]) == "sign-on-refused", "another browser"
    assert slug(Tab(system).complete(provider, back)[1]) == "sign-on-refused", "none"
    kept = dict(tab.cookies)
    assert tab.complete(provider, back)[0] == 201
    tab.cookies = kept
    assert slug(tab.complete(provider, back)[1]) == "sign-on-refused", "again"
    fresh = choose(tab.start(provider), "centre")
    assert slug(tab.complete(provider, fresh | {"code": back["code"]})[1]) == "sign-on-refused", "its code again"


def test_an_answer_of_one_provider_is_none_of_the_other(system: System) -> None:
    tab = Tab(system)
    back = choose(tab.start(OPENID), "centre")
    assert slug(tab.complete(WORK_APP, back)[1]) == "sign-on-refused"
    kept, state = dict(tab.cookies), parse_qs(urlsplit(tab.start(WORK_APP)).query)["state"][0]
    assert slug(tab.complete(WORK_APP, {"code": back["code"], "state": state})[1]) == "sign-on-refused"
    tab.cookies = kept
    assert slug(tab.complete(OPENID, back | {"iss": "https://elsewhere.example"})[1]) == "sign-on-refused"


def test_another_site_can_begin_and_complete_nothing(system: System) -> None:
    tab = Tab(system)
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://elsewhere.example"}
    assert slug(tab.ask("POST", f"{SIGN_ON}/{OPENID}", None, **foreign)[1]) == "cross-site-request"
    back = choose(tab.start(OPENID), "centre")
    assert slug(tab.ask("POST", f"{SIGN_ON}/{OPENID}/completion", back, **foreign)[1]) == "cross-site-request"
    assert slug(tab.ask("POST", f"{SIGN_ON}/nobody")[1]) == "not-found"


def a_supervisor(system: System, role: str = "supervisor", agency_id: int | None = None) -> tuple[int, Somebody]:
    somebody = Somebody(system, "127.0.7.1", role, agency_id=agency_id)
    return number_of(system, somebody.login), somebody


def free(network: Network, login: str, *, of_users: bool) -> None:
    """End who a person of the simulated work app was bound to."""
    for one in network.centre.call("GET", f"{IDENTITIES}?provider={WORK_APP}&subject=GE_{login}&limit=500")["items"]:
        if one["ended_at"] is None and (one["user_id"] is not None) == of_users:
            network.centre.call("DELETE", f"{IDENTITIES}/{one['identity_id']}")


def rebound(network: Network, login: str, user_id: int | None = None, holder_id: int | None = None) -> int:
    """Bind a person of the simulated work app, who was bound to another user, anew; the identity, unconfirmed."""
    free(network, login, of_users=user_id is not None)
    message = {"provider": WORK_APP, "subject": f"GE_{login}", "user_id": user_id, "holder_id": holder_id}
    return int(network.centre.call("POST", IDENTITIES, message)["number"])


def confirm_identity(system: System, by: Person, identity: int, **other: Any) -> tuple[int, str]:
    """Confirm an identity as it is now; ``other``: what the person believes instead."""
    return ask(by, "POST", f"{IDENTITIES}/{identity}/confirmation", seen_identity(system, identity) | other)


def test_two_people_say_who_somebody_of_the_directory_is(network: Network) -> None:
    system, centre, approver = network.system, network.centre, network.approver
    user_id, somebody = a_supervisor(system)
    identity = rebound(network, "kitchen-hangzhou", user_id)
    status, body = Tab(system).sign_on(WORK_APP, "kitchen-hangzhou")
    assert (status, slug(body)) == (403, "identity-unknown"), "nobody has confirmed it"
    assert "GE_kitchen-hangzhou" in body["detail"], "what to tell the administrator"
    assert confirm_identity(system, centre, identity) == (403, "second-person-needed")
    admin = system.sign_in("admin-yuyao")
    assert confirm_identity(system, admin, identity)[0] == 403, "another agency's"
    for other in ({"subject": "GE_kitchen-city"}, {"agency_id": network.agency_id("yinzhou")}):
        assert confirm_identity(system, approver, identity, **other) == (409, "conflict"), "not what he saw"
    assert confirm_identity(system, approver, identity) == (204, "")
    assert confirm_identity(system, approver, identity) == (409, "conflict")
    tab = Tab(system)
    assert tab.sign_on(WORK_APP, "kitchen-hangzhou")[0] == 201
    assert tab.ask("GET", "/console/sessions/current")[1]["login"] == somebody.login
    taken = {"provider": WORK_APP, "subject": "GE_kitchen-hangzhou", "user_id": user_id}
    again = centre.call("POST", IDENTITIES, taken)["number"]
    assert confirm_identity(system, approver, again) == (409, "conflict"), "one counts"
    squatted = network.system.sign_in("admin-yinzhou")
    for subject in (taken["subject"], f"GE_{uuid4().hex}"):
        kitchen = {"user_id": number_of(system, "kitchen-yinzhou"), "provider": WORK_APP, "subject": subject}
        assert squatted.ask("POST", IDENTITIES, kitchen).status == 201, "it tells nobody who is bound"
        own = centre.call("POST", IDENTITIES, kitchen | {"user_id": user_id})["number"]
    assert confirm_identity(system, approver, own) == (204, ""), "who binds first keeps it from nobody"
    assert centre.ask("DELETE", f"{IDENTITIES}/{identity}").status == 204
    assert tab.ask("GET", "/console/sessions/current")[0] == 401, "the sessions that it opened end"
    assert centre.ask("DELETE", f"{IDENTITIES}/{identity}").status == 404
    assert slug(Tab(system).sign_on(WORK_APP, "kitchen-hangzhou")[1]) == "identity-unknown"


def test_a_wrong_identity_is_refused(network: Network) -> None:
    user_id, _ = a_supervisor(network.system)
    holder_id = network.official("yinzhou").holder_id
    admin = network.system.sign_in("admin-yuyao")
    good = {"provider": WORK_APP, "subject": f"GE_{uuid4().hex}", "user_id": user_id}
    for by, message, status in (
        (network.centre, good | {"holder_id": holder_id}, 400),
        (network.centre, good | {"user_id": None}, 400),
        (network.centre, good | {"provider": "nobody"}, 404),
        (network.centre, good | {"user_id": 2**53 - 1}, 404),
        (network.centre, good | {"subject": ""}, 400),
        (network.centre, good | {"user_id": number_of(network.system, "centre")}, 403),
        (admin, good, 403),
        (admin, good | {"user_id": None, "holder_id": holder_id}, 403),
        (network.system.sign_in("supervisor"), good, 403),
    ):
        assert by.ask("POST", IDENTITIES, message).status == status, message


def test_an_invited_person_with_an_identity_needs_no_password(network: Network) -> None:
    system, login = network.system, f"new-{uuid4().hex[:8]}"
    made = network.centre.call("POST", USERS, {"login": login, "role": "supervisor"})
    number = made["user_id"]
    assert confirm(system, network.approver, number) == (409, "conflict")
    identity = rebound(network, "finance-hangzhou", made["user_id"])
    assert confirm(system, network.approver, number) == (409, "conflict"), "nobody has confirmed the identity"
    assert confirm_identity(system, network.approver, identity) == (204, "")
    assert slug(Tab(system).sign_on(WORK_APP, "finance-hangzhou")[1]) == "user-not-active"
    assert confirm(system, network.centre, number) == (403, "second-person-needed")
    assert confirm(system, network.approver, number) == (204, "")
    assert Tab(system).sign_on(WORK_APP, "finance-hangzhou")[0] == 201
    answer = urllib3.request(
        "POST", f"{system.url}/console/invitations",
        json={"login": login, "code": made["code"], "password": "clouds over the lake"},
    )  # fmt: skip
    assert answer.status == 401, "the invitation is used up"


def test_who_has_a_second_factor_shows_it_after_signing_on(network: Network) -> None:
    system = network.system
    user_id, somebody = a_supervisor(system)
    somebody.enrol()
    identity = rebound(network, "kitchen-yuyao", user_id)
    assert confirm_identity(system, network.approver, identity) == (204, "")
    tab = Tab(system)
    status, body = tab.sign_on(WORK_APP, "kitchen-yuyao")
    assert (status, slug(body)) == (401, "second-factor-needed")
    code = {"ticket": body["ticket"], "code": somebody.codes[0], "cookie": True}
    assert tab.ask("POST", "/console/sessions/second-factor", code)[0] == 201
    assert detail_of_last(system, "sign_in")["identity"] == identity
    assert network.centre.ask("DELETE", f"{IDENTITIES}/{identity}").status == 204
    assert tab.ask("GET", "/console/sessions/current")[0] == 401, "its identity has ended"


def test_another_agency_or_role_waits_for_a_confirmation_of_the_identity(network: Network) -> None:
    system, yinzhou = network.system, network.agency_id("yinzhou")
    admin, second = system.sign_in("admin-yinzhou"), Somebody(system, "127.0.7.3", "agency_admin", agency_id=yinzhou)
    another = Person(system.url, second.login)
    user_id, _ = a_supervisor(system, "agency_admin", yinzhou)
    free(network, "finance-city", of_users=True)
    subjects = ["GE_finance-city", f"GE_{uuid4().hex[:8]}"]
    bound = [
        admin.call("POST", IDENTITIES, {"provider": WORK_APP, "subject": one, "user_id": user_id})["number"]
        for one in subjects
    ]
    assert confirm_identity(system, another, bound[0]) == (204, "")
    role = {"role": "centre_operator", "agency_id": None}
    assert network.centre.ask("POST", f"{USERS}/{user_id}/role", role).status == 204
    assert detail_of_last(system, "change_role")["unconfirmed_identities"] == [bound[0]]
    assert confirm(system, network.approver, user_id) == (204, "")
    for one in bound:
        assert confirm_identity(system, another, one, agency_id=yinzhou)[0] == 403, "he is of the centre now"
        assert ask(another, "DELETE", f"{IDENTITIES}/{one}")[0] == 403
        assert another.ask("GET", f"{IDENTITIES}/{one}").status == 404
        assert confirm_identity(system, network.approver, one, agency_id=yinzhou) == (409, "conflict")
        assert network.centre.call("GET", f"{IDENTITIES}/{one}")["agency_id"] is None
    with psycopg.connect(system.database_url) as db:
        db.execute("UPDATE identity SET confirmed_by = 'x', confirmed_at = now() WHERE identity_id = %s", [bound[0]])
    status, body = Tab(system).sign_on(WORK_APP, "finance-city")
    assert (status, slug(body)) == (403, "identity-unknown"), "confirmed for another agency"
    assert confirm_identity(system, network.approver, bound[1]) == (204, "")
    assert network.approver.ask("POST", f"{USERS}/{user_id}/suspension", {"reason": "x"}).status == 204
    assert detail_of_last(system, "suspend_user") == {
        "reason": "x", "unconfirmed_identities": sorted(bound),
    }  # fmt: skip
    assert network.approver.ask("POST", f"{USERS}/{user_id}/resumption", {"reason": "x"}).status == 204
    assert network.centre.call("GET", f"{IDENTITIES}/{bound[1]}")["confirmed_at"] is None


@pytest.mark.one_worker
def test_the_last_way_in_of_the_last_approver_stays(own: System) -> None:
    own.start()
    network = Network(own)
    alone = number_of(own, "approver")
    identity = rebound(network, "approver", alone)
    assert confirm_identity(own, own.sign_in("approver"), identity) == (403, "not-allowed"), "his own"
    second = Somebody(own, "127.0.7.4", "centre_operator")
    assert confirm_identity(own, Person(own.url, second.login), identity) == (204, "")
    with psycopg.connect(own.database_url) as db:
        # As one who was invited, and never set a password.
        db.execute("UPDATE console_user SET password_hash = %s WHERE user_id = %s", [UNKNOWN_USER, alone])
        db.execute("UPDATE identity SET ended_at = now(), ended_by = 'x' WHERE user_id = %s AND provider <> %s",
                   [alone, WORK_APP])  # fmt: skip
    answer = network.centre.ask("DELETE", f"{IDENTITIES}/{identity}")
    assert answer.status == 409
    assert "复核" in answer.json()["detail"]
    assert Tab(own).sign_on(WORK_APP, "approver")[0] == 201
    other = Somebody(own, "127.0.7.5", "centre_approver")
    with psycopg.connect(own.database_url) as db:
        db.execute("UPDATE console_user SET password_hash = %s WHERE login = %s", [UNKNOWN_USER, other.login])
    for path in ("suspension", "role", "invitation"):
        message = {"suspension": {"reason": "x"}, "role": {"role": "supervisor"}}.get(path)
        assert ask(network.centre, "POST", f"{USERS}/{alone}/{path}", message) == (409, "conflict"), path
    assert ask(network.centre, "DELETE", f"{IDENTITIES}/{identity}") == (409, "conflict"), "the other has no way in"
    with psycopg.connect(own.database_url) as db:
        db.execute(
            "UPDATE console_user SET password_hash = (SELECT password_hash FROM console_user WHERE login = 'centre')"
            " WHERE login = %s", [other.login]
        )  # fmt: skip
    assert network.centre.ask("DELETE", f"{IDENTITIES}/{identity}").status == 204


def test_signing_on_anew_proves_who_is_at_the_screen(network: Network) -> None:
    system, tab = network.system, Tab(network.system)
    assert tab.sign_on(WORK_APP, "finance-yuyao")[0] == 201
    message = {"agency_id": network.agency_id("yuyao"), "deposits": []}
    assert slug(tab.ask("POST", "/settlement/top-ups", message)[1]) == "proof-needed"
    assert slug(tab.ask("POST", f"{SIGN_ON}/{WORK_APP}/proof")[1]) == "invalid", "it says nothing of when"
    url = tab.start(OPENID, "/proof")
    assert "prompt=login&max_age=0" in url
    assert slug(tab.complete(OPENID, choose(url, "centre"), "/proof")[1]) == "sign-on-refused", "somebody else"
    old = tab.cookies["onecard-session"]
    assert slug(tab.complete(OPENID, choose(tab.start(OPENID), "finance-yuyao"), "/proof")[1]) == "sign-on-refused"
    assert tab.sign_on(OPENID, "finance-yuyao", "/proof")[0] == 201
    assert tab.cookies["onecard-session"] != old, "a new token"
    assert slug(tab.ask("POST", "/settlement/top-ups", message)[1]) != "proof-needed"
    bearer = system.sign_in("finance-yuyao")
    assert slug(bearer.ask("POST", f"{SIGN_ON}/{OPENID}/proof").json()) == "invalid"


def test_a_proof_at_a_provider_needs_the_second_factor_as_signing_on_does(network: Network) -> None:
    tab, factor = Tab(network.system), "/console/second-factor"
    proof = "/console/sessions/current/proof"
    assert tab.sign_on(OPENID, "finance-yuyao")[0] == 201
    totp = pyotp.TOTP(tab.ask("POST", factor)[1]["secret"])
    status, confirmed = tab.ask("POST", f"{factor}/confirmation", {"code": totp.now()})
    assert status == 201, confirmed
    tab.csrf, codes = confirmed["session"]["csrf_token"], confirmed["recovery_codes"]
    try:
        old = tab.cookies["onecard-session"]
        status, needed = tab.sign_on(OPENID, "finance-yuyao", "/proof")
        assert (status, slug(needed), tab.cookies["onecard-session"]) == (401, "second-factor-needed", old)
        assert slug(tab.ask("POST", proof, {"ticket": needed["ticket"], "code": "000000"})[1]) == "wrong-code"
        assert tab.ask("POST", proof, {"ticket": needed["ticket"], "code": codes[0]})[0] == 201
        assert tab.cookies["onecard-session"] != old, "a new token"
    finally:
        assert tab.ask("POST", f"{factor}/removal", {"code": codes[1]})[0] == 204


def test_who_leaves_the_directory_is_logged_out_at_once(network: Network) -> None:
    tab = Tab(network.system)
    assert tab.sign_on(OPENID, "kitchen-city")[0] == 201
    move(network.system, "kitchen-city")
    try:
        assert tab.ask("GET", "/console/sessions/current")[0] == 401
    finally:
        move(network.system, "kitchen-city")


def move(system: System, login: str) -> None:
    """Let somebody leave the simulated directory, or return."""
    answer = urllib3.request(
        "POST", f"{system.url}{PATH}/people", body=f"person={quote(login)}", redirect=False, retries=False
    )
    assert answer.status == 303
