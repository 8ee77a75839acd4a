"""Publishing a cycle: every agency's statement, the network's reports and the public's, as CSV, XLSX and PDF.

Published files are in Chinese. They are written aside; their hashes come into the database and the signed manifest when
the cycle is published, and the files into their place. Many documents are rendered on every processor, never in a
process that takes payments. An English copy of one document is rendered on request from the same rows; it is not
signed.
"""

import asyncio
import hashlib
import multiprocessing
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import asyncpg
import structlog

from clearing.bank_files import BankAccount
from clearing.confirmations import CENTRE, accounts_of_cycle, pay_out_date
from clearing.disputes import DAYS
from clearing.errors import ALTERED
from clearing.files import write_whole
from clearing.formats import formatted, to_csv, to_pdf, to_xlsx
from clearing.positions import positions_of
from clearing.progress import Progress, silent
from clearing.reconciliation import payment_due_date
from clearing.statement_model import (
    Document,
    SettlementTerms,
    bilateral_report,
    net_report,
    public_report,
    statement,
)
from clearing.states import DocumentKind, FileFormat
from foundation.aside import Aside
from foundation.catalogue import Language
from foundation.named_sql import load_queries
from foundation.pdf import NO_FONT
from foundation.postgres import Connection, Pool
from foundation.problems import Problem
from foundation.together import together
from registry.identifiers import AgencyId

log = structlog.get_logger()

QUERIES = load_queries(Path(__file__).parent / "sql" / "clearing.sql")

NETWORK = AgencyId(0)
"""The network, in place of an agency."""

ALONE_MAX = 100
"""Up to so many agencies one process renders all documents: others take half a second to start."""

FRESH_AFTER = 40
"""Documents after which a rendering process is replaced: the typesetter keeps what it has set in memory."""

Files = dict[FileFormat, bytes]
Render = Callable[[Document], Awaitable[Files]]


@dataclass(frozen=True, slots=True)
class _Cycle:
    """What the documents of a cycle have in common."""

    terms: SettlementTerms
    positions: list[asyncpg.Record]
    opening_fen: Mapping[AgencyId, int]
    accounts: Mapping[AgencyId, BankAccount]


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of a cycle as it was written."""

    kind: DocumentKind
    agency_id: AgencyId
    form: FileFormat
    name: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class WrittenStatements:
    """The files of a cycle, and the bank accounts that they name."""

    files: list[WrittenFile]
    accounts: Mapping[AgencyId, BankAccount]


async def write_statements(
    pool: Pool, business_date: date, folder: Path, progress: Progress = silent
) -> WrittenStatements:
    """Write every document of a netted cycle into an empty folder."""
    cycle = await _load_cycle(pool, business_date)
    if len(cycle.positions) <= ALONE_MAX:
        return WrittenStatements(await _write_all(pool, cycle, folder, _render, progress), cycle.accounts)
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=fresh, max_tasks_per_child=FRESH_AFTER) as processes:
        loop = asyncio.get_running_loop()

        async def elsewhere(document: Document) -> Files:
            return await loop.run_in_executor(processes, _render_here, document)

        return WrittenStatements(await _write_all(pool, cycle, folder, elsewhere, progress), cycle.accounts)


async def note_statements(connection: Connection, business_date: date, files: Sequence[WrittenFile]) -> None:
    """Note the files of a cycle, in the transaction that publishes it."""
    await connection.executemany(
        QUERIES["note_statement"],
        [(business_date, f.kind, f.agency_id, f.form, f.name, f.size, f.sha256) for f in files],
    )


async def _load_cycle(pool: Pool, business_date: date) -> _Cycle:
    period = await pool.fetchrow(QUERIES["period"], business_date)
    assert period is not None
    terms = SettlementTerms(
        business_date,
        period["first_day"] or business_date,
        period["last_day"] or business_date,
        payment_due_date(business_date),
        pay_out_date(business_date),
        DAYS,
    )
    opening = await pool.fetch(QUERIES["opening_positions"], business_date)
    return _Cycle(
        terms,
        await positions_of(pool, business_date),
        {row["agency_id"]: row["opening_fen"] for row in opening},
        await accounts_of_cycle(pool, business_date),
    )


async def _write_all(pool: Pool, cycle: _Cycle, folder: Path, render: Render, progress: Progress) -> list[WrittenFile]:
    """Render as many documents at a time as there are processors, and no more: they are held in memory."""
    free = asyncio.Semaphore(os.cpu_count() or 1)
    total = 3 + len(cycle.positions)
    done = 0
    written: list[WrittenFile] = []

    async def write(kind: DocumentKind, agency_id: AgencyId, document: Document) -> None:
        nonlocal done
        try:
            files = await render(document)
        finally:
            free.release()
        stem = f"{kind}-{agency_id}" if kind is DocumentKind.STATEMENT else f"{kind}-report"
        for form, content in files.items():
            path = folder / f"{stem}.{form}"
            write_whole(path, [content])
            digest = hashlib.sha256(content).digest()
            written.append(WrittenFile(kind, agency_id, form, path.name, len(content), digest))
        done += 1
        progress("documents", done, total)

    async with together() as writing:
        async for kind, agency_id, document in _documents(pool, cycle):
            await free.acquire()
            writing.create_task(write(kind, agency_id, document))
    return written


async def _documents(pool: Pool, cycle: _Cycle) -> AsyncIterator[tuple[DocumentKind, AgencyId, Document]]:
    for kind in (DocumentKind.NET, DocumentKind.BILATERAL, DocumentKind.PUBLIC):
        yield kind, NETWORK, await _report(pool, cycle, kind, Language.CHINESE)
    for position in cycle.positions:
        yield (
            DocumentKind.STATEMENT,
            position["agency_id"],
            await _statement(pool, cycle, position, Language.CHINESE),
        )


async def _report(pool: Pool, cycle: _Cycle, kind: DocumentKind, language: Language) -> Document:
    business_date, english = cycle.terms.business_date, language is Language.ENGLISH
    if kind is DocumentKind.NET:
        return net_report(cycle.terms, cycle.positions, language)
    if kind is DocumentKind.BILATERAL:
        return bilateral_report(cycle.terms, await pool.fetch(QUERIES["bilateral"], business_date, english), language)
    meals = await pool.fetch(QUERIES["public_figures"], business_date, english)
    return public_report(cycle.terms, meals, cycle.positions, language)


async def _statement(pool: Pool, cycle: _Cycle, position: asyncpg.Record, language: Language) -> Document:
    agency_id = AgencyId(position["agency_id"])
    payee = cycle.accounts.get(CENTRE if position["position_fen"] < 0 else agency_id)
    english = language is Language.ENGLISH
    obligations = await pool.fetch(QUERIES["obligations_of"], cycle.terms.business_date, agency_id, english)
    opening_fen = cycle.opening_fen.get(agency_id, 0)
    return statement(cycle.terms, position, obligations, opening_fen, payee, language)


async def _render(document: Document) -> Files:
    files = {FileFormat.CSV: to_csv(document), FileFormat.XLSX: to_xlsx(document)}
    try:
        files[FileFormat.PDF] = await to_pdf(document)
    except Problem as problem:
        if problem.kind is not NO_FONT:
            raise
        # A missing font must not stop the end of day: the other two formats say the same.
        log.warning("statement_without_pdf", problem=str(problem))
    return files


def _render_here(document: Document) -> Files:
    return asyncio.run(_render(document))


async def read_statement(
    pool: Pool,
    business_date: date,
    folder: Path,
    *,
    kind: DocumentKind = DocumentKind.STATEMENT,
    agency_id: AgencyId = NETWORK,
    form: FileFormat = FileFormat.CSV,
) -> bytes | None:
    """A published document of a cycle; None if there is none. Raises Problem(ALTERED) if its hash is not the noted."""
    row = await pool.fetchrow(QUERIES["statement"], business_date, kind, agency_id, form)
    if row is None:
        return None
    path = folder / business_date.isoformat() / row["file_name"]
    content = await asyncio.to_thread(path.read_bytes) if path.is_file() else b""
    if hashlib.sha256(content).digest() != row["sha256"]:
        raise Problem(ALTERED, "clearing.altered_file", file_name=row["file_name"], business_date=business_date)
    return content


async def english_copy(
    pool: Pool,
    documents: Aside,
    business_date: date,
    *,
    caller: str,
    kind: DocumentKind = DocumentKind.STATEMENT,
    agency_id: AgencyId = NETWORK,
    form: FileFormat = FileFormat.CSV,
) -> bytes | None:
    """An unsigned English copy of a published document; None if there is none.

    Raises Problem NO_FONT or UNAVAILABLE (too many ask).
    """
    if await pool.fetchrow(QUERIES["statement"], business_date, kind, agency_id, form) is None:
        return None
    cycle = await _load_cycle(pool, business_date)
    if kind is DocumentKind.STATEMENT:
        [position] = [p for p in cycle.positions if p["agency_id"] == agency_id]
        document = await _statement(pool, cycle, position, Language.ENGLISH)
    else:
        document = await _report(pool, cycle, kind, Language.ENGLISH)
    return await documents.remembered(formatted, document.as_copy(), form, caller=caller)
