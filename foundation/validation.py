"""What was wrong with a value, in the caller's words: msgspec's refusals become messages of the catalogue.

The field is named as the caller wrote it, and what is allowed is said: the bounds, the values to choose from, or a
description of the form (``foundation.messages.form``). No regular expression and no JSON path reaches a person.
"""

import re
from typing import Any

import msgspec
from msgspec import inspect

from foundation.problems import INVALID, Problem

_AT = re.compile(r" - at `(?P<path>[^`]*)`(?: in `(?P<within>[^`]*)`)?$")
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]|\[\.\.\.\]")
_RULES = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"^Object missing required field `(?P<name>[^`]+)`$", "value.missing"),
        (r"^Object contains unknown field `(?P<name>[^`]+)`$", "value.unknown_member"),
        (r"^Expected `(?:str|array|object|bytes)` of length >= (?P<least>\d+)$", "value.too_short"),
        (r"^Expected `(?:str|array|object|bytes)` of length <= (?P<most>\d+)$", "value.too_long"),
        (r"^Expected `\w+` >=? (?P<least>-?[\d.]+)$", "value.too_small"),
        (r"^Expected `\w+` <=? (?P<most>-?[\d.]+)$", "value.too_large"),
        (r"^Invalid (?:RFC3339|ISO8601) encoded date$", "value.not_a_date"),
        (r"^Invalid (?:RFC3339|ISO8601) encoded (?:datetime|time)$", "value.not_a_time"),
        (r"^Invalid UUID$", "value.not_a_uuid"),
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
    "array": "value.not_a_list",
    "object": "value.not_an_object",
}


def refusal_of(error: msgspec.ValidationError | str, wanted: Any, *, field: str = "") -> Problem:
    """The Problem(INVALID) for a value that msgspec could not convert to the type ``wanted``.

    ``field`` names the value itself where it is no member of a message: a query or path parameter.
    """
    said = str(error)
    at = _AT.search(said)
    path = at["path"] if at else "$"
    said = _AT.sub("", said)
    info = _type_at(wanted, path)
    for rule, code in _RULES:
        found = rule.match(said)
        if found is None:
            continue
        params: dict[str, Any] = found.groupdict()
        name = params.pop("name", None)
        where = _field(f"{path}.{name}" if name else path, field)
        return Problem(INVALID, code, field=where, **params)
    where = _field(path, field)
    wrong = _WANTED.match(said)
    if wrong is not None:
        return Problem(INVALID, _WRONG_TYPE.get(wrong["wanted"], "value.wrong_form"), field=where)
    choices = _choices(info)
    if choices:
        return Problem(INVALID, "value.not_a_choice", field=where, choices=", ".join(choices))
    form = _form(info)
    if form:
        return Problem(INVALID, form, field=where)
    return Problem(INVALID, "value.wrong_form", field=where)


def _field(path: str, field: str) -> str:
    """``$.cards[0].uid`` as ``cards 1 uid``: members by name, items by their place from one."""
    steps = [step["name"] or str(int(step["index"] or 0) + 1) for step in _STEP.finditer(path)]
    return " ".join([field, *steps] if field else steps) or "body"


def _type_at(wanted: Any, path: str) -> Any:
    """msgspec's description of the type at a path; None where it cannot be told."""
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
    """What a type may be, without the wrappers of metadata and unions."""
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


def _form(info: Any) -> str:
    """The id of the message that describes the form, as ``foundation.messages.form`` noted it."""
    if isinstance(info, inspect.Metadata) and info.extra and "form" in info.extra:
        return str(info.extra["form"])
    for part in info.types if isinstance(info, inspect.UnionType) else ():
        if found := _form(part):
            return found
    return ""
