"""printed sheets of canteens, what phones say when they pay by one, displays at the counter, place checks"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0058"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """New tables; two columns of a region's rules, whose default is that no place is asked for."""
    op.add_column("region_rules", sa.Column("place_check", sa.Text, nullable=False, server_default="off"))
    op.add_column("region_rules", sa.Column("place_within_m", sa.Integer, nullable=False, server_default="300"))
    op.create_check_constraint(
        op.f("ck_region_rules_place_check"), "region_rules", "place_check IN ('off', 'flag', 'refuse')"
    )
    op.create_table(
        "sheet",
        sa.Column("book", sa.Integer, nullable=False),
        sa.Column("sheet_id", sa.BigInteger, nullable=False),
        sa.Column("canteen_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("beside", sa.Text),
        sa.Column("expires_at", TIME),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME),
        sa.PrimaryKeyConstraint("book", "sheet_id", name="pk_sheet"),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name="fk_sheet_book_canteen_id"
        ),
    )
    op.create_index("uq_sheet_number", "sheet", ["sheet_id"], unique=True)
    op.create_table(
        "sheet_payment",
        sa.Column("book", sa.Integer, nullable=False),
        sa.Column("terminal_id", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("sheet_id", sa.BigInteger, nullable=False),
        sa.Column("sheet_version", sa.Integer, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("distance", sa.Text),
        sa.PrimaryKeyConstraint("book", "terminal_id", "epoch", "sequence", name="pk_sheet_payment"),
        sa.CheckConstraint("place IN ('off', 'near', 'far', 'denied', 'unknown')", name="ck_sheet_payment_place"),
        sa.CheckConstraint("(place IN ('near', 'far')) = (distance IS NOT NULL)", name="ck_sheet_payment_distance"),
    )
    op.create_table(
        "counter_display",
        sa.Column("book", sa.Integer, nullable=False),
        sa.Column("display_id", sa.BigInteger, nullable=False),
        sa.Column("canteen_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME),
        sa.PrimaryKeyConstraint("book", "display_id", name="pk_counter_display"),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name="fk_counter_display_book_canteen_id"
        ),
    )
    op.create_index("uq_counter_display_token", "counter_display", ["token_hash"], unique=True)


def downgrade() -> None:
    """Remove them."""
    for table in ("counter_display", "sheet_payment", "sheet"):
        op.drop_table(table)
    for column in ("place_within_m", "place_check"):
        op.drop_column("region_rules", column)
