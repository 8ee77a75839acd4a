"""Wire types of bulletins."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from foundation.messages import LongText, Message


class NewBulletin(Message):
    """A bulletin about a quarter."""

    quarter: date


class BulletinTexts(Message):
    """Texts to replace; those left out stay."""

    title: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    foreword: LongText | None = None
    good: LongText | None = None
    warnings: LongText | None = None
    closing: LongText | None = None


class BulletinShown(Struct):
    """A bulletin; ``written_by``: who may not publish it."""

    bulletin_id: int
    quarter: date
    state: str
    texts: dict[str, str]
    written_by: list[str]
    published_by: str | None
    published_at: datetime | None
