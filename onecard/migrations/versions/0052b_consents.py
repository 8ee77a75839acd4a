"""consents that officials gave or withdrew"""

import sqlalchemy as sa
from alembic import op

revision = "0052b"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table that workers of the release before do not know."""
    op.create_table(
        "consent_change",
        sa.Column("book", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("change_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("holder_id", sa.BigInteger, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("given", sa.Boolean, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("credential_id", sa.BigInteger),
    )
    op.create_index("ix_consent_change_holder", "consent_change", ["book", "holder_id", "purpose"])


def downgrade() -> None:
    """Remove it."""
    op.drop_table("consent_change")
