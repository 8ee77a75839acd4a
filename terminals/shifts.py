"""Shifts on the wire: what a till says of a shift, and what it is answered (docs/terminal-protocol.md, section 7.1)."""

import time
from datetime import UTC, date, datetime
from itertools import pairwise

from foundation.postgres import Pool
from foundation.problems import INVALID, NOT_ALLOWED, Problem
from registry.identifiers import Book, TerminalId
from settlement import shifts
from settlement.models import AMOUNT_MAX_FEN
from settlement.shifts import Compared, DayTotals, Opening, ShiftRequest, SignedTotals
from terminals.errors import EPOCH_WRONG
from terminals.messages import TerminalMessage
from terminals.models import Terminal, TerminalKind
from terminals.parameters import AHEAD_S
from terminals.schemas import (
    LedgerDay,
    LedgerRequest,
    LedgerRequests,
    ShiftClosed,
    ShiftClosing,
    ShiftDay,
    ShiftOpening,
    to_bytes,
    to_text,
)
from terminals.signatures import SignedRequest
from terminals.verification import must_be_till

LISTED_MAX = 500
"""Requests in one answer: about 150 KiB."""


async def open_shift(ledger: Pool, message: TerminalMessage, asked: ShiftOpening) -> None:
    """Open a shift under the number of the message. Raises Problem, as ``settlement.shifts.open_shift``."""
    await shifts.open_shift(ledger, message.session.book, message.key, opening_of(message, asked))


def opening_of(message: TerminalMessage, asked: ShiftOpening) -> Opening:
    """The opening that a terminal asks for. Raises Problem NOT_ALLOWED to a scale, EPOCH_WRONG, INVALID."""
    must_be_till(message.session)
    check_epoch(message.key.epoch, message.session.epoch)
    _must_have_been(asked.opened_at)
    return _opening(asked)


async def close_shift(
    ledger: Pool, terminal: Terminal, asked: ShiftClosing, signed: SignedRequest, body: bytes
) -> ShiftClosed:
    """Compare and keep what a terminal signed of a shift. Raises Problem, as ``settlement.shifts.close_shift``."""
    totals = signed_totals(terminal, asked, signed, body)
    compared = await shifts.close_shift(
        ledger, Book(terminal.book), TerminalId(terminal.terminal_id), terminal.epoch, totals
    )
    return closed_as(compared)


def signed_totals(terminal: Terminal, asked: ShiftClosing, signed: SignedRequest, body: bytes) -> SignedTotals:
    """What a terminal signed of its shift. Raises Problem NOT_ALLOWED to a scale, EPOCH_WRONG, INVALID."""
    if terminal.kind != TerminalKind.TILL:
        raise Problem(NOT_ALLOWED, "terminals.scale_charges")
    check_epoch(asked.epoch, terminal.epoch)
    _must_have_been(asked.closed_at)
    if any(day.business_date >= later.business_date for day, later in pairwise(asked.days)):
        raise Problem(INVALID, "shift.days_in_order")
    if not all(map(_is_possible, asked.days)):
        raise Problem(INVALID, "shift.amounts", most_fen=AMOUNT_MAX_FEN)
    return SignedTotals(
        first_sequence=asked.shift,
        last_sequence=asked.last_sequence,
        opening=_opening(asked),
        closed_at=datetime.fromtimestamp(asked.closed_at, UTC),
        unknown=asked.unknown,
        days=[_totals(day) for day in asked.days],
        journal_head=to_bytes(asked.journal_head),
        body=body,
        signature_base=signed.base(),
        signature=signed.signature,
        public_key=terminal.public_key,
    )


async def list_requests(ledger: Pool, message: TerminalMessage, epoch: int, first: int, last: int) -> LedgerRequests:
    """What the ledger has of the terminal's numbers from ``first`` to ``last``, at most ``LISTED_MAX``."""
    session = message.session
    must_be_till(session)
    found = await shifts.requests_between(ledger, session.book, session.terminal_id, epoch, first, last, LISTED_MAX + 1)
    return LedgerRequests([listed_as(one) for one in found[:LISTED_MAX]], complete=len(found) <= LISTED_MAX)


def check_epoch(epoch: int, current: int) -> None:
    """Raise Problem(EPOCH_WRONG): a device that was replaced opens and closes no shifts."""
    if epoch != current:
        raise Problem(EPOCH_WRONG, "terminals.epoch", epoch=current)


def _must_have_been(at: int) -> None:
    """Raise Problem(INVALID) for a time to come; a shift without a network may be told of days later."""
    if at > time.time() + AHEAD_S:
        raise Problem(INVALID, "shift.to_come")


def _is_possible(day: ShiftDay) -> bool:
    """No payment is larger than a charge may be: what one terminal claims stays within what it can have taken."""
    sums = ((day.online, day.online_fen), (day.stored, day.stored_fen), (day.reversals, day.reversed_fen))
    return all(fen <= count * AMOUNT_MAX_FEN for count, fen in sums)


def _opening(asked: ShiftOpening | ShiftClosing) -> Opening:
    return Opening(asked.cashier, asked.drawer, datetime.fromtimestamp(asked.opened_at, UTC))


def _totals(day: ShiftDay) -> DayTotals:
    return DayTotals(**{name: getattr(day, name) for name in DayTotals.__struct_fields__})


def closed_as(compared: Compared) -> ShiftClosed:
    """The answer to a closing."""
    by_date = {day.business_date: day for day in compared.days}
    dates: list[date] = sorted(by_date.keys() | compared.refunds.keys())
    days = [
        LedgerDay(
            **{name: getattr(by_date.get(on) or DayTotals(on), name) for name in DayTotals.__struct_fields__},
            refunds=compared.refunds.get(on, (0, 0))[0],
            refunded_fen=compared.refunds.get(on, (0, 0))[1],
        )
        for on in dates
    ]
    return ShiftClosed(compared.agrees, len(compared.requests), days, to_text(compared.journal_head))


def listed_as(one: ShiftRequest) -> LedgerRequest:
    """A request in the list of what the ledger has."""
    return LedgerRequest(
        sequence=one.sequence,
        operation=one.operation,
        outcome=one.outcome,
        business_date=one.business_date,
        amount_fen=one.amount_fen,
        stored=one.is_stored,
        number=None if one.posting_id is None else str(one.posting_id),
        reason=one.refusal,
        body_digest=None if one.body_digest is None else to_text(one.body_digest),
    )
