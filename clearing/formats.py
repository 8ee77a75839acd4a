"""A document as CSV, XLSX and PDF. The same document gives the same bytes, so that a file can be written again.

CSV is UTF-8 with a byte-order mark, so that spreadsheets show the Chinese right. Money is in yuan with two decimals,
made from integers. A text that a spreadsheet would run as a formula is shown as text (OWASP: CSV injection).
"""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

import web
from clearing.statement_model import Cell, Document, Fen
from foundation.money import yuan
from foundation.pdf import render_pdf
from foundation.spreadsheets import safe_text

TEMPLATE = Path(web.__file__).parent / "statement" / "page.typ"
CREATED = datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Workbooks name a time; with the same one each time they are the same."""
BARS_MAX = 12
PDF_ROWS_MAX = 200
"""Nobody reads more on paper: then it shows sums, and the workbook and the CSV have every line."""


def to_csv(document: Document) -> bytes:
    """The table alone, as CSV (RFC 4180)."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_text(cell) for cell in row] for row in [document.header, *document.rows])
    return text.getvalue().encode("utf-8-sig")


def _text(cell: Cell) -> str | int | date:
    if isinstance(cell, Fen):
        return yuan(cell.fen)
    return safe_text(cell) if isinstance(cell, str) else cell


def to_xlsx(document: Document) -> bytes:
    """A workbook of two sheets: what it comes to, with a chart, and the lines, with a filter."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"title": f"{document.title_zh} {document.title_en}", "created": CREATED})
        formats = {
            "bold": book.add_format({"bold": True}),
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
            "money": book.add_format({"num_format": "#,##0.00;[Red]-#,##0.00"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
        }
        _summary(book, formats, document)
        _lines(book, formats, document)
    return content.getvalue()


def _summary(book: Any, formats: dict[str, Any], document: Document) -> None:
    sheet = book.add_worksheet("汇总 summary")
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 2, 18)
    sheet.write_string(0, 0, f"{document.title_zh} {document.title_en}", formats["bold"])
    for row, (name, cell) in enumerate(document.facts, start=2):
        sheet.write_string(row, 0, name)
        _write(sheet, formats, row, 1, cell)
    bars = document.bars[:BARS_MAX]
    if not bars:
        return
    top = len(document.facts) + 4
    for column, name in enumerate(("", *document.legend)):
        sheet.write_string(top, column, name, formats["head"])
    for row, bar in enumerate(bars, start=top + 1):
        sheet.write_string(row, 0, bar.label)
        _write(sheet, formats, row, 1, bar.first)
        _write(sheet, formats, row, 2, bar.second)
    chart = book.add_chart({"type": "bar"})
    for column in (1, 2):
        chart.add_series({
            "name": [sheet.name, top, column],
            "categories": [sheet.name, top + 1, 0, top + len(bars), 0],
            "values": [sheet.name, top + 1, column, top + len(bars), column],
        })  # fmt: skip
    chart.set_y_axis({"reverse": True})
    chart.set_legend({"position": "bottom"})
    sheet.insert_chart(1, 4, chart, {"x_scale": 1.3, "y_scale": 1.4})


def _lines(book: Any, formats: dict[str, Any], document: Document) -> None:
    sheet = book.add_worksheet("明细 lines")
    for column, name in enumerate(document.header):
        sheet.write_string(0, column, name, formats["head"])
    sheet.set_column(0, len(document.header) - 1, 17)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(document.rows), len(document.header) - 1)
    for row, cells in enumerate(document.rows, start=1):
        for column, cell in enumerate(cells):
            _write(sheet, formats, row, column, cell)


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


async def to_pdf(document: Document) -> bytes:
    """A4, with page numbers and a chart. Raises Problem(NO_FONT)."""
    rows, note = document.rows, ""
    if len(rows) > PDF_ROWS_MAX:
        note = f"合计;{len(rows):,} 行明细见 XLSX 与 CSV  sums; all {len(rows):,} lines are in XLSX and CSV"
        rows = [*document.sums[:PDF_ROWS_MAX], rows[-1]]
    shown = document.bars[:BARS_MAX]
    most = max((abs(_size(size)) for b in shown for size in (b.first, b.second)), default=0) or 1
    data = {
        "title_zh": document.title_zh,
        "title_en": document.title_en,
        "facts": [(name, _shown(cell)) for name, cell in document.facts],
        "header": [name.replace("_", " ") for name in document.header],
        "rows": [[_shown(cell) for cell in row] for row in rows],
        "note": note,
        "right": [any(isinstance(row[column], Fen | int) for row in rows) for column in range(len(document.header))],
        "legend": document.legend,
        "bars": [
            {
                "label": b.label,
                "first": _shown(b.first),
                "second": _shown(b.second),
                "first_percent": 100 * max(_size(b.first), 0) // most,
                "second_percent": 100 * max(_size(b.second), 0) // most,
            }
            for b in shown
        ],
    }
    return await render_pdf(TEMPLATE, data)


def _size(size: Fen | int) -> int:
    return size.fen if isinstance(size, Fen) else size


def _shown(cell: Cell) -> str:
    return f"{Decimal(cell.fen).scaleb(-2):,.2f}" if isinstance(cell, Fen) else str(cell)
