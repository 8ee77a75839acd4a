"""HTTP: a canteen's printed codes, the payments by them, and its screens, managed by its people."""

from typing import Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import State

from foundation.aside import Aside
from foundation.keys import KeyRing
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from registry import access, audit
from registry.models import Database
from terminals import displays, sheet_voids, sheets
from terminals.schemas import DisplayMade, NewDisplay, NewSheet, SheetMade, SheetVoid, SheetVoided
from terminals.sheet_documents import CodeForm, SheetForm, document

ByPerson = Request[access.Person, Any, State]


class SheetConsoleController(Controller):
    """Sheets of the canteens that a person works for."""

    path = "/terminals/sheets"
    tags = ["console"]  # noqa: RUF012
    guards = [access.allows("manage_sheets")]  # noqa: RUF012

    @post("/", summary="Make a sheet")
    async def make(self, request: ByPerson, data: NewSheet, database: Database, keys: KeyRing) -> SheetMade:
        """A printed code by which guests pay at a canteen with their own phones; it can be printed at once."""
        detail = {"canteen_id": data.canteen_id, "name": data.name}
        async with audit.change(database, request.user.login, "make_sheet", detail=detail) as change:
            sheet = await sheets.make(change, keys, request.user, data)
            change.note.subject = f"sheet/{sheet.sheet_id}"
        return sheets.shown(sheet, request.app.state.settings.own_url)

    @post("/{sheet_id:int}/replacements", summary="Replace a sheet")
    async def replace(self, request: ByPerson, sheet_id: NumberInPath, database: Database, keys: KeyRing) -> SheetMade:
        """A lost or photographed one: from now on its code pays nothing, and the new one does."""
        subject = f"sheet/{sheet_id}"
        async with audit.change(database, request.user.login, "replace_sheet", subject) as change:
            sheet = await sheets.replace(change, keys, request.user, sheet_id)
            change.note.detail = {"version": sheet.version}
        return sheets.shown(sheet, request.app.state.settings.own_url)

    @delete("/{sheet_id:int}", summary="Revoke a sheet")
    async def revoke(self, request: ByPerson, sheet_id: NumberInPath, database: Database) -> None:
        """Its code pays nothing from now on, for ever; again changes nothing."""
        subject = f"sheet/{sheet_id}"
        async with audit.change(database, request.user.login, "revoke_sheet", subject) as change:
            await sheets.revoke(change, request.user, sheet_id)


class SheetDocumentController(Controller):
    """Sheets to print."""

    tags = ["console"]  # noqa: RUF012

    @get(
        "/terminals/sheets/{sheet_id:int}/pdf",
        guards=[access.allows("see_terminals")],
        media_type="application/pdf",
        summary="Print a sheet",
    )
    async def document(
        self,
        request: ByPerson,
        sheet_id: NumberInPath,
        database: Database,
        ledger: Pool,
        documents: Aside,
        paper: SheetForm = SheetForm.A4,
        code: CodeForm = CodeForm.ADDRESS,
    ) -> Response[bytes]:
        """In Chinese and English, for A4, A5, or as a table stand of A4 that is folded in the middle (`stand`).

        `code`: what it holds: the centre's address, or an EMVCo payload that another scheme's application reads, too.
        """
        async with database() as db:
            sheet = await sheets.find(db, request.user, sheet_id)
        terms = await sheets.find_terms(ledger, sheet_id)
        assert terms is not None
        made = await document(
            sheet, terms, paper, code, request.app.state.settings.own_url, documents, request.user.login
        )
        name = {"content-disposition": f'attachment; filename="sheet-{sheet_id}-{sheet.version}-{paper}.pdf"'}
        return Response(made, media_type="application/pdf", headers=name)


class SheetVoidController(Controller):
    """Payments by sheets that are taken back."""

    path = "/terminals/sheet-payments"
    tags = ["console"]  # noqa: RUF012

    @post(
        "/voids", status_code=200, guards=[access.allows("void_payment")], summary="Void a payment by a canteen's sheet"
    )
    async def void(self, request: ByPerson, data: SheetVoid, database: Database) -> SheetVoided:
        """By the number that the payer's phone shows, on the same business day; again takes nothing more back."""
        async with audit.change(database, request.user.login, "void_payment", detail={"reason": data.reason}) as change:
            return await sheet_voids.void(change, request.user, data)


class DisplayController(Controller):
    """Screens at counters."""

    path = "/terminals/displays"
    tags = ["console"]  # noqa: RUF012
    guards = [access.allows("manage_sheets")]  # noqa: RUF012

    @post("/", summary="Make a link for a counter's screen")
    async def make(self, request: ByPerson, data: NewDisplay, database: Database) -> DisplayMade:
        """A screen that opens it shows the canteen's last payments, until the link is revoked."""
        detail = {"canteen_id": data.canteen_id, "name": data.name}
        async with audit.change(database, request.user.login, "make_display", detail=detail) as change:
            made = await displays.make(change, request.user, data, request.app.state.settings.own_url)
            change.note.subject = f"display/{made.display_id}"
        return made

    @delete("/{display_id:int}", summary="Revoke the link of a counter's screen")
    async def revoke(self, request: ByPerson, display_id: NumberInPath, database: Database) -> None:
        """The screen goes dark within seconds; again changes nothing."""
        subject = f"display/{display_id}"
        async with audit.change(database, request.user.login, "revoke_display", subject) as change:
            await displays.revoke(change, request.user, display_id)
