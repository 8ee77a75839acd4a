"""cashiers, who sign on at tills by PIN"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

OPERATIONS = "operation IN ('charge', 'void', 'opening', 'cashier', 'unused')"
EARLIER_OPERATIONS = "operation IN ('charge', 'void', 'opening', 'unused')"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """New tables, a column, and one more use of a number."""
    _set_operations(OPERATIONS)
    op.add_column("canteen", sa.Column("cashiers_required_at", TIME))
    op.create_table(
        "cashier",
        sa.Column("book", sa.Integer, nullable=False),
        sa.Column("cashier_id", sa.BigInteger, nullable=False),
        sa.Column("agency_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("name_sealed", sa.LargeBinary, nullable=False),
        sa.Column("language", sa.Text, server_default="zh", nullable=False),
        sa.Column("canteen_ids", postgresql.ARRAY(sa.BigInteger)),
        sa.Column("may_void", sa.Boolean, server_default=sa.text("true"), nullable=False),
        sa.Column("state", sa.Text, server_default="active", nullable=False),
        sa.Column("pin_sealed", sa.LargeBinary, nullable=False),
        sa.Column("pin_is_first", sa.Boolean, server_default=sa.text("true"), nullable=False),
        sa.Column("wrong_tries", sa.Integer, server_default="0", nullable=False),
        sa.Column("locked_until", TIME),
        sa.Column("made_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("book", "cashier_id", name="pk_cashier"),
        sa.ForeignKeyConstraint(
            ["book", "agency_id"], ["agency.book", "agency.agency_id"], name="fk_cashier_book_agency_id"
        ),
        sa.CheckConstraint("state IN ('active', 'suspended', 'ended')", name="ck_cashier_state"),
        sa.CheckConstraint("language IN ('zh', 'en')", name="ck_cashier_language"),
    )
    op.create_index(
        "uq_cashier_number", "cashier", ["book", "agency_id", "number"], unique=True,
        postgresql_where=sa.text("state <> 'ended'"),
    )  # fmt: skip
    op.create_index("ix_cashier_agency", "cashier", ["agency_id", "cashier_id"])
    op.create_index("uq_cashier_id", "cashier", ["cashier_id"], unique=True)
    op.create_table(
        "cashier_sign_on",
        sa.Column("book", sa.Integer, nullable=False),
        sa.Column("terminal_id", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("first_sequence", sa.BigInteger, nullable=False),
        sa.Column("cashier_id", sa.BigInteger, nullable=False),
        sa.Column("canteen_id", sa.BigInteger, nullable=False),
        sa.Column("may_void", sa.Boolean, nullable=False),
        sa.Column("signed_on_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("ends_before", sa.BigInteger),
        sa.PrimaryKeyConstraint("book", "terminal_id", "epoch", "first_sequence", name="pk_cashier_sign_on"),
    )
    op.create_index("ix_cashier_sign_on_cashier", "cashier_sign_on", ["cashier_id", "signed_on_at"])
    op.create_index(
        "ix_cashier_sign_on_at", "cashier_sign_on", ["signed_on_at", "book", "terminal_id", "epoch", "first_sequence"]
    )
    op.create_table(
        "till_tries",
        sa.Column("book", sa.Integer, nullable=False),
        sa.Column("terminal_id", sa.BigInteger, nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("book", "terminal_id", name="pk_till_tries"),
    )


def downgrade() -> None:
    """Remove them, for which the owner of the requests needs a right that is taken from everybody."""
    op.execute("GRANT DELETE ON request TO CURRENT_USER")
    op.execute("DELETE FROM request WHERE operation = 'cashier'")
    op.execute("REVOKE DELETE ON request FROM CURRENT_USER")
    _set_operations(EARLIER_OPERATIONS)
    for table in ("till_tries", "cashier_sign_on", "cashier"):
        op.drop_table(table)
    op.drop_column("canteen", "cashiers_required_at")


def _set_operations(condition: str) -> None:
    with op.get_context().autocommit_block():
        op.execute(
            "ALTER TABLE request DROP CONSTRAINT IF EXISTS ck_request_operation,"
            f" ADD CONSTRAINT ck_request_operation CHECK ({condition}) NOT VALID"
        )
        op.execute("ALTER TABLE request VALIDATE CONSTRAINT ck_request_operation")
