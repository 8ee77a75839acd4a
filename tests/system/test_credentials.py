"""Cards and phones at the console: what ends with an account, who lifts a block, and what writes nothing."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.calendar import ZONE
from registry.access import MAY, Permission
from registry.roles import Role
from terminals.client_messages import Rejected
from terminals.devices import SoftwarePhone
from terminals.phone import activate_phone, ask_account
from tests.builders import Network, Official
from tests.running_system import Person, System

TODAY = datetime.now(ZONE).date()


def uid() -> str:
    return f"04{secrets.token_hex(6)}"


def close(network: Network, official: Official) -> dict[str, Any]:
    message = {"posting_id": str(uuid4()), "holder_id": official.holder_id}
    network.centre.call("POST", "/console/closures", message)
    return message


def refused(person: Person, path: str, message: Any, status: int, slug: str) -> None:
    answer = person.ask("POST", path, message)
    assert (answer.status, answer.json()["type"]) == (status, f"/problems/{slug}"), answer.data.decode()


def set_blocked(person: Person, credential_id: int, blocked: bool) -> int:
    path = f"/console/credentials/{credential_id}/block"
    return int(person.ask("POST", path, {"blocked": blocked, "reason": "lost or found"}).status)


def audit_entries(system: System) -> int:
    with psycopg.connect(system.database_url) as db:
        [number] = db.execute("SELECT count(*) FROM audit_entry").fetchone() or [0]
    return int(number)


def test_a_closed_account_gets_no_card_no_phone_and_no_visit(network: Network, system: System) -> None:
    official = network.official()
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    close(network, official)
    before = audit_entries(system)
    card = {"agency_id": official.agency_id, "cards": [{"holder_id": official.holder_id, "uid": uid()}]}
    refused(network.centre, "/console/cards", card, 409, "account-closed")
    refused(network.centre, "/console/phone-activations", message, 409, "account-closed")
    visit = {
        "holder_id": official.holder_id, "host_agency_id": network.agency_id("city"), "first_day": str(TODAY),
        "last_day": str(TODAY + timedelta(days=1)),
    }  # fmt: skip
    refused(network.centre, "/registry/visits", visit, 409, "account-closed")
    with pytest.raises(Rejected) as rejected:
        activate_phone(network.url, made["activation_id"], made["code"])
    assert rejected.value.slug == "account-closed"
    assert audit_entries(system) == before


def test_a_card_of_a_closed_account_stays_blocked(network: Network) -> None:
    official = network.official()
    credential_id = network.card(official).file.credential_id
    close(network, official)
    path = f"/console/credentials/{credential_id}/block"
    refused(network.approver, path, {"blocked": False, "reason": "found"}, 409, "account-closed")
    replacement = {"credential_id": credential_id, "uid": uid(), "reason": "lost"}
    refused(network.centre, "/console/cards/replacements", replacement, 409, "account-closed")


def test_a_card_that_was_replaced_stays_blocked(network: Network) -> None:
    lost = network.card(network.official()).file.credential_id
    replacement = {"credential_id": lost, "uid": uid(), "reason": "lost"}
    made = network.centre.call("POST", "/console/cards/replacements", replacement)["card"]["credential_id"]
    answer = network.approver.ask("POST", f"/console/credentials/{lost}/block", {"blocked": False, "reason": "found"})
    assert (answer.status, answer.json()["params"]) == (409, {"credential_id": lost, "replaced_by": made})
    again = replacement | {"uid": uid()}
    refused(network.centre, "/console/cards/replacements", again, 409, "conflict")
    # The one in its place is blocked and made good as any other.
    assert set_blocked(network.centre, made, True) == set_blocked(network.approver, made, False) == 200


def test_a_phone_that_was_replaced_stays_blocked(network: Network) -> None:
    official = network.official()
    network.phone(official)
    path = f"/registry/credentials?kind=phone&holder_id={official.holder_id}"
    [lost] = [row["credential_id"] for row in network.centre.call("GET", path)["items"]]
    assert set_blocked(network.centre, lost, True) == 200
    assert set_blocked(network.approver, lost, False) == 200, "nothing is in its place yet"
    assert set_blocked(network.centre, lost, True) == 200
    network.phone(official)
    path = f"/console/credentials/{lost}/block"
    refused(network.approver, path, {"blocked": False, "reason": "found"}, 409, "conflict")


def phone_code(network: Network, official: Official) -> tuple[int, str]:
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    return made["activation_id"], made["code"]


def is_void(network: Network, code: tuple[int, str]) -> bool:
    try:
        activate_phone(network.url, *code)
    except Rejected as rejected:
        return rejected.slug == "enrolment-refused"
    return False


def test_a_code_that_is_out_ends_with_a_block(network: Network) -> None:
    official = network.official()
    card = network.card(official).file.credential_id
    code = phone_code(network, official)
    assert set_blocked(network.centre, card, True) == 200
    assert is_void(network, code)
    assert set_blocked(network.approver, card, False) == 200
    assert is_void(network, code), "the block's end brings no code back"
    assert not is_void(network, phone_code(network, official))


def test_a_code_that_is_out_ends_with_a_suspension(network: Network) -> None:
    official = network.official()
    code = phone_code(network, official)
    path = f"/registry/officials/{official.holder_id}"
    network.centre.call("POST", f"{path}/suspension", {"reason": "a test"})
    network.approver.call("POST", f"{path}/resumption", {"reason": "a test"})
    assert is_void(network, code)


def test_a_code_that_is_out_ends_with_leaving(network: Network, system: System) -> None:
    official = network.official()
    code = phone_code(network, official)
    network.centre.call("POST", f"/registry/officials/{official.holder_id}/departure", {"reason": "a test"})
    with psycopg.connect(system.database_url) as db:
        db.execute("UPDATE official SET state = 'active' WHERE holder_id = %s", [official.holder_id])
    assert is_void(network, code)


def test_a_new_code_ends_the_one_before(network: Network) -> None:
    official = network.official()
    first, second = phone_code(network, official), phone_code(network, official)
    assert is_void(network, first)
    assert not is_void(network, second)
    twice = {"agency_id": official.agency_id, "holder_ids": [official.holder_id] * 2}
    refused(network.centre, "/console/phone-activations", twice, 400, "invalid")


def test_codes_made_at_once_leave_one_open(network: Network) -> None:
    official = network.official()
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda _: phone_code(network, official), range(8)))
    assert [is_void(network, code) for code in codes].count(False) == 1


def test_a_block_is_lifted_by_a_second_person(network: Network) -> None:
    admin = network.person("admin-yinzhou")
    credential_id = network.card(network.official()).file.credential_id
    path = f"/console/credentials/{credential_id}/block"
    assert set_blocked(admin, credential_id, True) == 200
    refused(admin, path, {"blocked": False, "reason": "found"}, 403, "second-person-needed")
    # Blocking it once more makes nobody the first person.
    assert set_blocked(network.centre, credential_id, True) == 200
    refused(admin, path, {"blocked": False, "reason": "found"}, 403, "second-person-needed")
    assert set_blocked(network.centre, credential_id, False) == 200


def test_a_block_whose_person_is_not_known_is_lifted_at_the_centre(network: Network, system: System) -> None:
    credential_id = network.card(network.official()).file.credential_id
    assert set_blocked(network.centre, credential_id, True) == 200
    with psycopg.connect(system.database_url) as db:
        db.execute("UPDATE block_entry SET changed_by = NULL WHERE credential_id = %s", (credential_id,))
    path = f"/console/credentials/{credential_id}/block"
    admin = network.person("admin-yinzhou")
    refused(admin, path, {"blocked": False, "reason": "found"}, 403, "second-person-needed")
    assert set_blocked(network.approver, credential_id, False) == 200


def test_blocking_what_is_blocked_writes_nothing(network: Network, system: System) -> None:
    credential_id = network.card(network.official()).file.credential_id

    def written() -> tuple[int, int]:
        with psycopg.connect(system.database_url) as db:
            [versions] = db.execute("SELECT max(version) FROM block_entry").fetchone() or [0]
        return audit_entries(system), versions or 0

    before = written()
    assert set_blocked(network.approver, credential_id, False) == 200, "it is not blocked"
    assert written() == before
    assert set_blocked(network.centre, credential_id, True) == 200
    once = written()
    assert (once[0], once[1] > before[1]) == (before[0] + 1, True)
    assert set_blocked(network.centre, credential_id, True) == 200
    assert written() == once


@pytest.mark.parametrize("cash_fen", [0, 700])
def test_a_closure_is_repeated_whatever_was_in_the_purses(network: Network, system: System, cash_fen: int) -> None:
    official = network.official(cash_fen=cash_fen)
    message = close(network, official)
    before = audit_entries(system)
    again = network.centre.call("POST", "/console/closures", message)
    assert again == {"holder_id": official.holder_id, "cash_fen": cash_fen, "subsidy_fen": 0}
    assert audit_entries(system) == before
    other = message | {"posting_id": str(uuid4())}
    refused(network.centre, "/console/closures", other, 409, "account-closed")
    elsewhere = message | {"holder_id": network.official().holder_id}
    refused(network.centre, "/console/closures", elsewhere, 422, "other-content")


def test_who_issues_cards_in_an_agency_moves_no_money() -> None:
    """Whoever issues a card sees its key, and could pay with a copy of it."""
    money = {Permission.TOP_UP, Permission.GRANT_SUBSIDY, Permission.REFUND, Permission.CLOSE_ACCOUNT}
    both = {role for role, allowed in MAY.items() if Permission.ISSUE_CREDENTIAL in allowed and money & allowed}
    assert both <= {Role.CENTRE_OPERATOR}


def test_a_holders_phone_shows_every_charge_and_every_credential(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    official = network.official(cash_fen=9_000, subsidy_fen=300)
    card, phone, till = network.card(official), network.phone(official), network.terminal(scratch)
    in_time = till.charge_card(card, "lunch").receipt
    [entry] = till.journal.entries("approved")
    till.void(entry.epoch, entry.sequence)
    an_hour_ago = int(time.time()) - 3_600
    monkeypatch.setattr(till, "now", lambda: an_hour_ago)
    late = till.charge_code(phone.show_code(at=an_hour_ago, canteen_id=till.canteen_id), "lunch").receipt
    assert in_time is not None
    assert late is not None
    network.card(official)  # of which nobody told him
    account = ask_account(network.url, phone)
    shown = [(str(p.number), p.late, p.channel, p.amount_fen, p.given_back_fen) for p in account.payments]
    assert shown == [(late.number, True, "qr", 1_000, 0), (in_time.number, False, "card", 1_000, 1_000)]
    assert account.payments[0].posted_at - account.payments[0].purchased_at >= 3_600
    assert (account.cash_fen, account.subsidy_fen) == (8_300, 0)
    assert [c.kind for c in account.credentials] == ["card", "phone", "card"]
    assert {c.state for c in account.credentials} == {"active"}
    stranger = SoftwarePhone(Ed25519PrivateKey.generate(), phone.certificate)
    with pytest.raises(Rejected) as rejected:
        ask_account(network.url, stranger)
    assert rejected.value.slug == "bad-signature"
