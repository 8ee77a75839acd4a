"""Top-ups on the phone, by a payment gateway.

::

    open ──paid in time──▶ paid           the money is in the cash purse, under the order's number
      │                     ▲
      └─not paid─▶ expired ─┘ heard late  the payer's money counts whenever it comes
                      └────▶ returned     his account was closed meanwhile: the gateway gives it back

A notification, a repeat of it, and the question for an order of which nothing was heard all end in ``take``, which
posts once.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import structlog

from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import INVALID, NOT_FOUND, TOO_MANY_TRIES, Problem
from settlement.deposits import Deposit, deposit
from settlement.errors import ACCOUNT_CLOSED, GATEWAY_AWAY, OTHER_CONTENT
from settlement.gateway import AlreadyPaid, GatewayAway, GatewayOrder, Paid, PaymentGateway
from settlement.ledger import new_posting_id
from settlement.schemas import TopUpOrder

log = structlog.get_logger()

QUERIES = load_queries(Path(__file__).parent / "sql" / "top_ups.sql")

ORDER_LIFE = timedelta(minutes=15)
OPEN_ORDERS_MAX = 5
"""Per official: a phone that opens more is not somebody who wants to eat."""
UNHEARD_AFTER = timedelta(minutes=1)
DESCRIPTION = "机关食堂一卡通充值 canteen purse top-up"


async def order_top_up(
    pool: Pool, gateway: PaymentGateway, book: int, holder_id: int, order_id: UUID, amount_fen: int
) -> TopUpOrder:
    """Open an order, or say how it stands. ``order_id`` is the phone's: a repeat opens nothing more.

    Raises Problem GATEWAY_AWAY, OTHER_CONTENT (the number was used for another amount), TOO_MANY_TRIES.
    """
    now = datetime.now(UTC)
    await pool.execute(
        QUERIES["open_order"],
        book,
        holder_id,
        order_id,
        new_posting_id(),
        amount_fen,
        now,
        now + ORDER_LIFE,
        OPEN_ORDERS_MAX,
    )
    row = await pool.fetchrow(QUERIES["order"], book, holder_id, order_id)
    if row is None:
        raise Problem(TOO_MANY_TRIES, f"{OPEN_ORDERS_MAX} top-ups are open already", retry_after_s=60)
    if row["amount_fen"] != amount_fen:
        raise Problem(OTHER_CONTENT, f"top-up {order_id} is over {row['amount_fen']} fen")
    pay_url = None
    if row["state"] == "open":
        try:
            pay_url = await gateway.create(GatewayOrder(row["number"], amount_fen, DESCRIPTION, row["expires_at"]))
        except GatewayAway as error:
            log.warning("gateway_away", error=str(error))
            raise Problem(GATEWAY_AWAY, retry_after_s=5) from None
    return TopUpOrder(order_id, row["state"], amount_fen, int(row["expires_at"].timestamp()), pay_url)


async def take(pool: Pool, gateway: PaymentGateway, paid: Paid) -> str:
    """Put what the gateway says was paid into the purse, once; returns the order's state.

    Raises Problem NOT_FOUND, INVALID (another amount: nothing is posted, people must look), GATEWAY_AWAY, UNAVAILABLE.
    """
    row = await pool.fetchrow(QUERIES["order_by_number"], paid.number)
    if row is None:
        log.error("gateway_paid_unknown_order", number=str(paid.number), reference=paid.reference)
        raise Problem(NOT_FOUND, f"no order {paid.number.hex}")
    if row["amount_fen"] != paid.amount_fen:
        log.error("gateway_paid_other_amount", number=str(paid.number), ordered=row["amount_fen"], paid=paid.amount_fen)
        raise Problem(INVALID, f"the order is over {row['amount_fen']} fen, not {paid.amount_fen}")
    if row["state"] in ("paid", "returned"):
        return str(row["state"])
    book, holder_id = row["book"], row["holder_id"]
    try:
        await deposit(pool, book, "top_up", [Deposit(paid.number, holder_id, paid.amount_fen)], channel="gateway")
        state = "paid"
    except Problem as problem:
        if problem.kind is not ACCOUNT_CLOSED:
            raise
        try:
            await gateway.give_back(paid)
        except GatewayAway as error:
            raise Problem(GATEWAY_AWAY, str(error), retry_after_s=60) from None
        state = "returned"
    await pool.execute(QUERIES["settle_order"], book, paid.number, state, paid.reference, datetime.now(UTC))
    return state


async def settle_unheard(pool: Pool, gateway: PaymentGateway, now: datetime) -> dict[str, int]:
    """Ask for open orders of which nothing was heard; returns how many came to which state.

    An order past its time is closed at the gateway first, so that nobody pays it afterwards.
    """
    came_to: dict[str, int] = {}
    for row in await pool.fetch(QUERIES["unheard_orders"], now - UNHEARD_AFTER):
        try:
            paid = await gateway.query(row["number"])
            if paid is not None:
                state = await take(pool, gateway, paid)
            elif row["expires_at"] < now:
                await gateway.close(row["number"])
                state = "expired"
                await pool.execute(QUERIES["settle_order"], row["book"], row["number"], state, None, now)
            else:
                continue
        except AlreadyPaid:
            # Paid between the question and the closing: the next round hears it.
            continue
        except (GatewayAway, Problem) as error:
            log.warning("order_not_settled", number=str(row["number"]), error=str(error))
            continue
        came_to[state] = came_to.get(state, 0) + 1
    return came_to
