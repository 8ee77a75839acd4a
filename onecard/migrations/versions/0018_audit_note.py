"""the money functions write the audit entry of the change that they make"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the type ``audit_note``."""
    op.execute("CREATE TYPE audit_note AS (actor text, action text, subject text, detail jsonb, tail bytea)")


def downgrade() -> None:
    """Drop it with the functions that take one."""
    op.execute("DROP TYPE audit_note CASCADE")
