"""a database that holds the demo city is marked"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of the mark, and mark the demo cities that earlier releases loaded, by their agencies' names."""
    op.create_table(
        "demo_city",
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("loaded_at", name=op.f("pk_demo_city")),
    )
    op.execute(
        "INSERT INTO demo_city (loaded_at)"
        " SELECT now() WHERE EXISTS (SELECT FROM agency WHERE name_zh = '宁波市机关事务管理局（演示）')"
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("demo_city")
