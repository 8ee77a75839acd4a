"""lists go by number over all books, and by agency"""

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_official_number", "official", ["holder_id"]),
    ("ix_official_agency", "official", ["agency_id", "holder_id"]),
    ("ix_credential_number", "credential", ["credential_id"]),
    ("ix_credential_issued", "credential", ["issued_at", "credential_id"]),
)


def upgrade() -> None:
    """Make the indexes without a lock that payments would wait for; one that was left half made is made again."""
    with op.get_context().autocommit_block():
        for name, table, columns in INDEXES:
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
            op.create_index(name, table, columns, postgresql_concurrently=True)


def downgrade() -> None:
    """Remove them."""
    for name, table, _ in INDEXES:
        op.drop_index(name, table)
