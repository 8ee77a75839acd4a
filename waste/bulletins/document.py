"""A bulletin as a PDF."""

from pathlib import Path
from typing import Any

from msgspec import msgpack, to_builtins

import web
from foundation.aside import Aside
from foundation.catalogue import Language
from foundation.pdf import render, render_sheets
from waste.bulletins.bulletins import Issue
from waste.bulletins.presentation import present

TEMPLATE = Path(web.__file__).parent / "bulletin" / "page.typ"


async def document(issue: Issue, language: Language, font: str, documents: Aside, caller: str) -> bytes:
    """The pages in the form of an official document, as PDF/A-2b. ``font``: the family of the body, if any.

    Raises Problem NO_FONT or UNAVAILABLE (too many ask).
    """
    data = data_of(issue, language, font)
    return await documents.remembered(render, TEMPLATE, data, caller=caller)


async def sheets(issue: Issue, language: Language, font: str, documents: Aside, caller: str) -> list[bytes]:
    """The same pages as PNG files, for a screen that does not show PDF. Raises as ``document`` does."""
    data = data_of(issue, language, font)
    made = await documents.remembered(render_sheets, TEMPLATE, data, caller=caller)
    return msgpack.decode(made, type=list[bytes])


def data_of(issue: Issue, language: Language, font: str) -> dict[str, Any]:
    """What the template sets."""
    shown: dict[str, Any] = to_builtins(present(issue, language))
    return shown | {"lang": language.tag.partition("-")[0], "body_font": font}
