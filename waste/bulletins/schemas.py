"""Wire types of bulletins."""

from datetime import date, datetime
from typing import Annotated, Self

from msgspec import UNSET, Meta, Struct, UnsetType

from foundation.messages import LongText, Message, line, text_or_none
from waste.bulletins.bulletins import Annex
from waste.bulletins.models import Bulletin

Section = Annotated[str, text_or_none(6000)]


class NewBulletin(Message):
    """The quarter of a new bulletin."""

    quarter: date


class BulletinChanges(Message):
    """What to replace in a draft; members left out stay as they are. A section without text is left out.

    ``basis`` stands before the sections: ``foreword`` (总体情况), ``good`` (主要做法), ``warnings`` (存在问题) and
    ``closing`` (下一步工作要求). Without ``issuers`` it is a notice to the public, without red head and signature.
    ``serial`` null: not registered yet. ``signed_on`` null: the day of publication.
    """

    title: Annotated[str, line(100)] | UnsetType = UNSET
    basis: Section | UnsetType = UNSET
    foreword: Section | UnsetType = UNSET
    good: Section | UnsetType = UNSET
    warnings: Section | UnsetType = UNSET
    closing: Section | UnsetType = UNSET
    method: Section | UnsetType = UNSET
    issuers: Annotated[list[Annotated[str, line(40)]], Meta(max_length=8)] | UnsetType = UNSET
    issuer_code: Annotated[str, text_or_none(20)] | UnsetType = UNSET
    year: Annotated[int, Meta(ge=2000, le=2099)] | UnsetType = UNSET
    serial: Annotated[int, Meta(ge=1, le=99_999)] | UnsetType | None = UNSET
    addressees: Annotated[str, text_or_none(300)] | UnsetType = UNSET
    copy_to: Annotated[str, text_or_none(300)] | UnsetType = UNSET
    signed_on: date | UnsetType | None = UNSET
    annexes: Annotated[list[Annex], Meta(max_length=3)] | UnsetType = UNSET


class Publication(Message):
    """Why a bulletin replaces another one, or is published while appeals may come or are open."""

    reason: LongText


class BulletinShown(Struct):
    """A bulletin; those in ``written_by`` cannot publish it."""

    bulletin_id: int
    quarter: date
    state: str
    texts: dict[str, str]
    issuers: list[str]
    issuer_code: str
    year: int | None
    serial: int | None
    addressees: str
    copy_to: str
    signed_on: date | None
    annexes: list[str] | None
    written_by: list[str]
    published_by: str | None
    published_at: datetime | None

    @classmethod
    def of(cls, bulletin: Bulletin) -> Self:
        """A bulletin from its row."""
        return cls(**{name: getattr(bulletin, name) for name in cls.__struct_fields__})
