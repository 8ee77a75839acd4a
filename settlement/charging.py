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
from prometheus_client import Counter

from foundation.postgres import Connection, Pool, connection_within
from foundation.problems import INVALID, UNAVAILABLE, Problem
from registry.identifiers import AccountId, AgencyId, Book, CanteenId, CredentialId, HolderId, TerminalId
from registry.meals import Meal
from settlement.errors import BUSY, OTHER_CONTENT, Refusal
from settlement.ledger import QUERIES, new_posting_id
from settlement.sale_lines import as_json
from settlement.schemas import SaleLine
from settlement.transfers import Channel
from settlement.unknown_outcome import until_known

log = structlog.get_logger()

ABANDONED = Counter(
    "onecard_charges_abandoned_total", "Charges dropped unposted: their senders had gone when their turn came."
)

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
    posting: then it is only recorded. A phone that pays by a sheet is its own terminal, under its credential's number;
    its payment uses no counter (0), and a price that the phone has not shown is None. ``host_account`` pays for a
    working meal instead of the official; the limits and ``needs_visit`` are the host's rules (settlement/tariff.py),
    judged on the official's state in the ledger.
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
    home_fen: int | None = 0
    visitor_fen: int | None = 0
    subsidy_first: bool = True
    needs_visit: bool = False
    host_account: AccountId | None = None
    meals_max: int | None = None
    day_max_fen: int | None = None
    refusal: str | None = None
    lines: list[SaleLine] | None = None


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
    """How long after its arrival a charge of unknown outcome is told to resend: before its terminal gives up (12 s)."""


STATEMENT_WITHIN_S = 5.0
"""A statement that takes longer is cut off, and sent again on a fresh connection: longer than a lock time-out."""

LOCKED_PAUSE_MIN_S, LOCKED_PAUSE_MAX_S = 0.005, 0.25
"""Pauses of a charge whose purse is locked: others hold one for milliseconds, a grant for a whole agency longer."""

SWEEP_S = 0.25
"""How much later than its bound a charge may be answered."""

OnDone = Callable[[Remembered | Exception], None]
"""Called once with the outcome of a charge, from the event loop."""

IsWanted = Callable[[], bool]
"""Whether the sender of a charge still waits for its answer."""


def _always() -> bool:
    return True


@dataclass(slots=True, eq=False)
class _Waiting:
    order: ChargeOrder
    forward_to: Book | None
    posting_id: UUID
    on_done: OnDone | None
    """None when it has been called."""
    answer_by: float
    """On the monotonic clock."""
    is_wanted: IsWanted
    pause_s: float = LOCKED_PAUSE_MIN_S

    def answer(self, outcome: Remembered | Exception) -> None:
        """Tell the outcome, once. An error of one caller must not keep the others of the batch from their answers."""
        on_done, self.on_done = self.on_done, None
        if on_done is None:
            return
        try:
            on_done(outcome)
        except Exception:
            log.exception("charge_not_answered")


@dataclass(slots=True, eq=False)
class _Lane:
    """A queue of one book, and the tasks that send it, each with the batch that it has sent."""

    book: Book
    batch_max: int
    waiting: deque[_Waiting] = field(default_factory=deque)
    tasks: "dict[asyncio.Task[None], list[_Waiting]]" = field(default_factory=dict)


class _Locked(Exception):
    """The batch was not posted: these holders' purses are locked, or, if none are named, something else is."""

    def __init__(self, holders: frozenset[int]) -> None:
        super().__init__(holders)
        self.holders = holders


Answered = Callable[[list[tuple[ChargeOrder, Remembered]]], None]


class Charger:
    """Posts charges. One per worker; workers need not know of each other."""

    def __init__(self, pool: Pool, limits: ChargeLimits, on_answered: Answered) -> None:
        self._pool = pool
        self._limits = limits
        self._on_answered = on_answered
        self._lanes: dict[tuple[Book, bool], _Lane] = {}
        """By book, and whether it is the lane aside: for charges that may have to wait for a lock."""
        self._sweeper: asyncio.TimerHandle | None = None
        self.waiting = 0
        """Charges that are not with the database."""
        self.failures = 0
        """Charges without a known outcome since the last one that was answered."""
        self.failed_at = 0.0
        """When the last of them failed, in monotonic seconds."""

    @property
    def oldest_s(self) -> float:
        """How long the oldest charge has been under way, in seconds; 0 without one."""
        lanes = self._lanes.values()
        under_way = [one for lane in lanes for batch in lane.tasks.values() for one in batch]
        under_way += [lane.waiting[0] for lane in lanes if lane.waiting]
        if not under_way:
            return 0.0
        return time.monotonic() - min(one.answer_by for one in under_way) + self._limits.give_up_after_s

    def is_full_with(self, others: int) -> bool:
        """Whether a charge after so many others would be answered BUSY."""
        return self.waiting + others >= self._limits.queue_max

    def time_left(self, arrived_at: float) -> float:
        """Seconds until a charge that arrived then must be answered."""
        return max(0.0, arrived_at + self._limits.give_up_after_s - time.monotonic())

    def post(self, order: ChargeOrder, arrived_at: float, on_done: OnDone, is_wanted: IsWanted = _always) -> None:
        """Post one charge, or find what was answered to it before, and call ``on_done`` with it.

        ``arrived_at``: on the monotonic clock. Instead of a result ``on_done`` may get a Problem: OTHER_CONTENT (the
        number was used with another message), BUSY, UNAVAILABLE (unknown outcome: resend), the latter at most
        ``give_up_after_s`` after the arrival. A charge that is not wanted any more when its turn comes is dropped:
        it is not posted, and ``on_done`` is not called.
        """
        answer_by = arrived_at + self._limits.give_up_after_s
        # Where an earlier one of this number went stands in the terminal's own book, whatever speaks against it now.
        goes_elsewhere = order.refusal is None and order.book != order.home_book

        def claimed(claim: Remembered | Exception) -> None:
            if isinstance(claim, Exception) or claim.forwarded_to is None:
                on_done(claim)
            else:
                self._submit(claim.forwarded_to, _Waiting(order, None, new_posting_id(), on_done, answer_by, is_wanted))

        forward_to = order.book if goes_elsewhere else None
        self._submit(order.home_book, _Waiting(order, forward_to, new_posting_id(), claimed, answer_by, is_wanted))

    def _submit(self, book: Book, one: _Waiting) -> None:
        if self.is_full_with(0):
            one.answer(Problem(BUSY, retry_after_s=1))
            return
        self.waiting += 1
        self._enqueue(self._lane_of(book), one)

    def _lane_of(self, book: Book, *, aside: bool = False) -> _Lane:
        lane = self._lanes.get((book, aside))
        if lane is None:
            lane = self._lanes[book, aside] = _Lane(book, 1 if aside else self._limits.batch_max)
        return lane

    def _enqueue(self, lane: _Lane, one: _Waiting) -> None:
        lane.waiting.append(one)
        if len(lane.tasks) < self._limits.lanes:
            # The batch lives in the lane's own task: a client that hangs up stops nothing.
            # Its log lines belong to no single request, so it starts with an empty context.
            lane.tasks[asyncio.create_task(self._drain(lane), context=Context())] = []
            if self._sweeper is None:
                self._sweeper = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        """Answer what has waited long enough, in the queue or with the database; while there is anything."""
        self._sweeper = None
        for lane in self._lanes.values():
            for batch in lane.tasks.values():
                for one in batch:
                    self._is_overdue(one)
            while lane.waiting and self._is_overdue(lane.waiting[0]):
                lane.waiting.popleft()
                self.waiting -= 1
        if any(lane.tasks for lane in self._lanes.values()):
            self._sweeper = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)

    async def _drain(self, lane: _Lane) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            while lane.waiting:
                lane.tasks[task] = batch = self._gather(lane)
                if batch:
                    await self._settle(lane, batch)
        finally:
            del lane.tasks[task]

    def _gather(self, lane: _Lane) -> list[_Waiting]:
        """The next batch: a holder and a request key at most once; the others keep their place in the queue.

        What nobody waits for is dropped. After an overload the queue is full of charges whose senders have given up,
        and posting them would take the time of those who come now; a sender that is alive repeats its own.
        """
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        taken: set[object] = set()
        while lane.waiting and len(batch) < lane.batch_max:
            one = lane.waiting.popleft()
            if not one.is_wanted():
                self.waiting -= 1
                ABANDONED.inc()
                continue
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

    async def _settle(self, lane: _Lane, batch: list[_Waiting], *, again: bool = False) -> None:
        try:
            answers = await self._post(lane.book, batch)
        except Problem as problem:
            self._note_failures(len(batch))
            _fail(batch, problem)
            return
        except _Locked as locked:
            rest = self._put_off(lane, batch, locked.holders)
            if rest:
                await self._settle(lane, rest)
            return
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
            if len(batch) > 1:
                for one in batch:
                    await self._settle(lane, [one])
            elif isinstance(error, asyncpg.UniqueViolationError) and not again:
                # The same request arrived twice at once: the other one is remembered now.
                await self._settle(lane, batch, again=True)
            else:
                log.error("charge_rejected_by_the_database", error=str(error), key=batch[0].order.key)
                _fail(batch, error)
            return
        except Exception as error:
            log.exception("charge_batch_failed")
            self._note_failures(len(batch))
            _fail(batch, error)
            return
        # Reported in the loop's next round: the next batch is sent first.
        asyncio.get_running_loop().call_soon(self._report, batch, answers)

    def _put_off(self, lane: _Lane, batch: list[_Waiting], holders: frozenset[int]) -> list[_Waiting]:
        """Put the charges that met a lock back into a queue after a pause; returns the rest of the batch.

        A purse is not waited for. What else is locked is known only after a time-out, and not whose it is: then all
        of the batch go on one by one, aside, so that they hold up nobody else.
        """
        put_off = [one for one in batch if one.order.holder_id in holders] if holders else batch
        queue = lane if holders else self._lane_of(lane.book, aside=True)
        self.waiting += len(put_off)
        for one in put_off:
            asyncio.get_running_loop().call_later(one.pause_s, self._try_again, queue, one)
            one.pause_s = min(2 * one.pause_s, LOCKED_PAUSE_MAX_S)
        return [one for one in batch if one.order.holder_id not in holders] if holders else []

    def _try_again(self, queue: _Lane, one: _Waiting) -> None:
        if self._is_overdue(one):
            self.waiting -= 1
        else:
            self._enqueue(queue, one)

    def _is_overdue(self, one: _Waiting) -> bool:
        """Tell the terminal to resend if it has waited long enough; returns whether it has."""
        if one.answer_by > time.monotonic():
            return False
        if one.on_done is not None:
            self._note_failures(1)
            one.answer(Problem(UNAVAILABLE, retry_after_s=2))
        return True

    def _note_failures(self, charges: int) -> None:
        self.failures += charges
        self.failed_at = time.monotonic()

    def _report(self, batch: list[_Waiting], answers: list[Remembered]) -> None:
        self.failures = 0
        for one, answer in zip(batch, answers, strict=True):
            other = answer.digest is not None and answer.digest != one.order.digest
            one.answer(Problem(OTHER_CONTENT) if other else answer)
        self._on_answered([(one.order, answer) for one, answer in zip(batch, answers, strict=True)])

    async def _post(self, book: Book, batch: list[_Waiting]) -> list[Remembered]:
        orders = [_row(one) for one in batch]
        # A claim in the terminal's own book is no posting: the lines go where the payment goes.
        sales = [(one.posting_id, one.order.lines) for one in batch if one.order.lines and one.forward_to is None]
        with_lines = as_json(sales) if sales else None
        left_s = max(one.answer_by for one in batch) - time.monotonic()
        found = await until_known(lambda: self._call(book, orders, with_lines), left_s)
        rows = {_KEY(row): row for row in found}
        answers = []
        for one in batch:
            key = one.order.key
            answers.append(_remembered(rows[key.terminal_id, key.epoch, key.sequence], one.posting_id))
        return answers

    async def _call(self, book: Book, orders: list[tuple[object, ...]], with_lines: str | None) -> list[asyncpg.Record]:
        try:
            async with connection_within(self._pool, STATEMENT_WITHIN_S) as connection:
                await connection.forget_old_plans()  # type: ignore[union-attr]
                if with_lines is None:
                    return await connection.fetch(QUERIES["charge"], book, orders)
                return await connection.fetch(QUERIES["charge_with_lines"], book, orders, with_lines)
        except asyncpg.LockNotAvailableError as error:
            # charge.sql names the holders whose purses are locked; a time-out of the database names nobody.
            raise _Locked(frozenset(map(int, (error.detail or "").split()))) from None

    async def reversed_fen(self, approved: Remembered, within_s: float) -> int:
        """What a void gave back of an approved charge, in fen; raises LOST_CONNECTION or TimeoutError."""
        async with connection_within(self._pool, within_s) as connection:
            return int(await connection.fetchval(QUERIES["reversed"], approved.book, approved.posting_id))

    async def void(
        self,
        home_book: Book,
        key: RequestKey,
        digest: bytes,
        target_epoch: int,
        target_sequence: int,
        refusal: Refusal | None = None,
    ) -> Remembered:
        """Reverse the charge that the terminal sent under the target numbers, wherever it was posted.

        ``refusal``: why not, if the number is new; one that is known gets its first answer all the same.
        Raises Problem: OTHER_CONTENT, UNAVAILABLE, INVALID for a void of itself or of a request to come: a tombstone
        there would use up numbers that the terminal, or the device that replaces it, still needs.
        """
        if (target_epoch, target_sequence) >= (key.epoch, key.sequence):
            raise Problem(INVALID, "terminals.void_of_later")
        answer_by = time.monotonic() + self._limits.give_up_after_s
        if refusal is not None:
            await self._refuse_void(home_book, key, digest, refusal, answer_by)
        first = await self._void_in(home_book, key, digest, target_epoch, target_sequence, answer_by)
        if first.outcome != "forwarded" or first.forwarded_to is None:
            return first
        return await self._void_in(first.forwarded_to, key, digest, target_epoch, target_sequence, answer_by)

    async def _refuse_void(
        self, book: Book, key: RequestKey, digest: bytes, refusal: Refusal, answer_by: float
    ) -> None:
        """Keep the refusal of a void, unless its number is known."""

        async def statement() -> None:
            async with connection_within(self._pool, STATEMENT_WITHIN_S) as connection:
                number = (book, key.terminal_id, key.epoch, key.sequence)
                await connection.execute(QUERIES["refuse_void"], *number, digest, refusal)

        await until_known(statement, answer_by - time.monotonic())

    async def _void_in(
        self, book: Book, key: RequestKey, digest: bytes, target_epoch: int, target_sequence: int, answer_by: float
    ) -> Remembered:
        posting_id = new_posting_id()
        target = target_epoch, target_sequence

        async def statement() -> Remembered:
            async with connection_within(self._pool, STATEMENT_WITHIN_S) as connection:
                try:
                    return await post_void(connection, book, key, digest, target, posting_id)
                except asyncpg.UniqueViolationError:
                    # The same void arrived twice at once: the other one is remembered now.
                    return await post_void(connection, book, key, digest, target, posting_id)

        remembered = await until_known(statement, answer_by - time.monotonic())
        if remembered.digest != digest:
            raise Problem(OTHER_CONTENT)
        return remembered


async def post_void(
    connection: Connection, book: Book, key: RequestKey, digest: bytes, target: tuple[int, int], posting_id: UUID
) -> Remembered:
    """Reverse the charge under the target's epoch and sequence, in the caller's transaction if there is one."""
    numbers = (book, key.terminal_id, key.epoch, key.sequence, digest)
    row = await connection.fetchrow(QUERIES["void"], *numbers, *target, posting_id, VOID_GRACE)
    assert row is not None
    return _remembered(row, posting_id)


def _row(one: _Waiting) -> tuple[object, ...]:
    """A charge as the database's type ``charge_order`` (migration 0004)."""
    o = one.order
    return (
        o.key.terminal_id, o.key.epoch, o.key.sequence, o.digest, one.posting_id, o.refusal, one.forward_to,
        o.holder_id, o.credential_id, o.counter or None, o.channel, o.canteen_id, o.canteen_account, o.acquirer_id,
        o.meal, o.home_fen, o.visitor_fen, o.purchased_at, o.subsidy_first, o.needs_visit, o.host_account,
        o.meals_max, o.day_max_fen,
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
        one.answer(error)
