"""references to holder certificates, and phones with keys of P-256"""

import sqlalchemy as sa
from alembic import op

revision = "0036b"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the column; phones from before get a reference with their next renewal."""
    op.add_column("credential", sa.Column("key_algorithm", sa.Text(), nullable=True))
    op.create_check_constraint("key_algorithm", "credential", "key_algorithm IN ('ed25519', 'ecdsa-p256-sha256')")
    op.create_table(
        "code_reference",
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("reference", sa.LargeBinary(), nullable=False),
        sa.Column("credential_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("book", "reference", name="pk_code_reference"),
        sa.ForeignKeyConstraint(
            ["book", "credential_id"],
            ["credential.book", "credential.credential_id"],
            name="fk_code_reference_book_credential",
        ),
        sa.CheckConstraint("octet_length(reference) = 6", name="ck_code_reference_reference"),
    )
    op.create_index("uq_code_reference", "code_reference", ["reference"], unique=True)
    op.create_index(
        "uq_code_reference_certificate", "code_reference", ["book", "credential_id", "expires_at"], unique=True
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("code_reference")
    op.drop_column("credential", "key_algorithm")
