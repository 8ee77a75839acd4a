"""Money that people move: within their limits at once, above them when a second person has approved it.

Each kind of request has a body, which is exactly what is posted, and the function that posts it in the transaction of
its approval.
"""

from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct, convert, to_builtins

from foundation.postgres import Connection, Pool
from registry.approvals import Approvals, Execute, Wanted, Wants
from registry.audit import Change, Note, append
from registry.identifiers import AgencyId, Book, HolderId
from registry.models import Approval
from settlement import grant_files, refunds
from settlement.deposits import GIVE_UP_AFTER_S, Deposit, post_deposits
from settlement.grant_files import GrantFile
from settlement.limits import QUERIES, AloneLimits, Movement, must_be_within
from settlement.refunds import Refund
from settlement.transfers import Channel, TransferKind
from settlement.unknown_outcome import until_known

T = TypeVar("T")

DEPOSITS = (TransferKind.TOP_UP, TransferKind.GRANT)
"""What counts together against an official's day."""


class DepositsWanted(Struct):
    """Top-ups or grants of one agency; ``file``: they came as a payroll file."""

    book: Book
    agency_id: AgencyId
    kind: TransferKind
    deposits: list[Deposit]
    file: GrantFile | None = None

    @property
    def wanted(self) -> Wanted:
        """The request for approval."""
        amount_fen = sum(d.amount_fen for d in self.deposits)
        kind = self.kind.value if self.file is None else "grant_file"
        body = to_builtins(self)
        return Wanted(kind, self.agency_id, f"agency/{self.agency_id}", body, amount_fen, len(self.deposits))


class RefundWanted(Struct):
    """A refund of part or all of a payment."""

    book: Book
    agency_id: AgencyId
    holder_id: HolderId
    posting_id: UUID
    payment: UUID
    amount_fen: int
    reason: str

    @property
    def wanted(self) -> Wanted:
        """The request for approval."""
        body = to_builtins(self)
        return Wanted(
            "refund", self.agency_id, f"payment/{self.payment}", body, self.amount_fen, reason=self.reason
        )  # fmt: skip


async def deposit_by_person(
    pool: Pool, approvals: Approvals, limits: AloneLimits, note: Note, asked: DepositsWanted, reason: str = ""
) -> Approval | None:
    """Post what a person deposits with its audit entry, all or none; the request for approval where that is needed.

    ``note`` counts the postings that this call made; a repeat that makes none has no entry. Raises Problem as
    ``post_deposits`` and ``grant_files.must_be_new``.
    """

    async def post() -> None:
        async with pool.acquire() as connection, connection.transaction():
            fresh = await _post(connection, asked, note.actor)
            if fresh:
                moved = [Movement(d.holder_id, d.amount_fen) for d in fresh]
                await must_be_within(connection, limits, note.actor, asked.book, DEPOSITS, moved)
                await append(connection, replace(note, detail=note.detail | _counted(fresh)))

    async def work(wants: Wants) -> None:
        wants(replace(asked.wanted, reason=reason))
        await until_known(post, GIVE_UP_AFTER_S)

    return await approvals.alone_or_asked(note.actor, work)


async def refund_by_person(
    pool: Pool, approvals: Approvals, limits: AloneLimits, maker: str, asked: RefundWanted
) -> Refund | Approval:
    """Refund a payment with its audit entry; the request for approval where that is needed.

    Raises Problem as ``refunds.post_refund``.
    """
    detail = {"posting": str(asked.posting_id), "amount_fen": asked.amount_fen, "reason": asked.reason}
    note = Note(maker, "refund", f"payment/{asked.payment}", detail)

    async def post() -> Refund:
        async with pool.acquire() as connection, connection.transaction():
            refunded = await _refund(connection, asked)
            if await connection.fetchval(QUERIES["posted_now"], asked.book, asked.posting_id):
                moved = [Movement(asked.holder_id, asked.amount_fen)]
                await must_be_within(connection, limits, maker, asked.book, [TransferKind.REFUND], moved)
                await append(connection, note)
            return refunded

    async def work(wants: Wants) -> Refund:
        wants(asked.wanted)
        return await until_known(post, GIVE_UP_AFTER_S)

    return await approvals.alone_or_asked(maker, work)


async def _post(connection: Connection, asked: DepositsWanted, maker: str) -> list[Deposit]:
    if asked.file is not None:
        await grant_files.must_be_new(connection, asked.book, asked.agency_id, asked.file)
    channel = Channel.COUNTER if asked.file is None else Channel.FILE
    fresh = await post_deposits(connection, asked.book, asked.kind, asked.deposits, channel=channel)
    if asked.file is not None:
        await grant_files.note_file(connection, asked.book, asked.agency_id, asked.file, maker)
    return fresh


async def _refund(connection: Connection, asked: RefundWanted) -> Refund:
    return await refunds.post_refund(connection, asked.book, asked.posting_id, asked.payment, asked.amount_fen)


def _counted(fresh: list[Deposit]) -> dict[str, Any]:
    return {"deposits": len(fresh), "amount_fen": sum(d.amount_fen for d in fresh)}


async def _deposits_approved(change: Change, approval: Approval) -> dict[str, Any]:
    asked = convert(approval.body, DepositsWanted)
    return _counted(await _post(await change.connection(), asked, approval.maker))


async def _refund_approved(change: Change, approval: Approval) -> dict[str, Any]:
    asked = convert(approval.body, RefundWanted)
    refunded = await _refund(await change.connection(), asked)
    return to_builtins(refunded)  # type: ignore[no-any-return]


KINDS: dict[str, Execute] = {
    "top_up": _deposits_approved,
    "grant": _deposits_approved,
    "grant_file": _deposits_approved,
    "refund": _refund_approved,
}
"""What the settlement carries out when it is approved."""
