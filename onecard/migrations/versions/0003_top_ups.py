"""online top-ups, and meal money that lapses at the year's end"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up."""
    op.create_table(
        "subsidy_lapse",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("purses", sa.BigInteger(), nullable=False),
        sa.Column("subsidy_fen", sa.BigInteger(), nullable=False),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("book", "agency_id", "year", name=op.f("pk_subsidy_lapse")),
    )
    op.create_table(
        "gateway_order",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'paid', 'expired', 'returned')", name=op.f("ck_gateway_order_state")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_gateway_order_amount")),
        sa.ForeignKeyConstraint(
            ["book", "holder_id"],
            ["official.book", "official.holder_id"],
            name=op.f("fk_gateway_order_book_holder_id"),
        ),
        sa.PrimaryKeyConstraint("book", "holder_id", "order_id", name=op.f("pk_gateway_order")),
    )
    op.create_index("uq_gateway_order_number", "gateway_order", ["book", "number"], unique=True)
    op.create_index(
        "ix_gateway_order_open",
        "gateway_order",
        ["book", "created_at"],
        postgresql_where=sa.text("state = 'open'"),
    )
    # It takes the channel now, and is installed anew after this.
    op.execute("DROP FUNCTION IF EXISTS deposit(integer, text, uuid[], bigint[], bigint[])")
