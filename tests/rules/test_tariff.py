"""What a meal costs and who may eat it, as a finance officer would check it. Money in fen: 1200 is 12.00 yuan."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from registry.identifiers import Book
from registry.meals import Meal
from settlement.tariff import (
    Agreement,
    Declined,
    PlaceCheck,
    Price,
    PriceMode,
    ReceiptEffect,
    RegionRules,
    SubsidyExpiry,
    Tariff,
    VisitorCap,
    VisitorFloor,
    Visitors,
    in_force,
    needs_visit,
    price,
)

FIXED: dict[str, Any] = {"home_fen": 1200, "visitor_fen": 2000, "limit_fen": None, "allowance_fen": 10_000}
ALLOWANCE: dict[str, Any] = {"home_fen": 1000, "visitor_fen": None, "limit_fen": None, "allowance_fen": 10_000}
FREE = {"home_fen": None, "visitor_fen": None, "limit_fen": 5_000, "allowance_fen": 10_000}
CHEAP_GUESTS = FIXED | {"visitor_fen": 900}
DEAR_GUESTS = FIXED | {"visitor_fen": 4_500}

RULES = RegionRules(
    date(2024, 1, 1), Visitors.ANYONE, VisitorFloor.NONE, VisitorCap.NONE, None, None, None, ReceiptEffect.PERSONAL,
    SubsidyExpiry.NEVER, None, None, PlaceCheck.OFF, 300,
)  # fmt: skip
FLOOR = {"visitor_floor": VisitorFloor.HOME_PRICE}
CAP = {"visitor_cap": VisitorCap.ALLOWANCE_SHARE}


@pytest.mark.parametrize(
    ("case", "meal", "mode", "terms", "rules", "entered_fen", "expected"),
    [
        ("posted visitor price", Meal.LUNCH, PriceMode.FIXED, FIXED, {}, None, Price(1200, 2000)),
        ("20 % of the allowance for breakfast", Meal.BREAKFAST, PriceMode.FIXED, ALLOWANCE, {}, None,
         Price(1000, 2000)),
        ("40 % of the allowance for lunch", Meal.LUNCH, PriceMode.FIXED, ALLOWANCE, {}, None, Price(1000, 4000)),
        ("40 % of the allowance for dinner", Meal.DINNER, PriceMode.FIXED, ALLOWANCE, {}, None, Price(1000, 4000)),
        ("guests below the home price, no floor", Meal.LUNCH, PriceMode.FIXED, CHEAP_GUESTS, {}, None,
         Price(1200, 900)),
        ("guests pay at least the home price", Meal.LUNCH, PriceMode.FIXED, CHEAP_GUESTS, FLOOR, None,
         Price(1200, 1200)),
        ("guests above the share, no cap", Meal.LUNCH, PriceMode.FIXED, DEAR_GUESTS, {}, None, Price(1200, 4500)),
        ("guests pay at most the share", Meal.LUNCH, PriceMode.FIXED, DEAR_GUESTS, CAP, None, Price(1200, 4000)),
        ("the breakfast share is smaller", Meal.BREAKFAST, PriceMode.FIXED, DEAR_GUESTS, CAP, None, Price(1200, 2000)),
        ("the cap wins over the floor", Meal.BREAKFAST, PriceMode.FIXED, FIXED | {"home_fen": 2500}, FLOOR | CAP, None,
         Price(2500, 2000)),
        ("a fixed price takes no amount", Meal.LUNCH, PriceMode.FIXED, FIXED, {}, 1200, Declined("price_fixed")),
        ("weighed food: what the scale says", Meal.LUNCH, PriceMode.FREE, FREE, {}, 1830, Price(1830, 1830)),
        ("weighed food: no floor, no cap", Meal.BREAKFAST, PriceMode.FREE, FREE, FLOOR | CAP, 5000, Price(5000, 5000)),
        ("weighed food up to the limit", Meal.LUNCH, PriceMode.FREE, FREE, {}, 5000, Price(5000, 5000)),
        ("weighed food above the limit", Meal.LUNCH, PriceMode.FREE, FREE, {}, 5001, Declined("limit_exceeded")),
        ("the region's limit of a payment", Meal.LUNCH, PriceMode.FREE, FREE, {"payment_max_fen": 3000}, 3001,
         Declined("limit_exceeded")),
        ("weighed food without an amount", Meal.LUNCH, PriceMode.FREE, FREE, {}, None, Declined("amount_missing")),
    ],
)  # fmt: skip
def test_price(
    case: str, meal: Meal, mode: PriceMode, terms: dict[str, Any], rules: dict[str, Any], entered_fen: int | None,
    expected: Price | Declined,
) -> None:  # fmt: skip
    tariff = Tariff(meal, date(2024, 1, 1), mode, **terms)
    assert price(tariff, replace(RULES, **rules), entered_fen) == expected, case


def test_meal_that_is_not_served() -> None:
    assert price(None, RULES, None) == Declined("meal_not_served")


def test_the_day_of_the_purchase_picks_the_price() -> None:
    old = Tariff(Meal.LUNCH, date(2024, 1, 1), PriceMode.FIXED, **FIXED)
    new = Tariff(Meal.LUNCH, date(2026, 12, 1), PriceMode.FIXED, **ALLOWANCE)
    assert in_force([new, old], date(2026, 11, 30)) is old
    assert in_force([new, old], date(2026, 12, 1)) is new
    assert in_force([new, old], date(2023, 12, 31)) is None


HERE, NEIGHBOUR, FAR = Book(3302), Book(3301), Book(4401)
TREATY = [Agreement(NEIGHBOUR, date(2026, 1, 1), date(2026, 6, 30))]


@pytest.mark.parametrize(
    ("case", "visitors", "guest_from", "on", "needed"),
    [
        ("everybody is welcome", Visitors.ANYONE, FAR, "2026-05-01", False),
        ("the own region needs no agreement", Visitors.AGREEMENT, HERE, "2026-05-01", False),
        ("a neighbour under an agreement", Visitors.AGREEMENT, NEIGHBOUR, "2026-05-01", False),
        ("on its first day", Visitors.AGREEMENT, NEIGHBOUR, "2026-01-01", False),
        ("on its last day", Visitors.AGREEMENT, NEIGHBOUR, "2026-06-30", False),
        ("before it", Visitors.AGREEMENT, NEIGHBOUR, "2025-12-31", True),
        ("after it", Visitors.AGREEMENT, NEIGHBOUR, "2026-07-01", True),
        ("a region without one", Visitors.AGREEMENT, FAR, "2026-05-01", True),
        ("visits only, own region too", Visitors.VISIT, HERE, "2026-05-01", True),
    ],
)
def test_who_needs_a_visit(case: str, visitors: Visitors, guest_from: Book, on: str, needed: bool) -> None:
    rules = replace(RULES, visitors=visitors)
    assert needs_visit(rules, HERE, guest_from, TREATY, date.fromisoformat(on)) is needed, case
