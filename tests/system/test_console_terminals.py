"""The console: who may act for which agency, its audit entries, sealed names."""

import json
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import urllib3

from terminals.client import Terminal
from terminals.client_device import SOFTWARE
from terminals.client_messages import OutcomeUnknown
from terminals.devices import SoftwareCard
from terminals.signatures import PROTOCOL
from tests.builders import Network
from tests.running_system import System


def _audit_entries(system: System) -> int:
    with psycopg.connect(system.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM audit_entry").fetchone()
    assert row is not None
    return int(row[0])


def _uid() -> str:
    return f"04{secrets.token_hex(6)}"


def test_an_agencys_people_act_for_their_agency_alone(network: Network, system: System) -> None:
    admin, finance = network.person("admin-yuyao"), network.person("finance-yuyao")
    ours, theirs = network.agency_id("yuyao"), network.agency_id("city")
    person = {"name": "李雷", "staff_number": "X"}
    for agency_id, status in ((ours, 201), (theirs, 403)):
        message = {"agency_id": agency_id, "officials": [person | {"staff_number": f"S-{agency_id}"}]}
        assert admin.ask("POST", "/registry/officials", message).status == status
    other = network.official("city")
    deposit = {"posting_id": "0190b0d4-0000-7000-8000-000000000001", "holder_id": other.holder_id, "amount_fen": 1}
    for agency_id in (ours, theirs):
        message = {"agency_id": agency_id, "deposits": [deposit]}
        assert finance.ask("POST", "/settlement/top-ups", message).status == 403
    assert finance.ask("GET", f"/settlement/purses/{other.holder_id}").status == 403
    assert finance.ask("POST", "/clearing/cycles", {"business_date": "2026-01-01"}).status == 403
    assert admin.ask("POST", "/console/enrolments", {"canteen_id": network.canteen_id("city")}).status == 403
    assert network.purses(other) == (10_000, 0)


def test_a_change_at_the_console_has_one_audit_entry_and_a_refused_one_none(network: Network, system: System) -> None:
    card = network.card(network.official())
    block = f"/console/credentials/{card.file.credential_id}/block"
    agency_id, holder_id = network.agency_id("yinzhou"), card.file.holder_id
    changes = [
        ("/console/enrolments", {"canteen_id": network.canteen_id("yinzhou")}),
        (block, {"blocked": True, "reason": "lost"}),
        ("/console/cards/replacements", {"credential_id": card.file.credential_id, "uid": _uid(), "reason": "lost"}),
        ("/console/phone-activations", {"agency_id": agency_id, "holder_ids": [holder_id]}),
    ]
    refused = [
        ("/console/enrolments", {"canteen_id": 1}),
        ("/console/enrolments/1/approval", None),
        ("/console/credentials/1/block", {"blocked": True, "reason": "lost"}),
        ("/console/cards", {"agency_id": agency_id, "cards": [{"holder_id": holder_id, "uid": card.uid.hex()}]}),
        ("/console/cards/replacements", {"credential_id": 1, "uid": _uid(), "reason": "lost"}),
        ("/console/phone-activations", {"agency_id": network.agency_id("city"), "holder_ids": [holder_id]}),
    ]
    before = _audit_entries(system)
    for number, (path, message) in enumerate(changes, 1):
        network.centre.call("POST", path, message)
        assert _audit_entries(system) == before + number, path
    for path, message in refused:
        assert network.centre.ask("POST", path, message).status in (403, 404, 409), path
        assert _audit_entries(system) == before + len(changes), path


def test_names_are_sealed_in_the_database(network: Network, system: System) -> None:
    official = network.official()
    with psycopg.connect(system.database_url) as db:
        [sealed] = db.execute(
            "SELECT name_sealed FROM official WHERE holder_id = %s", (official.holder_id,)
        ).fetchone() or [b""]
    assert "王小明".encode() not in sealed


def test_a_terminal_that_is_late_with_its_key_is_listed(network: Network, system: System, scratch: Path) -> None:
    late, fresh = network.terminal(scratch, "yuyao"), network.terminal(scratch, "yuyao")
    with psycopg.connect(system.database_url) as db:
        # As if it had been enrolled a year and a week ago.
        db.execute(
            "UPDATE terminal SET enrolled_at = enrolled_at - interval '372 days 1 hour' WHERE terminal_id = %s",
            [late.identity.terminal_id],
        )

    def listed(login: str, query: str = "?limit=500") -> dict[int, Any]:
        return {
            one["terminal_id"]: one for one in network.person(login).call("GET", f"/console/terminals{query}")["items"]
        }

    mine = listed("admin-yuyao")
    now = datetime.now(UTC)
    due = {number: datetime.fromisoformat(one["renew_key_by"]) < now for number, one in mine.items()}
    assert {late.identity.terminal_id: True, fresh.identity.terminal_id: False}.items() <= due.items()
    assert {one["agency_id"] for one in mine.values()} == {network.agency_id("yuyao")}
    said = [mine[late.identity.terminal_id][name] for name in ("software", "model", "serial", "protocol")]
    assert said == [SOFTWARE, "software terminal", str(late.identity.terminal_id), PROTOCOL]
    assert listed("admin-yuyao", "?late=true&limit=500").keys() == {late.identity.terminal_id}
    assert late.identity.terminal_id in listed("centre", "?late=true&limit=500")
    assert late.identity.terminal_id not in listed("admin-yinzhou")
    assert network.person("supervisor").ask("GET", "/console/terminals").status == 403

    shown = system.command("terminals", "--late", check=False)
    assert shown.returncode == 1
    assert f"{late.identity.terminal_id}" in shown.stdout
    assert "(late)" in shown.stdout
    told = json.loads(system.command("terminals", "--json").stdout)
    assert {one["terminal_id"] for one in told} >= {late.identity.terminal_id, fresh.identity.terminal_id}
    assert "onecard_terminals_late 1.0" in _metrics(system)

    # It renews its key, as every terminal that signs on does.
    late.sign_on()
    assert late.identity.terminal_id not in listed("centre", "?late=true&limit=500")
    assert system.command("terminals", "--late").stdout == "No terminal is late with the renewal of its key\n"
    assert "onecard_terminals_late 0.0" in _metrics(system)


def _metrics(system: System) -> str:
    return urllib3.request("GET", f"{system.url}/metrics").data.decode()


def at_console(network: Network, till: Terminal, action: str, body: Any, login: str = "admin-yinzhou") -> int:
    path = f"/console/terminals/{till.identity.terminal_id}/{action}"
    return int(network.person(login).ask("POST", path, body).status)


def listed_as(network: Network, till: Terminal) -> dict[str, Any]:
    shown: dict[str, Any] = network.centre.call("GET", f"/console/terminals/{till.identity.terminal_id}")
    return shown


def wait_until_refused(till: Terminal, card: SoftwareCard) -> None:
    """A worker knows a session for up to three seconds after it has ended."""
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        try:
            till.charge_card(card, "lunch")
        except OutcomeUnknown as refused:
            assert refused.slug == "bad-signature", "it cannot sign on again"
            return
        time.sleep(0.5)
    raise AssertionError("it still pays")


def test_a_terminal_tells_how_it_is(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch)
    fresh = listed_as(network, till)
    assert (fresh["state"], fresh["name"], fresh["seen_at"], fresh["unknown_payments"]) == ("active", None, None, None)
    assert at_console(network, till, "name", {"name": "1号窗口"}) == 204
    assert at_console(network, till, "name", {"name": "x"}, "admin-yuyao") == 403
    till.refresh_parameters()
    till.refresh_block_list()
    till.open_shift("c-07", "1")
    till.close_shift()
    told = listed_as(network, till)
    assert told["name"] == "1号窗口"
    assert abs(told["clock_ahead_s"]) < 60
    assert told["block_list_version"] <= till.block_list_version
    assert (told["unknown_payments"], told["software"]) == (0, SOFTWARE)
    assert told["seen_at"] >= told["signed_on_at"]
    named = network.centre.call("GET", f"/console/terminals?name=号窗&agency_id={network.agency_id('yinzhou')}")
    assert till.identity.terminal_id in [one["terminal_id"] for one in named["items"]]


def test_a_suspended_terminal_does_nothing_until_it_is_resumed(network: Network, scratch: Path) -> None:
    till, card = network.terminal(scratch), network.card(network.official())
    why = {"reason": "盘点"}
    assert at_console(network, till, "suspension", why, "admin-yuyao") == 403
    assert at_console(network, till, "suspension", why) == 204
    assert at_console(network, till, "suspension", why) == 204, "again changes nothing"
    assert listed_as(network, till)["state"] == "suspended"
    wait_until_refused(till, card)
    assert at_console(network, till, "resumption", why) == 204
    till.sign_on()
    assert till.charge_card(card, "breakfast").outcome == "approved"
    assert at_console(network, till, "revocation", why) == 204
    assert at_console(network, till, "suspension", why) == at_console(network, till, "resumption", why) == 409


def test_a_moved_terminal_leaves_its_shifts_and_payments_where_it_took_them(
    network: Network, system: System, scratch: Path
) -> None:
    till, card = network.terminal(scratch), network.card(network.official())
    before, elsewhere = network.canteen_id("yinzhou"), network.canteen_id("yuyao")
    meals = [{"meal": "lunch", "starts": "00:00:00", "ends": "23:59:00"}]
    message = {"agency_id": network.agency_id("yinzhou"), "name_zh": f"新食堂{secrets.token_hex(3)}", "meals": meals}
    after = network.centre.call("POST", "/registry/canteens", message | {"name_en": secrets.token_hex(6)})["number"]
    shift = till.open_shift("c-07", "1")
    assert till.charge_card(card, "lunch").outcome == "approved"
    assert at_console(network, till, "canteen", {"canteen_id": after}) == 409, "its shift is open"
    till.close_shift()
    assert at_console(network, till, "canteen", {"canteen_id": elsewhere}) == 409, "of another agency"
    assert at_console(network, till, "canteen", {"canteen_id": 7}) == 404
    assert at_console(network, till, "canteen", {"canteen_id": after}, "admin-yuyao") == 403
    assert at_console(network, till, "canteen", {"canteen_id": after}) == 204
    till.sign_on()
    assert till.parameters.canteen.canteen_id == after
    number = till.identity.terminal_id
    later = till.open_shift("c-08", "1")
    till.close_shift()
    shifts = network.centre.call("GET", f"/settlement/shifts?terminal_id={number}")["items"]
    assert {one["first_sequence"]: one["canteen_id"] for one in shifts} == {shift: before, later: after}
    [paid] = network.centre.call("GET", f"/settlement/payments?terminal_id={number}")["items"]
    assert paid["canteen_id"] == before
    assert "FAIL" not in system.command("verify").stdout
