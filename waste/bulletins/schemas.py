"""Wire types of bulletins."""

from datetime import date, datetime
from typing import Annotated, Self

from msgspec import Struct

from foundation.messages import LongText, Message, text
from waste.bulletins.models import Bulletin


class NewBulletin(Message):
    """The quarter of a new bulletin."""

    quarter: date


class BulletinTexts(Message):
    """Texts to replace; those left out stay as they are."""

    title: Annotated[str, text(100)] | None = None
    foreword: LongText | None = None
    good: LongText | None = None
    warnings: LongText | None = None
    closing: LongText | None = None


class BulletinShown(Struct):
    """A bulletin; those in ``written_by`` cannot publish it."""

    bulletin_id: int
    quarter: date
    state: str
    texts: dict[str, str]
    written_by: list[str]
    published_by: str | None
    published_at: datetime | None

    @classmethod
    def of(cls, bulletin: Bulletin) -> Self:
        """A bulletin from its row."""
        return cls(**{name: getattr(bulletin, name) for name in cls.__struct_fields__})
