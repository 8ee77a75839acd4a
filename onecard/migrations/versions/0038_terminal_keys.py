"""keys that terminals renew themselves"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; every terminal has the key of its enrolment."""
    op.add_column("terminal", sa.Column("previous_key", sa.LargeBinary(), nullable=True))
    op.add_column("terminal", sa.Column("key_since", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_terminal_renewed"), "terminal", "(previous_key IS NULL) = (key_since IS NULL)")


def downgrade() -> None:
    """Drop them."""
    op.drop_constraint(op.f("ck_terminal_renewed"), "terminal")
    op.drop_column("terminal", "key_since")
    op.drop_column("terminal", "previous_key")
