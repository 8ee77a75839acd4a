"""covers before and after refunds, the least price of a cover, weights that were taken back, corrections counted"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

LEAST_FEN = {"breakfast": 200, "lunch": 500, "dinner": 500}
"""Below what any canteen of the demo city charges (4 yuan for breakfast, 10 for the others)."""

CORRECTION_TO_ZERO = """
UPDATE weigh_in SET weight_g = NULL WHERE weight_g = 0
"""

MEALS = """
UPDATE waste_meal m SET
    preparation_g = s.preparation_g, unserved_g = s.unserved_g, plate_g = s.plate_g, inedible_g = s.inedible_g,
    prepared_g = s.prepared_g, corrected = s.corrected
FROM (
    SELECT w.book, w.canteen_id, w.business_date, w.meal,
           sum(w.weight_g) FILTER (WHERE w.stream = 'preparation' AND r.weigh_in_id IS NULL) AS preparation_g,
           sum(w.weight_g) FILTER (WHERE w.stream = 'unserved' AND r.weigh_in_id IS NULL) AS unserved_g,
           sum(w.weight_g) FILTER (WHERE w.stream = 'plate' AND r.weigh_in_id IS NULL) AS plate_g,
           sum(w.weight_g) FILTER (WHERE w.stream = 'inedible' AND r.weigh_in_id IS NULL) AS inedible_g,
           sum(w.weight_g) FILTER (WHERE w.stream = 'prepared' AND r.weigh_in_id IS NULL) AS prepared_g,
           count(w.replaces) AS corrected
    FROM weigh_in w LEFT JOIN weigh_in r ON r.book = w.book AND r.replaces = w.weigh_in_id
    GROUP BY w.book, w.canteen_id, w.business_date, w.meal
    HAVING count(w.replaces) > 0
) s
WHERE s.book = m.book AND s.canteen_id = m.canteen_id AND s.business_date = m.business_date AND s.meal = m.meal
"""

MONTHS = """
UPDATE kitchen_month k SET
    covers_gross = k.covers, meals = s.meals, weighed_meals = s.weighed_meals, weighed_covers = s.weighed_covers,
    waste_g = s.waste_g, preparation_g = s.preparation_g, unserved_g = s.unserved_g, plate_g = s.plate_g,
    inedible_g = s.inedible_g, prepared_g = s.prepared_g, prepared_waste_g = s.prepared_waste_g, co2e_g = s.co2e_g,
    unmatched_meals = s.unmatched_meals, unmatched_g = s.unmatched_g, corrected = s.corrected
FROM (
    SELECT book, canteen_id, date_trunc('month', business_date)::date AS month, meal,
           count(*) FILTER (WHERE covers > 0 OR waste_g IS NOT NULL) AS meals, count(*) FILTER (WHERE weighed) AS weighed_meals,
           coalesce(sum(covers) FILTER (WHERE weighed), 0) AS weighed_covers,
           coalesce(sum(waste_g) FILTER (WHERE weighed), 0) AS waste_g,
           coalesce(sum(preparation_g) FILTER (WHERE weighed), 0) AS preparation_g,
           coalesce(sum(unserved_g) FILTER (WHERE weighed), 0) AS unserved_g,
           coalesce(sum(plate_g) FILTER (WHERE weighed), 0) AS plate_g,
           coalesce(sum(inedible_g) FILTER (WHERE weighed), 0) AS inedible_g,
           coalesce(sum(prepared_g) FILTER (WHERE weighed AND prepared_g > 0), 0) AS prepared_g,
           coalesce(sum(waste_g) FILTER (WHERE weighed AND prepared_g > 0), 0) AS prepared_waste_g,
           coalesce(sum(co2e_g) FILTER (WHERE weighed), 0) AS co2e_g,
           count(*) FILTER (WHERE NOT weighed AND waste_g IS NOT NULL) AS unmatched_meals,
           coalesce(sum(waste_g) FILTER (WHERE NOT weighed), 0) AS unmatched_g,
           coalesce(sum(corrected), 0) AS corrected
    FROM (
        SELECT coalesce(m.book, d.book) AS book, coalesce(m.canteen_id, d.canteen_id) AS canteen_id,
               coalesce(m.business_date, d.business_date) AS business_date, coalesce(m.meal, d.meal) AS meal, d.covers,
               m.preparation_g, m.unserved_g, m.plate_g, m.inedible_g, m.prepared_g, m.co2e_g, m.corrected,
               m.preparation_g + m.unserved_g + m.plate_g AS waste_g,
               m.preparation_g + m.unserved_g + m.plate_g IS NOT NULL AND coalesce(d.covers, 0) > 0 AS weighed
        FROM waste_meal m
        FULL JOIN cover_day d ON d.book = m.book AND d.canteen_id = m.canteen_id
                             AND d.business_date = m.business_date AND d.meal = m.meal
    ) t
    GROUP BY 1, 2, 3, 4
) s
WHERE s.book = k.book AND s.canteen_id = k.canteen_id AND s.month = k.month AND s.meal = k.meal
"""


def upgrade() -> None:
    """Add the columns; a correction to 0 g meant that a weight was taken back, and now says so; sum up again.

    Covers that were kept before have no gross: the job that keeps covers counts those again that refunds touched.
    """
    op.create_index(
        "ix_transfer_given_back",
        "transfer",
        ["book", "business_date"],
        postgresql_where=sa.text("reverses IS NOT NULL"),
    )
    op.add_column("cover_day", sa.Column("covers_gross", sa.Integer()))
    op.add_column("cover_day", sa.Column("cheap", sa.Integer()))
    op.add_column("cover_day", sa.Column("paid_fen", sa.BigInteger()))
    for meal, fen in LEAST_FEN.items():
        op.add_column(
            "region_rules", sa.Column(f"cover_{meal}_fen", sa.BigInteger(), server_default=str(fen), nullable=False)
        )
    op.drop_constraint(op.f("ck_weigh_in_weight"), "weigh_in", type_="check")
    op.alter_column("weigh_in", "weight_g", nullable=True)
    op.create_check_constraint(op.f("ck_weigh_in_weight"), "weigh_in", "coalesce(weight_g >= 0, replaces IS NOT NULL)")
    op.add_column("waste_meal", sa.Column("corrected", sa.Integer(), server_default="0", nullable=False))
    for name in ("covers_gross", "unmatched_meals", "unmatched_g", "corrected"):
        kind = sa.Integer() if name in ("unmatched_meals", "corrected") else sa.BigInteger()
        op.add_column("kitchen_month", sa.Column(name, kind, server_default="0", nullable=False))
    op.execute(CORRECTION_TO_ZERO)
    op.execute(MEALS)
    op.execute(MONTHS)


def downgrade() -> None:
    """Drop the columns; a weight that was taken back is 0 g again."""
    op.execute("DROP VIEW IF EXISTS measured_meal")
    op.execute("UPDATE weigh_in SET weight_g = 0 WHERE weight_g IS NULL")
    op.drop_constraint(op.f("ck_weigh_in_weight"), "weigh_in", type_="check")
    op.alter_column("weigh_in", "weight_g", nullable=False)
    op.create_check_constraint(
        op.f("ck_weigh_in_weight"), "weigh_in", "weight_g > 0 OR replaces IS NOT NULL AND weight_g = 0"
    )
    for name in ("covers_gross", "unmatched_meals", "unmatched_g", "corrected"):
        op.drop_column("kitchen_month", name)
    op.drop_column("waste_meal", "corrected")
    for meal in LEAST_FEN:
        op.drop_column("region_rules", f"cover_{meal}_fen")
    for name in ("paid_fen", "cheap", "covers_gross"):
        op.drop_column("cover_day", name)
    op.drop_index("ix_transfer_given_back", "transfer")
