"""which counters of a card or phone have paid, so that each pays once in any order"""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the window of counters.

    Of the counters below the highest nobody kept which had paid: they count as used, as they did before. A new
    credential has nothing but such bits below its counter 0.
    """
    op.execute("ALTER TABLE credential ADD COLUMN counters_used bit(256) NOT NULL DEFAULT ~ 0::bit(256)")


def downgrade() -> None:
    """Drop it."""
    op.drop_column("credential", "counters_used")
