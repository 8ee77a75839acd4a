"""Migrations, the SQL functions that are installed again after them, and the running role's privileges.

Two roles use a database. The owner of the tables migrates it (``onecard migrate``). The running role serves, works and
runs every other command: it can change rows where the application changes rows, and nothing else. It cannot grant,
alter, drop, or disable a trigger, because only owners can.
"""

import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from procrastinate.schema import SchemaManager
from psycopg import sql
from sqlalchemy.exc import DBAPIError

import clearing
import registry
import settlement
import waste
from foundation.catalogue import Explained
from foundation.postgres import LOCK_TIMEOUT_MS

MIGRATIONS = Path(__file__).parent / "migrations"
FUNCTIONS = (
    [Path(registry.__file__).parent / "sql" / f"{name}.sql" for name in ("audit", "names")]
    + [
        Path(settlement.__file__).parent / "sql" / f"{name}.sql"
        for name in (
            "accounts",
            "day",
            "rules",
            "charge",
            "charge_with_lines",
            "void",
            "deposit",
            "refund",
            "close_account",
            "lapse",
        )
    ]
    + [Path(clearing.__file__).parent / "sql" / f"{name}.sql" for name in ("legs", "earlier_fees", "leaf")]
    + [
        Path(waste.__file__).parent / "weighing" / "sql" / "co2e.sql",
        Path(waste.__file__).parent / "measures" / "sql" / "measured_meal.sql",
    ]
)

CHARGE_ON_NODES = Path(settlement.__file__).parent / "sql" / "charge_on_nodes.sql"
"""Takes the place of charge.sql once the ledger is distributed."""

APPEND_ONLY = (
    "transfer",
    "request",
    "audit_entry",
    "cycle_proof",
    "shift_closing",
    "sale_line",
    "take_away_sale",
    "consent_change",
    "dish",
    "sheet_payment",
    "reception_month",
)
"""Tables whose rows nobody changes or removes, not even their owner."""

READ_ONLY = ("alembic_version",)
"""Tables that migrations alone write."""

DELETED_FROM = (
    "client_secret",
    "code_reference",
    "console_session",
    "holder_session",
    "meal_period",
    "passkey",
    "payment_probe",
    "procrastinate_%",
    "recovery_code",
    "second_factor",
    "sign_in_failure",
    "sign_in_ticket",
    "sign_in_try",
    "special_day",
    "used_challenge",
    "visit",
)
"""Tables from which the application removes rows, as patterns of LIKE. From the others it never does."""


LOCK_WAIT_MS = 500
"""A migration waits for a lock at most this long: whoever needs the table queues behind it. Less than
``deadlock_timeout`` (1 s), so that of two which wait for each other the migration gives up, and no payment."""

LOCK_PAUSE_S = 1.0
"""Pause before the next try, in which those behind go on."""

LOCK_TRIES = 400
"""Tries of a step: ten minutes, which outlast the transactions of a back-up's tables or of a long report."""

_IN_USE = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


class LockedOut(Explained):
    """A table stayed in use; the migrations before stay done, and the next start goes on there."""


def alembic_config(url: str, audit_key: bytes | None = None) -> Config:
    """Alembic's configuration for a database."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    config.attributes["audit_key"] = audit_key
    return config


def migrate(owner_url: str, running_role: str, audit_key: bytes | None = None) -> None:
    """Bring a database to this version: tables, job queue, functions, views, privileges.

    ``audit_key`` is needed once, for a database of version 0.2 or earlier that has audit entries. Running it again
    changes nothing. Concurrent starts wait for one lock. Each migration commits on its own, and none makes others wait
    for long (``LOCK_WAIT_MS``): it steps back and is tried again. Raises ``LockedOut``; what was done then stays.
    """
    with psycopg.connect(owner_url, autocommit=True) as lock:
        lock.execute("SELECT pg_advisory_lock(7300, 0)")
        config = alembic_config(owner_url, audit_key)
        _until_unlocked(lambda: command.upgrade(config, "head"))
        _until_unlocked(lambda: _install(owner_url, running_role))


def _install(owner_url: str, running_role: str) -> None:
    with psycopg.connect(owner_url) as connection:
        connection.execute(f"SET lock_timeout = {LOCK_WAIT_MS}".encode())
        if not connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()[0]:  # type: ignore[index]
            connection.execute(SchemaManager.get_schema().encode())
        install_functions(connection)
        set_privileges(connection, running_role)


def _until_unlocked(step: Callable[[], None]) -> None:
    """Do a step; again, after a pause, when it has waited too long for a lock. Raises ``LockedOut``."""
    for _ in range(LOCK_TRIES):
        try:
            return step()
        except (DBAPIError, psycopg.Error) as error:
            if not isinstance(getattr(error, "orig", error), _IN_USE):
                raise
        time.sleep(LOCK_PAUSE_S)
    raise LockedOut("onecard.database.in_use")


def install_functions(connection: psycopg.Connection) -> None:
    """Install the functions and views of this version in the place of those that are there."""
    for path in FUNCTIONS:
        connection.execute(path.read_bytes())
    suit_nodes(connection)


def suit_nodes(connection: psycopg.Connection) -> None:
    """Set what the functions of a distributed ledger need on their book's node, and nothing on one node.

    There no plan that is made without the book knows where it is (decision 9 keeps one plan for every call), and each
    use of one that is kept leaves a copy of it in the session's memory (Citus 14.0: 10 kB a statement and call). The
    limits of the caller's session do not reach the node. What charges is written for that (``CHARGE_ON_NODES``).
    """
    if connection.execute("SELECT to_regclass('pg_dist_partition')").fetchone() == (None,):
        return
    functions = connection.execute(_ON_NODES).fetchall()
    if functions:
        connection.execute(CHARGE_ON_NODES.read_bytes())
    for signature, charges in functions:
        connection.execute(f"ALTER FUNCTION {signature} SET plan_cache_mode = force_custom_plan".encode())
        if charges:
            connection.execute(f"ALTER FUNCTION {signature} SET lock_timeout = {LOCK_TIMEOUT_MS}".encode())


_ON_NODES = """
SELECT p.oid::regprocedure::text, p.proname IN ('charge', 'charge_with_lines', 'void_charge')
FROM pg_proc p JOIN pg_dist_object o ON o.classid = 'pg_proc'::regclass AND o.objid = p.oid
WHERE p.pronamespace = 'public'::regnamespace AND o.distribution_argument_index IS NOT NULL
"""


def role_of(url: str) -> str:
    """The role that a URL signs in as."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        return str(connection.info.user)


def owns_tables(url: str) -> bool:
    """Whether the role of a URL could change the tables themselves: it owns them, or is a superuser."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(
            "SELECT pg_has_role(c.relowner, 'MEMBER') FROM pg_class c WHERE c.oid = to_regclass('audit_entry')"
        ).fetchone()
        return row is not None and bool(row[0])


def set_privileges(connection: psycopg.Connection, running_role: str) -> None:
    """Take from everybody what nobody may do, and give the running role what it needs: no more than is listed here."""

    def run(statement: str, table: str = "") -> None:
        role, name = sql.Identifier(running_role), sql.Identifier(table)
        connection.execute(sql.SQL(statement).format(role=role, table=name))

    for table in APPEND_ONLY:
        run("REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM CURRENT_USER", table)
    if running_role == connection.info.user:
        return
    run("REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role}")
    run("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
    run("GRANT USAGE ON SCHEMA public TO {role}")
    run("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
    run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    for table, removes in connection.execute(_TABLES, [list(DELETED_FROM), list(READ_ONLY)]).fetchall():
        run("GRANT INSERT ON {table} TO {role}", table)
        if table not in APPEND_ONLY:
            run("GRANT UPDATE ON {table} TO {role}", table)
        if removes:
            run("GRANT DELETE ON {table} TO {role}", table)


_TABLES = """
SELECT relname, relname LIKE ANY (%s) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> ALL (%s)
"""
