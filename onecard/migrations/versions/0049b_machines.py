"""machines among the console users, and their secrets"""

import sqlalchemy as sa
from alembic import op

revision = "0049b"
down_revision = "0049"
branch_labels = None
depends_on = None

ROLES = (
    "'centre_operator', 'centre_approver', 'agency_admin', 'agency_finance', 'canteen_manager', 'supervisor', 'auditor'"
)


def _check_role(roles: str) -> None:
    op.execute(
        "ALTER TABLE console_user DROP CONSTRAINT ck_console_user_role,"
        f" ADD CONSTRAINT ck_console_user_role CHECK (role IN ({roles}))"
    )


def upgrade() -> None:
    """Add a role, a column that is null for people, and a table: workers of the release before meet no machine."""
    _check_role(f"{ROLES}, 'machine'")
    op.add_column("console_user", sa.Column("scopes", sa.Text))
    op.create_table(
        "client_secret",
        sa.Column("secret_hash", sa.LargeBinary, primary_key=True),
        sa.Column("user_id", sa.BigInteger, sa.ForeignKey("console_user.user_id", name="fk_client_secret_user_id"),
                  nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
    )  # fmt: skip
    op.create_index("ix_client_secret_user_id", "client_secret", ["user_id"])


def downgrade() -> None:
    """Remove them; there must be no machine any more."""
    op.drop_table("client_secret")
    op.drop_column("console_user", "scopes")
    _check_role(ROLES)
