"""Two hundred payments at a till in a browser, which is reloaded in between: its journal and the ledger agree."""

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page

from terminals.devices import SoftwarePhone
from terminals.phone import activate_phone
from tests.builders import Network
from tests.till_page import context, patience, press, shows, till, wedge

__all__ = ["context", "patience", "till"]

PAYMENTS = 200
RELOADED_AFTER = (60, 140)
VOIDED_AFTER = (20, 40, 58)
"""While the cashier is signed on, whom a reload signs off."""

_JOURNAL = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("till");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const all = opening.result.transaction("requests").objectStore("requests").getAll();
    all.onsuccess = () => resolve(all.result);
  };
})"""


def phones(network: Network, count: int) -> list[SoftwarePhone]:
    """Phones of officials who have a meal's money."""
    agency_id = network.agency_id("yinzhou")
    people = [{"name": "王小明", "staff_number": secrets.token_hex(6)} for _ in range(count)]
    message = {"agency_id": agency_id, "officials": people}
    holders = network.centre.call("POST", "/registry/officials", message)["holder_ids"]
    deposits = [{"posting_id": str(uuid4()), "holder_id": one, "amount_fen": 2_000} for one in holders]
    message = {"agency_id": agency_id, "deposits": deposits}
    network.with_approval(network.centre, "/settlement/top-ups", message)
    message = {"agency_id": agency_id, "holder_ids": holders}
    made = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda one: activate_phone(network.url, one["activation_id"], one["code"]), made))


def history(page: Page, terminal_id: int) -> list[dict[str, Any]]:
    """The till's own journal as `onecard check-history` reads it."""
    lines = []
    for entry in page.evaluate(_JOURNAL):
        if entry["operation"] not in ("charge", "void"):
            continue
        outcome = entry["outcome"]
        line = {name: entry[name] for name in ("epoch", "sequence", "operation")} | {"terminal_id": terminal_id}
        line["outcome"] = "ok" if outcome == "approved" else outcome
        receipt = json.loads(entry["answer"] or "{}").get("receipt") if outcome == "approved" else None
        if receipt:
            line |= {"posting_id": receipt["number"], "amount_fen": receipt["amount_fen"]}
        if entry["operation"] == "void":
            asked = json.loads(entry["body"])
            line |= {name: asked[name] for name in ("target_epoch", "target_sequence")}
        lines.append(line)
    return lines


def void_the_last(till: Page) -> None:
    press(till, "F6")
    dialog = till.get_by_role("dialog")
    dialog.get_by_label("餐次错误").check()
    dialog.get_by_role("button", name="撤销 10.00 元").click()
    shows(till, "look", "已撤销")
    till.get_by_role("button", name="知道了").click()


def test_two_hundred_payments_agree_with_the_ledger(till: Page, network: Network, tmp_path: Path) -> None:
    listed = network.centre.call("GET", "/console/terminals?limit=500")["items"]
    terminal_id = max(one["terminal_id"] for one in listed)
    for number, phone in enumerate(phones(network, PAYMENTS)):
        wedge(till, phone.show_short_code())
        shows(till, "good", "¥ 10.00")
        if number in VOIDED_AFTER:
            void_the_last(till)
        if number in RELOADED_AFTER:
            till.reload()
            shows(till, "ready")
    seen = tmp_path / "history.jsonl"
    lines = history(till, terminal_id)
    assert len(lines) == PAYMENTS + len(VOIDED_AFTER)
    seen.write_text("\n".join(map(json.dumps, lines)))
    compared = json.loads(network.system.command("check-history", str(seen), "--json").stdout)
    assert compared["holds"], compared
    assert compared["operations"]["ok"] == PAYMENTS - len(VOIDED_AFTER)
