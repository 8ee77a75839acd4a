"""The charging engine: concurrent charges of a book become one batch, one statement, one transaction.

Natural batching: while a batch commits, the next gathers; an idle system answers at once. One round trip a batch
(the query ``charge``, see sql/charge.sql); a charge whose official's book is not the terminal's own takes
two, because every sequence number is claimed in the terminal's book first: the key of ``request`` starts with the
book, and without the claim one number could post in two books.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from msgspec import Struct

from foundation.postgres import Pool
from foundation.problems import INVALID, Problem
from registry.identifiers import AccountId, AgencyId, Book, CanteenId, CredentialId, HolderId, TerminalId
from registry.meals import Meal
from settlement.errors import BUSY, OTHER_CONTENT
from settlement.ledger import QUERIES, new_posting_id
from settlement.transfers import Channel
from settlement.unknown_outcome import until_known

log = structlog.get_logger()

VOID_GRACE = timedelta(hours=2)
"""A void is for the same business day; a payment cut off by the end of the day may be voided this long after it."""


class RequestKey(Struct, frozen=True, gc=False):
    """What a terminal's request is known by: terminal, epoch (its journal) and sequence number."""

    terminal_id: TerminalId
    epoch: int
    sequence: int


class ChargeOrder(Struct, frozen=True, gc=False):
    """A charge whose message and credential have been checked; amounts in fen.

    ``book`` is the official's, ``home_book`` the terminal's. ``refusal`` is set when the charge was refused before
    posting: then it is only recorded. ``host_account`` pays for a working meal instead of the official; the limits and
    ``needs_visit`` are the host's rules (settlement/tariff.py), judged on the official's state in the ledger.
    """

    key: RequestKey
    digest: bytes
    home_book: Book
    book: Book
    canteen_id: CanteenId
    canteen_account: AccountId
    acquirer_id: AgencyId
    meal: Meal
    channel: Channel
    purchased_at: datetime
    holder_id: HolderId = HolderId(0)
    credential_id: CredentialId = CredentialId(0)
    counter: int = 0
    home_fen: int = 0
    visitor_fen: int = 0
    subsidy_first: bool = True
    needs_visit: bool = False
    host_account: AccountId | None = None
    meals_max: int | None = None
    day_max_fen: int | None = None
    refusal: str | None = None


class Remembered(Struct, frozen=True, gc=False):
    """The ledger's record of a request: the answer is made from it alone, so a repeat gets the same one."""

    book: Book
    operation: str
    digest: bytes | None
    outcome: str
    refusal: str | None
    forwarded_to: Book | None
    posting_id: UUID | None
    cash_fen: int
    subsidy_fen: int
    host_fen: int
    cash_balance_fen: int | None
    subsidy_balance_fen: int | None
    business_date: date | None
    answered_at: datetime
    fresh: bool
    """Posted by this very call, not remembered from an earlier one."""

    @property
    def amount_fen(self) -> int:
        """What was paid, or paid back, in fen."""
        return self.cash_fen + self.subsidy_fen + self.host_fen


@dataclass(frozen=True, slots=True)
class ChargeLimits:
    """Bounds of the engine."""

    queue_max: int = 1_000
    """Charges waiting in this worker: a fifth of a second of work. Beyond it the answer is 503."""
    batch_max: int = 128
    """Charges in one statement: more adds latency, hardly any throughput."""
    lanes: int = 1
    """Statements of one book at a time: more than one splits the batches and gains nothing but comparison."""
    give_up_after_s: float = 8.0
    """How long a batch of unknown outcome is retried before its terminals are told to resend."""


OnDone = Callable[[Remembered | Exception], None]
"""Called once with the outcome of a charge, from the event loop."""


@dataclass(slots=True)
class _Waiting:
    order: ChargeOrder
    forward_to: Book | None
    posting_id: UUID
    on_done: OnDone


@dataclass(slots=True)
class _Lane:
    waiting: deque[_Waiting] = field(default_factory=deque)
    tasks: "set[asyncio.Task[None]]" = field(default_factory=set)


Answered = Callable[[list[tuple[ChargeOrder, Remembered]]], None]


class Charger:
    """Posts charges. One per worker; workers need not know of each other."""

    def __init__(self, pool: Pool, limits: ChargeLimits, on_answered: Answered) -> None:
        self._pool = pool
        self._limits = limits
        self._on_answered = on_answered
        self._lanes: dict[Book, _Lane] = {}
        self.waiting = 0
        """Charges that have not been sent to the database yet."""
        self.failures = 0
        """Charges without a known outcome since the last one that was answered."""
        self.failed_at = 0.0
        """When the last of them failed, in monotonic seconds."""
        self._under_way: dict[asyncio.Task[None], float] = {}

    @property
    def oldest_s(self) -> float:
        """How long the oldest batch has been under way, in seconds; 0 without one."""
        now = time.monotonic()
        return now - min(self._under_way.values(), default=now)

    def is_full_with(self, others: int) -> bool:
        """Whether a charge after so many others would be answered BUSY."""
        return self.waiting + others >= self._limits.queue_max

    def post(self, order: ChargeOrder, on_done: OnDone) -> None:
        """Post one charge, or find what was answered to it before, and call ``on_done`` with it.

        Instead of a result ``on_done`` may get a Problem: OTHER_CONTENT (the number was used with another message),
        BUSY, UNAVAILABLE (unknown outcome: resend).
        """
        if order.refusal is not None or order.book == order.home_book:
            self._submit(order.home_book, order, None, on_done)
            return

        def claimed(claim: Remembered | Exception) -> None:
            if isinstance(claim, Exception) or claim.outcome != "forwarded" or claim.forwarded_to != order.book:
                on_done(claim)
            else:
                self._submit(order.book, order, None, on_done)

        self._submit(order.home_book, order, order.book, claimed)

    def _submit(self, book: Book, order: ChargeOrder, forward_to: Book | None, on_done: OnDone) -> None:
        if self.is_full_with(0):
            on_done(Problem(BUSY, retry_after_s=1))
            return
        lane = self._lanes.get(book)
        if lane is None:
            lane = self._lanes[book] = _Lane()
        lane.waiting.append(_Waiting(order, forward_to, new_posting_id(), on_done))
        self.waiting += 1
        if len(lane.tasks) < self._limits.lanes:
            # The batch lives in the lane's own task: a client that hangs up stops nothing.
            # Its log lines belong to no single request, so it starts with an empty context.
            lane.tasks.add(asyncio.create_task(self._drain(book, lane), context=Context()))

    async def _drain(self, book: Book, lane: _Lane) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            while lane.waiting:
                self._under_way[task] = time.monotonic()
                await self._settle(book, self._gather(lane))
        finally:
            self._under_way.pop(task, None)
            lane.tasks.discard(task)

    def _gather(self, lane: _Lane) -> list[_Waiting]:
        """The next batch: a holder and a request key at most once; the others keep their place in the queue."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        taken: set[object] = set()
        while lane.waiting and len(batch) < self._limits.batch_max:
            one = lane.waiting.popleft()
            key, holder_id = one.order.key, one.order.holder_id
            if key in taken or (holder_id and holder_id in taken):
                later.append(one)
                continue
            taken.add(key)
            taken.add(holder_id)
            batch.append(one)
        lane.waiting.extendleft(reversed(later))
        self.waiting -= len(batch)
        return batch

    async def _settle(self, book: Book, batch: list[_Waiting], *, again: bool = False) -> None:
        try:
            answers = await self._post(book, batch)
        except Problem as problem:
            self._note_failure(batch)
            _fail(batch, problem)
            return
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
            if len(batch) > 1:
                for one in batch:
                    await self._settle(book, [one])
            elif isinstance(error, asyncpg.UniqueViolationError) and not again:
                # The same request arrived twice at once: the other one is remembered now.
                await self._settle(book, batch, again=True)
            else:
                log.error("charge_rejected_by_the_database", error=str(error), key=batch[0].order.key)
                _fail(batch, error)
            return
        except Exception as error:
            log.exception("charge_batch_failed")
            self._note_failure(batch)
            _fail(batch, error)
            return
        # Reported in the loop's next round: the next batch is sent first.
        asyncio.get_running_loop().call_soon(self._report, batch, answers)

    def _note_failure(self, batch: list[_Waiting]) -> None:
        self.failures += len(batch)
        self.failed_at = time.monotonic()

    def _report(self, batch: list[_Waiting], answers: list[Remembered]) -> None:
        self.failures = 0
        for one, answer in zip(batch, answers, strict=True):
            other = answer.digest is not None and answer.digest != one.order.digest
            _call(one.on_done, Problem(OTHER_CONTENT) if other else answer)
        self._on_answered([(one.order, answer) for one, answer in zip(batch, answers, strict=True)])

    async def _post(self, book: Book, batch: list[_Waiting]) -> list[Remembered]:
        orders = [_row(one) for one in batch]
        found = await until_known(lambda: self._call(book, orders), self._limits.give_up_after_s)
        rows = {_KEY(row): row for row in found}
        answers = []
        for one in batch:
            key = one.order.key
            answers.append(_remembered(rows[key.terminal_id, key.epoch, key.sequence], one.posting_id))
        return answers

    async def _call(self, book: Book, orders: list[tuple[object, ...]]) -> list[asyncpg.Record]:
        async with self._pool.acquire() as connection:
            await connection.forget_old_plans()  # type: ignore[attr-defined]
            return await connection.fetch(QUERIES["charge"], book, orders)

    async def void(
        self, home_book: Book, key: RequestKey, digest: bytes, target_epoch: int, target_sequence: int
    ) -> Remembered:
        """Reverse the charge that the terminal sent under the target numbers, wherever it was posted.

        Raises Problem: OTHER_CONTENT, UNAVAILABLE, INVALID for a void of itself.
        """
        if (target_epoch, target_sequence) == (key.epoch, key.sequence):
            raise Problem(INVALID, "terminals.void_of_itself")
        first = await self._void_in(home_book, key, digest, target_epoch, target_sequence)
        if first.outcome != "forwarded" or first.forwarded_to is None:
            return first
        return await self._void_in(first.forwarded_to, key, digest, target_epoch, target_sequence)

    async def _void_in(
        self, book: Book, key: RequestKey, digest: bytes, target_epoch: int, target_sequence: int
    ) -> Remembered:
        posting_id = new_posting_id()
        arguments = (
            book, key.terminal_id, key.epoch, key.sequence, digest,
            target_epoch, target_sequence, posting_id, VOID_GRACE,
        )  # fmt: skip

        async def statement() -> asyncpg.Record | None:
            try:
                return await self._pool.fetchrow(QUERIES["void"], *arguments)
            except asyncpg.UniqueViolationError:
                # The same void arrived twice at once: the other one is remembered now.
                return await self._pool.fetchrow(QUERIES["void"], *arguments)

        row = await until_known(statement, self._limits.give_up_after_s)
        assert row is not None
        remembered = _remembered(row, posting_id)
        if remembered.digest != digest:
            raise Problem(OTHER_CONTENT)
        return remembered


def _row(one: _Waiting) -> tuple[object, ...]:
    """A charge as the database's type ``charge_order`` (migration 0004)."""
    o = one.order
    return (
        o.key.terminal_id, o.key.epoch, o.key.sequence, o.digest, one.posting_id, o.refusal, one.forward_to,
        o.holder_id, o.credential_id, o.counter, o.channel, o.canteen_id, o.canteen_account, o.acquirer_id, o.meal,
        o.home_fen, o.visitor_fen, o.purchased_at, o.subsidy_first, o.needs_visit, o.host_account, o.meals_max,
        o.day_max_fen,
    )  # fmt: skip


_KEY = itemgetter("terminal_id", "epoch", "sequence")
_REMEMBERED = itemgetter(*Remembered.__struct_fields__[:-1])
"""Columns by name, without a dictionary for every charge."""


def _remembered(row: asyncpg.Record, posting_id: UUID) -> Remembered:
    """What the queries ``charge`` and ``void`` return; fresh if it was posted under this number."""
    said: tuple[Any, ...] = (*_REMEMBERED(row), row["posting_id"] == posting_id)
    return Remembered(*said)


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for one in batch:
        _call(one.on_done, error)


def _call(on_done: OnDone, outcome: Remembered | Exception) -> None:
    """An error of one caller must not keep the others of the batch from their answers."""
    try:
        on_done(outcome)
    except Exception:
        log.exception("charge_not_answered")
