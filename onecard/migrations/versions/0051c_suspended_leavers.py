"""who left while he was suspended comes back suspended"""

import sqlalchemy as sa
from alembic import op

revision = "0051c"
down_revision = "0051b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody is known to have left suspended: until now the state alone said so, and it was lost."""
    op.add_column("official", sa.Column("returns_suspended", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("official", "returns_suspended")
