"""Tables of the kitchen."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from registry.models import Base, book_key


class WeighIn(Base):
    """One weighing: grams of a stream of a canteen's meal. ``prepared`` is the food cooked, not waste."""

    __tablename__ = "weigh_in"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name="meal"),
        CheckConstraint("stream IN ('preparation', 'unserved', 'plate', 'inedible', 'prepared')", name="stream"),
        CheckConstraint("weight_g > 0", name="weight"),
        Index("ix_weigh_in_meal", "book", "business_date", "canteen_id"),
    )

    book: Mapped[int] = book_key()
    weigh_in_id: Mapped[UUID] = mapped_column(primary_key=True)
    canteen_id: Mapped[int] = mapped_column(BigInteger)
    business_date: Mapped[date]
    meal: Mapped[str]
    stream: Mapped[str]
    weight_g: Mapped[int] = mapped_column(BigInteger)
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
