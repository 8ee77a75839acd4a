"""the rules of the charge path: jurisdictions, visits, agreements, refunds, closures"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KINDS = "kind IN ('payment', 'working_meal', 'reversal', 'refund', 'top_up', 'grant', 'payout', 'lapse')"


def upgrade() -> None:
    """Bring the tables up."""
    op.add_column("agency", sa.Column("working_meal_account", sa.BigInteger(), nullable=True))
    op.add_column("agency", sa.Column("purse_order", sa.Text(), nullable=True))
    op.execute("UPDATE agency SET working_meal_account = nextval('onecard_number'), purse_order = 'subsidy_first'")
    op.alter_column("agency", "working_meal_account", nullable=False)
    op.alter_column("agency", "purse_order", nullable=False)
    op.create_check_constraint(
        op.f("ck_agency_purse_order"), "agency", "purse_order IN ('subsidy_first', 'cash_first')"
    )
    op.add_column("canteen", sa.Column("latitude", sa.Float(), nullable=True))
    op.add_column("canteen", sa.Column("longitude", sa.Float(), nullable=True))
    op.add_column("credential", sa.Column("last_counter", sa.BigInteger(), server_default="0", nullable=False))
    op.execute("ALTER TABLE credential SET (fillfactor = 80)")
    op.execute(
        "UPDATE credential c SET last_counter = t.counter FROM (SELECT book, credential_id, max(counter) AS counter"
        " FROM transfer WHERE credential_id IS NOT NULL GROUP BY book, credential_id) t"
        " WHERE t.book = c.book AND t.credential_id = c.credential_id"
    )
    op.add_column("request", sa.Column("host_fen", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "jurisdiction",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("visitors", sa.Text(), nullable=False),
        sa.Column("visitor_floor", sa.Text(), nullable=False),
        sa.Column("visitor_cap", sa.Text(), nullable=False),
        sa.Column("payment_max_fen", sa.BigInteger(), nullable=True),
        sa.Column("day_max_fen", sa.BigInteger(), nullable=True),
        sa.Column("meals_max", sa.Integer(), nullable=True),
        sa.Column("receipt_effect", sa.Text(), nullable=False),
        sa.Column("subsidy_expires", sa.Text(), nullable=False),
        sa.CheckConstraint("visitors IN ('anyone', 'agreement', 'visit')", name=op.f("ck_jurisdiction_visitors")),
        sa.CheckConstraint("visitor_floor IN ('none', 'home_price')", name=op.f("ck_jurisdiction_visitor_floor")),
        sa.CheckConstraint("visitor_cap IN ('none', 'allowance_share')", name=op.f("ck_jurisdiction_visitor_cap")),
        sa.CheckConstraint("receipt_effect IN ('personal', 'voucher')", name=op.f("ck_jurisdiction_receipt_effect")),
        sa.CheckConstraint("subsidy_expires IN ('never', 'year_end')", name=op.f("ck_jurisdiction_subsidy_expires")),
        sa.ForeignKeyConstraint(["book"], ["book.book"], name=op.f("fk_jurisdiction_book")),
        sa.PrimaryKeyConstraint("book", "valid_from", name=op.f("pk_jurisdiction")),
    )
    op.execute(
        "INSERT INTO jurisdiction SELECT book, '2024-01-01', 'anyone', 'none', 'none', NULL, NULL, NULL, 'personal',"
        " 'never' FROM book"
    )
    op.create_table(
        "region_agreement",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("guest_book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("book <> guest_book", name=op.f("ck_region_agreement_regions")),
        sa.ForeignKeyConstraint(["book"], ["book.book"], name=op.f("fk_region_agreement_book")),
        sa.PrimaryKeyConstraint("book", "guest_book", "valid_from", name=op.f("pk_region_agreement")),
    )
    op.create_table(
        "visit",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("visit_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.BigInteger(), nullable=False),
        sa.Column("host_agency_id", sa.BigInteger(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("working_meal", sa.Uuid(), nullable=True),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_visit_days")),
        sa.ForeignKeyConstraint(
            ["book", "holder_id"], ["official.book", "official.holder_id"], name=op.f("fk_visit_book_holder_id")
        ),
        sa.PrimaryKeyConstraint("book", "visit_id", name=op.f("pk_visit")),
    )
    op.create_index("ix_visit_holder", "visit", ["book", "holder_id", "host_agency_id"])
    op.drop_constraint(op.f("ck_transfer_kind"), "transfer")
    op.create_check_constraint(op.f("ck_transfer_kind"), "transfer", KINDS)
    op.drop_constraint(op.f("ck_transfer_reverses"), "transfer")
    op.create_check_constraint(
        op.f("ck_transfer_reverses"), "transfer", "(kind IN ('reversal', 'refund')) = (reverses IS NOT NULL)"
    )
    for index in ("uq_transfer_counter", "uq_transfer_reverses", "ix_transfer_day", "ix_transfer_holder"):
        op.drop_index(index, "transfer")
    op.create_index(
        "uq_transfer_reversal",
        "transfer",
        ["book", "reverses", "part"],
        unique=True,
        postgresql_where=sa.text("kind = 'reversal'"),
    )
    op.create_index(
        "ix_transfer_reverses", "transfer", ["book", "reverses"], postgresql_where=sa.text("reverses IS NOT NULL")
    )
    op.create_index("ix_transfer_day", "transfer", ["book", "business_date", "holder_id"])
    # The charge functions return rows of `request` and take more arguments: they are installed anew after this.
    op.execute(
        "DROP FUNCTION IF EXISTS charge(integer, bigint[], integer[], bigint[], bytea[], uuid[], text[], integer[],"
        " bigint[], bigint[], bigint[], text[], bigint[], bigint[], bigint[], text[], bigint[], bigint[], timestamptz[])"
    )
    op.execute("DROP FUNCTION IF EXISTS void_charge(integer, bigint, integer, bigint, bytea, integer, bigint, uuid)")
