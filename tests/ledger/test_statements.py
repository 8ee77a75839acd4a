"""Statements: one model in three formats that say the same, and lines that tell apart what an officer must know."""

import asyncio
import csv
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from clearing.closing import QUERIES, open_dates
from clearing.formats import PDF_ROWS_MAX, to_csv, to_pdf, to_xlsx
from clearing.statement_model import CHANNELS, LINES, MEALS, Document, Fen, net_report, public_report, statement
from clearing.statements import read_statement
from foundation.money import yuan
from foundation.postgres import Pool
from settlement.ledger import new_posting_id
from settlement.refunds import refund
from tests.counter import HANGZHOU, NINGBO, Counter
from tests.nights import close

DAY = date(2026, 11, 23)
NAMES = {1: "市政府办公厅", 2: "镕喆区机关事务中心", 3: "=cmd|' /C calc'!A0"}


def obligation(issuer: int, acquirer: int, fen: int, line: str = "meal") -> dict[str, Any]:
    return {
        "issuer_id": issuer, "acquirer_id": acquirer, "issuer_zh": NAMES[issuer], "acquirer_zh": NAMES[acquirer],
        "canteen_zh": f"食堂{acquirer}", "meal": "lunch", "channel": "card", "line": line, "payments": 1,
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


def document(number: int = 2, opening_fen: int = 100) -> Document:
    return statement(DAY, agency(number, OBLIGATIONS), OBLIGATIONS, opening_fen)


def shown(cell: Any) -> str:
    return yuan(cell.fen) if isinstance(cell, Fen) else str(cell)


def test_a_statement_by_hand() -> None:
    made = document()
    facts = {name.split()[0]: shown(cell) for name, cell in made.facts}
    assert facts == {
        "营业日": "2026-11-23", "单位编号": "2", "期初": "1.00", "应收": "1227.56", "应付": "20.00",
        "本期净额": "1207.56", "期末": "1208.56",
    }  # fmt: skip
    sides = [(row[1].split()[-1], row[2].split()[0] if row[2] else "", shown(row[-1])) for row in made.rows]  # type: ignore[union-attr]
    assert sides == [
        ("receivable", "就餐", "1234.56"),
        ("payable", "更正", "20.00"),
        ("own", "工作餐", "5.00"),
        ("receivable", "就餐", "-7.00"),
        ("net_position", "", "1207.56"),
    ]
    assert [(b.label, b.first, b.second) for b in made.bars] == [
        (NAMES[1], Fen(123_456), Fen(20_00)),
        (NAMES[3], Fen(-7_00), Fen(0)),
    ]


def test_the_workbook_says_what_the_csv_says() -> None:
    made = document()
    [_, *rows] = csv.reader(io.StringIO(to_csv(made).decode("utf-8-sig")))
    book = load_workbook(io.BytesIO(to_xlsx(made)), data_only=True)
    assert book.sheetnames == ["汇总 summary", "明细 lines"]
    [header, *cells] = book["明细 lines"].iter_rows(values_only=True)
    assert header == tuple(made.header)
    for row, line in zip(cells, rows, strict=True):
        assert [f"{row[0]:%Y-%m-%d}", *row[1:7]] == [line[0], *(text.removeprefix("'") for text in line[1:7])]
        assert f"{row[10]:.2f}" == line[10]


def test_the_pdf_has_chinese_type_totals_and_page_numbers() -> None:
    many = [obligation(1, 2, fen) for fen in range(1, 90)]
    made = statement(DAY, agency(2, many), many, 0)

    async def run() -> bytes:
        return await to_pdf(made)

    pdf = pypdfium2.PdfDocument(asyncio.run(run()))
    texts = [page.get_textpage().get_text_bounded() for page in pdf]
    assert len(texts) > 1
    assert NAMES[2] in texts[0]
    assert "40.05" in texts[0]
    for number, text in enumerate(texts, start=1):
        assert f"第 {number} 页 共 {len(texts)} 页" in text
        assert "amount yuan" in text, "the header is repeated"


@pytest.mark.parametrize("form", [to_csv, to_xlsx])
def test_written_again_it_is_the_same(form: Any) -> None:
    assert form(document()) == form(document())


def test_a_name_is_no_formula() -> None:
    text = to_csv(document()).decode("utf-8-sig")
    assert "'=cmd" in text
    assert ",-7.00" in text, "money may be negative"
    rows = list(load_workbook(io.BytesIO(to_xlsx(document())))["明细 lines"].iter_rows(values_only=True))
    assert NAMES[3] in [row[3] for row in rows], "a text, not what a formula came to"


@given(
    st.lists(st.builds(obligation, st.sampled_from([1, 2, 3]), st.sampled_from([1, 2, 3]), st.integers(-500, 10**9)))
)
def test_closing_positions_follow_from_opening_ones(obligations: list[dict[str, Any]]) -> None:
    positions = [agency(number, obligations) for number in NAMES]
    for position in positions:
        facts = [cell.fen for _, cell in statement(DAY, position, obligations, 77).facts if isinstance(cell, Fen)]
        opening, receivable, payable, net, closing = facts
        assert (net, closing) == (receivable - payable, opening + net)
    assert shown(net_report(DAY, positions).rows[-2][-1]) == "0.00"


def test_every_word_of_the_ledger_has_one_for_people() -> None:
    assert set(LINES) == {"meal", "working_meal", "late", "correction", "working_meal_correction", "fee"}
    assert set(MEALS) == {"breakfast", "lunch", "dinner"}
    assert set(CHANNELS) == {"card", "qr"}


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
    assert "更正 correction" in later
    lines = await ledger.fetch(QUERIES["payments_of"], day, till.agency_id, UUID(int=0), 0, 100)
    assert sum(line["amount_fen"] for line in lines) == 1_200 + 2_000 + 2_000


def test_the_public_learns_no_agency_and_no_small_number_of_people() -> None:
    meals = [
        {"region_zh": "宁波", "meal": "lunch", "own_meals": 900, "guest_meals": 7, "guest_fen": 140_00, "canteens": 3},
        {"region_zh": "宁波", "meal": "dinner", "own_meals": 40, "guest_meals": 4, "guest_fen": 80_00, "canteens": 1},
        {"region_zh": "杭州", "meal": "lunch", "own_meals": 10, "guest_meals": 0, "guest_fen": 0, "canteens": 1},
    ]
    text = to_csv(public_report(DAY, meals, [agency(1, OBLIGATIONS), agency(2, OBLIGATIONS)])).decode("utf-8-sig")
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
    content = await read_statement(ledger, day, tmp_path, name="bilateral")
    assert content is not None
    [_, pair] = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert pair[-3:] == ["40.00", "20.00", "20.00"]


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
    pdf = pypdfium2.PdfDocument(asyncio.run(to_pdf(statement(DAY, agency(2, many), many, 0))))
    assert len(pdf) == 1
    assert f"{PDF_ROWS_MAX + 10:,}" in pdf[0].get_textpage().get_text_bounded()
