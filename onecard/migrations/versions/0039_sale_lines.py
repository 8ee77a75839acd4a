"""what was sold in a payment"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "sale_line",
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.SmallInteger(), nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("portions", sa.Integer(), nullable=True),
        sa.Column("grams", sa.Integer(), nullable=True),
        sa.Column("unit_price_fen", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("take_away", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(portions IS NULL) <> (grams IS NULL)", name=op.f("ck_sale_line_quantity")),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_sale_line_amount")),
        sa.PrimaryKeyConstraint("book", "posting_id", "line", name=op.f("pk_sale_line")),
    )
    op.create_table(
        "take_away_sale",
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.Column("taken_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("taken_fen > 0", name=op.f("ck_take_away_sale_taken")),
        sa.PrimaryKeyConstraint("book", "business_date", "posting_id", name=op.f("pk_take_away_sale")),
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP FUNCTION IF EXISTS charge_with_lines")
    op.drop_table("take_away_sale")
    op.drop_table("sale_line")
