"""HTTP: what a signed-on terminal sends (docs/terminal-protocol.md)."""

from typing import Any

from litestar import Controller, Request, delete, get, post

from foundation.messages import NumberInPath
from foundation.postgres import Pool
from foundation.problem_responses import BOTH_LANGUAGES
from registry.models import Database
from settlement.charging import Charger
from settlement.till_totals import Totals, compare_totals
from terminals import blocking, enrolment
from terminals.acceptance import answer_of, take_charge
from terminals.messages import SignedMessages, TerminalMessage
from terminals.schemas import (
    Answer,
    BlockChanges,
    ChargeMessage,
    TotalsCompared,
    TotalsMessage,
    VoidMessage,
)
from terminals.sessions import SessionStore

ByTerminal = Request[Any, TerminalMessage, Any]


class PaymentController(Controller):
    """What a signed-in terminal asks: every message and every answer is signed."""

    path = "/terminal"
    tags = ["terminal"]  # noqa: RUF012
    opt = {BOTH_LANGUAGES: True}  # noqa: RUF012
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
    async def sign_off(self, request: ByTerminal, database: Database, terminal_sessions: SessionStore) -> Answer:
        """End the session at the end of a shift."""
        session = request.auth.session
        await enrolment.sign_off(database, session.book, session.terminal_id)
        terminal_sessions.forget(session.session_id)
        return Answer("signed_off")
