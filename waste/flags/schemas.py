"""Wire types of flags."""

from datetime import date, datetime
from typing import Self

from msgspec import Struct

from foundation import catalogue
from foundation.catalogue import Language
from foundation.messages import LongText, Message
from registry.identifiers import CanteenId
from waste.flags.flags import Flag


class FlagReview(Message):
    """A person's decision on a flag: whether the figure is wrong, and why."""

    uphold: bool
    note: LongText


class FlagShown(Struct):
    """A flag with its rule in words of the reader's language; ``figure`` and ``usual`` as these words say."""

    flag_id: int
    canteen_id: CanteenId
    name: str
    rule: str
    text: str
    first_day: date
    last_day: date
    meal: str | None
    stream: str | None
    figure: float
    usual: float | None
    rows: list[str]
    state: str
    found_at: datetime
    reviewed_by: str | None
    reviewed_at: datetime | None
    note: str | None

    @classmethod
    def of(cls, flag: Flag, language: Language) -> Self:
        """A flag for a reader."""
        usual = "—" if flag.usual is None else f"{flag.usual:g}"
        said = catalogue.text(f"flags.rule.{flag.rule}", language, figure=f"{flag.figure:g}", usual=usual)
        kept = {name: getattr(flag, name) for name in cls.__struct_fields__ if name not in ("name", "text")}
        name = flag.name_zh if language is Language.CHINESE else flag.name_en
        return cls(**kept | {"name": name, "text": said, "meal": flag.meal or None, "stream": flag.stream or None})
