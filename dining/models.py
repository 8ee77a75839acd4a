"""Tables of menus and of what diners book."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.identifiers import AgencyId, Book, CanteenId, HolderId
from registry.models import Base, book_key, number_key

_MEALS = "meal IN ('breakfast', 'lunch', 'dinner')"


def _of_canteen() -> tuple[Any, ...]:
    return (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint(_MEALS, name="meal"),
    )


class Menu(Base):
    """What a canteen serves at a meal: which version of it holds, and who published that."""

    __tablename__ = "menu"
    __table_args__ = _of_canteen()

    book: Mapped[Book] = book_key()
    canteen_id: Mapped[CanteenId] = number_key()
    business_date: Mapped[date] = mapped_column(primary_key=True)
    meal: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    published_by: Mapped[str]
    published_at: Mapped[datetime]


class DishRow(Base):
    """A dish of one version of a menu, in the menu's order from 1; versions before stay as they were.

    ``portions``: how many are planned. ``price_fen`` informs; the tariff charges. ``kcal``: of a portion.
    """

    __tablename__ = "dish"
    __table_args__ = (
        CheckConstraint("portions >= 0 AND price_fen >= 0 AND kcal >= 0", name="numbers"),
        Index("ix_dish_date", "business_date", "canteen_id", "meal", "line"),
    )

    book: Mapped[Book] = book_key()
    canteen_id: Mapped[CanteenId] = number_key()
    business_date: Mapped[date] = mapped_column(primary_key=True)
    meal: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name_zh: Mapped[str]
    name_en: Mapped[str | None]
    kind: Mapped[str]
    portions: Mapped[int | None]
    allergens: Mapped[list[str]] = mapped_column(ARRAY(Text))
    allergen_note: Mapped[str | None]
    marks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    price_fen: Mapped[int | None] = mapped_column(BigInteger)
    kcal: Mapped[int | None]


class BookingTerms(Base):
    """How a canteen's meal is booked, where it is not by default (``dining.terms``).

    ``cut_off_min``: minutes before the meal begins. ``capacity``: the most bookings; null: as many as come.
    """

    __tablename__ = "booking_terms"
    __table_args__ = (*_of_canteen(), CheckConstraint("cut_off_min >= 0 AND capacity >= 0", name="numbers"))

    book: Mapped[Book] = book_key()
    canteen_id: Mapped[CanteenId] = number_key()
    meal: Mapped[str] = mapped_column(primary_key=True)
    cut_off_min: Mapped[int]
    capacity: Mapped[int | None]


class BookedMeal(Base):
    """How many have booked a canteen's meal, and how many of them came: known once its covers are counted.

    Who books or cancels holds the lock of this row first, so that no meal is overbooked and no two wait for each other.
    """

    __tablename__ = "booked_meal"
    __table_args__ = (*_of_canteen(), CheckConstraint("booked >= 0 AND came >= 0", name="counts"))

    book: Mapped[Book] = book_key()
    canteen_id: Mapped[CanteenId] = number_key()
    business_date: Mapped[date] = mapped_column(primary_key=True)
    meal: Mapped[str] = mapped_column(primary_key=True)
    booked: Mapped[int]
    came: Mapped[int | None]


class MealBooking(Base):
    """A diner's booking, under the number that his phone or page gave it; ``book`` is the diner's.

    ``agency_id`` is the diner's, ``host_id`` the canteen's. ``on_visit``: he was registered as a visitor there.
    What the meal costs him is as it was told: ``price_fen``, or up to ``limit_fen``.
    """

    __tablename__ = "meal_booking"
    __table_args__ = (
        CheckConstraint(_MEALS, name="meal"),
        CheckConstraint("state IN ('booked', 'cancelled')", name="state"),
        CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled"),
        # Nobody eats a meal at two places.
        Index(
            "uq_meal_booking_meal",
            "book",
            "holder_id",
            "business_date",
            "meal",
            unique=True,
            postgresql_where=text("state = 'booked'"),
        ),
        Index("ix_meal_booking_holder", "book", "holder_id", "business_date", "meal", "booking_id"),
        Index("ix_meal_booking_canteen", "canteen_id", "business_date", "meal"),
        Index("ix_meal_booking_date", "business_date", "book", "booking_id"),
    )

    book: Mapped[Book] = book_key()
    booking_id: Mapped[UUID] = mapped_column(primary_key=True)
    holder_id: Mapped[HolderId] = mapped_column(BigInteger)
    agency_id: Mapped[AgencyId] = mapped_column(BigInteger)
    canteen_id: Mapped[CanteenId] = mapped_column(BigInteger)
    host_id: Mapped[AgencyId] = mapped_column(BigInteger)
    business_date: Mapped[date]
    meal: Mapped[str]
    on_visit: Mapped[bool]
    price_fen: Mapped[int | None] = mapped_column(BigInteger)
    limit_fen: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(default="booked", server_default="booked")
    booked_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class ReportOut(Base):
    """A diner does not eat at a canteen of his own agency: on the days of a span that are these weekdays (digits).

    It holds from ``made_at`` until ``ended_at``, if that is set.
    """

    __tablename__ = "report_out"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="days"),
        CheckConstraint("weekdays ~ '^1?2?3?4?5?6?7?$' AND weekdays <> ''", name="weekdays"),
        Index("ix_report_out_holder", "book", "holder_id"),
        Index("ix_report_out_canteen", "canteen_id", "last_day"),
    )

    book: Mapped[Book] = book_key()
    report_id: Mapped[UUID] = mapped_column(primary_key=True)
    holder_id: Mapped[HolderId] = mapped_column(BigInteger)
    canteen_id: Mapped[CanteenId] = mapped_column(BigInteger)
    first_day: Mapped[date]
    last_day: Mapped[date]
    weekdays: Mapped[str]
    meals: Mapped[list[str]] = mapped_column(ARRAY(Text))
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
