"""PDF documents: a Typst template and its data become a PDF/A-2b with a Chinese font.

The template reads its data as ``json(bytes(sys.inputs.data))`` and sets the font named in ``sys.inputs.font``. PDF/A
makes Typst fail on a missing glyph instead of leaving it out.
"""

import asyncio
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import json

from foundation.problems import Problem, ProblemKind

FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC")
"""Font families that cover names of people and places (GBK and beyond); the first installed one is used."""

NO_FONT = ProblemKind(503, "no-font")


async def render_pdf(template: Path, data: Any) -> bytes:
    """The document as PDF; the same data give the same bytes. Raises Problem(NO_FONT)."""
    return await asyncio.to_thread(render, template, data)


def render(template: Path, data: Any) -> bytes:
    """The same, here and now: for processes that take no payments, such as one aside (``foundation.aside``)."""
    # Imported on first use: it takes 20 MB.
    import typst

    fonts, family = _fonts()
    inputs = {"data": json.encode(data).decode(), "font": family}
    made = typst.compile(
        template, font_paths=fonts, sys_inputs=inputs, pdf_standards="a-2b", timestamp=0, pdf_tags=False
    )
    assert isinstance(made, bytes)
    return made


@lru_cache(maxsize=1)
def _fonts() -> tuple[Any, str]:
    import typst

    fonts = typst.Fonts()
    found = set(fonts.families())
    family = next((name for name in FONTS if name in found), None)
    if family is None:
        raise Problem(NO_FONT)
    return fonts, family
