"""Lists as files: money is money in every column, and every heading says what stands below it."""

import re
from typing import Any

import pytest

from foundation.catalogue import Language
from onecard.listings import LISTS
from registry.lists.files import heading, is_money
from registry.lists.listing import Listing

YUAN = {Language.CHINESE: re.compile("（元）"), Language.ENGLISH: re.compile(r"\(yuan\)")}

by_list = pytest.mark.parametrize("listing", LISTS.values(), ids=[one.name for one in LISTS.values()])


@by_list
def test_what_a_heading_calls_yuan_is_written_in_yuan(listing: Listing[Any]) -> None:
    for member in listing.shown.__struct_fields__:
        for language, unit in YUAN.items():
            assert bool(unit.search(heading(member, language))) is is_money(member), (member, language)
