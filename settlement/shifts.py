"""Shifts of tills: who was at which drawer, what the till signed at the end, and what the ledger has of it.

A shift is a range of a terminal's numbers: from its opening, whose number is the shift's, to the last one that its
closing names. Every payment of the shift has a number between them, whenever it arrives. A shift is closed as often as
it takes to agree; every closing is kept with the terminal's signature, and the latest counts. One that agrees settles
the shift: its numbers that the ledger does not know are used up, so that nothing is paid under them any more.

Both sides compute the same from their own records: totals by business day, and the head of a hash chain over the
requests. Terminals use the functions of this module; whoever doubts a record computes it again.
"""

import hashlib
import struct
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct, json

from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import INVALID, Problem
from registry.identifiers import Book, CanteenId, TerminalId
from settlement.charging import RequestKey
from settlement.errors import CLOSED_TOO_OFTEN, OTHER_CONTENT

QUERIES = load_queries(Path(__file__).parent / "sql" / "shifts.sql")

SHIFT_NUMBERS_MAX = 10_000
"""Numbers of one shift: a payment every three seconds for eight hours. Bounds the work of a closing."""

CLOSINGS_MAX = 20
"""Closings of one shift that are kept; of later ones only that which agrees."""

UNUSED_MAX = 1_000
"""Numbers of a shift that the ledger does not know when it is settled: messages that were rejected, or never sent."""

OPERATIONS = {"charge": 1, "void": 2}
OUTCOMES = {"approved": 1, "refused": 2, "voided": 3}


class ShiftRequest(Struct, frozen=True):
    """One request of a shift with its final answer, as a terminal and the ledger both know it; money in fen.

    ``body_digest``: SHA-256 of its body; None for a charge that was voided before it arrived. ``posting_id``: the
    number of an approval's receipt. ``is_stored``: it came late (``is_late`` in sql/rules.sql). ``at``: when it was
    purchased, or answered where nothing was; the ledger alone tells.
    """

    sequence: int
    operation: str
    outcome: str
    body_digest: bytes | None
    posting_id: UUID | None
    amount_fen: int
    business_date: date
    is_stored: bool
    refusal: str | None = None
    at: datetime | None = None

    def leaf(self) -> bytes:
        """The hash by which the request stands in the chain. Without its content it says nothing."""
        return hashlib.sha256(
            struct.pack(">QBB", self.sequence, OPERATIONS[self.operation], OUTCOMES[self.outcome])
            + (self.body_digest or bytes(32))
            + (bytes(16) if self.posting_id is None else self.posting_id.bytes)
            + struct.pack(">Q", self.amount_fen)
        ).digest()


def chain_head(terminal_id: int, epoch: int, first_sequence: int, leaves: Iterable[bytes]) -> bytes:
    """The head of a shift's hash chain: each link is SHA-256(the one before ‖ leaf), in the order of the numbers."""
    head = hashlib.sha256(b"onecard shift v1" + struct.pack(">QIQ", terminal_id, epoch, first_sequence)).digest()
    for leaf in leaves:
        head = hashlib.sha256(head + leaf).digest()
    return head


class DayTotals(Struct, frozen=True):
    """Payments and reversals of one business day: how many, and fen. ``stored``: payments taken without a network."""

    business_date: date
    online: int = 0
    online_fen: int = 0
    stored: int = 0
    stored_fen: int = 0
    reversals: int = 0
    reversed_fen: int = 0

    @property
    def payments(self) -> int:
        """Payments net of reversals."""
        return self.online + self.stored - self.reversals

    @property
    def net_fen(self) -> int:
        """What they come to."""
        return self.online_fen + self.stored_fen - self.reversed_fen


def day_totals(requests: Iterable[ShiftRequest]) -> list[DayTotals]:
    """The totals of each business day on which something was posted, the earliest first."""
    sums: dict[date, list[int]] = {}
    for one in requests:
        if one.amount_fen == 0:
            continue
        kind = 2 if one.operation == "void" else 1 if one.is_stored else 0
        day = sums.setdefault(one.business_date, [0] * 6)
        day[2 * kind] += 1
        day[2 * kind + 1] += one.amount_fen
    return [DayTotals(day, *sums[day]) for day in sorted(sums)]


class Opening(Struct, frozen=True):
    """Who opened a shift at which drawer, and when by the terminal's clock."""

    cashier: str
    drawer: str
    opened_at: datetime


class SignedTotals(Struct, frozen=True):
    """What a terminal says of its shift, and its signature over it: kept as it came, to be checked by anybody."""

    first_sequence: int
    last_sequence: int
    opening: Opening
    closed_at: datetime
    unknown: int
    days: list[DayTotals]
    journal_head: bytes
    body: bytes
    signature_base: bytes
    signature: bytes
    public_key: bytes


@dataclass(frozen=True, slots=True)
class Compared:
    """The ledger's side of a shift, and whether the terminal's is the same. ``refunds``: by day, (how many, fen)."""

    agrees: bool
    requests: list[ShiftRequest]
    days: list[DayTotals]
    refunds: dict[date, tuple[int, int]]
    journal_head: bytes


async def requests_between(
    ledger: Pool | Connection, book: int, terminal_id: int, epoch: int, first: int, last: int, most: int
) -> list[ShiftRequest]:
    """What the ledger has of a terminal's numbers, in their order; at most so many."""
    rows = await ledger.fetch(QUERIES["requests_between"], book, terminal_id, epoch, first, last, most)
    return [as_struct(row, ShiftRequest) for row in rows]


async def open_shift(ledger: Pool, book: Book, key: RequestKey, opening: Opening) -> None:
    """Open a shift under the number of its message; a repeat opens nothing more.

    Raises Problem OTHER_CONTENT (the number was used for another message), INVALID (it stands in a settled shift).
    """
    async with ledger.acquire() as connection, connection.transaction():
        canteen_id = await lock_terminal(connection, book, key.terminal_id)
        await _note_opening(connection, book, key, opening, canteen_id)


@dataclass(frozen=True, slots=True)
class CashiersMessage:
    """A cashier's message that the ledger knows; ``refusal``: why nobody was signed on."""

    refusal: str | None


async def cashiers_message(
    ledger: Pool | Connection, book: Book, key: RequestKey, digest: bytes
) -> CashiersMessage | None:
    """The message of a cashier under a number; None if the number is new.

    Raises Problem OTHER_CONTENT (it was used for another message), INVALID (it stands in a settled shift).
    """
    row = await ledger.fetchrow(QUERIES["cashiers_number"], book, key.terminal_id, key.epoch, key.sequence)
    if row is None:
        return None
    if row["operation"] == "unused":
        raise Problem(INVALID, "shift.overlaps")
    if (row["operation"], row["digest"]) != ("cashier", digest):
        raise Problem(OTHER_CONTENT)
    return CashiersMessage(row["refusal"])


async def is_overtaken(connection: Connection, book: Book, key: RequestKey) -> bool:
    """Whether a cashier signed on or off under a later number, so that a message comes too late."""
    number = (book, key.terminal_id, key.epoch, key.sequence)
    return bool(await connection.fetchval(QUERIES["later_cashiers_number"], *number))


async def cashiers_message_between(
    ledger: Pool | Connection, book: Book, terminal_id: int, epoch: int, after: int, before: int
) -> bool:
    """Whether a cashier signed on or off at a terminal under a number between two others."""
    numbers = (book, terminal_id, epoch, after, before)
    return bool(await ledger.fetchval(QUERIES["cashiers_number_between"], *numbers))


async def keep_cashiers_message(
    connection: Connection, book: Book, key: RequestKey, digest: bytes, refusal: str | None
) -> bool:
    """Use a number up for a cashier's message, in the caller's transaction; False if it was used meanwhile."""
    number = (book, key.terminal_id, key.epoch, key.sequence)
    return await connection.fetchval(QUERIES["take_cashiers_number"], *number, digest, refusal) is not None


async def close_shift(ledger: Pool, book: Book, terminal_id: TerminalId, epoch: int, signed: SignedTotals) -> Compared:
    """Compare a shift's signed totals with the ledger, and keep them; a repeat keeps nothing more.

    Raises Problem OTHER_CONTENT (the shift was opened otherwise, or has agreed on other totals), INVALID (numbers that
    are no range, or another shift's, or too many that the ledger does not know), CLOSED_TOO_OFTEN.
    """
    first, last = signed.first_sequence, signed.last_sequence
    check_numbers(signed)
    async with ledger.acquire() as connection, connection.transaction():
        canteen_id = await lock_terminal(connection, book, terminal_id)
        await _note_opening(connection, book, RequestKey(terminal_id, epoch, first), signed.opening, canteen_id)
        if await connection.fetchval(QUERIES["opens_within"], book, terminal_id, epoch, first, last):
            raise Problem(INVALID, "shift.overlaps")
        latest = await connection.fetchrow(QUERIES["latest_closing"], book, terminal_id, epoch, first)
        is_settled = latest is not None and latest["agrees"]
        is_repeat = latest is not None and _said(latest["body"]) == _said(signed.body)
        if is_settled and not is_repeat:
            raise Problem(OTHER_CONTENT, "shift.agreed")
        compared = await _compare(connection, book, terminal_id, epoch, signed)
        if compared.agrees and not is_settled:
            compared = await _settle(connection, book, terminal_id, epoch, signed)
        if not is_repeat or (compared.agrees and not is_settled):
            number = 1 if latest is None else latest["number"] + 1
            if number > CLOSINGS_MAX and not compared.agrees:
                raise Problem(CLOSED_TOO_OFTEN, "shift.closed_too_often", most=CLOSINGS_MAX)
            await _keep(connection, book, terminal_id, epoch, number, signed, compared)
    return compared


def _said(body: bytes) -> dict[str, Any]:
    """What a closing says of its shift: under which key of the centre its answer is asked for is no part of that."""
    return {name: value for name, value in json.decode(body).items() if name != "centre_key"}


def check_numbers(signed: SignedTotals) -> None:
    """Raise Problem(INVALID) for numbers that are no range, or too many, and for a shift that ends before it begins."""
    first, last = signed.first_sequence, signed.last_sequence
    if not first <= last < first + SHIFT_NUMBERS_MAX:
        raise Problem(INVALID, "shift.numbers", most=SHIFT_NUMBERS_MAX)
    if signed.closed_at < signed.opening.opened_at:
        raise Problem(INVALID, "shift.closed_before_opened")


async def lock_terminal(connection: Connection, book: int, terminal_id: int) -> CanteenId | None:
    """One message about a terminal's shifts and cashiers at a time; payments do not wait. The terminal's canteen."""
    return await connection.fetchval(QUERIES["lock_terminal"], book, terminal_id)  # type: ignore[no-any-return]


async def _note_opening(
    connection: Connection, book: Book, key: RequestKey, opening: Opening, canteen_id: CanteenId | None
) -> None:
    number = (book, key.terminal_id, key.epoch, key.sequence)
    known = await connection.fetchrow(QUERIES["opening"], *number)
    if known is not None:
        if as_struct(known, Opening) != opening:
            raise Problem(OTHER_CONTENT)
        return
    if await connection.fetchval(QUERIES["take_number"], *number) is None:
        if await connection.fetchval(QUERIES["operation"], *number) == "unused":
            raise Problem(INVALID, "shift.overlaps")
        raise Problem(OTHER_CONTENT)
    await connection.execute(QUERIES["open"], *number, opening.cashier, opening.drawer, opening.opened_at, canteen_id)


async def _compare(connection: Connection, book: int, terminal_id: int, epoch: int, signed: SignedTotals) -> Compared:
    first, last = signed.first_sequence, signed.last_sequence
    requests = await requests_between(connection, book, terminal_id, epoch, first, last, SHIFT_NUMBERS_MAX)
    days = day_totals(requests)
    head = chain_head(terminal_id, epoch, first, (one.leaf() for one in requests))
    refunded = await connection.fetch(QUERIES["refunds"], book, terminal_id, epoch, first, last)
    known = requests[-1].sequence if requests else first
    agrees = (known, days, head, 0) == (last, signed.days, signed.journal_head, signed.unknown)
    refunds = {row["business_date"]: (row["refunds"], row["refunded_fen"]) for row in refunded}
    return Compared(agrees, requests, days, refunds, head)


async def _settle(connection: Connection, book: int, terminal_id: int, epoch: int, signed: SignedTotals) -> Compared:
    """Use up the numbers of a shift that would agree, and compare again: what was in flight is counted, or shut out."""
    numbers = (book, terminal_id, epoch, signed.first_sequence, signed.last_sequence)
    if await connection.fetchval(QUERIES["unused"], *numbers) > UNUSED_MAX:
        raise Problem(INVALID, "shift.unused", most=UNUSED_MAX)
    savepoint = connection.transaction()
    await savepoint.start()
    await connection.execute(QUERIES["lock_within"])
    await connection.execute(QUERIES["use_up"], *numbers)
    await connection.execute(QUERIES["use_up_elsewhere"], *numbers)
    compared = await _compare(connection, book, terminal_id, epoch, signed)
    await (savepoint.commit() if compared.agrees else savepoint.rollback())
    return compared


async def _keep(
    connection: Connection, book: int, terminal_id: int, epoch: int, number: int, signed: SignedTotals, found: Compared
) -> None:
    await connection.execute(
        QUERIES["keep_closing"], book, terminal_id, epoch, signed.first_sequence, number, signed.last_sequence,
        signed.closed_at, signed.unknown, *_sums(signed.days), *_sums(found.days), found.agrees,
        signed.body, signed.signature_base, signed.signature, signed.public_key,
    )  # fmt: skip


def _sums(days: Sequence[DayTotals]) -> tuple[int, int]:
    return sum(day.payments for day in days), sum(day.net_fen for day in days)


class Closing(Struct, frozen=True):
    """A kept closing of a shift, and the number of a payment in it (see the table ``shift_closing``)."""

    book: Book
    terminal_id: TerminalId
    epoch: int
    first_sequence: int
    last_sequence: int
    cashier: str
    drawer: str
    agrees: bool
    body: bytes
    signature_base: bytes
    signature: bytes
    public_key: bytes
    received_at: datetime
    sequence: int


def is_signed(body: bytes, signature_base: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether a terminal's key signed the body of a closing: the base that it signed has the body's digest."""
    digest = b64encode(hashlib.sha256(body).digest())
    if b'\n"content-digest": sha-256=:%s:\n' % digest not in signature_base:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signature_base)
    except (InvalidSignature, ValueError):
        return False
    return True


async def unsettled_shift(connection: Connection, book: int, terminal_id: int, epoch: int) -> int | None:
    """The number of a terminal's first shift that is open, or that no closing agreed on; None without one."""
    return await connection.fetchval(QUERIES["unsettled"], book, terminal_id, epoch)  # type: ignore[no-any-return]


async def closing_of_payment(ledger: Pool, book: int, posting_id: UUID) -> Closing | None:
    """The latest closing of the shift in which a payment was made; None without one, or if it ends before."""
    row = await ledger.fetchrow(QUERIES["closing_of_payment"], book, posting_id)
    return None if row is None else as_struct(row, Closing)
