"""A Citus cluster that somebody else runs: databases for tests, made on all of its nodes.

``ONECARD_CITUS_URL`` is a superuser's address of any database of the coordinator in which the nodes are registered.
The nodes ask no password of ``onecard`` and ``onecard_app`` (or have it in the client's password file).
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from onecard.distribute import distribute
from onecard.migrate import migrate
from tests.running_system import System, TestServer

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
        self.create_apart(name, template=template)
        if template == "template1":
            self.join(name)

    def create_apart(self, name: str, *, template: str = "template1") -> None:
        """Create a database on every node, which know nothing of each other."""
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda node: self._copy(node, name, template), self._nodes))

    def join(self, name: str) -> None:
        """Install the extension and name the nodes to each other."""
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

    def end_sessions(self, name: str) -> None:
        """End every session of a database on every node at once, whatever it does."""
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda node: self._end_sessions(node, name), self._nodes))

    def _end_sessions(self, node: tuple[str, int, int], name: str) -> None:
        with self._connect(node, "postgres") as db:
            db.execute(_END_SESSIONS, (name,))


_END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


def _insist(db: psycopg.Connection, database: str, statement: str) -> None:
    """Run what wants a database for itself: Citus's own process there is sent away until it has it."""
    give_up_at = time.monotonic() + 60
    while True:
        db.execute(_END_SESSIONS, (database,))
        try:
            db.execute(statement.encode())
            return
        except psycopg.errors.ObjectInUse:
            if time.monotonic() > give_up_at:
                raise


class SystemOnCluster(System):
    """`onecard run` on a distributed ledger of its own."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self._cluster, self._name = cluster, f"system_{uuid4().hex[:8]}"
        cluster.create_database(self._name)
        owner = cluster.url_of(cluster.owner, self._name)
        migrate(owner, cluster.runner)
        distribute(owner, cluster.runner)
        super().__init__(folder, database_url=self.database_url, database_owner_url=owner, demo_city="true")

    @property
    def database_url(self) -> str:
        return self._cluster.url_of(self._cluster.runner, self._name)

    def kill_postgres(self) -> None:
        """All that is under way on the nodes ends. The servers themselves are somebody else's, and are not killed."""
        self._cluster.end_sessions(self._name)

    def clear_away(self) -> None:
        """Stop what is left of it, and remove its ledger."""
        super().clear_away()
        self._cluster.drop_database(self._name)


Server = TestServer | Cluster
"""Where the tests' databases are."""
