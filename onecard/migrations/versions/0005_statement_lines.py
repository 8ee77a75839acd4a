"""statements tell working meals, corrections and meal money apart, and come in several formats"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = ["cycle_date", "book", "issuer_id", "canteen_id", "meal", "channel", "line"]


def upgrade() -> None:
    """Bring the tables up. Cycles that were netted before keep one kind of line."""
    op.add_column("obligation", sa.Column("line", sa.Text(), nullable=False, server_default="meal"))
    op.alter_column("obligation", "line", server_default=None)
    op.add_column("obligation", sa.Column("subsidy_fen", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("obligation", "subsidy_fen", server_default=None)
    op.create_check_constraint(
        op.f("ck_obligation_line"), "obligation", "line IN ('meal', 'working_meal', 'correction')"
    )
    op.drop_constraint(op.f("pk_obligation"), "obligation")
    op.create_primary_key(op.f("pk_obligation"), "obligation", KEY)
    op.add_column("statement", sa.Column("format", sa.Text(), nullable=False, server_default="csv"))
    op.alter_column("statement", "format", server_default=None)
    op.create_check_constraint(op.f("ck_statement_format"), "statement", "format IN ('csv', 'xlsx', 'pdf')")
    op.drop_constraint(op.f("pk_statement"), "statement")
    op.create_primary_key(op.f("pk_statement"), "statement", ["cycle_date", "agency_id", "format"])
