"""Changes in the console, in a real browser: asked for, looked at once more, proved, sent, and found afterwards."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, Route, expect

from demo.city import PASSWORD
from tests.axe import violations
from tests.builders import Network
from tests.console_page import come_in, forget, go, patience, sign_in
from tests.running_system import Person
from tests.system.test_approvals import MUCH

__all__ = ["patience"]


@pytest.fixture
def centre(browser: Browser, network: Network) -> Iterator[Page]:
    page = come_in(browser, network, "centre")
    yield page
    page.context.close()


def choose(page: Page, label: str, word: str) -> None:
    field = page.get_by_label(label)
    field.click()
    field.fill(word)
    field.press("Enter")


def check(page: Page) -> None:
    page.get_by_role("button", name="Check").click()


def confirm(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Confirm")).click()


def done(page: Page) -> Locator:
    return page.locator(".ant-alert-success, .ant-alert-info").filter(has_text=re.compile("^(Done|Sent): "))


def start_at(page: Page, network: Network, place: str) -> None:
    go(page, network, place)
    expect(page.locator(".ant-skeleton")).to_have_count(0)


def test_a_region_is_registered_and_then_changed(centre: Page, network: Network) -> None:
    book = 900_000 + secrets.randbelow(90_000)
    start_at(centre, network, "/registry/regions")
    centre.get_by_role("link", name="Register a region").click()
    check(centre)
    name = centre.get_by_label("Chinese name")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(centre.get_by_text("Fill this in")).to_have_count(3)
    name.fill("舟山市")
    centre.get_by_label("English name").fill("Zhoushan")
    centre.get_by_label("Region").fill("x")
    check(centre)
    expect(centre.get_by_text("Enter a number")).to_be_visible()
    centre.get_by_label("Region").fill(str(book))
    check(centre)
    expect(centre.get_by_role("heading", name="Look at it once more")).to_be_focused()
    expect(centre.locator("main")).to_contain_text("Zhoushan")
    centre.get_by_role("button", name="Change").click()
    expect(centre.get_by_label("English name")).to_have_value("Zhoushan")
    check(centre)
    confirm(centre)
    expect(done(centre)).to_have_text("Done: Register a region")

    start_at(centre, network, f"/registry/regions/{book}")
    centre.get_by_role("link", name="Change the region").click()
    expect(centre.get_by_label("Chinese name")).to_have_value("舟山市")
    centre.get_by_label("English name").fill("Zhoushan City")
    check(centre)
    confirm(centre)
    expect(done(centre)).to_be_visible()
    shown = network.centre.call("GET", f"/registry/regions/{book}")
    assert (shown["name_zh"], shown["name_en"]) == ("舟山市", "Zhoushan City")
    start_at(centre, network, f"/registry/regions/{book}")
    expect(centre.locator("main")).to_contain_text("Zhoushan City")


def test_much_money_is_proved_and_waits_for_a_second_person(centre: Page, browser: Browser, network: Network) -> None:
    official = network.official("yuyao", cash_fen=0)
    start_at(centre, network, "/acts/top_up")
    choose(centre, "Agency", "Yuyao")
    centre.get_by_label("Holder").fill(str(official.holder_id))
    centre.get_by_label(re.compile("^Amount")).fill("1.234")
    check(centre)
    expect(centre.get_by_text("at most two decimals")).to_be_visible()
    centre.get_by_label(re.compile("^Amount")).fill(f"{MUCH // 100}.00")
    check(centre)
    expect(centre.locator("main")).to_contain_text(f"{MUCH // 100:,}.00 yuan")
    with psycopg.connect(network.system.database_url) as db:
        db.execute(
            "UPDATE console_session SET proved_at = now() - interval '1 hour'"
            " WHERE user_id = (SELECT user_id FROM console_user WHERE login = 'centre')"
        )
    confirm(centre)
    dialog = centre.get_by_role("dialog", name="Is it you?")
    password = dialog.get_by_label("Password")
    expect(password).to_be_focused()
    assert violations(centre) == []
    password.press("Escape")
    expect(dialog).to_have_count(0)
    expect(centre.get_by_text("nothing was changed")).to_be_visible()
    confirm(centre)
    password.fill("not the password")
    password.press("Enter")
    expect(dialog.get_by_role("alert")).to_be_visible()
    password.fill(PASSWORD)
    password.press("Enter")
    expect(done(centre)).to_contain_text("waits for a second person's approval")
    forget(network, "centre")
    centre.get_by_role("link", name="See the approval").click()
    expect(centre).to_have_url(re.compile(r"/console/approvals/\d+$"))
    number = centre.url.rpartition("/")[2]

    second = come_in(browser, network, "approver", f"/console/approvals/{number}")
    second.get_by_role("link", name="Approve", exact=True).click()
    check(second)
    confirm(second)
    expect(done(second)).to_have_text("Done: Approve")
    assert network.purses(official) == (MUCH, 0)
    second.get_by_role("link", name="Back", exact=True).click()
    expect(second.locator("main")).to_contain_text("approved")
    expect(second.get_by_role("link", name="Approve", exact=True)).to_have_count(0)
    second.context.close()


def test_a_payment_is_refunded_from_its_row(centre: Page, network: Network, tmp_path: Path) -> None:
    official = network.official("yuyao")
    terminal = network.terminal(tmp_path, "yuyao")
    answer = terminal.charge_card(network.card(official), "lunch", 1_500)
    assert answer.receipt is not None, answer
    start_at(centre, network, f"/settlement/payments?holder_id={official.holder_id}")
    centre.locator("main tbody th a").first.click()
    centre.get_by_role("link", name="Refund the payment").click()
    amount = centre.get_by_label(re.compile("^Amount"))
    paid = 10_000 - network.purses(official)[0]
    expect(amount).to_have_value(f"{paid / 100:.2f}")
    amount.fill("1.00")
    centre.get_by_label("Reason").fill("a plate fell")
    check(centre)
    confirm(centre)
    expect(done(centre)).to_be_visible()
    assert network.purses(official)[0] == 10_000 - paid + 100


def test_what_was_typed_outlives_the_session(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "centre")
    start_at(page, network, "/acts/register_visit")
    page.get_by_label("Holder").fill("1234")
    page.context.clear_cookies()
    page.reload()
    sign_in(page, "centre")
    expect(page.get_by_role("heading", level=1)).to_have_text("Register a visit")
    expect(page.get_by_label("Holder")).to_have_value("1234")
    page.locator(".me").get_by_role("button").last.click()
    page.get_by_text("Sign out", exact=True).click()
    page.wait_for_url("**/sign-on**")
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('onecard.act'))") == []
    page.context.close()


def test_the_centres_refusal_is_told_and_loses_nothing(centre: Page, network: Network) -> None:
    start_at(centre, network, "/acts/register_visit")
    centre.get_by_label("Holder").fill("1")
    choose(centre, "Host agency", "Yuyao")
    centre.get_by_label(re.compile("^First day")).fill("2026-11-20")
    centre.get_by_label(re.compile("^Last day")).fill("2026-11-10")
    check(centre)
    confirm(centre)
    expect(centre.get_by_role("alert")).to_be_visible()
    expect(centre.get_by_label("Holder")).to_have_value("1")


def test_a_lost_answer_is_asked_for_again_and_nothing_is_done_twice(centre: Page, network: Network) -> None:
    official = network.official("yuyao", cash_fen=0)
    start_at(centre, network, "/acts/top_up")
    choose(centre, "Agency", "Yuyao")
    centre.get_by_label("Holder").fill(str(official.holder_id))
    centre.get_by_label(re.compile("^Amount")).fill("12.50")
    check(centre)
    lost = list[int]()

    def lose(route: Route) -> None:
        answer = route.fetch()
        lost.append(answer.status)
        if len(lost) == 1:
            route.abort()
        else:
            route.fulfill(response=answer)

    centre.route("**/settlement/top-ups", lose)
    confirm(centre)
    expect(centre.get_by_text("The outcome is unknown")).to_be_visible()
    confirm(centre)
    expect(done(centre)).to_be_visible()
    assert len(lost) == 2
    assert network.purses(official) == (1_250, 0)


def test_a_file_is_checked_before_it_is_kept(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "kitchen-yuyao")
    start_at(page, network, "/acts/publish_menus_by_file")
    check(page)
    expect(page.get_by_text("Choose a file")).to_be_visible()
    nonsense: FilePayload = {"name": "menus.csv", "mimeType": "text/csv", "buffer": b"what,is,this\n1,2,3\n"}
    page.get_by_label("File").set_input_files(nonsense)
    check(page)
    expect(page.locator("main")).to_contain_text("menus.csv")
    confirm(page)
    expect(page.get_by_role("alert")).to_be_visible()
    page.context.close()


def test_a_secret_is_shown_and_copied(centre: Page, network: Network) -> None:
    centre.context.grant_permissions(["clipboard-read", "clipboard-write"])
    start_at(centre, network, "/acts/enrol_terminal")
    centre.get_by_label("Canteen").click()
    centre.locator(".ant-select-item-option").first.click()
    check(centre)
    confirm(centre)
    expect(done(centre)).to_be_visible()
    code = centre.locator(".answer div").filter(has_text="Code").locator(".copied").inner_text()
    assert len(code) >= 8
    centre.locator(".answer div").filter(has_text="Code").get_by_role("button", name="Copy").click()
    assert centre.evaluate("navigator.clipboard.readText()") == code


def test_what_was_made_leads_to_what_is_done_next(centre: Page, network: Network) -> None:
    start_at(centre, network, "/acts/make_sheet")
    centre.get_by_label("Canteen").click()
    centre.locator(".ant-select-item-option").first.click()
    name = centre.get_by_role("textbox", name="Name")
    expect(name).to_have_accessible_description(re.compile("The window where it hangs"))
    name.fill("Window 7")
    check(centre)
    confirm(centre)
    expect(done(centre)).to_be_visible()
    centre.get_by_role("link", name="Print the code").click()
    expect(centre.get_by_role("heading", name="Print the code")).to_be_visible()
    expect(centre.locator(".facts")).to_contain_text("Window 7")


ASKED = ("centre", "approver", "acts-auditor", "supervisor", "finance-yuyao")


def test_nobody_is_offered_what_his_role_may_not_do(browser: Browser, network: Network) -> None:
    network.system.command("add-user", "acts-auditor", "auditor", typed="clouds over the lake\n")
    auditor = come_in(browser, network, "acts-auditor", "/settlement/top-ups", password="clouds over the lake")
    expect(auditor.get_by_role("heading", level=1)).to_be_visible()
    expect(auditor.get_by_role("link", name="Top up cash purses")).to_have_count(0)
    auditor.goto(f"{network.url}/console/#/acts/top_up")
    expect(auditor.get_by_role("alert")).to_contain_text("Your role may not see this page")
    auditor.context.close()
    acts = {login: names(network, login) for login in ASKED}
    assert acts["acts-auditor"] == {
        "print_sheet",
        "save_statement",
        "preview_bulletin",
        "name_official",
        "name_cashier",
    }
    assert "approve" not in acts["centre"]
    assert acts["approver"] >= {"approve", "reject", "publish_bulletin"}
    assert "top_up" in acts["finance-yuyao"]
    assert "issue_cards" not in acts["finance-yuyao"]
    assert "freeze_quarter" in acts["supervisor"]


def names(network: Network, login: str) -> set[str]:
    password = "clouds over the lake" if login == "acts-auditor" else PASSWORD
    return {act["name"] for act in Person(network.url, login, password).call("GET", "/console/acts")}


def test_each_side_of_a_dispute_is_offered_its_own_act(network: Network) -> None:
    agency = str(network.agency_id("yuyao"))
    acts = {one["name"]: one["when"] for one in network.person("finance-yuyao").call("GET", "/console/acts")}
    assert acts["answer_dispute"] == {"state": ["open"], "other_agency": [agency]}
    assert acts["withdraw_dispute"] == {"state": ["open", "answered"], "raised_by_agency": [agency]}


@pytest.mark.parametrize(("width", "look"), [(390, "light"), (820, "dark"), (1280, "light")])
def test_forms_are_for_everybody(browser: Browser, network: Network, width: int, look: str) -> None:
    size = {"width": width, "height": 900}
    page = come_in(browser, network, "centre", viewport=size, locale="zh-CN", color_scheme=look)
    canteen = network.canteen_id("yuyao")
    rules = network.centre.call("GET", "/settlement/rules")["items"][0]
    places = (
        "/acts/publish_menu",
        f"/acts/set_meals/{canteen}",
        "/acts/top_up",
        f"/acts/change_rules/{rules['book']}/{rules['valid_from']}",
    )
    for place in places:
        start_at(page, network, place)
        assert violations(page) == [], place
        page.get_by_role("button", name="下一步").click()
        assert violations(page) == [], (place, "faults")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place
    start_at(page, network, f"/acts/suspend_canteen/{canteen}")
    page.get_by_label("事由").fill("停水")
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_role("button", name="确认")).to_be_visible()
    assert violations(page) == []
    page.context.close()
