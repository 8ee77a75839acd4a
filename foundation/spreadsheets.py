"""Tables that people exchange with spreadsheets: CSV as spreadsheets on Chinese desktops save it, and safe texts."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator

ENCODINGS = ("utf-8-sig", "gb18030")

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?%?")


class NotATable(ValueError):
    """Not CSV in one of ``ENCODINGS``, or with a cell of over 131,072 characters (the reader's limit)."""


def read_csv(content: bytes) -> list[list[str]]:
    """The rows of a CSV file (RFC 4180). Raises NotATable."""
    return list(csv_rows(content))


def csv_rows(content: bytes) -> Iterator[list[str]]:
    """The same, one after the other."""
    try:
        yield from csv.reader(io.StringIO(_decoded(content), newline=""))
    except csv.Error as error:
        raise NotATable(str(error)) from None


def _decoded(content: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise NotATable("encoding")


def safe_text(text: str) -> str:
    """The text, quoted if a spreadsheet would run it as a formula (OWASP: CSV injection).

    Spreadsheets skip blanks in front of a formula, and some take full-width signs for plain ones. A number with its
    sign stays as it is.
    """
    shown = unicodedata.normalize("NFKC", text)
    begins = next((c for c in shown if unicodedata.category(c)[0] not in "ZC"), "")
    if begins and begins in "=+-@" and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return f"'{text}" if text[:1] in ("\t", "\r", "\n") else text
