"""What a terminal signed of a disputed payment: evidence that neither agency and not the centre could have made.

The closing of the payment's shift has the head of a hash chain over all requests of the shift. The ledger's own
requests give the same head, or they do not; everybody can compute it again from the leaves, and check the signature.
Leaves of other payments are hashes alone: their content concerns nobody here.
"""

import json
from base64 import urlsafe_b64encode

from clearing.disputes import find_dispute
from clearing.errors import NO_DISPUTE
from clearing.schemas import ShiftEvidence
from foundation.postgres import Pool
from foundation.problems import Problem
from registry.access import Person
from registry.models import Database
from settlement.shifts import SHIFT_NUMBERS_MAX, chain_head, closing_of_payment, is_signed, requests_between


async def evidence_of(database: Database, ledger: Pool, person: Person, dispute_id: int) -> ShiftEvidence:
    """The evidence of a dispute. Raises Problem NO_DISPUTE: no such dispute, or no closing of the payment's shift."""
    dispute = await find_dispute(database, person, dispute_id)
    closing = await closing_of_payment(ledger, dispute.book, dispute.posting_id)
    if closing is None:
        raise Problem(NO_DISPUTE, "dispute.no_closing", dispute_id=dispute_id)
    numbers = (closing.terminal_id, closing.epoch, closing.first_sequence)
    requests = await requests_between(ledger, closing.book, *numbers, closing.last_sequence, SHIFT_NUMBERS_MAX)
    leaves = [one.leaf() for one in requests]
    head = _text(chain_head(*numbers, leaves))
    payment = next(one for one in requests if one.sequence == closing.sequence)
    return ShiftEvidence(
        terminal_id=closing.terminal_id,
        epoch=closing.epoch,
        shift=closing.first_sequence,
        cashier=closing.cashier,
        drawer=closing.drawer,
        sequence=closing.sequence,
        body_digest=_text(payment.body_digest or bytes(32)),
        receipt=dispute.posting_id,
        amount_fen=payment.amount_fen,
        closing=closing.body.decode(),
        signature_base=closing.signature_base.decode(),
        signature=_text(closing.signature),
        public_key=_text(closing.public_key),
        received_at=closing.received_at,
        leaves=[_text(leaf) for leaf in leaves],
        position=requests.index(payment),
        is_signed=is_signed(closing.body, closing.signature_base, closing.signature, closing.public_key),
        has_payment=json.loads(closing.body)["journal_head"] == head,
    )


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
