"""HTTP: enrolment, sign-on, phone certificates and phone top-ups: messages signed with Ed25519."""

import time
from typing import Any

from litestar import Controller, Request, Response, post
from litestar.enums import MediaType

from foundation.calendar import Calendar
from foundation.keys import KeyRing
from foundation.postgres import Pool
from foundation.problem_responses import BOTH_LANGUAGES
from foundation.problems import Problem
from registry.models import Database
from settlement.gateway import gateway_of
from settlement.online_top_ups import order_top_up
from settlement.schemas import TopUpOrder
from terminals import credentials, enrolment, qr
from terminals.blocking import BlockListVersion
from terminals.errors import BAD_SIGNATURE
from terminals.messages import signature_fields, signed_path
from terminals.schemas import (
    ActivatePhone,
    AskTopUp,
    Enrol,
    Enrolled,
    PhoneCertificate,
    RenewCertificate,
    SignedOn,
    SignOn,
    to_bytes,
)
from terminals.signatures import (
    SignedRequest,
    check_request,
    ed25519_signer,
    ed25519_verifier,
    read_signature,
    sign_answer,
)


class OpeningController(Controller):
    """Enrolment of terminals, sessions, phone certificates and phone top-ups."""

    tags = ["terminal"]  # noqa: RUF012
    opt = {BOTH_LANGUAGES: True}  # noqa: RUF012

    @post("/terminal/enrolments", summary="Redeem an enrolment code")
    async def enrol(self, request: Request[Any, Any, Any], data: Enrol, database: Database) -> Enrolled:
        """Turn a device into a terminal; signed with the key in the message."""
        await _check_opening(request, ed_key=to_bytes(data.public_key), key_id="enrolment")
        return await enrolment.enrol(database, data)

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
        async with database() as db:
            terminal = await enrolment.find_terminal(db, data.terminal_id)
        signed = await _check_opening(request, ed_key=terminal.public_key, key_id=str(data.terminal_id))
        body = await enrolment.sign_on(database, ledger, keys, calendar, data, await request.body(), terminal)
        fields = sign_answer(
            signed,
            201,
            body,
            block_list=block_list.current,
            created=int(time.time()),
            key_id="centre",
            sign=ed25519_signer(keys.centre_signing_key),
        )
        answer: Response[Any] = Response(body, status_code=201, media_type=MediaType.JSON, headers=fields)
        return answer

    @post("/phone/certificates", summary="Redeem a phone's activation code")
    async def activate(
        self, request: Request[Any, Any, Any], data: ActivatePhone, database: Database, keys: KeyRing
    ) -> PhoneCertificate:
        """Issue the first holder certificate; signed with the key in the message."""
        await _check_opening(request, ed_key=to_bytes(data.public_key), key_id="phone")
        return await credentials.activate_phone(database, keys, data)

    @post("/phone/certificates/renewals", summary="Renew a phone's certificate")
    async def renew(
        self, request: Request[Any, Any, Any], data: RenewCertificate, database: Database, keys: KeyRing
    ) -> PhoneCertificate:
        """Issue a fresh holder certificate for the same key; signed with that key."""
        certificate = to_bytes(data.certificate)
        fresh = await credentials.renew_certificate(database, keys, certificate)
        holder = qr.read_certificate(keys.centre_public_key, certificate)
        await _check_opening(request, ed_key=holder.public_key, key_id="phone")
        return fresh

    @post("/phone/top-ups", status_code=200, summary="Top up by phone")
    async def top_up(
        self, request: Request[Any, Any, Any], data: AskTopUp, database: Database, keys: KeyRing, ledger: Pool
    ) -> TopUpOrder:
        """Open an order at the payment gateway, or return its state; signed with the phone's key."""
        credential, official = await credentials.holder_of(database, keys, to_bytes(data.certificate))
        assert credential.public_key is not None
        await _check_opening(request, ed_key=credential.public_key, key_id="phone")
        gateway = gateway_of(request.app.state)
        return await order_top_up(ledger, gateway, official.book, official.holder_id, data.order_id, data.amount_fen)


async def _check_opening(request: Request[Any, Any, Any], *, ed_key: bytes, key_id: str) -> SignedRequest:
    """Check the Ed25519 signature of a message outside a session; raises Problem."""
    fields = signature_fields(request.scope["headers"])
    signed = read_signature(request.method, signed_path(request.scope), fields, await request.body(), in_session=False)
    if signed.key_id != key_id:
        raise Problem(BAD_SIGNATURE, "terminals.keyid", key_id=key_id)
    check_request(signed, ed25519_verifier(ed_key), time.time())
    return signed
