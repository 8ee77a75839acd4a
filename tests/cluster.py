"""A Citus cluster that somebody else runs: databases for tests, made on all of its nodes.

``ONECARD_CITUS_URL`` is a superuser's address of any database of the coordinator in which the nodes are registered.
The nodes ask no password of ``onecard`` and ``onecard_app`` (or have it in the client's password file).
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.running_system import TestServer

CITUS_URL = os.environ.get("ONECARD_CITUS_URL")

ACTIVITY = "pg_stat_activity" if CITUS_URL is None else "citus_stat_activity"
"""The view of what all sessions do, on every node."""

goes_back = pytest.mark.skipif(CITUS_URL is not None, reason="the migrations of a distributed ledger go up alone")

SHARDS = 4
"""So that a test's database is copied quickly; the books of the demo city stand on both workers."""


class Cluster:
    """Stands where the embedded PostgreSQL does elsewhere."""

    owner = "onecard"
    runner = "onecard_app"

    def __init__(self, url: str) -> None:
        self._at = urlsplit(url)
        self.superuser = self._at.username or "postgres"
        with psycopg.connect(url) as db:
            self._nodes = db.execute(
                "SELECT nodename, nodeport, groupid FROM pg_dist_node WHERE isactive ORDER BY groupid"
            ).fetchall()
        for node in self._nodes:
            with self._connect(node, "postgres") as db:
                for role in (self.owner, self.runner):
                    if not db.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                        db.execute(f"CREATE ROLE {role} LOGIN".encode())

    def url_of(self, role: str, database: str) -> str:
        """A URL of the coordinator."""
        name, port, _ = self._nodes[0]
        return f"postgresql://{role}@{name}:{port}/{database}"

    def _connect(self, node: tuple[str, int, int], database: str) -> psycopg.Connection:
        account = self._at.netloc.rpartition("@")[0]
        at = self._at._replace(netloc=f"{account}@{node[0]}:{node[1]}", path=f"/{database}")
        return psycopg.connect(urlunsplit(at), autocommit=True)

    def create_database(self, name: str, *, template: str = "template1") -> None:
        """Create a database on every node; from a template that is a database of this cluster, with all that it has."""
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda node: self._copy(node, name, template), self._nodes))
        if template == "template1":
            for node in self._nodes:
                with self._connect(node, name) as db:
                    db.execute("CREATE EXTENSION citus")
            with self._connect(self._nodes[0], name) as db:
                db.execute("SELECT citus_set_coordinator_host(%s, %s)", self._nodes[0][:2])
                for node in self._nodes[1:]:
                    db.execute("SELECT citus_add_node(%s, %s)", node[:2])
                db.execute(f'ALTER DATABASE "{name}" SET citus.shard_count = {SHARDS}'.encode())

    def _copy(self, node: tuple[str, int, int], name: str, template: str) -> None:
        with self._connect(node, "postgres") as db:
            _insist(db, template, f'CREATE DATABASE "{name}" OWNER {self.owner} TEMPLATE "{template}"')

    def drop_database(self, name: str) -> None:
        """Drop it on every node."""
        for node in self._nodes:
            with self._connect(node, "postgres") as db:
                _insist(db, name, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _insist(db: psycopg.Connection, database: str, statement: str) -> None:
    """Run what wants a database for itself: Citus's own process there is sent away until it has it."""
    give_up_at = time.monotonic() + 60
    while True:
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,))
        try:
            db.execute(statement.encode())
            return
        except psycopg.errors.ObjectInUse:
            if time.monotonic() > give_up_at:
                raise


Server = TestServer | Cluster
"""Where the tests' databases are."""
