"""Inspections: enough, all within three years, by size, drawn again from the seed, and for nobody to foresee."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.identifiers import CanteenId
from waste.supervision.sampling import SHARE, YEARS, Candidate, Stratum, draw, first_quarter, stratum_of

FIRST = 2026
SIZES = st.lists(st.sampled_from(list(Stratum)), min_size=1, max_size=60)


def candidates_of(strata: list[Stratum]) -> list[Candidate]:
    return [Candidate(CanteenId(number), stratum, None, FIRST) for number, stratum in enumerate(strata, start=1)]


@settings(max_examples=60, deadline=None)
@given(strata=SIZES, seed=st.text("0123456789abcdef", min_size=4, max_size=8))
def test_enough_every_year_and_everybody_within_three(strata: list[Stratum], seed: str) -> None:
    candidates = candidates_of(strata)
    inspected: dict[int, list[int]] = defaultdict(list)
    for year in range(FIRST, FIRST + 9):
        drawn = draw(candidates, year, seed)
        assert drawn == draw(candidates[::-1], year, seed), "drawn again, the same"
        assert len({one.canteen_id for one in drawn}) == len(drawn)
        for stratum in set(strata):
            of = strata.count(stratum)
            assert sum(one.stratum == stratum for one in drawn) >= SHARE * of
        for one in drawn:
            inspected[one.canteen_id].append(year)
            assert 1 <= one.quarter <= 4
        chosen = {one.canteen_id for one in drawn}
        candidates = [replace(c, last_year=year) if c.canteen_id in chosen else c for c in candidates]
        if year >= FIRST + YEARS - 1:
            for candidate in candidates:
                assert any(year - YEARS < done <= year for done in inspected[candidate.canteen_id])


def test_nobody_is_safe_after_a_visit_and_nobody_knows_when() -> None:
    """Over many seeds each of twenty canteens is drawn, those inspected last year as well."""
    candidates = [
        replace(c, last_year=FIRST - 1 if c.canteen_id <= 7 else None) for c in candidates_of([Stratum.SMALL] * 20)
    ]
    seen = {one.canteen_id for seed in range(300) for one in draw(candidates, FIRST, str(seed))}
    assert seen == set(range(1, 21))
    some = draw(candidates, FIRST, "a")
    assert some != draw(candidates, FIRST, "b")


def test_a_year_that_has_begun_is_inspected_in_the_quarters_that_are_left() -> None:
    assert [first_quarter(2026, date(2026, month, 1)) for month in (1, 3, 4, 12)] == [1, 1, 2, 4]
    assert first_quarter(2027, date(2026, 11, 24)) == 1
    drawn = draw(candidates_of([Stratum.SMALL] * 40), FIRST, "a", 3)
    assert {one.quarter for one in drawn} == {3, 4}


def test_strata_by_lunches() -> None:
    assert [stratum_of(n) for n in (99.9, 100, 299.9, 300)] == ["small", "medium", "medium", "large"]


def test_nobody_is_sent_to_a_canteen_in_a_quarter_in_which_it_is_closed() -> None:
    candidates = [replace(c, closed=(1, 2, 4)) for c in candidates_of([Stratum.SMALL] * 40)]
    assert {one.quarter for one in draw(candidates, FIRST, "a")} == {3}


def test_plans_of_before_are_drawn_again_the_same() -> None:
    """The quarter comes from the same random number, whether it was drawn from a range or from a list."""
    ranged, listed = random.Random("a"), random.Random("a")
    assert [ranged.randint(2, 4) for _ in range(50)] == [listed.choice([2, 3, 4]) for _ in range(50)]
