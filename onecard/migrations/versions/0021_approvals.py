"""what one person asks for and a second approves; bank accounts by date; granted files

Workers of the previous release read the view ``bank_account`` and cannot change accounts; to be dropped one release
later.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; accounts that exist are in use since long ago."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "approval",
        sa.Column("approval_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("agency_id", sa.BigInteger()),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", JSONB(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger()),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("params", JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", moment),
        sa.Column("decision", sa.Text()),
        sa.Column("result", JSONB()),
        sa.CheckConstraint("state IN ('pending', 'approved', 'rejected', 'expired')", name=op.f("ck_approval_state")),
        sa.CheckConstraint("decided_by <> maker", name=op.f("ck_approval_second_person")),
        sa.CheckConstraint(
            "(state IN ('approved', 'rejected')) = (decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name=op.f("ck_approval_decided"),
        ),
    )
    op.create_index(
        "uq_approval_pending", "approval", ["kind", "digest"], unique=True,
        postgresql_where=sa.text("state = 'pending'"),
    )  # fmt: skip
    op.create_index(
        "ix_approval_approved", "approval", ["kind", "digest"], postgresql_where=sa.text("state = 'approved'")
    )
    op.create_table(
        "maker_day",
        sa.Column("login", sa.Text(), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "grant_file",
        sa.Column("book", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("agency_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.Text(), primary_key=True),
        sa.Column("batch", sa.Text(), primary_key=True),
        sa.Column("granted_at", moment, nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("again", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["book", "agency_id"], ["agency.book", "agency.agency_id"], name=op.f("fk_grant_file_book_agency_id")
        ),
    )
    op.rename_table("bank_account", "bank_account_version")
    op.add_column(
        "bank_account_version",
        sa.Column("valid_from", moment, nullable=False, server_default=sa.text("'2000-01-01 00:00:00+08'")),
    )
    op.alter_column("bank_account_version", "valid_from", server_default=None)
    op.drop_constraint("pk_bank_account", "bank_account_version")
    op.create_primary_key("pk_bank_account_version", "bank_account_version", ["agency_id", "valid_from"])
    op.execute(
        "CREATE VIEW bank_account AS SELECT DISTINCT ON (agency_id) agency_id, holder_name, number, bank"
        " FROM bank_account_version WHERE valid_from <= now() ORDER BY agency_id, valid_from DESC"
    )


def downgrade() -> None:
    """Drop the tables; the accounts in use stay."""
    op.execute("DROP VIEW bank_account")
    op.execute(
        "DELETE FROM bank_account_version v WHERE valid_from > now() OR EXISTS (SELECT FROM bank_account_version w"
        " WHERE w.agency_id = v.agency_id AND w.valid_from > v.valid_from AND w.valid_from <= now())"
    )
    op.drop_constraint("pk_bank_account_version", "bank_account_version")
    op.drop_column("bank_account_version", "valid_from")
    op.create_primary_key("pk_bank_account", "bank_account_version", ["agency_id"])
    op.rename_table("bank_account_version", "bank_account")
    for table in ("grant_file", "maker_day", "approval"):
        op.drop_table(table)
