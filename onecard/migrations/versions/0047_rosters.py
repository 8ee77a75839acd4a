"""person classes, suspended and leaving officials, rosters, what a card or phone replaces"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

CLASSES = (
    ("official", "在编人员", "official"),
    ("contractor", "外包人员", "contractor"),
    ("trainee", "实习人员", "trainee"),
    ("retiree", "离退休人员", "retiree"),
    ("family", "家属", "family member"),
    ("guest", "来宾", "guest"),
)


def _check_state(states: str) -> None:
    op.execute(
        "ALTER TABLE official DROP CONSTRAINT ck_official_state,"
        f" ADD CONSTRAINT ck_official_state CHECK (state IN ({states}))"
    )


def upgrade() -> None:
    """Add columns and tables. To workers of the release before, who is not active has a closed account."""
    op.create_table(
        "person_class",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("name_zh", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
    )
    for code, name_zh, name_en in CLASSES:
        op.execute(
            sa.text("INSERT INTO person_class VALUES (:code, :name_zh, :name_en)").bindparams(
                code=code, name_zh=name_zh, name_en=name_en
            )
        )
    op.execute(
        "ALTER TABLE official ADD COLUMN person_class text NOT NULL DEFAULT 'official', ADD COLUMN department text,"
        " ADD COLUMN earlier_book integer, ADD COLUMN earlier_holder bigint"
    )
    _check_state("'active', 'suspended', 'leaving', 'left'")
    # Who comes back after his account was closed gets a new one, under the same staff number.
    op.create_index(
        "uq_official_staff_number", "official", ["book", "agency_id", "staff_index"], unique=True,
        postgresql_where=sa.text("state <> 'left'"),
    )  # fmt: skip
    op.drop_index("uq_official_staff", "official")
    op.execute("ALTER TABLE credential ADD COLUMN replaces bigint")
    op.create_table(
        "roster",
        sa.Column("roster_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("book", sa.Integer, nullable=False),
        sa.Column("agency_id", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Column("done", sa.Integer, nullable=False, server_default="0"),
        sa.Column("rows", sa.Integer, nullable=False, server_default="0"),
        sa.Column("preview", JSONB),
        sa.Column("problem", JSONB),
        sa.Column("confirmed_by", sa.Text),
        sa.Column("confirmed_leavers", sa.Integer),
        sa.Column("applied_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "state IN ('received', 'previewed', 'refused', 'confirmed', 'applied')", name="ck_roster_state"
        ),
    )
    op.create_index("ix_roster_agency", "roster", ["agency_id", "roster_id"])
    op.create_index(
        "ix_roster_waiting", "roster", ["roster_id"], postgresql_where=sa.text("state IN ('received', 'confirmed')")
    )
    op.create_table(
        "roster_change",
        sa.Column("book", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("holder_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("roster_id", sa.BigInteger, sa.ForeignKey("roster.roster_id", name="fk_roster_change_roster_id"),
                  primary_key=True, autoincrement=False),
        sa.Column("what", sa.Text, nullable=False),
    )  # fmt: skip


def downgrade() -> None:
    """Remove them. Nobody may be suspended or leaving, or have a second account under one staff number."""
    op.drop_table("roster_change")
    op.drop_table("roster")
    op.execute("ALTER TABLE credential DROP COLUMN replaces")
    op.create_index("uq_official_staff", "official", ["book", "agency_id", "staff_index"], unique=True)
    op.drop_index("uq_official_staff_number", "official")
    _check_state("'active', 'left'")
    op.execute(
        "ALTER TABLE official DROP COLUMN person_class, DROP COLUMN department, DROP COLUMN earlier_book,"
        " DROP COLUMN earlier_holder"
    )
    op.drop_table("person_class")
