"""wrong PINs are counted by cashier and till, and of a day for all tills"""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add them. Workers of the release before go on counting by cashier alone."""
    op.add_column("cashier", sa.Column("tries_since", TIME, nullable=True))
    op.create_table(
        "cashier_tries",
        sa.Column("book", sa.Integer, nullable=False),
        sa.Column("cashier_id", sa.BigInteger, nullable=False),
        sa.Column("terminal_id", sa.BigInteger, nullable=False),
        sa.Column("wrong_tries", sa.Integer, nullable=False),
        sa.Column("locked_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("book", "cashier_id", "terminal_id", name="pk_cashier_tries"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("cashier_tries")
    op.drop_column("cashier", "tries_since")
