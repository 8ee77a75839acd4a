"""``onecard distribute``: spread the ledger over the nodes of Citus (distributed PostgreSQL), by book.

A book's rows stand on one node, whatever the table; what every book reads has a copy on each node; the rest stays on
the coordinator. The functions of the ledger run on their book's node.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from alembic.script import ScriptDirectory

from foundation.catalogue import Explained
from onecard.migrate import alembic_config, install_functions, owns_tables, set_privileges

CITUS_SINCE = 13
"""The first major version of Citus that the SQL of the ledger is known to run on."""

REFERENCE = ("book", "agency", "canteen", "region_rules", "class_rules", "terminal", "sheet")
"""Tables with a copy on every node: few rows, seldom written, read by payments of any book."""

DISTRIBUTED = (
    "transfer",
    "request",
    "sheet_payment",
    "official",
    "purse",
    "credential",
    "visit",
    "book_day",
    "closed_day",
    "account_day",
    "sale_line",
    "take_away_sale",
    "till_shift",
    "shift_closing",
    "phone_activation",
    "gateway_order",
    "subsidy_lapse",
)
"""Tables of which each book's rows stand on one node. The first one sets where; the others follow it."""

DELEGATED = (
    "charge",
    "charge_with_lines",
    "void_charge",
    "deposit",
    "refund",
    "close_account",
    "lapse_subsidies",
    "move_business_day",
)
"""Functions that run on the node of their first parameter, the book; within a transaction of the caller's their
statements go there one by one."""

WAIT_S = 10
"""How long to wait for whoever uses a table. Then nothing is done."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: a table or function, and where it goes (``onecard.distribute.step.<where>``)."""

    name: str
    where: str
    statement: str
    parameters: tuple[str, ...]


class CannotDistribute(Explained):
    """The ledger stays as it is."""


def distribute(owner_url: str, running_role: str, *, dry_run: bool = False) -> list[Step]:
    """Do what is not done yet, all of it or nothing; what was (or with ``dry_run`` would be) done.

    Rows that there are go to their nodes meanwhile, and nothing can be posted. Raises CannotDistribute.
    """
    with psycopg.connect(owner_url) as connection:
        _check(connection, owner_url)
        try:
            connection.execute("SELECT pg_advisory_xact_lock(7300, 0)")
            steps = list(_missing(connection))
            if not dry_run:
                _run(connection, steps, running_role)
                connection.commit()
            return steps
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            raise CannotDistribute("onecard.distribute.busy") from error
        except psycopg.OperationalError as error:
            raise CannotDistribute(
                "onecard.distribute.node_away", reason=error.diag.message_primary or error
            ) from error


def _run(connection: psycopg.Connection, steps: list[Step], running_role: str) -> None:
    connection.execute(f"SET LOCAL lock_timeout = '{WAIT_S}s'".encode())
    # A foreign key to a table with a copy on every node allows one connection a node.
    connection.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
    connection.execute("SET LOCAL client_min_messages = warning")
    _introduce_types(connection)
    for step in steps:
        connection.execute(step.statement.encode(), step.parameters)
    install_functions(connection)
    # Citus makes the views of what it moves anew, and forgets who may read them.
    set_privileges(connection, running_role)


def _introduce_types(connection: psycopg.Connection) -> None:
    """Let the nodes know the types of a ledger that is older than its nodes, by a function that has them all.

    First of all: Citus 14.0 cannot do it in a transaction that has distributed something else.
    """
    types = _value(connection, _UNKNOWN_TYPES)
    if types is not None:
        connection.execute(f"CREATE FUNCTION introduced({types}) RETURNS void LANGUAGE sql AS ''".encode())
        connection.execute("DROP FUNCTION introduced")


_UNKNOWN_TYPES = """
SELECT string_agg(c.reltype::regtype::text, ', ') FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'c' AND NOT EXISTS (
    SELECT 1 FROM pg_dist_object o WHERE o.classid = 'pg_type'::regclass AND o.objid = c.reltype)
"""


def _check(connection: psycopg.Connection, owner_url: str) -> None:
    """Raise CannotDistribute unless everything is there that is needed."""
    version = _value(connection, "SELECT extversion FROM pg_extension WHERE extname = 'citus'")
    if version is None:
        raise CannotDistribute("onecard.distribute.no_citus")
    if int(str(version).split(".", 1)[0]) < CITUS_SINCE:
        raise CannotDistribute("onecard.distribute.old_citus", version=version, since=CITUS_SINCE)
    if _value(connection, "SELECT to_regclass('alembic_version')") is None:
        raise CannotDistribute("onecard.database.empty")
    head = ScriptDirectory.from_config(alembic_config(owner_url)).get_current_head()
    if _value(connection, "SELECT version_num FROM alembic_version") != head:
        raise CannotDistribute("onecard.distribute.not_migrated")
    if not owns_tables(owner_url):
        raise CannotDistribute("onecard.distribute.not_owner")
    if not _value(connection, "SELECT bool_or(groupid = 0) FROM pg_dist_node WHERE isactive"):
        raise CannotDistribute("onecard.distribute.no_coordinator")
    if not _value(connection, "SELECT bool_or(groupid <> 0 AND shouldhaveshards) FROM pg_dist_node WHERE isactive"):
        raise CannotDistribute("onecard.distribute.no_workers")


def _missing(connection: psycopg.Connection) -> Iterator[Step]:
    done = {
        str(name)
        for (name,) in connection.execute(
            "SELECT logicalrelid::text FROM pg_dist_partition WHERE partmethod = 'h' OR repmodel = 't'"
        )
    }
    for name in REFERENCE:
        if name not in done:
            yield Step(name, "reference", "SELECT create_reference_table(%s)", (name,))
    first = DISTRIBUTED[0]
    for name in DISTRIBUTED:
        if name not in done:
            beside = "none" if name == first else first
            call = "SELECT create_distributed_table(%s, 'book', colocate_with => %s)"
            yield Step(name, "distributed", call, (name, beside))
    for name, signature in connection.execute(_NOT_DELEGATED, [list(DELEGATED)]).fetchall():
        call = "SELECT create_distributed_function(%s, 'p_book', colocate_with => %s)"
        yield Step(name, "delegated", call, (signature, first))


_NOT_DELEGATED = """
SELECT p.proname, p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND p.proname = ANY (%s) AND NOT EXISTS (
    SELECT 1 FROM pg_dist_object o
    WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid AND o.distribution_argument_index IS NOT NULL)
ORDER BY p.proname
"""


def _value(connection: psycopg.Connection, statement: str) -> object:
    row = connection.execute(statement.encode()).fetchone()
    return None if row is None else row[0]
