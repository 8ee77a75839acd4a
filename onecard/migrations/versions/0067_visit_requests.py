"""visits that officials register themselves, until their agency confirms them"""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

TABLE = "visit_request"


def upgrade() -> None:
    """A table of its own: no code that reads visits, of this release or the one before, takes a wish for one."""
    op.create_table(
        TABLE,
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.BigInteger(), nullable=False),
        sa.Column("host_agency_id", sa.BigInteger(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, server_default="waiting"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("visit_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("book", "number", name=op.f("pk_visit_request")),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_visit_request_days")),
        sa.CheckConstraint(
            "state IN ('waiting', 'confirmed', 'refused', 'withdrawn')", name=op.f("ck_visit_request_state")
        ),
        sa.CheckConstraint("(state = 'confirmed') = (visit_id IS NOT NULL)", name=op.f("ck_visit_request_confirmed")),
        sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name=op.f("ck_visit_request_decided")),
    )
    op.create_index("uq_visit_request_id", TABLE, ["book", "holder_id", "request_id"], unique=True)
    op.create_index("ix_visit_request_number", TABLE, ["number"])
    op.create_index("ix_visit_request_first_day", TABLE, ["first_day", "number"])
    op.create_index("ix_visit_request_made", TABLE, ["made_at", "number"])


def downgrade() -> None:
    """Remove it."""
    op.drop_table(TABLE)
