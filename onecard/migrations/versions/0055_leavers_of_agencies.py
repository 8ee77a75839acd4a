"""the share of an agency's people who may leave by a roster unconfirmed"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

NAME = "roster_leavers_max_percent"


def upgrade() -> None:
    """Add the column; null is the centre's setting."""
    op.add_column("agency", sa.Column(NAME, sa.Integer(), nullable=True))
    op.create_check_constraint(op.f(f"ck_agency_{NAME}"), "agency", f"{NAME} BETWEEN 0 AND 100")


def downgrade() -> None:
    """Remove it."""
    op.drop_column("agency", NAME)
