"""What a till must know before it charges: its canteen, hours, prices, limits; also while it has no network.

The parameters are one value with a version, the digest of their text. A terminal that names the version that it has
gets them again only when they have changed. They are made of a canteen's terms, which every worker keeps for its
tills (``sessions.py``), so the question costs no query.
"""

import hashlib
from datetime import date, datetime, timedelta
from pathlib import Path

from msgspec import Struct, json

from foundation.calendar import ZONE
from foundation.keys import FOR_EVER, KeyRing
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from registry.identifiers import AgencyId, Book, CanteenId
from registry.meals import Meal
from settlement.ledger import agreements_of, rules_of, tariffs_of
from settlement.models import AMOUNT_MAX_FEN
from settlement.tariff import Agreement, Declined, RegionRules, Tariff, amount_max_fen, in_force, price
from terminals.qr import TOKEN_AHEAD_S, TOKEN_FRESH_S
from terminals.schemas import (
    CanteenShown,
    CentreKey,
    MealPrice,
    OfflineLimits,
    Parameters,
    SuggestedMeal,
    TerminalLimits,
    to_text,
)

QUERIES = load_queries(Path(__file__).parent / "sql" / "parameters.sql")

RESEND_WITHIN_S = 24 * 3600
"""How late a payment of unknown outcome may still be sent; after that it is refused, and the guest is served again."""

AHEAD_S = 300
"""How far the time of purchase may be ahead of the centre's clock: as far as ``created`` may."""

LATE_AFTER_S = 120
"""A payment that arrives later after its purchase counts as late."""

BLOCK_LIST_AGE_MAX_S = 24 * 3600
"""A till without a network may rely on a copy of the block list this old: as long as it may send payments later."""

REFRESH_S = 300
"""How often a terminal asks whether its parameters have changed."""

PRICES_AHEAD = timedelta(days=31)
"""Prices that come into force within this time are told: more than any till is without a network."""

PRICES_BACK = timedelta(days=1)
"""Prices of the day before: a payment may be sent this late."""


class CanteenFacts(Struct, frozen=True):
    """A canteen, its agency and the hours of its meals."""

    book: Book
    canteen_id: CanteenId
    agency_id: AgencyId
    name_zh: str
    name_en: str
    meals: list[SuggestedMeal]
    cashier_required: bool


class CanteenTerms(Struct, frozen=True):
    """The acquirer's terms at one canteen: its tariffs, its region's rules and agreements."""

    canteen: CanteenFacts
    tariffs: dict[str, list[Tariff]]
    rules: list[RegionRules]
    agreements: list[Agreement]


def is_late(purchased_at: int, posted_at: int) -> bool:
    """Whether a payment reached the ledger long after its purchase; in seconds, as its receipt shows them.

    The ledger counts the same (``is_late`` in settlement/sql/rules.sql).
    """
    return posted_at - purchased_at > LATE_AFTER_S


async def terms_of(ledger: Pool | Connection, book: Book, canteen_id: CanteenId) -> CanteenTerms:
    """A canteen's terms as they stand now."""
    [row] = await ledger.fetch(QUERIES["canteen_facts"], book, canteen_id)
    hours = [as_struct(meal, SuggestedMeal) for meal in await ledger.fetch(QUERIES["meal_hours"], book, canteen_id)]
    return CanteenTerms(
        CanteenFacts(
            book, canteen_id, row["agency_id"], row["name_zh"], row["name_en"], hours, row["cashier_required"]
        ),
        await tariffs_of(ledger, book, canteen_id),
        await rules_of(ledger, book),
        await agreements_of(ledger, book),
    )


def parameters_of(terms: CanteenTerms, keys: KeyRing, now: datetime) -> tuple[str, Parameters]:
    """A terminal's parameters and their version."""
    canteen, today = terms.canteen, now.astimezone(ZONE).date()
    rules = in_force(terms.rules, today) or terms.rules[-1]
    parameters = Parameters(
        canteen=CanteenShown(canteen.canteen_id, canteen.book, canteen.agency_id, canteen.name_zh, canteen.name_en),
        meals=canteen.meals,
        prices=prices_of(terms, today),
        limits=TerminalLimits(AMOUNT_MAX_FEN, RESEND_WITHIN_S, AHEAD_S, TOKEN_FRESH_S, TOKEN_AHEAD_S),
        offline=OfflineLimits(
            LATE_AFTER_S, rules.late_payments_max, rules.late_fen_max, block_list_age_max_s=BLOCK_LIST_AGE_MAX_S
        ),
        centre_keys=[
            CentreKey(v.version, to_text(keys.public_key(v.version)), v.begins, None if v.ends == FOR_EVER else v.ends)
            for v in keys.centre
            if v.is_accepted(now.timestamp())
        ],
        refresh_s=REFRESH_S,
        cashier_required=canteen.cashier_required,
    )
    return to_text(hashlib.sha256(json.encode(parameters)).digest()[:16]), parameters


def prices_of(terms: CanteenTerms, today: date) -> list[MealPrice]:
    """Every price from yesterday's on, by meal and first day: each holds until the meal's next one."""
    return [price for meal in Meal for price in _prices_of_meal(terms, terms.tariffs.get(meal, []), today)]


def _prices_of_meal(terms: CanteenTerms, tariffs: list[Tariff], today: date) -> list[MealPrice]:
    days = {tariff.valid_from for tariff in tariffs} | {rules.valid_from for rules in terms.rules}
    found: list[MealPrice] = []
    for day in sorted(day for day in days if day <= today + PRICES_AHEAD):
        tariff = in_force(tariffs, day)
        if tariff is None:
            continue
        shown = _price(day, tariff, in_force(terms.rules, day) or terms.rules[-1])
        if found and day <= today - PRICES_BACK:
            found.pop()
        if not found or _amounts(found[-1]) != _amounts(shown):
            found.append(shown)
    return found


def _amounts(shown: MealPrice) -> tuple[int | None, int | None, int | None]:
    return shown.home_fen, shown.visitor_fen, shown.limit_fen


def _price(day: date, tariff: Tariff, rules: RegionRules) -> MealPrice:
    found = price(tariff, rules, None)
    if isinstance(found, Declined):
        return MealPrice(tariff.meal, day.isoformat(), limit_fen=amount_max_fen(tariff, rules))
    return MealPrice(tariff.meal, day.isoformat(), found.home_fen, found.visitor_fen)


def price_on(prices: list[MealPrice], meal: str, on: date) -> MealPrice | None:
    """The price of a meal on a day, as a terminal reads it from its parameters; None: the meal is not served."""
    found = [shown for shown in prices if shown.meal == meal and shown.valid_from <= on.isoformat()]
    return found[-1] if found else None
