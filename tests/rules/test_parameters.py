"""What a till reads from its parameters is what the centre would charge."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from foundation.calendar import ZONE
from registry.identifiers import AgencyId, Book, CanteenId
from registry.meals import Meal
from settlement.tariff import (
    Declined,
    PlaceCheck,
    PriceMode,
    ReceiptEffect,
    RegionRules,
    SubsidyExpiry,
    Tariff,
    VisitorCap,
    VisitorFloor,
    Visitors,
    in_force,
    price,
)
from terminals.parameters import (
    PRICES_AHEAD,
    PRICES_BACK,
    CanteenFacts,
    CanteenTerms,
    parameters_of,
    price_on,
    prices_of,
)
from tests.closed_days import KEYS

TODAY = date(2026, 11, 27)
CANTEEN = CanteenFacts(Book(3302), CanteenId(1010), AgencyId(1003), "食堂", "Canteen", [], False)
DAYS = st.integers(-60, 60).map(lambda n: TODAY + timedelta(days=n))
FEN = st.integers(1, 5_000)


@st.composite
def tariffs(draw: st.DrawFn, meal: Meal) -> Tariff:
    if draw(st.booleans()):
        return Tariff(meal, draw(DAYS), PriceMode.FREE, None, None, draw(FEN), 10_000)
    return Tariff(meal, draw(DAYS), PriceMode.FIXED, draw(FEN), draw(st.none() | FEN), None, draw(FEN))


@st.composite
def rules(draw: st.DrawFn) -> RegionRules:
    return RegionRules(
        draw(DAYS), Visitors.ANYONE, draw(st.sampled_from(VisitorFloor)), draw(st.sampled_from(VisitorCap)),
        draw(st.none() | FEN), None, None, ReceiptEffect.PERSONAL, SubsidyExpiry.NEVER, 3, 10_000,
        PlaceCheck.OFF, 300,
    )  # fmt: skip


def newest_first(versions: list[Any]) -> list[Any]:
    by_day = {version.valid_from: version for version in versions}
    return [by_day[day] for day in sorted(by_day, reverse=True)]


@st.composite
def terms(draw: st.DrawFn) -> CanteenTerms:
    sold = {str(meal): newest_first(draw(st.lists(tariffs(meal), max_size=5))) for meal in Meal}
    earliest = RegionRules(
        date(2020, 1, 1), Visitors.ANYONE, VisitorFloor.NONE, VisitorCap.NONE,
        None, None, None, ReceiptEffect.PERSONAL, SubsidyExpiry.NEVER, None, None, PlaceCheck.OFF, 300,
    )  # fmt: skip
    return CanteenTerms(CANTEEN, sold, newest_first([*draw(st.lists(rules(), max_size=4)), earliest]), [])


@given(terms(), st.integers(-PRICES_BACK.days, PRICES_AHEAD.days), st.sampled_from(Meal))
def test_the_price_that_a_till_shows_is_the_price_that_is_charged(given: CanteenTerms, ahead: int, meal: Meal) -> None:
    on = TODAY + timedelta(days=ahead)
    shown = price_on(prices_of(given, TODAY), meal, on)
    tariff, in_force_then = in_force(given.tariffs[meal], on), in_force(given.rules, on)
    assert in_force_then is not None
    if tariff is None:
        assert shown is None
        return
    assert shown is not None
    charged = price(tariff, in_force_then, None)
    if isinstance(charged, Declined):
        assert charged.reason == "amount_missing"
        assert shown.limit_fen is not None
        assert not isinstance(price(tariff, in_force_then, shown.limit_fen), Declined)
        above = price(tariff, in_force_then, shown.limit_fen + 1)
        assert isinstance(above, Declined)
        assert (above.reason, shown.home_fen, shown.visitor_fen) == ("limit_exceeded", None, None)
    else:
        assert (shown.home_fen, shown.visitor_fen, shown.limit_fen) == (charged.home_fen, charged.visitor_fen, None)


@given(terms())
def test_prices_stand_by_meal_and_day_and_none_is_repeated(given: CanteenTerms) -> None:
    shown = prices_of(given, TODAY)
    order = [(list(Meal).index(Meal(price.meal)), price.valid_from) for price in shown]
    assert order == sorted(set(order))
    for one, following in pairwise(shown):
        amounts = [(p.home_fen, p.visitor_fen, p.limit_fen) for p in (one, following)]
        assert one.meal != following.meal or amounts[0] != amounts[1]
        assert one.meal != following.meal or following.valid_from > (TODAY - PRICES_BACK).isoformat(), "one is past"


@given(terms(), terms())
def test_the_version_is_that_of_the_content(one: CanteenTerms, other: CanteenTerms) -> None:
    noon = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=ZONE)
    (version, parameters), (another, others) = parameters_of(one, KEYS, noon), parameters_of(other, KEYS, noon)
    assert (version == another) == (json.encode(parameters) == json.encode(others))
    assert parameters_of(one, KEYS, noon + timedelta(hours=5))[0] == version, "a lunch does not change it"
