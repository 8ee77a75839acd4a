"""HTTP: disputes of agencies about lines of their statements."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.params import Parameter

from clearing import disputes
from clearing.models import Dispute, DisputeFile
from clearing.schemas import Answer, Decision, DisputeFileInfo, DisputeInfo, NewDispute, Raised
from foundation.attachments import BODY_MAX, read_files, to_save
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from registry import access
from registry.models import Database

ByPerson = Request[access.Person, Any, Any]


def _info(dispute: Dispute, files: list[DisputeFile]) -> DisputeInfo:
    return DisputeInfo(
        **{name: getattr(dispute, name) for name in DisputeInfo.__struct_fields__ if name != "files"},
        files=[DisputeFileInfo(file.number, file.side, file.name, file.media_type) for file in files],
    )


class DisputeController(Controller):
    """Doubts about a line, with text and files."""

    path = "/clearing/disputes"
    tags = ["clearing"]  # noqa: RUF012

    @post("/", guards=[access.allows("dispute")], summary="Dispute a line", request_max_body_size=BODY_MAX)
    async def raise_dispute(self, request: ByPerson, data: NewDispute, database: Database, ledger: Pool) -> Raised:
        """Within three working days of the statement, for part or all of a payment."""
        number = await disputes.raise_dispute(
            database, ledger, request.user, data.posting_id, data.amount_fen, data.text, read_files(data.files)
        )
        return Raised(number)

    @get("/", guards=[access.allows("see_clearing")], summary="Disputes")
    async def list_disputes(
        self,
        request: ByPerson,
        database: Database,
        disputed: Annotated[
            str | None, Parameter(query="state", pattern="^(open|answered|accepted|rejected|withdrawn)$")
        ] = None,
    ) -> list[DisputeInfo]:
        """Those of the person's agency, or for the centre's people all; the newest first."""
        async with database() as db:
            found = await disputes.disputes_of(db, request.user, disputed)
            files = await disputes.files_of(db, [d.dispute_id for d in found])
            return [_info(d, files.get(d.dispute_id, [])) for d in found]

    @get("/{dispute_id:int}/files/{number:int}", guards=[access.allows("see_clearing")], summary="An attached file")
    async def file(
        self, request: ByPerson, dispute_id: NumberInPath, number: NumberInPath, database: Database
    ) -> Response[bytes]:
        """For both sides and the centre; to save, never to show in a page of ours."""
        async with database() as db:
            file = await disputes.read_file(db, request.user, dispute_id, number)
            content = file.content
        return to_save(f"dispute-{dispute_id}-{number}", file.media_type, content)

    @post(
        "/{dispute_id:int}/answer",
        guards=[access.allows("dispute")],
        summary="Answer a dispute",
        status_code=204,
        request_max_body_size=BODY_MAX,
    )
    async def answer(self, request: ByPerson, dispute_id: NumberInPath, data: Answer, database: Database) -> None:
        """The other side's word, within three working days."""
        await disputes.answer_dispute(database, request.user, dispute_id, data.text, read_files(data.files))

    @post("/{dispute_id:int}/withdrawal", guards=[access.allows("dispute")], summary="Withdraw", status_code=204)
    async def withdraw(self, request: ByPerson, dispute_id: NumberInPath, database: Database) -> None:
        """By the agency that raised it."""
        await disputes.withdraw_dispute(database, request.user, dispute_id)

    @post("/{dispute_id:int}/decision", guards=[access.allows("decide_dispute")], summary="Decide", status_code=204)
    async def decide(
        self, request: ByPerson, dispute_id: NumberInPath, data: Decision, database: Database, ledger: Pool
    ) -> None:
        """By the centre; an accepted one goes back as a transfer of the open day."""
        await disputes.decide_dispute(database, ledger, request.user, dispute_id, accept=data.accept, text=data.text)
