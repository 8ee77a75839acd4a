"""Closing an official's account: cards and phones are blocked, cash is paid out, meal money returns to the agency."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, convert, to_builtins

from dining.endings import end_for
from foundation.problems import CONFLICT, Problem
from registry import audit
from registry.access import Person
from registry.approvals import Approvals, Execute, Wanted, Wants
from registry.audit import Change
from registry.identifiers import AgencyId, Book, HolderId
from registry.models import Approval, Database
from registry.officials import find_officials
from settlement.limits import AloneLimits, Movement, must_be_within
from settlement.refunds import ClosedAccount, close_account
from settlement.transfers import TransferKind
from terminals import blocking
from terminals.schemas import Closed, NewClosure


class ClosureWanted(Struct):
    """The closing of an account; ``cash_fen``: what was to be paid out when it was asked for, in fen."""

    book: Book
    agency_id: AgencyId
    holder_id: HolderId
    posting_id: UUID
    cash_fen: int

    @property
    def wanted(self) -> Wanted:
        """The request for approval."""
        return Wanted("closure", self.agency_id, f"official/{self.holder_id}", to_builtins(self), self.cash_fen)


async def close_by_person(
    database: Database, approvals: Approvals, limits: AloneLimits, person: Person, data: NewClosure
) -> Closed | Approval:
    """Close an account with its audit entry; the request for approval where that is needed.

    Raises Problem NOT_FOUND, NOT_ALLOWED, and as ``close_account``.
    """

    async def close(wants: Wants) -> Closed:
        async with audit.change(database, person.login, "close_account", f"official/{data.holder_id}") as change:
            official = (await find_officials(change.db, [data.holder_id]))[data.holder_id]
            person.must_act_for(official.agency_id)
            closed, blocked = await _close(change, official.book, official.holder_id, data.posting_id)
            wants(
                ClosureWanted(
                    official.book, official.agency_id, official.holder_id, data.posting_id, closed.cash_fen
                ).wanted
            )  # fmt: skip
            change.is_repeat = closed.is_repeat
            if not closed.is_repeat and closed.cash_fen:
                moved = [Movement(official.holder_id, closed.cash_fen)]
                connection = await change.connection()
                await must_be_within(connection, limits, person.login, official.book, [TransferKind.PAYOUT], moved)
            change.note.detail = {"posting": str(data.posting_id), "blocked": blocked}
        return Closed(data.holder_id, closed.cash_fen, closed.subsidy_fen)

    return await approvals.alone_or_asked(person.login, close)


async def _close(change: Change, book: Book, holder_id: HolderId, posting_id: UUID) -> tuple[ClosedAccount, int]:
    """Close an account in the transaction of a change; what was paid out, and how many credentials were blocked."""
    # Purses before credentials, as a charge locks them.
    closed = await close_account(await change.connection(), book, holder_id, posting_id)
    if closed.is_repeat:
        return closed, 0
    await end_for(await change.connection(), book, [holder_id], datetime.now(UTC))
    return closed, await blocking.block_all(change.db, book, holder_id, "account closed", change.note.actor)


async def _closure_approved(change: Change, approval: Approval) -> dict[str, Any]:
    asked = convert(approval.body, ClosureWanted)
    closed, blocked = await _close(change, asked.book, asked.holder_id, asked.posting_id)
    if closed.cash_fen > asked.cash_fen:
        raise Problem(CONFLICT, "closure.more_than_approved", holder_id=asked.holder_id)
    return {"cash_fen": closed.cash_fen, "subsidy_fen": closed.subsidy_fen, "blocked": blocked}


KINDS: dict[str, Execute] = {"closure": _closure_approved}
"""What is carried out here when it is approved."""
