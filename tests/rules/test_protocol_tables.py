"""The tables of docs/terminal-protocol.md say what the code and its API description (OpenAPI) say."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from foundation import catalogue, rates
from foundation.catalogue import Language
from foundation.strict_json import DEPTH_MAX
from onecard.app import create_app
from onecard.device_problems import DEVICE_PROBLEMS
from onecard.settings import Settings
from registry import cashiers
from registry.states import CashierRefusal
from settlement import online_top_ups, shifts
from settlement.charging import SWEEP_S, VOID_GRACE, ChargeLimits
from settlement.errors import Refusal
from terminals import (
    blocking,
    charge_connection,
    client_messages,
    connection_limits,
    credentials,
    enrolment,
    keys,
    parameters,
    qr,
    references,
    sessions,
    short_codes,
    signatures,
)
from terminals.cashiers import may_do
from terminals.routes import opening
from terminals.shifts import LISTED_MAX
from waste.weighing.weigh_ins import BACKDATED_MAX

TEXT = (Path(__file__).parents[2] / "docs" / "terminal-protocol.md").read_text(encoding="utf-8")
PAGE = TEXT[: TEXT.index("## Test vectors")]
SETTINGS = Settings(redis_url="redis://127.0.0.1:1/0", database_url="postgresql://nobody@127.0.0.1/none")


def section(number: str) -> str:
    """A section of the page without those below it."""
    [body] = re.findall(rf"^##+ {re.escape(number)}\.? .*?(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(body)


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a text: rows of cells, without their heads."""
    found: list[list[list[str]]] = []
    is_inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            is_inside = False
        elif re.fullmatch(r"[|-]+", line):
            is_inside = True
            found.append([])
        elif is_inside:
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def code_words(text: str) -> set[str]:
    """The names in code spans and code blocks."""
    spans = re.findall(r"```.*?```|`[^`]+`", text, re.DOTALL) + re.findall(r"^    .+$", text, re.MULTILINE)
    return {word for span in spans for word in re.findall(r"\w+", span)}


def both(message_id: str) -> str:
    return f"{catalogue.text(message_id, Language.CHINESE)} · {catalogue.text(message_id, Language.ENGLISH)}"


@cache
def api() -> dict[str, Any]:
    """The API description, without a server."""
    return create_app(SETTINGS).openapi_schema.to_schema()


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while True:
        if "$ref" in schema:
            schema = api()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        elif len(schema.get("allOf", [])) == 1:
            schema = resolved(schema["allOf"][0]) | {k: v for k, v in schema.items() if k != "allOf"}
        elif "oneOf" in schema:
            [schema] = [one for one in schema["oneOf"] if one.get("type") != "null"]
        else:
            return schema


def routes() -> dict[tuple[str, str], dict[str, Any]]:
    """The operations of devices, by method and path with capitals for parameters."""
    return {
        (method.upper(), re.sub(r"{\w+}", "X", path)): operation
        for path, item in api()["paths"].items()
        if path.startswith(("/terminal/", "/phone/"))
        for method, operation in item.items()
    }


def calls() -> dict[tuple[str, str], list[str]]:
    """The calls of the page, and the sections that describe them."""
    [table] = tables(section("1.2"))
    found = {}
    for call, sections, *_ in table:
        method, path = call.strip("`").split()
        found[method, re.sub(r"\b[A-Z]{3,}\b", "X", path)] = re.findall(r"\[([\d.]+)\]", sections)
    return found


def members(schema: dict[str, Any]) -> set[str]:
    """All names in a schema, also of what is inside."""
    schema = resolved(schema)
    inside = [schema["items"]] if "items" in schema else list(schema.get("properties", {}).values())
    return set(schema.get("properties", {})).union(*map(members, inside))


def request_of(operation: dict[str, Any]) -> dict[str, Any] | None:
    body = operation.get("requestBody")
    return None if body is None else resolved(body["content"]["application/json"]["schema"])


def answer_of(operation: dict[str, Any]) -> dict[str, Any]:
    [status] = [status for status in operation["responses"] if status < "300"]
    return operation["responses"][status]["content"]["application/json"]["schema"]  # type: ignore[no-any-return]


def test_the_calls_of_the_page_are_those_of_the_description() -> None:
    assert calls().keys() == routes().keys()


@pytest.mark.parametrize("call", sorted(calls()), ids=" ".join)
def test_a_call_is_described_where_the_page_says(call: tuple[str, str]) -> None:
    """Every member of its request and of its answer stands in a section that the table names."""
    operation, text = routes()[call], "".join(map(section, calls()[call]))
    request = request_of(operation)
    wanted = members(answer_of(operation)) | (members(request) if request else set())
    assert wanted - code_words(text) == set()


def test_every_call_says_which_problems_it_may_be_answered_with() -> None:
    described = {
        call: {slug for answer in operation["responses"].values() for slug in _slugs(answer["description"])}
        for call, operation in routes().items()
    }
    expected = {
        (method, re.sub(r"{\w+}", "X", path)): {kind.slug for kind in kinds}
        for (method, path), kinds in DEVICE_PROBLEMS.items()
    }
    assert described == expected


def _slugs(description: str) -> list[str]:
    return re.findall(r"/problems/([a-z-]+)", description)


UNROUTED = {("404", "not-found"), ("405", "method-not-allowed")}
"""Answers to a path or method that no route has."""


def test_the_table_of_problems_is_that_of_the_description() -> None:
    [table] = tables(section("3.1"))
    told = {(row[0], row[1].strip("`")) for row in table if row[1].startswith("`")}
    described = {
        (status, slug)
        for operation in routes().values()
        for status, answer in operation["responses"].items()
        for slug in _slugs(answer["description"])
    }
    assert told == described | UNROUTED


def test_no_answer_to_a_phone_is_called_signed() -> None:
    """*Opening* includes all of phones."""
    phones = {kind.slug for (_, path), kinds in DEVICE_PROBLEMS.items() if path.startswith("/phone/") for kind in kinds}
    [table] = tables(section("3.1"))
    signed = {row[1].strip("`"): row[2] for row in table}
    assert [slug for slug in phones if not re.search(r"^no|phone: no|opening|either", signed[slug])] == []


def test_the_cashier_sees_the_catalogues_words() -> None:
    [table] = tables(section("3.1"))
    for row in table:
        if row[1].startswith("`"):
            assert row[-1] == both(f"problem.{row[1].strip('`')}.title"), row
    wait = both("problem.busy.advice")
    assert [row[-1] for row in table[-2:]] == [wait, wait]
    assert wait in section("2.2")


def test_a_problem_has_the_members_that_the_page_says() -> None:
    described = set(api()["components"]["schemas"]["DeviceProblem"]["properties"])
    assert described <= code_words(section("3.1"))


def test_the_table_of_reasons() -> None:
    table = tables(section("6"))[-1]
    described = api()["components"]["schemas"]["Answer"]["properties"]["reason"]
    assert {row[0].strip("`") for row in table} == set(Refusal) == set(described["examples"])
    assert len(table) == len(Refusal)
    for row in table:
        assert row[-1] == both(f"refusal.{row[0].strip('`')}.title"), row


def test_the_table_of_reasons_of_a_cashiers_sign_on() -> None:
    [table] = tables(section("7.4"))
    described = api()["components"]["schemas"]["CashierAnswer"]["properties"]["reason"]
    assert [row[0].strip("`") for row in table] == list(CashierRefusal) == described["examples"]
    for row in table:
        assert row[-1] == both(f"refusal.{row[0].strip('`')}.title"), row
    assert set(may_do(may_void=True)) <= code_words(section("7.4"))


def test_the_states_of_the_picture_are_those_of_the_table() -> None:
    [table] = tables(section("2.1"))
    told = {
        (state, row[2].strip("`"))
        for row in table
        for state in re.findall(r"`(\w+)`", row[0])
        if state != row[2].strip("`")
    }
    assert told == set(re.findall(r"(\w+) --> (\w+):", section("2.1")))
    [requests] = tables(section("2.2"))
    drawn = {state for arrow in re.findall(r"(\w+) --> (\w+)", section("2.2")) for state in arrow}
    assert {row[0].strip("`") for row in requests} == drawn


NUMBERS: dict[str, float] = {
    "to connect": client_messages.CONNECT_WITHIN_S,
    "wait for an answer": client_messages.ANSWER_WITHIN_S,
    "answer to a charge or void, from its arrival on": ChargeLimits().give_up_after_s,
    "how much later it may be noticed": SWEEP_S,
    "time for a body to arrive": SETTINGS.body_within_s,
    "first request on a connection, else it is closed": SETTINGS.body_within_s,
    "an idle connection is kept": charge_connection.KEEP_ALIVE_S,
    "an answer that is not read, then the connection is closed": connection_limits.ANSWER_STUCK_S,
    "a connection is not read after `503`, or `401` before any charge": charge_connection.PAUSE_READING_S,
    "shortest growing pause": client_messages.PAUSE_MIN_S,
    "longest growing pause": client_messages.PAUSE_MAX_S,
    "`created` before or after the centre's time": signatures.CREATED_WITHIN_S,
    "workers still know an ended session": sessions.CACHE_S,
    "the block list's version in an answer is at most so old": blocking.REFRESH_S + blocking.LOOK_UP_WITHIN_S,
    "changes of prices and rules reach the parameters": sessions.TERMS_S,
    "ask whether the parameters have changed": parameters.REFRESH_S,
    "a body, in bytes": SETTINGS.body_max_bytes,
    "a body outside a session, and a phone's, in bytes": opening.OPENING_BYTES_MAX,
    "the head of a request, in bytes": connection_limits.HEAD_BYTES_MAX,
    "fields in a head": connection_limits.FIELDS_MAX,
    "levels of nesting in a body": DEPTH_MAX,
    "digits of an integer": 19,
    "sign-ons from one address a second, per worker": SETTINGS.requests_per_address_per_s,
    "sign-ons from one address at once, per worker": SETTINGS.requests_per_address_per_s * rates.BURST_S,
    "wrong codes from one address a minute": opening.WRONG_CODES._most,
    "changes in one block-list answer": blocking.CHANGES_MAX,
    "requests in one list": LISTED_MAX,
    "numbers of a shift": shifts.SHIFT_NUMBERS_MAX,
    "closings of a shift, beside that which agrees": shifts.CLOSINGS_MAX,
    "numbers of a shift that it uses up when it is settled": shifts.UNUSED_MAX,
    "wrong PINs in a row of a cashier at a till, before he is locked there": cashiers.TRIES,
    "wrong PINs of a cashier a day, at all tills, before he is locked everywhere": cashiers.DAY_TRIES,
    "wrong PINs at a till within the minutes of a lock": cashiers.TILL_TRIES,
    "a lock after wrong PINs lasts, in minutes": cashiers.LOCKED.total_seconds() / 60,
    "a cashier's sign-on counts, in hours": cashiers.SIGNED_ON.total_seconds() / 3600,
    "an enrolment code lives, in minutes": enrolment.CODE_LIFE.total_seconds() / 60,
    "a phone's code lives, in hours": credentials.ACTIVATION_LIFE.total_seconds() / 3600,
    "a certificate lives, in days": qr.CERTIFICATE_LIFE_S / 86_400,
    "a reference is known after its certificate's end, in days": references.KEPT_AFTER.days,
    "a top-up order is open, in minutes": online_top_ups.ORDER_LIFE.total_seconds() / 60,
    "open top-up orders of an official": online_top_ups.OPEN_ORDERS_MAX,
    "a terminal's key is renewed after days": keys.KEY_LIFE.days,
    "weigh-ins are taken after days": BACKDATED_MAX.days,
    "a long code, in characters": qr.CODE_CHARACTERS_MAX,
    "a short code, in characters": short_codes.CODE_CHARACTERS,
}


def test_times_and_limits_are_those_of_the_code() -> None:
    rows = [*tables(section("3.2"))[0], *tables(section("11"))[1]]
    assert {row[0]: float(row[-1].replace(",", "")) for row in rows} == NUMBERS


def test_the_centre_gives_up_before_the_terminal_does() -> None:
    assert ChargeLimits().give_up_after_s + SWEEP_S < client_messages.ANSWER_WITHIN_S
    assert VOID_GRACE.total_seconds() == 2 * 3600


def test_the_pauses_after_a_problem() -> None:
    waits = {"busy": "1 s", "unavailable": "2 s", "gateway-away": "5 s"}
    [table] = tables(section("3.1"))
    for row in table:
        if wait := waits.get(row[1].strip("`")):
            assert f"`Retry-After` ({wait}" in row[4]


NAMES = {
    "enrolment": "/terminal/enrolments",
    "sign-on": "/terminal/sessions",
    "key": "/terminal/keys",
    "charge": "/terminal/charges",
    "void": "/terminal/voids",
    "sheet void": "/terminal/sheet-voids",
    "cashier": "/terminal/cashiers",
    "opening": "/terminal/shifts",
    "closing": "/terminal/shifts/closings",
    "weigh-in": "/terminal/weigh-ins",
    "activation": "/phone/certificates",
    "renewal": "/phone/certificates/renewals",
    "account": "/phone/account",
    "top-up": "/phone/top-ups",
    "payment": "/phone/payments",
}
POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
Limits = tuple[str, bool, str, int | None, int | None]
"""Type, whether it may be left out, choices, smallest, largest."""


def number(cell: str) -> int | None:
    if cell.startswith("2") and not cell.isascii():
        power, less, _ = cell[1:].translate(POWERS).partition("−1")
        return int(2 ** int(power)) - (1 if less else 0)
    return int(cell.replace(",", "")) if cell else None


def described_limits(schema: dict[str, Any], where: str) -> dict[tuple[str, str], Limits]:
    """The members of a request, by message and name, and what the description allows."""
    found: dict[tuple[str, str], Limits] = {}
    for name, member in schema["properties"].items():
        one, may_miss = resolved(member), name not in schema["required"]
        kind = {"string": "text"}.get(one.get("type", ""), one.get("type", ""))
        if "enum" in one:
            found[where, name] = "one of", may_miss, ", ".join(f"`{value}`" for value in one["enum"]), None, None
        elif one.get("format"):
            found[where, name] = {"uuid": "UUID"}.get(one["format"], one["format"]), may_miss, "", None, None
        elif kind == "integer":
            found[where, name] = kind, may_miss, "", one["minimum"], one["maximum"]
        elif kind == "array":
            found[where, name] = "list", may_miss, "", one.get("minItems", 0), one["maxItems"]
        elif kind == "text":
            found[where, name] = kind, may_miss, "", *_lengths(one)
        else:
            found[where, name] = kind, may_miss, "", None, None
        inner = resolved(one["items"]) if kind == "array" else one
        if "properties" in inner:
            found |= described_limits(inner, "line" if name == "lines" else where)
    return found


def _lengths(schema: dict[str, Any]) -> tuple[int, int]:
    """The shortest and longest text that a schema allows, by trying."""
    pattern = re.compile(schema.get("pattern", ".*"))
    least, most = schema.get("minLength", 0), schema.get("maxLength", 500)
    fits = [n for n in range(least, most + 1) if any(pattern.match(letter * n) for letter in "Aa1")]
    return fits[0], fits[-1]


def test_the_limits_of_every_member_are_those_of_the_description() -> None:
    described: dict[tuple[str, str], Limits] = {}
    for name, path in NAMES.items():
        request = request_of(routes()["POST", path])
        assert request is not None
        described |= described_limits(request, name)
    told: dict[tuple[str, str], Limits] = {}
    for names, where, kind, least, most, unit in tables(section("11"))[0]:
        for name, mark in re.findall(r"`(\w+)`(\??)", names):
            choices = unit.split(";")[0] if kind == "one of" else ""
            for message in where.split(", "):
                told[message, name] = kind, bool(mark), choices, number(least), number(most)
    assert told == described


CONSOLE = tables(section("4.2"))[0]


@pytest.mark.parametrize("row", CONSOLE, ids=lambda row: row[0].strip("`"))
def test_the_consoles_calls(row: list[str]) -> None:
    method, path = row[0].strip("`").split()
    wanted = re.sub(r"\bID\b", "X", path)
    [operation] = [
        item[method.lower()] for known, item in api()["paths"].items() if re.sub(r"{\w+}", "X", known) == wanted
    ]
    request = request_of(operation)
    named = set(re.findall(r"`(\w+)`\??", row[1])) - {"till", "scale"}
    assert named == (members(request) if request else set())
    if request:
        assert set(re.findall(r"`(\w+)`\?", row[1])) == set(request["properties"]) - set(request["required"])
    statuses = [status for status in operation["responses"] if status < "300" and status != "202"]
    content = operation["responses"][statuses[0]].get("content")
    answer = set(resolved(content["application/json"]["schema"])["properties"]) if content else set()
    assert answer <= code_words(row[2])


def test_the_values_of_a_phones_answers() -> None:
    account, order = (answer_of(routes()["POST", f"/phone/{call}"]) for call in ("account", "top-ups"))
    described: dict[tuple[str, str], set[str]] = {}
    lists = {name: resolved(resolved(account)["properties"][name]["items"]) for name in ("payments", "credentials")}
    for place, schema in (lists | {"order": resolved(order)}).items():
        for name, member in schema["properties"].items():
            if "enum" in resolved(member):
                described[place, name] = set(resolved(member)["enum"])
    [table] = tables(section("9"))
    told = {(row[1].strip("`"), row[0].strip("`")): set(re.findall(r"`(\w+)`", row[2])) for row in table}
    assert told == described
    assert len(told) == len(table) == 6


def test_the_receipts_members() -> None:
    shown = api()["paths"]["/receipts/{number}"]["get"]
    [table, signed] = tables(section("10"))
    assert members(answer_of(shown)) - {"article", "portions", "grams", "unit_price_fen", "take_away"} <= code_words(
        section("10")
    )
    receipt = api()["components"]["schemas"]["Receipt"]["properties"]
    assert [name for row in table for name in re.findall(r"`(\w+)`", row[0])] == list(receipt)
    content = resolved(resolved(answer_of(shown))["properties"]["receipt"])["properties"]
    assert [name for row in signed for name in re.findall(r"`(\w+)`", row[1])] == list(content)
