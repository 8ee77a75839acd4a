"""Publishing a cycle: every agency's statement, the network's reports and the public's, as CSV, XLSX and PDF.

Each file's hash is in the database, and with it in the signed manifest. Many documents are rendered on every
processor; that is why none of it belongs into a process that takes payments.
"""

import asyncio
import hashlib
import multiprocessing
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

import structlog

from clearing.errors import ALTERED
from clearing.files import write_whole
from clearing.formats import to_csv, to_pdf, to_xlsx
from clearing.progress import Progress, silent
from clearing.statement_model import Document, bilateral_report, net_report, public_report, statement
from foundation.named_sql import load_queries
from foundation.pdf import NO_FONT
from foundation.postgres import Pool
from foundation.problems import Problem
from foundation.together import together

log = structlog.get_logger()

QUERIES = load_queries(Path(__file__).parent / "sql" / "clearing.sql")

NETWORK = 0
"""Stands for the network itself where an agency's number stands."""
STATEMENT, NET, BILATERAL, PUBLIC = "statement", "net", "bilateral", "public"
"""The documents of a cycle; all but statements are the network's."""

ALONE_MAX = 100
"""Up to so many agencies one process renders all documents: others take half a second to start."""

FRESH_AFTER = 40
"""The typesetter remembers what it has set: a fresh process forgets."""

Files = dict[str, bytes]
Render = Callable[[Document], Awaitable[Files]]


async def write_statements(pool: Pool, business_date: date, folder: Path, progress: Progress = silent) -> None:
    """Write and note every document of a netted cycle; again, writes the same."""
    folder.mkdir(parents=True, exist_ok=True)
    positions = await pool.fetch(QUERIES["positions"], business_date)
    if len(positions) <= ALONE_MAX:
        await _write_all(pool, business_date, folder, _render, progress)
        return
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=fresh, max_tasks_per_child=FRESH_AFTER) as processes:
        loop = asyncio.get_running_loop()

        async def elsewhere(document: Document) -> Files:
            return await loop.run_in_executor(processes, _render_here, document)

        await _write_all(pool, business_date, folder, elsewhere, progress)


async def _write_all(pool: Pool, business_date: date, folder: Path, render: Render, progress: Progress) -> None:
    """Render as many documents at a time as there are processors, and no more: they are held in memory."""
    free = asyncio.Semaphore(os.cpu_count() or 1)
    of = 3 + await pool.fetchval(QUERIES["position_count"], business_date)
    done = 0

    async def write(name: str, agency_id: int, document: Document) -> None:
        nonlocal done
        try:
            files = await render(document)
        finally:
            free.release()
        stem = f"{name}-{agency_id}" if name == STATEMENT else f"{name}-report"
        for form, content in files.items():
            path = folder / f"{stem}.{form}"
            write_whole(path, [content])
            digest = hashlib.sha256(content).digest()
            await pool.execute(
                QUERIES["note_statement"], business_date, name, agency_id, form, path.name, len(content), digest
            )
        done += 1
        progress("documents", done, of)

    async with together() as writing:
        async for name, agency_id, document in _documents(pool, business_date):
            await free.acquire()
            writing.create_task(write(name, agency_id, document))


async def _documents(pool: Pool, business_date: date) -> AsyncIterator[tuple[str, int, Document]]:
    positions = await pool.fetch(QUERIES["positions"], business_date)
    opening = {
        row["agency_id"]: row["opening_fen"] for row in await pool.fetch(QUERIES["opening_positions"], business_date)
    }
    yield NET, NETWORK, net_report(business_date, positions)
    pairs = await pool.fetch(QUERIES["bilateral"], business_date)
    yield BILATERAL, NETWORK, bilateral_report(business_date, pairs)
    meals = await pool.fetch(QUERIES["public_figures"], business_date)
    yield PUBLIC, NETWORK, public_report(business_date, meals, positions)
    for p in positions:
        obligations = await pool.fetch(QUERIES["obligations_of"], business_date, p["agency_id"])
        yield STATEMENT, p["agency_id"], statement(business_date, p, obligations, opening.get(p["agency_id"], 0))


async def _render(document: Document) -> Files:
    files = {"csv": to_csv(document), "xlsx": to_xlsx(document)}
    try:
        files["pdf"] = await to_pdf(document)
    except Problem as problem:
        if problem.kind is not NO_FONT:
            raise
        # The night must not wait for a font: the other two say the same.
        log.warning("statement_without_pdf", problem=str(problem))
    return files


def _render_here(document: Document) -> Files:
    return asyncio.run(_render(document))


async def read_statement(
    pool: Pool, business_date: date, folder: Path, *, name: str = STATEMENT, agency_id: int = NETWORK, form: str = "csv"
) -> bytes | None:
    """A published document of a cycle; None if there is none. Raises Problem(ALTERED) if it is not what was noted."""
    row = await pool.fetchrow(QUERIES["statement"], business_date, name, agency_id, form)
    if row is None:
        return None
    path = folder / business_date.isoformat() / row["file_name"]
    content = await asyncio.to_thread(path.read_bytes) if path.is_file() else b""
    if hashlib.sha256(content).digest() != row["sha256"]:
        raise Problem(ALTERED, row["file_name"])
    return content
