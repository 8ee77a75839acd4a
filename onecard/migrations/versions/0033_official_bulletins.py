"""bulletins have the elements of an official document; appeal files find audit entries by their subject"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

TEXTS = ("issuer_code", "addressees", "copy_to")
NUMBERS = ("year", "serial")


def upgrade() -> None:
    """Add the columns; bulletins of earlier releases have no issuers, and old workers insert none."""
    op.add_column(
        "bulletin", sa.Column("issuers", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False)
    )
    for name in TEXTS:
        op.add_column("bulletin", sa.Column(name, sa.Text(), server_default="", nullable=False))
    for name in NUMBERS:
        op.add_column("bulletin", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("bulletin", sa.Column("signed_on", sa.Date(), nullable=True))
    op.add_column("bulletin", sa.Column("annexes", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_index(
        "uq_bulletin_serial", "bulletin", ["issuer_code", "year", "serial"], unique=True,
        postgresql_where=sa.text("serial IS NOT NULL"),
    )  # fmt: skip
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_audit_entry_subject", table_name="audit_entry")
    op.drop_index("uq_bulletin_serial", table_name="bulletin")
    for name in ("issuers", *TEXTS, *NUMBERS, "signed_on", "annexes"):
        op.drop_column("bulletin", name)
