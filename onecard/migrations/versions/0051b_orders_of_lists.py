"""an index for each order of the lists that grow"""

import sqlalchemy as sa
from alembic import op

revision = "0051b"
down_revision = "0051"
branch_labels = None
depends_on = None

OF_KIND = ["book", "posting_id", "part"]
INDEXES = (
    ("ix_transfer_refund", "transfer", OF_KIND, "kind = 'refund'"),
    ("ix_transfer_top_up", "transfer", OF_KIND, "kind = 'top_up'"),
    ("ix_transfer_grant", "transfer", OF_KIND, "kind = 'grant'"),
    ("ix_till_shift_opened", "till_shift", ["opened_at", "book", "terminal_id", "epoch", "first_sequence"], None),
    (
        "ix_shift_closing_closed",
        "shift_closing",
        ["closed_at", "book", "terminal_id", "epoch", "first_sequence", "number"],
        None,
    ),
    ("ix_weigh_in_date", "weigh_in", ["business_date", "book", "weigh_in_id"], None),
    ("ix_material_entry_day", "material_entry", ["on_day", "book", "entry_id"], None),
    ("ix_terminal_session_last", "terminal_session", ["book", "terminal_id", "signed_in_at"], None),
    ("ix_visit_number", "visit", ["visit_id"], None),
    ("ix_visit_first_day", "visit", ["first_day", "visit_id"], None),
    ("ix_visit_last_day", "visit", ["last_day", "visit_id"], None),
)


def upgrade() -> None:
    """Make the indexes without a lock that payments would wait for; one that was left half made is made again."""
    with op.get_context().autocommit_block():
        for name, table, columns, rows in INDEXES:
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
            where = None if rows is None else sa.text(rows)
            op.create_index(name, table, columns, postgresql_concurrently=True, postgresql_where=where)


def downgrade() -> None:
    """Remove them."""
    for name, table, *_ in INDEXES:
        op.drop_index(name, table)
