"""Migrations, and the SQL functions and views that are installed again after them."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from procrastinate.schema import SchemaManager

import clearing
import registry
import settlement
import waste

MIGRATIONS = Path(__file__).parent / "migrations"
FUNCTIONS = (
    [Path(registry.__file__).parent / "sql" / "audit.sql"]
    + [
        Path(settlement.__file__).parent / "sql" / f"{name}.sql"
        for name in ("accounts", "day", "rules", "charge", "void", "deposit", "refund", "close_account", "lapse")
    ]
    + [Path(clearing.__file__).parent / "sql" / f"{name}.sql" for name in ("legs", "earlier_fees")]
    + [Path(waste.__file__).parent / "weighing" / "sql" / "co2e.sql"]
)

APPEND_ONLY = ("transfer", "request", "audit_entry")
"""Tables whose rows not even the application's own role may change or remove."""


def alembic_config(url: str) -> Config:
    """Alembic's configuration for a database."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Bring a database to this version: tables, job queue, functions, views, privileges.

    Running it again changes nothing. Concurrent starts wait for one lock.
    """
    with psycopg.connect(url, autocommit=True) as lock:
        lock.execute("SELECT pg_advisory_lock(7300, 0)")
        command.upgrade(alembic_config(url), "head")
        with psycopg.connect(url) as connection:
            if not connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()[0]:  # type: ignore[index]
                connection.execute(SchemaManager.get_schema().encode())
            for path in FUNCTIONS:
                connection.execute(path.read_bytes())
            for table in APPEND_ONLY:
                revoke = f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM CURRENT_USER'
                connection.execute(revoke.encode())
