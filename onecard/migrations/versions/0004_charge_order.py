"""the charge function takes its orders as one array of a type: cheaper to send and to unpack than two dozen arrays"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the types; the function is installed anew after this."""
    op.execute(
        "CREATE TYPE charge_order AS (terminal bigint, epoch integer, sequence bigint, digest bytea, posting uuid,"
        " given text, forward_to integer, holder bigint, credential bigint, counter bigint, channel text,"
        " canteen bigint, canteen_account bigint, acquirer bigint, meal text, home_fen bigint, visitor_fen bigint,"
        " purchased_at timestamptz, subsidy_first boolean, needs_visit boolean, host_account bigint,"
        " meals_max bigint, day_max_fen bigint)"
    )
    op.execute(
        "CREATE TYPE charge_purses AS (cash_balance bigint, subsidy_balance bigint, cash_account bigint,"
        " subsidy_account bigint)"
    )
    op.execute(
        "CREATE TYPE charge_decision AS (refusal text, known boolean, pays boolean, cash bigint, subsidy bigint, host bigint,"
        " issuer bigint, visit bigint)"
    )
    op.execute(
        "DROP FUNCTION IF EXISTS charge(integer, bigint[], integer[], bigint[], bytea[], uuid[], text[], integer[],"
        " bigint[], bigint[], bigint[], text[], bigint[], bigint[], bigint[], text[], bigint[], bigint[],"
        " timestamptz[], boolean[], boolean[], bigint[], bigint[], bigint[])"
    )
