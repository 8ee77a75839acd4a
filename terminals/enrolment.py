"""Enrolment by one-time code, sign-on, sign-off: how a device becomes a terminal.

A code has 80 random bits, lives 10 minutes, is bound to a canteen, and works only after a second person has approved
it. It works for one device, which may repeat its message: a lost answer costs nothing. Wrong codes spoil nobody's
slip; they are counted by address (``routes/opening.py``).
"""

import base64
import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import json
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.calendar import Calendar
from foundation.keys import KeyRing
from foundation.postgres import Pool
from foundation.problems import CONFLICT, NOT_FOUND, Problem
from registry.access import Person
from registry.duties import Duty, must_be_another
from registry.identifiers import Book, CanteenId
from registry.members import canteen_must_be_active, is_active
from registry.models import Canteen, Database, next_numbers
from terminals.blocking import block_list_version
from terminals.errors import ENROLMENT_REFUSED, PROTOCOL_UNKNOWN, REPLAYED_SIGN_IN, SUITE_UNKNOWN
from terminals.keys import key_renew_at
from terminals.management import end_sessions
from terminals.models import Enrolment, Terminal, TerminalSession, TerminalState
from terminals.parameters import parameters_of, terms_of
from terminals.schemas import (
    Enrol,
    Enrolled,
    NewEnrolment,
    SignedOn,
    SignOn,
    to_bytes,
    to_text,
)
from terminals.sessions import QUERIES, SUITE, agree_key, session_end
from terminals.signatures import EDITIONS, PROTOCOL

CODE_LIFE = timedelta(minutes=10)
TRIES_OF_OLD = 5
"""What a fresh code has for workers of the release before, which counted tries by code."""


def new_code() -> str:
    """80 random bits in base32: 16 characters that can be read out and typed."""
    return base64.b32encode(secrets.token_bytes(10)).decode()


def code_hash(code: str) -> bytes:
    """What is stored of a code; its 80 bits need no slow hash."""
    return hashlib.sha256(code.encode()).digest()


async def create_enrolment(db: AsyncSession, person: Person, wanted: NewEnrolment) -> tuple[Enrolment, str]:
    """A new code for a canteen. Raises Problem NOT_FOUND, NOT_ALLOWED or CONFLICT (it is suspended or has ended)."""
    canteen = await db.scalar(select(Canteen).where(Canteen.canteen_id == wanted.canteen_id))
    if canteen is None:
        raise Problem(NOT_FOUND, "terminals.canteen_unknown", canteen_id=wanted.canteen_id)
    person.must_act_for(canteen.agency_id)
    await canteen_must_be_active(db, canteen)
    if wanted.replaces_terminal_id is not None:
        replaced = await db.get(Terminal, (canteen.book, wanted.replaces_terminal_id))
        if replaced is None or (replaced.canteen_id, replaced.kind) != (canteen.canteen_id, wanted.kind):
            raise Problem(NOT_FOUND, f"terminals.{wanted.kind}_unknown", terminal_id=wanted.replaces_terminal_id)
    code = new_code()
    [number] = await next_numbers(db, 1)
    enrolment = Enrolment(
        book=canteen.book,
        enrolment_id=number,
        canteen_id=canteen.canteen_id,
        kind=wanted.kind,
        code_hash=code_hash(code),
        created_by=person.login,
        expires_at=datetime.now(UTC) + CODE_LIFE,
        tries_left=TRIES_OF_OLD,
        terminal_id=wanted.replaces_terminal_id,
    )
    db.add(enrolment)
    return enrolment, code


async def approve_enrolment(db: AsyncSession, person: Person, enrolment_id: int) -> Enrolment:
    """The second person's approval. Raises Problem NOT_FOUND, SECOND_PERSON or CONFLICT."""
    enrolment = await _locked(db, enrolment_id)
    if enrolment is None:
        raise Problem(NOT_FOUND, "terminals.enrolment_unknown", enrolment_id=enrolment_id)
    await must_be_another(db, Duty.TERMINAL, person, [enrolment.created_by])
    if enrolment.approved_by is not None or enrolment.expires_at <= datetime.now(UTC):
        raise Problem(CONFLICT, "terminals.enrolment_not_open")
    enrolment.approved_by = person.login
    return enrolment


async def _locked(db: AsyncSession, enrolment_id: int) -> Enrolment | None:
    return await db.scalar(select(Enrolment).where(Enrolment.enrolment_id == enrolment_id).with_for_update())


async def enrol(database: Database, asked: Enrol) -> Enrolled:
    """Redeem a code: the device's key becomes a terminal's. Raises Problem(ENROLMENT_REFUSED), whatever is wrong.

    The same code and key get the same answer for as long as the slip lives.
    """
    public_key = to_bytes(asked.public_key)
    async with database.begin() as db:
        enrolment = await _locked(db, asked.enrolment_id)
        if (
            enrolment is None
            or enrolment.approved_by is None
            or enrolment.expires_at <= datetime.now(UTC)
            or not secrets.compare_digest(enrolment.code_hash, code_hash(asked.code))
        ):
            raise Problem(ENROLMENT_REFUSED)
        canteen = await db.get_one(Canteen, (enrolment.book, enrolment.canteen_id))
        if not await is_active(db, canteen):
            raise Problem(ENROLMENT_REFUSED)
        if enrolment.epoch is None and enrolment.tries_left > 0:
            return await _make_terminal(db, enrolment, public_key)
        made = await db.get(Terminal, (enrolment.book, enrolment.terminal_id))
        if made is None or (made.state, made.public_key, made.epoch) != ("active", public_key, enrolment.epoch):
            raise Problem(ENROLMENT_REFUSED)
        return Enrolled(made.terminal_id, made.epoch, made.canteen_id)


async def _make_terminal(db: AsyncSession, enrolment: Enrolment, public_key: bytes) -> Enrolled:
    now = datetime.now(UTC)
    enrolment.tries_left = 0
    if enrolment.terminal_id is None:
        [enrolment.terminal_id] = await next_numbers(db, 1)
        terminal = Terminal(
            book=enrolment.book,
            terminal_id=enrolment.terminal_id,
            canteen_id=enrolment.canteen_id,
            kind=enrolment.kind,
            public_key=public_key,
            epoch=1,
            enrolled_at=now,
        )
        db.add(terminal)
    else:
        terminal = await db.get_one(Terminal, (enrolment.book, enrolment.terminal_id), with_for_update=True)
        terminal.public_key, terminal.enrolled_at = public_key, now
        terminal.previous_key = terminal.key_since = None
        terminal.state, terminal.revoked_at = TerminalState.ACTIVE, None
        terminal.epoch += 1
        await end_sessions(db, terminal.book, terminal.terminal_id)
    enrolment.epoch = terminal.epoch
    return Enrolled(terminal.terminal_id, terminal.epoch, terminal.canteen_id)


async def find_terminal(db: AsyncSession, terminal_id: int) -> Terminal | None:
    """The terminal with this number if it may sign on."""
    return await db.scalar(select(Terminal).where(Terminal.terminal_id == terminal_id, Terminal.state == "active"))


async def sign_on(
    database: Database,
    ledger: Pool,
    keys: KeyRing,
    calendar: Calendar,
    asked: SignOn,
    request_body: bytes,
    terminal: Terminal,
) -> bytes:
    """Open a session for a terminal whose signature was checked; returns the answer's body.

    The terminal's earlier session ends. Raises Problem REPLAYED_SIGN_IN when the ephemeral key was used before,
    PROTOCOL_UNKNOWN when the terminal speaks no edition of ours, SUITE_UNKNOWN.
    """
    if PROTOCOL not in asked.protocols:
        raise Problem(PROTOCOL_UNKNOWN, "terminals.protocol_unknown", editions=EDITIONS)
    if asked.suite != SUITE:
        raise Problem(SUITE_UNKNOWN, "terminals.suite_unknown", suites=SUITE)
    now = datetime.now(UTC)
    ours = X25519PrivateKey.generate()
    answer = await _signed_on(ledger, keys, terminal, to_text(ours.public_key().public_bytes_raw()), now, calendar)
    body = json.encode(answer)
    theirs = to_bytes(asked.ephemeral)
    key = agree_key(ours, theirs, request_body, body)
    session = TerminalSession(
        book=terminal.book,
        session_id=answer.session_id,
        terminal_id=terminal.terminal_id,
        epoch=terminal.epoch,
        ephemeral=theirs,
        wrapped_key=keys.wrap(key, answer.session_id.encode()),
        signed_in_at=now,
        expires_at=session_end(calendar, now),
        protocol=PROTOCOL,
        software=asked.device.software,
        model=asked.device.model,
        serial=asked.device.serial,
    )
    try:
        async with database.begin() as db:
            await end_sessions(db, terminal.book, terminal.terminal_id)
            db.add(session)
    except IntegrityError:
        raise Problem(REPLAYED_SIGN_IN) from None
    return body


async def _signed_on(
    ledger: Pool, keys: KeyRing, terminal: Terminal, ephemeral: str, now: datetime, calendar: Calendar
) -> SignedOn:
    """The answer that opens a session under a new number."""
    highest = await ledger.fetchval(QUERIES["highest_sequence"], terminal.book, terminal.terminal_id, terminal.epoch)
    terms = await terms_of(ledger, Book(terminal.book), CanteenId(terminal.canteen_id))
    version, parameters = parameters_of(terms, keys, now)
    return SignedOn(
        session_id=to_text(secrets.token_bytes(16)),
        protocol=PROTOCOL,
        suite=SUITE,
        ephemeral=ephemeral,
        epoch=terminal.epoch,
        highest_sequence=highest,
        centre_time=int(now.timestamp()),
        expires_at=int(session_end(calendar, now).timestamp()),
        block_list_version=await block_list_version(ledger),
        key_renew_at=key_renew_at(terminal),
        parameters_version=version,
        parameters=parameters,
    )


async def sign_off(database: Database, book: int, terminal_id: int) -> None:
    """End a terminal's session."""
    async with database.begin() as db:
        await end_sessions(db, book, terminal_id)
