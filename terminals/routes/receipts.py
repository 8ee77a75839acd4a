"""HTTP: receipts, for whoever knows the number."""

from uuid import UUID

from litestar import Controller, Response, get
from litestar.enums import MediaType

from foundation.keys import KeyRing
from foundation.postgres import Pool
from terminals import receipts


class ReceiptController(Controller):
    """Receipts, for whoever knows the number."""

    tags = ["receipts"]  # noqa: RUF012

    @get("/r/{number:uuid}", media_type=MediaType.HTML, summary="A receipt as a page")
    async def receipt_page(self, number: UUID, ledger: Pool, keys: KeyRing) -> str:
        """Chinese and English, with a code that holds the signed receipt."""
        return receipts.page(await receipts.find(ledger, keys, number))

    @get("/r/{number:uuid}/pdf", media_type="application/pdf", summary="A receipt as a PDF")
    async def receipt_document(self, number: UUID, ledger: Pool, keys: KeyRing) -> Response[bytes]:
        """A5, PDF/A-2b; to print and to file."""
        made = await receipts.document(await receipts.find(ledger, keys, number))
        name = f'attachment; filename="receipt-{number}.pdf"'
        return Response(made, media_type="application/pdf", headers={"content-disposition": name})

    @get("/receipts/{number:uuid}", summary="A receipt")
    async def receipt(self, number: UUID, ledger: Pool, keys: KeyRing) -> receipts.ReceiptShown:
        """The receipt, its signed code, and what was given back since."""
        return await receipts.find(ledger, keys, number)
