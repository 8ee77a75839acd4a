"""Top-ups on the phone over a payment gateway.

::

    open ──paid in time──▶ paid           the money is in the cash purse, under the order's number
      │                     ▲
      └─not paid─▶ expired ─┘ paid late   a payment is credited whenever it arrives
                      └────▶ returned     the account was closed meanwhile: the gateway refunds the payer

Notifications, their repeats and the query for an order without a notification all call ``credit_paid_order``, which
posts once.
"""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import structlog

from foundation.money import yuan
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import INVALID, NOT_FOUND, TOO_MANY_TRIES, Problem
from registry.audit import Note, append_once
from registry.models import Official
from registry.officials import must_be_open
from registry.states import OfficialState
from settlement.deposits import Deposit, deposit
from settlement.errors import ACCOUNT_CLOSED, GATEWAY_AWAY, OTHER_CONTENT
from settlement.gateway import AlreadyPaid, GatewayAway, GatewayOrder, OrderState, Paid, PaymentGateway
from settlement.ledger import new_posting_id
from settlement.schemas import TopUpOrder
from settlement.transfers import Channel, TransferKind

log = structlog.get_logger()

QUERIES = load_queries(Path(__file__).parent / "sql" / "top_ups.sql")

ORDER_LIFE = timedelta(minutes=15)
OPEN_ORDERS_MAX = 5
"""Per official; a person needs one at a time."""
UNHEARD_AFTER = timedelta(minutes=1)
DESCRIPTION = "机关食堂一卡通充值"
"""Shown in the payer's bill at the gateway."""


async def order_top_up(
    pool: Pool, gateway: PaymentGateway, official: Official, order_id: UUID, amount_fen: int
) -> TopUpOrder:
    """Open an order, or return its state. ``order_id`` is the phone's: a repeat opens no second order.

    Who is suspended or leaving pays nothing in: he is told of an earlier order, without a way to pay it.

    Raises Problem ACCOUNT_CLOSED (suspended, leaving or gone), GATEWAY_AWAY, OTHER_CONTENT (the number was used for
    another amount), TOO_MANY_TRIES.
    """
    now, pays_in = datetime.now(UTC), official.state == OfficialState.ACTIVE
    if pays_in:
        await pool.execute(
            QUERIES["open_order"],
            official.book,
            official.holder_id,
            order_id,
            new_posting_id(),
            amount_fen,
            now,
            now + ORDER_LIFE,
            OPEN_ORDERS_MAX,
        )
    row = await pool.fetchrow(QUERIES["order"], official.book, official.holder_id, order_id)
    if row is None:
        must_be_open(official)
        raise Problem(TOO_MANY_TRIES, "top_up.too_many_open", most=OPEN_ORDERS_MAX, retry_after_s=60)
    if row["amount_fen"] != amount_fen:
        raise Problem(OTHER_CONTENT, "top_up.other_amount", order_id=order_id, amount_yuan=yuan(row["amount_fen"]))
    pay_url = None
    if row["state"] == OrderState.OPEN and pays_in:
        try:
            pay_url = await gateway.create(GatewayOrder(row["number"], amount_fen, DESCRIPTION, row["expires_at"]))
        except GatewayAway as error:
            log.warning("gateway_away", error=str(error))
            raise Problem(GATEWAY_AWAY, retry_after_s=5) from None
    return TopUpOrder(order_id, OrderState(row["state"]), amount_fen, int(row["expires_at"].timestamp()), pay_url)


async def credit_paid_order(pool: Pool, gateway: PaymentGateway, paid: Paid) -> OrderState:
    """Credit a paid order to the official's cash purse, once; returns the order's state.

    Raises Problem NOT_FOUND, INVALID (another amount, merchant, application or currency), GATEWAY_AWAY, UNAVAILABLE.
    What is refused for what it says is posted nowhere, and recorded for people in log and audit log.
    """
    row = await pool.fetchrow(QUERIES["order_by_number"], paid.number)
    if row is None:
        await _record_refusal(pool, "gateway_paid_unknown_order", paid)
        raise Problem(NOT_FOUND, "top_up.order_not_found", number=paid.number.hex)
    if not gateway.is_ours(paid):
        await _record_refusal(pool, "gateway_paid_somebody_else", paid)
        raise Problem(INVALID, "top_up.paid_somebody_else", number=paid.number.hex)
    if row["amount_fen"] != paid.amount_fen:
        await _record_refusal(pool, "gateway_paid_other_amount", paid)
        raise Problem(
            INVALID, "top_up.paid_other_amount", ordered_yuan=yuan(row["amount_fen"]), paid_yuan=yuan(paid.amount_fen)
        )
    if row["state"] in (OrderState.PAID, OrderState.RETURNED):
        return OrderState(row["state"])
    book, holder_id = row["book"], row["holder_id"]
    top_up = Deposit(paid.number, holder_id, paid.amount_fen)
    try:
        await deposit(pool, book, TransferKind.TOP_UP, [top_up], channel=Channel.GATEWAY)
        state = OrderState.PAID
    except Problem as problem:
        if problem.kind is not ACCOUNT_CLOSED:
            raise
        try:
            await gateway.give_back(paid)
        except GatewayAway as error:
            log.warning("gateway_away", error=str(error))
            raise Problem(GATEWAY_AWAY, retry_after_s=60) from None
        state = OrderState.RETURNED
    await pool.execute(QUERIES["settle_order"], book, paid.number, state, paid.reference, datetime.now(UTC))
    return state


async def _record_refusal(pool: Pool, problem: str, paid: Paid) -> None:
    """Record a payment that fits no order of ours: once, although the gateway repeats its notification."""
    said = asdict(paid) | {"number": str(paid.number)}
    log.error(problem, **said)
    async with pool.acquire() as connection, connection.transaction():
        await append_once(
            connection, Note("gateway", "refuse_payment", f"order/{paid.number}", {"problem": problem} | said)
        )


async def settle_unheard(pool: Pool, gateway: PaymentGateway, now: datetime) -> dict[OrderState, int]:
    """Query open orders without a notification; returns the number of orders per new state.

    An expired order is closed at the gateway first, so that it cannot be paid afterwards.
    """
    came_to: dict[OrderState, int] = {}
    for row in await pool.fetch(QUERIES["unheard_orders"], now - UNHEARD_AFTER):
        try:
            paid = await gateway.query(row["number"])
            if paid is not None:
                state = await credit_paid_order(pool, gateway, paid)
            elif row["expires_at"] < now:
                await gateway.close(row["number"])
                state = OrderState.EXPIRED
                await pool.execute(QUERIES["settle_order"], row["book"], row["number"], state, None, now)
            else:
                continue
        except AlreadyPaid:
            # Paid between the query and the closing: the next round finds it.
            continue
        except (GatewayAway, Problem) as error:
            log.warning("order_not_settled", number=str(row["number"]), error=str(error))
            continue
        came_to[state] = came_to.get(state, 0) + 1
    return came_to
