"""Tables of evaluation."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from registry.models import Base, book_key, number_key


class Evidence(Base):
    """An inspector's score of an indicator of a canteen's quarter, as a share of 1. The last one counts."""

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


class EvaluationQuarter(Base):
    """A quarter whose evaluation was requested. Once frozen, its results change by accepted appeals only."""

    __tablename__ = "evaluation_quarter"

    quarter: Mapped[date] = mapped_column(primary_key=True)
    requested_at: Mapped[datetime] = mapped_column("wanted_at")
    evaluated_at: Mapped[datetime | None]
    frozen_by: Mapped[str | None]
    frozen_at: Mapped[datetime | None]


class QuarterResult(Base):
    """The result of a canteen's quarter, with everything that it was computed from. The last revision counts.

    Revision 0 is computed again until the quarter is frozen; each accepted appeal adds a revision.
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
    """An agency's own scores of its canteen's quarter: percent by indicator."""

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
