"""A bulletin as a PDF."""

from pathlib import Path

from msgspec import to_builtins

import web
from foundation.catalogue import Language
from foundation.pdf import render_pdf_once
from waste.bulletins.models import Bulletin
from waste.bulletins.presentation import present

TEMPLATE = Path(web.__file__).parent / "bulletin" / "page.typ"


async def document(bulletin: Bulletin, language: Language) -> bytes:
    """The pages of A4 with charts, as PDF/A-2b. Raises Problem(NO_FONT)."""
    data = to_builtins(present(bulletin, language)) | {"lang": language.tag.partition("-")[0]}
    return await render_pdf_once(TEMPLATE, data)
