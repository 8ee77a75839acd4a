"""numbers of openings, and numbers that a settled shift uses up, are remembered like requests"""

from alembic import op

revision = "0041"
down_revision = "0039"
branch_labels = None
depends_on = None


def _checks(operations: str, outcomes: str) -> None:
    """Change what a row may be. Each statement is its own transaction: none holds up payments while rows are read."""
    with op.get_context().autocommit_block():
        op.execute(
            "ALTER TABLE request DROP CONSTRAINT IF EXISTS ck_request_operation,"
            " DROP CONSTRAINT IF EXISTS ck_request_outcome,"
            f" ADD CONSTRAINT ck_request_operation CHECK (operation IN ({operations})) NOT VALID,"
            f" ADD CONSTRAINT ck_request_outcome CHECK (outcome IN ({outcomes})) NOT VALID"
        )
        op.execute("ALTER TABLE request VALIDATE CONSTRAINT ck_request_operation")
        op.execute("ALTER TABLE request VALIDATE CONSTRAINT ck_request_outcome")


def upgrade() -> None:
    """Allow the rows, and write those of the shifts that were opened before.

    A worker of the release before finds such a number used, as it should.
    """
    _checks("'charge', 'void', 'opening', 'unused'", "'approved', 'refused', 'voided', 'forwarded', 'recorded'")
    op.execute(
        "INSERT INTO request (book, terminal_id, epoch, sequence, operation, digest, outcome, cash_fen, subsidy_fen,"
        " host_fen, answered_at)"
        " SELECT book, terminal_id, epoch, first_sequence, 'opening', '', 'recorded', 0, 0, 0, received_at"
        " FROM till_shift ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    """Remove them, for which their owner needs a right that is taken from everybody."""
    op.execute("GRANT DELETE ON request TO CURRENT_USER")
    op.execute("DELETE FROM request WHERE operation IN ('opening', 'unused')")
    op.execute("REVOKE DELETE ON request FROM CURRENT_USER")
    _checks("'charge', 'void'", "'approved', 'refused', 'voided', 'forwarded'")
