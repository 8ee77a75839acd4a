"""Whose a payment was, as far as a cashier may know it: the first character of a name, at once and once."""

from datetime import UTC, datetime, timedelta

from foundation.keys import KeyRing
from foundation.postgres import Pool
from settlement.ledger import number_at
from terminals.rosters import open_name
from terminals.schemas import Payer
from terminals.sessions import QUERIES, Session
from terminals.verification import must_be_till

SHOWN_FOR = timedelta(minutes=2)
"""So long the diner may still stand there. Later nobody's name is told: a till is no register of who ate where."""


async def payer_ending(ledger: Pool, keys: KeyRing, session: Session, ending: str) -> Payer:
    """The payer of what this till took within two minutes under a number that ends so; nobody where it took none or
    two, where it was resent later, or was voided. Raises Problem NOT_ALLOWED to a scale."""
    must_be_till(session)
    since = datetime.now(UTC) - SHOWN_FOR
    at_till = (session.terminal_id, session.epoch, session.canteen_id)
    found = await ledger.fetch(QUERIES["payers_ending"], number_at(since), *at_till, ending.lower(), since)
    if len(found) != 1:
        return Payer()
    [payer] = found
    return Payer(open_name(keys, payer["agency_id"], payer["holder_id"], payer["name_sealed"])[:1])
