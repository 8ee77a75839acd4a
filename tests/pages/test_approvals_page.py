"""The second person's inbox: what waits, what it changes, and the decision in its place; and rules by date."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from demo.city import PASSWORD
from tests.axe import violations
from tests.builders import Network, Town
from tests.console_page import come_in, forget
from tests.running_system import Person
from tests.system.test_approvals import MUCH, bank_account, close_day, correction, deposits, grant_file, send

SECRET = "clouds over the lake"


@pytest.fixture(scope="module")
def town(network: Network, scratch: Path) -> Town:
    return Town(network, scratch)


@pytest.fixture
def approver(browser: Browser, network: Network) -> Iterator[Page]:
    page = come_in(browser, network, "approver", "/approvals-inbox")
    yield page
    page.context.close()


def asked(town: Town, ask: tuple[str, str, Any]) -> int:
    answer = send(town, *ask)
    assert answer.status == 202, answer.data.decode()
    return int(answer.json()["approval_id"])


def look_at(page: Page, network: Network, number: int) -> None:
    page.goto(f"{network.url}/console/#/approvals-inbox?number={number}")
    expect(page.locator(".request")).to_contain_text(f"Request {number}")


def before_and_after(page: Page, field: str) -> list[str]:
    cells = page.locator(".changes tr", has=page.get_by_role("rowheader", name=field, exact=True)).locator("td")
    return cells.all_inner_texts()


def test_a_bank_account_is_shown_before_and_after(approver: Page, network: Network, town: Town) -> None:
    ask = bank_account(town)
    number = asked(town, ask)
    look_at(approver, network, number)
    expect(approver.locator(".request h2")).to_have_text("Change of a bank account")
    [before, after] = before_and_after(approver, "Account number")
    assert after == ask[2]["number"] != before
    expect(approver.locator(".request")).to_contain_text("used 24 hours after the approval")
    expect(approver.locator(".request")).to_contain_text("centre")


def test_a_payroll_file_is_shown_with_its_rows_and_checksum(approver: Page, network: Network, town: Town) -> None:
    number = asked(town, grant_file(town))
    look_at(approver, network, number)
    request = approver.locator(".request")
    expect(request.locator(".amount")).to_have_text("9,000.00 yuan")
    expect(request.get_by_role("region", name="Rows (1)", exact=True)).to_contain_text("9,000.00")
    expect(request).to_contain_text(re.compile("Checksum .SHA-256.[0-9a-f]{64}"))
    with approver.expect_download() as saved:
        request.get_by_role("button", name="Save the rows").click()
    assert "9000" in saved.value.path().read_text(encoding="utf-8-sig")


def test_a_refund_says_what_the_payment_becomes(approver: Page, network: Network, town: Town) -> None:
    official = network.official("yuyao", cash_fen=MUCH)
    answer = network.terminal(town.folder).charge_card(network.card(official), "lunch")
    assert answer.receipt is not None, answer
    paid = MUCH - network.purses(official)[0]
    network.system.command("add-user", "inbox-operator", "centre_operator", typed=f"{SECRET}\n")
    with psycopg.connect(network.system.database_url) as db:
        # He has moved all that one person moves in a day: the next refund takes two.
        days = [(day,) for day in (date.today(), date.today() + timedelta(days=1))]
        db.cursor().executemany("INSERT INTO maker_day VALUES ('inbox-operator', %s, 100000000000)", days)
    message = {"posting_id": str(uuid4()), "payment": str(answer.receipt.number), "amount_fen": 100, "reason": "plate"}
    number = Person(network.url, "inbox-operator", SECRET).call("POST", "/settlement/refunds", message)["approval_id"]
    look_at(approver, network, number)
    expect(approver.locator(".changes tr")).to_have_count(2)
    assert before_and_after(approver, "Given back (yuan)") == ["0.00", "1.00"]
    assert before_and_after(approver, "Paid, net of that (yuan)") == [f"{paid / 100:.2f}", f"{paid / 100 - 1:.2f}"]


def test_an_early_close_and_a_correction(approver: Page, network: Network, town: Town) -> None:
    day = date.fromisoformat(town.open_day)
    look_at(approver, network, asked(town, close_day(town)))
    assert before_and_after(approver, "The open business day") == [str(day), str(day + timedelta(days=1))]
    expect(approver.locator(".request")).to_contain_text("台风停餐")
    look_at(approver, network, asked(town, correction(town)))
    expect(approver.get_by_role("region", name="Rows (1)", exact=True)).to_contain_text("withdrawn")


def test_the_next_one_comes_up_after_each_decision(browser: Browser, network: Network, town: Town) -> None:
    """By keyboard alone: approve with the proof, then reject with a reason."""
    first, second, third = (asked(town, deposits(town, "/settlement/top-ups", "centre")) for _ in range(3))
    page = come_in(browser, network, "approver", f"/approvals-inbox?number={first}")
    queue = page.get_by_role("navigation", name="Waiting for you")
    expect(queue.locator("[aria-current]")).to_contain_text("9,000.00 yuan")
    with psycopg.connect(network.system.database_url) as db:
        db.execute(
            "UPDATE console_session SET proved_at = now() - interval '1 hour'"
            " WHERE user_id = (SELECT user_id FROM console_user WHERE login = 'approver')"
        )
    page.get_by_role("button", name="Approve", exact=True).press("Enter")
    sure = page.get_by_role("button", name="Confirm the approval")
    expect(sure).to_be_focused()
    sure.press("Enter")
    dialog = page.get_by_role("dialog", name="Is it you?")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Password").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text(f"Request {first} is approved and carried out")
    forget(network, "approver")
    expect(page.locator(".request")).to_contain_text(f"Request {second}")
    expect(page.locator(".request h2")).to_be_focused()
    reject = page.get_by_role("button", name="Reject", exact=True)
    reject.press("Enter")
    expect(page.get_by_text("Say why you reject it")).to_be_visible()
    remark = page.get_by_label("Remark")
    expect(remark).to_be_focused()
    remark.fill("paid twice")
    reject.press("Enter")
    page.get_by_role("button", name="Confirm the rejection").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text(f"Request {second} is rejected")
    expect(page.locator(".request")).to_contain_text(f"Request {third}")
    states = [network.person("approver").call("GET", f"/console/approvals/{one}") for one in (first, second, third)]
    assert [one["state"] for one in states] == ["approved", "rejected", "pending"]
    assert states[1]["decision"] == "paid twice"
    look_at(page, network, second)
    expect(page.locator(".request")).to_contain_text("paid twice")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    page.context.close()


def test_nobody_is_offered_his_own_request(browser: Browser, network: Network, town: Town) -> None:
    number = asked(town, deposits(town, "/settlement/grants"))
    page = come_in(browser, network, "finance-yinzhou", f"/approvals-inbox?number={number}")
    expect(page.locator(".request")).to_contain_text("Your own request: somebody else decides it")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    expect(page.locator(f".queue a[href$='number={number}']")).to_have_count(0)
    page.context.close()


def test_what_somebody_else_has_decided_is_told(approver: Page, network: Network, town: Town) -> None:
    number = asked(town, deposits(town, "/settlement/top-ups", "centre"))
    look_at(approver, network, number)
    approver.get_by_role("button", name="Approve", exact=True).click()
    network.person("approver").call("POST", f"/console/approvals/{number}/rejection", {"reason": "no"})
    approver.get_by_role("button", name="Confirm the approval").click()
    expect(approver.locator(".request [role=alert], .request .calm").first).to_be_visible()
    expect(approver.get_by_role("button", name="Approve", exact=True)).to_have_count(0)


def test_the_home_page_the_row_and_the_old_address_lead_here(browser: Browser, network: Network, town: Town) -> None:
    number = asked(town, deposits(town, "/settlement/top-ups", "centre"))
    page = come_in(browser, network, "approver")
    page.locator("main .tasks").get_by_role("link", name=re.compile("approv", re.IGNORECASE)).first.click()
    expect(page.locator(f".queue a[href$='number={number}']")).to_be_visible()
    page.goto(f"{network.url}/console/#/console/approvals/{number}")
    page.get_by_role("link", name="See what it changes").click()
    expect(page.locator(".request")).to_contain_text(f"Request {number}")
    page.goto("about:blank")
    page.goto(f"{network.url}/approvals?number={number}&lang=en")
    expect(page.locator(".request")).to_contain_text(f"Request {number}")
    page.context.close()


@pytest.mark.parametrize(("width", "look"), [(390, "light"), (820, "dark"), (1280, "light"), (1280, "dark")])
def test_the_inbox_is_for_everybody(browser: Browser, network: Network, town: Town, width: int, look: str) -> None:
    numbers = [asked(town, ask) for ask in (bank_account(town), grant_file(town))]
    size = {"width": width, "height": 900}
    page = come_in(browser, network, "approver", "/approvals-inbox", viewport=size, color_scheme=look)
    for number in numbers:
        look_at(page, network, number)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Approve", exact=True).click()
    assert violations(page) == []
    page.context.close()


def test_who_may_not_see_approvals_has_no_inbox(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "supervisor", "/approvals-inbox")
    expect(page.get_by_role("alert")).to_contain_text("Your role may not see this page")
    expect(page.locator("#menu a[href='#/approvals-inbox']")).to_have_count(0)
    page.context.close()


def test_coming_rules_are_shown_against_those_in_force(browser: Browser, network: Network) -> None:
    rules = network.centre.call("GET", "/settlement/rules")["items"][0]
    coming = str(date.today() + timedelta(days=400))
    page = come_in(browser, network, "centre", f"/acts/change_rules/{rules['book']}/{rules['valid_from']}")
    page.get_by_label("Valid from").fill(coming)
    page.get_by_label(re.compile("^Most a payment")).fill("77.00")
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    page.goto(f"{network.url}/console/#/settlement/rules/{rules['book']}/{rules['valid_from']}")
    expect(page.get_by_role("heading", name=re.compile("^Changes from"))).to_be_visible()
    rows = page.locator(".changes tr", has_text="77.00")
    expect(rows.last.locator("ins")).to_have_text("77.00")
    assert violations(page) == []
    page.context.close()
