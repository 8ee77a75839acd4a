"""how kitchens are run, and what their months came to"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BIG = ("covers", "weighed_covers", "waste_g", "preparation_g", "unserved_g", "plate_g", "inedible_g", "prepared_g",
       "prepared_waste_g")  # fmt: skip


def upgrade() -> None:
    """Bring the tables up."""
    op.create_table(
        "kitchen",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("operating", sa.Text(), nullable=False),
        sa.Column("serving", sa.Text(), nullable=False),
        sa.Column("cost_per_kg_fen", sa.Integer()),
        sa.CheckConstraint("operating IN ('self_run', 'contracted')", name=op.f("ck_kitchen_operating")),
        sa.CheckConstraint("serving IN ('buffet', 'set_meal', 'a_la_carte')", name=op.f("ck_kitchen_serving")),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name=op.f("fk_kitchen_book_canteen_id")
        ),
        sa.PrimaryKeyConstraint("book", "canteen_id", name=op.f("pk_kitchen")),
    )
    op.create_table(
        "kitchen_month",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("meal", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in BIG),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("meals", "weighed_meals", "implausible")),
        sa.CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name=op.f("ck_kitchen_month_meal")),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"],
            ["canteen.book", "canteen.canteen_id"],
            name=op.f("fk_kitchen_month_book_canteen_id"),
        ),
        sa.PrimaryKeyConstraint("book", "canteen_id", "month", "meal", name=op.f("pk_kitchen_month")),
    )
    op.create_index("ix_kitchen_month_month", "kitchen_month", ["month"])
