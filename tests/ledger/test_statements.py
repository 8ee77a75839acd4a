"""Statements: one model in three formats that say the same, and lines that tell apart what an officer must know."""

import asyncio
import csv
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from clearing.bank_files import BankAccount
from clearing.closing import QUERIES, open_dates
from clearing.formats import PDF_ROWS_MAX, to_csv, to_pdf, to_xlsx
from clearing.statement_model import (
    Document,
    Fen,
    SettlementTerms,
    bilateral_report,
    net_report,
    public_report,
    statement,
    words,
)
from clearing.statements import NETWORK, english_copy, read_statement
from clearing.states import DocumentKind, FileFormat
from foundation.aside import Aside
from foundation.catalogue import Language
from foundation.money import yuan
from foundation.postgres import Pool
from registry.identifiers import AgencyId
from settlement.ledger import new_posting_id
from settlement.refunds import refund
from tests.bank import CENTRE
from tests.closed_days import close
from tests.counter import HANGZHOU, NINGBO, Counter

DAY = date(2026, 11, 23)
TERMS = SettlementTerms(DAY, DAY, DAY, date(2026, 11, 24), date(2026, 11, 24), 3)
NAMES = {1: "市政府办公厅", 2: "镕喆区机关事务中心", 3: "=cmd|' /C calc'!A0"}


def obligation(issuer: int, acquirer: int, fen: int, line: str = "meal") -> dict[str, Any]:
    return {
        "issuer_id": issuer, "acquirer_id": acquirer, "issuer": NAMES[issuer], "acquirer": NAMES[acquirer],
        "canteen": f"食堂{acquirer}", "meal": "lunch", "channel": "card", "line": line, "payments": 1,
        "reversals": 0, "amount_fen": fen, "subsidy_fen": 0,
    }  # fmt: skip


def agency(number: int, obligations: list[dict[str, Any]]) -> dict[str, Any]:
    others = [o for o in obligations if o["issuer_id"] != o["acquirer_id"]]
    receivable = sum(o["amount_fen"] for o in others if o["acquirer_id"] == number)
    payable = sum(o["amount_fen"] for o in others if o["issuer_id"] == number)
    return {
        "agency_id": number, "name_zh": NAMES[number], "name_en": f"Agency {number}",
        "receivable_fen": receivable, "payable_fen": payable, "position_fen": receivable - payable,
    }  # fmt: skip


OBLIGATIONS = [
    obligation(1, 2, 123_456),
    obligation(2, 1, 20_00, "correction"),
    obligation(2, 2, 5_00, "working_meal"),
    obligation(3, 2, -7_00),
]


def document(number: int = 2, opening_fen: int = 100, payee: BankAccount | None = CENTRE) -> Document:
    return statement(TERMS, agency(number, OBLIGATIONS), OBLIGATIONS, opening_fen, payee)


def shown(cell: Any) -> str:
    return yuan(cell.fen) if isinstance(cell, Fen) else str(cell)


def test_a_statement_by_hand() -> None:
    made = document()
    assert made.title == "镕喆区机关事务中心跨单位就餐结算对账单"
    assert {name: shown(cell) for name, cell in made.facts} == {
        "对账单编号": "DZ20261123A2", "结算期间": "2026年11月23日", "单位编号": "2", "期初未结算净额": "1.00",
        "应收合计": "1227.56", "应付合计": "20.00", "本期应收净额": "1207.56", "期末未结算净额": "1208.56",
    }  # fmt: skip
    assert [(row[1], row[2], shown(row[-1])) for row in [*made.rows, *made.totals]] == [
        ("应收", "就餐", "1234.56"),
        ("应付", "差错调整", "20.00"),
        ("本单位", "工作餐", "5.00"),
        ("应收", "就餐", "-7.00"),
        ("应收合计", "", "1227.56"),
        ("应付合计", "", "20.00"),
        ("净额（应收减应付）", "", "1207.56"),
    ]
    assert made.subtotals is not None
    assert [[shown(cell) for cell in row] for row in made.subtotals.rows] == [
        [NAMES[1], "1234.56", "20.00", "1214.56"],
        [NAMES[3], "-7.00", "0.00", "-7.00"],
        ["合计", "1227.56", "20.00", "1207.56"],
    ]
    assert [(b.label, b.first, b.second) for b in made.bars] == [
        (NAMES[1], Fen(123_456), Fen(20_00)),
        (NAMES[3], Fen(-7_00), Fen(0)),
    ]


def test_who_owes_finds_all_that_a_payment_needs() -> None:
    assert document(1).payment == [
        ("本期应付净额", "¥1214.56"),
        ("金额大写", "人民币壹仟贰佰壹拾肆元伍角陆分"),
        ("收款户名", CENTRE.holder_name),
        ("收款账号", CENTRE.number),
        ("开户行行号", CENTRE.bank),
        ("付款截止日", "2026年11月24日"),
        ("附言（请原样填写）", "OC20261123A1"),
        ("用途", "机关食堂跨单位就餐结算款20261123"),
    ]


def test_who_is_owed_finds_where_the_money_goes() -> None:
    own = BankAccount("镕喆区机关事务中心", "62220000", "102332000018")
    shown = dict(document(payee=own).payment)
    assert shown["本期应收净额"] == "¥1207.56"
    assert shown["收款账号"] == "62220000"
    assert shown["清算中心付款日"] == "2026年11月24日"
    assert shown["附言"] == "机关食堂跨单位就餐结算款20261123"
    assert dict(document(payee=None).payment)["收款账号"] == "未登记，请联系清算中心"


def test_a_position_of_zero_asks_for_no_payment() -> None:
    even = [obligation(1, 2, 500), obligation(2, 1, 500)]
    assert statement(TERMS, agency(1, even), even, 0, CENTRE).payment == [("付款信息", "本期净额为零，无需划款")]


def test_a_statement_is_in_one_language() -> None:
    english = [o | {"issuer": "A", "acquirer": "B", "canteen": "C"} for o in OBLIGATIONS]
    account = BankAccount("Centre", "1", "102332000018")
    made = statement(TERMS, agency(1, OBLIGATIONS), english, 0, account, Language.ENGLISH)
    han, latin = re.compile("[\u3400-\u9fff]"), re.compile("[A-Za-z]{3,}")
    assert not han.search(to_csv(made).decode("utf-8-sig"))
    assert [name for name, text in made.payment if han.search(text)] == ["Amount in words (Chinese)", "Purpose"]
    chinese = to_csv(document()).decode("utf-8-sig").replace("=cmd|' /C calc'!A0", "")
    assert not latin.search(chinese)
    assert not re.search("[\u3400-\u9fff][,;:?!()][\u3400-\u9fff]", chinese.replace(",", "\n"))


def test_several_business_days_make_a_period() -> None:
    terms = replace(TERMS, first_day=date(2026, 11, 21))
    made = statement(terms, agency(1, OBLIGATIONS), OBLIGATIONS, 0, CENTRE)
    assert dict(made.facts)["结算期间"] == "2026年11月21日至2026年11月23日"


def test_the_workbook_says_what_the_csv_says() -> None:
    made = document()
    [_, *rows] = csv.reader(io.StringIO(to_csv(made).decode("utf-8-sig")))
    book = load_workbook(io.BytesIO(to_xlsx(made)), data_only=True)
    assert book.sheetnames == ["汇总", "明细"]
    [title, header, *cells] = book["明细"].iter_rows(values_only=True)
    assert (title[0], title[-1]) == (made.title, "单位：元")
    assert header == tuple(column.name for column in made.columns)
    for row, line in zip(cells, rows, strict=True):
        assert [f"{row[0]:%Y-%m-%d}", *row[1:7]] == [line[0], *(text.removeprefix("'") for text in line[1:7])]
        assert f"{row[10]:.2f}" == line[10]


def test_the_pdf_has_chinese_type_totals_and_page_numbers() -> None:
    many = [obligation(1, 2, fen) for fen in range(1, 90)]
    made = statement(TERMS, agency(2, many), many, 0, CENTRE)

    async def run() -> bytes:
        return await to_pdf(made)

    pdf = pypdfium2.PdfDocument(asyncio.run(run()))
    texts = [page.get_textpage().get_text_bounded() for page in pdf]
    assert len(texts) > 1
    assert NAMES[2] in texts[0]
    assert "40.05" in texts[0]
    for number, text in enumerate(texts, start=1):
        assert f"第{number}页，共{len(texts)}页" in text
        assert ("支付方式" in text) == (DAY.isoformat() in text), "the header is repeated above every part of the table"


@pytest.mark.parametrize("form", [to_csv, to_xlsx])
def test_written_again_it_is_the_same(form: Any) -> None:
    assert form(document()) == form(document())


def test_a_name_is_no_formula() -> None:
    text = to_csv(document()).decode("utf-8-sig")
    assert "'=cmd" in text
    assert ",-7.00" in text, "money may be negative"
    rows = list(load_workbook(io.BytesIO(to_xlsx(document())))["明细"].iter_rows(values_only=True))
    assert NAMES[3] in [row[3] for row in rows], "a text, not what a formula came to"


@given(
    st.lists(st.builds(obligation, st.sampled_from([1, 2, 3]), st.sampled_from([1, 2, 3]), st.integers(-500, 10**9)))
)
def test_closing_positions_follow_from_opening_ones(obligations: list[dict[str, Any]]) -> None:
    positions = [agency(number, obligations) for number in NAMES]
    for position in positions:
        made = statement(TERMS, position, obligations, 77, CENTRE)
        facts = [cell.fen for _, cell in made.facts if isinstance(cell, Fen)]
        opening, receivable, payable, net, closing = facts
        assert (net, closing) == (abs(receivable - payable), opening + receivable - payable)
        assert ("本期应付净额" in dict(made.facts)) == (receivable < payable)
    assert shown(net_report(TERMS, positions).totals[0][-1]) == "0.00"


def test_every_word_of_the_ledger_has_one_for_people() -> None:
    known = words(Language.CHINESE)
    assert set(known.lines) == {"meal", "working_meal", "late", "correction", "working_meal_correction", "fee"}
    assert set(known.meals) == {"breakfast", "lunch", "dinner"}
    assert set(known.channels) == {"card", "qr", "sheet"}


async def test_lines_tell_working_meals_corrections_and_meal_money_apart(ledger: Pool, tmp_path: Path) -> None:
    counter = Counter(ledger)
    till = await counter.till(NINGBO)
    own = await counter.holder(NINGBO, cash_fen=10_000, subsidy_fen=500)
    visitor, guest = await counter.holder(NINGBO, agency_index=1), await counter.holder(HANGZHOU)
    await ledger.execute(
        "INSERT INTO visit SELECT book, nextval('onecard_number'), holder_id, $1, current_date - 2, current_date + 2"
        " FROM official WHERE holder_id = $2",
        till.agency_id, guest.holder_id,
    )  # fmt: skip
    host = await ledger.fetchval("SELECT working_meal_account FROM agency WHERE agency_id = $1", till.agency_id)
    await counter.charger.charge(counter.order(till, own))
    paid = await counter.charger.charge(counter.order(till, visitor))
    working = await counter.charger.charge(counter.order(till, guest, host_account=host))
    assert working.outcome == "approved"
    day = max((await open_dates(ledger)).values())
    await close(ledger, day, tmp_path)
    assert paid.posting_id is not None
    await refund(ledger, NINGBO, new_posting_id(), paid.posting_id, 300)
    await close(ledger, day + timedelta(days=1), tmp_path)

    rows = await ledger.fetch("SELECT * FROM obligation ORDER BY cycle_date, line, paid_fen")
    seen = [
        (r["line"], r["issuer_id"] == r["acquirer_id"], r["paid_fen"], r["reversed_fen"], r["subsidy_fen"])
        for r in rows
    ]
    assert seen == [
        ("meal", True, 1_200, 0, 500),
        ("meal", False, 2_000, 0, 0),
        ("working_meal", True, 2_000, 0, 0),
        ("correction", False, 0, 300, 0),
    ]
    files = sorted(path.name for path in (tmp_path / day.isoformat()).iterdir())
    assert len(files) == 3 * (4 + 3) + 1, "four agencies, three reports, the tree"
    later = (tmp_path / (day + timedelta(days=1)).isoformat() / f"statement-{till.agency_id}.csv").read_text(
        "utf-8-sig"
    )
    assert "差错调整" in later
    lines = await ledger.fetch(QUERIES["payments_of"], day, till.agency_id, UUID(int=0), 0, 100)
    assert sum(line["amount_fen"] for line in lines) == 1_200 + 2_000 + 2_000


def test_the_public_learns_no_agency_and_no_small_number_of_people() -> None:
    meals = [
        {"region": "宁波", "meal": "lunch", "own_meals": 900, "guest_meals": 7, "guest_fen": 140_00, "canteens": 3},
        {"region": "宁波", "meal": "dinner", "own_meals": 40, "guest_meals": 4, "guest_fen": 80_00, "canteens": 1},
        {"region": "杭州", "meal": "lunch", "own_meals": 10, "guest_meals": 0, "guest_fen": 0, "canteens": 1},
    ]
    text = to_csv(public_report(TERMS, meals, [agency(1, OBLIGATIONS), agency(2, OBLIGATIONS)])).decode("utf-8-sig")
    assert [line.split(",")[-2:] for line in text.splitlines()[1:]] == [["7", "140.00"], ["<5", ""], ["0", "0.00"]]
    assert not any(name in text for name in NAMES.values())


async def test_every_two_agencies_owe_each_other_what_the_report_says(ledger: Pool, tmp_path: Path) -> None:
    counter = Counter(ledger)
    here, there = await counter.till(NINGBO), await counter.till(NINGBO, -1)
    mine, theirs = await counter.holder(NINGBO), await counter.holder(NINGBO, agency_index=2)
    for till, holder in ((here, theirs), (there, mine), (here, theirs)):
        assert (await counter.charger.charge(counter.order(till, holder))).outcome == "approved"
    day = max((await open_dates(ledger)).values())
    await close(ledger, day, tmp_path)
    content = await read_statement(ledger, day, tmp_path, kind=DocumentKind.BILATERAL)
    assert content is not None
    [_, pair] = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert pair[-3:] == ["40.00", "20.00", "20.00"]


async def test_an_english_copy_has_the_figures_of_the_published_file(ledger: Pool, tmp_path: Path) -> None:
    counter = Counter(ledger)
    till = await counter.till(NINGBO)
    host = AgencyId(till.agency_id)
    await counter.charger.charge(counter.order(till, await counter.holder(HANGZHOU)))
    day = max((await open_dates(ledger)).values())
    aside = Aside(tmp_path / "documents.lock", "clearing.formats")
    assert await english_copy(ledger, aside, day, caller="us", agency_id=host) is None
    await close(ledger, day, tmp_path)
    for kind, agency_id in (
        (DocumentKind.STATEMENT, host),
        (DocumentKind.NET, NETWORK),
        (DocumentKind.PUBLIC, NETWORK),
    ):
        published = await read_statement(ledger, day, tmp_path, kind=kind, agency_id=agency_id)
        copy = await english_copy(ledger, aside, day, caller="us", kind=kind, agency_id=agency_id)
        assert published is not None
        assert copy is not None
        figures = re.compile(rb"-?\d+\.\d\d")
        assert figures.findall(copy) == figures.findall(published)
    pdf = await english_copy(ledger, aside, day, caller="us", agency_id=host, form=FileFormat.PDF)
    assert pdf is not None
    assert "Unsigned copy" in pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_bounded()
    aside.close()


async def test_a_copy_keeps_the_names_of_its_day(ledger: Pool, tmp_path: Path) -> None:
    counter = Counter(ledger)
    till = await counter.till(NINGBO)
    host = AgencyId(till.agency_id)
    await counter.charger.charge(counter.order(till, await counter.holder(HANGZHOU)))
    day = max((await open_dates(ledger)).values())
    await close(ledger, day, tmp_path)
    aside = Aside(tmp_path / "documents.lock", "clearing.formats")
    documents: list[dict[str, Any]] = [
        {"agency_id": host}, {"kind": DocumentKind.NET, "agency_id": NETWORK},
        {"kind": DocumentKind.BILATERAL, "agency_id": NETWORK}, {"kind": DocumentKind.PUBLIC, "agency_id": NETWORK},
    ]  # fmt: skip
    before = [await english_copy(ledger, aside, day, caller="us", **of) for of in documents]
    for table, noun, key in (
        ("agency", "agency", "agency_id"),
        ("canteen", "canteen", "canteen_id"),
        ("book", "region", "book"),
    ):
        await ledger.execute(
            f"INSERT INTO former_name SELECT '{noun}', {key}, $1, name_zh, name_en FROM {table}",
            day + timedelta(days=1),
        )
        await ledger.execute(f"UPDATE {table} SET name_zh = '改名' || {key}, name_en = 'Renamed ' || {key}")
    assert [await english_copy(ledger, aside, day, caller="us", **of) for of in documents] == before
    assert None not in before
    await ledger.execute("UPDATE former_name SET until = $1", day)
    assert b"Renamed" in (await english_copy(ledger, aside, day, caller="us", agency_id=host) or b"")
    aside.close()


async def test_what_was_bought_before_the_last_close_is_marked_late(ledger: Pool, tmp_path: Path) -> None:
    counter = Counter(ledger)
    till, visitor = await counter.till(NINGBO), await counter.holder(NINGBO, agency_index=1)
    day = max((await open_dates(ledger)).values())
    await close(ledger, day, tmp_path)
    now = datetime.now(UTC)
    for bought in (now - timedelta(hours=3), now):
        order = counter.order(till, visitor, purchased_at=bought)
        assert (await counter.charger.charge(order)).outcome == "approved"
    await close(ledger, day + timedelta(days=1), tmp_path)
    rows = await ledger.fetch("SELECT line, payments FROM obligation ORDER BY line")
    assert [tuple(row) for row in rows] == [("late", 1), ("meal", 1)]


def test_a_long_statement_is_summed_up_on_paper() -> None:
    many = [obligation(1, 2, fen) for fen in range(1, PDF_ROWS_MAX + 10)]
    pdf = pypdfium2.PdfDocument(asyncio.run(to_pdf(statement(TERMS, agency(2, many), many, 0, CENTRE))))
    text = "".join(page.get_textpage().get_text_bounded() for page in pdf)
    assert len(pdf) == 1
    assert f"本表仅列合计；{PDF_ROWS_MAX + 9:,}行明细见XLSX和CSV文件。" in text.replace("\r\n", "")


def test_the_documented_columns_are_those_of_the_files() -> None:
    page = (Path(__file__).parents[2] / "docs" / "statements.md").read_text("utf-8")
    meal = {"region": "宁波", "meal": "lunch", "own_meals": 1, "guest_meals": 0, "guest_fen": 0, "canteens": 1}
    documents = {
        "statement-N.csv": document(),
        "net-report.csv": net_report(TERMS, []),
        "bilateral-report.csv": bilateral_report(TERMS, []),
        "public-report.csv": public_report(TERMS, [meal], []),
    }
    for name, made in documents.items():
        header = to_csv(made).decode("utf-8-sig").splitlines()[0].replace(",", ", ")
        assert f"| `{name}` | {header} |" in page
    known = words(Language.CHINESE)
    for values in (known.lines, known.meals, known.channels):
        assert ", ".join(values.values()) in page
