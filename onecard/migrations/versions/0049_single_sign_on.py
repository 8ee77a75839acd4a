"""identities of directories, and the sessions that they open"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0047b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table that workers of the release before do not know, and columns that they leave null."""
    op.create_table(
        "identity",
        sa.Column("identity_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("agency_id", sa.BigInteger),
        sa.Column("user_id", sa.BigInteger, sa.ForeignKey("console_user.user_id", name="fk_identity_user_id")),
        sa.Column("holder_id", sa.BigInteger),
        sa.Column("bound_by", sa.Text, nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Text),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by", sa.Text),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("(user_id IS NULL) <> (holder_id IS NULL)", name="bound"),
        sa.CheckConstraint("confirmed_by <> bound_by", name="second_person"),
        sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        sa.CheckConstraint("(ended_by IS NULL) = (ended_at IS NULL)", name="ended"),
    )
    for bound in ("user", "holder"):
        op.create_index(
            f"uq_identity_{bound}_subject", "identity", ["provider", "subject"], unique=True,
            postgresql_where=sa.text(f"ended_at IS NULL AND {bound}_id IS NOT NULL"),
        )  # fmt: skip
        op.create_index(f"ix_identity_{bound}_id", "identity", [f"{bound}_id"])
    for table in ("console_session", "sign_in_ticket"):
        op.add_column(table, sa.Column("identity_id", sa.BigInteger))
        op.add_column(table, sa.Column("provider_session", sa.Text))


def downgrade() -> None:
    """Remove them. Who signed on at a provider alone needs a password."""
    for table in ("sign_in_ticket", "console_session"):
        op.drop_column(table, "provider_session")
        op.drop_column(table, "identity_id")
    op.drop_table("identity")
