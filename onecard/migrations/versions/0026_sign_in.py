"""tries to sign in and their failures; a role of an agency needs one"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and the rule for new users: those of earlier releases without an agency may do nothing."""
    op.create_table(
        "sign_in_try",
        sa.Column("name", sa.LargeBinary(), primary_key=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_sign_in_try_last", "sign_in_try", ["last_at"])
    op.create_table(
        "sign_in_failure",
        sa.Column("failure_id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("known_device", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_sign_in_failure_user", "sign_in_failure", ["user_id", "at"])
    op.create_check_constraint(
        op.f("ck_console_user_agency"),
        "console_user",
        "agency_id IS NOT NULL OR role NOT IN ('agency_admin', 'agency_finance', 'canteen_manager')",
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    """Drop what was added."""
    op.drop_constraint(op.f("ck_console_user_agency"), "console_user")
    op.drop_table("sign_in_failure")
    op.drop_table("sign_in_try")
