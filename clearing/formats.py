"""A document as CSV, XLSX and PDF. The same document gives the same bytes, so that a file can be written again.

CSV is UTF-8 with a byte-order mark, so that spreadsheets read the Chinese correctly. Money is in yuan with two
decimals, made from integers. What a spreadsheet would run as a formula is written as text (OWASP: CSV injection).
"""

import asyncio
import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

import web
from clearing.statement_model import Cell, Column, Document, Fen, Table
from clearing.states import FileFormat
from foundation.money import yuan
from foundation.pdf import render_pdf
from foundation.spreadsheets import safe_text

TEMPLATE = Path(web.__file__).parent / "statement" / "page.typ"
CREATED = datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Workbooks contain a time; a fixed one keeps their bytes the same."""
BARS_MAX = 12
PDF_ROWS_MAX = 200
"""Longer tables are summed up in the PDF; the workbook and the CSV have every row."""


def to_csv(document: Document) -> bytes:
    """The rows and their totals, as CSV (RFC 4180)."""
    header = [
        document.say("column_in_yuan", name=column.name) if column.in_yuan else column.name
        for column in document.columns
    ]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    for rows in (document.rows, document.totals):
        writer.writerows([_text(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _text(cell: Cell) -> str | int | date:
    if isinstance(cell, Fen):
        return yuan(cell.fen)
    return safe_text(cell) if isinstance(cell, str) else cell


def to_xlsx(document: Document) -> bytes:
    """A workbook of two sheets: the summary with payment details and a chart, and the rows with a filter."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"title": document.title, "created": CREATED})
        formats = {
            "title": book.add_format({"bold": True, "font_size": 14}),
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
            "head_right": book.add_format(
                {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "align": "right"}
            ),
            "money": book.add_format({"num_format": "#,##0.00;[Red]-#,##0.00"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
            "left": book.add_format({"align": "left"}),
            "right": book.add_format({"align": "right"}),
        }
        _summary(book, formats, document)
        _lines(book, formats, document)
    return content.getvalue()


def _summary(book: Any, formats: dict[str, Any], document: Document) -> None:
    sheet = book.add_worksheet(document.say("sheet.summary"))
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 3, 20)
    _set_paper(sheet, document)
    sheet.write_string(0, 0, document.title, formats["title"])
    sheet.write_string(1, 3, document.say("unit"), formats["right"])
    top = 2
    for name, cell in document.facts:
        sheet.write_string(top, 0, name)
        _write(sheet, formats, top, 1, cell)
        top += 1
    top += 1
    for name, value in document.payment:
        sheet.write_string(top, 0, name)
        sheet.write_string(top, 1, value)
        top += 1
    chart_top = top + 1
    if document.subtotals is not None:
        top = _write_table(sheet, formats, document.subtotals, top + 1, document.say("unit"))
    elif document.bars:
        columns = [Column(""), *(Column(name, True) for name in document.legend)]
        rows = [(bar.label, bar.first, bar.second) for bar in document.bars[:BARS_MAX]]
        top = _write_table(sheet, formats, Table(columns, rows), top + 1, "")
    if document.bars:
        _insert_chart(book, sheet, document, chart_top + 2, min(len(document.bars), BARS_MAX))
    for text in document.notes:
        sheet.write_string(top + 1, 0, text)
        top += 1
    for column, text in enumerate(document.sign_off):
        sheet.write_string(top + 2, column, text)


def _set_paper(sheet: Any, document: Document) -> None:
    """A4, as wide as one page, with page numbers."""
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C" + document.say("page", page="&P", pages="&N"))


def _write_table(sheet: Any, formats: dict[str, Any], table: Table, top: int, unit: str) -> int:
    """Write a small table, the unit of money above it; returns the row below it."""
    sheet.write_string(top, len(table.columns) - 1, unit, formats["right"])
    _write_header(sheet, formats, table.columns, top + 1)
    for row, cells in enumerate(table.rows, start=top + 2):
        for column, cell in enumerate(cells):
            _write(sheet, formats, row, column, cell)
    return top + 2 + len(table.rows)


def _write_header(sheet: Any, formats: dict[str, Any], columns: Sequence[Column], row: int) -> None:
    for number, column in enumerate(columns):
        sheet.write_string(row, number, column.name, formats["head_right" if column.in_yuan else "head"])


def _insert_chart(book: Any, sheet: Any, document: Document, first: int, count: int) -> None:
    """Bars of the rows that begin at ``first``, beside them."""
    chart = book.add_chart({"type": "bar"})
    for column, name in enumerate(document.legend, start=1):
        chart.add_series({
            "name": name,
            "categories": [sheet.name, first, 0, first + count - 1, 0],
            "values": [sheet.name, first, column, first + count - 1, column],
        })  # fmt: skip
    chart.set_y_axis({"reverse": True})
    chart.set_legend({"position": "bottom"})
    sheet.insert_chart(1, 5, chart, {"x_scale": 1.3, "y_scale": 1.4})


def _lines(book: Any, formats: dict[str, Any], document: Document) -> None:
    sheet = book.add_worksheet(document.say("sheet.lines"))
    width = len(document.columns)
    sheet.write_string(0, 0, document.title, formats["title"])
    sheet.write_string(0, width - 1, document.say("unit"), formats["right"])
    _write_header(sheet, formats, document.columns, 1)
    sheet.set_column(0, width - 1, 17)
    sheet.set_landscape()
    _set_paper(sheet, document)
    sheet.repeat_rows(1)
    sheet.freeze_panes(2, 0)
    sheet.autofilter(1, 0, 1 + len(document.rows), width - 1)
    row = 2
    for cells_of_rows in (document.rows, document.totals):
        for cells in cells_of_rows:
            for column, cell in enumerate(cells):
                _write(sheet, formats, row, column, cell)
            row += 1


def _write(sheet: Any, formats: dict[str, Any], row: int, column: int, cell: Cell) -> None:
    match cell:
        case Fen(fen):
            sheet.write_number(row, column, Decimal(fen).scaleb(-2), formats["money"])
        case date():
            sheet.write_datetime(row, column, cell, formats["day"])
        case int():
            sheet.write_number(row, column, cell)
        case _:
            sheet.write_string(row, column, cell)


def formatted(document: Document, form: FileFormat) -> bytes:
    """A document in one format, for a process aside (``foundation.aside``). Raises Problem(NO_FONT)."""
    return asyncio.run(to_format(document, form))


async def to_pdf(document: Document) -> bytes:
    """A4, with page numbers. Raises Problem(NO_FONT)."""
    rows, notes = list(document.rows), list(document.notes)
    if len(rows) > PDF_ROWS_MAX:
        notes.insert(0, document.say("note.sums", rows=f"{len(rows):,}"))
        rows = list(document.sums)
    rows += document.totals
    data = {
        "language": document.language.tag,
        "title": document.title,
        "facts": [(name, _shown(cell)) for name, cell in document.facts],
        "payment": document.payment,
        "payment_title": document.say("payment"),
        "subtotals": document.subtotals and _table(document.subtotals.columns, _few(document.subtotals.rows)),
        "subtotals_title": document.say("subtotals"),
        "lines": _table(document.columns, rows),
        "lines_title": document.say("sheet.lines"),
        "totals": len(document.totals),
        "unit": document.say("unit"),
        "notes": notes,
        "sign_off": document.sign_off,
        "page_of": document.say("page", page="\x00", pages="\x01"),
        "legend": document.legend,
        "bars": [] if document.subtotals else _bars(document),
    }
    return await render_pdf(TEMPLATE, data)


def _few(rows: Sequence[Sequence[Cell]]) -> Sequence[Sequence[Cell]]:
    """The rows that a PDF has room for; the last one is their total."""
    return rows if len(rows) <= PDF_ROWS_MAX else [*rows[: PDF_ROWS_MAX - 1], rows[-1]]


def _table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> dict[str, Any]:
    return {
        "header": [column.name for column in columns],
        "rows": [[_shown(cell) for cell in row] for row in rows],
        "right": [
            column.in_yuan or any(isinstance(row[number], Fen | int) for row in rows)
            for number, column in enumerate(columns)
        ],
        "wide": [column.is_wide for column in columns],
    }


def _bars(document: Document) -> list[dict[str, Any]]:
    shown = document.bars[:BARS_MAX]
    most = max((abs(_size(size)) for b in shown for size in (b.first, b.second)), default=0) or 1
    return [
        {
            "label": b.label,
            "first": _shown(b.first),
            "second": _shown(b.second),
            "first_percent": 100 * max(_size(b.first), 0) // most,
            "second_percent": 100 * max(_size(b.second), 0) // most,
        }
        for b in shown
    ]


def _size(size: Fen | int) -> int:
    return size.fen if isinstance(size, Fen) else size


def _shown(cell: Cell) -> str:
    """A cell as people read it; the minus sign is the typographic one."""
    if isinstance(cell, Fen):
        return f"{Decimal(cell.fen).scaleb(-2):,.2f}".replace("-", "\N{MINUS SIGN}")
    return str(cell)


async def to_format(document: Document, form: FileFormat) -> bytes:
    """A document in one format. Raises Problem(NO_FONT)."""
    match form:
        case FileFormat.CSV:
            return to_csv(document)
        case FileFormat.XLSX:
            return to_xlsx(document)
        case FileFormat.PDF:
            return await to_pdf(document)
