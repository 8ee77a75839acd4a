"""PDF documents: a Typst template and its data become a PDF/A-2b with Chinese type.

The template finds its data as ``json(bytes(sys.inputs.data))`` and sets the font named in ``sys.inputs.font``. PDF/A is
asked for because it refuses to leave a glyph out in silence.
"""

import asyncio
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import json

from foundation.problems import Problem, ProblemKind

FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC")
"""Families wide enough for the names of people and places (GBK and beyond); the first one that is there is used."""

NO_FONT = ProblemKind(503, "no-font")


async def render_pdf(template: Path, data: Any) -> bytes:
    """The document as PDF; the same data give the same bytes. Raises Problem(NO_FONT)."""
    return await asyncio.to_thread(_render, template, data)


async def render_pdf_once(template: Path, data: Any) -> bytes:
    """The same for a document that never changes and that anybody may ask for: the last few are remembered."""
    return await asyncio.to_thread(_remembered, template, json.encode(data))


@lru_cache(maxsize=8)
def _remembered(template: Path, data: bytes) -> bytes:
    return _render(template, json.decode(data))


def _render(template: Path, data: Any) -> bytes:
    # Imported when first asked for: a worker that makes no documents does without its 20 MB.
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
