"""Menus, and what diners book."""

from datetime import date, datetime

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052b"
branch_labels = None
depends_on = None

MEAL = "meal IN ('breakfast', 'lunch', 'dinner')"


def _book() -> sa.Column[int]:
    return sa.Column("book", sa.Integer(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _key(table: str, *columns: str) -> tuple[sa.Constraint, ...]:
    """The key of a canteen's meal, and what it refers to."""
    return (
        sa.PrimaryKeyConstraint("book", "canteen_id", *columns, name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name=op.f(f"fk_{table}_book_canteen_id")
        ),
        sa.CheckConstraint(MEAL, name=op.f(f"ck_{table}_meal")),
    )


def _date(name: str) -> sa.Column[date]:
    return sa.Column(name, sa.Date(), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "menu",
        _book(), _number("canteen_id"), _date("business_date"), _text("meal"), _integer("version"),
        _text("published_by"), _time("published_at"),
        *_key("menu", "business_date", "meal"),
    )  # fmt: skip
    op.create_table(
        "dish",
        _book(), _number("canteen_id"), _date("business_date"), _text("meal"), _integer("version"),
        sa.Column("line", sa.SmallInteger(), nullable=False), _text("name_zh"), _text("name_en", nullable=True),
        _text("kind"), _integer("portions", nullable=True),
        sa.Column("allergens", sa.ARRAY(sa.Text()), nullable=False), _text("allergen_note", nullable=True),
        sa.Column("marks", sa.ARRAY(sa.Text()), nullable=False), sa.Column("price_fen", sa.BigInteger(), nullable=True),
        _integer("kcal", nullable=True),
        sa.PrimaryKeyConstraint(
            "book", "canteen_id", "business_date", "meal", "version", "line", name=op.f("pk_dish")
        ),
        sa.CheckConstraint("portions >= 0 AND price_fen >= 0 AND kcal >= 0", name=op.f("ck_dish_numbers")),
    )  # fmt: skip
    op.create_index("ix_dish_date", "dish", ["business_date", "canteen_id", "meal", "line"])
    op.create_table(
        "booking_terms",
        _book(), _number("canteen_id"), _text("meal"), _integer("cut_off_min"), _integer("capacity", nullable=True),
        *_key("booking_terms", "meal"),
        sa.CheckConstraint("cut_off_min >= 0 AND capacity >= 0", name=op.f("ck_booking_terms_numbers")),
    )  # fmt: skip
    op.create_table(
        "booked_meal",
        _book(), _number("canteen_id"), _date("business_date"), _text("meal"), _integer("booked"),
        _integer("came", nullable=True),
        *_key("booked_meal", "business_date", "meal"),
        sa.CheckConstraint("booked >= 0 AND came >= 0", name=op.f("ck_booked_meal_counts")),
    )  # fmt: skip
    op.create_table(
        "meal_booking",
        _book(), sa.Column("booking_id", sa.Uuid(), nullable=False), _number("holder_id"), _number("agency_id"),
        _number("canteen_id"), _number("host_id"), _date("business_date"), _text("meal"),
        sa.Column("on_visit", sa.Boolean(), nullable=False), sa.Column("price_fen", sa.BigInteger(), nullable=True),
        sa.Column("limit_fen", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False, server_default="booked"), _time("booked_at"),
        _time("cancelled_at", nullable=True),
        sa.PrimaryKeyConstraint("book", "booking_id", name=op.f("pk_meal_booking")),
        sa.CheckConstraint(MEAL, name=op.f("ck_meal_booking_meal")),
        sa.CheckConstraint("state IN ('booked', 'cancelled')", name=op.f("ck_meal_booking_state")),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)", name=op.f("ck_meal_booking_cancelled")
        ),
    )  # fmt: skip
    op.create_index(
        "uq_meal_booking_meal",
        "meal_booking",
        ["book", "holder_id", "business_date", "meal"],
        unique=True,
        postgresql_where=sa.text("state = 'booked'"),
    )
    op.create_index(
        "ix_meal_booking_holder", "meal_booking", ["book", "holder_id", "business_date", "meal", "booking_id"]
    )
    op.create_index("ix_meal_booking_canteen", "meal_booking", ["canteen_id", "business_date", "meal"])
    op.create_index("ix_meal_booking_date", "meal_booking", ["business_date", "book", "booking_id"])
    op.create_table(
        "report_out",
        _book(), sa.Column("report_id", sa.Uuid(), nullable=False), _number("holder_id"), _number("canteen_id"),
        _date("first_day"), _date("last_day"), _text("weekdays"),
        sa.Column("meals", sa.ARRAY(sa.Text()), nullable=False), _time("made_at"), _time("ended_at", nullable=True),
        sa.PrimaryKeyConstraint("book", "report_id", name=op.f("pk_report_out")),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_report_out_days")),
        sa.CheckConstraint(
            "weekdays ~ '^1?2?3?4?5?6?7?$' AND weekdays <> ''", name=op.f("ck_report_out_weekdays")
        ),
    )  # fmt: skip
    op.create_index("ix_report_out_holder", "report_out", ["book", "holder_id"])
    op.create_index("ix_report_out_canteen", "report_out", ["canteen_id", "last_day"])


def downgrade() -> None:
    for table in ("report_out", "meal_booking", "booked_meal", "booking_terms", "dish", "menu"):
        op.drop_table(table)
