"""What a meal costs and who may eat it: pure rules over dated data.

Visitors pay the canteen's posted visitor price where there is one, else 20 % of the daily meal allowance for
breakfast and 40 % for lunch and dinner (notice of the Ministry of Finance general office, the NGOA and the Central
organs' administration, July 2019, in force 2019-08-01). A jurisdiction may set a floor and a cap (Jingdezhen: not
below the internal price, not above the 20/40/40 shares).

Prices and rules hold from a date on, and the date of the purchase picks them: no meal period crosses midnight, so a
price never changes in the middle of one, and a payment that was cut off and sent again next day costs the same.
"""

from collections.abc import Sequence
from datetime import date
from typing import Protocol, TypeVar

from msgspec import Struct

ALLOWANCE_SHARE_PERCENT = {"breakfast": 20, "lunch": 40, "dinner": 40}


class Tariff(Struct, frozen=True, gc=False):
    """A canteen's price for one meal from a date on; money in fen.

    ``fixed``: ``home_fen`` for own officials; ``visitor_fen`` for others, or None for the 20/40/40 rule.
    ``free``: the cashier enters an amount of at most ``limit_fen`` (weighed food, à la carte).
    """

    meal: str
    valid_from: date
    mode: str
    home_fen: int | None
    visitor_fen: int | None
    limit_fen: int | None
    allowance_fen: int


class Rules(Struct, frozen=True, gc=False):
    """A jurisdiction's rules from a date on; money in fen, None for no limit.

    ``visitors``: whom its canteens receive: ``anyone`` of the network; ``agreement``: officials of this region and of
    those it has an agreement with, others on a visit; ``visit``: only those on a visit.
    ``visitor_floor``: ``home_price`` keeps visitors from paying less than own officials. ``visitor_cap``:
    ``allowance_share`` keeps fixed visitor prices within the 20/40/40 shares. ``payment_max_fen`` bounds what a
    cashier enters, ``day_max_fen`` what an official spends in a business day, ``meals_max`` his meals in one meal
    period. ``receipt_effect``: ``personal`` (kept by the traveller, no voucher) or ``voucher`` (needed for the
    allowance, as in Xiantao). ``subsidy_expires``: ``never``, or ``year_end`` (Chenzhou: back to the unit; see
    ``settlement/expiry.py``).
    """

    valid_from: date
    visitors: str
    visitor_floor: str
    visitor_cap: str
    payment_max_fen: int | None
    day_max_fen: int | None
    meals_max: int | None
    receipt_effect: str
    subsidy_expires: str


class Agreement(Struct, frozen=True, gc=False):
    """A host region receives officials of ``guest_book`` from one day to another (None: until further notice)."""

    guest_book: int
    valid_from: date
    valid_to: date | None


class Price(Struct, frozen=True, gc=False):
    """What an own official and a visitor would pay, in fen."""

    home_fen: int
    visitor_fen: int


class Declined(Struct, frozen=True, gc=False):
    """A refusal: ``reason`` is a key of ``settlement.errors.REFUSALS``."""

    reason: str


class _Dated(Protocol):
    @property
    def valid_from(self) -> date:
        """The first day on which it holds."""


D = TypeVar("D", bound=_Dated)


def in_force(versions: Sequence[D], on: date) -> D | None:
    """Of versions, the newest first, the one that holds on a day."""
    return next((version for version in versions if version.valid_from <= on), None)


def price(tariff: Tariff | None, rules: Rules, amount_fen: int | None) -> Price | Declined:
    """The price of a meal under its tariff, given the amount that the cashier entered, if any."""
    if tariff is None:
        return Declined("meal_not_served")
    if tariff.mode == "fixed":
        if amount_fen is not None:
            return Declined("price_fixed")
        assert tariff.home_fen is not None
        return Price(tariff.home_fen, visitor_price_fen(tariff, rules))
    assert tariff.limit_fen is not None
    if amount_fen is None:
        return Declined("amount_missing")
    if amount_fen > tariff.limit_fen or (rules.payment_max_fen is not None and amount_fen > rules.payment_max_fen):
        return Declined("limit_exceeded")
    return Price(amount_fen, amount_fen)


def allowance_share_fen(tariff: Tariff) -> int:
    """The meal's share of the daily allowance, rounded down to the fen."""
    return tariff.allowance_fen * ALLOWANCE_SHARE_PERCENT[tariff.meal] // 100


def visitor_price_fen(tariff: Tariff, rules: Rules) -> int:
    """The posted visitor price, or the meal's share of the allowance; above the floor, and below the cap."""
    fen = allowance_share_fen(tariff) if tariff.visitor_fen is None else tariff.visitor_fen
    if rules.visitor_floor == "home_price" and tariff.home_fen is not None:
        fen = max(fen, tariff.home_fen)
    if rules.visitor_cap == "allowance_share":
        fen = min(fen, allowance_share_fen(tariff))
    return fen


def needs_visit(rules: Rules, host_book: int, guest_book: int, agreements: Sequence[Agreement], on: date) -> bool:
    """Whether a visitor from a region may eat in a host region only on a visit that covers the day."""
    if rules.visitors == "anyone":
        return False
    if rules.visitors == "visit":
        return True
    return guest_book != host_book and not any(
        a.guest_book == guest_book and a.valid_from <= on and (a.valid_to is None or on <= a.valid_to)
        for a in agreements
    )
