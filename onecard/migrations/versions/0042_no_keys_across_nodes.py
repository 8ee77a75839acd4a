"""no foreign key that a ledger spread over several nodes could not keep

`onecard verify` looks for what these refused. Rows are written by functions that read what they refer to.
"""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_OFFICIAL = (["book", "holder_id"], "official", ["book", "holder_id"])
KEYS = (
    ("purse", "fk_purse_book_holder_id", *_OFFICIAL),
    ("credential", "fk_credential_book_holder_id", *_OFFICIAL),
    ("visit", "fk_visit_book_holder_id", *_OFFICIAL),
    ("phone_activation", "fk_phone_activation_book_holder_id", *_OFFICIAL),
    ("gateway_order", "fk_gateway_order_book_holder_id", *_OFFICIAL),
    ("closed_day", "fk_closed_day_cycle_date", ["cycle_date"], "cycle", ["business_date"]),
    ("quarter_result", "fk_quarter_result_quarter", ["quarter"], "evaluation_quarter", ["quarter"]),
    (
        "code_reference",
        "fk_code_reference_book_credential",
        ["book", "credential_id"],
        "credential",
        ["book", "credential_id"],
    ),
    (
        "shift_closing",
        "fk_shift_closing_book_terminal_id_epoch_first_sequence",
        ["book", "terminal_id", "epoch", "first_sequence"],
        "till_shift",
        ["book", "terminal_id", "epoch", "first_sequence"],
    ),
)
"""Table, name, columns, table that is referred to, its columns."""


def upgrade() -> None:
    """Drop them."""
    for table, name, *_ in KEYS:
        op.drop_constraint(name, table, type_="foreignkey")


def downgrade() -> None:
    """Create them; fails where a row refers to nothing."""
    for table, name, columns, target, its_columns in KEYS:
        op.create_foreign_key(name, table, target, columns, its_columns)
