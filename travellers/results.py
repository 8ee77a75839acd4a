"""What became of a code that was shown: postings and refusals after a mark, told as soon as there are any.

Who waits holds nothing of the ledger: ``terminals.postings_feed`` wakes him within about a second of the posting,
``travellers.refusals`` of a refusal.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from foundation.calendar import ZONE
from foundation.catalogue import Language, text
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import INVALID, Problem
from registry.identifiers import HolderId
from settlement.ledger import balances
from terminals.postings_feed import PostingsFeed
from travellers.callers import Caller
from travellers.errors import NO_ROOM
from travellers.refusals import RefusedCode, RefusedCodes
from travellers.schemas import CodeRefused, Result, Results
from travellers.sheet_payments import short_number

QUERIES = load_queries(Path(__file__).parent / "sql" / "results.sql")

LISTED_MAX = 20

WAIT_MAX_S = 25

WAITING_MAX = 2_000
"""Phones that wait at one worker; each takes a few kilobytes."""

EACH_MAX = 4
"""Of these, the phones and pages of one official."""

BACK_MAX = timedelta(days=1)
"""A mark is of a code that is being shown; what is older stands in the movements."""

RETRY_AFTER_S = 5


class ResultsOfCodes:
    """Tells officials of their postings. One per worker."""

    def __init__(self, ledger: Pool, feed: PostingsFeed, refused: RefusedCodes) -> None:
        self._ledger = ledger
        self._feed = feed
        self._refused = refused
        self._waiting: Counter[HolderId] = Counter()

    async def after(self, caller: Caller, mark: str, wait_s: int, still_good: Callable[[], Awaitable[None]]) -> Results:
        """What is new after a mark: at once, or when there is something, or none after ``wait_s``. Raises Problem.

        INVALID for a mark that is no time, NO_ROOM when too many wait, and what ``still_good`` raises: a phone may be
        blocked while it waits, and what came since is not for whoever has it.
        """
        since = _time_of(mark)
        if wait_s == 0:
            return await self._read(caller, since)
        holder_id = caller.holder_id
        if self._waiting.total() >= WAITING_MAX or self._waiting[holder_id] >= EACH_MAX:
            raise Problem(NO_ROOM, retry_after_s=RETRY_AFTER_S)
        self._waiting[holder_id] += 1
        try:
            return await self._wait(caller, since, wait_s, still_good)
        finally:
            self._waiting[holder_id] -= 1
            self._waiting += Counter()

    async def _wait(
        self, caller: Caller, since: datetime, wait_s: int, still_good: Callable[[], Awaitable[None]]
    ) -> Results:
        with (
            self._feed.of_holder(caller.holder_id) as watch,
            self._refused.waking(caller.credential_id, watch.news),
        ):
            found = await self._read(caller, since)
            if found.payments or found.refusals:
                return found
            try:
                async with asyncio.timeout(wait_s):
                    await watch.news.wait()
            except TimeoutError:
                return found
        await still_good()
        return await self._read(caller, since)

    async def _read(self, caller: Caller, since: datetime) -> Results:
        first, last = since.astimezone(ZONE).date() - timedelta(days=1), datetime.now(ZONE).date() + timedelta(days=1)
        numbers = caller.book, caller.holder_id
        rows = await self._ledger.fetch(QUERIES["since"], *numbers, first, last, since, LISTED_MAX)
        refusals = await self._refusals(caller, since) if len(rows) < LISTED_MAX else []
        if not rows and not refusals:
            return Results(_mark_of(since), [], [])
        held = await balances(self._ledger, *numbers)
        purses: dict[str, Any] = {"cash_fen": held.get("cash", 0), "subsidy_fen": held.get("subsidy", 0)}
        found = [Result(**dict(row), short_number=short_number(str(row["number"])), **purses) for row in rows]
        mark = max([*(one.posted_at for one in found), *(one.at for one in refusals)])
        return Results(_mark_of(mark), found, refusals)

    async def _refusals(self, caller: Caller, since: datetime) -> list[CodeRefused]:
        """Codes of the phone that asks, which tills refused."""
        told = [] if caller.credential_id is None else self._refused.since(caller.credential_id, since)
        if not told:
            return []
        rows = await self._ledger.fetch(QUERIES["canteens"], [one.canteen_id for one in told])
        names = {row["canteen_id"]: (row["name_zh"], row["name_en"]) for row in rows}
        return [_refused(one, *names[one.canteen_id]) for one in told]


def _refused(told: RefusedCode, canteen_zh: str, canteen_en: str) -> CodeRefused:
    said = f"code_refused.{told.reason}"
    chinese, english = text(said, Language.CHINESE), text(said, Language.ENGLISH)
    return CodeRefused(told.at, told.canteen_id, canteen_zh, canteen_en, told.meal, told.reason, chinese, english)


def _time_of(mark: str) -> datetime:
    try:
        at = datetime.fromtimestamp(float(mark), UTC)
    except (ValueError, OverflowError, OSError):
        raise Problem(INVALID, "results.mark") from None
    now = datetime.now(UTC)
    return min(max(at, now - BACK_MAX), now + BACK_MAX)


def _mark_of(at: datetime) -> str:
    return f"{at.timestamp():.6f}"
