"""portions left over"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add how many of the portions to prepare are left over on average; null in forecasts made before."""
    op.add_column("cover_forecast", sa.Column("surplus", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("cover_forecast", "surplus")
