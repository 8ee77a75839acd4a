"""passkeys"""

import sqlalchemy as sa
from alembic import op

revision = "0044b"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add their tables, which workers of the release before do not know."""
    op.create_table(
        "passkey",
        sa.Column("passkey_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("user_id", sa.BigInteger, sa.ForeignKey("console_user.user_id", name="fk_passkey_user_id"),
                  nullable=False),
        sa.Column("credential_id", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("credential_id", name="uq_passkey_credential_id"),
    )  # fmt: skip
    op.create_index("ix_passkey_user_id", "passkey", ["user_id"])
    op.create_table(
        "used_challenge",
        sa.Column("challenge_hash", sa.LargeBinary, primary_key=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("used_challenge")
    op.drop_table("passkey")
