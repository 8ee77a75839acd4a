"""revoked terminals, repeatable enrolments, who changed a block, the number of a closure, limits of late payments"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns; all are null or have a default, for workers of the release before."""
    op.add_column("terminal", sa.Column("revoked_at", sa.DateTime(timezone=True)))
    op.add_column("enrolment", sa.Column("epoch", sa.Integer()))
    op.add_column("block_entry", sa.Column("changed_by", sa.Text()))
    op.add_column("official", sa.Column("closure", sa.Uuid()))
    op.add_column("region_rules", sa.Column("late_payments_max", sa.Integer(), server_default="3"))
    op.add_column("region_rules", sa.Column("late_fen_max", sa.BigInteger(), server_default="10000"))
    op.create_index(
        "uq_official_closure",
        "official",
        ["book", "closure"],
        unique=True,
        postgresql_where=sa.text("closure IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("region_rules", "late_fen_max")
    op.drop_column("region_rules", "late_payments_max")
    op.drop_column("official", "closure")
    op.drop_column("block_entry", "changed_by")
    op.drop_column("enrolment", "epoch")
    op.drop_column("terminal", "revoked_at")
