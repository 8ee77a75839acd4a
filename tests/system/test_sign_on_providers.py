"""Single sign-on beside a provider that forges, hangs, changes its keys, and loses people from its directory."""

import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import oidc_provider_mock
import psycopg
import pytest
import urllib3

from foundation.keys import load_keys
from registry.challenges import new_challenge
from registry.identifiers import CredentialId
from registry.passwords import UNKNOWN_USER
from registry.sign_on.openid import LOGOUT_EVENT
from tests.builders import Network, seen_identity
from tests.hostile_provider import CLIENT, SECRET, HostileProvider, encoded, hmac_token
from tests.running_system import System, free_port
from tests.system.test_console_users import number_of
from tests.system.test_second_factor import Somebody, slug
from tests.system.test_sign_on import IDENTITIES, SIGN_ON, Tab, back_of

REFUSALS = {"sign-on-refused", "identity-unknown", "invalid", "not-found"}

PROVIDERS = """\
[[provider]]
kind = "openid_connect"
name = "city"
title_zh = "市级"
title_en = "City"
client_id = "{client}"
client_secret = "{secret}"
issuer = "{url}/city"
tenant_claim = "org"
tenants = {{ "city" = [0], "county" = [7] }}

[[provider]]
kind = "openid_connect"
name = "other"
title_zh = "其他"
title_en = "Other"
client_id = "{client}"
client_secret = "{secret}"
issuer = "{url}/other"
tenants = {{ "{url}/other" = [0] }}

[[provider]]
kind = "work_app"
name = "app"
title_zh = "应用"
title_en = "App"
client_id = "{client}"
client_secret = "{secret}"
app_key = "key"
app_secret = "{secret}"
login_url = "{url}/app"
api_url = "{url}/app"
contacts_tenant = "100"
organizations = ["GO_1"]
tenants = {{ "100" = [0, {yinzhou}, {city}], "200" = [{yuyao}, {city}] }}

[[provider]]
kind = "openid_connect"
name = "library"
title_zh = "统一认证"
title_en = "A real library"
client_id = "{client}"
client_secret = "{secret}"
issuer = "http://127.0.0.1:{library}"
tenants = {{ "http://127.0.0.1:{library}" = [0] }}
"""


class Besieged:
    """A system beside a provider that says what a test wants; ``victim`` is bound to the supervisor everywhere."""

    def __init__(self, system: System, provider: HostileProvider, library: str) -> None:
        self.system, self.provider, self.library = system, provider, library
        with psycopg.connect(system.database_url) as db:
            for name in ("city", "other", "app", "library"):
                db.execute(
                    "INSERT INTO identity (identity_id, provider, subject, user_id, bound_by, bound_at, confirmed_by,"
                    " confirmed_at) SELECT nextval('onecard_number'), %s, 'victim', user_id, 'a', now(), 'b', now()"
                    " FROM console_user WHERE login = 'supervisor'",
                    [name],
                )

    def begin(self, name: str = "city") -> tuple[Tab, dict[str, str]]:
        """A tab that has begun, and what it asked for."""
        tab = Tab(self.system)
        asked = parse_qs(urlsplit(tab.start(name)).query)
        return tab, {key: values[0] for key, values in asked.items()}

    def claims(self, asked: dict[str, str], name: str = "city", **more: Any) -> dict[str, Any]:
        """Those of a token that is accepted; a claim with the value None is left out."""
        now = int(time.time())
        right = {
            "iss": self.provider.issuer(name), "sub": "victim", "aud": CLIENT, "exp": now + 300, "iat": now,
            "auth_time": now, "nonce": asked.get("nonce"), "org": "city",
        }  # fmt: skip
        return {key: value for key, value in (right | more).items() if value is not None}

    def code_for(self, token: str) -> str:
        """A code to which the provider answers with a token."""
        code = secrets.token_hex(8)
        self.provider.answers[code] = {"id_token": token, "access_token": "x", "token_type": "Bearer"}
        return code

    def with_token(self, make: Callable[[dict[str, str]], str], name: str = "city") -> str:
        """What becomes of a token."""
        tab, asked = self.begin(name)
        return self.outcome(tab, name, {"code": self.code_for(make(asked)), "state": asked["state"]})

    def with_claims(self, name: str = "city", **more: Any) -> str:
        return self.with_token(lambda asked: self.provider.signed(self.claims(asked, name, **more), name), name)

    def outcome(self, tab: Tab, name: str, back: dict[str, str]) -> str:
        status, body = tab.complete(name, back)
        if status == 201 or "onecard-session" in tab.cookies:
            return "accepted"
        return slug(body)


@pytest.fixture(scope="module")
def besieged(scratch: Path, network: Network) -> Iterator[Besieged]:
    """Its demo city is that of the network, and has the same numbers."""
    folder = scratch / "besieged"
    folder.mkdir()
    library = free_port()
    provider, file = HostileProvider(free_port()), folder / "providers.toml"
    agencies = {name: network.agency_id(name) for name in ("yinzhou", "yuyao", "city")}
    file.write_text(PROVIDERS.format(url=provider.url, client=CLIENT, secret=SECRET, library=library, **agencies))
    server = oidc_provider_mock.run_server_in_thread(port=library)
    system = System(folder, sign_on_providers=str(file), trusted_proxies="127.0.0.1")
    with provider.serving(), server as running:
        system.start()
        yield Besieged(system, provider, f"http://127.0.0.1:{running.server_port}")
        system.clear_away()


@pytest.mark.parametrize("name", ["city", "app"])
def test_who_makes_codes_up_does_not_have_the_provider_asked_for_all_of_them(besieged: Besieged, name: str) -> None:
    seen, address = besieged.provider.codes_seen, Tab(besieged.system).address
    came_to: Counter[str] = Counter()
    for n in range(200):
        tab, begun = besieged.begin(name)
        tab.address = address
        came_to[besieged.outcome(tab, name, {"code": some(n), "state": begun["state"]})] += 1
    assert came_to.keys() == {"sign-on-refused", "too-many-tries"}
    assert besieged.provider.codes_seen - seen == came_to["sign-on-refused"] < 100
    assert besieged.with_claims() == "accepted", "elsewhere"


def some(n: int) -> str:
    """A text that differs from try to try."""
    return f"{n}-{secrets.token_hex(4)}"


def flipped(text: str, n: int) -> str:
    """A text with another letter in one place."""
    at = n * 7 % len(text)
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def forged_headers(b: Besieged, n: int) -> str:
    """No signature, or one under something that everybody knows."""
    key = b.provider.keys["city"]
    public = key.as_pem(private=False)  # type: ignore[union-attr]
    own = HostileProvider.new_key("mine") if n % 8 == 7 else None

    def make(asked: dict[str, str]) -> str:
        claims = b.claims(asked)
        none = [f"{encoded({'alg': alg, 'kid': key.kid})}.{encoded(claims)}." for alg in ("none", "None", "NONE", "")]
        secrets_known = (public, str(key.as_dict()["n"]).encode(), SECRET.encode(), b"known to everybody")
        shared = [
            hmac_token({"alg": alg, "kid": kid}, claims, secret)
            for alg, kid, secret in zip(
                ("HS256",) * 4, (key.kid, key.kid, key.kid, "shared"), secrets_known, strict=True
            )
        ]
        if own is not None:
            return b.provider.signed(claims, key=own, jwk=own.as_dict(private=False))
        return (none + shared)[n % 8]

    return b.with_token(make)


def forged_signature(b: Besieged, n: int) -> str:
    other = HostileProvider.new_key("city-1") if n % 11 == 0 else None

    def make(asked: dict[str, str]) -> str:
        claims = b.claims(asked)
        token = b.provider.signed(claims, key=other)
        header, body, signature = token.split(".")
        if other is not None:
            return token
        changed = (
            f"{header}.{body}.{flipped(signature[:-2], n)}{signature[-2:]}",
            f"{header}.{encoded(claims | {'x': n})}.{signature}",
            f"{header}.{body}.",
            f"{header}.{body}",
            f"{flipped(header, n)}.{body}.{signature}",
            b.provider.signed(claims, key=HostileProvider.elliptic_key(str(n)), alg="ES256"),
        )
        return changed[n % len(changed)]

    return b.with_token(make)


def foreign_state(b: Besieged, n: int) -> str:
    """A state that is none of ours, or of another browser, purpose, provider or time."""
    tab, asked = b.begin()
    _, elsewhere = b.begin()
    _, mixed = b.begin("other")
    keys = load_keys(b.system.settings.keys_folder)
    made = encoded(new_challenge(keys, some(n), -1 if n % 2 else 60))
    states = (
        flipped(asked["state"], n), elsewhere["state"], mixed["state"], made, some(n), asked["state"][:-4],
        asked["state"] + "AAAA", " " + asked["state"],
    )  # fmt: skip
    code = b.code_for(b.provider.signed(b.claims(asked)))
    return b.outcome(tab, "city", {"code": code, "state": states[n % len(states)]})


def replay(b: Besieged, n: int) -> str:
    tab, asked = b.begin()
    kept = dict(tab.cookies)
    back = {"code": b.code_for(b.provider.signed(b.claims(asked))), "state": asked["state"]}
    if n % 2:
        again = Tab(b.system)
        assert b.outcome(tab, "city", back) == "accepted"
        again.cookies = kept
        return b.outcome(again, "city", back)
    # The code once more, in a sign-on of its own: its token is of another one.
    later, asked = b.begin()
    return b.outcome(later, "city", {"code": back["code"], "state": asked["state"]})


def mixed_up(b: Besieged, n: int) -> str:
    """What one provider says, brought to the other."""
    if n % 4 == 0:
        return b.with_token(lambda asked: b.provider.signed(b.claims(asked, "other"), "other"))
    if n % 4 == 1:
        return b.with_token(lambda asked: b.provider.signed(b.claims(asked), "other"))
    tab, asked = b.begin()
    back = {"code": b.code_for(b.provider.signed(b.claims(asked))), "state": asked["state"]}
    if n % 4 == 2:
        return b.outcome(tab, "city", back | {"iss": b.provider.issuer("other")})
    return b.outcome(tab, ("other", "app")[n // 4 % 2], back)


def proof_for_entry(b: Besieged, n: int) -> str:
    """The state of a proof lets nobody in, and the other way round."""
    tab, asked = b.begin()
    back = {"code": b.code_for(b.provider.signed(b.claims(asked))), "state": asked["state"]}
    assert b.outcome(tab, "city", back) == "accepted"
    session = dict(tab.cookies)
    if n % 2:
        asked = {key: values[0] for key, values in parse_qs(urlsplit(tab.start("city", "/proof")).query).items()}
        stranger = Tab(b.system, {"onecard-sign-on": tab.cookies["onecard-sign-on"]})
        return b.outcome(
            stranger, "city", {"code": b.code_for(b.provider.signed(b.claims(asked))), "state": asked["state"]}
        )
    asked = {key: values[0] for key, values in parse_qs(urlsplit(tab.start("city")).query).items()}
    code = b.code_for(b.provider.signed(b.claims(asked)))
    status, body = tab.complete("city", {"code": code, "state": asked["state"]}, "/proof")
    return "accepted" if status < 300 or tab.cookies["onecard-session"] != session["onecard-session"] else slug(body)


def stale_proof(b: Besieged, n: int) -> str:
    """A proof for which the person did not show anew who he is, or somebody else did."""
    tab, asked = b.begin()
    back = {"code": b.code_for(b.provider.signed(b.claims(asked))), "state": asked["state"]}
    assert b.outcome(tab, "city", back) == "accepted"
    session = tab.cookies["onecard-session"]
    asked = {key: values[0] for key, values in parse_qs(urlsplit(tab.start("city", "/proof")).query).items()}
    wrong: list[dict[str, Any]] = [
        {"auth_time": None}, {"auth_time": int(time.time()) - 90 - n}, {"auth_time": int(time.time()) + 90 + n},
        {"auth_time": str(int(time.time()))}, {"sub": "somebody else"}, {"auth_time": True}, {"org": "county"},
    ]  # fmt: skip
    code = b.code_for(b.provider.signed(b.claims(asked, **wrong[n % len(wrong)])))
    status, body = tab.complete("city", {"code": code, "state": asked["state"]}, "/proof")
    return "accepted" if status < 300 or tab.cookies["onecard-session"] != session else slug(body)


def forged_person(b: Besieged, n: int) -> str:
    """The work app's answers for another client, tenant or nobody."""
    right: dict[str, Any] = {"employeeCode": "victim", "clientId": CLIENT, "tenantId": 100, "realmId": 100}
    wrong: list[dict[str, Any]] = [
        {"clientId": some(n)}, {"clientId": None}, {"tenantId": 101 + n}, {"tenantId": "100"}, {"tenantId": None},
        {"realmId": 101 + n}, {"employeeCode": some(n)}, {"employeeCode": None}, {"employeeCode": ["victim"]},
        {"tenantId": True}, {"employeeCode": ""},
    ]  # fmt: skip
    tab, asked = b.begin("app")
    code = some(n)
    b.provider.answers[code] = right | wrong[n % len(wrong)]
    return b.outcome(tab, "app", {"code": code if n % 12 else "never given", "state": asked["state"]})


def later(seconds: int) -> int:
    return int(time.time()) + seconds


ATTACKS: dict[str, Callable[[Besieged, int], str]] = {
    "replayed": replay,
    "another state": foreign_state,
    "forged header": forged_headers,
    "forged signature": forged_signature,
    "mix-up": mixed_up,
    "proof for entry": proof_for_entry,
    "stale proof": stale_proof,
    "work app": forged_person,
    "another client": lambda b, n: b.with_claims(
        aud=(some(n), [some(n)], f"{CLIENT} ", CLIENT.upper(), [], None)[n % 6]
    ),
    "another party": lambda b, n: b.with_claims(**({"azp": some(n)} if n % 2 else {"aud": [CLIENT, some(n)]})),
    "expired": lambda b, n: b.with_claims(exp=(later(-61 - n), 0, -1, str(later(300)), None)[n % 5]),
    "issued long ago": lambda b, n: b.with_claims(iat=(later(-700 - n), later(90 + n), None, "now")[n % 4]),
    "not yet": lambda b, n: b.with_claims(nbf=later(90 + n)),
    "foreign tenant": lambda b, n: b.with_claims(org=("county", some(n), "", ["city"], 7, None, "City")[n % 7]),
    "another nonce": lambda b, n: b.with_claims(nonce=(some(n), "", [some(n)], n, None, True)[n % 6]),
    "another issuer": lambda b, n: b.with_claims(
        iss=(f"{b.provider.url}/city/", f"{b.provider.url}/City", some(n), [b.provider.issuer()], None)[n % 5]
    ),
    "another person": lambda b, n: b.with_claims(
        sub=(some(n), "", "Victim", "victim ", "x" * 256, 7, None, ["victim"])[n % 8]
    ),
    "no token": lambda b, n: b.with_token(lambda _: ("", "x", "a.b.c", "..", secrets.token_hex(n + 1))[n % 5]),
}


def test_of_a_thousand_forged_sign_ons_none_is_accepted(besieged: Besieged) -> None:
    assert besieged.with_claims() == "accepted", "what a test changes is right before it is changed"
    assert besieged.with_claims("other") == "accepted"
    came_to: dict[str, Counter[str]] = {name: Counter() for name in ATTACKS}
    each = 1_000 // len(ATTACKS) + 1
    for name, attack in ATTACKS.items():
        for n in range(each):
            came_to[name][attack(besieged, n)] += 1
    assert besieged.with_claims() == "accepted", "and still is"
    tries = sum(sum(count.values()) for count in came_to.values())
    accepted = sum(count["accepted"] for count in came_to.values())
    print(f"sign-ons tried: {tries}, accepted: {accepted}; {dict(came_to)}")
    assert (tries >= 1_000, accepted) == (True, 0), came_to
    assert {one for count in came_to.values() for one in count} <= REFUSALS, came_to


def test_forged_messages_of_logging_out_end_nothing(besieged: Besieged) -> None:
    tab, asked = besieged.begin()
    back = {
        "code": besieged.code_for(besieged.provider.signed(besieged.claims(asked, sid="s1"))),
        "state": asked["state"],
    }
    assert besieged.outcome(tab, "city", back) == "accepted"
    provider = besieged.provider
    now = int(time.time())
    right = {
        "iss": provider.issuer(), "aud": CLIENT, "iat": now, "exp": now + 120, "jti": "j1", "sub": "victim",
        "events": {LOGOUT_EVENT: {}},
    }  # fmt: skip

    def send(token: str, name: str = "city") -> int:
        form = urlencode({"logout_token": token})
        url = f"{besieged.system.url}{SIGN_ON}/{name}/logout"
        return urllib3.request("POST", url, body=form, retries=False).status

    wrongs: list[dict[str, Any]] = [
        {"nonce": "x"}, {"events": {}}, {"events": {"x": {}}}, {"events": {LOGOUT_EVENT: 1}}, {"aud": "x"},
        {"iss": "x"}, {"exp": now - 90}, {"iat": now - 900}, {"jti": None}, {"sub": None}, {"sub": 7},
    ]  # fmt: skip
    for wrong in wrongs:
        claims = {key: value for key, value in (right | wrong).items() if value is not None}
        assert send(provider.signed(claims)) == 400, wrong
    assert send(provider.signed(right, "other")) == 400
    assert send(hmac_token({"alg": "HS256", "kid": "city-1"}, right, SECRET.encode())) == 400
    assert send("") == 400
    assert send(provider.signed(right), "app") == 400
    assert send(provider.signed(right | {"sid": "s2", "jti": "j0"})) == 200, "another session of his"
    assert tab.ask("GET", "/console/sessions/current")[0] == 200
    token = provider.signed(right | {"sid": "s1"})
    assert send(token) == 200
    assert tab.ask("GET", "/console/sessions/current")[0] == 401
    assert send(token) == 400, "it counts once"


def test_a_provider_changes_its_keys(besieged: Besieged) -> None:
    provider, old = besieged.provider, besieged.provider.keys["other"]
    assert besieged.with_claims("other") == "accepted"
    try:
        for number, make in enumerate((HostileProvider.new_key, HostileProvider.elliptic_key)):
            provider.keys["other"] = make(f"other-{number + 2}")
            alg = "ES256" if number else "RS256"

            def fresh(alg: str = alg) -> str:
                return besieged.with_token(
                    lambda asked: provider.signed(besieged.claims(asked, "other"), "other", alg=alg), "other"
                )  # fmt: skip

            # Two workers, each of which asks for unknown keys at most every ten seconds.
            give_up_at = time.monotonic() + 90
            while [fresh() for _ in range(4)] != ["accepted"] * 4:
                assert time.monotonic() < give_up_at
                time.sleep(1)
            assert besieged.with_token(
                lambda asked: provider.signed(besieged.claims(asked, "other"), "other", key=old), "other"
            ) == "sign-on-refused"  # fmt: skip
    finally:
        provider.keys["other"] = old


def test_a_provider_that_is_away_keeps_nobody_waiting(besieged: Besieged) -> None:
    besieged.provider.hangs = True
    try:
        tab = Tab(besieged.system)
        answers = []
        threads = [
            threading.Thread(
                target=lambda: answers.append(
                    Tab(besieged.system).complete("app", {"code": "x", "state": besieged.begin("app")[1]["state"]})
                )
            )
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        assert tab.ask("POST", "/console/sessions", {"login": "centre", "password": "onecard-demo"})[0] == 201
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        tab, asked = besieged.begin("app")
        status, body = tab.complete("app", {"code": "x", "state": asked["state"]})
        assert (status, slug(body)) in ((503, "unavailable"), (401, "sign-on-refused"))
    finally:
        besieged.provider.hangs = False


def test_a_user_signs_on_at_a_provider_of_a_real_library(besieged: Besieged) -> None:
    tab = Tab(besieged.system)
    url = tab.start("library")
    headers = {"content-type": "application/x-www-form-urlencoded"}
    chosen = urllib3.request(
        "POST", url, body="sub=victim", headers=headers, redirect=False, retries=False
    )  # fmt: skip
    back = back_of(chosen.headers["location"])
    status, body = tab.complete("library", back)
    assert (status, body["role"]) == (201, "supervisor"), body
    again = Tab(besieged.system)
    asked = parse_qs(urlsplit(again.start("library")).query)
    reused = back | {"state": asked["state"][0]}
    assert slug(again.complete("library", reused)[1]) == "sign-on-refused", "the library gives a token once"


def bound_officials(b: Besieged, count: int, agency: str = "yinzhou") -> list[tuple[str, int, CredentialId]]:
    """New officials of the work app's directory, each with a card: subject, holder and credential."""
    network = Network(b.system)
    found = []
    for _ in range(count):
        official, subject = network.official(agency), f"GE_{secrets.token_hex(6)}"
        card = network.card(official)
        bind(network, subject, holder_id=official.holder_id)
        found.append((subject, official.holder_id, card.file.credential_id))
    return found


def bind(network: Network, subject: str, **whom: int) -> int:
    number = network.centre.call("POST", IDENTITIES, {"provider": "app", "subject": subject, **whom})["number"]
    path = f"{IDENTITIES}/{number}/confirmation"
    network.approver.call("POST", path, seen_identity(network.system, number))
    return int(number)


def states(b: Besieged, credentials: list[CredentialId]) -> list[str]:
    with psycopg.connect(b.system.database_url) as db:
        rows = db.execute(
            "SELECT state FROM credential WHERE credential_id = ANY(%s) ORDER BY credential_id", [credentials]
        ).fetchall()
    return [state for (state,) in rows]


def test_who_leaves_the_directory_loses_console_card_and_phone(besieged: Besieged) -> None:
    b, network = besieged, Network(besieged.system)
    [(subject, holder_id, credential)] = bound_officials(b, 1)
    somebody = Somebody(b.system, "127.0.8.1")
    user_id = number_of(b.system, somebody.login)
    bind(network, f"{subject}-user", user_id=user_id)
    b.provider.people = ["victim", subject, f"{subject}-user"]
    assert somebody.sign_in()[0] == 201
    tab, asked = b.begin("app")
    b.provider.answers["entry"] = {"employeeCode": f"{subject}-user", "clientId": CLIENT, "tenantId": 100}
    assert b.outcome(tab, "app", {"code": "entry", "state": asked["state"]}) == "accepted"
    b.system.command("synchronize-directories")
    assert (states(b, [credential]), somebody.ask("GET", "/registry/directory")[0]) == (["active"], 200)
    b.provider.people = ["victim"]
    # The job runner may have done it just before.
    b.system.command("synchronize-directories")
    assert states(b, [credential]) == ["blocked"]
    assert somebody.ask("GET", "/registry/directory")[0] == 401, "his session with a password, too"
    assert tab.ask("GET", "/console/sessions/current")[0] == 401
    assert slug(somebody.sign_in()[1]) == "user-not-active"
    tab, asked = b.begin("app")
    assert b.outcome(tab, "app", {"code": "entry", "state": asked["state"]}) == "identity-unknown"
    with psycopg.connect(b.system.database_url) as db:
        noted = db.execute(
            "SELECT actor, detail FROM audit_entry WHERE action = 'leave_directory' AND detail->>'holder_id' = %s",
            [str(holder_id)],
        ).fetchall()
    assert [(actor, detail["blocked"]) for actor, detail in noted] == [("directory", 1)]
    b.provider.people += [subject, f"{subject}-user"]
    assert "0 left" in b.system.command("synchronize-directories").stdout
    assert states(b, [credential]) == ["blocked"], "who returns is bound anew, and a second person lifts the block"


def test_nobody_of_another_tenant_leaves(besieged: Besieged) -> None:
    """The contact list is one tenant's. Both may vouch for the city's people: theirs is the one that did last."""
    b = besieged
    [(_, _, elsewhere)] = bound_officials(b, 1, "yuyao")
    [(_, _, unknown)] = bound_officials(b, 1, "city")
    city = Network(b.system).agency_id("city")
    people = [Somebody(b.system, f"127.0.8.{n}", "agency_finance", agency_id=city) for n in (3, 4)]
    for somebody, tenant in zip(people, (100, 200), strict=True):
        subject = f"GE_{somebody.login}"
        bind(Network(b.system), subject, user_id=number_of(b.system, somebody.login))
        b.provider.people = ["victim", subject]
        tab, asked = b.begin("app")
        b.provider.answers[subject] = {"employeeCode": subject, "clientId": CLIENT, "tenantId": tenant}
        assert b.outcome(tab, "app", {"code": subject, "state": asked["state"]}) == "accepted"
    b.provider.people = ["victim"]
    assert "Provider app: 1 left the directory" in b.system.command("synchronize-directories").stdout
    assert [somebody.sign_in()[0] for somebody in people] == [403, 201]
    assert states(b, [elsewhere, unknown]) == ["active", "active"]


def test_one_short_answer_ends_nobodys_access(besieged: Besieged) -> None:
    b = besieged
    [(subject, _, credential)] = bound_officials(b, 1)
    b.provider.people, b.provider.short_readings = ["victim", subject], 1
    assert "Provider app: 0 left the directory" in b.system.command("synchronize-directories").stdout
    assert (states(b, [credential]), b.provider.short_readings) == (["active"], 0)


def test_a_directory_that_did_not_come_whole_changes_nothing(besieged: Besieged) -> None:
    b, network = besieged, Network(besieged.system)
    officials = bound_officials(b, 5)
    subjects, credentials = [one[0] for one in officials], [one[2] for one in officials]
    b.provider.people = ["victim", *subjects]
    assert "0 left" in b.system.command("synchronize-directories").stdout
    for people, total in (([], None), (["victim"], 900)):
        b.provider.people, b.provider.total = people, total
        done = b.system.command("synchronize-directories", check=False)
        assert (done.returncode, "nothing was changed" in done.stdout) == (1, True), done.stdout
    b.provider.people, b.provider.total = ["victim"], None
    done = b.system.command("synchronize-directories", check=False)
    asked = re.search(r"request (\d+) waits", done.stdout)
    assert (done.returncode, asked is not None) == (3, True), done.stdout
    assert states(b, credentials) == ["active"] * 5
    assert asked is not None
    path = f"/console/approvals/{asked[1]}"
    shown = network.approver.call("GET", path)
    assert (shown["kind"], shown["maker"], shown["items"]) == ("directory_leavers", "directory", 5)
    assert network.centre.ask("POST", f"{path}/approval", {}).status == 403
    network.approver.call("POST", f"{path}/rejection", {"reason": "通讯录不完整"})
    done = b.system.command("synchronize-directories")
    assert (states(b, credentials), "0 left" in done.stdout) == (["active"] * 5, True), "it is not asked again at once"
    b.provider.people = ["victim", subjects[0]]
    done = b.system.command("synchronize-directories", check=False)
    asked = re.search(r"request (\d+) waits", done.stdout)
    assert asked is not None, done.stdout
    done_by = network.approver.call("POST", f"/console/approvals/{asked[1]}/approval", {"reason": "机构撤并"})
    assert done_by["result"] == {"left": 4}
    assert states(b, credentials) == ["active"] + ["blocked"] * 4
    b.system.command("verify")


def test_the_last_operator_is_not_suspended_by_a_directory(besieged: Besieged) -> None:
    b = besieged
    with psycopg.connect(b.system.database_url) as db:
        db.execute(
            "INSERT INTO identity (identity_id, provider, subject, user_id, bound_by, bound_at, confirmed_by,"
            " confirmed_at) SELECT nextval('onecard_number'), 'app', 'the last one', user_id, 'a', now(), 'b', now()"
            " FROM console_user WHERE login = 'centre'"
        )
    b.provider.people = ["victim"]
    assert "Provider app:" in b.system.command("synchronize-directories").stdout
    assert b.system.sign_in("centre").token, "somebody must let people in"


@pytest.mark.parametrize("has_password", [False, True])
def test_a_directory_that_takes_the_last_approver_is_heard_of(besieged: Besieged, has_password: bool) -> None:
    b, network = besieged, Network(besieged.system)
    somebody, subject = Somebody(b.system, "127.0.8.2", "centre_approver"), f"GE_{secrets.token_hex(6)}"
    number = number_of(b.system, somebody.login)
    bind(network, subject, user_id=number)
    b.provider.people = ["victim"]
    with psycopg.connect(b.system.database_url) as db:
        db.execute("UPDATE console_user SET suspended_at = now() WHERE login = 'approver'")
        if not has_password:
            db.execute("UPDATE console_user SET password_hash = %s WHERE user_id = %s", [UNKNOWN_USER, number])
    try:
        b.system.command("synchronize-directories")
        with psycopg.connect(b.system.database_url) as db:
            [(detail,)] = db.execute(
                "SELECT detail FROM audit_entry WHERE action = 'leave_directory' AND (detail->>'user_id')::bigint = %s",
                [number],
            ).fetchall()
            [(is_suspended,)] = db.execute(
                "SELECT suspended_at IS NOT NULL FROM console_user WHERE user_id = %s", [number]
            ).fetchall()
    finally:
        with psycopg.connect(b.system.database_url) as db:
            db.execute("UPDATE console_user SET suspended_at = NULL WHERE login = 'approver'")
            db.execute("UPDATE console_user SET suspended_at = now() WHERE user_id = %s", [number])
    assert is_suspended == (not has_password)
    assert detail["suspended"] == (not has_password)
    assert detail.get("nobody_left") == (None if has_password else "centre_approver")


def test_a_wrong_file_of_providers_is_one_line(besieged: Besieged, tmp_path: Path) -> None:
    file, environment = tmp_path / "wrong.toml", besieged.system.environment
    file.write_text("not TOML =")
    kept = environment["ONECARD_SIGN_ON_PROVIDERS"]
    environment["ONECARD_SIGN_ON_PROVIDERS"] = str(file)
    try:
        done = besieged.system.command("synchronize-directories", check=False)
    finally:
        environment["ONECARD_SIGN_ON_PROVIDERS"] = kept
    assert (done.returncode, len(done.stderr.strip().splitlines()), "wrong.toml" in done.stderr) == (1, 1, True)
