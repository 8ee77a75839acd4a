"""Publishing statements: every agency's, and the net report of the network, as CSV, XLSX and PDF.

A file is written beside its name, synced, and moved into place: nobody sees half of one. Its hash is in the database.
"""

import hashlib
import os
from datetime import date
from pathlib import Path

import asyncpg
import structlog

from clearing.formats import to_csv, to_pdf, to_xlsx
from clearing.statement_model import Document, net_report, statement
from registry.documents import NO_FONT
from registry.errors import Problem
from registry.named_sql import load_queries
from registry.postgres import Pool

log = structlog.get_logger()

QUERIES = load_queries(Path(__file__).parent / "sql" / "clearing.sql")

NETWORK = 0
"""Stands for the network itself where an agency's number stands."""


async def write_statements(pool: Pool, business_date: date, folder: Path) -> None:
    """Write and note every agency's statement and the net report of a netted cycle; again, writes the same."""
    obligations = await pool.fetch(QUERIES["obligations"], business_date)
    positions = await pool.fetch(QUERIES["positions"], business_date)
    opening = {
        row["agency_id"]: row["opening_fen"] for row in await pool.fetch(QUERIES["opening_positions"], business_date)
    }
    concerning: dict[int, list[asyncpg.Record]] = {}
    for o in obligations:
        for agency_id in {o["issuer_id"], o["acquirer_id"]}:
            concerning.setdefault(agency_id, []).append(o)
    folder.mkdir(parents=True, exist_ok=True)
    for p in positions:
        agency_id = p["agency_id"]
        document = statement(business_date, p, concerning.get(agency_id, []), opening.get(agency_id, 0))
        await _publish(pool, business_date, agency_id, folder / f"statement-{agency_id}", document)
    await _publish(pool, business_date, NETWORK, folder / "net-report", net_report(business_date, positions))


async def _publish(pool: Pool, business_date: date, agency_id: int, stem: Path, document: Document) -> None:
    made = {"csv": to_csv(document), "xlsx": to_xlsx(document)}
    try:
        made["pdf"] = await to_pdf(document)
    except Problem as problem:
        if problem.kind is not NO_FONT:
            raise
        # The night must not wait for a font: the other two say the same.
        log.warning("statement_without_pdf", problem=str(problem))
    for form, content in made.items():
        path = stem.with_suffix(f".{form}")
        _write_whole(path, content)
        digest = hashlib.sha256(content).digest()
        await pool.execute(QUERIES["note_statement"], business_date, agency_id, form, path.name, len(content), digest)


def _write_whole(path: Path, content: bytes) -> None:
    beside = path.with_suffix(f".{os.getpid()}.part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


async def read_statement(
    pool: Pool, business_date: date, agency_id: int, folder: Path, form: str = "csv"
) -> bytes | None:
    """A published file, if there is one and it is still what was published."""
    row = await pool.fetchrow(QUERIES["statement"], business_date, agency_id, form)
    if row is None:
        return None
    path = folder / business_date.isoformat() / row["file_name"]
    content = path.read_bytes() if path.is_file() else b""
    return content if hashlib.sha256(content).digest() == row["sha256"] else None
