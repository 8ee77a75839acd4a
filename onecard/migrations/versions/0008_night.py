"""closing as a state, several documents of a cycle, latecomers as lines of their own"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up."""
    op.drop_constraint(op.f("ck_cycle_state"), "cycle")
    op.create_check_constraint(
        op.f("ck_cycle_state"), "cycle", "state IN ('closing', 'closed', 'netted', 'published', 'settled')"
    )
    op.add_column("cycle", sa.Column("closing_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE cycle SET closing_at = closed_at")
    op.alter_column("cycle", "closing_at", nullable=False)
    op.alter_column("cycle", "closed_at", nullable=True)
    # A day is summed up and its obligations gathered in one step now.
    op.execute(
        "UPDATE closed_day SET rolled_up_at = NULL WHERE cycle_date IS NULL"
        " OR cycle_date IN (SELECT business_date FROM cycle WHERE state = 'closed')"
    )
    op.add_column("cycle", sa.Column("fee_fen", sa.BigInteger(), server_default="0", nullable=False))
    op.drop_constraint(op.f("ck_obligation_line"), "obligation")
    op.create_check_constraint(
        op.f("ck_obligation_line"),
        "obligation",
        "line IN ('meal', 'working_meal', 'late', 'correction', 'working_meal_correction', 'fee')",
    )
    op.create_index("ix_obligation_acquirer", "obligation", ["cycle_date", "acquirer_id"])
    op.add_column("statement", sa.Column("document", sa.Text()))
    op.execute("UPDATE statement SET document = CASE WHEN agency_id = 0 THEN 'net' ELSE 'statement' END")
    op.alter_column("statement", "document", nullable=False)
    op.create_check_constraint(
        op.f("ck_statement_document"), "statement", "document IN ('statement', 'net', 'bilateral', 'public')"
    )
    op.drop_constraint(op.f("pk_statement"), "statement")
    op.create_primary_key(op.f("pk_statement"), "statement", ["cycle_date", "document", "agency_id", "format"])
