"""Who asks: the official of a request, by his phone's key or by his session.

``is_official`` is the one guard of all routes below ``/me``. It sets ``request.user`` to a ``Caller``: book, holder
number, agency and person class of the official, who is active. A handler takes ``request: ByOfficial`` and needs no
more; it shows and changes what is of ``request.user.holder_id`` in ``request.user.book``, and writes the audit entry of
a change under ``request.user.actor``. Two ways lead in, for reading (GET) and for changes alike:

* **A request that the phone signs** (RFC 9421), in header fields alone, so that a reading one is an ordinary GET with a
  query. The components are ``signatures.OF_HOLDER``: ``@method``, ``@authority``, ``@path``, ``@query`` (``?`` where
  there is none), ``content-digest`` (of the body, which may be empty) and ``onecard-certificate``; ``keyid="phone"``,
  the phone's algorithm, ``created`` within five minutes of the centre's time, the protocol's ``tag``. The field
  ``Onecard-Certificate`` has the phone's certificate (base64url), expired or not, whose credential must be active. A
  changing request counts once: its signature is used up, and a copy of it is answered 409 ``replayed-request``. No two
  changes of a phone have the same ``created``: with the same content the second would look like a copy. After an answer
  that was lost the phone signs anew; what must not happen twice then has a number of the phone's own in its body, as an
  order has. A reading request can be repeated for five minutes.
* **A session by single sign-on** (``registry.holder_sessions``): a cookie, with the token against forged requests in
  ``x-csrf-token`` for what changes something. It opens nothing at the console.

Raises Problem NOT_SIGNED_IN (401, neither), BAD_SIGNATURE, OUT_OF_TIME (401) or PROTOCOL_UNKNOWN (400) for a signature
that does not hold, CREDENTIAL_BLOCKED (403) for a phone that is blocked, ACCOUNT_CLOSED (409) for an official who is
suspended, leaving, or gone, CROSS_SITE_REQUEST (403), REPLAYED_REQUEST (409), TOO_MANY_REQUESTS (429).

The option ``states`` of a route says who else may call it; one that is ``urgent`` waits behind no reader and no booker.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from dining.turns import TURNS
from foundation.keys import KeyRing
from foundation.named_sql import load_queries
from foundation.postgres import Connection
from foundation.problems import NOT_SIGNED_IN, Problem
from foundation.request_log import found_good
from foundation.turns import READS, Turns
from registry import holder_sessions as sessions
from registry.challenges import use_up
from registry.errors import ACCOUNT_CLOSED
from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from registry.sessions import OFFICIAL, SAFE_METHODS, check_origin, cookie_token
from registry.states import CredentialState, OfficialState
from terminals import qr
from terminals.errors import BAD_SIGNATURE, CREDENTIAL_BLOCKED
from terminals.messages import plain_path, signature_fields
from terminals.phone_keys import KeyAlgorithm, PhoneKey
from terminals.schemas import to_bytes
from terminals.signatures import CERTIFICATE_FIELD, CREATED_WITHIN_S, SignedRequest, check_request, read_signature
from travellers.errors import REPLAYED_REQUEST

QUERIES = load_queries(Path(__file__).parent / "sql" / "callers.sql")

ALSO_SUSPENDED = {"states": frozenset({OfficialState.ACTIVE, OfficialState.SUSPENDED})}
"""Options of a route that a suspended official needs to see what he can report lost."""

ALWAYS = {"states": frozenset(OfficialState), "urgent": True}
"""Options of a route that can only take something from whoever has a phone or a session: nothing keeps it waiting."""

URGENT = Turns()
"""Of this worker; what many do at once has others."""

PHONE = "phone"
"""The ``keyid`` of a phone's messages."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The official who asks. ``credential_id``: of the phone that signed; None in a session."""

    book: Book
    holder_id: HolderId
    agency_id: AgencyId
    person_class: str
    credential_id: CredentialId | None = None

    @property
    def actor(self) -> str:
        """Who he is in the audit log: no login has a stroke."""
        return f"holder/{self.holder_id}"


ByOfficial = Request[Caller, sessions.Session | None, Any]
"""A request behind ``is_official``. ``auth``: the session; None where a phone signed."""


async def is_official(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A route guard: an official asks for himself; sets ``request.user`` (Caller). Raises Problem as above."""
    assert isinstance(connection, Request)
    signed = "signature-input" in connection.headers
    rules = _Rules.of(connection, handler)
    caller, session = await (_by_phone(connection, rules) if signed else _by_session(connection, rules))
    connection.scope["user"], connection.scope["auth"] = caller, session
    credential = connection.headers[CERTIFICATE_FIELD] if session is None else session.token.value
    found_good(connection.scope, credential)


async def check_again(request: ByOfficial) -> None:
    """Whether who asked, and has waited since, may still have an answer: raises Problem like ``is_official``."""
    caller, session, state = request.user, request.auth, request.app.state
    if session is not None:
        await sessions.find(state.database, session.token, state.session_rules)
        row = await state.ledger.fetchrow(QUERIES["by_holder"], caller.book, caller.holder_id)
    else:
        row = await state.ledger.fetchrow(QUERIES["by_credential"], caller.book, caller.credential_id)
        if row is None or row["credential_state"] != CredentialState.ACTIVE:
            raise Problem(CREDENTIAL_BLOCKED)
    _must_be_in(row, {OfficialState.ACTIVE})


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a route asks of its caller: whose turn it is, and his states."""

    turns: Turns
    states: Collection[OfficialState]

    @classmethod
    def of(cls, request: Request[Any, Any, Any], handler: BaseRouteHandler) -> "_Rules":
        """Those of the route's options."""
        usual = READS if request.method in SAFE_METHODS else TURNS
        return cls(URGENT if handler.opt.get("urgent") else usual, handler.opt.get("states", {OfficialState.ACTIVE}))


async def _by_session(request: Request[Any, Any, Any], rules: _Rules) -> tuple[Caller, sessions.Session]:
    token = cookie_token(request, OFFICIAL)
    if token is None:
        raise Problem(NOT_SIGNED_IN, "traveller.not_signed_in")
    check_origin(request, token)
    state = request.app.state
    session = await sessions.find(state.database, token, state.session_rules)
    state.requests_of_officials.count(f"{session.book}/holder/{session.holder_id}")
    async with rules.turns.one():
        row = await state.ledger.fetchrow(QUERIES["by_holder"], session.book, session.holder_id)
    return _caller_of(row, rules), session


async def _by_phone(request: Request[Any, Any, Any], rules: _Rules) -> tuple[Caller, None]:
    """The signature is checked before the credential is looked up: whoever scans a long code has its certificate."""
    state = request.app.state
    holder, signed = await signed_by_phone(request)
    # Each phone apart: who has a lost one must not keep its owner from reporting it.
    state.requests_of_officials.count(f"{holder.book}/credential/{holder.credential_id}")
    async with rules.turns.one():
        row = await state.ledger.fetchrow(QUERIES["by_credential"], holder.book, holder.credential_id)
    if row is None or row["credential_state"] != CredentialState.ACTIVE or _key_in(row) != holder.key:
        raise Problem(CREDENTIAL_BLOCKED)
    caller = _caller_of(row, rules, holder.credential_id)
    if request.method not in SAFE_METHODS:
        ends_at = datetime.fromtimestamp(signed.created, UTC) + timedelta(seconds=2 * CREATED_WITHIN_S)
        async with rules.turns.one(), state.database.begin() as db:
            if not await use_up(db, signed.signature, ends_at):
                raise Problem(REPLAYED_REQUEST)
    return caller, None


async def signed_by_phone(request: Request[Any, Any, Any]) -> tuple[qr.Holder, SignedRequest]:
    """Whose phone signed a request, whatever became of the phone since; raises Problem BAD_SIGNATURE, OUT_OF_TIME."""
    holder = _certified(request.app.state.key_ring, request.headers.get(CERTIFICATE_FIELD, ""))
    return holder, await _checked(request, holder.key)


async def phone_of(connection: Connection, holder: qr.Holder) -> Caller:
    """The official of a phone that signed, in whatever state both are. Raises Problem(BAD_SIGNATURE): another key."""
    row = await connection.fetchrow(QUERIES["by_credential"], holder.book, holder.credential_id)
    if row is None or _key_in(row) != holder.key:
        raise Problem(BAD_SIGNATURE, "terminals.certificate_unknown")
    return Caller(row["book"], row["holder_id"], row["agency_id"], row["person_class"], holder.credential_id)


def _certified(keys: KeyRing, certificate: str) -> qr.Holder:
    """Of a version of the centre's key that has ended, too: the credential must have the same key."""
    try:
        return qr.read_certificate(keys.listed_centre_public_keys, to_bytes(certificate))
    except qr.NotGenuine:
        raise Problem(BAD_SIGNATURE, "terminals.certificate_unknown") from None


async def _checked(request: Request[Any, Any, Any], key: PhoneKey) -> SignedRequest:
    scope, body = request.scope, await request.body()
    query = "?" + scope["query_string"].decode("latin-1")
    signed = read_signature(
        request.method,
        plain_path(scope),
        signature_fields(scope["headers"]),
        body,
        in_session=False,
        opening_algorithm=key.algorithm,
        query=query,
        hosts=request.app.state.hosts,
    )
    if signed.key_id != PHONE:
        raise Problem(BAD_SIGNATURE, "terminals.keyid", key_id=PHONE)
    check_request(signed, key.verify, time.time())
    return signed


def _key_in(row: asyncpg.Record) -> PhoneKey:
    return PhoneKey(row["public_key"] or b"", KeyAlgorithm(row["key_algorithm"]))


def _caller_of(row: asyncpg.Record | None, rules: _Rules, credential_id: CredentialId | None = None) -> Caller:
    row = _must_be_in(row, rules.states)
    return Caller(row["book"], row["holder_id"], row["agency_id"], row["person_class"], credential_id)


def _must_be_in(row: asyncpg.Record | None, states: Collection[OfficialState]) -> asyncpg.Record:
    """Raises Problem(ACCOUNT_CLOSED) to an official who is in none of these states."""
    if row is None:
        raise Problem(NOT_SIGNED_IN, "traveller.not_signed_in")
    if row["state"] not in states:
        raise Problem(ACCOUNT_CLOSED, f"official.is.{row['state']}", holder_id=row["holder_id"])
    return row
