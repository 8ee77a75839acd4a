"""the signed manifest of every cycle"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the table up."""
    op.create_table(
        "cycle_proof",
        sa.Column("cycle_date", sa.Date(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["cycle_date"], ["cycle.business_date"], name=op.f("fk_cycle_proof_cycle_date")),
        sa.PrimaryKeyConstraint("cycle_date", name=op.f("pk_cycle_proof")),
        sa.UniqueConstraint("log_index", name=op.f("uq_cycle_proof_log_index")),
    )
