"""HTTP: enrolment, sign-on, shifts' closings, phone certificates and phone top-ups: messages signed with Ed25519.

A terminal knows the centre's key: what it is answered is signed, problems included, once its own signature was found
right. A phone knows no key of the centre; its certificate is signed in itself.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar import Controller, Request, Response, post
from msgspec import Struct, json

from foundation.calendar import Calendar
from foundation.keys import KeyRing
from foundation.postgres import Pool
from foundation.problem_responses import rendered
from foundation.problems import INVALID, Problem
from foundation.rates import RateLimit
from foundation.request_log import network_address_of, stopped
from foundation.turns import READS
from registry.models import Database
from settlement.gateway import gateway_of
from settlement.online_top_ups import order_top_up
from settlement.schemas import TopUpOrder
from terminals import credentials, enrolment, qr, reports, shifts
from terminals import keys as terminal_keys
from terminals.accounts import account_of
from terminals.blocking import BlockListVersion
from terminals.errors import BAD_SIGNATURE, CENTRE_KEY_UNKNOWN, ENROLMENT_REFUSED
from terminals.messages import signature_fields, signed_path
from terminals.models import Terminal
from terminals.phone_keys import PhoneKey
from terminals.schemas import (
    ActivatePhone,
    AskAccount,
    AskTopUp,
    Enrol,
    Enrolled,
    HolderAccount,
    KeyRenewed,
    PhoneCertificate,
    RenewCertificate,
    RenewKey,
    ShiftClosed,
    ShiftClosing,
    SignedOn,
    SignOn,
    to_bytes,
)
from terminals.signatures import (
    SignedRequest,
    Verifier,
    check_request,
    ed25519_signer,
    ed25519_verifier,
    is_signing_key,
    read_signature,
    sign_answer,
)

OPENING_BYTES_MAX = 16_384
"""Messages of devices that are not signed on: the longest has a certificate, of one kilobyte."""


class OpeningController(Controller):
    """Enrolment of terminals, sessions, phone certificates and phone top-ups."""

    tags = ["terminal"]  # noqa: RUF012
    request_max_body_size = OPENING_BYTES_MAX

    @post("/terminal/enrolments", summary="Redeem an enrolment code")
    async def enrol(
        self,
        request: Request[Any, Any, Any],
        data: Enrol,
        database: Database,
        keys: KeyRing,
        block_list: BlockListVersion,
    ) -> Response[Enrolled]:
        """Turn a device into a terminal; signed with the key in the message. A repeat gets the same answer."""
        signed = await _check_opening(request, ed_key=_new_key(data.public_key), key_id="enrolment")

        async def enrolled() -> Enrolled:
            with _wrong_codes_counted(request):
                return await enrolment.enrol(database, data)

        return await _answer_signed(signed, enrolled, keys, data.centre_key, block_list)

    @post("/terminal/sessions", summary="Sign a terminal on")
    async def sign_on(
        self,
        request: Request[Any, Any, Any],
        data: SignOn,
        database: Database,
        ledger: Pool,
        keys: KeyRing,
        calendar: Calendar,
        block_list: BlockListVersion,
    ) -> Response[SignedOn]:
        """Open a session by a key agreement that both sides sign."""

        async def signed_on(terminal: Terminal, _: SignedRequest) -> bytes:
            body = await request.body()
            return await enrolment.sign_on(database, ledger, keys, calendar, data, body, terminal)

        return await _answer_terminal(request, data, signed_on, database, keys, block_list)

    @post("/terminal/keys", summary="Renew a terminal's key")
    async def renew_key(
        self,
        request: Request[Any, Any, Any],
        data: RenewKey,
        database: Database,
        keys: KeyRing,
        block_list: BlockListVersion,
    ) -> Response[KeyRenewed]:
        """Replace a terminal's key by a fresh one; signed with the old one. A repeat gets the same answer."""

        async def renewed(terminal: Terminal, _: SignedRequest) -> KeyRenewed:
            return await terminal_keys.renew_key(database, terminal, data)

        return await _answer_terminal(request, data, renewed, database, keys, block_list)

    @post("/terminal/shifts/closings", status_code=200, summary="Close a shift")
    async def close_shift(
        self,
        request: Request[Any, Any, Any],
        data: ShiftClosing,
        database: Database,
        ledger: Pool,
        keys: KeyRing,
        block_list: BlockListVersion,
    ) -> Response[ShiftClosed]:
        """Compare and keep what a terminal signed of its shift; the centre signs what the ledger has."""

        async def closed(terminal: Terminal, signed: SignedRequest) -> ShiftClosed:
            compared = await shifts.close_shift(ledger, terminal, data, signed, await request.body())
            await reports.note_closing(ledger, terminal, data)
            return compared

        return await _answer_terminal(request, data, closed, database, keys, block_list, status=200)

    @post("/phone/certificates", summary="Redeem a phone's activation code")
    async def activate(
        self, request: Request[Any, Any, Any], data: ActivatePhone, database: Database, keys: KeyRing
    ) -> PhoneCertificate:
        """Issue the first holder certificate; signed with the key in the message. A repeat gets the same answer."""
        await _check_phone(request, credentials.key_of(data))
        with _wrong_codes_counted(request):
            return await credentials.activate_phone(database, keys, data)

    @post("/phone/certificates/renewals", summary="Renew a phone's certificate")
    async def renew(
        self, request: Request[Any, Any, Any], data: RenewCertificate, database: Database, keys: KeyRing
    ) -> PhoneCertificate:
        """Issue a fresh holder certificate for the same key; signed with that key."""
        return await credentials.renew_certificate(database, keys, await _phone(request, keys, data.certificate))

    @post("/phone/top-ups", status_code=200, summary="Top up by phone")
    async def top_up(
        self, request: Request[Any, Any, Any], data: AskTopUp, database: Database, keys: KeyRing, ledger: Pool
    ) -> TopUpOrder:
        """Open an order at the payment gateway, or return its state; signed with the phone's key."""
        _, official = await credentials.holder_of(database, await _phone(request, keys, data.certificate))
        gateway = gateway_of(request.app.state)
        return await order_top_up(ledger, gateway, official, data.order_id, data.amount_fen)

    @post("/phone/account", status_code=200, summary="Show a holder's account on his phone")
    async def account(
        self, request: Request[Any, Any, Any], data: AskAccount, database: Database, keys: KeyRing, ledger: Pool
    ) -> HolderAccount:
        """Every charge of a month, late ones marked, and every card and phone issued; signed with the phone's key."""
        _, official = await credentials.holder_of(database, await _phone(request, keys, data.certificate))
        async with READS.one():
            return await account_of(ledger, official.book, official.holder_id)


async def _answer_terminal(
    request: Request[Any, Any, Any],
    data: SignOn | RenewKey | ShiftClosing,
    work: Callable[[Terminal, SignedRequest], Awaitable[Struct | bytes]],
    database: Database,
    keys: KeyRing,
    block_list: BlockListVersion,
    status: int = 201,
) -> Response[Any]:
    """The signed answer of this work to a terminal, whose own signature is checked first; raises Problem.

    Under an unknown number nothing is signed: it gets the answer of a wrong signature, after the same work.
    """
    async with database() as db:
        terminal = await enrolment.find_terminal(db, data.terminal_id)
    key = None
    if terminal is not None:
        key = terminal_keys.sender_key(terminal, data) if isinstance(data, RenewKey) else terminal.public_key
    signed = await _check_opening(request, ed_key=key or NOBODYS_KEY, key_id=str(data.terminal_id))
    assert terminal is not None
    return await _answer_signed(signed, partial(work, terminal, signed), keys, data.centre_key, block_list, status)


async def _answer_signed(
    signed: SignedRequest,
    work: Callable[[], Awaitable[Struct | bytes]],
    keys: KeyRing,
    version: int,
    block_list: BlockListVersion,
    status: int = 201,
) -> Response[Any]:
    """The answer of this work, or its problem, signed by the version of the centre's key that the terminal knows.

    Where that is accepted no more, the work is not done, and the problem is signed by the version in use.
    """
    signing_key = keys.signing_key(version)
    try:
        if signing_key is None:
            version = keys.centre_version
            raise Problem(CENTRE_KEY_UNKNOWN, "terminals.centre_key", version=version)
        done = await work()
        headers, body = {"content-type": "application/json"}, done if isinstance(done, bytes) else json.encode(done)
    except Problem as problem:
        status, headers, body = rendered(problem, None)
    except asyncio.CancelledError:
        status, headers, body = rendered(stopped(), None)
    headers |= sign_answer(
        signed,
        status,
        body,
        block_list=block_list.current,
        created=int(time.time()),
        key_id=f"centre-{version}",
        sign=ed25519_signer(signing_key or keys.centre_signing_key),
    )
    return Response(body, status_code=status, headers=headers)


NOBODYS_KEY = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
"""A key of which the private half was thrown away."""


def _new_key(text: str) -> bytes:
    """The Ed25519 key of a device; raises Problem(INVALID) for one under which anybody can sign."""
    key = to_bytes(text)
    if not is_signing_key(key):
        raise Problem(INVALID, "terminals.public_key")
    return key


WRONG_CODES = RateLimit(30)
"""A person needs three; 80 random bits would need more than anybody has."""


@contextmanager
def _wrong_codes_counted(request: Request[Any, Any, Any]) -> Iterator[None]:
    """Count refused codes by address: they spoil nobody's slip; raises Problem(TOO_MANY_TRIES)."""
    try:
        yield
    except Problem as problem:
        if problem.kind is ENROLMENT_REFUSED:
            WRONG_CODES.count(network_address_of(request))
        raise


async def _phone(request: Request[Any, Any, Any], keys: KeyRing, certificate: str) -> qr.Holder:
    """The holder whose phone signed this message; raises Problem(BAD_SIGNATURE).

    The signature is checked before the credential is looked up: whoever scans a code has its certificate. Also one of
    a version of the centre's key that has ended names the phone: the credential must have the same key.
    """
    try:
        holder = qr.read_certificate(keys.listed_centre_public_keys, to_bytes(certificate))
    except qr.NotGenuine:
        raise Problem(BAD_SIGNATURE, "terminals.certificate_unknown") from None
    await _check_phone(request, holder.key)
    return holder


async def _check_phone(request: Request[Any, Any, Any], key: PhoneKey) -> None:
    await _check(request, key.verify, "phone", key.algorithm)


async def _check_opening(request: Request[Any, Any, Any], *, ed_key: bytes, key_id: str) -> SignedRequest:
    return await _check(request, ed25519_verifier(ed_key), key_id, "ed25519")


async def _check(request: Request[Any, Any, Any], verify: Verifier, key_id: str, algorithm: str) -> SignedRequest:
    """Check the signature of a message outside a session; raises Problem."""
    fields, path, body = signature_fields(request.scope["headers"]), signed_path(request.scope), await request.body()
    signed = read_signature(
        request.method,
        path,
        fields,
        body,
        in_session=False,
        opening_algorithm=algorithm,
        hosts=request.app.state.hosts,
    )
    if signed.key_id != key_id:
        raise Problem(BAD_SIGNATURE, "terminals.keyid", key_id=key_id)
    check_request(signed, verify, time.time())
    return signed
