"""The counter's screen: the last payments of one canteen as events, and the word and the colours of the minute.

It reads the ledger's end with all who wait at this worker (``terminals.postings_feed``), so it goes on without Redis.
A heartbeat comes every ``HEARTBEAT_S``: a screen that hears none is cut off, and says so.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie, State
from litestar.response import ServerSentEvent, ServerSentEventMessage
from msgspec import Raw, Struct, json

from foundation.keys import KeyRing
from foundation.messages import Message
from foundation.postgres import LOST_CONNECTION, Pool
from foundation.problems import UNAVAILABLE, Problem
from onecard.live_totals import Viewers
from registry.sessions import check_cookie_wanted, check_site
from settlement.ledger import number_at
from terminals.displays import Shown, shown_by
from terminals.errors import DISPLAY_UNKNOWN
from terminals.minute_words import minute_of
from terminals.postings_feed import Posted, PostingsFeed
from terminals.sessions import QUERIES
from travellers.sheet_payments import short_number

COOKIE, PATH = "onecard_display", "/displays"
COOKIE_LIFE = timedelta(days=365)

HEARTBEAT_S = 5.0
CHECKED_EVERY_S = 3.0
"""How soon a screen goes dark whose link was revoked."""

STREAMS_OF_A_LINK = 4
"""Of one worker. By the link, not by the address: the screens of many canteens may have one, and a link that somebody
has copied must not shut them out."""

SHOWN_MAX = 20
WINDOWS = (timedelta(minutes=20), timedelta(hours=2), timedelta(hours=12))
"""How far back a screen looks when it begins: no further than it must."""

RETRY_AFTER_S = 10


class DisplaySignIn(Message):
    """The canteen in a screen's address, and the token behind its hash."""

    canteen_id: int
    token: str


class PaymentShown(Struct):
    """A payment as a counter shows it: no name, and the end of its number alone."""

    short_number: str
    channel: str
    meal: str
    amount_fen: int
    paid_at: datetime
    voided: bool


class Board:
    """The last payments of one canteen, newest first."""

    def __init__(self) -> None:
        self._payments: dict[UUID, PaymentShown] = {}

    async def load(self, ledger: Pool, shown: Shown) -> None:
        """Read the last payments from the ledger."""
        for window in WINDOWS:
            since = number_at(datetime.now(UTC) - window)
            rows = await ledger.fetch(QUERIES["latest_of_canteen"], since, shown.canteen_id, SHOWN_MAX)
            if len(rows) == SHOWN_MAX:
                break
        for row in reversed(rows):
            self._payments[row["posting_id"]] = PaymentShown(
                short_number(str(row["posting_id"])), row["channel"], row["meal"], row["amount_fen"], row["posted_at"],
                row["voided"],
            )  # fmt: skip

    def add(self, posted: Posted) -> None:
        """One more payment, or one that was taken back."""
        if posted.reverses is not None:
            if posted.reverses in self._payments:
                self._payments[posted.reverses].voided = True
        elif posted.posting_id not in self._payments:
            self._payments[posted.posting_id] = PaymentShown(
                short_number(str(posted.posting_id)), posted.channel, posted.meal, posted.amount_fen, posted.posted_at,
                voided=False,
            )  # fmt: skip

    def latest(self) -> list[PaymentShown]:
        """What is shown."""
        numbers = sorted(self._payments, reverse=True)[:SHOWN_MAX]
        self._payments = {number: self._payments[number] for number in numbers}
        return list(self._payments.values())


@post(f"{PATH}/sessions", status_code=204, summary="Open a counter's screen", tags=["system"])
async def open_display(request: Request[Any, Any, State], data: DisplaySignIn, ledger: Pool) -> Response[None]:
    """The token of the link becomes a cookie that no script can read."""
    check_cookie_wanted(request)
    _of_canteen(await shown_by(ledger, data.token), data.canteen_id)
    cookie = Cookie(
        f"{COOKIE}_{data.canteen_id}",
        PATH,
        data.token,
        max_age=int(COOKIE_LIFE.total_seconds()),
        secure=request.scope["scheme"] == "https",
        httponly=True,
        samesite="strict",
    )
    return Response(None, status_code=204, cookies=[cookie])


@get(f"{PATH}/events", summary="A canteen's last payments, as events", tags=["system"])
async def display_events(request: Request[Any, Any, State], state: State, canteen_id: int) -> ServerSentEvent:
    """Server-sent events for a counter's screen: `payments`, `minute`, `heartbeat`, and `ended` when it is revoked."""
    check_site(request, safe=True)
    token, viewers = request.cookies.get(f"{COOKIE}_{canteen_id}", ""), state.display_viewers
    shown = _of_canteen(await shown_by(state.ledger, token), canteen_id)
    if not viewers.has_room(str(shown.display_id)):
        raise Problem(UNAVAILABLE, "onecard.too_many_viewers", retry_after_s=RETRY_AFTER_S)
    return ServerSentEvent(_events(state.ledger, state.key_ring, state.postings_feed, viewers, shown, token))


def _of_canteen(shown: Shown, canteen_id: int) -> Shown:
    """What a token shows, at its canteen's address alone; raises Problem(DISPLAY_UNKNOWN)."""
    if shown.canteen_id != canteen_id:
        raise Problem(DISPLAY_UNKNOWN)
    return shown


async def _events(
    ledger: Pool, keys: KeyRing, feed: PostingsFeed, viewers: Viewers, shown: Shown, token: str
) -> AsyncIterator[ServerSentEventMessage]:
    board, last, minute = Board(), None, None
    checked_at = beaten_at = time.monotonic()
    with viewers.looking(str(shown.display_id)), feed.of_canteen(shown.canteen_id) as watch:
        await board.load(ledger, shown)
        while True:
            for posted in watch.take():
                board.add(posted)
            now = datetime.now(UTC)
            if (latest := json.encode(board.latest())) != last:
                last = latest
                yield _event("payments", {"now": now, **_canteen(shown), "payments": Raw(latest)})
            if (current := minute_of(keys, shown.canteen_id, now)) != minute:
                minute = current
                yield _event("minute", current)
            if time.monotonic() - beaten_at >= HEARTBEAT_S:
                beaten_at = time.monotonic()
                yield _event("heartbeat", {"now": now})
            if time.monotonic() - checked_at >= CHECKED_EVERY_S:
                checked_at = time.monotonic()
                if await _is_revoked(ledger, token):
                    yield _event("ended", {})
                    return
            try:
                async with asyncio.timeout(min(1.0, 60 - now.timestamp() % 60)):
                    await watch.news.wait()
            except TimeoutError:
                continue


async def _is_revoked(ledger: Pool, token: str) -> bool:
    try:
        await shown_by(ledger, token)
    except Problem as problem:
        return problem.kind is DISPLAY_UNKNOWN
    except (*LOST_CONNECTION, TimeoutError):
        # Nobody knows; the screen stays until somebody does.
        return False
    return False


def _canteen(shown: Shown) -> dict[str, Any]:
    return {"canteen_id": shown.canteen_id, "canteen_zh": shown.name_zh, "canteen_en": shown.name_en}


def _event(name: str, data: object) -> ServerSentEventMessage:
    return ServerSentEventMessage(event=name, data=json.encode(data).decode())
