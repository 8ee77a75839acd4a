"""indexes for an agency's working meals and its first cycle"""

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_position_agency": ("position", ["agency_id", "cycle_date"], None),
    "ix_obligation_working_meal": (
        "obligation", ["acquirer_id", "cycle_date"], "line IN ('working_meal', 'working_meal_correction')",
    ),
}  # fmt: skip


def upgrade() -> None:
    """Make them without a lock that a closing would wait for; one that was left half made is made again."""
    with op.get_context().autocommit_block():
        for name, (table, columns, where) in INDEXES.items():
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
            op.create_index(
                name, table, columns, postgresql_concurrently=True, postgresql_where=sa.text(where) if where else None
            )


def downgrade() -> None:
    """Remove them."""
    for name, (table, _, _) in INDEXES.items():
        op.drop_index(name, table)
