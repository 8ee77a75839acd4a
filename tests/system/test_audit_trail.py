"""The audit log of a running system, outside its database."""

import time

import psycopg

from registry.audit_trail import read_head
from tests.builders import Network
from tests.running_system import System


def test_the_head_is_kept_beside_the_statements(system: System, network: Network) -> None:
    network.official()
    give_up_at = time.monotonic() + 120
    with psycopg.connect(system.database_url, autocommit=True) as db:
        while True:
            last = db.execute("SELECT entry, digest FROM audit_entry ORDER BY entry DESC LIMIT 1").fetchone()
            assert last is not None
            kept = read_head(system.statement_folder)
            if kept == last:
                break
            assert time.monotonic() < give_up_at
            time.sleep(0.2)
    done = system.command("verify")
    assert "the audit log still has every head kept outside" in done.stdout
