"""What a meal costs, as a finance officer would check it."""

import pytest

from settlement.tariff import Declined, Price, Tariff, price

FIXED = {"home_fen": 1200, "visitor_fen": 2000, "limit_fen": None, "allowance_fen": 10_000}
ALLOWANCE = {"home_fen": 1000, "visitor_fen": None, "limit_fen": None, "allowance_fen": 10_000}
FREE = {"home_fen": None, "visitor_fen": None, "limit_fen": 5_000, "allowance_fen": 10_000}


@pytest.mark.parametrize(
    ("case", "meal", "mode", "terms", "entered_fen", "expected"),
    [
        ("posted visitor price", "lunch", "fixed", FIXED, None, Price(1200, 2000)),
        ("20 % of the allowance for breakfast", "breakfast", "fixed", ALLOWANCE, None, Price(1000, 2000)),
        ("40 % of the allowance for lunch", "lunch", "fixed", ALLOWANCE, None, Price(1000, 4000)),
        ("40 % of the allowance for dinner", "dinner", "fixed", ALLOWANCE, None, Price(1000, 4000)),
        ("a fixed price takes no amount", "lunch", "fixed", FIXED, 1200, Declined("price_fixed")),
        ("weighed food: what the scale says", "lunch", "free", FREE, 1830, Price(1830, 1830)),
        ("weighed food up to the limit", "lunch", "free", FREE, 5000, Price(5000, 5000)),
        ("weighed food above the limit", "lunch", "free", FREE, 5001, Declined("limit_exceeded")),
        ("weighed food without an amount", "lunch", "free", FREE, None, Declined("amount_missing")),
    ],
)
def test_price(
    case: str, meal: str, mode: str, terms: dict[str, int | None], entered_fen: int | None, expected: Price | Declined
) -> None:
    assert price(Tariff(meal, mode, **terms), entered_fen) == expected, case  # type: ignore[arg-type]


def test_meal_that_is_not_served() -> None:
    assert price(None, None) == Declined("meal_not_served")
