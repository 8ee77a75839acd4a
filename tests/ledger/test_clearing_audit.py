"""The audit log of clearing: a change has exactly one entry, a refusal and a repeat that changed nothing have none."""

from typing import Any

import psycopg
import pytest
import urllib3

from tests.bank import CENTRE, camt, entry
from tests.builders import Network
from tests.running_system import Person, System


class Log:
    """The audit log of a system, read beside it."""

    def __init__(self, system: System) -> None:
        self.url = system.database_url

    def actions(self) -> list[str]:
        with psycopg.connect(self.url) as db:
            return [action for (action,) in db.execute("SELECT action FROM audit_entry ORDER BY entry")]

    def new(self, call: Any, *arguments: Any, **more: Any) -> tuple[int, list[str]]:
        """The status of a call, and the actions that it added to the log."""
        before = len(self.actions())
        answer = call(*arguments, **more)
        return answer.status, self.actions()[before:]


def confirm(person: Person, content: bytes) -> urllib3.BaseHTTPResponse:
    headers = {"content-type": "application/xml", "authorization": f"Bearer {person.token}"}
    return urllib3.request("POST", f"{person.url}/clearing/confirmations", body=content, headers=headers)


@pytest.fixture
def played(own: System) -> Network:
    """A running network in which a visitor from Hangzhou has had lunch."""
    own.start()
    network = Network(own)
    terminal = network.terminal(own.folder, "city")
    assert terminal.charge_card(network.card(network.official("hangzhou")), "lunch").outcome == "approved"
    return network


@pytest.mark.one_worker
def test_a_change_has_one_entry_and_a_refusal_none(own: System, played: Network) -> None:
    """From closing the day to a decided dispute, each step first refused, then done, then repeated."""
    log, centre = Log(own), played.centre
    day = max(book["business_date"] for book in centre.call("GET", "/clearing/open-days"))
    cycles, bank_file = "/clearing/cycles", f"/clearing/cycles/{day}/bank-file"

    def approve() -> urllib3.BaseHTTPResponse:
        [asked, *_] = played.approver.call("GET", "/console/approvals?sort=-number")["items"]
        return played.approver.ask("POST", f"/console/approvals/{asked['approval_id']}/approval", {})

    assert log.new(centre.ask, "POST", cycles, {"business_date": "2099-01-01"}) == (409, [])
    assert log.new(centre.ask, "POST", cycles, {"business_date": "1999-01-01"}) == (404, [])
    assert log.new(centre.ask, "POST", bank_file) == (404, [])
    early = {"business_date": day, "reason": "提前打烊"}
    assert log.new(centre.ask, "POST", cycles, {"business_date": day}) == (409, [])
    assert log.new(centre.ask, "POST", cycles, early) == (202, ["ask_approval"])
    assert log.new(centre.ask, "POST", cycles, early) == (202, [])
    assert log.new(approve) == (200, ["approve"])
    assert log.new(approve) == (200, [])
    assert log.new(centre.ask, "POST", cycles, {"business_date": day}) == (201, [])

    account = {"agency_id": 0, "holder_name": CENTRE.holder_name, "number": CENTRE.number, "bank": CENTRE.bank}
    accounts = "/clearing/bank-accounts"
    assert log.new(centre.ask, "POST", accounts, account | {"agency_id": 77}) == (404, [])
    assert log.new(centre.ask, "POST", accounts, account | {"bank": "12"}) == (400, [])
    assert log.new(centre.ask, "POST", accounts, account) == (201, []), "the account that it has"
    assert log.new(centre.ask, "POST", accounts, account | {"number": "3901000000000042"}) == (202, ["ask_approval"])
    assert log.new(approve) == (200, ["approve"])
    assert log.new(centre.ask, "POST", bank_file) == (202, ["ask_approval"])
    assert log.new(approve) == (200, ["approve"])
    assert log.new(centre.ask, "POST", bank_file) == (201, ["bank_file"])

    legs = centre.call("GET", f"/clearing/cycles/{day}/legs")
    money = camt(*(entry(leg["reference"], leg["amount_fen"], leg["reference"], credit=leg["pay_in"]) for leg in legs))
    assert log.new(confirm, centre, camt(entry("B1", 1, "", currency="USD"))) == (400, [])
    assert log.new(confirm, centre, money) == (201, ["confirmations"])
    assert log.new(confirm, centre, money) == (201, [])
    assert centre.call("GET", f"/clearing/cycles/{day}")["state"] == "settled"

    guest, host = played.person("finance-hangzhou"), played.person("finance-city")
    [line] = guest.call("GET", f"/clearing/cycles/{day}/payments/{played.agency_id('hangzhou')}")
    message = {"posting_id": line["posting_id"], "amount_fen": 100, "text": "多收一元"}
    assert log.new(guest.ask, "POST", "/clearing/disputes", message | {"amount_fen": 10**9}) == (409, [])
    assert log.new(guest.ask, "POST", "/clearing/disputes", message) == (201, ["raise_dispute"])
    assert log.new(guest.ask, "POST", "/clearing/disputes", message) == (409, [])
    [dispute] = guest.call("GET", "/clearing/disputes")["items"]
    path = f"/clearing/disputes/{dispute['dispute_id']}"
    decision = {"accept": True, "text": "属实"}
    assert log.new(guest.ask, "POST", f"{path}/answer", {"text": "同意"}) == (403, [])
    assert log.new(host.ask, "POST", f"{path}/withdrawal") == (403, [])
    assert log.new(centre.ask, "POST", f"{path}/decision", decision) == (409, [])
    assert log.new(host.ask, "POST", f"{path}/answer", {"text": "同意"}) == (204, ["answer_dispute"])
    assert log.new(centre.ask, "POST", f"{path}/decision", decision) == (204, ["decide_dispute"])
    assert log.new(centre.ask, "POST", f"{path}/decision", decision) == (204, [])
    assert log.new(centre.ask, "POST", f"{path}/decision", decision | {"accept": False}) == (409, [])
    assert "FAIL" not in own.command("verify").stdout
