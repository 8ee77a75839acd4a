"""bank accounts, the bank's entries, and cycles that are settled"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up."""
    op.add_column("cycle", sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f("ck_cycle_state"), "cycle")
    op.create_check_constraint(op.f("ck_cycle_state"), "cycle", "state IN ('closed', 'netted', 'published', 'settled')")
    op.create_table(
        "bank_account",
        sa.Column("agency_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("holder_name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("bank", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("pk_bank_account")),
    )
    op.create_table(
        "bank_entry",
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("credit", sa.Boolean(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("cycle_date", sa.Date(), nullable=True),
        sa.Column("agency_id", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_bank_entry_amount")),
        sa.CheckConstraint(
            "verdict IN ('matched', 'unknown_reference', 'wrong_direction', 'too_much')",
            name=op.f("ck_bank_entry_verdict"),
        ),
        sa.CheckConstraint(
            "(verdict = 'matched') = (cycle_date IS NOT NULL AND agency_id IS NOT NULL)",
            name=op.f("ck_bank_entry_matched"),
        ),
        sa.ForeignKeyConstraint(
            ["cycle_date", "agency_id"],
            ["position.cycle_date", "position.agency_id"],
            name=op.f("fk_bank_entry_cycle_date_agency_id"),
        ),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_bank_entry")),
    )
    op.create_index("ix_bank_entry_position", "bank_entry", ["cycle_date", "agency_id"])
