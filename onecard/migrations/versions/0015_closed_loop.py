"""scales, bookings, frozen results, appeals, sampling, rectification, bulletins"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up."""
    for table in ("terminal", "enrolment"):
        op.add_column(table, sa.Column("kind", sa.Text(), nullable=False, server_default="till"))
        op.create_check_constraint(op.f(f"ck_{table}_kind"), table, "kind IN ('till', 'scale')")
    op.create_index("ix_cover_forecast_date", "cover_forecast", ["business_date"])
    _of_canteen(
        "booking",
        *_columns(business_date=sa.Date(), meal=sa.Text(), booked=sa.Integer()),
        sa.Column("came", sa.Integer()),
        *_columns(noted_by=sa.Text(), noted_at=_time()),
        sa.CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name=op.f("ck_booking_meal")),
        sa.CheckConstraint("booked >= 0 AND came >= 0", name=op.f("ck_booking_counts")),
        key=("book", "canteen_id", "business_date", "meal"),
    )
    _of_canteen(
        "kitchen_file",
        *_columns(file_id=sa.BigInteger(), subject=sa.Text(), name=sa.Text(), media_type=sa.Text(),
                  content=sa.LargeBinary(), added_by=sa.Text(), added_at=_time()),
        key=("book", "file_id"),
    )  # fmt: skip
    op.create_index("ix_kitchen_file_subject", "kitchen_file", ["subject"])
    _evaluation()
    _rectification()
    op.create_table(
        "bulletin",
        *_columns(bulletin_id=sa.BigInteger(), quarter=sa.Date(), state=sa.Text(), texts=JSONB(), found=JSONB(),
                  written_by=JSONB(), drafted_at=_time()),
        sa.Column("published_by", sa.Text()),
        sa.Column("published_at", _time()),
        sa.CheckConstraint("state IN ('draft', 'published')", name=op.f("ck_bulletin_state")),
        sa.PrimaryKeyConstraint("bulletin_id", name=op.f("pk_bulletin")),
    )  # fmt: skip


def _evaluation() -> None:
    op.create_table(
        "evaluation_quarter",
        *_columns(quarter=sa.Date(), wanted_at=_time()),
        sa.Column("evaluated_at", _time()),
        sa.Column("frozen_by", sa.Text()),
        sa.Column("frozen_at", _time()),
        sa.PrimaryKeyConstraint("quarter", name=op.f("pk_evaluation_quarter")),
    )
    _of_canteen(
        "quarter_result",
        *_columns(quarter=sa.Date(), revision=sa.Integer(), scheme=sa.Text(), serving=sa.Text(), operating=sa.Text()),
        *(sa.Column(name, sa.Float()) for name in ("score", "low", "high")),
        *(sa.Column(name, sa.Text()) for name in ("grade_zh", "grade_en")),
        *_columns(to_verify=sa.Boolean(), vetoed=sa.Boolean(), weekly_covers=sa.Float(), points=JSONB(), weeks=JSONB(),
                  made_at=_time()),
        sa.ForeignKeyConstraint(
            ["quarter"], ["evaluation_quarter.quarter"], name=op.f("fk_quarter_result_quarter")
        ),
        key=("book", "canteen_id", "quarter", "revision"),
    )  # fmt: skip
    op.create_index("ix_quarter_result_quarter", "quarter_result", ["quarter"])
    _of_canteen(
        "self_evaluation",
        *_columns(quarter=sa.Date(), percents=JSONB(), note=sa.Text(), submitted_by=sa.Text(), submitted_at=_time()),
        key=("book", "canteen_id", "quarter"),
    )
    _of_canteen(
        "appeal",
        *_columns(appeal_id=sa.BigInteger(), quarter=sa.Date(), state=sa.Text(), text=sa.Text(), raised_by=sa.Text(),
                  raised_at=_time()),
        sa.Column("decision", sa.Text()),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", _time()),
        sa.Column("revision", sa.Integer()),
        sa.CheckConstraint("state IN ('open', 'accepted', 'rejected')", name=op.f("ck_appeal_state")),
        key=("book", "appeal_id"),
    )  # fmt: skip
    op.create_index(
        "uq_appeal_open", "appeal", ["book", "canteen_id", "quarter"], unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )  # fmt: skip
    op.create_table(
        "sampling_plan",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        *_columns(seed=sa.Text(), candidates=JSONB(), drawn=JSONB(), made_by=sa.Text(), made_at=_time()),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_sampling_plan")),
    )


def _rectification() -> None:
    _of_canteen(
        "rectification_case",
        *_columns(case_id=sa.BigInteger(), quarter=sa.Date(), kind=sa.Text(), what=sa.Text(), responsible=sa.Text(),
                  state=sa.Text(), level=sa.Integer(), opened_on=sa.Date(), due_on=sa.Date(), deadline=sa.Date()),
        sa.Column("closed_on", sa.Date()),
        sa.CheckConstraint("kind IN ('finding', 'falsified_weights')", name=op.f("ck_rectification_case_kind")),
        sa.CheckConstraint(
            "state IN ('open', 'planned', 'proved', 'closed', 'withdrawn')", name=op.f("ck_rectification_case_state")
        ),
        key=("book", "case_id"),
    )  # fmt: skip
    op.create_index("ix_rectification_case_state", "rectification_case", ["state", "deadline"])
    op.create_table(
        "case_step",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        *_columns(case_id=sa.BigInteger(), number=sa.Integer(), action=sa.Text(), text=sa.Text(), done_by=sa.Text(),
                  done_at=_time()),
        sa.ForeignKeyConstraint(
            ["book", "case_id"], ["rectification_case.book", "rectification_case.case_id"],
            name=op.f("fk_case_step_book_case_id"),
        ),
        sa.PrimaryKeyConstraint("book", "case_id", "number", name=op.f("pk_case_step")),
    )  # fmt: skip


def _time() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _columns(**types: Any) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, autoincrement=False, nullable=False) for name, kind in types.items()]


def _of_canteen(table: str, *parts: Any, key: tuple[str, ...]) -> None:
    op.create_table(
        table,
        *_columns(book=sa.Integer(), canteen_id=sa.BigInteger()),
        *parts,
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name=op.f(f"fk_{table}_book_canteen_id")
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
    )
