"""The console: who may act for which agency, its audit entries, sealed names."""

import secrets

import psycopg

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
