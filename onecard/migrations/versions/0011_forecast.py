"""covers day by day, and their forecast"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up."""
    for table, columns in (
        ("cover_day", (sa.Column("covers", sa.Integer(), nullable=False),
                       sa.Column("guests", sa.Integer(), nullable=False))),
        ("cover_forecast", (sa.Column("covers", sa.Integer(), nullable=False),
                            sa.Column("cook_for", sa.Integer(), nullable=False),
                            sa.Column("made_at", sa.DateTime(timezone=True), nullable=False))),
    ):  # fmt: skip
        op.create_table(
            table,
            sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("canteen_id", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("business_date", sa.Date(), nullable=False),
            sa.Column("meal", sa.Text(), nullable=False),
            *columns,
            sa.CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name=op.f(f"ck_{table}_meal")),
            sa.ForeignKeyConstraint(
                ["book", "canteen_id"],
                ["canteen.book", "canteen.canteen_id"],
                name=op.f(f"fk_{table}_book_canteen_id"),
            ),
            sa.PrimaryKeyConstraint("book", "canteen_id", "business_date", "meal", name=op.f(f"pk_{table}")),
        )
    op.create_index("ix_cover_day_date", "cover_day", ["business_date"])
