"""bank entries under numbers used before, their resolution, frozen bank accounts, kept payment files

Accounts of cycles that are published and not settled are frozen as they stand now. Cycles of zeros are settled.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns."""
    op.add_column("bank_entry", sa.Column("occurrence", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("bank_entry", sa.Column("remark", sa.Text(), nullable=True))
    op.drop_constraint(op.f("pk_bank_entry"), "bank_entry")
    op.create_primary_key(op.f("pk_bank_entry"), "bank_entry", ["entry", "occurrence"])
    op.drop_constraint(op.f("ck_bank_entry_verdict"), "bank_entry")
    op.create_check_constraint(
        op.f("ck_bank_entry_verdict"),
        "bank_entry",
        "verdict IN ('matched', 'returned', 'unknown_reference', 'wrong_direction', 'too_much', 'number_used_before')",
    )
    op.drop_constraint(op.f("ck_bank_entry_matched"), "bank_entry")
    op.create_check_constraint(
        op.f("ck_bank_entry_matched"),
        "bank_entry",
        "(verdict IN ('matched', 'returned')) = (cycle_date IS NOT NULL AND agency_id IS NOT NULL)",
    )
    op.create_table(
        "bank_entry_resolution",
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("cycle_date", sa.Date(), nullable=True),
        sa.Column("agency_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("resolved_by", sa.Text(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_bank_entry_resolution_amount")),
        sa.CheckConstraint(
            "resolution IN ('assigned', 'returned', 'other')", name=op.f("ck_bank_entry_resolution_resolution")
        ),
        sa.CheckConstraint(
            "(resolution = 'assigned') = (cycle_date IS NOT NULL AND agency_id IS NOT NULL)",
            name=op.f("ck_bank_entry_resolution_assigned"),
        ),
        sa.ForeignKeyConstraint(
            ["entry", "occurrence"],
            ["bank_entry.entry", "bank_entry.occurrence"],
            name=op.f("fk_bank_entry_resolution_entry_occurrence"),
        ),
        sa.ForeignKeyConstraint(
            ["cycle_date", "agency_id"],
            ["position.cycle_date", "position.agency_id"],
            name=op.f("fk_bank_entry_resolution_cycle_date_agency_id"),
        ),
        sa.PrimaryKeyConstraint("entry", "occurrence", "part", name=op.f("pk_bank_entry_resolution")),
    )
    op.create_index("ix_bank_entry_resolution_position", "bank_entry_resolution", ["cycle_date", "agency_id"])
    op.create_table(
        "cycle_account",
        sa.Column("cycle_date", sa.Date(), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("holder_name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("bank", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["cycle_date"], ["cycle.business_date"], name=op.f("fk_cycle_account_cycle_date")),
        sa.PrimaryKeyConstraint("cycle_date", "agency_id", name=op.f("pk_cycle_account")),
    )
    op.create_table(
        "payment_file",
        sa.Column("cycle_date", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["cycle_date"], ["cycle.business_date"], name=op.f("fk_payment_file_cycle_date")),
        sa.PrimaryKeyConstraint("cycle_date", "number", name=op.f("pk_payment_file")),
    )
    op.execute(
        "INSERT INTO cycle_account (cycle_date, agency_id, holder_name, number, bank)"
        " SELECT c.business_date, a.agency_id, a.holder_name, a.number, a.bank"
        " FROM cycle c CROSS JOIN bank_account a WHERE c.state = 'published'"
    )
    op.execute(
        "UPDATE cycle c SET state = 'settled', settled_at = now() WHERE c.state = 'published' AND NOT EXISTS"
        " (SELECT FROM position p WHERE p.cycle_date = c.business_date AND p.position_fen <> 0)"
    )


def downgrade() -> None:
    """Drop them; entries that earlier releases cannot hold go, too."""
    op.execute("DROP VIEW IF EXISTS leg")
    op.execute("DROP VIEW IF EXISTS earlier_fee")
    for table in ("payment_file", "cycle_account", "bank_entry_resolution"):
        op.drop_table(table)
    op.execute("DELETE FROM bank_entry WHERE occurrence > 1 OR verdict = 'returned'")
    op.drop_constraint(op.f("pk_bank_entry"), "bank_entry")
    op.create_primary_key(op.f("pk_bank_entry"), "bank_entry", ["entry"])
    op.drop_column("bank_entry", "occurrence")
    op.drop_column("bank_entry", "remark")
    op.drop_constraint(op.f("ck_bank_entry_verdict"), "bank_entry")
    op.create_check_constraint(
        op.f("ck_bank_entry_verdict"),
        "bank_entry",
        "verdict IN ('matched', 'unknown_reference', 'wrong_direction', 'too_much')",
    )
    op.drop_constraint(op.f("ck_bank_entry_matched"), "bank_entry")
    op.create_check_constraint(
        op.f("ck_bank_entry_matched"),
        "bank_entry",
        "(verdict = 'matched') = (cycle_date IS NOT NULL AND agency_id IS NOT NULL)",
    )
