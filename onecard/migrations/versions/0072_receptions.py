"""what agencies spend on receptions by month; versions of bulletins"""

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

TABLE = "reception_month"


def upgrade() -> None:
    """A table that is only added to, and columns that the release before does not read."""
    op.create_table(
        TABLE,
        sa.Column("agency_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reception_fen", sa.BigInteger(), nullable=False),
        sa.Column("host_meals_fen", sa.BigInteger(), nullable=False),
        sa.Column("joined_month", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "month", "version", name=op.f("pk_reception_month")),
        sa.CheckConstraint("reception_fen >= 0 AND host_meals_fen >= 0", name=op.f("ck_reception_month_amounts")),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_reception_month_month")),
    )
    op.create_index("ix_reception_month_month", TABLE, ["month", "agency_id", "version"])
    op.add_column("bulletin", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("bulletin", sa.Column("saved_by", sa.Text(), nullable=True))
    op.add_column("bulletin", sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Remove them."""
    for column in ("saved_at", "saved_by", "version"):
        op.drop_column("bulletin", column)
    op.drop_table(TABLE)
