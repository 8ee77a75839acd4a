"""What a meal costs: pure rules.

Visitors pay the canteen's posted visitor price where there is one, else 20 % of the daily meal allowance for
breakfast and 40 % for lunch and dinner (notice of the Ministry of Finance general office, the NGOA and the Central
organs' administration, July 2019, in force 2019-08-01).
"""

from dataclasses import dataclass

ALLOWANCE_SHARE_PERCENT = {"breakfast": 20, "lunch": 40, "dinner": 40}


@dataclass(frozen=True, slots=True)
class Tariff:
    """A canteen's price for one meal; money in fen.

    ``fixed``: ``home_fen`` for own officials; ``visitor_fen`` for others, or None for the 20/40/40 rule.
    ``free``: the cashier enters an amount of at most ``limit_fen`` (weighed food, à la carte).
    """

    meal: str
    mode: str
    home_fen: int | None
    visitor_fen: int | None
    limit_fen: int | None
    allowance_fen: int


@dataclass(frozen=True, slots=True)
class Price:
    """What an own official and a visitor would pay, in fen."""

    home_fen: int
    visitor_fen: int


@dataclass(frozen=True, slots=True)
class Declined:
    """A refusal: ``reason`` is a key of ``settlement.errors.REFUSALS``."""

    reason: str


def price(tariff: Tariff | None, amount_fen: int | None) -> Price | Declined:
    """The price of a meal under its tariff, given the amount that the cashier entered, if any."""
    if tariff is None:
        return Declined("meal_not_served")
    if tariff.mode == "fixed":
        if amount_fen is not None:
            return Declined("price_fixed")
        assert tariff.home_fen is not None
        return Price(tariff.home_fen, visitor_price_fen(tariff))
    assert tariff.limit_fen is not None
    if amount_fen is None:
        return Declined("amount_missing")
    if amount_fen > tariff.limit_fen:
        return Declined("limit_exceeded")
    return Price(amount_fen, amount_fen)


def visitor_price_fen(tariff: Tariff) -> int:
    """The posted visitor price, or the meal's share of the daily allowance, rounded down to the fen."""
    if tariff.visitor_fen is not None:
        return tariff.visitor_fen
    return tariff.allowance_fen * ALLOWANCE_SHARE_PERCENT[tariff.meal] // 100
