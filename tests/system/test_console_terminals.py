"""The console: who may act for which agency, its audit entries, sealed names."""

import json
import secrets
from pathlib import Path
from typing import Any

import psycopg
import urllib3

from terminals.client_device import SOFTWARE
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

    def listed(login: str, query: str = "") -> dict[int, Any]:
        return {one["terminal_id"]: one for one in network.person(login).call("GET", f"/console/terminals{query}")}

    mine = listed("admin-yuyao")
    assert {late.identity.terminal_id: True, fresh.identity.terminal_id: False}.items() <= {
        number: one["is_late"] for number, one in mine.items()
    }.items()
    assert {one["agency_id"] for one in mine.values()} == {network.agency_id("yuyao")}
    said = [mine[late.identity.terminal_id][name] for name in ("software", "model", "serial", "protocol")]
    assert said == [SOFTWARE, "software terminal", str(late.identity.terminal_id), PROTOCOL]
    assert listed("admin-yuyao", "?late=true").keys() == {late.identity.terminal_id}
    assert late.identity.terminal_id in listed("centre", "?late=true")
    assert late.identity.terminal_id not in listed("admin-yinzhou")
    assert network.person("kitchen-yuyao").ask("GET", "/console/terminals").status == 403

    shown = system.command("terminals", "--late", check=False)
    assert shown.returncode == 1
    assert f"{late.identity.terminal_id}" in shown.stdout
    assert "(late)" in shown.stdout
    told = json.loads(system.command("terminals", "--json").stdout)
    assert {one["terminal_id"] for one in told} >= {late.identity.terminal_id, fresh.identity.terminal_id}
    assert "onecard_terminals_late 1.0" in _metrics(system)

    # It renews its key, as every terminal that signs on does.
    late.sign_on()
    assert late.identity.terminal_id not in listed("centre", "?late=true")
    assert system.command("terminals", "--late").stdout == "No terminal is late with the renewal of its key\n"
    assert "onecard_terminals_late 0.0" in _metrics(system)


def _metrics(system: System) -> str:
    return urllib3.request("GET", f"{system.url}/metrics").data.decode()
