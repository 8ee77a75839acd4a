"""The address on a canteen's sheet, as a phone's own camera opens it: the way to the page that pays."""

from datetime import UTC, datetime
from typing import Any

from litestar import Request, get
from litestar.datastructures import State
from litestar.enums import MediaType
from litestar.response import Redirect

from foundation.keys import KeyRing
from foundation.postgres import Pool
from foundation.problems import Problem
from terminals.qr import NotGenuine
from terminals.sheet_codes import PATH, read_sheet
from terminals.sheets import find_terms
from travellers.errors import SHEET_ENDED, SHEET_UNKNOWN


@get(f"{PATH}{{code:str}}", media_type=MediaType.HTML, include_in_schema=False, name="sheet's address")
async def open_sheet(request: Request[Any, Any, State], code: str, ledger: Pool, keys: KeyRing) -> Redirect:  # noqa: ARG001
    """To the phone's page, which has the code behind its hash: it is in no log. A code that is not good gets a page."""
    try:
        name = read_sheet(keys.listed_centre_public_keys, code)
    except NotGenuine:
        raise Problem(SHEET_UNKNOWN) from None
    terms = await find_terms(ledger, name.sheet_id)
    if terms is None:
        raise Problem(SHEET_UNKNOWN)
    ended = terms.ended(name.version, datetime.now(UTC))
    if ended is not None:
        raise Problem(SHEET_ENDED, f"sheet.{ended}", reason=ended)
    return Redirect(f"/phone/#sheet={code}")
