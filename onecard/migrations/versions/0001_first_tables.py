"""first tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up."""
    op.execute("CREATE SEQUENCE onecard_number START 1001")
    op.create_table(
        "account_day",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("debit_fen", sa.BigInteger(), nullable=False),
        sa.Column("credit_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("book", "account_id", "business_date", name=op.f("pk_account_day")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("entry", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_audit_entry")),
    )
    op.create_table(
        "block_entry",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.BigInteger(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_block_entry")),
    )
    op.create_table(
        "book",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("book", name=op.f("pk_book")),
    )
    op.create_table(
        "console_user",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "role IN ('centre_operator', 'centre_approver', 'agency_admin', 'agency_finance', 'canteen_manager', 'supervisor')",
            name=op.f("ck_console_user_role"),
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_console_user")),
        sa.UniqueConstraint("login", name=op.f("uq_console_user_login")),
    )
    op.create_table(
        "cycle",
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("netted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('closed', 'netted', 'published')", name=op.f("ck_cycle_state")),
        sa.PrimaryKeyConstraint("business_date", name=op.f("pk_cycle")),
    )
    op.create_table(
        "request",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("terminal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("forwarded_to", sa.Integer(), nullable=True),
        sa.Column("posting_id", sa.Uuid(), nullable=True),
        sa.Column("cash_fen", sa.BigInteger(), nullable=False),
        sa.Column("subsidy_fen", sa.BigInteger(), nullable=False),
        sa.Column("cash_balance_fen", sa.BigInteger(), nullable=True),
        sa.Column("subsidy_balance_fen", sa.BigInteger(), nullable=True),
        sa.Column("business_date", sa.Date(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(outcome = 'forwarded') = (forwarded_to IS NOT NULL)", name=op.f("ck_request_forwarded")),
        sa.CheckConstraint("(outcome = 'refused') = (refusal IS NOT NULL)", name=op.f("ck_request_refusal")),
        sa.CheckConstraint("operation IN ('charge', 'void')", name=op.f("ck_request_operation")),
        sa.CheckConstraint(
            "outcome IN ('approved', 'refused', 'voided', 'forwarded')", name=op.f("ck_request_outcome")
        ),
        sa.PrimaryKeyConstraint("book", "terminal_id", "epoch", "sequence", name=op.f("pk_request")),
    )
    op.create_table(
        "transfer",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("debit_account", sa.BigInteger(), nullable=False),
        sa.Column("credit_account", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holder_id", sa.BigInteger(), nullable=False),
        sa.Column("issuer_id", sa.BigInteger(), nullable=False),
        sa.Column("acquirer_id", sa.BigInteger(), nullable=True),
        sa.Column("canteen_id", sa.BigInteger(), nullable=True),
        sa.Column("meal", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("credential_id", sa.BigInteger(), nullable=True),
        sa.Column("counter", sa.BigInteger(), nullable=True),
        sa.Column("terminal_id", sa.BigInteger(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("purchased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(kind = 'reversal') = (reverses IS NOT NULL)", name=op.f("ck_transfer_reverses")),
        sa.CheckConstraint("kind IN ('payment', 'reversal', 'top_up', 'grant')", name=op.f("ck_transfer_kind")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_transfer_amount")),
        sa.CheckConstraint("debit_account <> credit_account", name=op.f("ck_transfer_sides")),
        sa.PrimaryKeyConstraint("book", "posting_id", "part", name=op.f("pk_transfer")),
    )
    op.create_index("ix_transfer_day", "transfer", ["book", "business_date"], unique=False)
    op.create_index("ix_transfer_holder", "transfer", ["book", "holder_id"], unique=False)
    op.create_index(
        "uq_transfer_counter",
        "transfer",
        ["book", "credential_id", "counter", "part"],
        unique=True,
        postgresql_where=sa.text("credential_id IS NOT NULL"),
    )
    op.create_index(
        "uq_transfer_reverses",
        "transfer",
        ["book", "reverses", "part"],
        unique=True,
        postgresql_where=sa.text("reverses IS NOT NULL"),
    )
    op.create_table(
        "agency",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("float_account", sa.BigInteger(), nullable=False),
        sa.Column("grant_account", sa.BigInteger(), nullable=False),
        sa.Column("meal_allowance_fen", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["book"], ["book.book"], name=op.f("fk_agency_book")),
        sa.PrimaryKeyConstraint("book", "agency_id", name=op.f("pk_agency")),
    )
    op.create_table(
        "book_day",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["book"], ["book.book"], name=op.f("fk_book_day_book")),
        sa.PrimaryKeyConstraint("book", name=op.f("pk_book_day")),
    )
    op.create_table(
        "closed_day",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rolled_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cycle_date", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["book"], ["book.book"], name=op.f("fk_closed_day_book")),
        sa.ForeignKeyConstraint(["cycle_date"], ["cycle.business_date"], name=op.f("fk_closed_day_cycle_date")),
        sa.PrimaryKeyConstraint("book", "business_date", name=op.f("pk_closed_day")),
    )
    op.create_table(
        "console_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["console_user.user_id"], name=op.f("fk_console_session_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_console_session")),
    )
    op.create_table(
        "obligation",
        sa.Column("cycle_date", sa.Date(), nullable=False),
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("issuer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("acquirer_id", sa.BigInteger(), nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("meal", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("payments", sa.Integer(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("reversals", sa.Integer(), nullable=False),
        sa.Column("reversed_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["cycle_date"], ["cycle.business_date"], name=op.f("fk_obligation_cycle_date")),
        sa.PrimaryKeyConstraint(
            "cycle_date", "book", "issuer_id", "canteen_id", "meal", "channel", name=op.f("pk_obligation")
        ),
    )
    op.create_table(
        "position",
        sa.Column("cycle_date", sa.Date(), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("receivable_fen", sa.BigInteger(), nullable=False),
        sa.Column("payable_fen", sa.BigInteger(), nullable=False),
        sa.Column("position_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["cycle_date"], ["cycle.business_date"], name=op.f("fk_position_cycle_date")),
        sa.PrimaryKeyConstraint("cycle_date", "agency_id", name=op.f("pk_position")),
    )
    op.create_table(
        "statement",
        sa.Column("cycle_date", sa.Date(), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["cycle_date"], ["cycle.business_date"], name=op.f("fk_statement_cycle_date")),
        sa.PrimaryKeyConstraint("cycle_date", "agency_id", name=op.f("pk_statement")),
    )
    op.create_table(
        "canteen",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["book", "agency_id"], ["agency.book", "agency.agency_id"], name=op.f("fk_canteen_book_agency_id")
        ),
        sa.PrimaryKeyConstraint("book", "canteen_id", name=op.f("pk_canteen")),
    )
    op.create_table(
        "official",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("cash_account", sa.BigInteger(), nullable=False),
        sa.Column("subsidy_account", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("staff_index", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("state IN ('active', 'left')", name=op.f("ck_official_state")),
        sa.ForeignKeyConstraint(
            ["book", "agency_id"], ["agency.book", "agency.agency_id"], name=op.f("fk_official_book_agency_id")
        ),
        sa.PrimaryKeyConstraint("book", "holder_id", name=op.f("pk_official")),
    )
    op.create_index("uq_official_staff", "official", ["book", "agency_id", "staff_index"], unique=True)
    op.create_table(
        "credential",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("credential_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("card_uid", sa.LargeBinary(), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('card', 'phone')", name=op.f("ck_credential_kind")),
        sa.CheckConstraint("state IN ('active', 'blocked')", name=op.f("ck_credential_state")),
        sa.ForeignKeyConstraint(
            ["book", "holder_id"], ["official.book", "official.holder_id"], name=op.f("fk_credential_book_holder_id")
        ),
        sa.PrimaryKeyConstraint("book", "credential_id", name=op.f("pk_credential")),
    )
    op.create_index("ix_credential_holder", "credential", ["book", "holder_id"], unique=False)
    op.create_table(
        "enrolment",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("enrolment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("terminal_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("approved_by <> created_by", name=op.f("ck_enrolment_second_person")),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name=op.f("fk_enrolment_book_canteen_id")
        ),
        sa.PrimaryKeyConstraint("book", "enrolment_id", name=op.f("pk_enrolment")),
    )
    op.create_table(
        "meal_period",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("meal", sa.Text(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name=op.f("ck_meal_period_meal")),
        sa.CheckConstraint("starts < ends", name=op.f("ck_meal_period_order")),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name=op.f("fk_meal_period_book_canteen_id")
        ),
        sa.PrimaryKeyConstraint("book", "canteen_id", "meal", name=op.f("pk_meal_period")),
    )
    op.create_table(
        "phone_activation",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("activation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["book", "holder_id"],
            ["official.book", "official.holder_id"],
            name=op.f("fk_phone_activation_book_holder_id"),
        ),
        sa.PrimaryKeyConstraint("book", "activation_id", name=op.f("pk_phone_activation")),
    )
    op.create_table(
        "tariff",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("meal", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("home_fen", sa.BigInteger(), nullable=True),
        sa.Column("visitor_fen", sa.BigInteger(), nullable=True),
        sa.Column("limit_fen", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(mode = 'fixed') = (home_fen IS NOT NULL)", name=op.f("ck_tariff_fixed")),
        sa.CheckConstraint("(mode = 'free') = (limit_fen IS NOT NULL)", name=op.f("ck_tariff_free")),
        sa.CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name=op.f("ck_tariff_meal")),
        sa.CheckConstraint("mode IN ('fixed', 'free')", name=op.f("ck_tariff_mode")),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name=op.f("fk_tariff_book_canteen_id")
        ),
        sa.PrimaryKeyConstraint("book", "canteen_id", "meal", "valid_from", name=op.f("pk_tariff")),
    )
    op.create_table(
        "terminal",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("terminal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('active', 'revoked')", name=op.f("ck_terminal_state")),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name=op.f("fk_terminal_book_canteen_id")
        ),
        sa.PrimaryKeyConstraint("book", "terminal_id", name=op.f("pk_terminal")),
    )
    op.create_table(
        "wallet",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("purse", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("purse IN ('cash', 'subsidy')", name=op.f("ck_wallet_purse")),
        sa.CheckConstraint("balance_fen >= 0", name=op.f("ck_wallet_balance")),
        sa.ForeignKeyConstraint(
            ["book", "holder_id"], ["official.book", "official.holder_id"], name=op.f("fk_wallet_book_holder_id")
        ),
        sa.PrimaryKeyConstraint("book", "holder_id", "purse", name=op.f("pk_wallet")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("uq_wallet_account", "wallet", ["book", "account_id"], unique=True)
    op.create_table(
        "weigh_in",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("weigh_in_id", sa.Uuid(), nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("meal", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name=op.f("ck_weigh_in_meal")),
        sa.CheckConstraint(
            "stream IN ('preparation', 'unserved', 'plate', 'inedible', 'prepared')", name=op.f("ck_weigh_in_stream")
        ),
        sa.CheckConstraint("weight_g > 0", name=op.f("ck_weigh_in_weight")),
        sa.ForeignKeyConstraint(
            ["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"], name=op.f("fk_weigh_in_book_canteen_id")
        ),
        sa.PrimaryKeyConstraint("book", "weigh_in_id", name=op.f("pk_weigh_in")),
    )
    op.create_index("ix_weigh_in_meal", "weigh_in", ["book", "business_date", "canteen_id"], unique=False)
    op.create_table(
        "terminal_session",
        sa.Column("book", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("terminal_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("ephemeral", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["book", "terminal_id"],
            ["terminal.book", "terminal.terminal_id"],
            name=op.f("fk_terminal_session_book_terminal_id"),
        ),
        sa.PrimaryKeyConstraint("book", "session_id", name=op.f("pk_terminal_session")),
    )
    op.create_index("ix_terminal_session_id", "terminal_session", ["session_id"], unique=True)
    op.create_index(
        "uq_terminal_session_ephemeral", "terminal_session", ["book", "terminal_id", "ephemeral"], unique=True
    )
