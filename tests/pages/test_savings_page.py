"""What agencies save on receptions: reported by their finance, compared on a page, and never more than is known."""

import csv
import re
from datetime import date, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from foundation.calendar import ZONE
from tests.axe import violations
from tests.builders import Network
from tests.console_page import come_in, go, patience, readable

__all__ = ["patience"]

LAST = (datetime.now(ZONE).date().replace(day=1) - timedelta(days=1)).replace(day=1)
JOINED = (LAST - timedelta(days=1)).replace(day=1)
BEFORE = LAST.replace(year=LAST.year - 1)


@pytest.fixture(scope="module", autouse=True)
def reported(network: Network) -> None:
    """Yuyao reported both sides, Yinzhou a month before alone."""
    for agency, months in (("yuyao", {BEFORE: 900_000, LAST: 640_000}), ("yinzhou", {BEFORE: 500_000})):
        report(network, agency, months)


def report(network: Network, agency: str, months: dict[date, int]) -> None:
    spent = [{"month": str(day), "reception_fen": fen, "host_meals_fen": 100_000} for day, fen in months.items()]
    message = {
        "agency_id": network.agency_id(agency), "months": spent, "source": "部门决算", "joined_month": str(JOINED),
        "reason": "测试",
    }  # fmt: skip
    network.person(f"finance-{agency}").call("POST", "/clearing/receptions", message)


def opened(browser: Browser, network: Network, login: str, **options: str) -> Page:
    page = come_in(browser, network, login, "/savings", reduced_motion="reduce", **options)
    expect(page.locator(".chart").first).to_be_visible()
    expect(page.locator(".canvas:not([data-drawn])")).to_have_count(0)
    return page


def test_a_supervisor_sees_what_was_saved_on_what_basis(browser: Browser, network: Network) -> None:
    page = opened(browser, network, "supervisor")
    headline = page.locator(".figure").first
    expect(headline).to_contain_text("2,600.00 yuan")
    expect(headline).to_contain_text("26.0% less than before")
    expect(headline).to_contain_text("Basis (agency-months / agencies): 1 / 1")
    expect(page.locator("main")).to_contain_text("The difference is not the effect of the network alone")
    chart = page.locator(".chart").first
    chart.get_by_role("button", name="Table", exact=True).click()
    expect(chart.locator("tbody tr")).to_have_count(1)
    expect(chart.locator("tbody tr")).to_contain_text("2,600.00")
    row = page.locator("#reported").locator("xpath=ancestor::section[1]").locator("tbody tr", has_text="Yinzhou")
    expect(row).to_contain_text(f"{JOINED:%Y-%m} (stated by the agency")
    expect(row.locator("td").nth(4)).to_have_text("1")
    page.get_by_text("Region", exact=True).click()
    expect(page).to_have_url(re.compile("by=region"))
    page.reload()
    chart.get_by_role("button", name="Table", exact=True).click()
    expect(chart.locator("tbody th")).to_have_text(re.compile("Ningbo"))
    page.context.close()


def test_a_chart_is_saved_as_a_picture_and_as_a_table(browser: Browser, network: Network) -> None:
    page = opened(browser, network, "auditor")
    chart = page.locator(".chart").first
    for kind in ("PNG", "CSV"):
        chart.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=kind).click()
        content = download.value.path().read_bytes()
        if kind == "PNG":
            assert content.startswith(b"\x89PNG")
        else:
            [heads, row] = csv.reader(content.decode("utf-8-sig").splitlines())
            assert dict(zip(heads, row, strict=True))["Saved (yuan)"] == "2600"
    expect(page.get_by_role("link", name="Report", exact=True)).to_have_count(0)
    page.context.close()


def test_an_agency_reports_a_correction_and_sees_its_own_alone(browser: Browser, network: Network) -> None:
    page = opened(browser, network, "finance-yuyao")
    expect(page.locator("#reported").locator("xpath=ancestor::section[1]").locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Report", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Report receptions")
    page.get_by_label("Month", exact=True).fill(str(LAST))
    page.get_by_label("Receptions (yuan)").fill("6400.00")
    page.get_by_label("Working meals paid as host (yuan)").fill("1000.00")
    page.get_by_label("Source").fill("公务接待台账")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.get_by_role("alert")).to_contain_text("a correction takes a reason")
    page.get_by_label(re.compile("^Reason")).fill("核对后无变化")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.locator(".ant-alert-success")).to_be_visible()
    go(page, network, "/clearing/receptions")
    expect(page.locator("main tbody tr", has_text="核对后无变化").first).to_be_visible()
    page.context.close()


def test_everybody_can_read_it(browser: Browser, network: Network) -> None:
    page = opened(browser, network, "supervisor")
    for button in page.get_by_role("button", name="Table", exact=True).all():
        button.click()
    readable(page)
    page.context.close()


def test_where_nothing_can_be_compared_it_says_why(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "finance-yinzhou", "/savings")
    expect(page.get_by_text("No month can be compared yet")).to_be_visible()
    expect(page.locator(".chart")).to_have_count(0)
    assert violations(page) == []
    page.context.close()


def test_it_is_not_there_for_a_kitchen(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "kitchen-yinzhou", "/savings")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("nav a[href='#/savings']")).to_have_count(0)
    page.context.close()
