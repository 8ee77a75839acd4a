"""Pictures of the console: what they show is what the API says, for those who look and for those who read tables."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.builders import Network
from tests.console_page import SLOW_MS, come_in, readable
from tests.pages.test_evaluation_page import QUARTER
from waste.measures.over_time import end_of
from waste.measures.schemas import Period

PLACES = {
    "/today": ("kitchen-yinzhou", "centre"),
    "/night": ("centre", "finance-yinzhou"),
    "/evaluation": ("kitchen-yinzhou", "centre"),
    "/kitchen": ("kitchen-yinzhou", "centre"),
}
"""Pages with charts, and who has them in his menu."""


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """A password is checked slowly, on purpose."""
    expect.set_options(timeout=SLOW_MS)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module", autouse=True)
def night(network: Network, scratch: Path) -> str:
    """A business day that is closed, netted and published; in the next one something is sold, too."""
    sell(network, scratch)
    day = max(str(day["business_date"]) for day in network.centre.call("GET", "/clearing/open-days"))
    network.close_day(day)
    sell(network, scratch)
    return day


def sell(network: Network, scratch: Path) -> None:
    official = network.official("yuyao", cash_fen=5_000, subsidy_fen=600)
    assert network.terminal(scratch).charge_card(network.card(official), "lunch").receipt is not None


def drawn(page: Page) -> None:
    """All charts of the page are there."""
    expect(page.locator(".chart").first).to_be_visible()
    expect(page.locator(".chart .ant-skeleton")).to_have_count(0)
    expect(page.locator(".canvas:not([data-drawn])")).to_have_count(0)


@pytest.mark.parametrize("place", PLACES)
def test_everybody_can_read_it(browser: Browser, network: Network, place: str) -> None:
    """WCAG 2.2 AA in the light and in the dark, with tables open; nothing beyond the edge on any screen."""
    page = come_in(browser, network, "centre", place, reduced_motion="reduce")
    drawn(page)
    for button in page.get_by_role("button", name="Table", exact=True).all():
        button.click()
    readable(page)
    page.context.close()


@pytest.mark.parametrize("place", PLACES)
def test_it_is_drawn_in_both_languages_and_the_policy_has_nothing_to_forbid(
    browser: Browser, network: Network, place: str
) -> None:
    said: list[str] = []
    for locale in ("zh-CN", "en-GB"):
        page = come_in(browser, network, "centre", "/about", locale=locale)
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{network.url}/console/#{place}")
        drawn(page)
        title = page.locator(".chart h2").first.inner_text()
        assert bool(re.search("[一-鿿]", title)) == (locale == "zh-CN")
        page.context.close()
    assert said == []


@pytest.mark.parametrize("place", PLACES)
def test_it_is_in_the_menu_of_those_whose_role_has_it_and_for_nobody_else(
    browser: Browser, network: Network, place: str
) -> None:
    for login in ("kitchen-yinzhou", "centre", "finance-yinzhou"):
        page = come_in(browser, network, login)
        links = page.get_by_role("navigation").locator(f"a[href='#{place}']")
        expect(links).to_have_count(1 if login in PLACES[place] else 0)
        if login not in PLACES[place]:
            page.goto(f"{network.url}/console/#{place}")
            expect(page.get_by_role("alert")).to_contain_text("Your role may not see this page")
        page.context.close()


def test_a_days_figures_are_the_apis_and_follow_each_payment(browser: Browser, network: Network, scratch: Path) -> None:
    canteen_id = network.canteen_id("yinzhou")
    page = come_in(browser, network, "centre", f"/today?canteen_id={canteen_id}")
    drawn(page)
    payments = page.locator(".figure", has_text="Payments today").locator("strong")
    rows = network.centre.call("GET", f"/waste/charts/minutes?canteen_id={canteen_id}")["rows"]
    sold = sum(row[2] or 0 for row in rows)
    expect(payments).to_have_text(str(sold))
    sell(network, scratch)
    expect(payments).to_have_text(str(sold + 1))
    page.context.close()


def test_a_chart_is_a_table_and_files_too(browser: Browser, network: Network) -> None:
    canteen_id = network.canteen_id("yinzhou")
    page = come_in(browser, network, "centre", f"/today?canteen_id={canteen_id}")
    drawn(page)
    chart = page.locator(".chart", has_text="Meals sold by the minute")
    table = chart.get_by_role("button", name="Table", exact=True)
    table.focus()
    page.keyboard.press("Enter")
    expect(table).to_have_attribute("aria-pressed", "true")
    rows = network.centre.call("GET", f"/waste/charts/minutes?canteen_id={canteen_id}")["rows"]
    lunches = [row for row in rows if row[1] == "lunch"]
    page.get_by_title("Lunch").click()
    expect(chart.locator("tbody tr")).to_have_count(len(lunches))
    for kind in ("CSV", "PNG"):
        chart.get_by_role("button", name="Export").click()
        with page.expect_download() as saving:
            page.get_by_role("menuitem", name=kind).click()
        content = saving.value.path().read_bytes()
        if kind == "PNG":
            assert content.startswith(b"\x89PNG")
            continue
        head, *lines = csv.reader(content.decode("utf-8-sig").splitlines())
        assert head[:3] == ["Time", "Meal", "Meals sold"]
        assert [line[0] for line in lines] == [row[0] for row in lunches]
    page.context.close()


def test_a_night_shows_who_pays_whom_as_the_api_says(browser: Browser, network: Network, night: str) -> None:
    owed = network.centre.call("GET", f"/clearing/cycles/{night}/obligations")
    between = [one for one in owed if one["issuer_id"] != one["acquirer_id"] and one["amount_fen"]]
    page = come_in(browser, network, "centre", f"/night?day={night}")
    steps = page.get_by_role("list", name="Steps of the cycle")
    expect(steps.locator("li.done")).to_have_count(4)
    gross = sum(abs(one["amount_fen"]) for one in between)
    expect(page.locator(".figure", has_text="Owed before netting").locator("strong")).to_have_text(
        f"{gross / 100:,.2f}"
    )
    page.locator(".chart").first.get_by_role("button", name="Table", exact=True).click()
    expect(page.locator(".chart").first.locator("tbody tr")).to_have_count(len(between))
    page.get_by_title("Positions").click()
    positions = network.centre.call("GET", f"/clearing/cycles/{night}")["positions"]
    expect(page.locator("main tbody tr").last).to_be_visible()
    shown = page.locator("section[aria-label='Net positions'] tbody tr")
    expect(shown).to_have_count(len(positions))
    for row, position in zip(shown.all(), positions, strict=True):
        expect(row.locator("td").last).to_have_text(f"{position['position_fen'] / 100:,.2f}")
    page.get_by_title("Matrix").click()
    expect(page.locator("table.matrix")).to_contain_text(f"{between[0]['amount_fen'] / 100:,.2f}")
    page.context.close()


def test_two_clicks_lead_from_all_canteens_to_weigh_ins(browser: Browser, network: Network) -> None:
    canteen_id, first, last = network.canteen_id("yinzhou"), QUARTER, end_of(QUARTER, Period.QUARTER)
    query = f"first={first}&last={last}&by=canteen&per=quarter&meal=lunch"
    measures = {one["number"]: one for one in network.centre.call("GET", f"/waste/measures?{query}")}
    directory = network.centre.call("GET", "/registry/directory")["agencies"]
    names = {one["canteen_id"]: one["name_en"] for agency in directory for one in agency["canteens"]}
    page = come_in(browser, network, "supervisor", f"/evaluation?quarter={first}")
    drawn(page)
    row = page.get_by_role("row", name=names[canteen_id])
    expect(row.get_by_role("cell").first).to_have_text(f"{measures[canteen_id]['grams_per_cover']:.1f}")
    row.get_by_role("link").click()
    lunch = page.get_by_role("row", name=re.compile("^Lunch"))
    low, high = measures[canteen_id]["low"], measures[canteen_id]["high"]
    expect(lunch.get_by_role("cell").nth(1)).to_have_text(f"{low:.1f}–{high:.1f}")
    lunch.get_by_role("link", name="Weigh-ins").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Weigh-ins")
    expect(page.locator("main tbody tr").first).to_be_visible()
    for part in (f"canteen_id={canteen_id}", "meal=lunch", f"from_day={first}"):
        assert part in page.url
    page.context.close()


def test_a_ranking_has_every_canteen_with_its_interval(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "supervisor", f"/evaluation?quarter={QUARTER}")
    drawn(page)
    query = f"first={QUARTER}&last={end_of(QUARTER, Period.QUARTER)}&by=canteen&per=quarter&meal=lunch"
    measures = network.centre.call("GET", f"/waste/measures?{query}")
    best = sorted(one["grams_per_cover"] for one in measures if one["grams_per_cover"] is not None)
    chart = page.locator(".chart", has_text="Ranking of like with like")
    chart.get_by_role("button", name="Table", exact=True).click()
    shown = [float(text) for text in chart.locator("tbody td:nth-child(2)").all_inner_texts()]
    assert shown == best
    page.context.close()


def test_a_wall_shows_the_day_alone(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "kitchen-yinzhou", "/today?wall=1")
    expect(page.get_by_role("navigation")).to_be_hidden()
    page.get_by_role("button", name="Leave the wall screen").click()
    expect(page.get_by_role("navigation")).to_be_visible()
    page.context.close()
