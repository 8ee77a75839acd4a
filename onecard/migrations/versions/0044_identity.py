"""sessions at the console by cookie, second factors, invited and suspended users"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

ROLES = "'centre_operator', 'centre_approver', 'agency_admin', 'agency_finance', 'canteen_manager', 'supervisor'"


def _check_role(roles: str) -> None:
    op.execute(
        "ALTER TABLE console_user DROP CONSTRAINT ck_console_user_role,"
        f" ADD CONSTRAINT ck_console_user_role CHECK (role IN ({roles}))"
    )


def upgrade() -> None:
    """Add columns whose defaults are what workers of the release before mean, and tables that they do not know."""
    # Such a worker inserts a session by its first three columns.
    op.execute(
        "ALTER TABLE console_session"
        " ADD COLUMN number bigint NOT NULL DEFAULT nextval('onecard_number'),"
        " ADD COLUMN kind text NOT NULL DEFAULT 'bearer',"
        " ADD COLUMN made_at timestamptz NOT NULL DEFAULT now(),"
        " ADD COLUMN last_used_at timestamptz NOT NULL DEFAULT now(),"
        " ADD COLUMN proved_at timestamptz,"
        " ADD COLUMN address text NOT NULL DEFAULT '',"
        " ADD COLUMN device text NOT NULL DEFAULT '',"
        " ADD CONSTRAINT uq_console_session_number UNIQUE (number),"
        " ADD CONSTRAINT ck_console_session_kind CHECK (kind IN ('bearer', 'cookie'))"
    )
    op.create_index("ix_console_session_user", "console_session", ["user_id"])
    op.execute(
        "ALTER TABLE console_user"
        " ADD COLUMN state text NOT NULL DEFAULT 'active',"
        " ADD COLUMN suspended_at timestamptz,"
        " ADD COLUMN granted_by text,"
        " ADD COLUMN invitation_hash bytea,"
        " ADD COLUMN invitation_expires_at timestamptz,"
        " ADD CONSTRAINT ck_console_user_state CHECK (state IN ('invited', 'unconfirmed', 'active'))"
    )
    _check_role(f"{ROLES}, 'auditor'")
    op.create_table(
        "second_factor",
        sa.Column("user_id", sa.BigInteger, sa.ForeignKey("console_user.user_id", name="fk_second_factor_user_id"),
                  primary_key=True, autoincrement=False),
        sa.Column("secret_sealed", sa.LargeBinary, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("last_step", sa.BigInteger, nullable=False),
    )  # fmt: skip
    op.create_table(
        "recovery_code",
        sa.Column("user_id", sa.BigInteger, sa.ForeignKey("second_factor.user_id", name="fk_recovery_code_user_id"),
                  primary_key=True, autoincrement=False),
        sa.Column("code_hash", sa.LargeBinary, primary_key=True),
        sa.Column("used_at", sa.DateTime(timezone=True)),
    )  # fmt: skip
    op.create_table(
        "sign_in_ticket",
        sa.Column("ticket_hash", sa.LargeBinary, primary_key=True),
        sa.Column("user_id", sa.BigInteger, sa.ForeignKey("console_user.user_id", name="fk_sign_in_ticket_user_id"),
                  nullable=False),
        sa.Column("network", sa.Text, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )  # fmt: skip


def downgrade() -> None:
    """Remove them. Auditors must have other roles first, and who may not sign in yet gets in with his password."""
    op.drop_table("sign_in_ticket")
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
    _check_role(ROLES)
    op.execute(
        "ALTER TABLE console_user DROP COLUMN state, DROP COLUMN suspended_at, DROP COLUMN granted_by,"
        " DROP COLUMN invitation_hash, DROP COLUMN invitation_expires_at"
    )
    op.execute(
        "ALTER TABLE console_session DROP COLUMN number, DROP COLUMN kind, DROP COLUMN made_at,"
        " DROP COLUMN last_used_at, DROP COLUMN proved_at, DROP COLUMN address, DROP COLUMN device"
    )
    op.execute("DROP INDEX IF EXISTS ix_console_session_user")
