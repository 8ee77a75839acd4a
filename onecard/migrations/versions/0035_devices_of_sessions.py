"""what a device says about itself at sign-on"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; sessions of the release before have none of it."""
    op.add_column("terminal_session", sa.Column("protocol", sa.Integer(), nullable=True))
    for name in ("software", "model", "serial"):
        op.add_column("terminal_session", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    for name in ("serial", "model", "software", "protocol"):
        op.drop_column("terminal_session", name)
