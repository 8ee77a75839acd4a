"""results with their inputs and ranks, appeals by indicator, declarations from a date on, weighing again"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and tables; what was declared so far holds from the beginning; kept results are ranked."""
    op.add_column("evaluation_quarter", sa.Column("schemes", postgresql.JSONB()))
    for name in ("known", "reopened", "draws"):
        op.add_column("quarter_result", sa.Column(name, postgresql.JSONB()))
    for name in ("rank", "rank_low", "rank_high", "peers"):
        op.add_column("quarter_result", sa.Column(name, sa.Integer()))
    op.add_column("appeal", sa.Column("codes", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("appeal", sa.Column("veto", sa.Boolean(), server_default="false", nullable=False))
    _create_tables()
    op.execute(
        "INSERT INTO kitchen_declaration (book, canteen_id, valid_from, operating, serving, declared_by, declared_at)"
        " SELECT book, canteen_id, '2000-01-01', operating, serving, 'system', now() FROM kitchen"
    )
    op.execute("""
        UPDATE quarter_result r SET rank = n.rank, rank_low = 1, rank_high = n.peers, peers = n.peers
        FROM (
            SELECT book, canteen_id, quarter, revision, rank() OVER (PARTITION BY scheme, serving, quarter
                                                                     ORDER BY score DESC) AS rank,
                   count(*) OVER (PARTITION BY scheme, serving, quarter) AS peers
            FROM (SELECT DISTINCT ON (canteen_id, quarter) * FROM quarter_result
                  ORDER BY canteen_id, quarter, revision DESC) last
            WHERE score IS NOT NULL AND NOT vetoed AND weekly_covers >= 20
        ) n
        WHERE (r.book, r.canteen_id, r.quarter, r.revision) = (n.book, n.canteen_id, n.quarter, n.revision)
          AND n.peers >= 5
    """)


def _create_tables() -> None:
    meal, stream = "meal IN ('breakfast', 'lunch', 'dinner')", "stream IN ('preparation', 'unserved', 'plate')"
    op.create_table(
        "kitchen_declaration",
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("operating", sa.Text(), nullable=False),
        sa.Column("serving", sa.Text(), nullable=False),
        sa.Column("declared_by", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("operating IN ('self_run', 'contracted')", name=op.f("ck_kitchen_declaration_operating")),
        sa.CheckConstraint(
            "serving IN ('buffet', 'set_meal', 'a_la_carte')", name=op.f("ck_kitchen_declaration_serving")
        ),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"],
            name=op.f("fk_kitchen_declaration_book_canteen_id"),
        ),
        sa.PrimaryKeyConstraint("book", "canteen_id", "valid_from", name=op.f("pk_kitchen_declaration")),
    )  # fmt: skip
    op.create_table(
        "reweigh_seed",
        sa.Column("quarter", sa.Date(), nullable=False),
        sa.Column("commitment", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("committed_by", sa.Text(), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("quarter", name=op.f("pk_reweigh_seed")),
    )
    op.create_table(
        "reweighed_stream",
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("meal", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("recorded_g", sa.BigInteger(), nullable=False),
        sa.Column("drawn_by", sa.Text(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("weight_g", sa.BigInteger()),
        sa.Column("note", sa.Text()),
        sa.Column("weighed_by", sa.Text()),
        sa.Column("weighed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(meal, name=op.f("ck_reweighed_stream_meal")),
        sa.CheckConstraint(stream, name=op.f("ck_reweighed_stream_stream")),
        sa.CheckConstraint("recorded_g >= 0 AND weight_g >= 0", name=op.f("ck_reweighed_stream_weight")),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"],
            name=op.f("fk_reweighed_stream_book_canteen_id"),
        ),
        sa.PrimaryKeyConstraint(
            "book", "canteen_id", "business_date", "meal", "stream", name=op.f("pk_reweighed_stream")
        ),
    )  # fmt: skip


def downgrade() -> None:
    """Drop what was added."""
    for table in ("reweighed_stream", "reweigh_seed", "kitchen_declaration"):
        op.drop_table(table)
    for name in ("veto", "codes"):
        op.drop_column("appeal", name)
    for name in ("peers", "rank_high", "rank_low", "rank", "draws", "reopened", "known"):
        op.drop_column("quarter_result", name)
    op.drop_column("evaluation_quarter", "schemes")
