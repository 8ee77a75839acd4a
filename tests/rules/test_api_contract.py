"""The API description as a contract: valid, complete, and the same as the document that clients are generated from."""

import inspect
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct
from openapi_spec_validator import validate

from foundation.problem_responses import DEVICE_PATHS
from onecard.api_bodies import BODIES
from onecard.api_contract import contract
from onecard.app import create_app
from scripts import openapi


@cache
def application() -> Litestar:
    return create_app(openapi.NOWHERE)


def described() -> dict[str, Any]:
    return contract(application())


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in described()["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def handlers() -> dict[tuple[str, str], HTTPRouteHandler]:
    found = {}
    for route in application().routes:
        for method, (handler, _) in getattr(route, "route_handler_map", {}).items():
            found[str(method), route.path_format or "/"] = handler
    return found


def test_the_committed_document_is_the_applications() -> None:
    assert openapi.TARGET.read_text(encoding="utf-8") == openapi.page(), "make docs"


def test_the_document_is_valid() -> None:
    validate(json.loads(openapi.page()))


def test_operations_have_names_that_programs_can_use() -> None:
    names = [operation["operationId"] for *_, operation in operations()]
    assert len(set(names)) == len(names)
    assert [name for name in names if not name.isidentifier()] == []
    assert [path for _, path, operation in operations() if not operation.get("summary")] == []


def test_schemas_have_names_that_programs_can_use() -> None:
    schemas = described()["components"]["schemas"]
    assert [name for name in schemas if not name.isidentifier()] == []
    # The framework puts the module in front of a name that two of them have; generated clients take the title.
    titles = [schema["title"] for schema in schemas.values() if "title" in schema]
    assert sorted(one for one in set(titles) if titles.count(one) > 1) == []


def test_every_operation_says_who_may_call_it() -> None:
    open_to_all = {path for _, path, operation in operations() if operation["security"] == []}
    # Nobody is signed in yet or any more, or it is for the public.
    assert open_to_all == {
        "/bulletins", "/bulletins/{bulletin_id}", "/bulletins/{bulletin_id}/data", "/bulletins/{bulletin_id}/pdf",
        "/console/invitations", "/console/sessions", "/console/sessions/current", "/console/sessions/passkey",
        "/console/sessions/passkey-challenge", "/console/sessions/second-factor", "/console/sign-on",
        "/console/sign-on/{provider}", "/console/sign-on/{provider}/completion", "/console/sign-on/{provider}/logout",
        "/console/tokens",
        "/displays/events", "/displays/sessions", "/gateway/notifications",
        "/health", "/health/live", "/live", "/me/sign-on/{provider}", "/me/sign-on/{provider}/completion",
        "/public/canteens/{canteen_id}/menus",
        "/public/canteens/{canteen_id}/menus/{day}", "/public/days/{business_date}", "/r/{number}", "/r/{number}/pdf",
        "/receipts/{number}",
    }  # fmt: skip
    schemes = described()["components"]["securitySchemes"]
    for method, path, operation in operations():
        for one in operation["security"]:
            assert set(one) <= set(schemes), path
            assert ("csrf" in one) is (one.keys() & {"cookie", "official"} != set() and method != "GET"), path


def test_every_operation_tells_its_problems() -> None:
    responses = described()["components"]["responses"]
    for method, path, operation in operations():
        told = operation["responses"]
        assert {"500", "503"} <= set(told), (method, path)
        if "requestBody" in operation:
            assert {"400", "408", "413"} <= set(told), (method, path)
        if any("session" in one for one in operation["security"]):
            assert {"401", "403"} <= set(told), (method, path)
        for status, answer in told.items():
            if "$ref" in answer:
                named = responses[answer["$ref"].rsplit("/", 1)[-1]]
                assert list(named["content"]) == ["application/problem+json"], (path, status)


def test_every_body_that_a_handler_reads_is_described() -> None:
    found = handlers()
    for method, path, operation in operations():
        if path.startswith(DEVICE_PATHS):
            continue
        handler = found[method, path]
        reads = "data" in handler.parsed_fn_signature.parameters or re.search(
            r"received\(request\)|request\.body\(\)", inspect.getsource(handler.fn)
        )
        assert bool(reads) is ("requestBody" in operation), (method, path)
    assert set(BODIES) <= {path for method, path, _ in operations() if method == "POST"}


def test_machines_have_a_scheme_with_the_scopes_that_they_may_have() -> None:
    flow = described()["components"]["securitySchemes"]["machine"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == "/console/tokens"
    wanted = {
        (method, path): one["machine"]
        for method, path, operation in operations()
        for one in operation["security"]
        if "machine" in one
    }
    assert wanted["GET", "/registry/officials"] == ["see_officials"]
    assert wanted["POST", "/registry/rosters"] == ["register_official"]
    assert wanted["POST", "/console/machines/current/secret"] == []
    assert ("POST", "/console/users") not in wanted
    assert {scope for scopes in wanted.values() for scope in scopes} <= set(flow["scopes"])


def test_every_parameter_of_a_list_and_every_tag_is_described() -> None:
    described_tags = {tag["name"] for tag in described()["tags"] if tag.get("description")}
    for _, path, operation in operations():
        assert set(operation["tags"]) <= described_tags, path
        if operation["operationId"].startswith(("list_", "download_")):
            shared = described()["components"]["parameters"]
            taken = [
                shared[one["$ref"].rsplit("/", 1)[-1]] if "$ref" in one else one
                for one in operation.get("parameters", ())
            ]
            assert [one["name"] for one in taken if not one.get("description")] == [], path


def bodies() -> Iterator[Any]:
    schemas = described()["components"]["schemas"]
    found = handlers()
    for method, path, operation in operations():
        if path in BODIES:
            continue
        for content in operation.get("requestBody", {}).get("content", {}).values():
            data = found[method, path].parsed_fn_signature.parameters["data"]
            choices = [content["schema"], *content["schema"].get("oneOf", [])]
            for reference in (one["$ref"] for one in choices if "$ref" in one):
                kinds = [data.annotation, *(inner.annotation for inner in data.inner_types)]
                kind = next((one for one in kinds if isinstance(one, type) and issubclass(one, Struct)), None)
                example = schemas[reference.rsplit("/", 1)[-1]]["examples"][0]
                yield pytest.param(kind, example, id=f"{method} {path}")


@pytest.mark.parametrize(("kind", "example"), bodies())
def test_the_example_of_a_body_is_one(kind: type[Struct] | None, example: dict[str, Any]) -> None:
    if kind is None:
        assert set(example) >= {"meal", "purchased_at"}
    else:
        msgspec.convert(example, kind, strict=True)


def test_examples_are_what_their_schemas_allow() -> None:
    document = described()
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
            errors = Draft202012Validator(whole).iter_errors(example)
            assert [f"{error.json_path}: {error.message[:200]}" for error in errors] == [], name
