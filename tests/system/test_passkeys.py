"""Passkeys: a key signs in for its owner at our address, once for each challenge."""

import time
from copy import deepcopy
from typing import Any

import psycopg

from foundation.keys import load_keys
from tests.authenticator import PRESENT, Authenticator, encoded
from tests.builders import Network
from tests.running_system import System
from tests.system.test_console_users import USERS, number_of
from tests.system.test_second_factor import SESSIONS, Somebody, slug

PASSKEYS = "/console/passkeys"


def owner(system: System, address: str) -> tuple[Somebody, Authenticator]:
    """Somebody with a second factor and a passkey."""
    person, key = Somebody(system, address).enrol(), Authenticator(system.url)
    status, body = add(person, key)
    assert status == 201, body
    return person, key


def add(person: Somebody, key: Authenticator, **wrong: Any) -> tuple[int, dict[str, Any]]:
    status, body = person.ask("POST", f"{PASSKEYS}/challenge")
    assert status == 200, body
    credential = key.create(body["publicKey"], **wrong)
    return person.ask("POST", PASSKEYS, {"name": "手机", "credential": credential})


def challenge(person: Somebody) -> dict[str, Any]:
    status, body = person.ask("POST", f"{SESSIONS}/passkey-challenge")
    assert status == 200
    return dict(body["publicKey"])


def enter(person: Somebody, credential: Any) -> tuple[int, dict[str, Any]]:
    person.token = ""
    status, body = person.ask("POST", f"{SESSIONS}/passkey", {"credential": credential})
    person.token = body.get("token") or ""
    return status, body


def test_a_passkey_signs_in_in_place_of_password_and_code(system: System) -> None:
    person, key = owner(system, "127.0.4.1")
    asked = challenge(person)
    assert (asked["userVerification"], asked.get("allowCredentials", [])) == ("required", [])
    assert enter(person, key.get(asked))[0] == 201
    assert person.ask("GET", "/registry/directory")[0] == 200
    [shown] = person.ask("GET", PASSKEYS)[1]
    assert (shown["name"], shown["last_used_at"] is not None) == ("手机", True)  # type: ignore[index]
    with psycopg.connect(system.database_url) as db:
        [(detail,)] = db.execute(
            "SELECT detail FROM audit_entry WHERE actor = %s AND action = 'sign_in' ORDER BY entry DESC LIMIT 1",
            [person.login],
        ).fetchall()
    assert detail["second_factor"] == "passkey"


def test_a_signed_challenge_counts_once(system: System) -> None:
    person, key = owner(system, "127.0.4.2")
    credential = key.get(challenge(person))
    assert enter(person, credential)[0] == 201
    assert slug(enter(person, credential)[1]) == "wrong-code"


def test_what_a_passkey_did_not_sign_for_us_is_refused(system: System) -> None:
    person, key = owner(system, "127.0.4.3")
    other, others = owner(system, "127.0.4.4")
    right = challenge(person)
    altered = deepcopy(key.get(challenge(person)))
    altered["response"]["signature"] = others.get(right)["response"]["signature"]
    swapped = key.get(challenge(person)) | {"id": others.get(right)["id"], "rawId": others.get(right)["rawId"]}
    foreign = Authenticator("https://elsewhere.example", key.credential_id, key.key, 90)
    registering = other.ask("POST", f"{PASSKEYS}/challenge")[1]["publicKey"]
    made_up = {"challenge": "A" * 75}
    wrong = {
        "signature of another": altered,
        "name of another": swapped,
        "another site": foreign.get(challenge(person)),
        "a page of another site": key.get(challenge(person), origin="https://elsewhere.example"),
        "another scheme": key.get(challenge(person), origin=system.url.replace("http:", "https:")),
        "nobody touched it": key.get(challenge(person), flags=0),
        "nobody was verified": key.get(challenge(person), flags=PRESENT),
        "an unknown key": Authenticator(system.url).get(challenge(person)),
        "a challenge for registering": key.get(registering),
        "a challenge made up": key.get(made_up),
        "no challenge": key.get({"challenge": ""}),
    }
    for name, credential in wrong.items():
        status, body = enter(person, credential)
        assert (status, slug(body)) == (401, "wrong-code"), f"{name}: {body}"
    deep = altered | {"response": altered["response"] | {"clientDataJSON": encoded(b"[" * 5_000 + b"]" * 5_000)}}
    for credential in ({}, {"id": "x"}, key.create(right), {"response": None}, altered | {"response": []}, deep):
        status, body = enter(person, credential)
        assert (status, slug(body)) == (401, "wrong-code"), body
    assert enter(person, key.get(challenge(person)))[0] == 201


def test_a_challenges_end_cannot_be_moved(system: System) -> None:
    person, key = owner(system, "127.0.4.5")
    asked = challenge(person)
    # The end is inside, under the centre's seal: an earlier or later one breaks it.
    for at in (20, 25, 30):
        letters = list(asked["challenge"])
        letters[at] = "A" if letters[at] != "A" else "B"
        assert slug(enter(person, key.get({"challenge": "".join(letters)}))[1]) == "wrong-code"


def test_a_challenge_counts_until_its_end(system: System) -> None:
    person, key = owner(system, "127.0.4.13")
    centre = load_keys(system.settings.keys_folder)

    def answer(seconds: int) -> int:
        value = bytes(16) + (int(time.time()) + seconds).to_bytes(8, "big")
        made = encoded(value + centre.challenge_mac("", value))
        return enter(person, key.get({"challenge": made}))[0]

    assert (answer(-1), answer(60)) == (401, 201)


def test_a_copied_key_is_noticed_by_its_counter(system: System) -> None:
    person, key = owner(system, "127.0.4.6")
    copy = Authenticator(system.url, key.credential_id, key.key)
    for _ in range(2):
        assert enter(person, key.get(challenge(person)))[0] == 201
    assert slug(enter(person, copy.get(challenge(person)))[1]) == "wrong-code"


def test_adding_needs_a_second_factor_a_fresh_password_and_ones_own_challenge(system: System) -> None:
    without = Somebody(system, "127.0.4.7")
    without.sign_in()
    assert slug(without.ask("POST", f"{PASSKEYS}/challenge")[1]) == "conflict"
    person, key = owner(system, "127.0.4.8")
    assert slug(add(person, key)[1]) == "conflict", "known already"
    assert slug(add(person, Authenticator(system.url), flags=PRESENT)[1]) == "wrong-code", "nobody was verified"
    assert slug(add(person, Authenticator(system.url), origin="https://elsewhere.example")[1]) == "wrong-code"
    other, _ = owner(system, "127.0.4.9")
    theirs = other.ask("POST", f"{PASSKEYS}/challenge")[1]["publicKey"]
    stolen = {"name": "x", "credential": Authenticator(system.url).create(theirs)}
    assert slug(person.ask("POST", PASSKEYS, stolen)[1]) == "wrong-code"
    assert other.ask("POST", PASSKEYS, stolen)[0] == 201
    assert slug(other.ask("POST", PASSKEYS, stolen)[1]) == "wrong-code", "a challenge counts once"
    [number] = [row["number"] for row in person.ask("GET", PASSKEYS)[1]]  # type: ignore[index]
    assert other.ask("DELETE", f"{PASSKEYS}/{number}")[0] == 404
    with psycopg.connect(system.database_url) as db:
        db.execute(
            "UPDATE console_session SET proved_at = now() - interval '16 minutes' WHERE user_id = %s",
            [number_of(system, person.login)],
        )
    for method, path in (("POST", f"{PASSKEYS}/challenge"), ("DELETE", f"{PASSKEYS}/{number}")):
        assert slug(person.ask(method, path)[1]) == "proof-needed"


def test_a_removed_passkey_and_a_suspended_owner_get_in_no_more(network: Network) -> None:
    system = network.system
    person, key = owner(system, "127.0.4.10")
    [number] = [row["number"] for row in person.ask("GET", PASSKEYS)[1]]  # type: ignore[index]
    assert person.ask("DELETE", f"{PASSKEYS}/{number}")[0] == 204
    assert slug(enter(person, key.get(challenge(person)))[1]) == "wrong-code"
    suspended, theirs = owner(system, "127.0.4.11")
    path = f"{USERS}/{number_of(system, suspended.login)}/suspension"
    assert network.centre.ask("POST", path, {"reason": "x"}).status == 204
    assert slug(enter(suspended, theirs.get(challenge(suspended)))[1]) == "user-not-active"
    reset, lost = owner(system, "127.0.4.12")
    system.command("reset-second-factor", reset.login)
    assert slug(enter(reset, lost.get(challenge(reset)))[1]) == "wrong-code", "the passkeys went with it"


def test_a_passkey_proves_who_is_at_the_screen(system: System) -> None:
    (person, key), (_, others) = owner(system, "127.0.4.9"), owner(system, "127.0.4.10")
    proof, old = f"{SESSIONS}/current/proof", person.token
    asked = challenge(person)
    status, body = person.ask("POST", proof, {"credential": others.get(asked)})
    assert (status, slug(body)) == (401, "wrong-code"), "somebody else's"
    answer = key.get(challenge(person))
    assert person.ask("POST", proof, {"credential": answer, "password": "x"})[0] == 400
    status, body = person.ask("POST", proof, {"credential": answer})
    assert (status, body["token"] != old) == (201, True), body
    person.token = body["token"]
    assert slug(person.ask("POST", proof, {"credential": answer})[1]) == "wrong-code", "it counts once"
    assert person.ask("GET", f"{SESSIONS}/current")[1]["proved_until"] is not None
