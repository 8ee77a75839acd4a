"""Lists as files: money is money in every column, and every heading says what stands below it."""

import re
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import fields

from foundation import catalogue
from foundation.catalogue import Language
from onecard.listings import LISTS
from onecard.resources import KINDS
from registry.lists.files import heading, headings, is_money
from registry.lists.listing import Listing
from registry.meals import Meal
from settlement.tariff import PlaceCheck, ReceiptEffect, SubsidyExpiry, VisitorCap, VisitorFloor, Visitors

YUAN = {Language.CHINESE: re.compile("（元）"), Language.ENGLISH: re.compile(r"\(yuan\)")}

by_list = pytest.mark.parametrize("listing", LISTS.values(), ids=[one.name for one in LISTS.values()])


@by_list
def test_what_a_heading_calls_yuan_is_written_in_yuan(listing: Listing[Any]) -> None:
    for member in listing.shown.__struct_fields__:
        for language, unit in YUAN.items():
            assert bool(unit.search(heading(member, language))) is is_money(member), (member, language)


@by_list
def test_english_headings_begin_alike(listing: Listing[Any]) -> None:
    told = headings(listing, Language.ENGLISH)
    assert [one for one in told if one[0].islower()] == []
    assert len(set(told)) == len(told)


@by_list
def test_every_time_tells_its_zone(listing: Listing[Any]) -> None:
    for field, told in zip(fields(listing.shown), headings(listing, Language.ENGLISH), strict=True):
        assert ("(Beijing time)" in told) is ("datetime.datetime" in str(field.type)), (field.name, told)


WORDS = {
    ("region_rules", "visitors"): Visitors,
    ("region_rules", "visitor_floor"): VisitorFloor,
    ("region_rules", "visitor_cap"): VisitorCap,
    ("region_rules", "receipt_effect"): ReceiptEffect,
    ("region_rules", "subsidy_expires"): SubsidyExpiry,
    ("region_rules", "place_check"): PlaceCheck,
    ("approvals", "kind"): KINDS,
    ("flags", "meal"): Meal,
}


@pytest.mark.parametrize(("place", "values"), WORDS.items(), ids=map(str, WORDS))
def test_files_say_words_and_no_codes(place: tuple[str, str], values: Iterable[str]) -> None:
    name, member = place
    [listing] = [one for one in LISTS.values() if one.name == name]
    for value in values:
        assert catalogue.has(listing.words[member](str(value)))
