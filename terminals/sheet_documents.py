"""A canteen's sheet as a document to print: A4, A5, or a table stand that is folded in the middle of A4.

Chinese first, with English beneath it, since a sheet hangs there for whoever comes.
"""

from datetime import datetime
from enum import StrEnum
from pathlib import Path

import web
from foundation.aside import Aside
from foundation.calendar import ZONE
from foundation.catalogue import Language, text
from foundation.codes import sturdy_picture
from foundation.pdf import render
from foundation.problems import CONFLICT, Problem
from terminals.models import Sheet
from terminals.sheet_codes import SheetName, address_of
from terminals.sheets import SheetTerms, emvco_of

TEMPLATE = Path(web.__file__).parent / "sheet" / "page.typ"

STEPS = ("scan", "confirm", "show")


class SheetForm(StrEnum):
    """What is printed."""

    A4 = "a4"
    A5 = "a5"
    STAND = "stand"
    """A4, folded in the middle: one face to either side."""


class CodeForm(StrEnum):
    """What the code holds."""

    ADDRESS = "address"
    EMVCO = "emvco"


async def document(
    sheet: Sheet, terms: SheetTerms, form: SheetForm, code: CodeForm, public_address: str, documents: Aside, caller: str
) -> bytes:
    """The sheet as a PDF. Raises Problem NO_FONT, UNAVAILABLE (too many ask), CONFLICT (no room beside another)."""
    holds = address_of(public_address, sheet.code) if code is CodeForm.ADDRESS else emvco_of(sheet)
    if holds is None:
        raise Problem(CONFLICT, "sheet.no_room_beside", sheet_id=sheet.sheet_id)
    picture = await documents.remembered(sturdy_picture, holds, caller=caller)
    made_at = sheet.made_at.astimezone(ZONE)
    data = {
        "form": form.value,
        "title_zh": text("sheet.page.title", Language.CHINESE),
        "title_en": text("sheet.page.title", Language.ENGLISH),
        "canteen_zh": terms.canteen_zh,
        "canteen_en": terms.canteen_en,
        "name": sheet.name or "",
        "short": SheetName(sheet.sheet_id, sheet.version).short,
        "code": picture.decode(),
        "steps": [_both(f"sheet.page.{step}") for step in STEPS],
        "foot": " · ".join(_foot(sheet, made_at, language) for language in (Language.CHINESE, Language.ENGLISH)),
    }
    return await documents.remembered(render, TEMPLATE, data, caller=caller)


def _both(message: str) -> tuple[str, str]:
    return text(message, Language.CHINESE), text(message, Language.ENGLISH)


def _foot(sheet: Sheet, made_at: datetime, language: Language) -> str:
    number = SheetName(sheet.sheet_id, sheet.version).short
    return text("sheet.page.foot", language, number=number, day=made_at.date().isoformat())
