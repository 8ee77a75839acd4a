"""Migrations and rights."""

import psycopg
import pytest
from alembic import command

from onecard.migrate import APPEND_ONLY, alembic_config, migrate, role_of
from tests.cluster import CITUS_URL


def test_models_and_migrations_agree(database_url: str) -> None:
    command.check(alembic_config(database_url))


def test_migrating_again_changes_nothing(database_url: str, owner_url: str) -> None:
    migrate(owner_url, role_of(database_url))
    command.check(alembic_config(database_url))


@pytest.mark.parametrize("role", ["database_url", "owner_url"])
@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {} = {}", "TRUNCATE {}"])
def test_what_is_written_stays_written(request: pytest.FixtureRequest, role: str, table: str, statement: str) -> None:
    in_book = dict.fromkeys(
        (
            "transfer",
            "request",
            "sheet_payment",
            "shift_closing",
            "sale_line",
            "take_away_sale",
            "dish",
            "consent_change",
        ),
        "book",
    )
    column = {"audit_entry": "actor", "reception_month": "source", **in_book}.get(table, "cycle_date")
    with psycopg.connect(request.getfixturevalue(role)) as db, pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute(statement.format(f'"{table}"', column, column).encode())


def test_every_ledger_key_starts_with_book(database_url: str) -> None:
    with psycopg.connect(database_url) as db:
        rows = db.execute(
            "SELECT i.indrelid::regclass::text, a.attname FROM pg_index i"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
            " WHERE i.indrelid::regclass::text IN ('book_day', 'purse', 'transfer', 'request', 'account_day',"
            " 'tariff', 'credential', 'official', 'closed_day') AND i.indisunique"
        ).fetchall()
    assert len(rows) >= 12
    assert {column for _, column in rows} == {"book"}


@pytest.mark.skipif(CITUS_URL is not None, reason="a cluster changes nothing through a view; no release before had one")
def test_workers_of_the_release_before_find_the_old_names(owner_url: str) -> None:
    """They run as the owner of the tables."""
    with psycopg.connect(owner_url) as db:
        db.execute("SELECT purse, balance_fen FROM wallet WHERE book = 3301 AND holder_id = 1 FOR UPDATE")
        db.execute("UPDATE jurisdiction SET meals_max = 4 WHERE book = 3301")
        changed = db.execute("SELECT DISTINCT meals_max FROM region_rules WHERE book = 3301").fetchall()
    assert changed == [(4,)]


def test_a_renamed_table_keeps_no_old_name(database_url: str) -> None:
    with psycopg.connect(database_url) as db:
        names = db.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid IN ('purse'::regclass, 'region_rules'::regclass)"
            " UNION SELECT indexrelid::regclass::text FROM pg_index"
            " WHERE indrelid IN ('purse'::regclass, 'region_rules'::regclass)"
        ).fetchall()
    assert not [name for (name,) in names if "wallet" in name or "jurisdiction" in name]
