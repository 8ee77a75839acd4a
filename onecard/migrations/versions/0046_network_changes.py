"""regions, agencies and canteens change, are suspended and end; their names have dates; opening calendar"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0044b"
branch_labels = None
depends_on = None

MEMBERS = ("book", "agency", "canteen")
CONTACT = ("address", "contact_name", "contact_phone")


def upgrade() -> None:
    """Add columns with defaults, and tables that workers of the release before do not know."""
    for table in MEMBERS:
        op.add_column(table, sa.Column("state", sa.Text, nullable=False, server_default="active"))
        op.add_column(table, sa.Column("closed_at", sa.DateTime(timezone=True)))
        op.create_check_constraint(f"ck_{table}_state", table, "state IN ('active', 'suspended', 'ended')")
        op.create_check_constraint(f"ck_{table}_closed", table, "(state = 'active') = (closed_at IS NULL)")
    for table in ("agency", "canteen"):
        for name in CONTACT:
            op.add_column(table, sa.Column(name, sa.Text))
    op.add_column("agency", sa.Column("parent_agency_id", sa.BigInteger))
    op.add_column("canteen", sa.Column("capacity", sa.Integer))
    op.create_check_constraint("ck_canteen_capacity", "canteen", "capacity > 0")
    op.create_table(
        "former_name",
        sa.Column("noun", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("name_zh", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.CheckConstraint("noun IN ('region', 'agency', 'canteen')", name="ck_former_name_noun"),
        sa.PrimaryKeyConstraint("noun", "number", "until", name="pk_former_name"),
    )
    op.add_column("meal_period", sa.Column("weekdays", sa.Text, nullable=False, server_default="1234567"))
    op.create_check_constraint(
        "ck_meal_period_weekdays", "meal_period", "weekdays ~ '^1?2?3?4?5?6?7?$' AND weekdays <> ''"
    )
    op.drop_constraint("pk_meal_period", "meal_period")
    op.create_primary_key("pk_meal_period", "meal_period", ["book", "canteen_id", "meal", "weekdays"])
    op.create_table(
        "special_day",
        sa.Column("book", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("canteen_id", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("meals", sa.dialects.postgresql.JSONB, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name="fk_special_day_book_canteen_id"
        ),
        sa.PrimaryKeyConstraint("book", "canteen_id", "day", name="pk_special_day"),
    )


def downgrade() -> None:
    """Remove them; hours of single weekdays are lost."""
    op.drop_table("special_day")
    op.execute("DELETE FROM meal_period WHERE weekdays <> '1234567'")
    op.drop_constraint("pk_meal_period", "meal_period")
    op.drop_column("meal_period", "weekdays")
    op.create_primary_key("pk_meal_period", "meal_period", ["book", "canteen_id", "meal"])
    op.drop_table("former_name")
    op.drop_column("canteen", "capacity")
    op.drop_column("agency", "parent_agency_id")
    for table in ("agency", "canteen"):
        for name in CONTACT:
            op.drop_column(table, name)
    for table in MEMBERS:
        op.drop_column(table, "closed_at")
        op.drop_column(table, "state")
