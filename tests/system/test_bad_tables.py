"""Files that no honest spreadsheet wrote, sent as rosters and as networks: refused in words, in bounded memory."""

import io
import resource
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from foundation.catalogue import Language
from foundation.problems import Problem
from registry.network_tables import Sheet, cells_of_file, must_be_of_size, read_tables
from registry.rosters import Row, read_roster

MB = 1_000_000
MEMORY_MB_MAX = 1_000
"""What a process that reads any of these files may take in all. The worst that is still read takes 850."""


def as_roster(content: bytes) -> list[Row]:
    return read_roster(content, {"在编人员": "official"}, {})


def as_network(content: bytes) -> dict[Sheet, Any]:
    must_be_of_size(len(content))
    return read_tables(cells_of_file(content, "regions"))


ROSTER, REGIONS = "工号,姓名", "book,name_zh,name_en"
READERS = pytest.mark.parametrize(("read", "header"), [(as_roster, ROSTER), (as_network, REGIONS)])
Reader = Callable[[bytes], Any]


def workbook(header: str, *rows: list[Any], merged: str = "") -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "regions"
    for row in (header.split(","), *rows):
        page.append(row)
    if merged:
        page.merge_cells(merged)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_sheet(xml: bytes) -> bytes:
    """A workbook whose only sheet is this XML."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(ROSTER))) as honest,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in honest.namelist():
            made.writestr(name, xml if name.startswith("xl/worksheets/") else honest.read(name))
    return file.getvalue()


def refused(read: Reader, content: bytes) -> str:
    """What is said in English; in Chinese something is said, too."""
    with pytest.raises(Problem) as problem:
        read(content)
    assert problem.value.kind.status == 400
    assert problem.value.detail(Language.CHINESE)
    return problem.value.detail(Language.ENGLISH)


HONEST = {
    ROSTER: (["1", "张三"], ["2", "李四"]),
    REGIONS: (["3303", "温州市", "Wenzhou"], ["3304", "嘉兴市", "Jiaxing"]),
}


@READERS
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_line_ends_and_encodings_of_desktops_are_read(read: Reader, header: str, ends: str, encoding: str) -> None:
    lines = [header, *(",".join(row) for row in HONEST[header])]
    content = (ends.join(lines) + ends).encode(encoding)
    if encoding == "utf-16":
        assert refused(read, content)
        return
    found = read(content)
    assert len(found if isinstance(found, list) else found[Sheet.REGIONS]) == 2


@READERS
def test_what_is_no_text_is_refused(read: Reader, header: str) -> None:
    row = ",".join(HONEST[header][0])
    for content in (
        f"{header}\n{row}\x00\n".encode(), b"\x00" * 1_000, b"\xff\xfe\xfd" * 100, b"%PDF-1.7 \x89\n1 0 obj",
        f"{header}\n{row}".encode() + b"\xc3\x28",
    ):  # fmt: skip
        assert refused(read, content)


@READERS
def test_headings_that_stand_twice_are_refused(read: Reader, header: str) -> None:
    first = header.split(",")[0]
    row = HONEST[header][0]
    twice = f"{header},{first}"
    assert "twice" in refused(read, f"{twice}\n{','.join([*row, row[0]])}\n".encode())
    assert "twice" in refused(read, workbook(twice, [*row, row[0]]))


@READERS
def test_merged_cells_have_their_value_at_the_first_place_alone(read: Reader, header: str) -> None:
    rows = [list(row) for row in HONEST[header]]
    refused_at = refused(read, workbook(header, *rows, merged="B2:B3"))
    assert "line 3" in refused_at


@READERS
def test_formulas_are_refused_with_their_place(read: Reader, header: str) -> None:
    row = [HONEST[header][0][0], "=1+1", *HONEST[header][0][2:]]
    for content in (workbook(header, row), f"{header}\n{','.join(row)}\n".encode()):
        assert "2" in refused(read, content)


CELLS = b'<c t="inlineStr"><is><t>1</t></is></c>'
OPEN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
CLOSE = b"</sheetData></worksheet>"
BOMBS = {
    "300 MB of blanks": lambda: with_sheet(OPEN + b" " * 300 * MB + CLOSE),
    "rows without end": lambda: with_sheet(OPEN + (b"<row>" + CELLS * 2 + b"</row>") * 1_000_000 + CLOSE),
    "deep": lambda: with_sheet(OPEN + b"<a>" * 6_000_000 + b"</a>" * 6_000_000 + CLOSE),
    "deep and cut off": lambda: with_sheet(OPEN + b"<a>" * 12_000_000),
    "wide": lambda: with_sheet(OPEN + b"<a/>" * 12_000_000 + CLOSE),
    "entities": lambda: with_sheet(
        b'<!DOCTYPE a [<!ENTITY a "' + b"x" * 1_000 + b'">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
        + b"]>" + OPEN + b"<row><c><v>&j;</v></c></row>" + CLOSE
    ),
    "many parts": lambda: many_parts(10_000),
    "a size that is not so": lambda: with_false_size(with_sheet(OPEN + b" " * 90 * MB + CLOSE)),
    "a million rows of CSV": lambda: f"{ROSTER}\n".encode() + b"1,a\n" * 1_000_000,
    "one line of 19 MB": lambda: b"x" * 19 * MB,
    "a million columns": lambda: b"," * 1_000_000,
    "a quote without end": lambda: f'{ROSTER}\n1,"'.encode() + b"\n" * 10 * MB,
}  # fmt: skip


def many_parts(count: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for n in range(count):
            made.writestr(str(n), b"")
    return file.getvalue()


def with_false_size(content: bytes) -> bytes:
    """The directory of the archive says that its large part has ten bytes."""
    changed = bytearray(content)
    place = content.index(b"PK\x01\x02")
    while place >= 0:
        if struct.unpack_from("<I", content, place + 24)[0] > MB:
            struct.pack_into("<I", changed, place + 24, 10)
        place = content.find(b"PK\x01\x02", place + 4)
    return bytes(changed)


@pytest.mark.parametrize("bomb", BOMBS)
@READERS
def test_bombs_are_refused_in_bounded_memory(read: Reader, header: str, bomb: str) -> None:
    """In a process of its own, whose memory is limited."""
    script = (
        "import sys; from foundation.problems import Problem\n"
        f"from tests.system.test_bad_tables import {read.__name__} as read\n"
        "content = sys.stdin.buffer.read()\n"
        "try: read(content); print('read')\n"
        "except Problem as problem: print('refused', problem.code)\n"
    )
    content = BOMBS[bomb]()
    limit = (MEMORY_MB_MAX * MB, MEMORY_MB_MAX * MB)
    done = subprocess.run(
        [sys.executable, "-c", script], input=content, capture_output=True, timeout=120, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit),
    )  # fmt: skip
    assert done.stdout.startswith(b"refused"), done.stderr.decode()[-500:]
