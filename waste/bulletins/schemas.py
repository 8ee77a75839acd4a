"""Wire types of bulletins."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from msgspec import UNSET, Meta, Struct, UnsetType, field

from foundation.catalogue import Language
from foundation.messages import LongText, Message, line, text_or_none
from waste.bulletins.bulletins import Annex, Issue
from waste.bulletins.models import Bulletin
from waste.bulletins.wording import name_of

Section = Annotated[str, text_or_none(6000)]


class NewBulletin(Message):
    """The quarter of a new bulletin."""

    quarter: date


class BulletinChanges(Message):
    """What to replace in a draft; members left out stay as they are. A section without text is left out.

    ``basis`` stands before the sections: ``foreword`` (总体情况), ``good`` (主要做法), ``warnings`` (存在问题) and
    ``closing`` (下一步工作要求). Without ``issuers`` it is a notice to the public, without red head and signature.
    ``serial`` null: not registered yet. ``signed_on`` null: the day of publication. ``version``: the one that was
    read; if another one was saved meanwhile, nothing is replaced (409).
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
    version: Annotated[int, Meta(ge=1, le=2_147_483_647)] | UnsetType = UNSET

    @property
    def changes(self) -> dict[str, Any]:
        """What is to be replaced, by its name."""
        given = {name: getattr(self, name) for name in self.__struct_fields__ if name != "version"}
        return {name: value for name, value in given.items() if value is not UNSET}


class Saved(Struct):
    """The version that a draft has after an edit."""

    version: int


class Publication(Message):
    """Why a bulletin replaces another one, or is published while appeals may come or are open."""

    reason: LongText


class BulletinShown(Struct):
    """A bulletin; those in ``written_by`` cannot publish it.

    ``version`` grows with every edit; ``saved_by`` and ``saved_at`` are of the last one. ``replaces`` of a draft: the
    published bulletin that it would replace. ``revised``: canteens whose results were revised after publication.
    """

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
    drafted_at: datetime
    version: int
    saved_by: str | None
    saved_at: datetime | None
    published_by: str | None
    published_at: datetime | None
    replaces: int | None = None
    replaced_by: int | None = None
    revised: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, issue: Issue, language: Language) -> Self:
        """A bulletin from its row, with what came before and after it."""
        columns = {column.name for column in Bulletin.__table__.columns}
        kept = {name: getattr(issue.bulletin, name) for name in cls.__struct_fields__ if name in columns}
        return cls(
            **kept,
            replaces=issue.replaces.bulletin_id if issue.replaces else None,
            replaced_by=issue.replaced_by.bulletin_id if issue.replaced_by else None,
            revised=[name_of(line, language) for line in issue.revised],
        )


class FrozenFigure(Struct):
    """A figure of the frozen quarter as the bulletin shows it, in words of one language."""

    name: str
    value: str


class BulletinFigures(Struct):
    """What a bulletin may say in figures: those that were frozen when it was drafted.

    ``as_of``: the day on which cases were counted. ``drafted``: the texts that the figures suggest, by name.
    ``numbers``: every number in them, in the ranking and in the annexes, without separators of thousands.
    """

    quarter: date
    as_of: str
    figures: list[FrozenFigure]
    drafted: dict[str, str]
    numbers: list[str]


class BulletinSheets(Struct):
    """How many sheets the official document has, and the version that they show."""

    sheets: int
    version: int
