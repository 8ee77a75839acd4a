"""the tenant that vouched for somebody when he last signed on"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that workers of the release before leave empty."""
    op.add_column("identity", sa.Column("tenant", sa.Text, nullable=True))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("identity", "tenant")
