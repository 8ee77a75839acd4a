"""What a payment gateway does for us: officials pay on their phones, and the gateway tells the centre that they did.

The word of a gateway comes late, twice, or never. So an order keeps the same number everywhere (ours, the gateway's,
the ledger's), money is posted under that number once, and an order of which nothing was heard is asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from foundation.problems import NOT_FOUND, Problem


@dataclass(frozen=True, slots=True)
class GatewayOrder:
    """Money that somebody is to pay until a moment."""

    number: UUID
    amount_fen: int
    description: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Paid:
    """The gateway's word that an order was paid, under its own reference."""

    number: UUID
    amount_fen: int
    reference: str


class GatewayAway(Exception):
    """The gateway does not answer, or not as agreed: nothing is known; ask again later."""


class NotTheGateway(Exception):
    """A message that claims to be the gateway's and is not: signature, age, or content."""


class AlreadyPaid(Exception):
    """The order cannot be closed: it was paid."""


class PaymentGateway(Protocol):
    """One gateway, under one merchant number. Every call may be repeated."""

    async def create(self, order: GatewayOrder) -> str:
        """Open an order; returns the address where the payer pays. Raises GatewayAway."""

    async def query(self, number: UUID) -> Paid | None:
        """Ask whether an order was paid. Raises GatewayAway."""

    async def close(self, number: UUID) -> None:
        """Let nobody pay an order any more. Raises AlreadyPaid, GatewayAway."""

    async def give_back(self, paid: Paid) -> None:
        """Return the whole of an order to its payer. Raises GatewayAway."""

    def read_notification(self, fields: Mapping[str, str], body: bytes, now: float) -> Paid | None:
        """What a notification says; None: not that something was paid. ``now`` in seconds. Raises NotTheGateway."""


def gateway_of(state: Any) -> PaymentGateway:
    """The gateway that the composition root chose; raises Problem(NOT_FOUND) where there is none."""
    gateway: PaymentGateway | None = state.gateway
    if gateway is None:
        raise Problem(NOT_FOUND, "this centre has no payment gateway: top up at the counter")
    return gateway
