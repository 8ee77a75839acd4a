"""Amounts as people read them: decimals, and Chinese financial capitals."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foundation.money import in_words, yuan

DIGITS = "零壹贰叁肆伍陆柒捌玖"
SIZES = {"拾": 10, "佰": 100, "仟": 1000}
AMOUNT = re.compile(r"人民币(?:(?P<yuan>[^元角分]+)元)?(?:(?P<jiao>[^零元角分])角)?(?:零?(?P<fen>.)分)?整?")


def read_number(text: str) -> int:
    """The number that Chinese digits say, by the rules of reading aloud."""
    for unit, size in (("亿", 100_000_000), ("万", 10_000)):
        high, found, rest = text.rpartition(unit)
        if found:
            return read_number(high) * size + read_number(rest)
    value, digit = 0, 0
    for character in text:
        if character in SIZES:
            value, digit = value + digit * SIZES[character], 0
        else:
            digit = DIGITS.index(character)
    return value + digit


def read_amount(text: str) -> int:
    """The amount in fen that `in_words` wrote."""
    parts = AMOUNT.fullmatch(text)
    assert parts is not None, text
    whole = read_number(parts["yuan"] or "")
    return whole * 100 + DIGITS.index(parts["jiao"] or "零") * 10 + DIGITS.index(parts["fen"] or "零")


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "人民币零元整"),
        (5, "人民币伍分"),
        (50, "人民币伍角"),
        (100, "人民币壹元整"),
        (105, "人民币壹元零伍分"),
        (1000, "人民币壹拾元整"),
        (1200, "人民币壹拾贰元整"),
        (32504, "人民币叁佰贰拾伍元零肆分"),
        (600714, "人民币陆仟零柒元壹角肆分"),
        (1040950, "人民币壹万零肆佰零玖元伍角"),
        (10_000_100, "人民币壹拾万零壹元整"),
        (10_700_053, "人民币壹拾万柒仟元伍角叁分"),
        (100_000_000_00, "人民币壹亿元整"),
        (100_010_000_00, "人民币壹亿零壹万元整"),
        (1_234_500_000_000_00, "人民币壹万贰仟叁佰肆拾伍亿元整"),
    ],
)
def test_amounts_in_words(fen: int, words: str) -> None:
    assert in_words(fen) == words


@given(st.integers(0, 10**17) | st.integers(0, 10**7) | st.integers(0, 10**7).map(lambda n: n * 1000))
@example(100_000_001_00)
@example(10_010_010_010_01)
def test_amounts_in_words_are_read_back(fen: int) -> None:
    words = in_words(fen)
    assert read_amount(words) == fen
    assert "零零" not in words
    assert words.endswith("整") == (fen % 100 == 0)


def test_negative_amounts_have_no_words() -> None:
    with pytest.raises(ValueError, match="not negative"):
        in_words(-1)


@given(st.integers(-(10**15), 10**15))
def test_yuan_has_two_decimals(fen: int) -> None:
    assert int(yuan(fen).replace(".", "")) == fen
