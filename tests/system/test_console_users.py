"""Users of the console: invited by one person, confirmed by another; changed and suspended with effect at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import urllib3

from registry.access import MAY, Permission
from registry.roles import Role
from tests.builders import Network, seen_user
from tests.running_system import Person, System
from tests.system.test_second_factor import Somebody, slug

WORD = "clouds over the lake"
USERS = "/console/users"


def number_of(system: System, login: str) -> int:
    with psycopg.connect(system.database_url) as db:
        [(number,)] = db.execute("SELECT user_id FROM console_user WHERE login = %s", [login]).fetchall()
    return int(number)


def last_entry(system: System) -> tuple[str, str, str, dict[str, Any]]:
    with psycopg.connect(system.database_url) as db:
        [row] = db.execute(
            "SELECT actor, action, subject, detail FROM audit_entry ORDER BY entry DESC LIMIT 1"
        ).fetchall()
    return row


def ask(person: Person, method: str, path: str, message: Any = None) -> tuple[int, str]:
    answer = person.ask(method, path, message)
    return answer.status, slug(answer.json()) if answer.data and answer.status >= 400 else ""


def confirm(system: System, by: Person, number: int, **other: Any) -> tuple[int, str]:
    """Confirm a user or machine as it is now; ``other``: what the person believes instead."""
    return ask(by, "POST", f"{USERS}/{number}/confirmation", seen_user(system, number) | other)


def invitation(by: Person, role: str = "supervisor", agency_id: int | None = None) -> tuple[str, int, str]:
    """Login, number and code of a new user."""
    login = f"new-{uuid4().hex[:8]}"
    made = by.call("POST", USERS, {"login": login, "role": role, "agency_id": agency_id})
    return login, made["user_id"], made["code"]


def accept(system: System, login: str, code: str, password: str = WORD) -> tuple[int, str]:
    message = {"login": login, "code": code, "password": password}
    answer = urllib3.request("POST", f"{system.url}/console/invitations", json=message, retries=False, timeout=60)
    return answer.status, slug(answer.json()) if answer.data else ""


def can_sign_in(system: System, login: str, password: str = WORD) -> tuple[int, str]:
    message = {"login": login, "password": password}
    answer = urllib3.request("POST", f"{system.url}/console/sessions", json=message, retries=False, timeout=60)
    return answer.status, slug(answer.json())


def member(network: Network, role: str = "supervisor") -> tuple[int, Somebody]:
    """An active user with an open session."""
    somebody = Somebody(network.system, "127.0.3.1", role)
    assert somebody.sign_in()[0] == 201
    return number_of(network.system, somebody.login), somebody


def refused_everywhere(somebody: Somebody) -> bool:
    """New connections meet both workers."""
    return {somebody.ask("GET", "/registry/directory")[0] for _ in range(12)} == {401}


def test_an_invited_person_sets_a_password_and_a_second_person_lets_him_in(network: Network) -> None:
    system, centre, approver = network.system, network.centre, network.approver
    login, number, code = invitation(centre)
    assert last_entry(system)[1:3] == ("invite_user", f"console_user/{number}")
    assert code not in str(last_entry(system)), "the log shows no secret"
    assert can_sign_in(system, login)[0] == 401
    assert confirm(network.system, approver, number) == (409, "conflict"), "no password yet"
    assert accept(system, login, code, "too short") == (400, "invalid")
    assert accept(system, login, code) == (204, "")
    assert can_sign_in(system, login) == (403, "user-not-active")
    assert confirm(network.system, centre, number) == (403, "second-person-needed")
    assert confirm(network.system, approver, number) == (204, "")
    assert can_sign_in(system, login)[0] == 201
    assert confirm(network.system, approver, number) == (409, "conflict")
    with psycopg.connect(system.database_url) as db:
        [row] = db.execute(
            "SELECT invitation_hash, password_hash FROM console_user WHERE user_id = %s", [number]
        ).fetchall()
    assert (row[0], row[1][:10]) == (None, "$argon2id$")


def test_a_code_of_an_invitation_counts_once_for_its_login_and_time(network: Network) -> None:
    system = network.system
    (login, number, code), (other, _, others) = invitation(network.centre), invitation(network.centre)
    for wrong in (others, code[:-1], code + "x", "x"):
        assert accept(system, login, wrong) == (401, "invitation-refused")
    assert accept(system, "nobody-of-this-name", code) == (401, "invitation-refused")
    assert accept(system, other, code) == (401, "invitation-refused")
    with psycopg.connect(system.database_url) as db:
        [(stored, hours)] = db.execute(
            "SELECT invitation_hash, extract(epoch FROM invitation_expires_at - now()) / 3600 FROM console_user"
            " WHERE user_id = %s", [number],
        ).fetchall()  # fmt: skip
        assert (code.encode() in bytes(stored), 71.9 < hours <= 72) == (False, True)
        db.execute("UPDATE console_user SET invitation_expires_at = now() WHERE user_id = %s", [number])
    assert accept(system, login, code) == (401, "invitation-refused"), "expired"
    fresh = network.centre.call("POST", f"{USERS}/{number}/invitation")["code"]
    assert accept(system, login, code) == (401, "invitation-refused"), "replaced"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: accept(system, login, fresh)[0], range(4)))
    assert sorted(answers) == [204, 401, 401, 401]
    assert accept(system, login, fresh) == (401, "invitation-refused"), "used"


def test_a_forgotten_password_is_replaced_by_two_people(network: Network) -> None:
    number, somebody = member(network)
    code = network.centre.call("POST", f"{USERS}/{number}/invitation")["code"]
    assert refused_everywhere(somebody)
    assert slug(somebody.sign_in()[1]) == "wrong-password"
    assert accept(network.system, somebody.login, code)[0] == 204
    assert can_sign_in(network.system, somebody.login) == (403, "user-not-active"), "who has the code has no way in yet"
    assert confirm(network.system, network.approver, number) == (204, "")
    assert can_sign_in(network.system, somebody.login)[0] == 201


def test_an_agencys_people_invite_for_their_agency_alone(network: Network) -> None:
    admin = network.system.sign_in("admin-yinzhou")
    yinzhou, yuyao = network.agency_id("yinzhou"), network.agency_id("yuyao")
    login, number, code = invitation(admin, "agency_finance", yinzhou)
    for message, status in (
        ({"role": "agency_finance", "agency_id": yuyao}, 403),
        ({"role": "supervisor"}, 403),
        ({"role": "centre_approver"}, 403),
        ({"role": "auditor"}, 403),
        ({"role": "agency_finance"}, 400),
        ({"role": "supervisor", "agency_id": yinzhou}, 400),
        ({"role": "emperor"}, 400),
        ({"role": "agency_admin", "agency_id": 2**53 - 1}, 403),
    ):
        assert ask(admin, "POST", USERS, {"login": "another"} | message)[0] == status, message
    accept(network.system, login, code)
    assert confirm(network.system, admin, number) == (403, "second-person-needed")
    foreign = network.system.sign_in("admin-yuyao")
    assert confirm(network.system, foreign, number)[0] == 403
    assert confirm(network.system, network.approver, number) == (204, "")
    for other in (number_of(network.system, "centre"), number_of(network.system, "admin-yuyao")):
        assert ask(admin, "POST", f"{USERS}/{other}/suspension", {"reason": "x"})[0] == 403
    assert ask(admin, "POST", f"{USERS}/{number}/role", {"role": "supervisor"})[0] == 403


@pytest.mark.parametrize("login", ["Centre", "a", "a b", "centre\n", "x" * 41, "-a", "ｃentre"])
def test_a_login_has_one_spelling(network: Network, login: str) -> None:
    assert ask(network.centre, "POST", USERS, {"login": login, "role": "supervisor"}) == (400, "invalid")


def test_a_login_is_taken_once(network: Network) -> None:
    assert ask(network.centre, "POST", USERS, {"login": "supervisor", "role": "supervisor"}) == (409, "conflict")
    message = {"login": f"twice-{uuid4().hex[:8]}", "role": "supervisor"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(network.centre, "POST", USERS, message)[0], range(4)))
    assert sorted(answers) == [201, 409, 409, 409]


def test_a_suspended_user_is_refused_at_every_worker_at_once(network: Network) -> None:
    number, somebody = member(network)
    path = f"{USERS}/{number}"
    assert network.centre.ask("POST", f"{path}/suspension", {"reason": "离职"}).status == 204
    assert refused_everywhere(somebody)
    assert last_entry(network.system)[3] == {"reason": "离职"}
    assert slug(somebody.sign_in()[1]) == "user-not-active"
    assert slug(somebody.sign_in(password="wrong password")[1]) == "wrong-password", "strangers learn nothing"
    assert ask(network.centre, "POST", f"{path}/suspension", {"reason": "x"}) == (409, "conflict")
    assert network.approver.ask("POST", f"{path}/resumption", {"reason": "返岗"}).status == 204
    assert ask(network.approver, "POST", f"{path}/resumption", {"reason": "x"}) == (409, "conflict")
    assert somebody.sign_in()[0] == 201


def test_a_suspended_user_cannot_finish_signing_in(network: Network) -> None:
    somebody = Somebody(network.system, "127.0.3.2").enrol()
    number, ticket = number_of(network.system, somebody.login), somebody.ticket()
    assert network.centre.ask("POST", f"{USERS}/{number}/suspension", {"reason": "x"}).status == 204
    assert somebody.step(ticket, somebody.code())[0] == 401
    assert slug(somebody.sign_in(somebody.code())[1]) == "user-not-active"


def test_another_role_ends_the_sessions_and_is_confirmed_by_another(network: Network) -> None:
    number, somebody = member(network)
    path, yinzhou = f"{USERS}/{number}", network.agency_id("yinzhou")
    message = {"role": "canteen_manager", "agency_id": yinzhou}
    assert network.centre.ask("POST", f"{path}/role", message).status == 204
    assert refused_everywhere(somebody)
    actor, action, subject, detail = last_entry(network.system)
    assert (actor, action, subject) == ("centre", "change_role", f"console_user/{number}")
    assert detail == {
        "before": {"role": "supervisor", "agency_id": None},
        "after": {"role": "canteen_manager", "agency_id": yinzhou},
    }
    assert slug(somebody.sign_in()[1]) == "user-not-active"
    assert confirm(network.system, network.centre, number) == (403, "second-person-needed")
    assert confirm(network.system, network.approver, number) == (204, "")
    status, body = somebody.sign_in()
    assert (status, body["role"], body["agency_id"]) == (201, "canteen_manager", yinzhou)
    assert ask(network.centre, "POST", f"{path}/role", message) == (409, "conflict")
    for wrong in ({"role": "canteen_manager"}, {"role": "supervisor", "agency_id": yinzhou}):
        assert ask(network.centre, "POST", f"{path}/role", wrong) == (400, "invalid")
    assert ask(network.centre, "POST", f"{path}/role", message | {"agency_id": 2**53 - 1}) == (404, "not-found")
    assert somebody.ask("GET", "/registry/directory")[0] == 200, "what was refused ended nothing"


def test_rights_are_confirmed_as_they_were_seen(network: Network) -> None:
    number, somebody = member(network, "auditor")
    path, yinzhou = f"{USERS}/{number}", network.agency_id("yinzhou")
    role = {"role": "canteen_manager", "agency_id": yinzhou}
    assert network.centre.ask("POST", f"{path}/role", role).status == 204
    seen = seen_user(network.system, number)
    assert network.centre.ask("POST", f"{path}/role", {"role": "centre_approver"}).status == 204
    assert ask(network.approver, "POST", f"{path}/confirmation", seen) == (409, "conflict")
    assert ask(network.approver, "POST", f"{path}/confirmation", {}) == (400, "invalid")
    for other in ({"agency_id": yinzhou}, {"role": "auditor"}, {"scopes": ["see_registry"]}):
        assert confirm(network.system, network.approver, number, **other) == (409, "conflict"), other
    assert slug(somebody.sign_in()[1]) == "user-not-active"
    assert confirm(network.system, network.approver, number) == (204, "")


def test_who_gave_a_role_does_not_confirm_it_after_another_has_invited_again(network: Network) -> None:
    system, (number, somebody) = network.system, member(network, "auditor")
    operator = Person(system.url, Somebody(system, "127.0.3.6", "centre_operator").login)
    assert network.centre.ask("POST", f"{USERS}/{number}/role", {"role": "centre_approver"}).status == 204
    code = operator.call("POST", f"{USERS}/{number}/invitation")["code"]
    assert accept(system, somebody.login, code) == (204, "")
    for person in (network.centre, operator):
        assert confirm(system, person, number) == (403, "second-person-needed")
    assert confirm(system, network.approver, number) == (204, "")
    assert "centre" in last_entry(system)[3]["granted_by"]
    assert operator.ask("POST", f"{USERS}/{number}/invitation").status == 201
    with psycopg.connect(system.database_url) as db:
        db.execute("UPDATE console_user SET state = 'unconfirmed' WHERE user_id = %s", [number])
    assert confirm(system, network.centre, number) == (204, ""), "what was confirmed is over"


def test_nobody_changes_himself_or_somebody_who_is_not_there(network: Network) -> None:
    centre, own = network.centre, number_of(network.system, "centre")
    for path, message in (
        ("suspension", {"reason": "x"}),
        ("role", {"role": "centre_approver"}),
        ("invitation", None),
        ("second-factor-reset", {"reason": "x"}),
    ):
        assert ask(centre, "POST", f"{USERS}/{own}/{path}", message) == (403, "not-allowed"), path
        for nobody in (0, 2**53 - 1):
            assert ask(centre, "POST", f"{USERS}/{nobody}/{path}", message) == (404, "not-found"), path


@pytest.mark.one_worker
def test_the_last_ones_of_the_centre_stay(own: System) -> None:
    own.start()
    network = Network(own)
    centre, approver = number_of(own, "centre"), number_of(own, "approver")
    second = Somebody(own, "127.0.3.3", "centre_operator")
    assert second.sign_in()[0] == 201
    # Of two operators who suspend each other at the same time, one stays.
    other = number_of(own, second.login)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(network.centre.ask, "POST", f"{USERS}/{other}/suspension", {"reason": "x"})
        answer = second.ask("POST", f"{USERS}/{centre}/suspension", {"reason": "x"})
    statuses = {first.result().status, answer[0]}
    assert 204 in statuses
    assert len(statuses) == 2, statuses
    with psycopg.connect(own.database_url) as db:
        [(left,)] = db.execute(
            "SELECT count(*) FROM console_user WHERE role = 'centre_operator' AND suspended_at IS NULL"
        ).fetchall()
        assert left == 1
        db.execute("UPDATE console_user SET suspended_at = NULL")
        db.execute("UPDATE console_user SET suspended_at = now() WHERE login = %s", [second.login])
    operator = own.sign_in("centre")
    for path, message in (
        ("suspension", {"reason": "x"}),
        ("role", {"role": "supervisor"}),
        ("invitation", None),
    ):
        assert ask(operator, "POST", f"{USERS}/{approver}/{path}", message) == (409, "conflict"), path
        assert ask(network.approver, "POST", f"{USERS}/{centre}/{path}", message) == (409, "conflict"), path
    assert network.approver.ask("GET", "/registry/directory").status == 200
    told = operator.ask("POST", f"{USERS}/{approver}/suspension", {"reason": "x"}).json()
    assert "复核" in told["detail"], told


def test_a_second_person_takes_a_lost_second_factor_away(network: Network) -> None:
    somebody = Somebody(network.system, "127.0.3.4").enrol()
    path = f"{USERS}/{number_of(network.system, somebody.login)}/second-factor-reset"
    assert network.approver.ask("POST", path, {"reason": "手机丢失"}).status == 204
    assert refused_everywhere(somebody)
    assert somebody.sign_in()[0] == 201
    assert ask(network.approver, "POST", path, {"reason": "x"}) == (404, "not-found")


def test_roles_and_their_permissions_are_shown_in_both_languages(network: Network) -> None:
    shown = {row["role"]: row for row in network.system.sign_in("kitchen-yinzhou").call("GET", "/console/roles")}
    assert shown.keys() == {str(role) for role in Role}
    for role in Role:
        row = shown[role]
        assert {one["permission"] for one in row["permissions"]} == {str(one) for one in MAY[role]}
        words = [row["name_zh"], row["name_en"]]
        words += [one[name] for one in row["permissions"] for name in ("name_zh", "name_en")]
        assert all(words)
    assert (shown["agency_finance"]["needs_agency"], shown["auditor"]["reads_only"]) == (True, True)


def test_who_may_not_approve_what_he_made_is_shown(network: Network) -> None:
    shown = {row["role"]: row["separations"] for row in network.centre.call("GET", "/console/roles")}
    assert all(one["name_zh"] and one["name_en"] and one["made_by"] for row in shown.values() for one in row)
    duties = {role: {one["duty"] for one in row} for role, row in shown.items()}
    assert duties["centre_approver"] == {"request", "terminal", "user", "identity", "block", "bulletin", "appeal"}
    assert duties["agency_finance"] == {"request"}
    assert duties["auditor"] == set()
    [request] = shown["agency_finance"]
    assert (request["approved_by"], "top_up" in request["made_by"]) == ("approve", True)


def test_no_role_issues_and_moves_an_agencys_money() -> None:
    """The command line and the centre's operator apart, whoever sees secrets that pay moves no money."""
    for role in Role:
        if role is not Role.CENTRE_OPERATOR and Permission.ISSUE_CREDENTIAL in MAY[role]:
            assert not MAY[role] & {Permission.TOP_UP, Permission.GRANT_SUBSIDY, Permission.APPROVE}


def test_an_auditor_sees_everything_and_changes_nothing(network: Network) -> None:
    assert {one for one in Permission if one.startswith("see_")} == MAY[Role.AUDITOR]
    somebody = Somebody(network.system, "127.0.3.5", "auditor")
    assert somebody.sign_in()[0] == 201
    for path in ("/registry/directory", "/clearing/cycles", "/waste/cases", "/console/approvals", "/waste/flags"):
        assert somebody.ask("GET", path)[0] == 200, path
    paths = urllib3.request("GET", f"{network.url}/schema/openapi.json").json()["paths"]
    own = (
        "/console/sessions",
        "/console/second-factor",
        "/console/invitations",
        "/console/passkeys",
        "/console/sign-on",
        "/console/tokens",
        "/terminal/",
        "/phone/",
        "/me/",
        "/displays/",
        "/gateway/",
    )
    tried = 0
    for path, item in paths.items():
        for method in item.keys() & {"post", "put", "patch", "delete"}:
            if path.startswith(own):
                continue
            address = (
                path.replace("{business_date}", "2026-01-01")
                .replace("{day}", "2026-01-01")
                .replace("{quarter}", "2026-01-01")
            )
            address = address.replace("{weigh_in_id}", str(uuid4())).replace("{action}", "close")
            address = address.replace("{kind}", "purchases").replace("{batch}", "november")
            while "{" in address:
                address = address.partition("{")[0] + "1" + address.partition("}")[2]
            status, body = somebody.ask(method.upper(), address, {})
            assert (status, slug(body)) == (403, "not-allowed"), f"{method} {address}: {status} {body}"
            tried += 1
    assert tried >= 50, tried
