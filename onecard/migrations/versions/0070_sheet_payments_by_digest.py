"""what a phone's request named stands under the digest of its content, too"""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

KEY = ["book", "terminal_id", "epoch", "sequence"]
NAME = "pk_sheet_payment"


def upgrade() -> None:
    """A column in the key; of what is there already the digest is the request's."""
    op.add_column("sheet_payment", sa.Column("digest", sa.LargeBinary, nullable=False, server_default=""))
    op.execute("GRANT UPDATE ON sheet_payment TO CURRENT_USER")
    op.execute(
        "UPDATE sheet_payment p SET digest = r.digest FROM request r WHERE r.book = p.book"
        " AND r.terminal_id = p.terminal_id AND r.epoch = p.epoch AND r.sequence = p.sequence"
    )
    op.execute("REVOKE UPDATE ON sheet_payment FROM CURRENT_USER")
    op.alter_column("sheet_payment", "digest", server_default=None)
    _set_key([*KEY, "digest"])


def downgrade() -> None:
    """Keep one of a number: that of the request, or any where there is none."""
    op.execute("GRANT DELETE ON sheet_payment TO CURRENT_USER")
    op.execute(
        "DELETE FROM sheet_payment p USING sheet_payment o WHERE o.book = p.book AND o.terminal_id = p.terminal_id"
        " AND o.epoch = p.epoch AND o.sequence = p.sequence AND o.digest <> p.digest"
        " AND (EXISTS (SELECT 1 FROM request r WHERE r.book = o.book AND r.terminal_id = o.terminal_id"
        " AND r.epoch = o.epoch AND r.sequence = o.sequence AND r.digest = o.digest)"
        " OR o.digest < p.digest AND NOT EXISTS (SELECT 1 FROM request r WHERE r.book = p.book"
        " AND r.terminal_id = p.terminal_id AND r.epoch = p.epoch AND r.sequence = p.sequence"
        " AND r.digest = p.digest))"
    )
    op.execute("REVOKE DELETE ON sheet_payment FROM CURRENT_USER")
    _set_key(KEY)
    op.drop_column("sheet_payment", "digest")


def _set_key(columns: list[str]) -> None:
    op.drop_constraint(op.f(NAME), "sheet_payment")
    op.create_primary_key(op.f(NAME), "sheet_payment", columns)
