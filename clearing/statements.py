"""Statements that a finance officer opens: one CSV per agency and a net report for the network.

UTF-8 with a byte-order mark, so that spreadsheets show the Chinese right; money in yuan with two decimals, made from
integers. A file is written beside its name, synced, and moved into place: nobody sees half of one.
"""

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from clearing.netting import NetPosition, netting_efficiency_percent
from registry.named_sql import load_queries
from registry.postgres import Pool
from settlement.money import yuan

QUERIES = load_queries(Path(__file__).parent / "sql" / "clearing.sql")

NETWORK = 0
"""Stands for the network itself where an agency's number stands."""

HEADER = (
    "营业日 business_date",
    "方向 side",
    "对方单位 counterparty",
    "食堂 canteen",
    "餐次 meal",
    "方式 channel",
    "笔数 payments",
    "冲正 reversals",
    "金额(元) amount_yuan",
)
RECEIVABLE, PAYABLE, OWN = "应收 receivable", "应付 payable", "本单位 own"
NET = "净额 net_position"

NET_HEADER = (
    "营业日 business_date",
    "单位编号 agency_id",
    "单位 agency",
    "应收(元) receivable_yuan",
    "应付(元) payable_yuan",
    "净额(元) net_position_yuan",
)


def statement_rows(
    business_date: date, agency_id: int, obligations: Iterable[Any], position_fen: int
) -> list[Sequence[Any]]:
    """The lines of one agency's statement; receivable minus payable lines add up to the last line."""
    rows: list[Sequence[Any]] = [HEADER]
    total = 0
    for o in obligations:
        if o["issuer_id"] == o["acquirer_id"] == agency_id:
            side, other = OWN, o["acquirer_zh"]
        elif o["acquirer_id"] == agency_id:
            side, other = RECEIVABLE, o["issuer_zh"]
            total += o["amount_fen"]
        elif o["issuer_id"] == agency_id:
            side, other = PAYABLE, o["acquirer_zh"]
            total -= o["amount_fen"]
        else:
            continue
        rows.append(
            (
                business_date, side, other, o["canteen_zh"], o["meal"], o["channel"],
                o["payments"], o["reversals"], yuan(o["amount_fen"]),
            )
        )  # fmt: skip
    assert total == position_fen, "a statement's lines add up to the agency's position"
    rows.append((business_date, NET, "", "", "", "", "", "", yuan(position_fen)))
    return rows


def net_report_rows(business_date: date, positions: Sequence[Any]) -> list[Sequence[Any]]:
    """The network's net report: a line per agency, the totals, and the netting efficiency."""
    rows: list[Sequence[Any]] = [NET_HEADER]
    rows += [
        (
            business_date, p["agency_id"], p["name_zh"], yuan(p["receivable_fen"]), yuan(p["payable_fen"]),
            yuan(p["position_fen"]),
        )
        for p in positions
    ]  # fmt: skip
    total = sum(p["position_fen"] for p in positions)
    receivable, payable = (sum(p[k] for p in positions) for k in ("receivable_fen", "payable_fen"))
    rows.append((business_date, "", "合计 total", yuan(receivable), yuan(payable), yuan(total)))
    efficiency = netting_efficiency_percent(NetPosition(p["receivable_fen"], p["payable_fen"]) for p in positions)
    rows.append((business_date, "", "轧差效率(%) netting_efficiency", "", "", efficiency))
    return rows


def to_csv(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as CSV (RFC 4180) in UTF-8 with a byte-order mark."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_no_formula(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _no_formula(cell: Any) -> Any:
    """A text that a spreadsheet would run as a formula is shown as text (OWASP: CSV injection)."""
    if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and not cell[1:2].isdigit():
        return f"'{cell}" if cell else cell
    return cell


async def write_statements(pool: Pool, business_date: date, folder: Path) -> None:
    """Write and note every agency's statement and the net report of a netted cycle; again, writes the same."""
    obligations = await pool.fetch(QUERIES["obligations"], business_date)
    positions = await pool.fetch(QUERIES["positions"], business_date)
    folder.mkdir(parents=True, exist_ok=True)
    for p in positions:
        rows = statement_rows(business_date, p["agency_id"], obligations, p["position_fen"])
        await _publish(pool, business_date, p["agency_id"], folder / f"statement-{p['agency_id']}.csv", rows)
    rows = net_report_rows(business_date, positions)
    await _publish(pool, business_date, NETWORK, folder / "net-report.csv", rows)


async def _publish(pool: Pool, business_date: date, agency_id: int, path: Path, rows: Iterable[Sequence[Any]]) -> None:
    content = to_csv(rows)
    _write_whole(path, content)
    digest = hashlib.sha256(content).digest()
    await pool.execute(QUERIES["note_statement"], business_date, agency_id, path.name, len(content), digest)


def _write_whole(path: Path, content: bytes) -> None:
    beside = path.with_suffix(f".{os.getpid()}.part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


async def read_statement(pool: Pool, business_date: date, agency_id: int, folder: Path) -> bytes | None:
    """A published file, if there is one and it is still what was published."""
    row = await pool.fetchrow(QUERIES["statement"], business_date, agency_id)
    if row is None:
        return None
    path = folder / business_date.isoformat() / row["file_name"]
    content = path.read_bytes() if path.is_file() else b""
    return content if hashlib.sha256(content).digest() == row["sha256"] else None
