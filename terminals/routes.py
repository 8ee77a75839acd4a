"""HTTP: the terminal protocol (docs/terminal-protocol.md), phones, and what the console does for both."""

import time
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, delete, get, post
from litestar.enums import MediaType

from foundation.calendar import Calendar
from foundation.keys import KeyRing
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from foundation.problems import Problem
from registry import access, audit
from registry.models import Sessions
from registry.officials import find_officials
from settlement.charging import Charger
from settlement.gateway import gateway_of
from settlement.ledger import balances
from settlement.online_top_ups import order_top_up
from settlement.refunds import close_account
from settlement.schemas import TopUpOrder
from settlement.till_totals import Totals, compare_totals
from terminals import blocking, credentials, enrolment, qr, receipts
from terminals.acceptance import answer_of, take_charge
from terminals.blocking import BlockListVersion
from terminals.errors import BAD_SIGNATURE
from terminals.messages import SignedMessages, TerminalMessage, header_fields
from terminals.schemas import (
    ActivatePhone,
    Activations,
    Answer,
    Approved,
    AskTopUp,
    BlockChanges,
    Blocking,
    CardsIssued,
    ChargeMessage,
    Closed,
    Enrol,
    Enrolled,
    EnrolmentSlip,
    NewActivations,
    NewCards,
    NewClosure,
    NewEnrolment,
    NewReplacement,
    PhoneCertificate,
    RenewCertificate,
    Replaced,
    SignedOn,
    SignOn,
    TotalsCompared,
    TotalsMessage,
    VoidMessage,
    to_bytes,
    to_text,
)
from terminals.sessions import SessionStore
from terminals.signatures import (
    SignedRequest,
    check_request,
    ed25519_signer,
    ed25519_verifier,
    read_signature,
    sign_answer,
)

ByTerminal = Request[Any, TerminalMessage, Any]
ByPerson = Request[access.Person, Any, Any]


class PaymentController(Controller):
    """What a signed-in terminal asks: every message and every answer is signed."""

    path = "/terminal"
    tags = ["terminal"]  # noqa: RUF012
    middleware = [SignedMessages]  # noqa: RUF012

    @post("/charges", status_code=200, summary="Charge a card or a code")
    async def charge(self, request: ByTerminal, data: ChargeMessage) -> Answer:
        """Take one payment. Repeating it under the same numbers gives the same answer and takes nothing more."""
        return await take_charge(request.auth, data, request.app.state)

    @post("/voids", status_code=200, summary="Take a charge back")
    async def void(self, request: ByTerminal, data: VoidMessage, charger: Charger) -> Answer:
        """Reverse an earlier charge of this terminal, or bar it if it has not arrived."""
        message = request.auth
        remembered = await charger.void(
            message.session.book, message.key, message.digest, data.target_epoch, data.target_sequence
        )
        return answer_of(remembered)

    @post("/totals", status_code=200, summary="Compare totals")
    async def totals(self, request: ByTerminal, data: TotalsMessage, ledger: Pool) -> TotalsCompared:
        """At the end of a shift: what the terminal took, against the ledger."""
        session = request.auth.session
        reported = Totals(data.payments, data.amount_fen, data.unknown)
        found = await compare_totals(
            ledger, session.book, session.terminal_id, session.epoch, data.through_sequence, reported
        )
        agree = (found.payments, found.amount_fen, 0) == (data.payments, data.amount_fen, data.unknown)
        return TotalsCompared(agree, found.payments, found.amount_fen)

    @get("/block-list/{since:int}", summary="Changes of the block list")
    async def block_list(self, since: NumberInPath, ledger: Pool) -> BlockChanges:
        """What changed after version ``since``."""
        return await blocking.changes_since(ledger, since)

    @delete("/sessions/current", status_code=200, summary="Sign off")
    async def sign_off(self, request: ByTerminal, sessions: Sessions, terminal_sessions: SessionStore) -> Answer:
        """End the session at the end of a shift."""
        session = request.auth.session
        await enrolment.sign_off(sessions, session.book, session.terminal_id)
        terminal_sessions.forget(session.session_id)
        return Answer("signed_off")


class OpeningController(Controller):
    """How a device becomes a terminal, a terminal gets a session, and a phone its certificate."""

    tags = ["terminal"]  # noqa: RUF012

    @post("/terminal/enrolments", summary="Redeem an enrolment code")
    async def enrol(self, request: Request[Any, Any, Any], data: Enrol, sessions: Sessions) -> Enrolled:
        """Become a terminal; signed with the key that the message names."""
        await _check_opening(request, ed_key=to_bytes(data.public_key), key_id="enrolment")
        return await enrolment.enrol(sessions, data)

    @post("/terminal/sessions", summary="Sign a terminal on")
    async def sign_on(
        self,
        request: Request[Any, Any, Any],
        data: SignOn,
        sessions: Sessions,
        ledger: Pool,
        keys: KeyRing,
        calendar: Calendar,
        block_list: BlockListVersion,
    ) -> Response[SignedOn]:
        """Open a session: a signed key agreement, both ways."""
        async with sessions() as db:
            terminal = await enrolment.find_terminal(db, data.terminal_id)
        signed = await _check_opening(request, ed_key=terminal.public_key, key_id=str(data.terminal_id))
        body = await enrolment.sign_on(sessions, ledger, keys, calendar, data, await request.body(), terminal)
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
        self, request: Request[Any, Any, Any], data: ActivatePhone, sessions: Sessions, keys: KeyRing
    ) -> PhoneCertificate:
        """Get the first holder certificate; signed with the key that the message names."""
        await _check_opening(request, ed_key=to_bytes(data.public_key), key_id="phone")
        return await credentials.activate_phone(sessions, keys, data)

    @post("/phone/certificates/renewals", summary="Renew a phone's certificate")
    async def renew(
        self, request: Request[Any, Any, Any], data: RenewCertificate, sessions: Sessions, keys: KeyRing
    ) -> PhoneCertificate:
        """Get a fresh holder certificate for the same key; signed with it."""
        certificate = to_bytes(data.certificate)
        fresh = await credentials.renew_certificate(sessions, keys, certificate)
        holder = qr.read_certificate(keys.centre_public_key, certificate)
        await _check_opening(request, ed_key=holder.public_key, key_id="phone")
        return fresh

    @post("/phone/top-ups", status_code=200, summary="Top up on the phone")
    async def top_up(
        self, request: Request[Any, Any, Any], data: AskTopUp, sessions: Sessions, keys: KeyRing, ledger: Pool
    ) -> TopUpOrder:
        """Open an order at the payment gateway, or see how it stands; signed with the phone's key."""
        credential, official = await credentials.holder_of(sessions, keys, to_bytes(data.certificate))
        assert credential.public_key is not None
        await _check_opening(request, ed_key=credential.public_key, key_id="phone")
        gateway = gateway_of(request.app.state)
        return await order_top_up(ledger, gateway, official.book, official.holder_id, data.order_id, data.amount_fen)


async def _check_opening(request: Request[Any, Any, Any], *, ed_key: bytes, key_id: str) -> SignedRequest:
    """Check the Ed25519 signature of a message that opens something; raises Problem."""
    signed = read_signature(
        request.method, request.url.path, header_fields(request.scope), await request.body(), in_session=False
    )
    if signed.key_id != key_id:
        raise Problem(BAD_SIGNATURE, f"the keyid of this message is {key_id}")
    check_request(signed, ed25519_verifier(ed_key), time.time())
    return signed


class ReceiptController(Controller):
    """Receipts, for whoever knows the number."""

    tags = ["receipts"]  # noqa: RUF012

    @get("/r/{number:uuid}", media_type=MediaType.HTML, summary="A receipt as a page")
    async def receipt_page(self, number: UUID, ledger: Pool, keys: KeyRing) -> str:
        """Chinese and English, with a code that holds the signed receipt."""
        return receipts.page(await receipts.find(ledger, keys, number))

    @get("/r/{number:uuid}/pdf", media_type="application/pdf", summary="A receipt as a PDF")
    async def receipt_document(self, number: UUID, ledger: Pool, keys: KeyRing) -> Response[bytes]:
        """A5, PDF/A-2b; to print and to file."""
        made = await receipts.document(await receipts.find(ledger, keys, number))
        name = f'attachment; filename="receipt-{number}.pdf"'
        return Response(made, media_type="application/pdf", headers={"content-disposition": name})

    @get("/receipts/{number:uuid}", summary="A receipt")
    async def receipt(self, number: UUID, ledger: Pool, keys: KeyRing) -> receipts.ReceiptShown:
        """The receipt, its signed code, and what was given back since."""
        return await receipts.find(ledger, keys, number)


class CounterConsoleController(Controller):
    """What people at the console do for terminals, cards and phones."""

    path = "/console"
    tags = ["console"]  # noqa: RUF012

    @post("/enrolments", guards=[access.allows("enrol_terminal")], summary="Create an enrolment code")
    async def create_enrolment(
        self, request: ByPerson, data: NewEnrolment, sessions: Sessions, keys: KeyRing
    ) -> EnrolmentSlip:
        """A one-time code for one device; a second person must approve it."""
        async with sessions.begin() as db:
            made, code = await enrolment.create_enrolment(db, request.user, data)
            subject = f"enrolment/{made.enrolment_id}"
            await audit.record(db, request.user.login, "create_enrolment", subject, {"canteen_id": data.canteen_id})
            return EnrolmentSlip(
                made.enrolment_id, code, to_text(keys.centre_public_key), int(made.expires_at.timestamp())
            )

    @post(
        "/enrolments/{enrolment_id:int}/approval",
        guards=[access.allows("approve_terminal")],
        summary="Approve an enrolment",
    )
    async def approve_enrolment(self, request: ByPerson, enrolment_id: NumberInPath, sessions: Sessions) -> Approved:
        """The second person's approval."""
        async with sessions.begin() as db:
            approved = await enrolment.approve_enrolment(db, request.user, enrolment_id)
            await audit.record(db, request.user.login, "approve_enrolment", f"enrolment/{approved.enrolment_id}")
        return Approved(enrolment_id, request.user.login)

    @post("/cards", guards=[access.allows("issue_credential")], summary="Issue cards")
    async def issue_cards(self, request: ByPerson, data: NewCards, sessions: Sessions, keys: KeyRing) -> CardsIssued:
        """Issue cards for officials of one agency; the answer is for the personaliser."""
        async with sessions.begin() as db:
            issued = await credentials.issue_cards(db, keys, request.user, data)
            detail = {"cards": len(issued), "first": issued[0].credential_id}
            await audit.record(db, request.user.login, "issue_cards", f"agency/{data.agency_id}", detail)
        return CardsIssued(issued)

    @post("/cards/replacements", guards=[access.allows("issue_credential")], summary="Replace a card")
    async def replace_card(
        self, request: ByPerson, data: NewReplacement, sessions: Sessions, keys: KeyRing, ledger: Pool
    ) -> Replaced:
        """Block a lost card and issue another one: the money hangs on the account and is there at once."""
        async with sessions.begin() as db:
            card, official = await credentials.replace_card(db, keys, request.user, data)
            detail = {"new": card.credential_id, "reason": data.reason}
            await audit.record(db, request.user.login, "replace_card", f"credential/{data.credential_id}", detail)
        held = await balances(ledger, official.book, official.holder_id)
        return Replaced(card, held.get("cash", 0), held.get("subsidy", 0))

    @post("/phone-activations", guards=[access.allows("issue_credential")], summary="Create activation codes")
    async def create_activations(self, request: ByPerson, data: NewActivations, sessions: Sessions) -> Activations:
        """One-time codes for officials' phones."""
        async with sessions.begin() as db:
            made, expires_at = await credentials.create_activations(db, request.user, data)
            detail = {"activations": len(made), "first": made[0].activation_id}
            await audit.record(db, request.user.login, "activate_phones", f"agency/{data.agency_id}", detail)
        return Activations(made, int(expires_at.timestamp()))

    @post("/closures", status_code=200, guards=[access.allows("close_account")], summary="Close an account")
    async def close_account(self, request: ByPerson, data: NewClosure, sessions: Sessions, ledger: Pool) -> Closed:
        """Block an official's cards and phones, pay his cash out, return his meal money to the agency."""
        async with sessions.begin() as db:
            official = (await find_officials(db, [data.holder_id]))[data.holder_id]
            request.user.must_act_for(official.agency_id)
            blocked = await blocking.block_all(db, request.user, official.holder_id, "account closed")
            detail = {"posting": str(data.posting_id), "blocked": blocked}
            await audit.record(db, request.user.login, "close_account", f"official/{data.holder_id}", detail)
        cash_fen, subsidy_fen = await close_account(ledger, official.book, data.holder_id, data.posting_id)
        return Closed(data.holder_id, cash_fen, subsidy_fen)

    @post(
        "/credentials/{credential_id:int}/block",
        status_code=200,
        guards=[access.allows("block_credential")],
        summary="Block a card or phone",
    )
    async def block(
        self, request: ByPerson, credential_id: NumberInPath, data: Blocking, sessions: Sessions
    ) -> Blocking:
        """Block a credential, or lift the block."""
        async with sessions.begin() as db:
            await blocking.set_blocked(db, request.user, credential_id, data.blocked, data.reason)
            detail = {"blocked": data.blocked, "reason": data.reason}
            await audit.record(db, request.user.login, "block", f"credential/{credential_id}", detail)
        return data
