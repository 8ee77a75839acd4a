"""Tables that people send, CSV or XLSX: cells within bounds, columns by name, and what is wrong with each row.

The first line names the columns, in any order, by code or by a name of the catalogue. An unknown column is refused by
its name, and a cell that a spreadsheet would run as a formula by its place, so that nothing is read otherwise than
people see it.
"""

import io
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from foundation import catalogue
from foundation.catalogue import Language
from foundation.problems import INVALID, Problem
from foundation.spreadsheets import NotATable, csv_rows, safe_text

COLUMNS_MAX = 50
PARTS_MAX = 200
"""Files in a workbook."""
UNPACKED_PER_ROW_MAX = 500
"""Bytes of a workbook, unpacked, a row that it may have: five cells have half of it."""
WORKBOOK_PACKING = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How the parts of a workbook may be packed (ECMA-376, part 2)."""
FINDINGS_SHOWN = 20
VALUE_SHOWN = 30
"""Characters of a wrong cell that a refusal repeats."""

NOT_A_WORKBOOK = (
    zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, TypeError, AttributeError,
    ArithmeticError, EOFError, NotImplementedError, RuntimeError, OSError, struct.error,
)  # fmt: skip
"""What openpyxl raises for files that are no workbooks."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at one place of a table: a message and its parameters. ``column`` as the table names it."""

    line: int
    column: str
    code: str
    params: dict[str, Any]

    def text(self, language: Language) -> str:
        """The finding for people."""
        reason = catalogue.text(self.code, language, **self.params)
        return catalogue.text("table.finding", language, line=self.line, column=self.column, reason=reason)


class WrongTable(Problem):
    """A table with wrong columns or cells. Its document lists the first ``FINDINGS_SHOWN`` as ``findings``, too."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(INVALID, "table.wrong", count=len(findings))
        self.findings = list(findings[:FINDINGS_SHOWN])
        self.count = len(findings)

    def detail(self, language: Language) -> str:
        """The number of findings, and the first of them."""
        shown = [finding.text(language) for finding in self.findings]
        if self.count > len(shown):
            shown.append(catalogue.text("table.more", language, count=self.count - len(shown)))
        head = catalogue.text(self.code, language, **self.params)
        return head + ("；" if language is Language.CHINESE else "; ").join(shown)

    def document(self, language: Language) -> dict[str, object]:
        """The RFC 9457 members and ``findings``."""
        findings = [
            {"line": f.line, "column": f.column, "code": f.code, "params": f.params, "detail": f.text(language)}
            for f in self.findings
        ]
        return {**super().document(language), "findings": findings}


Cells = dict[StrEnum, str]
"""The cells of a row by column; without the columns that the table does not have."""


def read_table(
    content: bytes, columns: Mapping[StrEnum, str], needed: Iterable[StrEnum], rows_max: int
) -> tuple[list[tuple[int, Cells]], dict[StrEnum, str], list[Finding]]:
    """The rows of a table by their lines, the names that it gives its columns, and the cells that are wrong.

    ``columns``: each with the message that names it. Raises WrongTable (its columns), Problem(INVALID) (no table, too
    large, or without rows).
    """
    lines = _workbook_lines(content, rows_max) if content.startswith(b"PK") else _csv_lines(content, rows_max)
    header = [cell.strip() for cell in next(lines, [])]
    places = _places(header, columns, needed)
    named = {column: header[place][:VALUE_SHOWN] for place, column in enumerate(places) if column is not None}
    rows: list[tuple[int, Cells]] = []
    findings: list[Finding] = []
    for line, cells in enumerate(lines, start=2):
        if line > rows_max + 1:
            raise Problem(INVALID, "table.too_many_rows", most=rows_max)
        row: Cells = dict.fromkeys(named, "")
        for place, cell in enumerate(cells):
            value = cell.strip()
            if not value:
                continue
            column = places[place] if place < len(places) else None
            if column is None:
                findings.append(Finding(line, str(place + 1), "table.unnamed_column", {}))
            elif safe_text(value) != value:
                findings.append(Finding(line, named[column], "table.formula", {}))
            else:
                row[column] = value
        if any(row.values()):
            rows.append((line, row))
    if not rows and not findings:
        raise Problem(INVALID, "table.empty")
    return rows, named, findings


def _places(header: Sequence[str], columns: Mapping[StrEnum, str], needed: Iterable[StrEnum]) -> list[StrEnum | None]:
    """The column at each place of the first line, None where it is blank. Raises WrongTable."""
    names = {plain(column.value): column for column in columns}
    names |= {plain(catalogue.text(columns[column], language)): column for column in columns for language in Language}
    places: list[StrEnum | None] = []
    findings: list[Finding] = []
    for name in header:
        column = names.get(plain(name))
        if name and column is None:
            findings.append(Finding(1, name[:VALUE_SHOWN], "table.unknown_column", {}))
        elif column is not None and column in places:
            findings.append(Finding(1, name[:VALUE_SHOWN], "table.column_twice", {}))
        places.append(column)
    findings += [Finding(1, column.value, "table.missing_column", {}) for column in needed if column not in places]
    if findings:
        raise WrongTable(findings)
    return places


def _csv_lines(content: bytes, rows_max: int) -> Iterator[list[str]]:
    """The lines of a CSV file one by one, and one more than it may have: a file of line feeds has millions."""
    try:
        yield from islice(csv_rows(content), rows_max + 2)
    except NotATable:
        raise Problem(INVALID, "table.not_a_table") from None


def _workbook_lines(content: bytes, rows_max: int) -> Iterator[list[str]]:
    """The first sheet, row by row. Formulas are read as they are written."""
    # Imported when first asked for: it costs 15 MB.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if any(part.compress_type not in WORKBOOK_PACKING for part in parts):
                raise Problem(INVALID, "table.not_a_workbook")
            if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > rows_max * UNPACKED_PER_ROW_MAX:
                raise Problem(INVALID, "table.unpacks_too_large", most=rows_max * UNPACKED_PER_ROW_MAX // 1_000_000)
        book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        # A cell may claim to stand anywhere: no further than a table may reach.
        rows = sheet.iter_rows(max_row=rows_max + 2, max_col=COLUMNS_MAX, values_only=True)
        yield from (["" if cell is None else str(cell) for cell in row] for row in islice(rows, rows_max + 2))
    except (InvalidFileException, *NOT_A_WORKBOOK):
        raise Problem(INVALID, "table.not_a_workbook") from None


def plain(text: str) -> str:
    """A name as names are compared: without spaces, width and case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()
