"""What people read when a value is not allowed: the field by name, what is allowed, and no pattern or JSON path."""

import ast
import contextlib
import importlib
import pkgutil
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta, inspect

import onecard
from foundation import catalogue
from foundation.catalogue import Language
from foundation.messages import LongText, Message, ShortText, form, text, text_or_none
from foundation.problems import Problem
from foundation.validation import refusal_of
from onecard.app import create_app
from onecard.settings import Settings
from registry.meals import Meal

ROOT = Path(onecard.__file__).parents[1]
PACKAGES = ("foundation", "registry", "settlement", "dining", "terminals", "clearing", "waste")


class Card(Message):
    uid: Annotated[str, Meta(pattern="^[0-9a-f]{14}$")]
    meal: Meal = Meal.LUNCH


class Order(Message):
    cards: Annotated[list[Card], Meta(min_length=1, max_length=2)]
    on: date = date(2026, 11, 24)
    at: datetime | None = None
    number: UUID | None = None
    amount_fen: Annotated[int, Meta(ge=1, le=1_000)] = 1
    share: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    names: dict[str, Annotated[str, Meta(max_length=3)]] = {}  # noqa: RUF012
    batch: Annotated[str, form("batch", r"[A-Za-z0-9_.-]{1,40}")] = "a"
    pair: tuple[int, int] = (1, 2)
    why: Annotated[str, text(20)] = "a"


GOOD: dict[str, Any] = {"cards": [{"uid": "04a1b2c3d4e5f6"}]}


def refusal(changes: Any) -> Problem:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(changes, Order, strict=True)
    return refusal_of(caught.value, Order)


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        ({"cards": [{"uid": "x"}]}, "uid of item 1 of cards has an invalid format", "cards第1项的uid：格式不正确"),
        ({}, "cards is missing", "缺少必填项：cards"),
        ({"cards": [{}]}, "uid of item 1 of cards is missing", "缺少必填项：cards第1项的uid"),
        ({"cards": []}, "cards must not be shorter than 1", "cards：长度不得少于1"),
        (
            GOOD | {"cards": [{"uid": "04a1b2c3d4e5f6", "meal": "tea"}]},
            "meal of item 1 of cards must be one of: breakfast, lunch, dinner",
            "cards第1项的meal：应为下列之一：breakfast, lunch, dinner",
        ),
        (GOOD | {"amount_fen": 0}, "amount_fen must be at least 1", "amount_fen：不得小于1"),
        (GOOD | {"amount_fen": "7"}, "amount_fen must be a whole number", "amount_fen：应为整数"),
        (GOOD | {"share": 0.0}, "share must be above 0", "share：应大于0"),
        (GOOD | {"on": "24.11."}, "on must be a date such as 2026-11-24", "on：日期格式应为2026-11-24"),
        (GOOD | {"number": "7"}, "number must be a UUID", "number：应为UUID编号"),
        (GOOD | {"names": {"a": "long"}}, "item … of names must not be longer than 3", "names第…项：长度不得超过3"),
        (GOOD | {"names": {1: "a"}}, "a key of names must be text", "names的键：应为文本"),
        (GOOD | {"pair": [1]}, "pair must have 2 items", "pair：应有2项"),
        (GOOD | {"tip": 1}, "tip is not a known member", "不支持的项：tip"),
        (GOOD | {"$`^": 1}, "… is not a known member", "不支持的项：…"),
        (
            GOOD | {"batch": "a b"},
            "batch must be 1 to 40 letters, digits, dots, hyphens or underscores",
            "batch：应为1至40个字母、数字、点、连字符或下划线",
        ),
        (
            GOOD | {"why": "鄞州\u202e"},
            "why needs a visible character, and may have no control characters or hidden marks",
            "why：须有可见字符，且不得含控制字符或隐藏的方向标记",
        ),
        ([], "the request must be an object", "请求内容：应为对象"),
    ],
)
def test_a_refusal_names_the_field_and_what_is_allowed(value: Any, english: str, chinese: str) -> None:
    problem = refusal(value)
    assert problem.detail(Language.ENGLISH) == english
    assert problem.detail(Language.CHINESE) == chinese


def test_no_control_or_format_character_is_in_a_line() -> None:
    taken = []
    for code in range(0x110000):
        if unicodedata.category(chr(code)) in ("Cc", "Cf"):
            with contextlib.suppress(msgspec.ValidationError):
                msgspec.convert(f"a{chr(code)}", ShortText)
                taken.append(f"{code:04x}")
    assert taken == []


@pytest.mark.parametrize(("said", "is_seen"), [
    ("a", True), ("年度 餐补\n二", True), ("　餐", True), ("", False), (" ", False), ("\u3000", False),
    ("\u200b", False), ("a\u200b", False), ("a\x00", False), ("\u2028a", False), ("a\u2067b", False),
    ("\u3164", False), ("\u2800", False), ("a\u00ad", False), ("\ufe0f", False), ("\U000e0041", False),
    ("葛\U000e0100", True), ("☕\ufe0f", True), ("\U000e0100", False), ("a\ufdd0", False), ("a\U0001d173", False),
    ("a\U000e01f0", False), ("e\u0301", True),
])  # fmt: skip
def test_a_text_for_people_is_seen_as_a_whole(said: str, is_seen: bool) -> None:
    for kind in (ShortText, LongText, Annotated[str, text_or_none(9)]):
        may_be_empty = kind not in (ShortText, LongText)
        is_allowed = is_seen and not (kind is ShortText and "\n" in said)
        try:
            msgspec.convert(said, kind)
            taken = True
        except msgspec.ValidationError:
            taken = False
        assert taken == (is_allowed or (may_be_empty and not said)), kind


def test_a_parameter_is_named_as_it_is_in_the_address() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert("x", Annotated[int, Meta(ge=1)], strict=False)
    problem = refusal_of(caught.value, int, field="agency_id")
    assert problem.detail(Language.ENGLISH) == "agency_id must be a whole number"


@cache
def messages() -> list[type[Message]]:
    """Every type of message that the product reads."""
    for package in PACKAGES:
        module = importlib.import_module(package)
        for found in pkgutil.walk_packages(module.__path__, f"{package}."):
            importlib.import_module(found.name)

    def below(kind: type[Message]) -> Iterator[type[Message]]:
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    return sorted({kind for kind in below(Message) if kind.__module__.startswith(PACKAGES)}, key=str)


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text("$^`.[]a1", max_size=9),
    st.just([]), st.just({}), st.just({"$.a[0]`": "^x$"}), st.lists(st.integers(), max_size=3),
)  # fmt: skip


def plausible(info: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that mostly are of a type, so that what is wrong lies deep inside."""
    match info:
        case inspect.Metadata():
            return plausible(info.type, depth)
        case inspect.UnionType():
            return st.one_of(*(plausible(one, depth) for one in info.types))
        case inspect.StructType() if depth < 6:
            fields = {f.encode_name: st.one_of(plausible(f.type, depth + 1), JUNK) for f in info.fields}
            return st.fixed_dictionaries({}, optional=fields) | st.fixed_dictionaries(
                {f.encode_name: plausible(f.type, depth + 1) for f in info.fields}
            )
        case inspect.ListType():
            return st.lists(plausible(info.item_type, depth + 1), max_size=2)
        case inspect.DictType():
            return st.dictionaries(st.text("ab$`", max_size=3), plausible(info.value_type, depth + 1), max_size=2)
        case inspect.EnumType():
            return st.sampled_from([str(member.value) for member in info.cls])
        case inspect.IntType():
            return st.integers(info.ge if info.ge is not None else -5, info.le if info.le is not None else 2**40)
        case inspect.StrType():
            least = info.min_length or 0
            return st.from_regex(info.pattern) if info.pattern else st.text("a$", min_size=least, max_size=least + 5)
        case inspect.BoolType():
            return st.booleans()
        case inspect.DateType():
            return st.just("2026-11-24")
        case inspect.UUIDType():
            return st.just("6f6e6563-6172-4464-a973-707574650000")
        case _:
            return JUNK


@cache
def values_of(kind: type[Message]) -> st.SearchStrategy[Any]:
    return plausible(inspect.type_info(kind))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_pattern_and_no_path_reaches_people(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(messages()))
    value = data.draw(values_of(kind))
    try:
        msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        problem = refusal_of(error, kind)
        for language in Language:
            said = problem.detail(language)
            assert not set("$^`") & set(said), f"{kind.__name__}: {error}: {said}"
            assert "Expected" not in said


def strings_with_a_pattern(info: Any, at: str, formed: bool = False) -> Iterator[tuple[str, bool]]:
    """Every text with a pattern below a type, and whether the pattern has a form."""
    match info:
        case inspect.Metadata():
            yield from strings_with_a_pattern(info.type, at, bool(info.extra and {"form", "text"} & info.extra.keys()))
        case inspect.UnionType():
            for one in info.types:
                yield from strings_with_a_pattern(one, at, formed)
        case inspect.ListType() | inspect.SetType() | inspect.VarTupleType():
            yield from strings_with_a_pattern(info.item_type, at)
        case inspect.DictType():
            yield from strings_with_a_pattern(info.key_type, at)
            yield from strings_with_a_pattern(info.value_type, at)
        case inspect.StrType() if info.pattern:
            yield at, formed


def patterns_without_a_form() -> list[str]:
    """Members of messages and parameters of routes whose pattern nobody describes to people."""
    found = [
        at
        for kind in messages()
        for member in inspect.type_info(kind).fields  # type: ignore[attr-defined]
        for at, formed in strings_with_a_pattern(member.type, f"{kind.__module__}.{kind.__name__}.{member.name}")
        if not formed
    ]
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path == ROOT / "foundation" / "messages.py":
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and any(k.arg == "pattern" for k in node.keywords):
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return found


def test_every_pattern_has_a_form() -> None:
    assert patterns_without_a_form() == []


@pytest.mark.parametrize("value", ["a\n", "\na", "a\r\n", "a\u2028", "a b", "a\nb"])
def test_a_form_matches_the_whole_text(value: str) -> None:
    assert msgspec.convert(GOOD | {"batch": "a"}, Order, strict=True).batch == "a"
    assert refusal(GOOD | {"batch": value}).code == "form.batch"


def test_a_form_with_alternatives_matches_the_whole_text() -> None:
    either = Annotated[str, form("batch", "a|b")]
    assert [msgspec.convert(value, either) for value in "ab"] == ["a", "b"]
    for value in ("ax", "xb", "b\n"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(value, either)


def test_no_form_has_anchors_of_its_own() -> None:
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "form":
                if len(node.args) < 2:
                    continue
                for part in ast.walk(node.args[1]):
                    if isinstance(part, ast.Constant):
                        assert str(part.value).strip("^$") == part.value, path


def test_every_form_has_a_message() -> None:
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "form" and node.args:
                [name, *_] = node.args
                assert isinstance(name, ast.Constant)
                assert isinstance(name.value, str)
                assert catalogue.has(f"form.{name.value}"), f"{path}: form.{name.value}"


def test_no_parameters_bounds_are_left_unread() -> None:
    """The framework ignores ``Meta`` in a path or query; ``as_parameter`` says it once more."""
    app = create_app(Settings(database_url="postgresql:///none", redis_url="unix://none"))
    handlers = [handler for route in app.routes for handler in getattr(route, "route_handlers", [])]
    assert len(handlers) > 100
    for handler in handlers:
        for name, parameter in handler.parsed_fn_signature.parameters.items():
            said = [one for one in parameter.metadata if isinstance(one, Meta)] if name != "data" else []
            for meta in said:
                assert parameter.kwarg_definition is not None, (handler, name)
                for bound in ("pattern", "min_length", "max_length", "ge", "le", "gt", "lt"):
                    assert getattr(meta, bound) == getattr(parameter.kwarg_definition, bound), (handler, name, bound)
