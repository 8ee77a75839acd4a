"""The finance officer's page: own books against the centre's, positions, and disputes with their clock."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.axe import violations
from tests.builders import Network
from tests.console_page import come_in
from tests.pages.test_charts import sell

DAY, NUMBER, AMOUNT = "Business day", "Posting", "Amount (yuan)"


@pytest.fixture(scope="module", autouse=True)
def days(network: Network, scratch: Path) -> tuple[str, str]:
    """A business day that is published, and the open one; in both something was sold to visitors."""
    for _ in range(3):
        sell(network, scratch)
    closed = open_day(network)
    network.close_day(closed)
    for _ in range(3):
        sell(network, scratch)
    return closed, open_day(network)


def open_day(network: Network) -> str:
    return max(str(day["business_date"]) for day in network.centre.call("GET", "/clearing/open-days"))


@pytest.fixture
def finance(browser: Browser, network: Network) -> Iterator[Page]:
    page = come_in(browser, network, "finance-yuyao", "/books")
    yield page
    page.context.close()


def exported(page: Page, day: str) -> list[dict[str, str]]:
    """What the agency exports of a day from the centre's own list."""
    text = page.evaluate(
        "path => fetch(path, {headers: {'accept-language': 'en'}}).then(answer => answer.text())",
        f"/settlement/payments.csv?from_day={day}&until_day={day}",
    )
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def file_of(
    rows: list[dict[str, str]], encoding: str = "utf-8-sig", heads: dict[str, str] | None = None
) -> FilePayload:
    text = io.StringIO(newline="")
    columns = heads or {name: name for name in rows[0]}
    writer = csv.writer(text)
    writer.writerow(columns.values())
    writer.writerows([row[name] for name in columns] for row in rows)
    return {"name": "books.csv", "mimeType": "text/csv", "buffer": text.getvalue().encode(encoding)}


def compare(page: Page, network: Network, day: str, file: FilePayload) -> None:
    page.goto(f"{network.url}/console/#/books?from={day}&until={day}")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name=re.compile("^(Compare|开始核对)$")).click()
    expect(page.locator("#found")).to_be_visible()


def count(page: Page, label: str) -> int:
    shown = page.locator(".outcome .figure", has=page.get_by_text(label, exact=True)).locator("strong")
    return int(shown.inner_text())


def test_exactly_the_differences_are_found(finance: Page, network: Network, days: tuple[str, str]) -> None:
    rows = exported(finance, days[0])
    numbers = {row[NUMBER] for row in rows}
    paid = [row for row in rows if row["Kind"] == "payment" and row["Part"] == "0"]
    changed, missing = paid[0], paid[1]
    books = [dict(row) for row in rows if row[NUMBER] != missing[NUMBER]]
    next(row for row in books if row[NUMBER] == changed[NUMBER])[AMOUNT] = "1,234.50"
    books.append(dict(changed) | {NUMBER: "SLIP-7", AMOUNT: "8.00"})
    books.append(dict(changed) | {NUMBER: "SLIP-8", AMOUNT: "eight"})
    books.append(dict(changed) | {NUMBER: "SLIP-9", DAY: "2020-01-02"})
    compare(finance, network, days[0], file_of(books))
    assert count(finance, "Amount differs") == 1
    assert count(finance, "Only in the books") == 1
    assert count(finance, "Only at the centre") == 1
    assert count(finance, "Matched") == len(numbers) - 2
    told = finance.locator(".outcome")
    expect(told).to_contain_text(f"Line {len(books)}: the amount is in yuan with at most two decimals, not “eight”")
    expect(told).to_contain_text("Lines of other days, which were not compared: 1")
    lines = told.locator("tbody tr")
    expect(lines).to_have_count(3)
    line = lines.filter(has_text=changed[NUMBER])
    expect(line).to_contain_text("1,234.50")
    expect(line.get_by_role("link", name=changed[NUMBER])).to_have_attribute(
        "href", re.compile(f"/settlement/payments/.*{changed[NUMBER]}")
    )
    expect(lines.filter(has_text=missing[NUMBER])).to_contain_text("Only at the centre")
    expect(lines.filter(has_text="SLIP-7")).to_contain_text("+8.00")
    with finance.expect_download() as saved:
        finance.get_by_role("button", name="Save the differences").click()
    [*kept] = csv.DictReader(io.StringIO(saved.value.path().read_text(encoding="utf-8-sig")))
    assert {row["Receipt number"] for row in kept} == {changed[NUMBER], missing[NUMBER], "SLIP-7"}
    [differs] = [row for row in kept if row["Result"] == "Amount differs"]
    assert differs["In the books (yuan)"] == "1234.50"


def test_a_difference_is_disputed_from_its_line(finance: Page, network: Network, days: tuple[str, str]) -> None:
    rows = exported(finance, days[0])
    ours = str(network.agency_id("yuyao"))
    foreign = next(row for row in rows if row["Kind"] == "payment" and row["Acquirer's number"] != ours)
    compare(finance, network, days[0], file_of([row for row in rows if row[NUMBER] != foreign[NUMBER]]))
    finance.locator(".outcome tbody tr", has_text=foreign[NUMBER]).get_by_role("link", name="Dispute").click()
    expect(finance.get_by_role("heading", level=1)).to_contain_text("Dispute")
    expect(finance.get_by_label(re.compile("^Amount"))).to_have_value(re.compile(r"^\d+\.\d\d$"))
    expect(finance.locator("main")).to_contain_text(foreign[NUMBER])


def test_books_in_gb18030_with_headings_of_their_own(finance: Page, network: Network, days: tuple[str, str]) -> None:
    rows = [row | {DAY: row[DAY].replace("-", "/")} for row in exported(finance, days[1])]
    file = file_of(rows, "gb18030", {DAY: "记账日期", NUMBER: "凭证号", AMOUNT: "金额（元）"})
    compare(finance, network, days[1], file)
    expect(finance.get_by_text("The books agree")).to_be_visible()
    file = file_of(rows, "gb18030", {DAY: "哪天", NUMBER: "凭证号", AMOUNT: "钱"})
    finance.locator("input[type=file]").set_input_files(file)
    expect(finance.get_by_text("Some headings are not known")).to_be_visible()
    expect(finance.get_by_role("button", name="Compare", exact=True)).to_be_disabled()
    for label, heading in (("Column of the day", "哪天"), ("Column of the amount (yuan)", "钱")):
        finance.get_by_label(label).click()
        choices = finance.locator(".ant-select-dropdown:visible")
        choices.get_by_text(heading, exact=True).click()
        expect(choices).to_have_count(0)
    finance.get_by_role("button", name="Compare", exact=True).click()
    expect(finance.get_by_text("The books agree")).to_be_visible()


WRONG = {
    "a workbook": (b"PK\x03\x04" + bytes(60), "Save it as CSV"),
    "no text": (b"\xff\xfe\x00\x81\x00", "no text in UTF-8 or GB18030"),
    "nothing": (b"", "has no rows"),
    "headings alone": (b"date,number,amount\n", "has no rows"),
    "cut off": (b'date,number,amount\n2026-11-27,"abc', "A quotation mark is not closed"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_file_that_is_none_is_told(finance: Page, kind: str) -> None:
    content, told = WRONG[kind]
    finance.locator("input[type=file]").set_input_files({"name": kind, "mimeType": "text/csv", "buffer": content})
    expect(finance.get_by_role("alert")).to_contain_text(told)
    expect(finance.get_by_role("button", name="Compare", exact=True)).to_be_disabled()


def test_fifty_thousand_lines_leave_the_page_alive_and_nothing_is_sent(
    finance: Page, network: Network, days: tuple[str, str]
) -> None:
    sent: list[str] = []
    finance.on("request", lambda request: sent.append(request.method) if request.post_data else None)
    rows = exported(finance, days[0])
    more = [rows[0] | {NUMBER: f"OTHER-{at}", AMOUNT: "1.00"} for at in range(50_000)]
    finance.evaluate("setInterval(() => { window.beats = (window.beats ?? 0) + 1; }, 0)")
    compare(finance, network, days[0], file_of(rows + more))
    assert count(finance, "Only in the books") == 50_000
    expect(finance.locator(".outcome")).to_contain_text("Page 1 of 500, 50000 rows")
    finance.get_by_role("button", name="Next page").click()
    expect(finance.locator(".outcome tbody tr").first).to_contain_text("OTHER-100")
    assert finance.evaluate("window.beats") > 0
    assert sent == []
    kept = finance.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "OTHER" not in kept


def test_what_is_given_back_agrees_with_or_without_a_minus(
    finance: Page, network: Network, scratch: Path, days: tuple[str, str]
) -> None:
    sell(network, scratch)
    with psycopg.connect(network.system.database_url) as db:
        paid = db.execute(
            "SELECT posting_id FROM transfer WHERE issuer_id = %s AND kind = 'payment' AND business_date = %s"
            " ORDER BY posted_at DESC LIMIT 1",
            (network.agency_id("yuyao"), days[1]),
        ).fetchone()
    assert paid is not None
    body = {"posting_id": str(paid[0])[:-4] + "beef", "payment": str(paid[0]), "amount_fen": 100, "reason": "a plate"}
    network.centre.call("POST", "/settlement/refunds", body)
    rows = exported(finance, days[1])
    assert any(row["Kind"] == "refund" for row in rows)
    for minus in ("", "-"):
        books = [row | {AMOUNT: minus + row[AMOUNT]} if row["Kind"] == "refund" else row for row in rows]
        compare(finance, network, days[1], file_of(books))
        expect(finance.get_by_text("The books agree")).to_be_visible()


def test_positions_lead_to_the_statement_and_its_postings(
    finance: Page, network: Network, days: tuple[str, str]
) -> None:
    finance.goto(f"{network.url}/console/#/books?look=positions")
    today = finance.get_by_role("region", name=re.compile("The open day"))
    expect(today.locator(".figure")).to_have_count(3)
    expect(today).to_contain_text("Payable")
    finance.get_by_role("link", name=f"Statement of {days[0]}").click()
    expect(finance.get_by_role("heading", name="Postings behind")).to_be_visible()


def test_a_late_dispute_is_loud(browser: Browser, network: Network, days: tuple[str, str]) -> None:
    """Nobody waits three days in a test: the last day of its answer is set back."""
    with psycopg.connect(network.system.database_url) as db:
        paid = db.execute(
            "SELECT posting_id FROM transfer WHERE issuer_id = %s AND acquirer_id <> issuer_id AND kind = 'payment'"
            " AND business_date = %s LIMIT 1",
            (network.agency_id("yuyao"), days[0]),
        ).fetchone()
    assert paid is not None
    sent = {"posting_id": str(paid[0]), "amount_fen": 100, "text": "not ours"}
    number = network.person("finance-yuyao").call("POST", "/clearing/disputes", sent)["dispute_id"]
    page = come_in(browser, network, "finance-yinzhou", "/books?look=disputes")
    line = page.locator("main tbody tr", has_text=str(number))
    expect(line).to_contain_text("left")
    expect(line.get_by_role("link", name="Answer the dispute")).to_be_visible()
    page.goto(f"{network.url}/console/#/clearing/disputes/{number}")
    expect(page.get_by_role("link", name="Answer the dispute")).to_be_visible()
    expect(page.get_by_role("link", name="Withdraw the dispute")).to_have_count(0)
    raiser = come_in(browser, network, "finance-yuyao", f"/clearing/disputes/{number}")
    expect(raiser.get_by_role("link", name="Withdraw the dispute")).to_be_visible()
    expect(raiser.get_by_role("link", name="Answer the dispute")).to_have_count(0)
    raiser.context.close()
    page.goto(f"{network.url}/console/#/books?look=disputes")
    expect(line).to_be_visible()
    with psycopg.connect(network.system.database_url) as db:
        db.execute("UPDATE dispute SET answer_until = raised_at::date - 3 WHERE dispute_id = %s", (number,))
    page.reload()
    expect(line.locator(".late")).to_contain_text("overdue")
    expect(line.get_by_role("link", name="Answer the dispute")).to_have_count(0)
    page.context.close()


@pytest.mark.parametrize(("width", "look"), [(390, "light"), (820, "dark"), (1280, "light"), (1280, "dark")])
def test_the_books_are_for_everybody(
    browser: Browser, network: Network, days: tuple[str, str], width: int, look: str
) -> None:
    size = {"width": width, "height": 900}
    page = come_in(browser, network, "finance-yuyao", "/books", viewport=size, locale="zh-CN", color_scheme=look)
    rows = exported(page, days[0])
    rows[0] = rows[0] | {AMOUNT: "7"}
    compare(page, network, days[0], file_of([*rows, rows[0] | {AMOUNT: "x"}]))
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for place in ("positions", "disputes"):
        page.goto(f"{network.url}/console/#/books?look={place}")
        expect(page.locator("main .panel h2").first).to_be_visible()
        assert violations(page) == [], place
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place
    page.context.close()


def test_only_who_sees_payments_sees_books(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "supervisor", "/books")
    expect(page.get_by_role("alert")).to_contain_text("Your role may not see this page")
    expect(page.locator("#menu a[href='#/books']")).to_have_count(0)
    page.context.close()
    page = come_in(browser, network, "centre", "/books")
    expect(page.locator("main")).to_contain_text("Choose an agency")
    page.context.close()
