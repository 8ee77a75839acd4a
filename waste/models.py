"""Tables of the kitchen."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
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
    food: Mapped[str | None]
    source: Mapped[str] = mapped_column(server_default="person")
    implausible: Mapped[bool] = mapped_column(server_default="false")
    replaces: Mapped[UUID | None]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class WasteMeal(Base):
    """What a canteen's meal came to: the sum of its weighings by stream, null where nothing was weighed.

    ``co2e_g`` is that of the three streams of waste, by the factors in force on the day.
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


class FoodFactor(Base):
    """The CO2e of a kind of food from a date on, and who says so; ``other`` is what is not known or mixed."""

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
        Index("ix_cover_forecast_date", "business_date"),
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
    co2e_g: Mapped[int] = mapped_column(BigInteger, server_default="0")
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


class Booking(Base):
    """Covers booked for a canteen's meal beyond its usual guests (a meeting, a course), and how many of them came."""

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


class KitchenFile(Base):
    """A photo or document of a canteen; ``subject`` says what it belongs to, as the audit log names it."""

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


class EvaluationQuarter(Base):
    """A quarter that somebody wants evaluated. Once frozen, its results change by appeals alone."""

    __tablename__ = "evaluation_quarter"

    quarter: Mapped[date] = mapped_column(primary_key=True)
    wanted_at: Mapped[datetime]
    evaluated_at: Mapped[datetime | None]
    frozen_by: Mapped[str | None]
    frozen_at: Mapped[datetime | None]


class QuarterResult(Base):
    """What a canteen's quarter came to, with all that it was computed from. The last revision counts.

    Revision 0 is computed again until the quarter is frozen; every accepted appeal adds one.
    """

    __tablename__ = "quarter_result"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        ForeignKeyConstraint(["quarter"], ["evaluation_quarter.quarter"]),
        Index("ix_quarter_result_quarter", "quarter"),
    )

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    quarter: Mapped[date] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    scheme: Mapped[str]
    serving: Mapped[str]
    operating: Mapped[str]
    score: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    grade_zh: Mapped[str | None]
    grade_en: Mapped[str | None]
    to_verify: Mapped[bool]
    vetoed: Mapped[bool]
    weekly_covers: Mapped[float]
    points: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    weeks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    made_at: Mapped[datetime]


class SelfEvaluation(Base):
    """How an agency scores its canteen's evidence itself, every quarter: percent by code."""

    __tablename__ = "self_evaluation"
    __table_args__ = (ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),)

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    quarter: Mapped[date] = mapped_column(primary_key=True)
    percents: Mapped[dict[str, Any]]
    note: Mapped[str]
    submitted_by: Mapped[str]
    submitted_at: Mapped[datetime]


class Appeal(Base):
    """An agency's appeal against a frozen result."""

    __tablename__ = "appeal"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("state IN ('open', 'accepted', 'rejected')", name="state"),
        Index("uq_appeal_open", "book", "canteen_id", "quarter", unique=True, postgresql_where=sql("state = 'open'")),
    )

    book: Mapped[int] = book_key()
    appeal_id: Mapped[int] = number_key()
    canteen_id: Mapped[int] = mapped_column(BigInteger)
    quarter: Mapped[date]
    state: Mapped[str]
    text: Mapped[str]
    raised_by: Mapped[str]
    raised_at: Mapped[datetime]
    decision: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    revision: Mapped[int | None]


class SamplingPlan(Base):
    """A year's plan of inspections: the seed and all that was known, so that anyone can draw it again."""

    __tablename__ = "sampling_plan"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seed: Mapped[str]
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    drawn: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    made_by: Mapped[str]
    made_at: Mapped[datetime]


class RectificationCase(Base):
    """A finding that a canteen must put right (see ``waste.rectification``)."""

    __tablename__ = "rectification_case"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("kind IN ('finding', 'falsified_weights')", name="kind"),
        CheckConstraint("state IN ('open', 'planned', 'proved', 'closed', 'withdrawn')", name="state"),
        Index("ix_rectification_case_state", "state", "deadline"),
    )

    book: Mapped[int] = book_key()
    case_id: Mapped[int] = number_key()
    canteen_id: Mapped[int] = mapped_column(BigInteger)
    quarter: Mapped[date]
    kind: Mapped[str]
    what: Mapped[str]
    responsible: Mapped[str]
    state: Mapped[str]
    level: Mapped[int]
    opened_on: Mapped[date]
    due_on: Mapped[date]
    deadline: Mapped[date]
    closed_on: Mapped[date | None]


class CaseStep(Base):
    """What was done about a case, by whom, and when."""

    __tablename__ = "case_step"
    __table_args__ = (
        ForeignKeyConstraint(["book", "case_id"], ["rectification_case.book", "rectification_case.case_id"]),
    )

    book: Mapped[int] = book_key()
    case_id: Mapped[int] = number_key()
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    action: Mapped[str]
    text: Mapped[str]
    done_by: Mapped[str]
    done_at: Mapped[datetime]


class Bulletin(Base):
    """A bulletin (通报) about a quarter: what was found, as data, and what people wrote about it."""

    __tablename__ = "bulletin"
    __table_args__ = (CheckConstraint("state IN ('draft', 'published')", name="state"),)

    bulletin_id: Mapped[int] = number_key()
    quarter: Mapped[date]
    state: Mapped[str]
    texts: Mapped[dict[str, Any]]
    found: Mapped[dict[str, Any]]
    written_by: Mapped[list[str]] = mapped_column(JSONB)
    drafted_at: Mapped[datetime]
    published_by: Mapped[str | None]
    published_at: Mapped[datetime | None]
