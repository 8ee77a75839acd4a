"""Photos and documents of a kitchen: evidence for a weigh-in, a score, an appeal, a rectification."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from foundation.attachments import Attachment
from foundation.problems import NOT_FOUND, Problem
from registry.access import Person
from registry.models import Canteen, next_numbers
from waste.weighing.models import KitchenFile
from waste.weighing.schemas import FileShown


async def add_files(
    db: AsyncSession, book: int, canteen_id: int, subject: str, files: Sequence[Attachment], login: str
) -> None:
    """Add files to a subject, in the caller's transaction. Raises Problem(INVALID)."""
    if not files:
        return
    for number, file in zip(await next_numbers(db, len(files)), files, strict=True):
        db.add(
            KitchenFile(
                book=book, file_id=number, canteen_id=canteen_id, subject=subject, name=file.name,
                media_type=file.media_type, content=file.content, added_by=login, added_at=datetime.now(UTC),
            )
        )  # fmt: skip


async def files_of(db: AsyncSession, subjects: Sequence[str]) -> dict[str, list[FileShown]]:
    """The files of some subjects, without their content."""
    found: dict[str, list[FileShown]] = {}
    query = select(KitchenFile).where(KitchenFile.subject.in_(subjects)).order_by(KitchenFile.file_id)
    for file in await db.scalars(query):
        shown = FileShown(file.file_id, file.name, file.media_type, file.added_by, f"/waste/files/{file.file_id}")
        found.setdefault(file.subject, []).append(shown)
    return found


async def read_file(db: AsyncSession, person: Person, file_id: int) -> KitchenFile:
    """One file of a canteen that the person may see. Raises Problem(NOT_FOUND)."""
    query = (
        select(KitchenFile)
        .options(undefer(KitchenFile.content))
        .join(Canteen, Canteen.canteen_id == KitchenFile.canteen_id)
        .where(KitchenFile.file_id == file_id)
    )
    if person.agency_id is not None:
        query = query.where(Canteen.agency_id == person.agency_id)
    file = await db.scalar(query)
    if file is None:
        raise Problem(NOT_FOUND, "weighing.file_not_found", file_id=file_id)
    return file
