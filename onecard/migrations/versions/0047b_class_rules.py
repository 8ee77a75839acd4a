"""rules of person classes by region and date"""

import sqlalchemy as sa
from alembic import op

revision = "0047b"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add their table: without a row a class has the rules of officials."""
    op.create_table(
        "class_rules",
        sa.Column("book", sa.Integer, sa.ForeignKey("book.book", name="fk_class_rules_book"), primary_key=True,
                  autoincrement=False),
        sa.Column("person_class", sa.Text, primary_key=True),
        sa.Column("valid_from", sa.Date, primary_key=True),
        sa.Column("eats_at_home", sa.Boolean, nullable=False),
        sa.Column("eats_elsewhere", sa.Boolean, nullable=False),
        sa.Column("price", sa.Text, nullable=False),
        sa.CheckConstraint("price IN ('home', 'visitor')", name="ck_class_rules_price"),
        sa.CheckConstraint("person_class <> 'official'", name="ck_class_rules_person_class"),
    )  # fmt: skip


def downgrade() -> None:
    """Remove it: everybody eats as officials do."""
    op.drop_table("class_rules")
