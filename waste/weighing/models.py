"""Tables of weighing."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from registry.models import Base, book_key, number_key


class WeighInRow(Base):
    """One weigh-in: grams of a stream of a canteen's meal. ``prepared`` is the food cooked, not waste.

    Never changed: a correction is a weigh-in that ``replaces`` another. Without a weight it takes the other back, and
    the stream is unknown; with 0 grams nothing was wasted. ``implausible``: looked like a slip of the hand when it came
    (see sql/weigh_ins.sql); it counts all the same.
    """

    __tablename__ = "weigh_in"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name="meal"),
        CheckConstraint("stream IN ('preparation', 'unserved', 'plate', 'inedible', 'prepared')", name="stream"),
        CheckConstraint("coalesce(weight_g >= 0, replaces IS NOT NULL)", name="weight"),
        CheckConstraint("source IN ('person', 'file', 'scale')", name="source"),
        CheckConstraint("cause IN ('over_production', 'spoilage', 'trimming', 'plate')", name="cause"),
        Index("ix_weigh_in_canteen", "book", "canteen_id", "business_date"),
        Index("ix_weigh_in_date", "business_date", "book", "weigh_in_id"),
        Index("uq_weigh_in_replaces", "book", "replaces", unique=True, postgresql_where=sql("replaces IS NOT NULL")),
    )

    book: Mapped[int] = book_key()
    weigh_in_id: Mapped[UUID] = mapped_column(primary_key=True)
    canteen_id: Mapped[int] = mapped_column(BigInteger)
    business_date: Mapped[date]
    meal: Mapped[str]
    stream: Mapped[str]
    weight_g: Mapped[int | None] = mapped_column(BigInteger)
    dish: Mapped[str | None]
    food: Mapped[str | None]
    cause: Mapped[str | None]
    source: Mapped[str] = mapped_column(server_default="person")
    implausible: Mapped[bool] = mapped_column(server_default="false")
    replaces: Mapped[UUID | None]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class WasteMeal(Base):
    """Sums of a canteen's meal by stream; null where nothing was weighed, or all was taken back.

    ``co2e_g`` is of the three streams of waste, by the factors in force on the day. ``corrected``: how many corrections
    its weights had. ``implausible``: how many streams are marked (``waste.weighing.marks``), once covers are known.
    """

    __tablename__ = "waste_meal"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name="meal"),
        Index("ix_waste_meal_date", "business_date"),
    )

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    business_date: Mapped[date] = mapped_column(primary_key=True)
    meal: Mapped[str] = mapped_column(primary_key=True)
    preparation_g: Mapped[int | None] = mapped_column(BigInteger)
    unserved_g: Mapped[int | None] = mapped_column(BigInteger)
    plate_g: Mapped[int | None] = mapped_column(BigInteger)
    inedible_g: Mapped[int | None] = mapped_column(BigInteger)
    prepared_g: Mapped[int | None] = mapped_column(BigInteger)
    co2e_g: Mapped[int] = mapped_column(BigInteger, server_default="0")
    implausible: Mapped[int]
    corrected: Mapped[int] = mapped_column(server_default="0")


class FoodFactorRow(Base):
    """The CO2e of a kind of food from a date on, with its source; ``other`` is mixed or unknown food."""

    __tablename__ = "food_factor"
    __table_args__ = (CheckConstraint("co2e_g_per_kg >= 0", name="factor"),)

    food: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    co2e_g_per_kg: Mapped[int]
    source: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class KitchenFile(Base):
    """A photo or document of a canteen; ``subject`` is what it belongs to, in the words of the audit log."""

    __tablename__ = "kitchen_file"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        Index("ix_kitchen_file_subject", "subject"),
    )

    book: Mapped[int] = book_key()
    file_id: Mapped[int] = number_key()
    canteen_id: Mapped[int] = mapped_column(BigInteger)
    subject: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True)
    added_by: Mapped[str]
    added_at: Mapped[datetime]
