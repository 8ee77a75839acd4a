"""HTTP: what a signed-on terminal sends (docs/terminal-protocol.md)."""

from datetime import UTC, datetime
from typing import Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.dto import AbstractDTO
from litestar.typing import FieldDefinition

from foundation.aside import Aside
from foundation.keys import KeyRing
from foundation.messages import NumberInPath, SmallNumberInPath
from foundation.postgres import Pool
from foundation.request_log import current_request_id
from registry.models import Database
from settlement.charging import Charger
from terminals import blocking, cashiers, enrolment, payers, reports, sheet_voids, shifts
from terminals.answering import answer_of
from terminals.blocking import BlockListVersion
from terminals.cashiers import void_refusal_of
from terminals.charges import ChargeProcessor
from terminals.messages import SignedMessages, TerminalMessage, signed_path
from terminals.parameters import parameters_of
from terminals.schemas import (
    Answer,
    BlockChanges,
    CashierAnswer,
    CashierSigningOn,
    ChargeMessage,
    CurrentParameters,
    LedgerRequests,
    NumberEnding,
    ParametersVersion,
    Payer,
    PaymentsFound,
    SheetVoidAtTill,
    ShiftOpening,
    VoidMessage,
)
from terminals.sessions import SessionStore
from terminals.verification import must_be_till

ByTerminal = Request[Any, TerminalMessage, Any]


class SignedBytes(AbstractDTO[bytes]):
    """A body that the handler gets as the bytes that were signed; the documentation describes it as a charge."""

    @classmethod
    def create_for_field_definition(cls, *_: Any, **__: Any) -> None:
        """Nothing to prepare."""

    def decode_bytes(self, value: bytes) -> bytes:
        """The bytes as they arrived."""
        return value

    @classmethod
    def create_openapi_schema(cls, field_definition: Any, handler_id: str, schema_creator: Any) -> Any:  # noqa: ARG003
        """The schema of a charge."""
        return schema_creator.for_field_definition(FieldDefinition.from_annotation(ChargeMessage))


class ChargeController(Controller):
    """The documented route of a charge; the direct path of ``charge_connection.py`` gives the same answers."""

    path = "/terminal"
    tags = ["terminal"]  # noqa: RUF012

    @post("/charges", status_code=200, summary="Charge a card or a code", dto=SignedBytes, return_dto=None)
    async def charge(
        self, request: Request[Any, Any, Any], charge_processor: ChargeProcessor, data: bytes = b""
    ) -> Response[Answer]:
        """Charge one payment. A repeat under the same numbers gets the same answer and posts nothing more."""
        signed_path(request.scope)
        answer = await charge_processor.charge(request.scope["headers"], data, current_request_id())
        body: Any = answer.body
        return Response(body, status_code=answer.status, headers=answer.headers)


class PaymentController(Controller):
    """What a signed-on terminal sends beside charges: every message and every answer is signed."""

    path = "/terminal"
    tags = ["terminal"]  # noqa: RUF012
    middleware = [SignedMessages]  # noqa: RUF012

    @post("/voids", status_code=200, summary="Void a charge")
    async def void(
        self, request: ByTerminal, data: VoidMessage, charger: Charger, terminal_sessions: SessionStore, ledger: Pool
    ) -> Answer:
        """Reverse an earlier charge of this terminal; one that has not arrived yet will not be posted."""
        message = request.auth
        must_be_till(message.session)
        target = (data.target_epoch, data.target_sequence)
        refusal = await void_refusal_of(terminal_sessions, ledger, message.session, *target)
        remembered = await charger.void(message.session.book, message.key, message.signed.body_digest, *target, refusal)
        return answer_of(remembered)

    @post("/sheet-voids", status_code=200, summary="Void a payment by the canteen's sheet")
    async def void_sheet_payment(
        self,
        request: ByTerminal,
        data: SheetVoidAtTill,
        database: Database,
        terminal_sessions: SessionStore,
        ledger: Pool,
    ) -> Answer:
        """On the same business day, under a cashier who may void. Uses up no number; again gives nothing more back."""
        return await sheet_voids.void_at_till(database, terminal_sessions, ledger, request.auth.session, data)

    @post("/shifts", status_code=200, summary="Open a shift")
    async def open_shift(self, request: ByTerminal, data: ShiftOpening, ledger: Pool) -> Answer:
        """A cashier begins at a drawer; the number of the message is the shift's. A repeat opens nothing more."""
        await shifts.open_shift(ledger, request.auth, data)
        return Answer("recorded")

    @post("/cashiers", status_code=200, summary="Sign a cashier on")
    async def sign_cashier_on(
        self,
        request: ByTerminal,
        data: CashierSigningOn,
        passwords: Aside,
        ledger: Pool,
        keys: KeyRing,
        terminal_sessions: SessionStore,
    ) -> CashierAnswer:
        """By number and PIN; from this number on what the till takes is his. A repeat gets the same answer."""
        answer = await cashiers.sign_on(passwords, ledger, keys, request.auth, data, await request.body())
        terminal_sessions.forget(request.auth.session.session_id)
        return answer

    @delete("/cashiers/current", status_code=200, summary="Sign a cashier off")
    async def sign_cashier_off(
        self, request: ByTerminal, ledger: Pool, keys: KeyRing, terminal_sessions: SessionStore
    ) -> Answer:
        """From this number on nobody is signed on. A repeat changes nothing more."""
        answer = await cashiers.sign_off(ledger, keys, request.auth)
        terminal_sessions.forget(request.auth.session.session_id)
        return answer

    @get("/requests/{epoch:int}/{first:int}/{last:int}", summary="List requests between two numbers")
    async def requests(
        self, request: ByTerminal, epoch: SmallNumberInPath, first: NumberInPath, last: NumberInPath, ledger: Pool
    ) -> LedgerRequests:
        """What the ledger has of the terminal's own charges and voids, so that one difference is found."""
        return await shifts.list_requests(ledger, request.auth, epoch, first, last)

    @get("/payments/{ending:str}", summary="Find payments by the end of their number")
    async def payments(self, request: ByTerminal, ending: NumberEnding, ledger: Pool) -> PaymentsFound:
        """Payments of about a day at the till's canteen, by any till or sheet: what a diner shows is looked at."""
        return await sheet_voids.payments_ending(ledger, request.auth.session, ending)

    @get("/payers/{ending:str}", summary="Tell the initial of who has just paid")
    async def payer(self, request: ByTerminal, ending: NumberEnding, keys: KeyRing, ledger: Pool) -> Payer:
        """The first character of the payer's name, for two minutes and at the till that charged him."""
        return await payers.payer_ending(ledger, keys, request.auth.session, ending)

    @get("/parameters/{version:str}", summary="Ask whether the parameters have changed")
    async def current_parameters(
        self,
        request: ByTerminal,
        version: ParametersVersion,
        block_list: BlockListVersion,
        keys: KeyRing,
        ledger: Pool,
    ) -> CurrentParameters:
        """The terminal's parameters, if they are not those of ``version``, which it has; else their version alone."""
        now = datetime.now(UTC)
        await reports.note_seen(ledger, request.auth)
        current, parameters = parameters_of(request.auth.session.terms, keys, now)
        return CurrentParameters(
            current, int(now.timestamp()), block_list.current, None if current == version else parameters
        )

    @get("/block-list/{since:int}", summary="List changes of the block list")
    async def block_list(self, request: ByTerminal, since: NumberInPath, ledger: Pool) -> BlockChanges:
        """Return the changes after version ``since``."""
        await reports.note_seen(ledger, request.auth, since)
        return await blocking.changes_since(ledger, since)

    @delete("/sessions/current", status_code=200, summary="Sign off")
    async def sign_off(self, request: ByTerminal, database: Database, terminal_sessions: SessionStore) -> Answer:
        """End the session at the end of a shift."""
        session = request.auth.session
        await enrolment.sign_off(database, session.book, session.terminal_id)
        terminal_sessions.forget(session.session_id)
        return Answer("signed_off")
