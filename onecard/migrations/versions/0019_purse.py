"""the table of purses is called purse, and a region's rules are called that"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Column by column, PostgreSQL's own names of "not null" too.
RENAME_CONSTRAINTS = """
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT conname, replace(conname, '{old}', '{new}') AS renamed
             FROM pg_constraint WHERE conrelid = '{table}'::regclass AND conname LIKE '%{old}%'
    LOOP
        EXECUTE format('ALTER TABLE {table} RENAME CONSTRAINT %I TO %I', c.conname, c.renamed);
    END LOOP;
END $$
"""


def rename_constraints(table: str, old: str, new: str) -> None:
    """Put the new word into the names of a table's constraints."""
    op.execute(RENAME_CONSTRAINTS.format(table=table, old=old, new=new))


def upgrade() -> None:
    """Rename tables, columns, constraints and indexes; views keep the old names.

    The views serve workers of the release before while they are being replaced. To be dropped one release later.
    """
    op.execute("ALTER TABLE wallet RENAME TO purse")
    op.execute("ALTER TABLE purse RENAME COLUMN purse TO kind")
    op.execute("ALTER INDEX uq_wallet_account RENAME TO uq_purse_account")
    rename_constraints("purse", "wallet_purse", "purse_kind")
    rename_constraints("purse", "wallet", "purse")
    op.execute("CREATE VIEW wallet AS SELECT book, holder_id, kind AS purse, account_id, balance_fen FROM purse")
    op.execute("ALTER TABLE jurisdiction RENAME TO region_rules")
    rename_constraints("region_rules", "jurisdiction", "region_rules")
    op.execute("CREATE VIEW jurisdiction AS SELECT * FROM region_rules")
    # Installed anew after this with an audit note as last argument, or another answer; old callers may leave it out.
    op.execute("DROP FUNCTION IF EXISTS deposit(integer, text, text, uuid[], bigint[], bigint[])")
    op.execute("DROP FUNCTION IF EXISTS refund(integer, uuid, uuid, bigint)")
    op.execute("DROP FUNCTION IF EXISTS close_account(integer, bigint, uuid)")


def downgrade() -> None:
    """Give everything its old name again."""
    op.execute("DROP VIEW jurisdiction")
    op.execute("ALTER TABLE region_rules RENAME TO jurisdiction")
    rename_constraints("jurisdiction", "region_rules", "jurisdiction")
    op.execute("DROP VIEW wallet")
    op.execute("ALTER INDEX uq_purse_account RENAME TO uq_wallet_account")
    op.execute("ALTER TABLE purse RENAME COLUMN kind TO purse")
    op.execute("ALTER TABLE purse RENAME TO wallet")
    rename_constraints("wallet", "purse_kind", "wallet_purse")
    rename_constraints("wallet", "k_purse", "k_wallet")
