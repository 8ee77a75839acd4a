"""weighings that correct others, and the sums of each meal"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STREAMS = ("preparation", "unserved", "plate", "inedible", "prepared")


def upgrade() -> None:
    """Bring the tables up."""
    op.add_column("weigh_in", sa.Column("dish", sa.Text()))
    op.add_column("weigh_in", sa.Column("source", sa.Text(), server_default="person", nullable=False))
    op.add_column("weigh_in", sa.Column("implausible", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("weigh_in", sa.Column("replaces", sa.Uuid()))
    op.drop_constraint(op.f("ck_weigh_in_weight"), "weigh_in")
    op.create_check_constraint(
        op.f("ck_weigh_in_weight"), "weigh_in", "weight_g > 0 OR replaces IS NOT NULL AND weight_g = 0"
    )
    op.create_check_constraint(op.f("ck_weigh_in_source"), "weigh_in", "source IN ('person', 'file', 'scale')")
    op.drop_index("ix_weigh_in_meal", "weigh_in")
    op.create_index("ix_weigh_in_canteen", "weigh_in", ["book", "canteen_id", "business_date"])
    op.create_index(
        "uq_weigh_in_replaces",
        "weigh_in",
        ["book", "replaces"],
        unique=True,
        postgresql_where=sa.text("replaces IS NOT NULL"),
    )
    op.create_table(
        "waste_meal",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("meal", sa.Text(), nullable=False),
        *(sa.Column(f"{stream}_g", sa.BigInteger()) for stream in STREAMS),
        sa.Column("implausible", sa.Integer(), nullable=False),
        sa.CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name=op.f("ck_waste_meal_meal")),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name=op.f("fk_waste_meal_book_canteen_id")
        ),
        sa.PrimaryKeyConstraint("book", "canteen_id", "business_date", "meal", name=op.f("pk_waste_meal")),
    )
    op.create_index("ix_waste_meal_date", "waste_meal", ["business_date"])
    sums = ", ".join(f"sum(weight_g) FILTER (WHERE stream = '{stream}')" for stream in STREAMS)
    op.execute(
        "INSERT INTO waste_meal SELECT book, canteen_id, business_date, meal, "  # noqa: S608 - constants above
        f"{sums}, 0 FROM weigh_in GROUP BY book, canteen_id, business_date, meal"
    )
