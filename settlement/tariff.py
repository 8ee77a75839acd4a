"""Prices of meals and who may eat where: pure rules over dated data.

Visitors pay the canteen's posted visitor price where there is one, else 20 % of the daily meal allowance for
breakfast and 40 % for lunch and dinner (notice of the Ministry of Finance general office, the NGOA and the Central
organs' administration, July 2019, in force 2019-08-01). A region may set a floor and a cap (Jingdezhen: not below the
internal price, not above the 20/40/40 shares).

Prices and rules are valid from a date on; the date of purchase selects them. No meal period crosses midnight, so a
price never changes during one, and a payment that is sent again the next day costs the same.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar

from msgspec import Struct

from registry.identifiers import Book
from registry.meals import Meal
from settlement.errors import Refusal

ALLOWANCE_SHARE_PERCENT = {Meal.BREAKFAST: 20, Meal.LUNCH: 40, Meal.DINNER: 40}


class PriceMode(StrEnum):
    """How a canteen prices a meal."""

    FIXED = "fixed"
    FREE = "free"


class Visitors(StrEnum):
    """Which officials a region's canteens receive."""

    ANYONE = "anyone"
    """Everybody in the network."""
    AGREEMENT = "agreement"
    """Officials of this region and of those with an agreement; others on a visit only."""
    VISIT = "visit"
    """Visitors on a registered visit only."""


class VisitorFloor(StrEnum):
    """The lower bound of a fixed visitor price."""

    NONE = "none"
    HOME_PRICE = "home_price"


class VisitorCap(StrEnum):
    """The upper bound of a fixed visitor price."""

    NONE = "none"
    ALLOWANCE_SHARE = "allowance_share"


class ReceiptEffect(StrEnum):
    """What a receipt is good for."""

    PERSONAL = "personal"
    """Kept by the traveller; not a voucher."""
    VOUCHER = "voucher"
    """Needed to claim the meal allowance (Xiantao)."""


class SubsidyExpiry(StrEnum):
    """When unspent meal money returns to the agency."""

    NEVER = "never"
    YEAR_END = "year_end"


class PlaceCheck(StrEnum):
    """What a region does with the place that a phone tells when it pays by a canteen's sheet."""

    OFF = "off"
    """Phones are not asked for it."""
    FLAG = "flag"
    """It is kept whether the phone was near; nothing is refused."""
    REFUSE = "refuse"
    """Who is far away, or does not tell, does not pay by a sheet."""


class Tariff(Struct, frozen=True, gc=False):
    """A canteen's price for one meal from a date on; money in fen.

    ``fixed``: ``home_fen`` for own officials; ``visitor_fen`` for others, or None for the 20/40/40 rule.
    ``free``: the cashier enters an amount of at most ``limit_fen`` (weighed food, à la carte).
    """

    meal: Meal
    valid_from: date
    mode: PriceMode
    home_fen: int | None
    visitor_fen: int | None
    limit_fen: int | None
    allowance_fen: int


class RegionRules(Struct, frozen=True, gc=False):
    """A region's rules from a date on; money in fen, None for no limit.

    ``payment_max_fen`` limits the amount that a cashier enters, ``day_max_fen`` what an official spends in a business
    day, ``meals_max`` the meals of an official in one meal period. ``subsidy_expires``: see ``settlement/expiry.py``.
    ``late_payments_max`` and ``late_fen_max`` limit what the region's own officials are charged in a business day by
    payments that reach the centre late (``is_late`` in sql/rules.sql), wherever they ate. A phone that pays by a
    sheet is near up to ``place_within_m`` metres from the canteen.
    """

    valid_from: date
    visitors: Visitors
    visitor_floor: VisitorFloor
    visitor_cap: VisitorCap
    payment_max_fen: int | None
    day_max_fen: int | None
    meals_max: int | None
    receipt_effect: ReceiptEffect
    subsidy_expires: SubsidyExpiry
    late_payments_max: int | None
    late_fen_max: int | None
    place_check: PlaceCheck
    place_within_m: int


class Agreement(Struct, frozen=True, gc=False):
    """A host region receives officials of ``guest_book`` in a period (``valid_to`` None: until further notice)."""

    guest_book: Book
    valid_from: date
    valid_to: date | None


class Price(Struct, frozen=True, gc=False):
    """The price for the agency's own officials and for visitors, in fen."""

    home_fen: int
    visitor_fen: int


class Declined(Struct, frozen=True, gc=False):
    """A refusal; ``reason`` is a ``settlement.errors.Refusal``."""

    reason: str


class _Dated(Protocol):
    @property
    def valid_from(self) -> date:
        """The first day of validity."""


D = TypeVar("D", bound=_Dated)


def in_force(versions: Sequence[D], on: date) -> D | None:
    """The version that is valid on a day, out of versions in descending order."""
    # No generator: this is asked twice for every charge.
    for version in versions:
        if version.valid_from <= on:
            return version
    return None


def price(tariff: Tariff | None, rules: RegionRules, amount_fen: int | None) -> Price | Declined:
    """The price of a meal under its tariff; ``amount_fen`` is what the cashier entered, if anything."""
    if tariff is None:
        return Declined(Refusal.MEAL_NOT_SERVED)
    if tariff.mode == PriceMode.FIXED:
        if amount_fen is not None:
            return Declined(Refusal.PRICE_FIXED)
        assert tariff.home_fen is not None
        return Price(tariff.home_fen, visitor_price_fen(tariff, rules))
    if amount_fen is None:
        return Declined(Refusal.AMOUNT_MISSING)
    if amount_fen > amount_max_fen(tariff, rules):
        return Declined(Refusal.LIMIT_EXCEEDED)
    return Price(amount_fen, amount_fen)


def amount_max_fen(tariff: Tariff, rules: RegionRules) -> int:
    """The highest amount that a cashier may enter for a meal without a fixed price."""
    assert tariff.limit_fen is not None
    return tariff.limit_fen if rules.payment_max_fen is None else min(tariff.limit_fen, rules.payment_max_fen)


def allowance_share_fen(tariff: Tariff) -> int:
    """The meal's share of the daily allowance, rounded down to the fen."""
    return tariff.allowance_fen * ALLOWANCE_SHARE_PERCENT[tariff.meal] // 100


def visitor_price_fen(tariff: Tariff, rules: RegionRules) -> int:
    """The posted visitor price or the meal's share of the allowance, within the region's floor and cap."""
    fen = allowance_share_fen(tariff) if tariff.visitor_fen is None else tariff.visitor_fen
    if rules.visitor_floor == VisitorFloor.HOME_PRICE and tariff.home_fen is not None:
        fen = max(fen, tariff.home_fen)
    if rules.visitor_cap == VisitorCap.ALLOWANCE_SHARE:
        fen = min(fen, allowance_share_fen(tariff))
    return fen


def needs_visit(rules: RegionRules, host_book: int, guest_book: int, agreements: Sequence[Agreement], on: date) -> bool:
    """Whether an official of the guest region needs a visit that covers the day to eat in the host region."""
    if rules.visitors == Visitors.ANYONE:
        return False
    if rules.visitors == Visitors.VISIT:
        return True
    return guest_book != host_book and not any(
        a.guest_book == guest_book and a.valid_from <= on and (a.valid_to is None or on <= a.valid_to)
        for a in agreements
    )
