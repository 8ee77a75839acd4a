"""an official's open codes are found, and know the identity that made them"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

NAME = "ix_phone_activation_open"


def upgrade() -> None:
    """Add a column that workers of the release before leave empty, and an index, for which nobody waits."""
    op.add_column("phone_activation", sa.Column("identity_id", sa.BigInteger, nullable=True))
    with op.get_context().autocommit_block():
        op.drop_index(NAME, "phone_activation", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            NAME, "phone_activation", ["book", "holder_id"], postgresql_concurrently=True,
            postgresql_where=sa.text("tries_left > 0"),
        )  # fmt: skip


def downgrade() -> None:
    """Remove them."""
    op.drop_index(NAME, "phone_activation")
    op.drop_column("phone_activation", "identity_id")
