"""Tables of measures."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from registry.models import Base, book_key, number_key


class Kitchen(Base):
    """How a canteen is run and serves, and its cost of a kilogram of food."""

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


class KitchenDeclaration(Base):
    """How a canteen is run and serves from a date on, as it declared; ``kitchen`` has what holds today."""

    __tablename__ = "kitchen_declaration"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("operating IN ('self_run', 'contracted')", name="operating"),
        CheckConstraint("serving IN ('buffet', 'set_meal', 'a_la_carte')", name="serving"),
    )

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    operating: Mapped[str]
    serving: Mapped[str]
    declared_by: Mapped[str]
    declared_at: Mapped[datetime]


class KitchenMonth(Base):
    """Sums of a canteen's meals of a month (``waste.measures.monthly_sums``); weights of weighed meals.

    ``unmatched_meals`` and ``unmatched_g``: weighed in full, but without covers; in no figure per cover. ``corrected``:
    how many weights were corrected.
    """

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
    co2e_g: Mapped[int] = mapped_column(BigInteger, server_default="0")
    implausible: Mapped[int]
    covers_gross: Mapped[int] = mapped_column(BigInteger, server_default="0")
    unmatched_meals: Mapped[int] = mapped_column(server_default="0")
    unmatched_g: Mapped[int] = mapped_column(BigInteger, server_default="0")
    corrected: Mapped[int] = mapped_column(server_default="0")
