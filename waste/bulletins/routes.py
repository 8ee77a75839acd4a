"""HTTP: bulletins, for their editors, and for everybody once they are published.

In Chinese the bulletin itself, in English its facts.
"""

from typing import Any

from litestar import Controller, Request, Response, get, patch, post
from litestar.enums import MediaType
from msgspec import UNSET

from foundation.aside import Aside
from foundation.catalogue import Language
from foundation.messages import Numbered, NumberInPath, SmallNumberInPath
from foundation.pages import page_headers, page_response
from foundation.postgres import Pool
from foundation.problems import NOT_FOUND, Problem
from foundation.request_log import network_address_of
from registry import access
from registry.models import Database
from waste.bulletins.bulletins import (
    change_bulletin,
    draft_bulletin,
    edit_bulletin,
    kept_facts,
    must_be_version,
    publish_bulletin,
    published_bulletins,
    read_issue,
)
from waste.bulletins.document import document, sheets
from waste.bulletins.pages import list_page, page
from waste.bulletins.presentation import frozen_figures, numbers_of
from waste.bulletins.schemas import (
    BulletinChanges,
    BulletinFigures,
    BulletinSheets,
    BulletinShown,
    FrozenFigure,
    NewBulletin,
    Publication,
    Saved,
)
from waste.bulletins.wording import draft_texts

ByPerson = Request[access.Person, Any, Any]


def _pdf(bulletin_id: int, content: bytes, language: Language) -> Response[bytes]:
    name = {"content-disposition": f'inline; filename="bulletin-{bulletin_id}.pdf"'}
    return Response(content, media_type="application/pdf", headers=page_headers(language) | name)


class BulletinWriterController(Controller):
    """Drafting, editing, and publishing by another person."""

    path = "/waste/bulletins"
    tags = ["waste"]  # noqa: RUF012

    @post("/", guards=[access.allows("inspect")], summary="Draft a bulletin")
    async def draft(self, request: ByPerson, data: NewBulletin, database: Database, ledger: Pool) -> Numbered:
        """From a quarter's frozen results: figures, ranking, examples, warnings, cases."""
        return Numbered(await draft_bulletin(database, ledger, request.user, data.quarter))

    @get("/{bulletin_id:int}", guards=[access.allows("see_bulletin_drafts")], summary="Get one of the bulletins")
    async def one(
        self, bulletin_id: NumberInPath, database: Database, ledger: Pool, language: Language
    ) -> BulletinShown:
        """A bulletin or a draft of one, with its texts."""
        async with database() as db:
            return BulletinShown.of(await read_issue(db, ledger, bulletin_id, drafts=True), language)

    @patch("/{bulletin_id:int}", guards=[access.allows("inspect")], summary="Edit a draft")
    async def edit(
        self, request: ByPerson, bulletin_id: NumberInPath, data: BulletinChanges, database: Database
    ) -> Saved:
        """Replaces texts and the elements of the document. The facts come from the results and cannot be edited.

        With a ``version``: only if nobody has saved another one meanwhile.
        """
        read = None if data.version is UNSET else data.version
        return Saved(await edit_bulletin(database, request.user, bulletin_id, data.changes, read))

    @get(
        "/{bulletin_id:int}/figures",
        guards=[access.allows("see_bulletin_drafts")],
        summary="Show the frozen figures of a draft",
    )
    async def figures(
        self, bulletin_id: NumberInPath, database: Database, ledger: Pool, language: Language
    ) -> BulletinFigures:
        """What its texts may say in figures."""
        async with database() as db:
            bulletin = (await read_issue(db, ledger, bulletin_id, drafts=True)).bulletin
        facts = kept_facts(bulletin)
        figures = [FrozenFigure(name, value) for name, value in frozen_figures(facts, language)]
        return BulletinFigures(bulletin.quarter, facts.as_of, figures, draft_texts(facts), numbers_of(facts))

    @post(
        "/{bulletin_id:int}/publication",
        guards=[access.allows("publish_bulletin")],
        summary="Publish a draft",
        status_code=204,
    )
    async def publish(
        self,
        request: ByPerson,
        bulletin_id: NumberInPath,
        database: Database,
        ledger: Pool,
        data: Publication | None = None,
    ) -> None:
        """By a person who did not edit it. A published bulletin never changes; a later one of its quarter replaces it.

        That takes a reason, and so does publishing while appeals may come or are open.
        """
        await publish_bulletin(database, ledger, request.user, bulletin_id, data.reason if data else None)

    @get(
        "/{bulletin_id:int}/page",
        guards=[access.allows("see_bulletin_drafts")],
        media_type=MediaType.HTML,
        summary="Preview a draft as a page",
    )
    async def page(
        self, bulletin_id: NumberInPath, database: Database, ledger: Pool, language: Language
    ) -> Response[str]:
        """As it will be published."""
        async with database() as db:
            return page_response(page(await read_issue(db, ledger, bulletin_id, drafts=True), language), language)

    @post(
        "/{bulletin_id:int}/page",
        guards=[access.allows("inspect")],
        media_type=MediaType.HTML,
        status_code=200,
        summary="Preview changes of a draft as a page",
    )
    async def page_with(
        self, bulletin_id: NumberInPath, data: BulletinChanges, database: Database, ledger: Pool, language: Language
    ) -> Response[str]:
        """As it would be published with these changes, which are not saved."""
        async with database() as db:
            issue = await read_issue(db, ledger, bulletin_id, drafts=True)
        change_bulletin(issue.bulletin, data.changes)
        return page_response(page(issue, language), language)

    @get(
        "/{bulletin_id:int}/sheets",
        guards=[access.allows("see_bulletin_drafts")],
        summary="Count the sheets of a draft's document",
    )
    async def count_sheets(
        self,
        request: ByPerson,
        bulletin_id: NumberInPath,
        database: Database,
        ledger: Pool,
        documents: Aside,
        bulletin_font: str,
        language: Language,
    ) -> BulletinSheets:
        """The PDF's pages are also pictures, for a page that may not hold a PDF."""
        async with database() as db:
            issue = await read_issue(db, ledger, bulletin_id, drafts=True)
        made = await sheets(issue, language, bulletin_font, documents, request.user.login)
        return BulletinSheets(len(made), issue.bulletin.version)

    @get(
        "/{bulletin_id:int}/sheets/{number:int}",
        guards=[access.allows("see_bulletin_drafts")],
        media_type="image/png",
        summary="Show a sheet of a draft's document",
    )
    async def sheet(
        self,
        request: ByPerson,
        bulletin_id: NumberInPath,
        number: SmallNumberInPath,
        database: Database,
        ledger: Pool,
        documents: Aside,
        bulletin_font: str,
        language: Language,
        version: int | None = None,
    ) -> Response[bytes]:
        """A page of the PDF as a picture; they are numbered from one. ``version``: 409 if it is another one by now."""
        async with database() as db:
            issue = await read_issue(db, ledger, bulletin_id, drafts=True)
        must_be_version(issue.bulletin, version)
        made = await sheets(issue, language, bulletin_font, documents, request.user.login)
        if not 1 <= number <= len(made):
            raise Problem(NOT_FOUND, "bulletins.no_sheet", number=number)
        return Response(made[number - 1], media_type="image/png", headers=page_headers(language))

    @get(
        "/{bulletin_id:int}/pdf",
        guards=[access.allows("see_bulletin_drafts")],
        media_type="application/pdf",
        summary="Preview a draft as a PDF",
    )
    async def pdf(
        self,
        request: ByPerson,
        bulletin_id: NumberInPath,
        database: Database,
        ledger: Pool,
        documents: Aside,
        bulletin_font: str,
        language: Language,
    ) -> Response[bytes]:
        """As it will be published."""
        async with database() as db:
            issue = await read_issue(db, ledger, bulletin_id, drafts=True)
        return _pdf(
            bulletin_id, await document(issue, language, bulletin_font, documents, request.user.login), language
        )


class BulletinController(Controller):
    """Published bulletins, open to everybody."""

    path = "/bulletins"
    tags = ["waste"]  # noqa: RUF012

    @get("/", media_type=MediaType.HTML, summary="List published bulletins")
    async def list_published(self, database: Database, language: Language) -> Response[str]:
        """The newest first."""
        async with database() as db:
            return page_response(list_page(await published_bulletins(db), language), language)

    @get("/{bulletin_id:int}", media_type=MediaType.HTML, summary="Show a published bulletin")
    async def page(
        self, bulletin_id: NumberInPath, database: Database, ledger: Pool, language: Language
    ) -> Response[str]:
        """With charts."""
        async with database() as db:
            return page_response(page(await read_issue(db, ledger, bulletin_id, drafts=False), language), language)

    @get("/{bulletin_id:int}/pdf", media_type="application/pdf", summary="Download a published bulletin as a PDF")
    async def pdf(
        self,
        request: Request[Any, Any, Any],
        bulletin_id: NumberInPath,
        database: Database,
        ledger: Pool,
        documents: Aside,
        bulletin_font: str,
        language: Language,
    ) -> Response[bytes]:
        """A4, PDF/A-2b."""
        async with database() as db:
            issue = await read_issue(db, ledger, bulletin_id, drafts=False)
        return _pdf(
            bulletin_id,
            await document(issue, language, bulletin_font, documents, network_address_of(request)),
            language,
        )

    @get("/{bulletin_id:int}/data", summary="Show the facts of a published bulletin")
    async def data(self, bulletin_id: NumberInPath, database: Database, ledger: Pool) -> dict[str, Any]:
        """The figures behind its charts."""
        async with database() as db:
            return (await read_issue(db, ledger, bulletin_id, drafts=False)).bulletin.found
