"""Write docs/schema.sql: the tables as the migrations leave them.

Usage: .venv/bin/python -m scripts.schema   (`make docs`; tests/system/test_schema.py compares)
"""

import re
import subprocess
from pathlib import Path

from onecard.embedded_servers import postgres_binary
from scripts.scratch_database import scratch_database

TARGET = Path(__file__).parents[1] / "docs" / "schema.sql"
HEAD = "-- The tables of onecard, generated from its migrations (make docs). Functions and views stand in */sql/.\n"
DROPPED = re.compile(r"^(SET |SELECT pg_catalog|--|\\(un)?restrict)|^$")
"""Lines of pg_dump that say nothing about tables, or name a version."""


def schema_of(url: str) -> str:
    """The schema of a database without owners, rights, the job queue's tables and functions."""
    options = ["--schema-only", "--no-owner", "--no-privileges", "--no-comments", "--exclude-table=procrastinate*"]
    done = subprocess.run([postgres_binary("pg_dump"), *options, url], capture_output=True, text=True, check=True)
    blocks = re.split(r"^--\n-- Name: .*; Type: ([A-Z ]+);.*\n--\n", done.stdout, flags=re.MULTILINE)
    kept = [text for kind, text in zip(blocks[1::2], blocks[2::2], strict=True) if kind not in ("FUNCTION", "VIEW")]
    kept = [text for text in kept if "procrastinate" not in text]
    lines = ("\n".join(line for line in text.splitlines() if not DROPPED.match(line)) for text in kept)
    return HEAD + "".join(f"\n{text}\n" for text in lines if text)


if __name__ == "__main__":
    with scratch_database() as database_url:
        TARGET.write_text(schema_of(database_url), encoding="utf-8")
