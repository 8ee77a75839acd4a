"""What the console offers to change: every change that people can make, and nothing that its list does not know."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from litestar.routes import HTTPRoute
from msgspec.structs import fields

from foundation.catalogue import Language
from onecard import console_acts
from onecard.act_members import DescribedMember
from onecard.acts import ACTS
from onecard.app import create_app
from onecard.listings import LISTS
from registry.lists.described import describe
from registry.sessions import SAFE_METHODS
from scripts.openapi import NOWHERE, TARGET

APP = create_app(NOWHERE)
BY_OTHERS = ("/terminal/", "/me", "/gateway", "/phone", "/displays")
"""Devices, officials for themselves, and the gateway."""

ONES_OWN = ("/console/sessions", "/console/second-factor", "/console/passkeys", "/console/sign-on")
"""Signing in, and one's own ways to do it: pages of their own."""

PREVIEWS = {"/waste/bulletins/{bulletin_id}/page"}
"""Show what would be, and change nothing."""

BY_MACHINES = {"/console/machines/current/secret", "/console/tokens", "/console/invitations"}


def described(language: Language) -> Iterator[console_acts.DescribedAct]:
    for told, _ in console_acts._described(APP, language):
        yield told


def every(members: Iterable[DescribedMember]) -> Iterator[DescribedMember]:
    for member in members:
        yield member
        yield from every(member.members)


def test_no_change_that_people_make_is_missing() -> None:
    offered = {(act.method, act.path) for act in ACTS.values()}
    missing = {
        (method, route.path_format)
        for route in APP.routes
        if isinstance(route, HTTPRoute) and not route.path_format.startswith(BY_OTHERS + ONES_OWN)
        for handler in route.route_handlers
        for method in handler.http_methods - SAFE_METHODS
        if route.path_format not in BY_MACHINES | PREVIEWS
    }  # fmt: skip
    assert missing - offered == set()


@pytest.mark.parametrize("name", ACTS)
def test_an_act_knows_its_list(name: str) -> None:
    act = ACTS[name]
    shown = {field.name for field in fields(LISTS[act.place].shown)}
    assert set(act.row.values()) <= shown
    assert set(act.when) | ({act.mine} - {""}) <= shown
    states = {column.name: {one.value for one in column.words} for column in words_of(act.place)}
    for member, values in act.when.items():
        known = states.get(member) or {""}
        assert set(values) - {""} <= known, (member, values, known)


def words_of(place: str) -> list[Any]:
    return list(describe(LISTS[place], place, Language.ENGLISH).columns)


@pytest.mark.parametrize("language", Language)
def test_every_member_and_choice_has_words_of_its_own(language: Language) -> None:
    for act in described(language):
        assert act.title
        for member in every([*act.members, *act.answer]):
            assert member.heading, (act.name, member.name)
            assert all(one.word for one in member.choices), (act.name, member.name)


def test_what_a_row_says_is_asked_by_the_route() -> None:
    for act in described(Language.ENGLISH):
        asked = {member.name for member in every(act.members)}
        assert set(act.row) <= asked, act.name


def test_what_is_shown_of_an_answer_is_in_it() -> None:
    for act in described(Language.ENGLISH):
        assert {member.name for member in act.answer} == set(ACTS[act.name].shows), act.name


def test_what_is_asked_in_a_query_is_a_parameter_of_the_route() -> None:
    document = json.loads(TARGET.read_text(encoding="utf-8"))
    shared = document["components"]["parameters"]
    for name, act in ACTS.items():
        told = document["paths"][act.path][act.method.lower()].get("parameters", [])
        names = {shared[one["$ref"].rpartition("/")[2]]["name"] if "$ref" in one else one["name"] for one in told}
        assert set(act.query) <= names, name


@pytest.mark.parametrize("language", Language)
def test_a_hint_is_whole(language: Language) -> None:
    hints = [one.hint for act in described(language) for one in every(act.members) if one.hint]
    assert hints
    assert [hint for hint in hints if "{" in hint] == []
