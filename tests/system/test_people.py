"""One official: found by name, changed, suspended and resumed, gone; with all that is his."""

import secrets
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.builders import Network, Official
from tests.running_system import Person


@pytest.fixture
def official(network: Network) -> Official:
    return network.official(subsidy_fen=500)


def file_of(person: Person, official: Official) -> dict[str, Any]:
    found: dict[str, Any] = person.call("GET", f"/registry/officials/{official.holder_id}/account")
    return found


def entries(network: Network, action: str) -> list[dict[str, Any]]:
    asked = f"/console/audit-entries?action={action}&sort=-number&limit=20"
    found: list[dict[str, Any]] = network.approver.call("GET", asked)["items"]
    return found


def test_names_are_found_by_their_own_agency_alone_and_every_search_is_logged(network: Network) -> None:
    agency_id, mark = network.agency_id("yinzhou"), secrets.token_hex(3)
    people = [{"name": f"欧阳{mark}", "staff_number": mark}]
    message = {"agency_id": agency_id, "officials": people}
    [holder_id] = network.centre.call("POST", "/registry/officials", message)["holder_ids"]
    admin, search = network.person("admin-yinzhou"), "/registry/officials/search"
    found = admin.call("POST", search, {"agency_id": agency_id, "name": f"阳{mark.upper()}"})
    assert [(one["holder_id"], one["name"]) for one in found["people"]] == [(holder_id, f"欧阳{mark}")]
    for person in (network.centre, network.person("admin-yuyao")):
        assert person.ask("POST", search, {"agency_id": agency_id, "name": mark}).status == 403
    [entry, *_] = entries(network, "search_officials")
    assert (entry["actor"], entry["subject"], entry["detail"]["found"]) == (
        "admin-yinzhou", f"agency/{agency_id}", 1,
    )  # fmt: skip
    assert mark not in str(entry["detail"])
    name = f"/registry/officials/{holder_id}/name"
    assert admin.call("GET", name) == {"name": f"欧阳{mark}"}
    assert entries(network, "see_name")[0]["subject"] == f"official/{holder_id}"
    assert network.centre.ask("GET", name).status == 403
    assert network.person("admin-yuyao").ask("GET", name).status == 404
    assert mark not in network.system.output


def test_who_is_suspended_pays_nothing_until_somebody_else_resumes_him(
    network: Network, official: Official, tmp_path: Path
) -> None:
    card, till, admin = network.card(official), network.terminal(tmp_path), network.person("admin-yinzhou")
    assert till.charge_card(card, "lunch").outcome == "approved"
    path, why = f"/registry/officials/{official.holder_id}", {"reason": "长期外派"}
    admin.call("POST", f"{path}/suspension", why)
    admin.call("POST", f"{path}/suspension", why)
    refused = till.charge_card(card, "lunch")
    assert (refused.outcome, refused.reason) == ("refused", "not_entitled")
    with psycopg.connect(network.system.database_url) as db:
        listed = "SELECT blocked FROM block_entry WHERE credential_id = %s ORDER BY version"
        assert db.execute(listed, (card.file.credential_id,)).fetchall() == [(True,)]
    block = {"blocked": False, "reason": "x"}
    assert admin.ask("POST", "/console/cards", {"agency_id": official.agency_id, "cards": [
        {"holder_id": official.holder_id, "uid": f"04{secrets.token_hex(6)}"}]}).status == 409  # fmt: skip
    assert network.approver.ask("POST", f"/console/credentials/{card.file.credential_id}/block", block).status == 409
    assert admin.ask("POST", f"{path}/resumption", why).status == 403
    network.centre.call("POST", f"{path}/resumption", why)
    assert till.charge_card(card, "lunch").outcome == "approved"
    with psycopg.connect(network.system.database_url) as db:
        assert db.execute(listed, (card.file.credential_id,)).fetchall() == [(True,), (False,)]
    network.system.command("verify")


def test_who_has_left_keeps_his_purses_and_can_be_paid_out(network: Network, official: Official) -> None:
    network.card(official)
    path = f"/registry/officials/{official.holder_id}"
    network.person("admin-yinzhou").call("POST", f"{path}/departure", {"reason": "退休"})
    found = file_of(network.centre, official)
    assert (found["state"], found["cash_fen"], found["subsidy_fen"]) == ("leaving", 10_000, 500)
    assert [one["state"] for one in found["credentials"]] == ["blocked"]
    assert network.centre.ask("POST", f"{path}/suspension", {"reason": "x"}).status == 409
    closure = {"posting_id": f"0190b0d4-0000-7000-8000-{secrets.token_hex(6)}", "holder_id": official.holder_id}
    assert network.with_approval(network.centre, "/console/closures", closure)["cash_fen"] == 10_000
    assert file_of(network.centre, official)["state"] == "left"


def test_one_official_with_all_that_is_his(network: Network, official: Official) -> None:
    admin = network.person("admin-yinzhou")
    lost = network.card(official)
    replacement = {"credential_id": lost.file.credential_id, "uid": f"04{secrets.token_hex(6)}", "reason": "丢失"}
    network.centre.call("POST", "/console/cards/replacements", replacement)
    network.phone(official)
    visit = {"holder_id": official.holder_id, "host_agency_id": network.agency_id("hangzhou")}
    network.centre.call("POST", "/registry/visits", visit | {"first_day": "2026-11-02", "last_day": "2026-11-05"})
    change = {"name": "李四", "person_class": "trainee", "department": "财务处"}
    admin.call("PATCH", f"/registry/officials/{official.holder_id}", change)
    found = file_of(admin, official)
    assert (found["person_class"], found["department"], found["cash_fen"]) == ("trainee", "财务处", 10_000)
    old, new, phone = found["credentials"]
    assert (old["state"], new["replaces"], phone["kind"]) == ("blocked", old["credential_id"], "phone")
    assert [one["host_agency_id"] for one in found["visits"]] == [network.agency_id("hangzhou")]
    assert [one["action"] for one in found["history"]][:2] == ["change_official", "replace_card"]
    assert found["history"][0]["detail"] == {"name": True, "person_class": "trainee", "department": "财务处"}
    assert "李四" not in str(found)
    listed = admin.call("GET", f"/registry/officials/{official.holder_id}")
    assert (listed["person_class"], listed["state"]) == ("trainee", "active")
    for other in ("admin-yuyao", "finance-yuyao"):
        path = f"/registry/officials/{official.holder_id}/account"
        assert network.person(other).ask("GET", path).status == 404
    wrong = admin.ask("PATCH", f"/registry/officials/{official.holder_id}", {"person_class": "king"})
    assert wrong.status == 400


def test_rules_of_a_class_begin_on_a_day(network: Network) -> None:
    centre = network.centre
    classes = {one["code"] for one in centre.call("GET", "/settlement/person-classes")}
    assert classes >= {"official", "contractor", "trainee", "retiree", "family", "guest"}
    with psycopg.connect(network.system.database_url) as db:
        row = db.execute("SELECT local_date_of(now()) - 1, local_date_of(now()), local_date_of(now()) + 1").fetchone()
    assert row is not None
    yesterday, today, tomorrow = (str(day) for day in row)
    path = "/settlement/class-rules/3302"
    wanted = {"person_class": "family", "valid_from": tomorrow, "eats_at_home": True, "eats_elsewhere": False,
              "price": "visitor"}  # fmt: skip
    centre.call("POST", path, wanted)
    centre.call("POST", path, wanted | {"valid_from": today, "price": "home"})
    found = [one for one in centre.call("GET", path) if one["person_class"] == "family"]
    assert [(one["valid_from"], one["price"]) for one in found] == [(today, "home"), (tomorrow, "visitor")]
    refused = [
        (400, path, wanted | {"valid_from": today}), (400, path, wanted | {"valid_from": yesterday}),
        (400, path, wanted | {"person_class": "official"}), (400, path, wanted | {"person_class": "king"}),
        (400, path, wanted | {"price": "free"}), (404, "/settlement/class-rules/9999", wanted),
    ]  # fmt: skip
    for status, where, message in refused:
        assert centre.ask("POST", where, message).status == status, message
    assert network.person("admin-yinzhou").ask("POST", path, wanted).status == 403
    volunteer = {"name_zh": "志愿者", "name_en": "volunteer"}
    assert centre.ask("PUT", "/settlement/person-classes/Volunteer", volunteer).status == 400
    centre.call("PUT", "/settlement/person-classes/volunteer", volunteer)
    official = network.official()
    centre.call("PATCH", f"/registry/officials/{official.holder_id}", {"person_class": "volunteer"})
    listed = centre.call("GET", "/registry/officials?person_class=volunteer")["items"]
    assert [one["holder_id"] for one in listed] == [official.holder_id]


def test_who_may_eat_nowhere_is_refused_at_the_till(network: Network, tmp_path: Path) -> None:
    centre, official = network.centre, network.official()
    centre.call("PUT", "/settlement/person-classes/alumni", {"name_zh": "离任人员", "name_en": "alumni"})
    with psycopg.connect(network.system.database_url) as db:
        row = db.execute("SELECT local_date_of(now())::text").fetchone()
    assert row is not None
    rules = {"person_class": "alumni", "valid_from": row[0], "eats_at_home": False, "eats_elsewhere": True,
             "price": "home"}  # fmt: skip
    centre.call("POST", "/settlement/class-rules/3302", rules)
    card, till = network.card(official), network.terminal(tmp_path)
    assert till.charge_card(card, "lunch").outcome == "approved"
    centre.call("PATCH", f"/registry/officials/{official.holder_id}", {"person_class": "alumni"})
    refused = till.charge_card(card, "lunch")
    assert (refused.outcome, refused.reason) == ("refused", "not_entitled")
