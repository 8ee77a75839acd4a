"""Attendance: who of an agency is away on a day."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attendance",
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("staff", "on_leave", "travelling", "remote")),
        sa.Column("overtime", sa.Integer(), nullable=True),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("book", "canteen_id", "business_date", name=op.f("pk_attendance")),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name=op.f("fk_attendance_book_canteen_id")
        ),
        sa.CheckConstraint(
            "on_leave >= 0 AND travelling >= 0 AND remote >= 0 AND overtime >= 0", name=op.f("ck_attendance_counts")
        ),
        sa.CheckConstraint("on_leave + travelling + remote <= staff", name=op.f("ck_attendance_staff")),
    )


def downgrade() -> None:
    op.drop_table("attendance")
