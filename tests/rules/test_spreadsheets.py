"""Files that people send and get: hostile ones are problems, and no text runs as a formula."""

import io
import zipfile

import pytest
import xlsxwriter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clearing.bank_files import read_confirmations
from foundation.problems import Problem
from foundation.spreadsheets import NotATable, read_csv, safe_text
from settlement.grant_files import read_grants
from tests.bank import CENTRE, camt, entry
from waste.weighing.weigh_in_files import read_weigh_ins

LONG_FIELD = b'staff_number,amount\n"' + b"9" * 131_073 + b'",1\n'


def test_a_table_is_read_in_both_encodings() -> None:
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        assert read_csv("工号,金额\r\n007,12.5\n".encode(encoding)) == [["工号", "金额"], ["007", "12.5"]]


@pytest.mark.parametrize("content", [LONG_FIELD, b"a\x00b", b"\xff\xff", b'"' + b"x" * 200_000], ids=len)
def test_what_is_no_table(content: bytes) -> None:
    with pytest.raises(NotATable):
        read_csv(content)
    for read in (read_grants, lambda data: read_weigh_ins(data, {}, {})):
        with pytest.raises(Problem):
            read(content)


@pytest.mark.parametrize("encoding", ["onecard", "utf-7", "IBM037", "x" * 5_000, "utf-32", "idna", "base64"])
def test_an_unknown_encoding_of_xml(encoding: str) -> None:
    bank = camt(entry("E1", 100, "OC20261123A1")).replace(b"UTF-8", encoding.encode(), 1)
    assert encoding.encode() in bank
    with pytest.raises(Problem):
        read_confirmations(bank, CENTRE)
    book = io.BytesIO()
    with xlsxwriter.Workbook(book, {"in_memory": True}) as made:
        made.add_worksheet().write(0, 0, "x")
    odd = io.BytesIO()
    with zipfile.ZipFile(book) as source, zipfile.ZipFile(odd, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"UTF-8", encoding.encode(), 1))
    with pytest.raises(Problem):
        read_weigh_ins(odd.getvalue(), {}, {})


@pytest.mark.parametrize("amount", ["1E+999999999", "sNaN", "NaN", "Infinity", "1E-999999", "9" * 5_000, "", "-1"])
def test_an_amount_that_no_bank_sends(amount: str) -> None:
    content = camt(entry("E1", 100, "OC20261123A1"))
    with pytest.raises(Problem):
        read_confirmations(content.replace(b">1.00<", f">{amount}<".encode()), CENTRE)


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for read in (read_grants, lambda data: read_weigh_ins(data, {}, {}), lambda data: read_confirmations(data, CENTRE)):
        with pytest.raises(Problem):
            read(content)


@settings(max_examples=200, deadline=None)
@example(row=["1E+999999", "1", "2"])
@given(row=st.lists(st.text(max_size=12) | st.sampled_from(["1E+999999", "-0", "９", "٣", "1e5", "½"]), max_size=4))
def test_any_row_of_a_subsidy_file_is_read_or_refused(row: list[str]) -> None:
    content = "staff_number,amount\n" + ",".join('"' + cell.replace('"', '""') + '"' for cell in row)
    try:
        [grant] = read_grants(content.encode("utf-8", "replace"))
    except Problem:
        return
    assert grant.amount_fen > 0


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "=1", "\t=1", "\r=1", "\n=1", " =1",
        "\u3000=1", "\xa0=1", "\ufeff=1", "\u200b=1", "\uff1d1+1",
        "\uff0b1", "\uff0d1+2", "\uff20SUM(1)", "-1-1", "+1;2", "\ufe62 1", "\t1",
    ],
)  # fmt: skip
def test_no_text_runs_as_a_formula(text: str) -> None:
    assert safe_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", " ", "鄞州区", "-12.50", "+3", "12%", "-5%", "a=b", "A-1", "3.5", "'=1"])
def test_other_texts_stay(text: str) -> None:
    assert safe_text(text) == text
