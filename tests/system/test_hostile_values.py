"""No value that a route's types allow, or nearly allow, is a 500: every parameter and every member of every body."""

import asyncio
import json
import secrets
from collections.abc import Iterator
from copy import deepcopy
from itertools import combinations, product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import urllib3

from foundation.pdf import render_pdf
from tests.builders import Network
from tests.running_system import System
from tests.system.test_audit_entries import CHANGES, QUARTER, SIGN_IN, City

NUMBERS: tuple[Any, ...] = (0, -1, 2**31, 2**53 - 1, True)
TEXTS = ("x\n", "\U0001f468", "a" * 3_000, "\x00", "\ufffe", "0001-01-01", "9999-12-31", "=1+1", "..", "２")
DATES = ("0001-01-01", "9999-12-31", "2026-02-30", "x")
PEOPLE = ("centre", "supervisor")
"""Between them they may ask for every route of people; the second where the first may not."""


@pytest.fixture(scope="module")
def city(scratch: Path) -> Iterator[City]:
    """A city of its own: odd values that are taken would change that of other tests."""
    folder = scratch / "hostile"
    folder.mkdir()
    system = System(folder, workers="1")
    system.start()
    yield City(Network(system), folder)
    system.clear_away()


def leaves(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every member and item that holds no others."""
    if isinstance(value, dict) and value:
        for key, member in value.items():
            yield from leaves(member, (*at, key))
    elif isinstance(value, list) and value:
        yield from leaves(value[0], (*at, 0))
    else:
        yield at


def replaced(body: Any, at: tuple[Any, ...], value: Any) -> Any:
    changed = deepcopy(body)
    inside = changed
    for step in at[:-1]:
        inside = inside[step]
    inside[at[-1]] = value
    return changed


def value_at(body: Any, at: tuple[Any, ...]) -> Any:
    for step in at:
        body = body[step]
    return body


def ask(city: City, who: str | None, method: str, path: str, body: bytes | None = None) -> urllib3.BaseHTTPResponse:
    headers = {"content-type": "application/json"}
    if who:
        headers["authorization"] = f"Bearer {city.person(who).token}"
    answer = urllib3.request(
        method, city.network.url + path, body=body, headers=headers, retries=False, timeout=60, redirect=False,
        preload_content=False,
    )  # fmt: skip
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        answer.close()
    else:
        assert answer.data is not None
    return answer


@pytest.mark.parametrize("route", sorted(CHANGES.keys() - {SIGN_IN}))
def test_no_member_of_a_body_is_a_500(city: City, route: str) -> None:
    given = CHANGES[route](city)
    if not isinstance(given.body, (dict, list)):
        return
    failed = []
    for at in leaves(given.body):
        whole_number = type(value_at(given.body, at)) is int
        for value in (*NUMBERS, *(TEXTS[:2] if whole_number else TEXTS), None, [], {}):
            body = json.dumps(replaced(given.body, at, value) if at else value).encode()
            answer = ask(city, given.who, route.split(" ", 1)[0], given.path, body)
            if answer.status == 500:
                failed.append((at, value, answer.data.decode()[:200]))
    assert not failed


def parameters_of(operation: dict[str, Any], where: str) -> list[dict[str, Any]]:
    return [one for one in operation.get("parameters", []) if one["in"] == where]


def values_for(parameter: dict[str, Any]) -> tuple[Any, ...]:
    schema = parameter["schema"]
    if schema.get("type") == "integer":
        return (*NUMBERS[:4], "x", "9" * 40)
    return DATES if schema.get("format") == "date" else (*TEXTS, *DATES[:2], "3302", "pdf", "xlsx", "en")


def usual(parameter: dict[str, Any]) -> str:
    return "2026-07-01" if "date" in str(parameter["schema"].get("format")) else "1"


def addresses(path: str, operation: dict[str, Any]) -> Iterator[str]:
    """The path with odd values for every two of its parameters, and each odd value for a query parameter."""
    in_path, queries = parameters_of(operation, "path"), parameters_of(operation, "query")
    filled = {one["name"]: usual(one) for one in in_path}
    for several in combinations(in_path, min(2, len(in_path))):
        names = [one["name"] for one in several]
        for values in product(*(values_for(one)[:6] for one in several)):
            odd = filled | dict(zip(names, values, strict=True))
            yield path.format(**{name: quote(str(value), safe="") for name, value in odd.items()})
    needed = {one["name"]: usual(one) for one in queries}
    for one in queries:
        for value in values_for(one):
            asked = needed | {one["name"]: str(value)}
            query = "&".join(f"{name}={quote(text, safe='')}" for name, text in asked.items())
            yield path.format(**filled) + "?" + query


def test_no_parameter_is_a_500(city: City) -> None:
    document = ask(city, None, "GET", "/schema/openapi.json").json()
    paths, shared, failed = document["paths"], document["components"]["parameters"], []
    for path, item in paths.items():
        for method, operation in item.items():
            if (method, path) == ("delete", "/console/sessions/current"):
                continue
            if path.removesuffix(".xlsx") + ".csv" in paths and path.endswith(".xlsx"):
                # The same handler as for CSV: only the rows are written otherwise.
                continue
            operation["parameters"] = [
                shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
                for one in operation.get("parameters", [])
            ]
            sent = b"{}" if method in ("post", "put", "patch") else None
            for address in addresses(path, operation):
                for who in PEOPLE:
                    answer = ask(city, who, method.upper(), address, sent)
                    if answer.status == 500:
                        failed.append(f"{who} {method} {address}: {answer.data.decode()[:160]}")
                    if answer.status != 403:
                        break
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("name", ["%00", "a%00.js", "..%2f..%2fetc", "%ff", "a" * 5_000])
def test_no_static_name_is_a_500(city: City, name: str) -> None:
    assert ask(city, None, "GET", f"/static/{name}").status == 404


@pytest.mark.parametrize("batch", ["%00", "..%00", "=1%2B1", "2026%0A", "a" * 41, "a" * 6_000])
def test_a_batchs_name_has_a_form(city: City, batch: str) -> None:
    number = secrets.token_hex(6)
    message = {"agency_id": city.agency(), "officials": [{"name": "王小明", "staff_number": number}]}
    city.person("centre").call("POST", "/registry/officials", message)
    file = f"staff_number,amount\n{number},1\n".encode()
    answer = ask(city, "finance-yinzhou", "POST", f"/settlement/grants/{city.agency()}/{batch}", file)
    assert answer.status == 400
    assert answer.json()["detail"] == "batch：应为1至40个字母、数字、点、连字符或下划线"


def test_what_the_database_cannot_hold_is_refused(city: City) -> None:
    """No rule in front knows of it; it is no error of ours."""
    path = f"/waste/evaluations/{QUARTER}/canteens/{city.canteen()}/"
    assert ask(city, "supervisor", "GET", path + "%00").status == 400
    assert ask(city, "supervisor", "GET", path + "W1%00").json()["detail"] == "请求中含有无法保存的内容"


def test_a_bulletin_takes_no_character_that_cannot_be_printed(city: City) -> None:
    # One of its own: another test may have published the city's.
    draft = CHANGES["POST /waste/bulletins"](city)
    path = f"/waste/bulletins/{city.person(draft.who).call('POST', draft.path, draft.body)['number']}"
    for character in ("\U0001f468", "\u0e01"):
        answer = ask(city, draft.who, "PATCH", path, json.dumps({"good": f"鄞州区{character}"}).encode())
        assert answer.status == 400
        assert f"U+{ord(character):04X}" in answer.json()["detail"]
    assert ask(city, draft.who, "PATCH", path, json.dumps({"good": "镕𬭎😀"}).encode()).status in (200, 400)
    shown = ask(city, draft.who, "GET", path + "/pdf")
    assert (shown.status, shown.data[:5]) == (200, b"%PDF-")


def test_a_name_that_no_font_has_keeps_no_document_back(city: City, tmp_path: Path) -> None:
    template = tmp_path / "page.typ"
    template.write_text("#set text(font: sys.inputs.font)\n#json(bytes(sys.inputs.data)).name")
    made = asyncio.run(render_pdf(template, {"name": "鄞州\U0001f468区"}))
    assert made.startswith(b"%PDF-")
