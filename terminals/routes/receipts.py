"""HTTP: receipts, for anyone who knows the number; how often one address may look is limited."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Request, Response, get
from litestar.datastructures import State
from litestar.enums import MediaType
from litestar.params import Parameter

from foundation.aside import Aside
from foundation.catalogue import Language
from foundation.keys import KeyRing
from foundation.pages import page_headers, page_response
from foundation.postgres import Pool
from foundation.problems import NOT_FOUND, Problem
from foundation.rates import RateLimit
from foundation.request_log import network_address_of
from foundation.turns import READS
from terminals import receipts

AnyRequest = Request[None, None, State]
PrintedNumber = Annotated[
    str, Parameter(description="The full number of the receipt.", schema_extra={"format": "uuid"})
]
"""As a person may have it from paper: a short one gets an explanation."""

LOOK_UPS = RateLimit(600)
"""All diners of a building come from one address; to guess a number would take longer than the world lasts."""


class ReceiptController(Controller):
    """Receipts, for anyone who knows the number."""

    tags = ["receipts"]  # noqa: RUF012

    @get("/r/{number:str}", media_type=MediaType.HTML, summary="Show a receipt as a page")
    async def receipt_page(
        self,
        request: AnyRequest,
        number: PrintedNumber,
        ledger: Pool,
        keys: KeyRing,
        documents: Aside,
        language: Language,
    ) -> Response[str]:
        """The receipt in Chinese or English, with a code that holds the signed receipt."""
        shown = await _find(request, ledger, keys, _full(number))
        from_phone = request.query_params.get("from") == "phone"
        made = await receipts.page(shown, language, documents, network_address_of(request), from_phone=from_phone)
        return page_response(made, language)

    @get("/r/{number:str}/pdf", media_type="application/pdf", summary="Download a receipt as a PDF")
    async def receipt_document(
        self,
        request: AnyRequest,
        number: PrintedNumber,
        ledger: Pool,
        keys: KeyRing,
        documents: Aside,
        language: Language,
    ) -> Response[bytes]:
        """A5, PDF/A-2b, in Chinese or English; to print and to file."""
        shown = await _find(request, ledger, keys, _full(number))
        made = await receipts.document(shown, language, documents, network_address_of(request))
        name = {"content-disposition": f'attachment; filename="receipt-{shown.receipt.number}.pdf"'}
        return Response(made, media_type="application/pdf", headers=page_headers(language) | name)

    @get("/receipts/{number:uuid}", summary="Get a receipt")
    async def receipt(self, request: AnyRequest, number: UUID, ledger: Pool, keys: KeyRing) -> receipts.ReceiptShown:
        """The receipt, its signed code, and what was given back since."""
        return await _find(request, ledger, keys, number)


def _full(number: str) -> UUID:
    """The full number; raises Problem(NOT_FOUND) for a short one: too few digits to tell receipts from guesses."""
    try:
        return UUID(number)
    except ValueError:
        raise Problem(NOT_FOUND, "terminals.receipt_number_not_full") from None


async def _find(request: AnyRequest, ledger: Pool, keys: KeyRing, number: UUID) -> receipts.ReceiptShown:
    """The receipt; raises Problem NOT_FOUND or TOO_MANY_TRIES."""
    LOOK_UPS.count(network_address_of(request))
    async with READS.one():
        return await receipts.find(ledger, keys, number)
