"""Table of the flags of kitchens' figures."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from registry.models import Base, book_key, number_key


class KitchenFlag(Base):
    """A figure of a canteen that needs a look (``waste.flags.flags``); ``meal`` and ``stream`` are empty for all."""

    __tablename__ = "kitchen_flag"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("state IN ('open', 'upheld', 'dismissed', 'cleared')", name="state"),
        UniqueConstraint("book", "canteen_id", "rule", "first_day", "meal", "stream"),
        Index("ix_kitchen_flag_last_day", "last_day"),
    )

    book: Mapped[int] = book_key()
    flag_id: Mapped[int] = number_key()
    canteen_id: Mapped[int] = mapped_column(BigInteger)
    rule: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    meal: Mapped[str]
    stream: Mapped[str]
    figure: Mapped[float]
    usual: Mapped[float | None]
    rows: Mapped[list[str]] = mapped_column(JSONB)
    state: Mapped[str]
    found_at: Mapped[datetime]
    reviewed_by: Mapped[str | None]
    reviewed_at: Mapped[datetime | None]
    note: Mapped[str | None]
