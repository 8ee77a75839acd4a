"""Strict decoding: which JSON and CBOR reaches the rules."""

import json
from datetime import time
from enum import StrEnum
from typing import Annotated

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from foundation import strict_json
from foundation.messages import Message
from foundation.problems import Problem
from foundation.strict_json import DEPTH_MAX, TypedReader, as_type, read_cbor, read_json

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_honest_json_passes_unchanged(value: object) -> None:
    text = json.dumps(value)
    if "\\u0000" not in text and text.count("[") + text.count("{") <= DEPTH_MAX:
        assert read_json(text.encode()) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b'{"a": 1, "a": 2}',
        b'{"x": {"a": 1, "a": 2}}',
        b'"\\u0000"',
        b'{"\\u0000": 1}',
        b'"\\ud800"',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 400,
        b"-" + b"9" * 400,
        b"NaN",
        b"Infinity",
        b"[1] [2]",
        b'"a\nb"',
    ],
)
def test_hostile_json_is_refused(body: bytes) -> None:
    with pytest.raises(Problem) as refused:
        read_json(body)
    assert refused.value.kind.status == 400


@given(st.binary(max_size=300))
def test_any_bytes_as_json_give_a_value_or_a_problem(body: bytes) -> None:
    try:
        read_json(body)
    except Problem as problem:
        assert problem.kind.status == 400


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes.fromhex("a2010101 02".replace(" ", "")),  # {1: 1, 1: 2}
        bytes.fromhex("1800"),  # 0 in two bytes
        bytes.fromhex("9f01ff"),  # an indefinite array
        bytes.fromhex("0100"),  # two items
        bytes.fromhex("a2020001 00".replace(" ", "")),  # keys out of order
        b"\x81" * 5_000 + b"\x01",
        bytes.fromhex("5b7fffffffffffffff"),  # a string of 2^63 bytes
        b"\x00" * 5_000,
        bytes.fromhex("f5"),  # true: 1 in Python
        bytes.fromhex("8201f4"),  # [1, false]
        bytes.fromhex("a1f501"),  # {true: 1}
        bytes.fromhex("f93c00"),  # 1.0
        bytes.fromhex("f7"),  # undefined
        bytes.fromhex("c101"),  # a time
        bytes.fromhex("c24101"),  # a large integer: 1 again
    ],
)
def test_hostile_cbor_is_refused(data: bytes) -> None:
    with pytest.raises(Problem):
        read_cbor(data, 4_096)


@given(st.binary(max_size=200))
def test_any_bytes_as_cbor_give_a_value_or_a_problem(data: bytes) -> None:
    try:
        value = read_cbor(data, 4_096)
    except Problem:
        return
    assert cbor2.dumps(value, canonical=True) == data


class Colour(StrEnum):
    RED = "red"


class Painted(Message):
    name: str
    colour: Colour


def test_an_equal_key_is_refused_also_where_a_text_is_a_choice() -> None:
    reader = TypedReader(Painted)
    assert reader.read(b' {"name": "door", "colour": "red"}') == Painted("door", Colour.RED)
    with pytest.raises(Problem):
        reader.read(b'{"colour": "red", "name": "door", "colour": "red"}')


def test_a_message_with_a_choice_is_read_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "read_json", None)
    assert TypedReader(Painted).read(b' {"colour": "red", "name": "door"} ') == Painted("door", Colour.RED)


class Hours(Message):
    starts: Annotated[time, Meta(tz=False)]


class Week(Message):
    meals: list[Hours]


@pytest.mark.parametrize(("told", "read"), [("11:30", time(11, 30)), ("06:05:00", time(6, 5))])
def test_a_time_of_day_may_be_without_seconds(told: str, read: time) -> None:
    week = as_type({"meals": [{"starts": "07:00"}, {"starts": told}]}, Week)
    assert [one.starts for one in week.meals] == [time(7), read]


@pytest.mark.parametrize("told", ["11.30", "24:01", "11:60", "11:3", "", "11:30Z", "11:30:00+08:00", "１１:30"])
def test_what_is_no_time_of_day_is_told_with_one_that_is(told: str) -> None:
    with pytest.raises(Problem) as refused:
        as_type({"meals": [{"starts": told}]}, Week)
    assert refused.value.code == "value.not_a_time_of_day"
