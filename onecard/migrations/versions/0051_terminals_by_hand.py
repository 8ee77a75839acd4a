"""terminals are named, moved and suspended; what they last said is kept, and when users last signed in"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def _states(states: str) -> None:
    """What a terminal's state may be. The table is small, and read by payments without a lock that this waits for."""
    op.drop_constraint(op.f("ck_terminal_state"), "terminal")
    op.create_check_constraint(op.f("ck_terminal_state"), "terminal", f"state IN ({states})")


def upgrade() -> None:
    """Add columns and a table that workers of the release before do not know; to them who is suspended is not active.

    A shift that such a worker opens has no canteen; those before have their till's, as no till was ever moved.
    """
    op.add_column("terminal", sa.Column("name", sa.Text))
    op.add_column(
        "terminal", sa.Column("former_canteens", sa.ARRAY(sa.BigInteger), server_default="{}", nullable=False)
    )
    _states("'active', 'suspended', 'revoked'")
    op.create_table(
        "terminal_report",
        sa.Column("book", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("terminal_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.Column("clock_ahead_s", sa.Integer),
        sa.Column("block_list_version", sa.BigInteger),
        sa.Column("unknown_payments", sa.BigInteger),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
    )
    op.add_column("till_shift", sa.Column("canteen_id", sa.BigInteger))
    op.execute(
        "UPDATE till_shift s SET canteen_id = m.canteen_id FROM terminal m"
        " WHERE m.book = s.book AND m.terminal_id = s.terminal_id"
    )
    op.add_column("console_user", sa.Column("signed_in_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Remove them; who is suspended is revoked then."""
    op.drop_column("console_user", "signed_in_at")
    op.drop_column("till_shift", "canteen_id")
    op.drop_table("terminal_report")
    op.execute("UPDATE terminal SET state = 'revoked', revoked_at = now() WHERE state = 'suspended'")
    _states("'active', 'revoked'")
    op.drop_column("terminal", "former_canteens")
    op.drop_column("terminal", "name")
