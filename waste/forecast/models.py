"""Tables of forecast."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from registry.models import Base, book_key, number_key


class CoverDayRow(Base):
    """Covers of a canteen's meal on a closed day; ``guests``: visitors who were registered at its agency.

    ``covers_gross``: before refunds; ``cheap``: people who paid less than a meal's least price, who are no covers;
    ``paid_fen``: what the covers paid, net. Null where nothing was counted.
    """

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
    covers_gross: Mapped[int | None]
    cheap: Mapped[int | None]
    paid_fen: Mapped[int | None] = mapped_column(BigInteger)


class CoverForecastRow(Base):
    """Covers to expect at a canteen's meal, and portions to prepare (see ``waste.forecast.forecasting``).

    ``surplus``: portions that are left over on average; null in forecasts of earlier releases.
    """

    __tablename__ = "cover_forecast"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name="meal"),
        Index("ix_cover_forecast_date", "business_date"),
    )

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    business_date: Mapped[date] = mapped_column(primary_key=True)
    meal: Mapped[str] = mapped_column(primary_key=True)
    covers: Mapped[int]
    cook_for: Mapped[int]
    surplus: Mapped[int | None]
    made_at: Mapped[datetime]


class Booking(Base):
    """Covers booked for a canteen's meal beyond the registered visitors, and how many of them came."""

    __tablename__ = "booking"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name="meal"),
        CheckConstraint("booked >= 0 AND came >= 0", name="counts"),
    )

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    business_date: Mapped[date] = mapped_column(primary_key=True)
    meal: Mapped[str] = mapped_column(primary_key=True)
    booked: Mapped[int]
    came: Mapped[int | None]
    noted_by: Mapped[str]
    noted_at: Mapped[datetime]


class Attendance(Base):
    """How many of an agency's people are away from a canteen's place on a day, told until that day.

    ``staff``: all of them; ``overtime``: how many of those who are there stay late, null where nobody told.
    """

    __tablename__ = "attendance"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("on_leave >= 0 AND travelling >= 0 AND remote >= 0 AND overtime >= 0", name="counts"),
        CheckConstraint("on_leave + travelling + remote <= staff", name="staff"),
    )

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    business_date: Mapped[date] = mapped_column(primary_key=True)
    staff: Mapped[int]
    on_leave: Mapped[int]
    travelling: Mapped[int]
    remote: Mapped[int]
    overtime: Mapped[int | None]
    noted_by: Mapped[str]
    noted_at: Mapped[datetime]
