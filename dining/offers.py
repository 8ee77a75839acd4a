"""Whether a diner may eat a canteen's meal on a day, and what it costs him: the rules of the charge, asked beforehand.

They are those of ``terminals.ordering`` and of settlement/sql/rules.sql that need no money and no other payment.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dining.errors import MAY_NOT_EAT
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool
from foundation.problems import NOT_FOUND, Problem
from registry.identifiers import AgencyId, Book, HolderId
from registry.meals import Meal
from registry.models import Canteen
from registry.rosters import DEFAULT_CLASS
from registry.states import ClassPrice
from settlement.ledger import agreements_of, rules_of, tariffs_of
from settlement.tariff import Declined, amount_max_fen, in_force, needs_visit, price

QUERIES = load_queries(Path(__file__).parent / "sql" / "offers.sql")


@dataclass(frozen=True, slots=True)
class Diner:
    """Who eats: an official by his account."""

    book: Book
    holder_id: HolderId


@dataclass(frozen=True, slots=True)
class Offer:
    """A meal for one diner: ``price_fen``, or up to ``limit_fen`` where the cashier enters the amount.

    ``agency_id``: the diner's; ``on_visit``: he is registered as a visitor of the canteen's agency on that day.
    """

    agency_id: AgencyId
    on_visit: bool
    price_fen: int | None
    limit_fen: int | None


async def offer_of(ledger: Connection | Pool, diner: Diner, canteen: Canteen, day: date, meal: Meal) -> Offer:
    """What the meal costs this diner. Whether it is served then is another question (``registry.opening``).

    Raises Problem(MAY_NOT_EAT) with the reason.
    """
    official = await ledger.fetchrow(QUERIES["diner"], diner.book, diner.holder_id)
    if official is None or official["state"] != "active":
        raise Problem(MAY_NOT_EAT, "booking.account_closed")
    at_home = official["agency_id"] == canteen.agency_id
    class_price = await _class_price(ledger, diner, official["person_class"], day, at_home=at_home)
    host = canteen.agency_id
    on_visit = not at_home and await ledger.fetchval(QUERIES["on_visit"], diner.book, diner.holder_id, host, day)
    rules = in_force(await rules_of(ledger, canteen.book), day)
    tariff = in_force((await tariffs_of(ledger, canteen.book, canteen.canteen_id)).get(meal, ()), day)
    if rules is None or tariff is None:
        raise Problem(MAY_NOT_EAT, "booking.no_price")
    agreements = await agreements_of(ledger, canteen.book)
    if not (at_home or on_visit) and needs_visit(rules, canteen.book, diner.book, agreements, day):
        raise Problem(MAY_NOT_EAT, "booking.needs_visit")
    asked = price(tariff, rules, None)
    if isinstance(asked, Declined):
        return Offer(official["agency_id"], on_visit, None, amount_max_fen(tariff, rules))
    fen = asked.home_fen if at_home and class_price != ClassPrice.VISITOR else asked.visitor_fen
    return Offer(official["agency_id"], on_visit, fen, None)


async def canteen_of(ledger: Connection | Pool, canteen_id: int) -> Canteen:
    """A canteen by its number, apart from any session. Raises Problem(NOT_FOUND)."""
    row = await ledger.fetchrow(QUERIES["canteen"], canteen_id)
    if row is None:
        raise Problem(NOT_FOUND, "canteen.not_found", canteen_id=canteen_id)
    return Canteen(**dict(row))


async def lock_diner(connection: Connection, diner: Diner) -> AgencyId:
    """The diner's own agency. Until the transaction ends he neither leaves, nor books or reports out anything else.

    Raises Problem(MAY_NOT_EAT) when he is not active.
    """
    official = await connection.fetchrow(QUERIES["lock_diner"], diner.book, diner.holder_id)
    if official is None or official["state"] != "active":
        raise Problem(MAY_NOT_EAT, "booking.account_closed")
    return AgencyId(official["agency_id"])


async def _class_price(
    ledger: Connection | Pool, diner: Diner, person_class: str, day: date, *, at_home: bool
) -> str | None:
    """Whose price people of the class pay at home; None: their own. Raises Problem(MAY_NOT_EAT)."""
    if person_class == DEFAULT_CLASS:
        return None
    rules = await ledger.fetchrow(QUERIES["class_rules"], diner.book, person_class, day)
    if rules is None:
        return None
    if not (rules["eats_at_home"] if at_home else rules["eats_elsewhere"]):
        raise Problem(MAY_NOT_EAT, "booking.not_your_class")
    return str(rules["price"])
