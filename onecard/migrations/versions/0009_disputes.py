"""disputes of agencies about lines of their statements"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up."""
    op.create_table(
        "dispute",
        sa.Column("dispute_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cycle_date", sa.Date(), nullable=False),
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.Column("raised_by_agency", sa.BigInteger(), nullable=False),
        sa.Column("other_agency", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised_by", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_until", sa.Date(), nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("answered_by", sa.Text()),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("decision", sa.Text()),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("refund_id", sa.Uuid()),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_dispute_amount")),
        sa.CheckConstraint(
            "state IN ('open', 'answered', 'accepted', 'rejected', 'withdrawn')", name=op.f("ck_dispute_state")
        ),
        sa.CheckConstraint("(state = 'accepted') = (refund_id IS NOT NULL)", name=op.f("ck_dispute_refund")),
        sa.ForeignKeyConstraint(["cycle_date"], ["cycle.business_date"], name=op.f("fk_dispute_cycle_date")),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_dispute")),
    )
    op.create_index(
        "uq_dispute_standing",
        "dispute",
        ["posting_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('open', 'answered', 'accepted')"),
    )
    op.create_table(
        "dispute_file",
        sa.Column("dispute_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("side IN ('dispute', 'answer')", name=op.f("ck_dispute_file_side")),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.dispute_id"], name=op.f("fk_dispute_file_dispute_id")),
        sa.PrimaryKeyConstraint("dispute_id", "number", name=op.f("pk_dispute_file")),
    )
