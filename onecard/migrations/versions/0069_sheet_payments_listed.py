"""an index for the list of payments by sheets"""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

NAME = "ix_transfer_sheet"


def upgrade() -> None:
    """Make it without a lock that payments would wait for; one that was left half made is made again."""
    with op.get_context().autocommit_block():
        op.drop_index(NAME, "transfer", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            NAME, "transfer", ["book", "posting_id"], postgresql_concurrently=True,
            postgresql_where=sa.text("channel = 'sheet' AND part = 0 AND reverses IS NULL"),
        )  # fmt: skip


def downgrade() -> None:
    """Remove it."""
    op.drop_index(NAME, "transfer")
