"""Interface of a payment gateway: officials pay on their phones, and the gateway notifies the centre.

Notifications may come late, twice or never. So an order has one number at the centre, at the gateway and in the ledger;
the money is posted once under that number, and the centre queries orders without a notification.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from foundation.problems import NOT_FOUND, Problem


class OrderState(StrEnum):
    """The state of a top-up order (see ``settlement.online_top_ups``)."""

    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class GatewayOrder:
    """An amount to be paid before ``expires_at``."""

    number: UUID
    amount_fen: int
    description: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Paid:
    """The gateway's confirmation that an order was paid; ``reference`` is the gateway's own number.

    ``merchant``, ``app`` and ``currency`` (ISO 4217): to whom, over which application, in which money.
    """

    number: UUID
    amount_fen: int
    reference: str
    merchant: str
    app: str
    currency: str


class GatewayAway(Exception):
    """The gateway gave no valid answer: the outcome is unknown; ask again later."""


class NotTheGateway(Exception):
    """A message that is not the gateway's. The text is a catalogue id: signature, age or content."""


class AlreadyPaid(Exception):
    """The order cannot be closed because it was paid."""


class PaymentGateway(Protocol):
    """A gateway under one merchant number. Every call is idempotent."""

    async def create(self, order: GatewayOrder) -> str:
        """Open an order; returns the URL where the payer pays. Raises GatewayAway."""

    async def query(self, number: UUID) -> Paid | None:
        """The payment of an order, None if it was not paid. Raises GatewayAway."""

    async def close(self, number: UUID) -> None:
        """Close an order, so that it cannot be paid any more. Raises AlreadyPaid, GatewayAway."""

    def is_ours(self, paid: Paid) -> bool:
        """Whether it was paid to this merchant, over this application, in the currency of our orders."""

    async def give_back(self, paid: Paid) -> None:
        """Refund an order in full to its payer. Raises GatewayAway."""

    def read_notification(self, fields: Mapping[str, str], body: bytes, now: float) -> Paid | None:
        """The payment that a notification reports, None for other events. ``now`` in seconds. Raises NotTheGateway."""


def gateway_of(state: Any) -> PaymentGateway:
    """The configured gateway; raises Problem(NOT_FOUND) where there is none."""
    gateway: PaymentGateway | None = state.gateway
    if gateway is None:
        raise Problem(NOT_FOUND, "top_up.no_gateway")
    return gateway
