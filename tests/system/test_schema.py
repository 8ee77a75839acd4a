"""docs/schema.sql is what the migrations leave (``make docs`` writes it)."""

from scripts.schema import TARGET, schema_of
from tests.running_system import System


def test_the_schema_is_what_the_migrations_leave(system: System) -> None:
    assert schema_of(system.database_url) == TARGET.read_text(encoding="utf-8"), "run make docs"
