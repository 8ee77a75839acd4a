"""HTTP: terminals, cards and phones, managed at the console."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from litestar import Controller, Request, Response, post

from foundation.keys import KeyRing
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from registry import access, audit
from registry.approval_routes import AWAITS, awaits
from registry.approvals import Approvals
from registry.models import Approval, Database
from settlement.ledger import balances
from settlement.limits import AloneLimits
from terminals import blocking, credentials, enrolment, management
from terminals.closures import close_by_person
from terminals.schemas import (
    Activations,
    Approved,
    Blocking,
    CardsIssued,
    Closed,
    EnrolmentSlip,
    NewActivations,
    NewCards,
    NewClosure,
    NewEnrolment,
    NewPlace,
    NewReplacement,
    Replaced,
    Resumption,
    Revocation,
    TerminalName,
    to_text,
)

ByPerson = Request[access.Person, Any, Any]


class CredentialConsoleController(Controller):
    """Terminals, cards and phones, managed at the console."""

    path = "/console"
    tags = ["console"]  # noqa: RUF012

    @post("/enrolments", guards=[access.allows("enrol_terminal")], summary="Create an enrolment code")
    async def create_enrolment(
        self, request: ByPerson, data: NewEnrolment, database: Database, keys: KeyRing
    ) -> EnrolmentSlip:
        """Create a one-time code for one device; a second person must approve it."""
        detail = {"canteen_id": data.canteen_id}
        async with audit.change(database, request.user.login, "create_enrolment", detail=detail) as change:
            made, code = await enrolment.create_enrolment(change.db, request.user, data)
            change.note.subject = f"enrolment/{made.enrolment_id}"
        version = keys.centre_version
        expires_at = int(made.expires_at.timestamp())
        return EnrolmentSlip(made.enrolment_id, code, version, to_text(keys.public_key(version)), expires_at)

    @post(
        "/enrolments/{enrolment_id:int}/approval",
        guards=[access.allows("approve_terminal")],
        summary="Approve an enrolment",
    )
    async def approve_enrolment(self, request: ByPerson, enrolment_id: NumberInPath, database: Database) -> Approved:
        """Approve an enrolment as the second person."""
        subject = f"enrolment/{enrolment_id}"
        async with audit.change(database, request.user.login, "approve_enrolment", subject) as change:
            await enrolment.approve_enrolment(change.db, request.user, enrolment_id)
        return Approved(enrolment_id, request.user.login)

    @post(
        "/terminals/{terminal_id:int}/revocation",
        status_code=204,
        guards=[access.allows("revoke_terminal")],
        summary="Revoke a terminal",
    )
    async def revoke_terminal(
        self, request: ByPerson, terminal_id: NumberInPath, data: Revocation, database: Database
    ) -> None:
        """Take a lost, stolen or retired terminal out of use; again changes nothing."""
        async with _of_terminal(request, database, "revoke_terminal", terminal_id, reason=data.reason) as change:
            await management.revoke(change, request.user, terminal_id)

    @post(
        "/terminals/{terminal_id:int}/suspension",
        status_code=204,
        guards=[access.allows("revoke_terminal")],
        summary="Suspend a terminal",
    )
    async def suspend_terminal(
        self, request: ByPerson, terminal_id: NumberInPath, data: Revocation, database: Database
    ) -> None:
        """It can do nothing until it is resumed; again changes nothing."""
        async with _of_terminal(request, database, "suspend_terminal", terminal_id, reason=data.reason) as change:
            await management.suspend(change, request.user, terminal_id)

    @post(
        "/terminals/{terminal_id:int}/resumption",
        status_code=204,
        guards=[access.allows("revoke_terminal")],
        summary="Resume a suspended terminal",
    )
    async def resume_terminal(
        self, request: ByPerson, terminal_id: NumberInPath, data: Resumption, database: Database
    ) -> None:
        """It may sign on again; one that is in use stays so."""
        async with _of_terminal(request, database, "resume_terminal", terminal_id, reason=data.reason) as change:
            await management.resume(change, request.user, terminal_id)

    @post(
        "/terminals/{terminal_id:int}/name",
        status_code=204,
        guards=[access.allows("enrol_terminal")],
        summary="Name a terminal",
    )
    async def name_terminal(
        self, request: ByPerson, terminal_id: NumberInPath, data: TerminalName, database: Database
    ) -> None:
        """What people call it, such as its window."""
        async with _of_terminal(request, database, "name_terminal", terminal_id, name=data.name) as change:
            await management.rename(change, request.user, terminal_id, data.name)

    @post(
        "/terminals/{terminal_id:int}/canteen",
        status_code=204,
        guards=[access.allows("enrol_terminal")],
        summary="Move a terminal to another canteen",
    )
    async def move_terminal(
        self, request: ByPerson, terminal_id: NumberInPath, data: NewPlace, database: Database
    ) -> None:
        """Of the same agency, once all its shifts are closed and agree. What it took before stays where it was."""
        async with _of_terminal(request, database, "move_terminal", terminal_id, canteen_id=data.canteen_id) as change:
            await management.move(change, request.user, terminal_id, data.canteen_id)

    @post("/cards", guards=[access.allows("issue_credential")], summary="Issue cards")
    async def issue_cards(self, request: ByPerson, data: NewCards, database: Database, keys: KeyRing) -> CardsIssued:
        """Issue cards for officials of one agency; the answer is for the personaliser."""
        subject = f"agency/{data.agency_id}"
        async with audit.change(database, request.user.login, "issue_cards", subject) as change:
            issued = await credentials.issue_cards(change.db, keys, request.user, data)
            change.note.detail = {"cards": len(issued), "first": issued[0].credential_id}
        return CardsIssued(issued)

    @post("/cards/replacements", guards=[access.allows("issue_credential")], summary="Replace a card")
    async def replace_card(
        self, request: ByPerson, data: NewReplacement, database: Database, keys: KeyRing, ledger: Pool
    ) -> Replaced:
        """Block a lost card and issue another for the same account; it can pay at once."""
        subject = f"credential/{data.credential_id}"
        async with audit.change(database, request.user.login, "replace_card", subject) as change:
            card, official = await credentials.replace_card(change.db, keys, request.user, data)
            change.note.detail = {"new": card.credential_id, "reason": data.reason}
        held = await balances(ledger, official.book, official.holder_id)
        return Replaced(card, held.get("cash", 0), held.get("subsidy", 0))

    @post("/phone-activations", guards=[access.allows("issue_credential")], summary="Create activation codes")
    async def create_activations(self, request: ByPerson, data: NewActivations, database: Database) -> Activations:
        """Create one-time codes for officials' phones."""
        subject = f"agency/{data.agency_id}"
        async with audit.change(database, request.user.login, "activate_phones", subject) as change:
            made, expires_at = await credentials.create_activations(change.db, request.user, data)
            change.note.detail = {"activations": len(made), "first": made[0].activation_id}
        return Activations(made, int(expires_at.timestamp()))

    @post(
        "/closures",
        status_code=200,
        guards=[access.allows("close_account")],
        summary="Close an account",
        responses=AWAITS,
    )
    async def close_account(
        self,
        request: ByPerson,
        data: NewClosure,
        database: Database,
        approvals: Approvals,
        alone_limits: AloneLimits,
    ) -> Response[Closed]:
        """Block an official's cards and phones, pay his cash out, return his meal money to the agency.

        Above what one person may pay out alone, the request waits for a second person (202).
        """
        closed = await close_by_person(database, approvals, alone_limits, request.user, data)
        return awaits(request, closed) if isinstance(closed, Approval) else Response(closed)

    @post(
        "/credentials/{credential_id:int}/block",
        status_code=200,
        guards=[access.allows("block_credential")],
        summary="Block or unblock a card or phone",
    )
    async def block(
        self, request: ByPerson, credential_id: NumberInPath, data: Blocking, database: Database
    ) -> Blocking:
        """Block a credential, or lift another person's block. What is so already is not changed again."""
        detail = {"blocked": data.blocked, "reason": data.reason}
        subject = f"credential/{credential_id}"
        async with audit.change(database, request.user.login, "block", subject, detail) as change:
            change.is_repeat = not await blocking.set_blocked(
                change.db, request.user, credential_id, data.blocked, data.reason
            )
        return data


def _of_terminal(
    request: ByPerson, database: Database, action: str, terminal_id: int, **detail: Any
) -> AbstractAsyncContextManager[audit.Change]:
    return audit.change(database, request.user.login, action, f"terminal/{terminal_id}", detail)
