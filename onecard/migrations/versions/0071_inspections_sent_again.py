"""an inspection has the number under which it was sent, so that a repeat files nothing more"""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

NAME = "uq_inspection_visit_book_request_id"


def upgrade() -> None:
    op.add_column("inspection_visit", sa.Column("request_id", sa.Uuid))
    op.create_unique_constraint(op.f(NAME), "inspection_visit", ["book", "request_id"])


def downgrade() -> None:
    op.drop_constraint(op.f(NAME), "inspection_visit")
    op.drop_column("inspection_visit", "request_id")
