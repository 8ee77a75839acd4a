"""The second factor: a code counts once, for its own user, within its time, and guesses are slowed down."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha1
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pyotp
import pytest

from demo.city import PASSWORD
from foundation.problems import Problem
from registry.passwords import check_new_password, is_breached
from tests.running_system import Person, System

SESSIONS = "/console/sessions"


@dataclass
class Somebody:
    """A new user of a role, at an address of this machine; each has his own."""

    system: System
    address: str
    role: str = "supervisor"
    login: str = field(default_factory=lambda: f"somebody-{uuid4().hex[:8]}")
    secret: str = ""
    codes: list[str] = field(default_factory=list)
    token: str = ""
    agency_id: int | None = None

    def __post_init__(self) -> None:
        with psycopg.connect(self.system.database_url) as db:
            db.execute(
                "INSERT INTO console_user (user_id, login, password_hash, role, agency_id)"
                " SELECT nextval('onecard_number'), %s, password_hash, %s, %s FROM console_user"
                " WHERE login = 'supervisor'",
                [self.login, self.role, self.agency_id],
            )

    def ask(self, method: str, path: str, message: Any = None, address: str = "") -> tuple[int, dict[str, Any]]:
        """Status and body; of a problem without its words."""
        source = (address or self.address, 0)
        connection = HTTPConnection("127.0.0.1", self.system.port, timeout=60, source_address=source)
        headers = {"content-type": "application/json", "accept-language": "en"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        connection.request(method, path, None if message is None else json.dumps(message), headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, json.loads(body) if body else {}

    def sign_in(self, code: str | None = None, **more: Any) -> tuple[int, dict[str, Any]]:
        message = {"login": self.login, "password": PASSWORD} | ({} if code is None else {"code": code}) | more
        self.token = ""
        status, body = self.ask("POST", SESSIONS, message)
        self.token = body.get("token") or ""
        return status, body

    def ticket(self) -> str:
        status, body = self.sign_in()
        assert (status, slug(body)) == (401, "second-factor-needed")
        return str(body["ticket"])

    def step(self, ticket: str, code: str, address: str = "") -> tuple[int, dict[str, Any]]:
        self.token = ""
        status, body = self.ask("POST", f"{SESSIONS}/second-factor", {"ticket": ticket, "code": code}, address)
        self.token = body.get("token") or ""
        return status, body

    def enrol(self) -> "Somebody":
        assert self.sign_in()[0] == 201
        status, body = self.ask("POST", "/console/second-factor")
        assert status == 201, body
        self.secret = body["secret"]
        assert body["uri"].startswith(f"otpauth://totp/onecard:{self.login}?secret={self.secret}")
        assert body["qr_svg"].lstrip().startswith("<svg")
        old = self.token
        status, body = self.ask("POST", "/console/second-factor/confirmation", {"code": self.code()})
        assert status == 201, body
        self.codes, self.token = body["recovery_codes"], body["session"]["token"]
        assert self.token != old, "a new token at a change of privilege"
        return self

    def code(self) -> str:
        """A code that has not been used: the last one is forgotten."""
        self.change("last_step = 0")
        return pyotp.TOTP(self.secret).now()

    def change(self, assignment: str) -> None:
        with psycopg.connect(self.system.database_url) as db:
            db.execute(
                f"UPDATE second_factor SET {assignment} WHERE user_id ="
                " (SELECT user_id FROM console_user WHERE login = %s)".encode(),
                [self.login],
            )


def slug(body: dict[str, Any]) -> str:
    return str(body.get("type", "")).rpartition("/")[2]


def test_signing_in_takes_a_code_at_once_or_in_a_second_step(system: System) -> None:
    person = Somebody(system, "127.0.2.1").enrol()
    status, body = person.sign_in(person.code())
    assert (status, person.ask("GET", "/registry/directory")[0]) == (201, 200), body
    ticket = person.ticket()
    assert person.ask("GET", "/registry/directory")[0] == 401, "a ticket is no session"
    person.token = ticket
    assert person.ask("GET", "/registry/directory")[0] == 401
    assert person.step(ticket, person.code())[0] == 201
    assert person.ask("GET", "/registry/directory")[0] == 200
    with psycopg.connect(system.database_url) as db:
        [(detail,)] = db.execute(
            "SELECT detail FROM audit_entry WHERE actor = %s ORDER BY entry DESC LIMIT 1", [person.login]
        ).fetchall()
        [(sealed, ticket_rows)] = db.execute(
            "SELECT f.secret_sealed, (SELECT count(*) FROM sign_in_ticket t WHERE t.user_id = f.user_id)"
            " FROM second_factor f JOIN console_user u USING (user_id) WHERE u.login = %s",
            [person.login],
        ).fetchall()
    assert detail["second_factor"] == "totp"
    assert person.secret.encode() not in bytes(sealed)
    assert ticket_rows == 0, "a ticket that was used is gone"


def test_a_code_counts_once_even_when_sent_many_times_at_once(system: System) -> None:
    person = Somebody(system, "127.0.2.2").enrol()
    code, tickets = person.code(), [person.ticket() for _ in range(4)]
    others = [Somebody.__new__(Somebody) for _ in tickets]
    for other in others:
        other.__dict__.update(person.__dict__)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda pair: pair[0].step(pair[1], code), zip(others, tickets, strict=True)))
    assert sorted(status for status, _ in answers) == [201, 401, 401, 401]
    assert {slug(body) for status, body in answers if status == 401} == {"wrong-code"}
    assert slug(person.sign_in(code)[1]) == "wrong-code", "replayed"


def test_codes_of_another_time_or_another_user_do_not_count(system: System) -> None:
    person, other = Somebody(system, "127.0.2.3").enrol(), Somebody(system, "127.0.2.4").enrol()
    totp = pyotp.TOTP(person.secret)
    now = int(psycopg.connect(system.database_url).execute("SELECT extract(epoch FROM now())").fetchone()[0])  # type: ignore[index]
    ticket = person.ticket()
    person.change("last_step = 0")
    for wrong in (other.code(), totp.at(now - 120), totp.at(now + 120), other.codes[0]):
        assert slug(person.step(ticket, wrong)[1]) == "wrong-code", wrong
    assert person.step(ticket, person.code())[0] == 201


@pytest.mark.parametrize("code", ["", "12345", "1" * 41, "١٢٣٤٥٦", "123456\n7", "abcdef", "0" * 16])
def test_what_is_no_code_is_refused(system: System, code: str) -> None:
    person = Somebody(system, "127.0.2.5").enrol()
    status, body = person.sign_in(code)
    assert (status, slug(body)) in ((400, "invalid"), (401, "wrong-code"))


def test_a_ticket_counts_once_for_a_while_and_from_its_own_network(system: System) -> None:
    person = Somebody(system, "127.0.2.6").enrol()
    ticket = person.ticket()
    assert slug(person.step(ticket, person.code(), address="127.0.2.7")[1]) == "not-signed-in"
    assert person.step(ticket, person.code())[0] == 201
    assert slug(person.step(ticket, person.code())[1]) == "not-signed-in", "used"
    expired = person.ticket()
    with psycopg.connect(system.database_url) as db:
        db.execute(
            "UPDATE sign_in_ticket SET expires_at = now() - interval '1 second' WHERE user_id ="
            " (SELECT user_id FROM console_user WHERE login = %s)",
            [person.login],
        )
    assert slug(person.step(expired, person.code())[1]) == "not-signed-in"
    for unknown in ("x", ticket[:-1], ticket + "x"):
        assert slug(person.step(unknown, person.code())[1]) == "not-signed-in"


def test_a_recovery_code_counts_once(system: System) -> None:
    person = Somebody(system, "127.0.2.8").enrol()
    assert len(set(person.codes)) == 10
    first = person.codes[0]
    assert person.sign_in(first.lower().replace("-", " "))[0] == 201
    assert slug(person.sign_in(first)[1]) == "wrong-code"
    assert person.sign_in(person.codes[1])[0] == 201
    assert person.ask("GET", "/console/second-factor")[1]["recovery_codes_left"] == 8
    status, body = person.ask("POST", "/console/second-factor/recovery-codes", {"code": person.code()})
    assert (status, len(body["recovery_codes"])) == (201, 10)
    assert slug(person.sign_in(person.codes[2])[1]) == "wrong-code", "the old ones are gone"
    with psycopg.connect(system.database_url) as db:
        [(stored,)] = db.execute(
            "SELECT string_agg(code_hash, '') FROM recovery_code JOIN console_user USING (user_id) WHERE login = %s",
            [person.login],
        ).fetchall()
    assert not [code for code in body["recovery_codes"] if code.replace("-", "").encode() in bytes(stored)]


def test_who_knows_the_password_and_guesses_codes_is_slowed_down(system: System) -> None:
    """A right password in between makes no wrong code forgotten."""
    guesser = Somebody(system, "127.0.2.9").enrol()
    heard = [slug(guesser.sign_in("000000")[1]) for _ in range(16)]
    assert heard[0] == "wrong-code"
    assert "too-many-tries" in heard
    with psycopg.connect(system.database_url) as db:
        [(failures,)] = db.execute(
            "SELECT count(*) FROM sign_in_failure JOIN console_user USING (user_id) WHERE login = %s", [guesser.login]
        ).fetchall()
    assert failures >= 4
    elsewhere = Somebody.__new__(Somebody)
    elsewhere.__dict__.update(guesser.__dict__ | {"address": "127.0.2.10"})
    assert elsewhere.sign_in(elsewhere.code())[0] == 201


def test_many_guesses_at_once_count_one_after_the_other(system: System) -> None:
    person = Somebody(system, "127.0.2.11").enrol()
    ticket, users = person.ticket(), [Somebody.__new__(Somebody) for _ in range(24)]
    for user in users:
        user.__dict__.update(person.__dict__)
    with ThreadPoolExecutor(24) as pool:
        heard = list(pool.map(lambda pair: slug(pair[1].step(ticket, f"{pair[0]:06}")[1]), enumerate(users)))
    assert set(heard) == {"wrong-code", "too-many-tries"}
    assert heard.count("wrong-code") <= 10


def test_codes_are_counted_without_redis_too(own: System) -> None:
    own.start()
    assert own.services.valkey is not None
    own.services.valkey.stop()
    person = Somebody(own, "127.0.2.12").enrol()
    assert "too-many-tries" in [slug(person.sign_in("000000")[1]) for _ in range(16)]


@pytest.mark.one_worker
def test_a_role_that_needs_a_second_factor_can_do_nothing_without_it(own: System) -> None:
    own.environment["ONECARD_SECOND_FACTOR_ROLES"] = "supervisor, centre_approver"
    own.start()
    person = Somebody(own, "127.0.2.13")
    status, body = person.sign_in()
    assert (status, body["second_factor_missing"]) == (201, True)
    for path in ("/registry/directory", "/waste/cases", "/supervision/flags/2026-01-01"):
        status, body = person.ask("GET", path)
        assert (status, slug(body)) == (403, "second-factor-missing"), path
    assert person.ask("GET", SESSIONS)[0] == 200
    assert person.ask("GET", "/console/second-factor")[1]["required"] is True
    person.enrol()
    assert person.ask("GET", "/registry/directory")[0] == 200, "the session goes on"
    assert person.ask("POST", "/console/second-factor/removal", {"code": person.code()})[0] == 204
    assert slug(person.ask("GET", "/registry/directory")[1]) == "second-factor-missing"
    assert Person(own.url, "centre").ask("GET", "/registry/directory").status == 200, "another role"


def test_setting_up_needs_a_fresh_password_and_removing_a_code(system: System) -> None:
    person = Somebody(system, "127.0.2.14")
    person.sign_in()
    for path in ("confirmation", "removal", "recovery-codes"):
        assert slug(person.ask("POST", f"/console/second-factor/{path}", {"code": "123456"})[1]) == "wrong-code"
    unprove(person)
    assert slug(person.ask("POST", "/console/second-factor")[1]) == "proof-needed"
    status, body = person.ask("POST", f"{SESSIONS}/current/proof", {"password": PASSWORD})
    person.token = body["token"]
    assert status == 201
    assert person.ask("POST", "/console/second-factor")[0] == 201
    assert person.ask("GET", "/console/second-factor")[1]["confirmed_at"] is None
    assert person.sign_in()[0] == 201, "an unconfirmed one is asked of nobody"
    person = person.enrol()
    assert slug(person.ask("POST", "/console/second-factor")[1]) == "conflict"
    assert slug(person.ask("POST", "/console/second-factor/removal", {"code": "000000"})[1]) == "wrong-code"
    assert person.ask("POST", "/console/second-factor/removal", {"code": person.codes[0]})[0] == 204
    assert person.sign_in()[0] == 201


def test_confirming_ends_the_sessions_that_were_opened_without_it(system: System) -> None:
    person = Somebody(system, "127.0.2.15")
    other = Person(system.url, person.login)
    person.enrol()
    assert other.ask("GET", "/registry/directory").status == 401


def test_a_proof_needs_what_signing_in_needs(system: System) -> None:
    person, other = Somebody(system, "127.0.2.16").enrol(), Somebody(system, "127.0.2.21").enrol()
    proof = f"{SESSIONS}/current/proof"
    unprove(person)
    for message in ({}, {"code": person.code()}, {"password": PASSWORD, "ticket": "x"}, {"ticket": "x"}):
        assert slug(person.ask("POST", proof, message)[1]) == "invalid", message
    status, needed = person.ask("POST", proof, {"password": PASSWORD})
    assert (status, slug(needed)) == (401, "second-factor-needed")
    assert slug(person.ask("POST", proof, {"password": PASSWORD, "code": "000000"})[1]) == "wrong-code"
    assert slug(person.ask("POST", proof, {"password": "wrong", "code": person.code()})[1]) == "wrong-password"
    for path, message in WAYS_IN:
        assert slug(person.ask("POST", path, message)[1]) == "proof-needed", path
    theirs = {"ticket": other.ask("POST", proof, {"password": PASSWORD})[1]["ticket"], "code": person.code()}
    assert slug(person.ask("POST", proof, theirs)[1]) == "not-signed-in", "somebody else's ticket"
    second = {"ticket": needed["ticket"], "code": person.code()}
    status, body = person.ask("POST", proof, second)
    assert status == 201, body
    person.token = body["token"]
    assert slug(person.ask("POST", proof, second | {"code": person.code()})[1]) == "not-signed-in", "it counts once"
    unprove(person)
    status, body = person.ask("POST", proof, {"password": PASSWORD, "code": person.code()})
    assert status == 201, body
    person.token = body["token"]
    assert person.ask("POST", WAYS_IN[0][0])[0] == 200


WAYS_IN: list[tuple[str, Any]] = [
    ("/console/passkeys/challenge", None),
    ("/console/passkeys", {"name": "x", "credential": {}}),
    (f"{SESSIONS}/current/password", {"old": PASSWORD, "new": "clouds over the lake"}),
]


def unprove(person: Somebody) -> None:
    """Let the last proof be too long ago."""
    with psycopg.connect(person.system.database_url) as db:
        db.execute(
            "UPDATE console_session SET proved_at = now() - interval '16 minutes' WHERE user_id ="
            " (SELECT user_id FROM console_user WHERE login = %s)",
            [person.login],
        )


def test_the_command_line_takes_a_lost_second_factor_away(system: System) -> None:
    person = Somebody(system, "127.0.2.17").enrol()
    system.command("reset-second-factor", person.login)
    assert person.ask("GET", "/registry/directory")[0] == 401
    assert person.sign_in()[0] == 201
    done = system.command("reset-second-factor", person.login, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_changing_ones_password_needs_the_old_one_and_ends_the_other_sessions(system: System) -> None:
    person = Somebody(system, "127.0.2.18")
    person.sign_in()
    other, path, new = Person(system.url, person.login), f"{SESSIONS}/current/password", "clouds over the lake"
    for wrong, expected in (
        ({"old": "not the password", "new": new}, "wrong-password"),
        ({"old": PASSWORD, "new": "too short"}, "invalid"),
        ({"old": PASSWORD, "new": PASSWORD}, "invalid"),
        ({"old": PASSWORD, "new": f"{person.login}!"}, "invalid"),
        ({"new": new}, "invalid"),
    ):
        assert slug(person.ask("POST", path, wrong)[1]) == expected, wrong
    assert other.ask("GET", "/registry/directory").status == 200
    old = person.token
    status, body = person.ask("POST", path, {"old": PASSWORD, "new": new})
    assert status == 201
    assert other.ask("GET", "/registry/directory").status == 401
    assert person.ask("GET", "/registry/directory")[0] == 401, "the token before"
    person.token = body["token"]
    assert (person.token != old, person.ask("GET", "/registry/directory")[0]) == (True, 200)
    assert slug(person.sign_in()[1]) == "wrong-password"
    assert person.sign_in(password=new)[0] == 201


def test_the_command_line_sets_a_password_and_ends_the_sessions(system: System) -> None:
    person = Somebody(system, "127.0.2.19")
    person.sign_in()
    refused = system.command("set-password", person.login, typed="short\n", check=False)
    assert (refused.returncode, person.ask("GET", "/registry/directory")[0]) == (1, 200)
    system.command("set-password", person.login, typed="clouds over the lake\n")
    assert person.ask("GET", "/registry/directory")[0] == 401
    assert person.sign_in(password="clouds over the lake")[0] == 201


def test_a_breached_password_is_found_wherever_its_line_is(tmp_path: Path) -> None:
    words = [f"the password number {n}" for n in range(200)]
    lines = sorted(f"{sha1(word.encode()).hexdigest().upper()}:{n}" for n, word in enumerate(words))
    for ending in ("\n", "\r\n"):
        file = tmp_path / "breached.txt"
        file.write_bytes((ending.join(lines) + ending).encode())
        assert all(is_breached(file, word) for word in words)
        assert not any(is_breached(file, word + "!") for word in words)
        file.write_bytes(ending.join(lines).encode())
        assert all(is_breached(file, word) for word in words), "without an end of the last line"
    with pytest.raises(Problem):
        check_new_password("somebody", words[7], file)
    check_new_password("somebody", words[7])
    file.write_bytes(b"")
    assert not is_breached(file, words[0])


@pytest.mark.one_worker
def test_a_breached_password_is_refused_everywhere(own: System) -> None:
    word = "clouds over the lake"
    file = own.folder / "breached.txt"
    file.write_text(f"{sha1(word.encode()).hexdigest().upper()}:3\n")
    own.environment["ONECARD_BREACHED_PASSWORDS"] = str(file)
    own.start()
    person = Somebody(own, "127.0.2.20")
    person.sign_in()
    assert slug(person.ask("POST", f"{SESSIONS}/current/password", {"old": PASSWORD, "new": word})[1]) == "invalid"
    for command in (("add-user", "another", "supervisor"), ("set-password", person.login)):
        done = own.command(*command, typed=f"{word}\n", check=False)
        assert (done.returncode, "breached" in done.stderr) == (1, True), done.stderr


def test_a_wrong_role_in_the_setting_is_told_in_one_line(system: System) -> None:
    environment = dict(system.environment)
    try:
        system.environment["ONECARD_SECOND_FACTOR_ROLES"] = "supervisor,emperor"
        done = system.command("set-password", "nobody", typed="clouds over the lake\n", check=False)
    finally:
        system.environment = environment
    assert (done.returncode, "ONECARD_SECOND_FACTOR_ROLES" in done.stderr) == (1, True), done.stderr
