"""The kitchen's pages in the console: what they show is what the API says, and what a charge costs."""

import re
import secrets
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from foundation.calendar import ZONE
from tests.builders import Network
from tests.console_page import come_in, patience, readable
from tests.pages.test_charts import drawn
from tests.system.test_bookings import booking
from tests.system.test_me import somebody
from tests.system.test_menus import FISH, RICE, path_of
from tests.system.test_network_changes import new_canteen

__all__ = ["patience"]

NINGBO = 3302
WEEK = [
    {"meal": "breakfast", "starts": "07:00:00", "ends": "08:30:00", "weekdays": [1, 2, 3, 4, 5]},
    {"meal": "lunch", "starts": "11:00:00", "ends": "13:00:00", "weekdays": [1, 2, 3, 4, 5, 6, 7]},
]


def today() -> date:
    return datetime.now(ZONE).date()


def come(browser: Browser, network: Network, place: str, login: str = "kitchen-yinzhou", **options: Any) -> Page:
    return come_in(browser, network, login, place, **options)


def read(page: Page) -> None:
    """Nothing is on its way any more."""
    expect(page.locator("main h2").first).to_be_visible()
    expect(page.locator("main .ant-skeleton")).to_have_count(0)


def panel(page: Page, title: str) -> Locator:
    return page.locator("section", has=page.get_by_role("heading", name=title, exact=True))


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


@pytest.fixture(scope="module")
def canteen_id(network: Network) -> int:
    """A canteen of Yinzhou's where lunch costs 10 yuan, and from tomorrow on 12, for visitors 25."""
    number = new_canteen(network, network.agency_id("yinzhou"), meals=WEEK)
    for day, fen in (
        (today(), {"home_fen": 1_000}),
        (today() + timedelta(days=1), {"home_fen": 1_200, "visitor_fen": 2_500}),
    ):
        tariff = {"canteen_id": number, "meal": "lunch", "valid_from": str(day)} | fen
        network.with_approval(network.person("finance-yinzhou"), "/settlement/tariffs", tariff)
    return number


def test_a_manager_sees_his_own_canteens_alone(browser: Browser, network: Network) -> None:
    own, other = network.canteen_id("yinzhou"), network.canteen_id("yuyao")
    kitchen = network.person("kitchen-yinzhou")
    for place in ("/kitchen", "/menus"):
        page = come(browser, network, f"{place}?canteen_id={own}")
        read(page)
        page.get_by_label("Canteen", exact=True).click()
        offered = page.locator(".ant-select-item-option")
        expect(offered.first).to_be_visible()
        assert all("Yinzhou" in name or name.startswith("Canteen ") for name in offered.all_inner_texts())
        page.goto(f"{network.url}/console/#{place}?canteen_id={other}")
        expect(page.get_by_role("alert")).to_contain_text("not your agency's")
        expect(page.locator(".chart, .week, .figure")).to_have_count(0)
        page.context.close()
    span = f"first={today()}&last={today()}"
    assert kitchen.ask("GET", f"/waste/measures?{span}&canteen_id={other}").status == 404
    assert kitchen.ask("GET", f"/waste/canteens/{other}/foods?{span}").status == 404


def test_figures_are_the_apis(browser: Browser, network: Network) -> None:
    """For the canteen and the months that the address names; tables beside the charts have the same."""
    canteen_id, kitchen = network.canteen_id("yinzhou"), network.person("kitchen-yinzhou")
    first = (today().replace(day=1) - timedelta(days=150)).replace(day=1)
    asked = f"/waste/measures?first={first}&last={today()}&per=month&canteen_id={canteen_id}"
    months = kitchen.call("GET", asked)
    assert {one["number"] for one in months} == {canteen_id}
    page = come(browser, network, f"/kitchen?canteen_id={canteen_id}&months=6")
    drawn(page)
    covers, waste = (sum(one[name] for one in months) for name in ("weighed_covers", "waste_g"))
    figure = page.locator(".figure", has_text="Waste per cover")
    expect(figure.locator("strong")).to_have_text(f"{waste / covers:.1f}")
    expect(figure).to_contain_text(f"{covers:,}")
    cost = sum(one["cost_fen"] for one in months)
    expect(page.locator(".figure", has_text="Cost").locator("strong")).to_have_text(f"{cost / 100:,.2f}")
    streams = panel(page, "By stream")
    streams.get_by_role("button", name="Table").click()
    rows = [row.locator("th, td").all_inner_texts() for row in streams.locator("tbody tr").all()]
    assert rows == [
        [one["period"][:7], *(f"{one[f'{stream}_per_cover']:.1f}" for stream in ("preparation", "unserved", "plate"))]
        for one in months
        if one["weighed_meals"]
    ]
    trend = panel(page, "Grams per cover over time")
    trend.get_by_role("button", name="Table").click()
    shown = kitchen.call("GET", f"/waste/charts/trend?canteen_id={canteen_id}")
    known = [f"{row[2]:.1f}" for row in shown["rows"] if row[0] >= str(first)]
    expect(trend.locator("tbody tr td:nth-child(2)")).to_have_text(known)
    foods = kitchen.call("GET", f"/waste/canteens/{canteen_id}/foods?first={first}&last={today()}")
    food = panel(page, "By kind of food")
    food.get_by_role("button", name="Table").click()
    expect(food.locator("tbody tr td:nth-child(2)")).to_have_text([f"{one['waste_g'] / 1000:,.1f}" for one in foods])
    page.context.close()


def test_what_is_missing_is_said(browser: Browser, network: Network) -> None:
    canteen_id, kitchen = network.canteen_id("yinzhou"), network.person("kitchen-yinzhou")
    span = f"first={today() - timedelta(days=28)}&last={today()}"
    days = [
        one for one in kitchen.call("GET", f"/waste/measures?{span}&per=day&canteen_id={canteen_id}") if one["whole"]
    ]
    weighed, meals = (sum(one[name] for one in days) for name in ("weighed_meals", "meals"))
    lacking = [one for one in days if one["weighed_meals"] < one["meals"]]
    page = come(browser, network, f"/kitchen?canteen_id={canteen_id}")
    missing = panel(page, "What is missing or weak")
    expect(missing).to_contain_text(f"{weighed} of {meals} meals were weighed completely")
    expect(missing.locator(".days li")).to_have_count(len(lacking))
    page.context.close()


def test_the_coming_days_have_bookings_beside_the_forecast(browser: Browser, network: Network, canteen_id: int) -> None:
    day = today() + timedelta(days=2)
    somebody(network).ask("POST", "/me/bookings", booking(canteen_id, day))
    page = come(browser, network, f"/kitchen?canteen_id={canteen_id}")
    coming = panel(page, "The next seven days")
    row = coming.locator("tbody tr", has_text=re.compile(rf"\b{day.day} {day:%b}.*lunch", re.DOTALL))
    expect(row.locator("td").nth(2)).to_have_text("1")
    expect(row.locator("td").nth(3)).to_have_text("0")
    coming.get_by_role("link", name="Booked").click()
    expect(page.locator("main tbody tr")).to_have_count(1)
    page.context.close()


def test_what_has_to_be_answered_leads_to_its_list(browser: Browser, network: Network) -> None:
    canteen_id, kitchen = network.canteen_id("yinzhou"), network.person("kitchen-yinzhou")
    found = kitchen.call("GET", f"/waste/cases?canteen_id={canteen_id}&state=open&limit=500")["items"]
    page = come(browser, network, f"/kitchen?canteen_id={canteen_id}")
    duties = panel(page, "To be answered")
    row = duties.locator("tbody tr", has_text="Cases that wait for a plan")
    expect(row.locator("td").first).to_have_text(str(len(found)))
    expect(duties.get_by_role("link", name="Submit a self-evaluation")).to_be_visible()
    row.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"#/waste/cases.*canteen_id={canteen_id}&state=open"))
    page.context.close()


def test_a_week_has_menus_prices_and_closed_days(browser: Browser, network: Network, canteen_id: int) -> None:
    kitchen, day = network.person("kitchen-yinzhou"), today() + timedelta(days=1)
    closed = day + timedelta(days=1)
    kitchen.call("PUT", path_of(canteen_id, day), {"dishes": [FISH, RICE]})
    kitchen.call("PUT", f"/registry/canteens/{canteen_id}/days/{closed}", {"meals": [], "reason": "检修"})
    page = come(browser, network, f"/menus?canteen_id={canteen_id}&week={day}")
    read(page)
    card = page.locator(".day", has=page.locator(f"#day-{day}"))
    lunch = card.locator(".meal", has_text="11:00–13:00")
    expect(lunch.locator("li")).to_have_text([re.compile("Braised hairtail.*8.00", re.DOTALL), "米饭"])
    expect(lunch.locator("dl")).to_have_text(re.compile("At home.*12.00.*Visitors.*25.00.*new price", re.DOTALL))
    page.goto(f"{network.url}/console/#/menus?canteen_id={canteen_id}&week={closed}")
    shut = page.locator(".day", has=page.locator(f"#day-{closed}"))
    expect(shut).to_contain_text("Special day: 检修")
    expect(shut).to_contain_text("Closed")
    acts = panel(page, "What can be done")
    expect(acts.get_by_role("link", name="Publish a menu", exact=True)).to_be_visible()
    expect(acts.get_by_role("link", name="Set a price")).to_have_count(0)
    monday = monday_of(closed) + timedelta(days=7)
    page.get_by_role("button", name="Next week").click()
    expect(page.locator(f"#day-{monday}")).to_be_visible()
    kitchen.call("DELETE", f"/registry/canteens/{canteen_id}/days/{closed}")
    page.context.close()


def of_class(network: Network, code: str, agency: str = "yinzhou") -> Any:
    official = network.official(agency)
    network.centre.call("PATCH", f"/registry/officials/{official.holder_id}", {"person_class": code})
    return official


@pytest.fixture
def trainees(network: Network) -> str:
    """A class that pays as visitors do at home, and eats nowhere else, by rules that are some days old."""
    code = "k_" + "".join(secrets.choice("abcdefgh") for _ in range(8))
    names = {"name_zh": f"学员{code}", "name_en": f"Trainee {code}"}
    network.centre.call("PUT", f"/settlement/person-classes/{code}", names)
    with psycopg.connect(network.system.database_url) as db:
        db.execute(
            "INSERT INTO class_rules VALUES (%s, %s, %s, true, false, 'visitor')",
            (NINGBO, code, today() - timedelta(days=3)),
        )
    return code


def test_the_preview_is_what_a_charge_costs(browser: Browser, network: Network, scratch: Path, trainees: str) -> None:
    """For two classes at home, and for a visitor of each; the one who may not eat is refused."""
    canteen_id, till = network.canteen_id("yinzhou"), network.terminal(scratch)
    place = f"/menus?canteen_id={canteen_id}&week={today()}&day={today()}&meal=lunch"
    page = come(browser, network, place)
    preview = panel(page, "What each class pays")
    for code, name in (("official", "Official"), (trainees, f"Trainee {trainees}")):
        row = preview.locator("tbody tr", has=page.get_by_role("rowheader", name=name, exact=True))
        for agency, cell in (("yinzhou", row.locator("td").first), ("city", row.locator("td").nth(1))):
            answer = till.charge_card(network.card(of_class(network, code, agency)), "lunch")
            if answer.receipt is None:
                assert answer.reason == "not_entitled"
                expect(cell).to_have_text("may not eat here")
            else:
                expect(cell).to_have_text(f"{answer.receipt.amount_fen / 100:.2f}")
    page.context.close()


def test_the_hours_begin_with_what_stands(browser: Browser, network: Network) -> None:
    """One thing is changed; all else stays as it was."""
    number = new_canteen(network, network.agency_id("yinzhou"), meals=WEEK)
    page = come(browser, network, f"/acts/set_meals/{number}")
    ends = page.locator("[id='act-meals.0.ends']")
    expect(ends).to_have_value("08:30:00")
    expect(page.locator("[id='act-meals.1.starts']")).to_have_value("11:00:00")
    ends.fill("09:00")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.locator(".ant-alert-success")).to_contain_text("Done")
    set_now = network.person("kitchen-yinzhou").call("GET", f"/registry/canteens/{number}/meals")["meals"]
    assert set_now == [WEEK[0] | {"ends": "09:00:00"}, WEEK[1]]
    page.goto(f"{network.url}/console/#/acts/set_meals/{number}")
    page.reload()
    expect(ends).to_have_value("09:00:00")
    page.context.close()


def test_a_cashier_of_no_canteen_works_at_all(browser: Browser, network: Network) -> None:
    """The form says so, and does so."""
    kitchen = network.person("kitchen-yinzhou")
    wanted = {
        "agency_id": network.agency_id("yinzhou"),
        "number": str(10_000_000 + secrets.randbelow(80_000_000)),
        "name": "王小明",
        "canteen_ids": [network.canteen_id("yinzhou")],
    }
    number = kitchen.call("POST", "/console/cashiers", wanted)["cashier_id"]
    page = come(browser, network, f"/acts/change_cashier/{number}")
    expect(page.get_by_text("With none chosen: every canteen of the agency")).to_be_visible()
    page.get_by_label("Canteen").press("Backspace")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.locator(".ant-alert-success")).to_contain_text("Done")
    assert kitchen.call("GET", f"/console/cashiers/{number}")["canteen_ids"] is None
    page.context.close()


@pytest.mark.parametrize("place", ["/kitchen", "/menus"])
def test_everybody_can_read_it(browser: Browser, network: Network, canteen_id: int, place: str) -> None:
    """WCAG 2.2 AA in both languages, light and dark, with tables open; nothing beyond the edge of any screen."""
    for locale in ("zh-CN", "en-GB"):
        page = come(browser, network, f"{place}?canteen_id={canteen_id}", locale=locale, reduced_motion="reduce")
        read(page)
        for button in page.locator(".chart button[aria-pressed=false]").all():
            button.click()
        readable(page)
        page.context.close()


def test_without_permission_there_is_no_kitchen_page(browser: Browser, network: Network) -> None:
    page = come(browser, network, "/kitchen", "finance-yinzhou")
    expect(page.get_by_role("alert")).to_contain_text("Your role may not see this page")
    expect(page.get_by_role("navigation").locator("a[href='#/kitchen']")).to_have_count(0)
    expect(page.get_by_role("navigation").locator("a[href='#/menus']")).to_have_count(1)
    page.context.close()
