"""Tables of the kitchen."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from registry.models import Base, book_key, number_key


class WeighIn(Base):
    """One weighing: grams of a stream of a canteen's meal. ``prepared`` is the food cooked, not waste.

    Never changed: a correction is a weighing that ``replaces`` another, with 0 grams to take it back. ``implausible``
    marks what the outlier rule finds odd (see sql/waste.sql); it counts all the same.
    """

    __tablename__ = "weigh_in"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name="meal"),
        CheckConstraint("stream IN ('preparation', 'unserved', 'plate', 'inedible', 'prepared')", name="stream"),
        CheckConstraint("weight_g > 0 OR replaces IS NOT NULL AND weight_g = 0", name="weight"),
        CheckConstraint("source IN ('person', 'file', 'scale')", name="source"),
        Index("ix_weigh_in_canteen", "book", "canteen_id", "business_date"),
        Index("uq_weigh_in_replaces", "book", "replaces", unique=True, postgresql_where=sql("replaces IS NOT NULL")),
    )

    book: Mapped[int] = book_key()
    weigh_in_id: Mapped[UUID] = mapped_column(primary_key=True)
    canteen_id: Mapped[int] = mapped_column(BigInteger)
    business_date: Mapped[date]
    meal: Mapped[str]
    stream: Mapped[str]
    weight_g: Mapped[int] = mapped_column(BigInteger)
    dish: Mapped[str | None]
    source: Mapped[str] = mapped_column(server_default="person")
    implausible: Mapped[bool] = mapped_column(server_default="false")
    replaces: Mapped[UUID | None]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class WasteMeal(Base):
    """What a canteen's meal came to: the sum of its weighings by stream, null where nothing was weighed."""

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
    implausible: Mapped[int]


class CoverDay(Base):
    """Covers of a canteen's meal on a closed day; ``guests``: visitors who were registered at its agency."""

    __tablename__ = "cover_day"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name="meal"),
        Index("ix_cover_day_date", "business_date"),
    )

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    business_date: Mapped[date] = mapped_column(primary_key=True)
    meal: Mapped[str] = mapped_column(primary_key=True)
    covers: Mapped[int]
    guests: Mapped[int]


class CoverForecast(Base):
    """The covers to expect at a canteen's meal, and those to cook for (see ``waste.forecasting``)."""

    __tablename__ = "cover_forecast"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name="meal"),
    )

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    business_date: Mapped[date] = mapped_column(primary_key=True)
    meal: Mapped[str] = mapped_column(primary_key=True)
    covers: Mapped[int]
    cook_for: Mapped[int]
    made_at: Mapped[datetime]


class Kitchen(Base):
    """How a canteen is run and serves, and what a kilogram of food costs it."""

    __tablename__ = "kitchen"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("operating IN ('self_run', 'contracted')", name="operating"),
        CheckConstraint("serving IN ('buffet', 'set_meal', 'a_la_carte')", name="serving"),
    )

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    operating: Mapped[str]
    serving: Mapped[str]
    cost_per_kg_fen: Mapped[int | None]


class KitchenMonth(Base):
    """What a canteen's meals of a month came to (see ``waste.kitchen_months``); weights of fully weighed meals."""

    __tablename__ = "kitchen_month"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name="meal"),
        Index("ix_kitchen_month_month", "month"),
    )

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    month: Mapped[date] = mapped_column(primary_key=True)
    meal: Mapped[str] = mapped_column(primary_key=True)
    covers: Mapped[int] = mapped_column(BigInteger)
    meals: Mapped[int]
    weighed_meals: Mapped[int]
    weighed_covers: Mapped[int] = mapped_column(BigInteger)
    waste_g: Mapped[int] = mapped_column(BigInteger)
    preparation_g: Mapped[int] = mapped_column(BigInteger)
    unserved_g: Mapped[int] = mapped_column(BigInteger)
    plate_g: Mapped[int] = mapped_column(BigInteger)
    inedible_g: Mapped[int] = mapped_column(BigInteger)
    prepared_g: Mapped[int] = mapped_column(BigInteger)
    prepared_waste_g: Mapped[int] = mapped_column(BigInteger)
    implausible: Mapped[int]


class Evidence(Base):
    """An inspector's score of an indicator of a canteen's quarter, as a share of 1; the last one counts."""

    __tablename__ = "evidence"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("share BETWEEN 0 AND 1", name="share"),
    )

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    quarter: Mapped[date] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    scored_at: Mapped[datetime] = mapped_column(primary_key=True)
    share: Mapped[float]
    note: Mapped[str]
    scored_by: Mapped[str]
