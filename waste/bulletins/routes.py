"""HTTP: bulletins, for their writers, and for everybody once they are published."""

from typing import Any

from litestar import Controller, Request, Response, get, patch, post
from litestar.enums import MediaType
from msgspec import to_builtins

from foundation.messages import Numbered, NumberInPath
from foundation.postgres import Pool
from registry import access
from registry.models import Database
from waste.bulletins import bulletins
from waste.bulletins.models import Bulletin
from waste.bulletins.schemas import BulletinShown, BulletinTexts, NewBulletin

ByPerson = Request[access.Person, Any, Any]


def _shown(bulletin: Bulletin) -> BulletinShown:
    return BulletinShown(**{name: getattr(bulletin, name) for name in BulletinShown.__struct_fields__})


def _pdf(bulletin_id: int, content: bytes) -> Response[bytes]:
    name = f'inline; filename="bulletin-{bulletin_id}.pdf"'
    return Response(content, media_type="application/pdf", headers={"content-disposition": name})


class BulletinWriterController(Controller):
    """Drafting, editing, publishing: never all by one person."""

    path = "/waste/bulletins"
    tags = ["waste"]  # noqa: RUF012

    @post("/", guards=[access.allows("inspect")], summary="Draft a bulletin")
    async def draft(self, request: ByPerson, data: NewBulletin, database: Database, ledger: Pool) -> Numbered:
        """From a quarter's frozen results: ranking, examples, warnings, cases, against the quarter before."""
        return Numbered(await bulletins.draft(database, ledger, request.user, data.quarter))

    @get("/", guards=[access.allows("see_bulletin_drafts")], summary="Bulletins and drafts")
    async def list_all(self, database: Database) -> list[BulletinShown]:
        """The newest first."""
        async with database() as db:
            return [_shown(bulletin) for bulletin in await bulletins.bulletins(db, drafts=True)]

    @patch("/{bulletin_id:int}", guards=[access.allows("inspect")], summary="Edit a draft", status_code=204)
    async def edit(self, request: ByPerson, bulletin_id: NumberInPath, data: BulletinTexts, database: Database) -> None:
        """Replace texts; facts come from the results alone."""
        texts = {name: text for name, text in to_builtins(data).items() if text is not None}
        await bulletins.edit(database, request.user, bulletin_id, texts)

    @post(
        "/{bulletin_id:int}/publication",
        guards=[access.allows("publish_bulletin")],
        summary="Publish",
        status_code=204,
    )
    async def publish(self, request: ByPerson, bulletin_id: NumberInPath, database: Database) -> None:
        """By somebody who wrote nothing of it; from then on it stays as it is."""
        await bulletins.publish(database, request.user, bulletin_id)

    @get(
        "/{bulletin_id:int}/page",
        guards=[access.allows("see_bulletin_drafts")],
        media_type=MediaType.HTML,
        summary="A draft as a page",
    )
    async def page(self, bulletin_id: NumberInPath, database: Database) -> str:
        """As it will be."""
        async with database() as db:
            return bulletins.page(await bulletins.read(db, bulletin_id, drafts=True))

    @get(
        "/{bulletin_id:int}/pdf",
        guards=[access.allows("see_bulletin_drafts")],
        media_type="application/pdf",
        summary="A draft as a PDF",
    )
    async def pdf(self, bulletin_id: NumberInPath, database: Database) -> Response[bytes]:
        """As it will be."""
        async with database() as db:
            bulletin = await bulletins.read(db, bulletin_id, drafts=True)
        return _pdf(bulletin_id, await bulletins.document(bulletin))


class BulletinController(Controller):
    """Published bulletins, for everybody."""

    path = "/bulletins"
    tags = ["waste"]  # noqa: RUF012

    @get("/", media_type=MediaType.HTML, summary="Published bulletins")
    async def list_published(self, database: Database) -> str:
        """The newest first."""
        async with database() as db:
            return bulletins.list_page(await bulletins.bulletins(db, drafts=False))

    @get("/{bulletin_id:int}", media_type=MediaType.HTML, summary="A published bulletin")
    async def page(self, bulletin_id: NumberInPath, database: Database) -> str:
        """With charts."""
        async with database() as db:
            return bulletins.page(await bulletins.read(db, bulletin_id, drafts=False))

    @get("/{bulletin_id:int}/pdf", media_type="application/pdf", summary="A published bulletin as a PDF")
    async def pdf(self, bulletin_id: NumberInPath, database: Database) -> Response[bytes]:
        """A4, PDF/A-2b."""
        async with database() as db:
            bulletin = await bulletins.read(db, bulletin_id, drafts=False)
        return _pdf(bulletin_id, await bulletins.document(bulletin))

    @get("/{bulletin_id:int}/data", summary="A published bulletin's facts")
    async def data(self, bulletin_id: NumberInPath, database: Database) -> dict[str, Any]:
        """What its charts show."""
        async with database() as db:
            return (await bulletins.read(db, bulletin_id, drafts=False)).found
