"""Tables of supervision."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from registry.models import Base, book_key, number_key


class SamplingPlan(Base):
    """The plan of inspections of a year, with the seed and the candidates that anyone can draw it from again."""

    __tablename__ = "sampling_plan"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seed: Mapped[str]
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    drawn: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    made_by: Mapped[str]
    made_at: Mapped[datetime]


class InspectionVisit(Base):
    """A visit of an inspector to a canteen that took place; ``plan_year``: the plan that drew it, if one did.

    ``request_id``: the number under which it was sent, where the sender gave one.
    """

    __tablename__ = "inspection_visit"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        UniqueConstraint("book", "canteen_id", "visited_on", "inspector"),
        UniqueConstraint("book", "request_id"),
        Index("ix_inspection_visit_visited_on", "visited_on"),
    )

    book: Mapped[int] = book_key()
    visit_id: Mapped[int] = number_key()
    canteen_id: Mapped[int] = mapped_column(BigInteger)
    visited_on: Mapped[date]
    plan_year: Mapped[int | None]
    inspector: Mapped[str]
    looked_at: Mapped[str]
    filed_by: Mapped[str]
    filed_at: Mapped[datetime]
    request_id: Mapped[UUID | None]


class ScaleCalibration(Base):
    """A calibration of one of a canteen's scales, with its certificate."""

    __tablename__ = "scale_calibration"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("valid_until > calibrated_on", name="days"),
    )

    book: Mapped[int] = book_key()
    calibration_id: Mapped[int] = number_key()
    canteen_id: Mapped[int] = mapped_column(BigInteger)
    scale: Mapped[str]
    calibrated_on: Mapped[date]
    valid_until: Mapped[date]
    certificate: Mapped[str]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class RectificationCase(Base):
    """A finding that a canteen must rectify (``waste.supervision.cases``)."""

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
    """A step of a case: by whom, and when.

    ``text`` is what a person wrote. A step of the system has a message's id in ``code``, and ``params``.
    """

    __tablename__ = "case_step"
    __table_args__ = (
        ForeignKeyConstraint(["book", "case_id"], ["rectification_case.book", "rectification_case.case_id"]),
    )

    book: Mapped[int] = book_key()
    case_id: Mapped[int] = number_key()
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    action: Mapped[str]
    text: Mapped[str]
    code: Mapped[str | None]
    params: Mapped[dict[str, Any] | None]
    done_by: Mapped[str]
    done_at: Mapped[datetime]
