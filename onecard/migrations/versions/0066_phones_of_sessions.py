"""officials' sessions know when the person showed who he is, phones by which session they were made"""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0060"
branch_labels = None
depends_on = None

NAME = "ix_phone_activation_identity"


def upgrade() -> None:
    """Add columns that workers of the release before leave empty, and an index, for which nobody waits."""
    op.add_column("holder_session", sa.Column("authenticated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("phone_activation", sa.Column("session_number", sa.BigInteger, nullable=True))
    with op.get_context().autocommit_block():
        op.drop_index(NAME, "phone_activation", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            NAME, "phone_activation", ["book", "holder_id"], postgresql_concurrently=True,
            postgresql_where=sa.text("identity_id IS NOT NULL"),
        )  # fmt: skip


def downgrade() -> None:
    """Remove them."""
    op.drop_index(NAME, "phone_activation")
    op.drop_column("phone_activation", "session_number")
    op.drop_column("holder_session", "authenticated_at")
