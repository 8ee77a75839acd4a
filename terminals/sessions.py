"""Terminal sessions: signed X25519 key agreement, keys wrapped in PostgreSQL, a short cache in each worker.

The session key is ``HKDF-SHA256(X25519(ours, theirs), info = label || SHA-256(request body) || SHA-256(answer
body))``: both bodies are signed with Ed25519, and the key is bound to both. A worker trusts its cached session for
``CACHE_S`` seconds, then asks PostgreSQL again, so a revoked terminal is refused within that time; Redis plays no part.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any

import asyncpg
import structlog
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from foundation.calendar import Calendar
from foundation.keys import KeyRing
from foundation.named_sql import load_queries
from foundation.postgres import LOST_CONNECTION, Connection, Pool, connection_within
from foundation.problems import INVALID, Problem
from registry.cashiers import SignedOnBefore, sign_on_before
from registry.identifiers import AccountId, AgencyId, Book, CanteenId, TerminalId
from terminals.errors import BAD_SIGNATURE, SESSION_ENDED
from terminals.models import TerminalKind
from terminals.parameters import CanteenTerms, terms_of
from terminals.signatures import hmac_signer

log = structlog.get_logger()

QUERIES = load_queries(Path(__file__).parent / "sql" / "terminals.sql")

SUITE = "ED25519-X25519-SHA256-AES128"
"""The algorithms of a session, and of all that is signed or keyed in it (docs/terminal-protocol.md says which). Another
suite is another name, with its own lengths.
"""

GRACE_AFTER_CUT_OFF = timedelta(hours=2)
"""A shift that runs past the cut-off may finish; then every terminal signs on again."""

CACHE_S = 3.0
REFRESH_S = 1.0
IN_USE_S = 60.0
"""A till at lunch charges every few seconds; one that was idle for longer is looked up at its next request."""
LOOK_UP_WITHIN_S = 4.0
"""The look-up of a session leaves its charge half of the time in which it is to be answered."""
TERMS_S = 10.0
"""Prices and rules change by date; any other change of a canteen's terms reaches its tills this much later."""
CACHED_SESSIONS_MAX = 20_000
"""Terminals of one worker; each takes about 1 KiB."""


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """What a worker knows about a signed-on terminal. Its repr shows no key."""

    session_id: str
    book: Book
    terminal_id: TerminalId
    epoch: int
    live: bool
    expires_at: datetime
    canteen_id: CanteenId
    canteen_account: AccountId
    acquirer_id: AgencyId
    subsidy_first: bool
    working_meal_account: AccountId
    closed_at: datetime | None
    """Since when its canteen takes no payments: it, its agency or its region is suspended or has ended."""
    cashiers_required_at: datetime | None
    """Since when the canteen needs cashiers; None: it does not."""
    signed_on_from: int | None
    """The number under which the latest cashier signed on; None: nobody has."""
    signed_on_before: int | None
    """The number of the message that ended that sign-on; None: none has."""
    signed_on_until: datetime | None
    """Until when the latest cashier is, or was, signed on; None: there was none."""
    may_void: bool
    """Whether he may void."""
    kind: TerminalKind
    mac: Callable[[bytes], bytes]
    """HMAC-SHA256 under the session's key."""
    terms: CanteenTerms

    @property
    def cashier_until(self) -> datetime | None:
        """Where the canteen needs cashiers: until when one is, or was, signed on, or when it began to need them."""
        required_at, until = self.cashiers_required_at, self.signed_on_until
        return required_at if required_at is None or until is None else max(required_at, until)

    @property
    def signed_on(self) -> SignedOnBefore | None:
        """The latest sign-on at the till, ended or not."""
        if self.signed_on_from is None or self.signed_on_until is None:
            return None
        return SignedOnBefore(self.signed_on_from, self.signed_on_before, self.signed_on_until)


_SESSION = itemgetter(*tuple(Session.__dataclass_fields__)[:-3])
"""Columns of the query ``sessions`` by name."""


def agree_key(ours: X25519PrivateKey, theirs: bytes, request_body: bytes, answer_body: bytes) -> bytes:
    """The 32-byte session key, on either side. Raises Problem(INVALID) for a degenerate key."""
    try:
        shared = ours.exchange(X25519PublicKey.from_public_bytes(theirs))
    except ValueError:
        raise Problem(INVALID, "terminals.ephemeral_key") from None
    transcript = hashlib.sha256(request_body).digest() + hashlib.sha256(answer_body).digest()
    return HKDF(SHA256(), 32, None, b"onecard session v1" + transcript).derive(shared)


def session_end(calendar: Calendar, now: datetime) -> datetime:
    """When a session that starts now must end: the next cut-off, plus grace."""
    return calendar.cut_off_of(calendar.business_date_at(now)) + GRACE_AFTER_CUT_OFF


def _is_live(session: Session) -> bool:
    return session.live and session.expires_at > datetime.now(UTC)


class SessionStore:
    """Finds sessions by their number.

    A session that was looked up is trusted for ``CACHE_S``. Those in use are looked up again before that, all in one
    query (``follow``): no till waits for a look-up at the peak.
    """

    def __init__(self, ledger: Pool, keys: KeyRing) -> None:
        self._ledger = ledger
        self._keys = keys
        self._cache: OrderedDict[str, tuple[float, Session]] = OrderedDict()
        self._terms: dict[int, tuple[float, CanteenTerms]] = {}
        self._used_at: dict[str, float] = {}

    def cached(self, session_id: str) -> Session | None:
        """The live session of this number if it was looked up within ``CACHE_S``."""
        session = self._recent(session_id)
        return session if session is not None and _is_live(session) else None

    async def find(self, session_id: str) -> Session:
        """The live session of this number; raises Problem BAD_SIGNATURE (unknown) or SESSION_ENDED."""
        session = self._recent(session_id)
        if session is None:
            async with connection_within(self._ledger, LOOK_UP_WITHIN_S) as connection:
                row = await connection.fetchrow(QUERIES["sessions"], [session_id])
                if row is None:
                    raise Problem(BAD_SIGNATURE, "terminals.session_unknown")
                # A till that signs on gets the current terms.
                older_than_s = TERMS_S if session_id in self._cache else 0.0
                terms = await self._terms_of(connection, row, older_than_s=older_than_s)
            session = self._keep(row, self._mac_of(row), terms)
            self._used_at[session_id] = time.monotonic()
        if not _is_live(session):
            raise Problem(SESSION_ENDED)
        return session

    async def had_cashier(self, session: Session, sequence: int, purchased_at: int) -> bool:
        """Whether a number of the session's epoch, and the time of its purchase, are in any sign-on at the till."""
        async with connection_within(self._ledger, LOOK_UP_WITHIN_S) as connection:
            found = await sign_on_before(connection, session.book, session.terminal_id, session.epoch, sequence)
        return found is not None and found.has(sequence, purchased_at)

    def forget(self, session_id: str) -> None:
        """Drop the session from the cache."""
        self._cache.pop(session_id, None)

    async def follow(self) -> None:
        """Look up again, every ``REFRESH_S``, the sessions that were used within ``IN_USE_S``; until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_S)
            since = time.monotonic() - IN_USE_S
            self._used_at = {number: at for number, at in self._used_at.items() if at > since}
            in_use = list(self._used_at)
            try:
                if in_use:
                    await self._refresh(in_use)
            except (*LOST_CONNECTION, TimeoutError) as error:
                log.warning("sessions_not_refreshed", error=repr(error))

    async def _refresh(self, session_ids: list[str]) -> None:
        async with connection_within(self._ledger, LOOK_UP_WITHIN_S) as connection:
            for row in await connection.fetch(QUERIES["sessions"], session_ids):
                known = self._cache.get(row["session_id"])
                if known is not None:
                    terms = await self._terms_of(connection, row, older_than_s=TERMS_S)
                    self._keep(row, known[1].mac, terms)

    async def card_mac_of(self, session: Session, session_id: str) -> Callable[[bytes], bytes] | None:
        """The MAC of the same terminal's session in which a card was challenged, ended or not; None if unknown."""
        if session_id == session.session_id:
            return session.mac
        async with connection_within(self._ledger, LOOK_UP_WITHIN_S) as connection:
            row = await connection.fetchrow(QUERIES["sessions"], [session_id])
        if row is None or (row["terminal_id"], row["epoch"]) != (session.terminal_id, session.epoch):
            return None
        return self._mac_of(row)

    def _recent(self, session_id: str) -> Session | None:
        cached, now = self._cache.get(session_id), time.monotonic()
        if cached is None or now - cached[0] >= CACHE_S:
            return None
        self._used_at[session_id] = now
        return cached[1]

    def _keep(self, row: asyncpg.Record, mac: Callable[[bytes], bytes], terms: CanteenTerms) -> Session:
        values: tuple[Any, ...] = (*_SESSION(row), TerminalKind(row["kind"]), mac, terms)
        session = Session(*values)
        self._cache[session.session_id] = (time.monotonic(), session)
        self._cache.move_to_end(session.session_id)
        if len(self._cache) > CACHED_SESSIONS_MAX:
            self._cache.popitem(last=False)
        return session

    def _mac_of(self, row: asyncpg.Record) -> Callable[[bytes], bytes]:
        return hmac_signer(self._keys.unwrap(row["wrapped_key"], row["session_id"].encode()))

    async def _terms_of(self, ledger: Connection, row: asyncpg.Record, *, older_than_s: float) -> CanteenTerms:
        """A canteen's terms, shared by its tills; read again when they are older than that."""
        book, canteen_id = row["book"], row["canteen_id"]
        cached = self._terms.get(canteen_id)
        if cached is None or time.monotonic() - cached[0] >= older_than_s:
            terms = await terms_of(ledger, book, canteen_id)
            cached = self._terms[canteen_id] = (time.monotonic(), terms)
        return cached[1]
