"""What a terminal signed of a shift and its payments: evidence that neither agency and not the centre could have made.

The closing of the payment's shift has the head of a hash chain over all requests of the shift. The ledger's own
requests give the same head, or they do not; everybody can compute it again from the leaves, and check the signature.
Leaves of other payments are hashes alone: their content concerns nobody here.
"""

import json
from base64 import urlsafe_b64encode
from typing import Any

from clearing.disputes import find_dispute
from clearing.errors import NO_DISPUTE
from clearing.schemas import CashierTook, ClosingEvidence, ShiftEvidence
from clearing.shifts import QUERIES
from foundation.postgres import Pool, as_struct
from foundation.problems import NOT_FOUND, Problem
from registry.access import Person
from registry.cashiers import Stretch, stretches
from registry.identifiers import AgencyId
from registry.models import Database
from settlement.shifts import (
    SHIFT_NUMBERS_MAX,
    Closing,
    ShiftRequest,
    chain_head,
    closing_of_payment,
    day_totals,
    is_signed,
    requests_between,
)


async def evidence_of(database: Database, ledger: Pool, person: Person, dispute_id: int) -> ShiftEvidence:
    """The evidence of a dispute. Raises Problem NO_DISPUTE: no such dispute, or no closing of the payment's shift."""
    dispute = await find_dispute(database, person, dispute_id)
    closing = await closing_of_payment(ledger, dispute.book, dispute.posting_id)
    if closing is None:
        raise Problem(NO_DISPUTE, "dispute.no_closing", dispute_id=dispute_id)
    numbers = (closing.terminal_id, closing.epoch, closing.first_sequence)
    requests = await requests_between(ledger, closing.book, *numbers, closing.last_sequence, SHIFT_NUMBERS_MAX)
    leaves = [one.leaf() for one in requests]
    payment = next(one for one in requests if one.sequence == closing.sequence)
    return ShiftEvidence(
        **_signed(closing, leaves),
        cashiers=await cashiers_of(ledger, closing, requests),
        sequence=closing.sequence,
        body_digest=_text(payment.body_digest or bytes(32)),
        receipt=dispute.posting_id,
        amount_fen=payment.amount_fen,
        position=requests.index(payment),
        has_payment=_gives_head(closing, leaves),
    )


async def closing_evidence(
    ledger: Pool, terminal_id: int, epoch: int, shift: int, agency_id: AgencyId | None
) -> ClosingEvidence:
    """The latest closing of a shift of an agency's till, or of any. Raises Problem NOT_FOUND."""
    row = await ledger.fetchrow(QUERIES["closing"], terminal_id, epoch, shift, agency_id)
    if row is None:
        raise Problem(NOT_FOUND, "shift.no_closing", terminal_id=terminal_id, shift=shift)
    closing = as_struct(row, Closing)
    requests = await requests_between(
        ledger, closing.book, terminal_id, epoch, shift, closing.last_sequence, SHIFT_NUMBERS_MAX
    )
    leaves = [one.leaf() for one in requests]
    return ClosingEvidence(
        **_signed(closing, leaves),
        cashiers=await cashiers_of(ledger, closing, requests),
        has_leaves=_gives_head(closing, leaves),
        agrees=closing.agrees,
    )


async def cashiers_of(ledger: Pool, closing: Closing, requests: list[ShiftRequest]) -> list[CashierTook]:
    """Who was signed on during a shift, and what was taken under his numbers."""
    numbers = (closing.book, closing.terminal_id, closing.epoch, closing.first_sequence, closing.last_sequence)
    return [_took(one, requests) for one in await stretches(ledger, *numbers)]


def _took(one: Stretch, requests: list[ShiftRequest]) -> CashierTook:
    his = [request for request in requests if request.at is not None and one.has(request.sequence, request.at)]
    days = day_totals(his)
    last = one.last if one.ended_by_number else max((request.sequence for request in his), default=one.first)
    who = (one.cashier_id, one.number, one.first, last, one.signed_on_at, one.ends_at)
    return CashierTook(*who, sum(day.payments for day in days), sum(day.net_fen for day in days))


def _signed(closing: Closing, leaves: list[bytes]) -> dict[str, Any]:
    return {
        "terminal_id": closing.terminal_id,
        "epoch": closing.epoch,
        "shift": closing.first_sequence,
        "cashier": closing.cashier,
        "drawer": closing.drawer,
        "closing": closing.body.decode(),
        "signature_base": closing.signature_base.decode(),
        "signature": _text(closing.signature),
        "public_key": _text(closing.public_key),
        "received_at": closing.received_at,
        "leaves": [_text(leaf) for leaf in leaves],
        "is_signed": is_signed(closing.body, closing.signature_base, closing.signature, closing.public_key),
    }


def _gives_head(closing: Closing, leaves: list[bytes]) -> bool:
    """Whether the leaves give the head that the terminal signed."""
    head = chain_head(closing.terminal_id, closing.epoch, closing.first_sequence, leaves)
    return bool(json.loads(closing.body)["journal_head"] == _text(head))


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
