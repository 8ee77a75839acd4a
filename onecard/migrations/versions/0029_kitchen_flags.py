"""flags of kitchens' figures"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "kitchen_flag",
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("flag_id", sa.BigInteger(), nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("meal", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("figure", sa.Float(), nullable=False),
        sa.Column("usual", sa.Float(), nullable=True),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.Text(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'upheld', 'dismissed', 'cleared')", name=op.f("ck_kitchen_flag_state")
        ),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"],
            name=op.f("fk_kitchen_flag_book_canteen_id"),
        ),
        sa.PrimaryKeyConstraint("book", "flag_id", name=op.f("pk_kitchen_flag")),
        sa.UniqueConstraint(
            "book", "canteen_id", "rule", "first_day", "meal", "stream",
            name=op.f("uq_kitchen_flag_book_canteen_id_rule_first_day_meal_stream"),
        ),
    )  # fmt: skip
    op.create_index("ix_kitchen_flag_last_day", "kitchen_flag", ["last_day"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("kitchen_flag")
