"""shifts of tills, and what the tills signed at their ends"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036b"
branch_labels = None
depends_on = None


def _big(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def upgrade() -> None:
    """Create the tables. ``till_totals`` stays for workers of the release before."""
    op.create_table(
        "till_shift",
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("terminal_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        *_big("first_sequence"),
        sa.Column("cashier", sa.Text(), nullable=False),
        sa.Column("drawer", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("book", "terminal_id", "epoch", "first_sequence", name=op.f("pk_till_shift")),
    )
    op.create_table(
        "shift_closing",
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("terminal_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        *_big("first_sequence"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_big("last_sequence"),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        *_big("unknown", "payments", "amount_fen", "ledger_payments", "ledger_fen"),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        *[
            sa.Column(name, sa.LargeBinary(), nullable=False)
            for name in ("body", "signature_base", "signature", "public_key")
        ],
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("last_sequence >= first_sequence", name=op.f("ck_shift_closing_numbers")),
        sa.ForeignKeyConstraint(
            ["book", "terminal_id", "epoch", "first_sequence"],
            ["till_shift.book", "till_shift.terminal_id", "till_shift.epoch", "till_shift.first_sequence"],
            name=op.f("fk_shift_closing_book_terminal_id_epoch_first_sequence"),
        ),
        sa.PrimaryKeyConstraint(
            "book", "terminal_id", "epoch", "first_sequence", "number", name=op.f("pk_shift_closing")
        ),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("shift_closing")
    op.drop_table("till_shift")
