"""Two tabs of one browser: who signs in where another one was before finds nothing of his, and sends nothing of his."""

import re
import secrets
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Route, expect

from demo.city import PASSWORD
from tests.builders import Network
from tests.console_page import SLOW_MS, patience, sign_in
from tests.counter import NINGBO
from tests.pages.test_bulletins_page import frozen, number

__all__ = ["frozen", "number", "patience"]

DEAF = "BroadcastChannel.prototype.postMessage = () => {};"
"""Tabs that do not hear of each other: asleep, or of another browser's process."""
HEARS = pytest.mark.parametrize("deaf", [False, True], ids=["told", "deaf"])
TYPED = "Object.keys(sessionStorage).filter(key => key.startsWith('onecard.act'))"
STORES = "indexedDB.databases().then(all => all.map(one => one.name))"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    yield context
    context.close()


def begin(context: BrowserContext, network: Network, login: str, place: str, *, deaf: bool = False) -> Page:
    """The first tab, where somebody works."""
    if deaf:
        context.add_init_script(DEAF)
    page = context.new_page()
    page.goto(f"{network.url}/console/#{place}")
    sign_in(page, login)
    expect(page.locator("main h1")).to_be_visible()
    return page


def second_tab(context: BrowserContext, network: Network) -> Page:
    page = context.new_page()
    page.goto(f"{network.url}/console/#/about")
    expect(page.locator("main h1")).to_be_visible()
    return page


def sign_out(page: Page) -> None:
    page.locator(".me").get_by_role("button").last.click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.wait_for_url("**/sign-on**")


def somebody_else(context: BrowserContext, network: Network, login: str) -> Page:
    """In a second tab the one signs out, and another one signs in."""
    page = second_tab(context, network)
    sign_out(page)
    sign_in(page, login)
    expect(page.locator(".who")).to_contain_text(login)
    return page


def passes_to(page: Page, login: str, *, deaf: bool) -> None:
    """Somebody else goes on in a tab, which has led to the sign-in where it heard of the sign-out."""
    if not deaf:
        page.wait_for_url("**/sign-on**")
        page.reload()
    expect(page.locator(".who")).to_contain_text(login)


def fill_cashier(page: Page, digits: str) -> None:
    page.locator("#act-number").fill(digits)
    page.locator("#act-name").fill("甲所填的人")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", name="Look at it once more")).to_be_visible()


def confirm(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Confirm")).click()


@HEARS
def test_a_reviewed_act_is_not_carried_out_as_the_next_ones(
    context: BrowserContext, network: Network, deaf: bool
) -> None:
    digits = str(100_000 + secrets.randbelow(900_000))
    page = begin(context, network, "admin-yinzhou", "/acts/register_cashier", deaf=deaf)
    fill_cashier(page, digits)
    somebody_else(context, network, "kitchen-yinzhou")
    if deaf:
        confirm(page)
    passes_to(page, "kitchen-yinzhou", deaf=deaf)
    expect(page.locator("#act-number")).to_have_value("")
    expect(page.get_by_role("heading", name="Look at it once more")).to_have_count(0)
    cashiers = network.person("admin-yinzhou").call("GET", "/console/cashiers?limit=500")["items"]
    assert digits not in [one["number"] for one in cashiers]


@HEARS
def test_a_proof_is_asked_of_nobody_else(context: BrowserContext, network: Network, deaf: bool) -> None:
    official = network.official("yinzhou", cash_fen=0)
    page = begin(context, network, "finance-yinzhou", "/acts/top_up", deaf=deaf)
    page.get_by_label("Holder", exact=True).fill(str(official.holder_id))
    page.get_by_label(re.compile("^Amount")).fill("12.34")
    page.get_by_role("button", name="Check").click()
    with psycopg.connect(network.system.database_url) as db:
        db.execute(
            "UPDATE console_session SET proved_at = now() - interval '1 hour'"
            " WHERE user_id = (SELECT user_id FROM console_user WHERE login = 'finance-yinzhou')"
        )
    confirm(page)
    dialog = page.get_by_role("dialog", name="Is it you?")
    expect(dialog).to_be_visible()
    somebody_else(context, network, "centre")
    if deaf:
        dialog.get_by_label("Password").fill(PASSWORD)
        dialog.get_by_role("button", name="Go on", exact=True).click()
    passes_to(page, "centre", deaf=deaf)
    expect(dialog).to_have_count(0)
    expect(page.get_by_label("Holder", exact=True)).to_have_value("")
    assert network.centre.call("GET", f"/registry/officials/{official.holder_id}/account")["cash_fen"] == 0


@HEARS
def test_answers_and_lists_do_not_stay_on_the_next_ones_screen(
    context: BrowserContext, network: Network, deaf: bool
) -> None:
    network.official("yinzhou", cash_fen=0)
    page = begin(context, network, "admin-yinzhou", "/acts/find_officials", deaf=deaf)
    page.locator("#act-name").fill("王小明")
    page.locator("form.act button[type=submit]").click()
    expect(page.locator("main")).to_contain_text("王小明")
    listed = second_tab(context, network)
    listed.goto(f"{network.url}/console/#/registry/officials")
    expect(listed.locator("main table")).to_be_visible()
    somebody_else(context, network, "kitchen-hangzhou")
    if deaf:
        listed.get_by_role("button", name="Reload").click()
        page.evaluate("location.hash = '#/registry/visits'")
    for tab in (page, listed):
        passes_to(tab, "kitchen-hangzhou", deaf=deaf)
        expect(tab.locator("main [role=alert]")).to_be_visible()
        expect(tab.locator("main")).not_to_contain_text("王小明")
        expect(tab.locator("main table")).to_have_count(0)


@HEARS
def test_what_was_typed_is_not_the_next_ones(context: BrowserContext, network: Network, deaf: bool) -> None:
    page = begin(context, network, "admin-yinzhou", "/acts/register_cashier", deaf=deaf)
    page.locator("#act-name").fill("只有甲知道的人")
    assert page.evaluate(TYPED) != []
    somebody_else(context, network, "admin-hangzhou")
    if deaf:
        page.reload()
    passes_to(page, "admin-hangzhou", deaf=deaf)
    expect(page.locator("#act-name")).to_have_value("")
    assert page.evaluate(TYPED) == []


def test_signing_out_in_one_tab_leaves_nothing_in_the_others(
    context: BrowserContext, network: Network, number: int
) -> None:
    """Neither a text that asks before one leaves it, nor what the device keeps."""
    page = begin(context, network, "supervisor", f"/bulletins/{number}")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_label("Good practice").fill("没有保存的话")
    visit = second_tab(context, network)
    visit.goto(f"{network.url}/console/#/inspections/{network.canteen_id('hangzhou')}")
    visit.get_by_label("What you looked at").fill("没有提交的检查")
    visit.wait_for_function(f"{STORES}.then((names) => names.length > 0)")
    sign_out(second_tab(context, network))
    for tab in (page, visit):
        tab.wait_for_url("**/sign-on**")
        assert tab.evaluate(TYPED) == []
        assert tab.evaluate(STORES) == []
    assert asked == []


def test_who_signs_in_anew_himself_goes_on_where_he_was(context: BrowserContext, network: Network) -> None:
    page = begin(context, network, "admin-yinzhou", "/acts/register_cashier")
    page.locator("#act-name").fill("写到一半")
    context.clear_cookies()
    other = context.new_page()
    other.goto(f"{network.url}/console/#/about")
    # In another session, which has another token.
    with page.expect_event("load", timeout=SLOW_MS):
        sign_in(other, "admin-yinzhou")
    expect(page.locator(".who")).to_contain_text("admin-yinzhou")
    expect(page.locator("#act-name")).to_have_value("写到一半")


def test_a_proof_in_another_tab_does_not_disturb(context: BrowserContext, network: Network) -> None:
    """It gives the session a new token; the session is the same."""
    digits = str(100_000 + secrets.randbelow(900_000))
    page = begin(context, network, "admin-yinzhou", "/acts/register_cashier")
    fill_cashier(page, digits)
    other = second_tab(context, network)
    status = other.evaluate(
        """async (password) => {
          const current = await (await fetch("/console/sessions/current")).json();
          const headers = { "content-type": "application/json", "x-csrf-token": current.csrf_token };
          const body = JSON.stringify({ password });
          return (await fetch("/console/sessions/current/proof", { method: "POST", headers, body })).status;
        }""",
        PASSWORD,
    )
    assert status == 201
    confirm(page)
    expect(page.locator(".ant-alert-success")).to_have_text("Done: Register a cashier")
    sign_out(other)


def enter(page: Page, login: str) -> None:
    """Sign in at a page that the centre draws."""
    page.locator("#sign-in input[name=login]").fill(login)
    page.locator("#sign-in input[name=password]").fill(PASSWORD)
    page.locator("#sign-in button.primary").click()
    expect(page.locator(".who")).to_contain_text(login)


def leave(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#sign-in")).to_be_visible()


@HEARS
def test_a_page_that_the_centre_draws_begins_anew(context: BrowserContext, network: Network, deaf: bool) -> None:
    if deaf:
        context.add_init_script(DEAF)
    page = context.new_page()
    page.goto(f"{network.url}/account?lang=en")
    enter(page, "finance-yuyao")
    page.locator("#password input[name=old]").fill("甲的密码")
    other = context.new_page()
    other.goto(f"{network.url}/account?lang=en")
    leave(other)
    enter(other, "supervisor")
    if deaf:
        for name in ("new", "again"):
            page.locator(f"#password input[name={name}]").fill("clouds over the lake")
        page.locator("#password form button").click()
    else:
        expect(page.locator("#sign-in")).to_be_visible()
        page.reload()
    expect(page.locator(".who")).to_contain_text("supervisor")
    expect(page.locator("#password input[name=old]")).to_have_value("")


def test_signing_out_there_forgets_what_the_console_kept(context: BrowserContext, network: Network) -> None:
    page = begin(context, network, "admin-yinzhou", "/acts/register_cashier")
    page.locator("#act-name").fill("只有甲知道的人")
    other = context.new_page()
    other.goto(f"{network.url}/account?lang=en")
    leave(other)
    page.wait_for_url("**/sign-on**")
    assert page.evaluate(TYPED) == []


def weigh(page: Page, kilograms: str) -> None:
    page.fill("#weight", kilograms)
    page.click("#weigh button.primary")


def known(network: Network, weigh_in_id: str) -> bool:
    return network.person("supervisor").ask("GET", f"/waste/weigh-ins/{NINGBO}/{weigh_in_id}").status == 200


def test_a_weigh_in_that_waits_is_sent_by_who_recorded_it(context: BrowserContext, network: Network) -> None:
    page = context.new_page()
    page.goto(f"{network.url}/weighing?lang=en")
    enter(page, "kitchen-yinzhou")
    expect(page.locator("#weigh")).to_be_visible()

    def lost(route: Route) -> None:
        route.abort()

    page.route("**/waste/weigh-ins", lost)
    weigh(page, "1.5")
    expect(page.locator("#done li")).to_contain_text("To be sent")
    [waiting] = page.evaluate("JSON.parse(localStorage.getItem('onecard-weighings'))")
    leave(page)
    page.unroute("**/waste/weigh-ins")
    enter(page, "kitchen-hangzhou")
    expect(page.locator("#state")).to_have_text("1 more on this device wait for those who recorded them")
    expect(page.locator("#done li")).to_have_count(0)
    weigh(page, "2.5")
    expect(page.locator("#done li")).to_contain_text("2.5 kg")
    expect(page.locator("#state")).to_have_text("Recorded")
    assert not known(network, waiting["weigh_in_id"])
    leave(page)
    enter(page, "kitchen-yinzhou")
    expect(page.locator("#done li")).to_contain_text("1.5 kg")
    expect(page.locator("#state")).to_have_text("Recorded")
    assert known(network, waiting["weigh_in_id"])
