"""A bulletin as a PDF."""

from pathlib import Path

from msgspec import to_builtins

import web
from foundation.aside import Aside
from foundation.catalogue import Language
from foundation.pdf import render
from waste.bulletins.models import Bulletin
from waste.bulletins.presentation import present

TEMPLATE = Path(web.__file__).parent / "bulletin" / "page.typ"


async def document(bulletin: Bulletin, language: Language, documents: Aside, caller: str) -> bytes:
    """The pages of A4 with charts, as PDF/A-2b. Raises Problem NO_FONT or UNAVAILABLE (too many ask)."""
    data = to_builtins(present(bulletin, language)) | {"lang": language.tag.partition("-")[0]}
    return await documents.remembered(render, TEMPLATE, data, caller=caller)
