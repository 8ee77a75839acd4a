"""Machines: two people let them in, their scopes are those of people at their place, they renew their own secrets."""

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
import pytest
import urllib3

from registry.access import Permission
from registry.machines import scopes_for
from tests.builders import Network, seen_user
from tests.running_system import Person, System
from tests.system.test_console_users import USERS, ask, confirm, last_entry
from tests.system.test_second_factor import Somebody, slug

MACHINES, TOKENS, APPROVALS = "/console/machines", "/console/tokens", "/console/approvals"
READS = ["see_registry", "see_clearing"]


@dataclass
class Machine:
    """A program that knows its login and secret."""

    system: System
    login: str
    number: int
    secret: str
    token: str = ""

    def get_token(self, secret: str = "", basic: bool = False, **more: str) -> tuple[int, dict[str, Any]]:
        given = secret or self.secret
        form = {"grant_type": "client_credentials"}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if basic:
            pair = base64.b64encode(f"{self.login}:{given}".encode()).decode()
            headers["authorization"] = f"Basic {pair}"
        else:
            form |= {"client_id": self.login, "client_secret": given}
        answer = urllib3.request(
            "POST", self.system.url + TOKENS, body=urlencode(form | more), headers=headers, retries=False
        )  # fmt: skip
        body = answer.json()
        self.token = body.get("access_token", self.token)
        return answer.status, body

    def ask(self, method: str, path: str, message: Any = None) -> tuple[int, Any]:
        person = Person.__new__(Person)
        person.url, person.token = self.system.url, self.token
        answer = person.ask(method, path, message)
        return answer.status, answer.json() if answer.data else {}


def added(
    network: Network, agency_id: int | None = None, scopes: list[str] = READS, by: Person | None = None
) -> Machine:
    login = f"machine-{uuid4().hex[:8]}"
    message = {"login": login, "agency_id": agency_id, "scopes": scopes, "days": 90}
    made = (by or network.centre).call("POST", MACHINES, message)
    return Machine(network.system, login, made["user_id"], made["secret"])


def confirmed(network: Network, agency_id: int | None = None, scopes: list[str] = READS) -> Machine:
    machine = added(network, agency_id, scopes)
    network.approver.call("POST", f"{USERS}/{machine.number}/confirmation", seen_user(network.system, machine.number))
    assert machine.get_token()[0] == 200
    return machine


def test_two_people_let_a_machine_in(network: Network) -> None:
    machine = added(network)
    assert machine.secret not in str(last_entry(network.system)), "the log shows no secret"
    assert machine.get_token()[0] == 401, "nobody has confirmed it"
    path, seen = f"{USERS}/{machine.number}/confirmation", seen_user(network.system, machine.number)
    assert ask(network.centre, "POST", path, seen) == (403, "second-person-needed")
    assert network.approver.ask("POST", path, seen).status == 204
    for basic in (False, True):
        status, body = machine.get_token(basic=basic)
        assert (status, body["token_type"], body["expires_in"]) == (200, "Bearer", 900)
        assert body["scope"] == "see_clearing see_registry"
    assert machine.ask("GET", "/registry/directory")[0] == 200
    assert machine.ask("GET", "/clearing/cycles")[0] == 200
    assert slug(machine.ask("GET", "/registry/officials")[1]) == "not-allowed", "no scope of it"
    with psycopg.connect(network.system.database_url) as db:
        [(stored,)] = db.execute(
            "SELECT secret_hash FROM client_secret WHERE user_id = %s", [machine.number]
        ).fetchall()
    assert machine.secret.encode() not in bytes(stored)


def test_the_list_shows_when_a_machine_was_last_used(network: Network) -> None:
    machine = confirmed(network)
    shown = network.centre.call("GET", f"{MACHINES}/{machine.number}")
    assert (shown["login"], shown["state"], shown["scopes"]) == (machine.login, "active", "see_clearing see_registry")
    assert shown["last_used_at"] is not None
    assert "secret" not in str(shown).replace("_secret", "")


def test_a_machine_never_decides_publishes_or_lets_in(network: Network) -> None:
    never = {
        Permission.APPROVE, Permission.APPROVE_TERMINAL, Permission.MANAGE_USERS, Permission.PUBLISH_BULLETIN,
        Permission.DECIDE_DISPUTE, Permission.DECIDE_APPEAL, Permission.ISSUE_CREDENTIAL, Permission.BLOCK_CREDENTIAL,
        Permission.CLOSE_DAY,
        Permission.SETTLE, Permission.ADMINISTER_NETWORK,
    }  # fmt: skip
    yinzhou = network.agency_id("yinzhou")
    for agency_id in (None, yinzhou):
        assert not scopes_for(agency_id) & never
        for scope in sorted(never):
            message = {"login": "x-machine", "agency_id": agency_id, "scopes": [scope]}
            assert ask(network.centre, "POST", MACHINES, message) == (400, "invalid"), scope
    assert Permission.SEE_AUDIT not in scopes_for(yinzhou), "nobody of an agency sees the whole network's log"
    machine = confirmed(network, None, [str(one) for one in scopes_for(None)])
    paths = urllib3.request("GET", f"{network.url}/schema/openapi.json").json()["paths"]
    of_people = ("/registry/officials", "/registry/rosters")
    done = {"/registry/visits", "/settlement/top-ups", "/settlement/grants"}
    tried = 0
    for path in (one for one in paths if one.startswith(("/console/", "/clearing/", "/waste/", "/registry/"))):
        open_to_all = ("/console/sign-on", "/console/invitations", "/console/tokens", "/console/sessions")
        if "post" not in paths[path] or path in done or "current" in path:
            continue
        if path.startswith(open_to_all + of_people):
            continue
        address = path.replace("{business_date}", "2026-01-01").replace("{quarter}", "2026-01-01")
        address = address.replace("{weigh_in_id}", str(uuid4())).replace("{action}", "close")
        address = address.replace("{kind}", "purchases").replace("{batch}", "november")
        while "{" in address:
            address = address.partition("{")[0] + "1" + address.partition("}")[2]
        status, body = machine.ask("POST", address, {})
        assert (status, slug(body)) == (403, "not-allowed"), f"{address}: {status} {body}"
        tried += 1
    assert tried >= 30, tried


def test_an_agencys_machine_acts_for_it_alone_and_is_named(network: Network) -> None:
    yinzhou, yuyao = network.agency_id("yinzhou"), network.agency_id("yuyao")
    machine = confirmed(network, yinzhou, ["top_up", "see_officials"])
    holder, foreign = network.official("yinzhou").holder_id, network.official("yuyao").holder_id
    for agency_id, holder_id, wanted in ((yuyao, foreign, 403), (yinzhou, holder, 200)):
        deposit = {"posting_id": str(uuid4()), "holder_id": holder_id, "amount_fen": 500}
        status, body = machine.ask("POST", "/settlement/top-ups", {"agency_id": agency_id, "deposits": [deposit]})
        assert status in (wanted, 201 if wanted == 200 else wanted), body
    assert last_entry(network.system)[0] == machine.login
    assert machine.ask("GET", f"/registry/officials/{foreign}")[0] == 404
    admin = network.system.sign_in("admin-yuyao")
    message = {"login": "another-machine", "agency_id": yinzhou, "scopes": READS[:1]}
    assert ask(admin, "POST", MACHINES, message)[0] == 403
    assert ask(admin, "POST", MACHINES, message | {"agency_id": None})[0] == 403
    assert ask(admin, "POST", f"{MACHINES}/{machine.number}/secret", {})[0] == 403


def test_a_machine_renews_its_secret_without_a_pause(network: Network) -> None:
    machine = confirmed(network)
    first = machine.secret
    status, body = machine.ask("POST", f"{MACHINES}/current/secret")
    assert status == 201, body
    second = body["secret"]
    assert (machine.get_token(first)[0], machine.get_token(second)[0]) == (200, 200), "both live"
    status, body = machine.ask("POST", f"{MACHINES}/current/secret")
    third = body["secret"]
    assert (machine.get_token(first)[0], machine.get_token(second)[0], machine.get_token(third)[0]) == (401, 200, 200)
    with psycopg.connect(network.system.database_url) as db:
        hours = [
            float(left)
            for (left,) in db.execute(
                "SELECT extract(epoch FROM expires_at - now()) / 3600 FROM client_secret WHERE user_id = %s"
                " ORDER BY made_at",
                [machine.number],
            )
        ]
        assert (23 < hours[0] <= 24, hours[1] > 24 * 88) == (True, True), hours
        db.execute("UPDATE client_secret SET expires_at = now() WHERE user_id = %s", [machine.number])
    assert machine.get_token(third)[0] == 401, "expired"
    assert ask(network.centre, "POST", f"{MACHINES}/current/secret") == (403, "not-allowed"), "a person has none"


def test_a_lost_secret_is_replaced_by_two_people(network: Network) -> None:
    machine = confirmed(network)
    old, token = machine.secret, machine.token
    assert token
    machine.secret = network.centre.call("POST", f"{MACHINES}/{machine.number}/secret", {"days": 30})["secret"]
    assert machine.ask("GET", "/registry/directory")[0] == 401, "its tokens end"
    assert (machine.get_token(old)[0], machine.get_token()[0]) == (401, 401)
    network.approver.call("POST", f"{USERS}/{machine.number}/confirmation", seen_user(network.system, machine.number))
    assert (machine.get_token(old)[0], machine.get_token()[0]) == (401, 200)


def test_other_scopes_are_confirmed_by_another(network: Network) -> None:
    machine = confirmed(network)
    path = f"{MACHINES}/{machine.number}/scopes"
    assert ask(network.centre, "POST", path, {"scopes": READS}) == (409, "conflict")
    assert network.centre.ask("POST", path, {"scopes": ["see_waste"]}).status == 204
    assert machine.get_token()[0] == 401
    network.approver.call("POST", f"{USERS}/{machine.number}/confirmation", seen_user(network.system, machine.number))
    assert machine.get_token()[1]["scope"] == "see_waste"
    assert ask(network.centre, "POST", f"{MACHINES}/{2**53 - 1}/scopes", {"scopes": READS})[0] == 404


def test_a_suspended_machine_is_refused_at_once(network: Network) -> None:
    machine = confirmed(network)
    assert network.centre.ask("POST", f"{USERS}/{machine.number}/suspension", {"reason": "停用"}).status == 204
    assert {machine.ask("GET", "/registry/directory")[0] for _ in range(8)} == {401}
    assert machine.get_token()[0] == 401
    assert network.centre.ask("POST", f"{USERS}/{machine.number}/resumption", {"reason": "恢复"}).status == 204
    assert machine.get_token()[0] == 200


def test_a_machine_is_no_person(network: Network) -> None:
    machine = confirmed(network)
    for path, message in (
        ("/console/second-factor", None), ("/console/passkeys/challenge", None),
        ("/console/sessions/current/proof", {"password": "x"}),
        ("/console/sessions/current/password", {"old": "x", "new": "clouds over the lake"}),
    ):  # fmt: skip
        assert slug(machine.ask("POST", path, message)[1]) == "not-allowed", path
    assert ask(network.centre, "POST", f"{USERS}/{machine.number}/invitation") == (400, "invalid")
    role = {"role": "supervisor"}
    assert ask(network.centre, "POST", f"{USERS}/{machine.number}/role", role) == (400, "invalid")
    assert ask(network.centre, "POST", USERS, {"login": "x-machine", "role": "machine"}) == (400, "invalid")
    done = network.system.command("set-password", machine.login, check=False, typed="clouds over the lake\n")
    assert done.returncode == 1
    done = network.system.command("add-user", "x-machine", "machine", check=False, typed="clouds over the lake\n")
    assert done.returncode == 1


def top_up(machine: Machine, agency_id: int, holder_id: int, amount_fen: int) -> tuple[int, Any]:
    deposit = {"posting_id": str(uuid4()), "holder_id": holder_id, "amount_fen": amount_fen}
    return machine.ask("POST", "/settlement/top-ups", {"agency_id": agency_id, "deposits": [deposit]})


def decided_by(person: Person, approval_id: int) -> tuple[bool, int]:
    """Whether a person is told that he may decide a request, and what becomes of it when he tries."""
    path = f"/console/approvals/{approval_id}"
    told = person.call("GET", path)["may_decide"]
    [listed] = [one for one in person.call("GET", f"{APPROVALS}/overview") if one["approval_id"] == approval_id]
    assert listed["may_decide"] == told
    return told, person.ask("POST", f"{path}/approval", {}).status


def test_who_let_a_machine_in_approves_nothing_that_it_asks_for(network: Network) -> None:
    system, official = network.system, network.official("yinzhou", cash_fen=0)
    people = [Person(system.url, Somebody(system, "127.0.7.6", "centre_approver").login) for _ in range(4)]
    adds, confirms, replaces, nobody = people
    machine = added(network, None, ["top_up"], by=adds)
    assert confirm(system, network.centre, machine.number) == (204, "")
    machine.secret = replaces.call("POST", f"{MACHINES}/{machine.number}/secret", {})["secret"]
    assert confirm(system, confirms, machine.number) == (403, "not-allowed"), "no approver tops up himself"
    assert confirm(system, network.centre, machine.number) == (204, "")
    network.centre.call("POST", f"{MACHINES}/{machine.number}/scopes", {"scopes": ["top_up", "see_payments"]})
    assert confirm(system, confirms, machine.number) == (204, "")
    assert machine.get_token()[0] == 200
    status, body = top_up(machine, official.agency_id, official.holder_id, 500_000)
    assert status == 202, body
    for person in (adds, replaces, confirms):
        assert decided_by(person, body["approval_id"]) == (False, 403)
    assert machine.ask("GET", f"/settlement/purses/{official.holder_id}")[1]["cash_fen"] == 0
    assert decided_by(nobody, body["approval_id"]) == (True, 200)


def test_what_machines_move_counts_for_those_who_hold_their_secrets(own: System) -> None:
    own.start()
    system, network = own, Network(own)
    yinzhou = network.agency_id("yinzhou")
    operator = Person(system.url, Somebody(system, "127.0.7.7", "centre_operator").login)
    others = [Person(system.url, Somebody(system, "127.0.7.7", "centre_approver").login) for _ in range(2)]
    machines = []
    for other in others:
        machines.append(added(network, yinzhou, ["top_up"], by=operator))
        assert confirm(system, other, machines[-1].number) == (204, "")
        assert machines[-1].get_token()[0] == 200
    answers: list[int] = []
    while 202 not in answers and len(answers) < 100:
        holder_id = network.official("yinzhou", cash_fen=0).holder_id
        answers.append(top_up(machines[len(answers) % 2], yinzhou, holder_id, 100_000)[0])
    assert answers == [201] * 50 + [202], "one day's limit for both machines"
    holder_id = network.official("yinzhou", cash_fen=0).holder_id
    deposit = {"posting_id": str(uuid4()), "holder_id": holder_id, "amount_fen": 100}
    message = {"agency_id": yinzhou, "deposits": [deposit]}
    assert operator.ask("POST", "/settlement/top-ups", message).status == 202, "and for who added them"


def test_a_scope_is_of_one_of_the_two_who_let_the_machine_in(network: Network) -> None:
    system, yinzhou = network.system, network.agency_id("yinzhou")
    admin = system.sign_in("admin-yinzhou")
    another = Person(system.url, Somebody(system, "127.0.7.8", "agency_admin", agency_id=yinzhou).login)
    for scope in ("top_up", "grant_subsidy", "see_payments"):
        number = added(network, yinzhou, [scope, "see_registry"], by=admin).number
        answer = another.ask("POST", f"{USERS}/{number}/confirmation", seen_user(system, number))
        assert (answer.status, slug(answer.json())) == (403, "not-allowed")
        assert confirm(system, network.centre, number) == (204, ""), "an operator of the centre has it himself"
        assert admin.ask("POST", f"{MACHINES}/{number}/secret", {}).status == 201
        assert confirm(system, another, number)[0] == 403, "a new secret is in their hands alone"
    number = added(network, yinzhou, ["see_registry"], by=admin).number
    assert network.centre.ask("POST", f"{MACHINES}/{number}/secret", {}).status == 201
    assert admin.ask("POST", f"{MACHINES}/{number}/scopes", {"scopes": ["top_up"]}).status == 204
    assert confirm(system, another, number)[0] == 403, "the operator gave a secret, and saw no such scope"
    number = added(network, yinzhou, ["register_official"], by=admin).number
    assert confirm(system, another, number) == (204, "")
    for scope in ("see_flags", "see_inspections"):
        message = {"login": "x-machine", "agency_id": None, "scopes": [scope]}
        assert ask(network.centre, "POST", MACHINES, message) == (400, "invalid"), "nobody who lets machines in has it"


def test_a_machine_is_confirmed_as_it_was_seen_by_none_who_gave_it_anything(network: Network) -> None:
    system, machine = network.system, added(network)
    operator = Person(system.url, Somebody(system, "127.0.7.9", "centre_operator").login)
    machine.secret = operator.call("POST", f"{MACHINES}/{machine.number}/secret", {})["secret"]
    for person in (network.centre, operator):
        assert confirm(system, person, machine.number) == (403, "second-person-needed")
    for other in ({"scopes": ["see_registry"]}, {"scopes": None}, {"agency_id": network.agency_id("yinzhou")}):
        assert confirm(system, network.approver, machine.number, **other) == (409, "conflict"), other
    assert confirm(system, network.approver, machine.number) == (204, "")
    assert last_entry(system)[3]["granted_by"] == sorted(["centre", login_of(system, operator)])


def login_of(system: System, person: Person) -> str:
    return str(person.call("GET", "/console/sessions/current")["login"])


@pytest.mark.parametrize("path", [TOKENS, "/console/sign-on/openid/logout"])
@pytest.mark.parametrize(
    "body",
    [b"a=1&" * 20, b"a=1&" * 2_000, b"client_id=%00&client_secret=%00&grant_type=client_credentials", b"\xff" * 99],
)
def test_whatever_a_stranger_sends_as_a_form_is_his_mistake(system: System, path: str, body: bytes) -> None:
    assert 400 <= urllib3.request("POST", system.url + path, body=body, retries=False).status < 500


@pytest.mark.parametrize("part", [0, 1])
def test_a_token_that_is_nested_too_deep_is_refused(system: System, part: int) -> None:
    deep = base64.urlsafe_b64encode(b'{"alg":"RS256","x":' + b"[" * 5_000 + b"]" * 5_000 + b"}").rstrip(b"=")
    parts = [base64.urlsafe_b64encode(b'{"alg":"RS256"}').rstrip(b"="), b"e30", b"e30"]
    parts[part] = deep
    body = b"logout_token=" + b".".join(parts)
    answer = urllib3.request("POST", f"{system.url}/console/sign-on/openid/logout", body=body, retries=False)
    assert (answer.status, slug(answer.json())) == (400, "invalid")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ("grant_type=password&client_id=a&client_secret=b", "unsupported_grant_type"),
        ("", "unsupported_grant_type"),
        ("grant_type=client_credentials", "invalid_request"),
        ("grant_type=client_credentials&client_id=a&client_id=b&client_secret=c", "invalid_request"),
        ("grant_type=client_credentials&client_id=nobody&client_secret=c", "invalid_client"),
    ],
)
def test_a_wrong_request_for_a_token_has_the_word_of_oauth(system: System, form: str, error: str) -> None:
    answer = urllib3.request("POST", system.url + TOKENS, body=form, retries=False)
    assert (answer.status, answer.json()["error"]) == (401 if error == "invalid_client" else 400, error)


def test_wrong_secrets_make_the_next_ones_wait(network: Network) -> None:
    machine = confirmed(network)
    answers = [machine.get_token("x" * 43)[0] for _ in range(8)]
    assert answers[0] == 401
    assert answers[-1] == 429
