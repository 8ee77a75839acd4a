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
    """A quarter whose evaluation was requested. Once frozen, its results change by accepted appeals only.

    ``schemes``: the schemes that it was evaluated by, as they were then, by id.
    """

    __tablename__ = "evaluation_quarter"

    quarter: Mapped[date] = mapped_column(primary_key=True)
    requested_at: Mapped[datetime] = mapped_column("wanted_at")
    evaluated_at: Mapped[datetime | None]
    frozen_by: Mapped[str | None]
    frozen_at: Mapped[datetime | None]
    schemes: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class QuarterResult(Base):
    """The result of a canteen's quarter, with everything that it was computed from. The last revision counts.

    Revision 0 is computed again until the quarter is frozen; each accepted appeal adds a revision. ``known``: what was
    known besides the weeks; ``reopened``: what accepted appeals opened, with what was known of it then; ``draws``:
    scores of the bootstrap. Ranks are of the last revisions, and among canteens that serve the same way.
    """

    __tablename__ = "quarter_result"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
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
    known: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    reopened: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    draws: Mapped[list[float] | None] = mapped_column(JSONB)
    rank: Mapped[int | None]
    rank_low: Mapped[int | None]
    rank_high: Mapped[int | None]
    peers: Mapped[int | None]


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
    """An agency's appeal against a frozen result: against the points of indicators, or the veto, and nothing else."""

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
    codes: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    veto: Mapped[bool] = mapped_column(server_default="false")
    text: Mapped[str]
    raised_by: Mapped[str]
    raised_at: Mapped[datetime]
    decision: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    revision: Mapped[int | None]


class ReweighSeed(Base):
    """The seed by which the streams to weigh again are drawn in a quarter; its hash is published beforehand."""

    __tablename__ = "reweigh_seed"

    quarter: Mapped[date] = mapped_column(primary_key=True)
    commitment: Mapped[str]
    seed: Mapped[str]
    committed_by: Mapped[str]
    committed_at: Mapped[datetime]


class ReweighedStream(Base):
    """A stream of a meal that was drawn to be weighed again, after the canteen had recorded it.

    ``recorded_g``: what the canteen had recorded when it was drawn. ``weight_g``: what the inspector weighed.
    """

    __tablename__ = "reweighed_stream"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name="meal"),
        CheckConstraint("stream IN ('preparation', 'unserved', 'plate')", name="stream"),
        CheckConstraint("recorded_g >= 0 AND weight_g >= 0", name="weight"),
    )

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    business_date: Mapped[date] = mapped_column(primary_key=True)
    meal: Mapped[str] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(primary_key=True)
    recorded_g: Mapped[int] = mapped_column(BigInteger)
    drawn_by: Mapped[str]
    drawn_at: Mapped[datetime]
    weight_g: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str | None]
    weighed_by: Mapped[str | None]
    weighed_at: Mapped[datetime | None]
