"""A supervisor's work in the console: cases as a board, and inspections on a tablet with photos."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, Route, expect

from foundation.calendar import ZONE
from tests.axe import violations
from tests.builders import Network
from tests.console_page import come_in, forget, go, patience, sign_in
from waste.evaluation.quarters import quarter_before

__all__ = ["patience"]

TODAY = datetime.now(ZONE).date()
WIDTHS = (390, 820, 1280)
TABLET = {"width": 820, "height": 1180}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def found(network: Network, agency: str, what: str) -> int:
    """A case of an agency's first canteen."""
    body = {
        "canteen_id": network.canteen_id(agency), "quarter": str(quarter_before(TODAY)), "what": what,
        "responsible": "食堂负责人", "due_on": str(TODAY + timedelta(days=14)),
    }  # fmt: skip
    return int(network.person("supervisor").call("POST", "/waste/cases", body)["number"])


def due(network: Network, number: int, days: int) -> None:
    """The case is due so many days from now."""
    with psycopg.connect(network.system.database_url) as db:
        day = TODAY + timedelta(days=days)
        db.execute("UPDATE rectification_case SET due_on = %s, deadline = %s WHERE case_id = %s", (day, day, number))


def lane(page: Page, state: str) -> Locator:
    return page.get_by_role("region", name=re.compile(f"^{state}"))


def card(page: Page, state: str, number: int) -> Locator:
    return lane(page, state).get_by_role("listitem").filter(has_text=f"case {number}")


def carried_out(page: Page, name: str, text: str) -> None:
    """One of the acts at the case, written, looked at once more, and done."""
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_label("Text").fill(text)
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.locator(".ant-alert-success")).to_have_text(f"Done: {name}")


def offered(page: Page) -> list[str]:
    return page.get_by_role("region", name="What you can do now").get_by_role("link").all_inner_texts()


def readable(page: Page) -> None:
    """WCAG 2.2 AA in the light and in the dark, and nothing beyond the edge."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (scheme, width)
            assert violations(page) == [], (scheme, width)


@pytest.fixture(scope="module")
def drawn(network: Network) -> int:
    """A canteen that this year's plan drew and nobody has visited yet."""
    supervisor = network.person("supervisor")
    supervisor.ask("POST", f"/waste/sampling-plans/{TODAY.year}")
    plan = supervisor.call("GET", f"/waste/sampling-plans/{TODAY.year}")
    span = f"from_day={TODAY.year}-01-01&until_day={TODAY.year}-12-31&limit=500"
    visited = {one["canteen_id"] for one in supervisor.call("GET", f"/waste/inspections?{span}")["items"]}
    return next(int(one["canteen_id"]) for one in plan["drawn"] if one["canteen_id"] not in visited)


@pytest.fixture
def tablet(browser: Browser, network: Network) -> Iterator[Page]:
    page = come_in(browser, network, "supervisor", "/inspections", viewport=TABLET, has_touch=True)
    yield page
    page.context.close()


def photo(page: Page, name: str, side: int = 2_400) -> FilePayload:
    """A photo as a camera takes it, larger than is sent."""
    made = page.evaluate(
        """async (side) => {
          const canvas = new OffscreenCanvas(side, side / 2);
          const pen = canvas.getContext('2d');
          for (let n = 0; n < 400; n++) {
            pen.fillStyle = `hsl(${n * 7} 80% 50%)`;
            pen.fillRect((n * 97) % side, (n * 53) % side, 90, 60);
          }
          const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 1 });
          return Array.from(new Uint8Array(await blob.arrayBuffer()));
        }""",
        side,
    )
    return {"name": name, "mimeType": "image/jpeg", "buffer": bytes(made)}


def write(page: Page, text: str, *photos: str) -> None:
    page.get_by_label("What you looked at").fill(text)
    page.get_by_label("Choose photos").set_input_files([photo(page, name) for name in photos])
    expect(page.get_by_role("img", name=re.compile("^Photo"))).to_have_count(len(photos))


def visits(network: Network, canteen_id: int) -> list[dict[str, Any]]:
    path = f"/waste/inspections?canteen_id={canteen_id}&from_day={TODAY}&until_day={TODAY}"
    return list(network.person("supervisor").call("GET", path)["items"])


def test_a_case_goes_from_opened_to_closed_by_those_who_may(browser: Browser, network: Network) -> None:
    what = f"未张贴节约提示 {uuid4().hex[:6]}"
    supervisor = come_in(browser, network, "supervisor", "/cases")
    number = found(network, "yuyao", what)
    kitchen = come_in(browser, network, "kitchen-yuyao", "/cases")
    expect(kitchen.get_by_role("heading", level=1)).to_have_text("Cases to answer")
    expect(card(kitchen, "Open", number)).to_contain_text("14 days left")
    card(kitchen, "Open", number).get_by_role("link").click()
    expect(kitchen.get_by_role("heading", level=1)).to_have_text(f"Case {number}")
    assert sorted(offered(kitchen)) == ["State one's view of the finding", "Submit the plan"]
    carried_out(kitchen, "Submit the plan", "本周内张贴")
    go(kitchen, network, f"/cases/{number}")
    expect(kitchen.locator(".timeline")).to_contain_text("本周内张贴")
    assert sorted(offered(kitchen)) == ["State one's view of the finding", "Submit the proof"]

    go(supervisor, network, f"/cases/{number}")
    expect(supervisor.get_by_role("region", name="What you can do now")).to_be_visible()
    assert offered(supervisor) == ["Withdraw the case"]
    carried_out(kitchen, "Submit the proof", "已张贴")
    go(supervisor, network, "/cases")
    supervisor.get_by_role("switch", name="Only what waits for me").click()
    expect(supervisor).to_have_url(re.compile("mine=yes"))
    expect(lane(supervisor, "Open")).to_have_count(0)
    card(supervisor, "Awaiting re-inspection", number).get_by_role("link").click()
    carried_out(supervisor, "Failed the re-inspection", "入口处仍无提示")
    go(kitchen, network, f"/cases/{number}")
    expect(kitchen.locator(".facts")).to_contain_text("Head of the agency")
    for step, text in (("plan", "明日补贴"), ("prove", "已补贴")):
        network.person("kitchen-yuyao").call("POST", f"/waste/cases/{number}/{step}", {"text": text})
    go(supervisor, network, f"/cases/{number}")
    carried_out(supervisor, "Passed the re-inspection", "复查合格")
    go(supervisor, network, f"/cases?canteen_id={network.canteen_id('yuyao')}")
    expect(card(supervisor, "Closed", number)).to_contain_text(f"Closed {TODAY}")
    kitchen.reload()
    expect(kitchen.locator(".timeline li")).to_have_count(7)
    expect(kitchen.get_by_role("region", name="What you can do now")).to_have_count(0)
    for page in (supervisor, kitchen):
        page.context.close()


def test_what_is_overdue_is_said_in_words_and_stands_first(browser: Browser, network: Network) -> None:
    later, soon, over = (found(network, "yinzhou", f"留样不足 {n}") for n in range(3))
    due(network, soon, 2)
    due(network, over, -4)
    page = come_in(browser, network, "supervisor", f"/cases?canteen_id={network.canteen_id('yinzhou')}")
    expect(card(page, "Open", over)).to_contain_text("✕ Overdue by 4 days")
    expect(card(page, "Open", soon)).to_contain_text("▲ Due soon: in 2 days")
    expect(card(page, "Open", later)).to_contain_text("○ 14 days left")
    shown = lane(page, "Open").get_by_role("listitem").all_inner_texts()
    places = [next(at for at, text in enumerate(shown) if f"case {one}" in text) for one in (over, soon, later)]
    assert places == sorted(places)
    readable(page)
    go(page, network, f"/cases/{over}")
    expect(page.locator(".heading")).to_contain_text("Overdue by 4 days")
    readable(page)
    page.context.close()


def test_the_board_is_narrowed_by_its_address(browser: Browser, network: Network) -> None:
    here, there = found(network, "yinzhou", "未培训"), found(network, "hangzhou", "未培训")
    page = come_in(browser, network, "supervisor", f"/cases?canteen_id={network.canteen_id('hangzhou')}")
    expect(card(page, "Open", there)).to_be_visible()
    expect(card(page, "Open", here)).to_have_count(0)
    go(page, network, f"/cases?canteen_id={network.canteen_id('hangzhou')}&kind=falsified_weights")
    expect(lane(page, "Open")).to_contain_text("No cases")
    page.context.close()
    kitchen = come_in(browser, network, "kitchen-yinzhou", "/cases")
    expect(card(kitchen, "Open", here)).to_be_visible()
    expect(card(kitchen, "Open", there)).to_have_count(0)
    kitchen.goto(f"{network.url}/console/#/cases/{there}")
    expect(kitchen.get_by_role("alert")).to_be_visible()
    kitchen.context.close()


def test_a_column_says_when_there_are_more(browser: Browser, network: Network) -> None:
    canteen_id = network.canteen_id("hangzhou")
    with psycopg.connect(network.system.database_url) as db:
        db.execute(
            "INSERT INTO rectification_case (book, case_id, canteen_id, quarter, kind, what, responsible, state, level,"
            " opened_on, due_on, deadline, closed_on) SELECT book, nextval('onecard_number'), canteen_id, %s,"
            " 'finding', 'x', 'x', 'closed', 0, %s, %s, %s, %s FROM canteen, generate_series(1, 25)"
            " WHERE canteen_id = %s",
            (quarter_before(TODAY), TODAY, TODAY, TODAY, TODAY, canteen_id),
        )
    page = come_in(browser, network, "supervisor", f"/cases?canteen_id={canteen_id}")
    expect(lane(page, "Closed").get_by_role("heading", level=2)).to_have_text("Closed 20+")
    lane(page, "Closed").get_by_role("link", name="The first 20 are shown; see all").click()
    expect(page).to_have_url(re.compile(rf"/waste/cases\?.*canteen_id={canteen_id}.*state=closed"))
    page.context.close()


def test_appeals_stand_beside_the_board(browser: Browser, network: Network) -> None:
    with psycopg.connect(network.system.database_url) as db:
        row = db.execute(
            "INSERT INTO appeal (book, canteen_id, appeal_id, quarter, state, text, raised_by, raised_at)"
            " SELECT book, canteen_id, nextval('onecard_number'), %s, 'open', '称重有误', 'kitchen-yuyao',"
            " now() - interval '3 days' FROM canteen WHERE canteen_id = %s RETURNING appeal_id",
            (quarter_before(TODAY), network.canteen_id("yuyao")),
        ).fetchone()
    assert row is not None
    page = come_in(browser, network, "supervisor", f"/cases?canteen_id={network.canteen_id('yuyao')}")
    waiting = page.get_by_role("table", name="Appeals to be decided").get_by_role("row").filter(has_text=str(row[0]))
    expect(waiting.get_by_role("cell").last).to_have_text("3")
    waiting.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/waste/appeals/{row[0]}$"))
    expect(page.get_by_role("link", name="Decide the appeal")).to_be_visible()
    page.context.close()


def test_an_inspection_with_photos_from_the_plan_to_the_visit(tablet: Page, network: Network, drawn: int) -> None:
    begin = tablet.locator(f"a[href='#/inspections/{drawn}']")
    expect(tablet.get_by_role("img", name=re.compile("^How far the plan is"))).to_be_visible()
    tablet.get_by_role("button", name="Table", exact=True).click()
    table = tablet.get_by_role("table", name="How far the plan is")
    left = sum(int(text) for text in table.locator("tbody tr td:last-child").all_inner_texts())
    box = begin.bounding_box()
    assert box is not None
    assert box["height"] >= 48
    begin.tap()
    tablet.get_by_role("button", name="File the inspection").tap()
    expect(tablet.get_by_label("What you looked at")).to_be_focused()
    expect(tablet.get_by_text("Fill this in")).to_be_visible()
    write(tablet, "复秤午餐三个环节", "one.jpg", "two.jpg", "three.jpg")
    tablet.get_by_role("button", name="Remove photo 2").tap()
    expect(tablet.get_by_role("img", name=re.compile("^Photo"))).to_have_count(2)
    tablet.get_by_label("Take a photo").set_input_files({"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"none"})
    expect(tablet.get_by_text("The photo x.jpg cannot be read")).to_be_visible()
    tablet.get_by_role("button", name="File the inspection").tap()
    tablet.get_by_role("link", name="See the visit with its photos").tap()
    expect(tablet.locator(".files img")).to_have_count(2)
    expect(tablet.locator(".facts")).to_contain_text("复秤午餐三个环节")
    for picture in tablet.locator(".files img").all():
        expect(picture).to_have_js_property("naturalWidth", 1_600)
        expect(picture).to_have_js_property("naturalHeight", 800)
    [visit] = visits(network, drawn)
    assert visit["plan_year"] == TODAY.year
    go(tablet, network, "/inspections")
    expect(begin).to_have_count(0)
    tablet.get_by_role("button", name="Table", exact=True).click()
    now_left = sum(int(text) for text in table.locator("tbody tr td:last-child").all_inner_texts())
    assert now_left == left - 1
    readable(tablet)


def test_an_inspection_outlives_the_network_and_the_session_and_is_filed_once(tablet: Page, network: Network) -> None:
    canteen_id = network.canteen_id("yinzhou", 1)
    go(tablet, network, f"/inspections/{canteen_id}")
    write(tablet, "查看台账", "one.jpg")
    readable(tablet)
    tablet.set_viewport_size({"width": 820, "height": 1180})
    before = len(visits(network, canteen_id))

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    tablet.route("**/waste/inspections", lose, times=1)
    tablet.get_by_role("button", name="File the inspection").tap()
    expect(tablet.get_by_text("it is never filed twice")).to_be_visible()
    assert len(visits(network, canteen_id)) == before + 1

    tablet.context.clear_cookies()
    tablet.reload()
    sign_in(tablet, "supervisor")
    forget(network, "supervisor")
    expect(tablet.get_by_label("What you looked at")).to_have_value("查看台账")
    expect(tablet.get_by_role("img", name="Photo 1")).to_be_visible()
    go(tablet, network, "/inspections")
    unsent = tablet.get_by_role("region", name="Inspections not sent yet")
    unsent.get_by_role("link", name="Go on").tap()
    tablet.get_by_role("button", name="File the inspection").tap()
    tablet.get_by_role("link", name="See the visit with its photos").tap()
    expect(tablet.locator(".files img")).to_have_count(1)
    assert len(visits(network, canteen_id)) == before + 1
    go(tablet, network, "/inspections")
    expect(unsent).to_have_count(0)


def test_signing_out_forgets_what_was_not_sent(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "supervisor", f"/inspections/{network.canteen_id('hangzhou')}")
    write(page, "查看台账", "one.jpg")
    page.locator(".me").get_by_role("button").last.click()
    page.get_by_text("Sign out", exact=True).click()
    page.wait_for_url("**/sign-on**")
    forget(network, "supervisor")
    assert page.evaluate("indexedDB.databases().then(all => all.map(one => one.name))") == []
    page.context.close()


@pytest.mark.parametrize(
    ("login", "menu"),
    [
        ("supervisor", {"/cases": 1, "/inspections": 1}),
        ("kitchen-yuyao", {"/cases": 1, "/inspections": 0}),
        ("finance-yuyao", {"/cases": 0, "/inspections": 0}),
    ],
)
def test_the_menu_has_what_the_role_has(browser: Browser, network: Network, login: str, menu: dict[str, int]) -> None:
    page = come_in(browser, network, login)
    for place, count in menu.items():
        expect(page.get_by_role("navigation").locator(f"a[href='#{place}']")).to_have_count(count)
    if not menu["/inspections"]:
        for place in ("/inspections", f"/inspections/{network.canteen_id('yuyao')}"):
            page.goto(f"{network.url}/console/#{place}")
            expect(page.get_by_role("alert")).to_contain_text("Your role may not see this page")
    page.context.close()


def test_the_pages_are_chinese_too_and_the_policy_has_nothing_to_forbid(
    browser: Browser, network: Network, drawn: int
) -> None:
    said: list[str] = []
    page = come_in(browser, network, "supervisor", "/about", locale="zh-CN")
    page.on("console", lambda message: said.append(message.text))
    for place, title in (("/cases", "整改看板"), ("/inspections", "现场抽查")):
        go(page, network, place)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.locator(".ant-skeleton")).to_have_count(0)
    assert drawn
    assert said == []
    page.context.close()
