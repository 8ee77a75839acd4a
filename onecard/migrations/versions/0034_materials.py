"""purchases, stock counts, collector's tickets, destinations, causes, inspection visits, scale calibrations"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def _of_canteen(table: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        table,
        sa.Column("book", sa.Integer(), nullable=False),
        *parts,
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name=op.f(f"fk_{table}_book_canteen_id")
        ),
    )


def upgrade() -> None:
    """Create the tables; inspections known so far, by their scores, become visits."""
    _of_canteen(
        "material_entry",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("cost_fen", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('purchase', 'stock', 'collected')", name=op.f("ck_material_entry_kind")),
        sa.CheckConstraint(
            "weight_g > 0 OR weight_g = 0 AND (kind = 'stock' OR replaces IS NOT NULL)",
            name=op.f("ck_material_entry_weight"),
        ),
        sa.CheckConstraint(
            "(kind = 'purchase') = (cost_fen IS NOT NULL) AND coalesce(cost_fen, 0) >= 0",
            name=op.f("ck_material_entry_cost"),
        ),
        sa.CheckConstraint("source IN ('person', 'file')", name=op.f("ck_material_entry_source")),
        sa.PrimaryKeyConstraint("book", "entry_id", name=op.f("pk_material_entry")),
    )
    op.create_index("ix_material_entry_canteen", "material_entry", ["book", "canteen_id", "on_day"])
    op.create_index(
        "uq_material_entry_replaces", "material_entry", ["book", "replaces"], unique=True,
        postgresql_where=sa.text("replaces IS NOT NULL"),
    )  # fmt: skip
    _of_canteen(
        "kitchen_destinations",
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("destinations", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("declared_by", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("book", "canteen_id", "valid_from", name=op.f("pk_kitchen_destinations")),
    )
    _of_canteen(
        "inspection_visit",
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("plan_year", sa.Integer(), nullable=True),
        sa.Column("inspector", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.Text(), nullable=False),
        sa.Column("filed_by", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("book", "visit_id", name=op.f("pk_inspection_visit")),
        sa.UniqueConstraint(
            "book", "canteen_id", "visited_on", "inspector",
            name=op.f("uq_inspection_visit_book_canteen_id_visited_on_inspector"),
        ),
    )  # fmt: skip
    op.create_index("ix_inspection_visit_visited_on", "inspection_visit", ["visited_on"])
    _of_canteen(
        "scale_calibration",
        sa.Column("calibration_id", sa.BigInteger(), nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column("scale", sa.Text(), nullable=False),
        sa.Column("calibrated_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("valid_until > calibrated_on", name=op.f("ck_scale_calibration_days")),
        sa.PrimaryKeyConstraint("book", "calibration_id", name=op.f("pk_scale_calibration")),
    )
    op.add_column("weigh_in", sa.Column("cause", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_weigh_in_cause"), "weigh_in", "cause IN ('over_production', 'spoilage', 'trimming', 'plate')"
    )
    op.execute("""
        INSERT INTO inspection_visit (book, visit_id, canteen_id, visited_on, plan_year, inspector, looked_at, filed_by,
                                      filed_at)
        SELECT book, nextval('onecard_number'), canteen_id, (scored_at AT TIME ZONE 'Asia/Shanghai')::date, NULL,
               scored_by, string_agg(DISTINCT code, ', ' ORDER BY code), scored_by, max(scored_at)
        FROM evidence GROUP BY book, canteen_id, (scored_at AT TIME ZONE 'Asia/Shanghai')::date, scored_by
    """)


def downgrade() -> None:
    """Drop them."""
    op.drop_constraint(op.f("ck_weigh_in_cause"), "weigh_in")
    op.drop_column("weigh_in", "cause")
    for table in ("scale_calibration", "inspection_visit", "kitchen_destinations", "material_entry"):
        op.drop_table(table)
