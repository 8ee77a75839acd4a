"""HTTP: disputes of payments on statements."""

from typing import Any

from litestar import Controller, Request, Response, get, post

from clearing import disputes
from clearing.evidence import evidence_of
from clearing.models import Dispute, DisputeFile
from clearing.schemas import Decision, DisputeAnswer, DisputeFileInfo, DisputeInfo, NewDispute, Raised, ShiftEvidence
from clearing.states import DisputeSide
from foundation.attachments import BODY_MAX, read_files, to_save
from foundation.messages import NumberInPath, SmallNumberInPath
from foundation.postgres import Pool
from registry import access
from registry.models import Database

ByPerson = Request[access.Person, Any, Any]


def _info(dispute: Dispute, files: list[DisputeFile]) -> DisputeInfo:
    return DisputeInfo(
        **{name: getattr(dispute, name) for name in DisputeInfo.__struct_fields__ if name != "files"},
        files=[DisputeFileInfo(file.number, DisputeSide(file.side), file.name, file.media_type) for file in files],
    )


class DisputeController(Controller):
    """Disputed payments, with text and files."""

    path = "/clearing/disputes"
    tags = ["clearing"]  # noqa: RUF012

    @post("/", guards=[access.allows("dispute")], summary="Dispute a payment", request_max_body_size=BODY_MAX)
    async def raise_dispute(self, request: ByPerson, data: NewDispute, database: Database, ledger: Pool) -> Raised:
        """Disputes part or all of a payment, within three working days of the statement."""
        number = await disputes.raise_dispute(
            database, ledger, request.user, data.posting_id, data.amount_fen, data.text, read_files(data.files)
        )
        return Raised(number)

    @get("/{dispute_id:int}", guards=[access.allows("see_clearing")], summary="Get one of the disputes")
    async def dispute(self, request: ByPerson, dispute_id: NumberInPath, database: Database) -> DisputeInfo:
        """With its files; open to both agencies and the centre."""
        found = await disputes.find_dispute(database, request.user, dispute_id)
        async with database() as db:
            files = await disputes.files_of(db, [dispute_id])
        return _info(found, files.get(dispute_id, []))

    @get(
        "/{dispute_id:int}/files/{number:int}",
        guards=[access.allows("see_clearing")],
        summary="Download an attached file",
    )
    async def file(
        self, request: ByPerson, dispute_id: NumberInPath, number: SmallNumberInPath, database: Database
    ) -> Response[bytes]:
        """Open to both agencies and the centre; sent as a download, never shown in the page."""
        async with database() as db:
            file = await disputes.read_file(db, request.user, dispute_id, number)
            content = file.content
        return to_save(f"dispute-{dispute_id}-{number}", file.media_type, content)

    @get("/{dispute_id:int}/evidence", guards=[access.allows("see_clearing")], summary="Show what the terminal signed")
    async def evidence(
        self, request: ByPerson, dispute_id: NumberInPath, database: Database, ledger: Pool
    ) -> ShiftEvidence:
        """Open to both agencies and the centre: the signed closing of the payment's shift, and its hash chain."""
        return await evidence_of(database, ledger, request.user, dispute_id)

    @post(
        "/{dispute_id:int}/answer",
        guards=[access.allows("dispute")],
        summary="Answer a dispute",
        status_code=204,
        request_max_body_size=BODY_MAX,
    )
    async def answer(
        self, request: ByPerson, dispute_id: NumberInPath, data: DisputeAnswer, database: Database
    ) -> None:
        """Records the other agency's answer, within three working days of the dispute."""
        await disputes.answer_dispute(database, request.user, dispute_id, data.text, read_files(data.files))

    @post(
        "/{dispute_id:int}/withdrawal", guards=[access.allows("dispute")], summary="Withdraw a dispute", status_code=204
    )
    async def withdraw(self, request: ByPerson, dispute_id: NumberInPath, database: Database) -> None:
        """Open to the agency that raised the dispute."""
        await disputes.withdraw_dispute(database, request.user, dispute_id)

    @post(
        "/{dispute_id:int}/decision",
        guards=[access.allows("decide_dispute")],
        summary="Decide a dispute",
        status_code=204,
    )
    async def decide(self, request: ByPerson, dispute_id: NumberInPath, data: Decision, database: Database) -> None:
        """Records the centre's decision; the amount of an accepted dispute is refunded in the open business day."""
        await disputes.decide_dispute(database, request.user, dispute_id, accept=data.accept, text=data.text)
