"""Validation errors for people: msgspec's errors become messages of the catalogue.

A message names the field as the caller knows it ("uid of item 1 of cards") and says what is allowed: bounds, choices,
or a description of the format (``foundation.messages.form``). No regular expression and no JSON path reaches a person.
"""

import re
from typing import Any

import msgspec
from msgspec import inspect

from foundation.catalogue import Phrase
from foundation.problems import INVALID, Problem

_AT = re.compile(r" - at `(?P<path>[^`]*)`(?: in `(?P<within>[^`]*)`)?$")
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")
NO_DATE = "Invalid RFC3339 encoded date"
NO_TIME_OF_DAY = "Invalid RFC3339 encoded time"
"""How msgspec's errors begin."""
_KEY = "key"
_RULES = tuple(
    (re.compile(pattern, re.DOTALL), code)
    for pattern, code in (
        (r"^Object missing required field `(?P<name>[^`]+)`$", "value.missing"),
        (r"^Object contains unknown field `(?P<name>.*)`$", "value.unknown_member"),
        (r"^Expected `(?:str|array|object|bytes)` of length >= (?P<least>\d+)$", "value.too_short"),
        (r"^Expected `(?:str|array|object|bytes)` of length <= (?P<most>\d+)$", "value.too_long"),
        (r"^Expected `array` of length (?P<length>\d+), got \d+$", "value.wrong_length"),
        (r"^Expected `\w+` >= (?P<least>-?[\d.]+)$", "value.too_small"),
        (r"^Expected `\w+` <= (?P<most>-?[\d.]+)$", "value.too_large"),
        (r"^Expected `\w+` > (?P<least>-?[\d.]+)$", "value.not_above"),
        (r"^Expected `\w+` < (?P<most>-?[\d.]+)$", "value.not_below"),
        (r"^Expected `\w+` that's a multiple of (?P<step>[\d.]+)$", "value.not_a_multiple"),
        (r"^Invalid (?:RFC3339|ISO8601) encoded date$", "value.not_a_date"),
        (r"^Invalid (?:RFC3339|ISO8601) encoded datetime$", "value.not_a_time"),
        (r"^Invalid (?:RFC3339|ISO8601) encoded time$", "value.not_a_time_of_day"),
        (r"^Expected `datetime` with a timezone component$", "value.not_a_time"),
        (r"^Expected `time` with no timezone component$", "value.not_a_time_of_day"),
        (r"^Invalid UUID$", "value.not_a_uuid"),
        (r"^Null is not allowed$", "value.null"),
    )
)
_WANTED = re.compile(r"^Expected `(?P<wanted>\w+)[^`]*`, got `")
_WRONG_TYPE = {
    "int": "value.not_an_integer",
    "float": "value.not_a_number",
    "bool": "value.not_a_boolean",
    "str": "value.not_a_text",
    "uuid": "value.not_a_uuid",
    "date": "value.not_a_date",
    "datetime": "value.not_a_time",
    "time": "value.not_a_time_of_day",
    "array": "value.not_a_list",
    "object": "value.not_an_object",
}
_NAME = re.compile(r"[\w.-]{1,40}")


def refusal_of(error: msgspec.ValidationError | str, wanted: Any, *, field: str = "") -> Problem:
    """The Problem(INVALID) for a value that msgspec could not convert to the type ``wanted``.

    ``field`` names the value itself where it is not a request body: a query or path parameter.
    """
    text = str(error)
    at = _AT.search(text)
    path, is_key = "$", False
    if at is not None:
        text = text[: at.start()]
        is_key = at["within"] is not None and at["path"] == _KEY
        path = at["within"] or at["path"]
    where = _field(path, field)
    if is_key:
        where = Phrase(f"{where} key", "value.key_of", {"of": where})
    for rule, code in _RULES:
        found = rule.match(text)
        if found is not None:
            given = found.groupdict()
            name = given.pop("name", None)
            if name is not None:
                where = _member(name if _NAME.fullmatch(name) else "…", None if path == "$" else where)
            if "least" in given or "most" in given:
                code = _form(_type_at(wanted, path)) or code
            bounds: dict[str, Any] = {key: _number(value) for key, value in given.items()}
            return Problem(INVALID, code, field=where, **bounds)
    return _wrong_form(text, None if is_key else _type_at(wanted, path), where)


def missing_value(name: str) -> Problem:
    """The Problem(INVALID) for a value that must be given and was not, such as a query parameter."""
    return Problem(INVALID, "value.missing", field=_member(name, None))


def steps_of(error: str) -> list[str | int]:
    """The members and places that lead to the value that a msgspec error is about; none where it does not say which."""
    at = _AT.search(error)
    found = list(_STEP.finditer(at["path"])) if at is not None else []
    if any(step["index"] == "..." for step in found):
        return []
    return [step["name"] or int(step["index"]) for step in found]


def _wrong_form(text: str, info: Any, where: Phrase) -> Problem:
    """The refusal of a value of the wrong type, choice or format."""
    wrong = _WANTED.match(text)
    if wrong is not None:
        return Problem(INVALID, _WRONG_TYPE.get(wrong["wanted"], "value.wrong_form"), field=where)
    choices = _choices(info)
    if choices:
        return Problem(INVALID, "value.not_a_choice", field=where, choices=", ".join(choices))
    return Problem(INVALID, _form(info) or _form(info, "text") or "value.wrong_form", field=where)


def _number(text: str) -> str:
    """A bound without the zeros of a float."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _member(name: str, of: Phrase | None) -> Phrase:
    if of is None:
        return Phrase(name, "value.name", {"name": name})
    return Phrase(f"{of} {name}", "value.member_of", {"name": name, "of": of})


def _field(path: str, field: str) -> Phrase:
    """``$.cards[0].uid`` as "uid of item 1 of cards": members by name, items by their place from one."""
    where = _member(field, None) if field else None
    for step in _STEP.finditer(path):
        if step["name"]:
            where = _member(step["name"], where)
        else:
            item = "…" if step["index"] == "..." else str(int(step["index"]) + 1)
            of = where or Phrase("body", "value.list")
            where = Phrase(f"{of} {item}", "value.item_of", {"item": item, "of": of})
    return where or Phrase("body", "value.body")


def _type_at(wanted: Any, path: str) -> Any:
    """msgspec's description of the type at a path; None if unknown."""
    try:
        info = inspect.type_info(wanted)
    except TypeError:
        return None
    for step in _STEP.finditer(path):
        info = _below(info, step["name"])
        if info is None:
            return None
    return info


def _below(info: Any, name: str | None) -> Any:
    for one in _alternatives(info):
        if name is not None and isinstance(one, inspect.StructType):
            return next((field.type for field in one.fields if field.encode_name == name), None)
        if name is None and isinstance(one, (inspect.ListType, inspect.SetType, inspect.VarTupleType)):
            return one.item_type
        if isinstance(one, inspect.DictType):
            return one.value_type
    return None


def _alternatives(info: Any) -> list[Any]:
    """The alternatives of a type, without metadata and unions."""
    if isinstance(info, inspect.Metadata):
        return _alternatives(info.type)
    if isinstance(info, inspect.UnionType):
        return [one for part in info.types for one in _alternatives(part)]
    return [info]


def _choices(info: Any) -> list[str]:
    for one in _alternatives(info):
        if isinstance(one, inspect.EnumType):
            return [str(member.value) for member in one.cls]
        if isinstance(one, inspect.LiteralType):
            return [str(value) for value in one.values]
    return []


def _form(info: Any, kind: str = "form") -> str:
    """The id of the message that describes the format (``foundation.messages``: ``form``, ``text``)."""
    if isinstance(info, inspect.Metadata) and info.extra and kind in info.extra:
        return str(info.extra[kind])
    for part in info.types if isinstance(info, inspect.UnionType) else ():
        if found := _form(part, kind):
            return found
    return ""
