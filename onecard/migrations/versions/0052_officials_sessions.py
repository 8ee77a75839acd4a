"""sessions of officials who sign on at a provider"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table that workers of the release before do not know."""
    op.create_table(
        "holder_session",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False, unique=True),
        sa.Column("book", sa.Integer, nullable=False),
        sa.Column("holder_id", sa.BigInteger, nullable=False, index=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("identity_id", sa.BigInteger, nullable=False, index=True),
        sa.Column("provider_session", sa.Text),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("holder_session")
