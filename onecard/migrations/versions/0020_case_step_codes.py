"""case steps of the system hold a message's id and parameters

``text`` stays, for what people write and for workers of the previous release.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and give the steps that hold a sentence of the system their codes."""
    op.add_column("case_step", sa.Column("code", sa.Text()))
    op.add_column("case_step", sa.Column("params", JSONB()))
    op.execute(
        "UPDATE case_step SET code = 'supervision.step.overdue_since',"
        " params = jsonb_build_object('deadline', substring(text FROM '^overdue since (.*)$'))"
        " WHERE action = 'escalate' AND text ~ '^overdue since [0-9-]{10}$'"
    )


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("case_step", "params")
    op.drop_column("case_step", "code")
