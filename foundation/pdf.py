"""PDF documents: a Typst template and its data become a PDF/A-2b with a Chinese font.

The template reads its data as ``json(bytes(sys.inputs.data))`` and sets the font named in ``sys.inputs.font``, or the
one with serifs in ``sys.inputs.serif``. PDF/A makes Typst fail on a character that no font has. What people write for
print is checked when they write it (``first_unsettable``). In other data, such as names, the geta mark stands for such
a character: no text may keep a receipt or a statement from being made.
"""

import asyncio
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
from msgspec import json, msgpack

from foundation.problems import Problem, ProblemKind

FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC")
"""Font families that cover names of people and places (GBK and beyond); the first installed one is used."""

SERIF_FONTS = ("Noto Serif CJK SC", "Source Han Serif SC", "Noto Serif SC")
"""The same with serifs, for official documents; without one of them, they are set without serifs."""

MISSING = "\N{GETA MARK}"
"""What printers set where a character is missing (U+3013)."""

SHEET_DPI = 110.0
"""Dots per inch of a page as a picture: as wide as half a screen, and twice as sharp as it need be on a phone."""

NO_FONT = ProblemKind(503, "no-font")

log = structlog.get_logger()


async def render_pdf(template: Path, data: Any) -> bytes:
    """The document as PDF; the same data give the same bytes. Raises Problem(NO_FONT)."""
    return await asyncio.to_thread(render, template, data)


def render(template: Path, data: Any) -> bytes:
    """The same, here and now: for processes that take no payments, such as one aside (``foundation.aside``)."""
    # Imported on first use: it takes 20 MB.
    import typst

    encoded = json.encode(data).decode()
    try:
        return _compile(template, encoded)
    except typst.TypstError:
        encoded = encoded.translate(dict.fromkeys(map(ord, unsettable(encoded)), MISSING))
    try:
        return _compile(template, encoded)
    except typst.TypstError as error:
        log.warning("pdf_without_standard", template=template.parent.name, error=str(error))
        return _compile(template, encoded, archival=False)


def render_sheets(template: Path, data: Any) -> bytes:
    """The pages of the same document as pictures: a list of PNG files in MessagePack. Raises Problem(NO_FONT)."""
    import typst

    fonts, family, serif = _fonts()
    inputs = {"data": json.encode(data).decode(), "font": family, "serif": serif}
    made = typst.compile(template, font_paths=fonts, sys_inputs=inputs, format="png", ppi=SHEET_DPI, timestamp=0)
    return msgpack.encode([made] if isinstance(made, bytes) else made)


def _compile(template: Path | bytes, data: str, *, archival: bool = True) -> bytes:
    import typst

    fonts, family, serif = _fonts()
    inputs = {"data": data, "font": family, "serif": serif}
    made = typst.compile(
        template,
        font_paths=fonts,
        sys_inputs=inputs,
        pdf_standards="a-2b" if archival else None,
        timestamp=0,
        pdf_tags=False,
    )
    assert isinstance(made, bytes)
    return made


_ONE_TEXT = b"#set text(font: sys.inputs.font)\n#json(bytes(sys.inputs.data))"


async def first_unsettable(text: str) -> str | None:
    """The first character of a text that no installed font has; None if the whole text can be set."""
    found = await asyncio.to_thread(unsettable, text)
    return next((character for character in text if character in found), None)


def unsettable(text: str) -> set[str]:
    """The characters of a text that no installed font has, each tried by itself."""
    return _unsettable("".join(sorted({character for character in text if not character.isascii()})))


def _unsettable(characters: str) -> set[str]:
    # A space between them: some are set together only, or change their neighbours.
    if not characters or _can_be_set(" ".join(characters)):
        return set()
    if len(characters) == 1:
        return {characters}
    half = len(characters) // 2
    return _unsettable(characters[:half]) | _unsettable(characters[half:])


def _can_be_set(text: str) -> bool:
    import typst

    try:
        _compile(_ONE_TEXT, json.encode(text).decode())
    except typst.TypstError:
        return False
    return True


@lru_cache(maxsize=1)
def _fonts() -> tuple[Any, str, str]:
    import typst

    fonts = typst.Fonts()
    found = set(fonts.families())
    family = next((name for name in FONTS if name in found), None)
    if family is None:
        raise Problem(NO_FONT)
    return fonts, family, next((name for name in SERIF_FONTS if name in found), family)
