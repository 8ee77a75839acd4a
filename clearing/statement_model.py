"""What a statement and the net report say, once for all formats. Pure; money in fen until a format writes it.

A statement's receivable lines minus its payable lines are the agency's position. Meals at one's own canteen are listed
and move nothing between agencies.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from clearing.netting import NetPosition, netting_efficiency_percent

RECEIVABLE, PAYABLE, OWN = "应收 receivable", "应付 payable", "本单位 own"
NET = "净额 net_position"
LINES = {"meal": "就餐 meal", "working_meal": "工作餐 working meal", "correction": "更正 correction"}
MEALS = {"breakfast": "早餐 breakfast", "lunch": "午餐 lunch", "dinner": "晚餐 dinner"}
CHANNELS = {"card": "卡 card", "qr": "码 code"}


class Row(Protocol):
    """A row of a query, by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any:
        """The value of a column."""


@dataclass(frozen=True, slots=True)
class Fen:
    """Money in a cell."""

    fen: int


Cell = str | int | date | Fen


@dataclass(frozen=True, slots=True)
class Bar:
    """A counterparty's two bars in the chart, in fen."""

    label: str
    receivable_fen: int
    payable_fen: int


@dataclass(frozen=True, slots=True)
class Document:
    """One document: what stands above, a table whose last row says what it comes to, and a chart."""

    title_zh: str
    title_en: str
    facts: list[tuple[str, Cell]]
    header: Sequence[str]
    rows: list[Sequence[Cell]]
    bars: list[Bar]


STATEMENT_HEADER = (
    "营业日 business_date",
    "方向 side",
    "类别 line",
    "对方单位 counterparty",
    "食堂 canteen",
    "餐次 meal",
    "方式 channel",
    "笔数 payments",
    "冲正 reversals",
    "其中餐补(元) subsidy_yuan",
    "金额(元) amount_yuan",
)

NET_HEADER = (
    "营业日 business_date",
    "单位编号 agency_id",
    "单位 agency",
    "应收(元) receivable_yuan",
    "应付(元) payable_yuan",
    "净额(元) net_position_yuan",
)


def statement(business_date: date, agency: Row, obligations: Iterable[Row], opening_fen: int) -> Document:
    """One agency's statement; ``agency`` is its row of positions with its names."""
    rows: list[Sequence[Cell]] = []
    by_counterparty: dict[str, list[int]] = {}
    total = 0
    for o in obligations:
        side, sign, other = _side_of(o, agency["agency_id"])
        if side is None:
            continue
        total += sign * o["amount_fen"]
        if sign:
            by_counterparty.setdefault(other, [0, 0])[sign < 0] += o["amount_fen"]
        rows.append(
            (
                business_date, side, LINES[o["line"]], other, o["canteen_zh"], MEALS[o["meal"]],
                CHANNELS[o["channel"]], o["payments"], o["reversals"], Fen(o["subsidy_fen"]), Fen(o["amount_fen"]),
            )
        )  # fmt: skip
    assert total == agency["position_fen"], "a statement's lines add up to the agency's position"
    position_fen: int = agency["position_fen"]
    rows.append((business_date, NET, "", "", "", "", "", "", "", "", Fen(position_fen)))
    return Document(
        title_zh=f"{agency['name_zh']} 对账单",
        title_en=f"Statement of {agency['name_en']}",
        facts=[
            ("营业日 business date", business_date),
            ("单位编号 agency", agency["agency_id"]),
            ("期初 opening position", Fen(opening_fen)),
            ("应收 receivable", Fen(agency["receivable_fen"])),
            ("应付 payable", Fen(agency["payable_fen"])),
            ("本期净额 net position", Fen(position_fen)),
            ("期末 closing position", Fen(opening_fen + position_fen)),
        ],
        header=STATEMENT_HEADER,
        rows=rows,
        bars=[Bar(name, *fen) for name, fen in sorted(by_counterparty.items(), key=lambda b: -max(map(abs, b[1])))],
    )


def _side_of(o: Row, agency_id: int) -> tuple[str | None, int, str]:
    """On which side of an agency's statement an obligation stands, its sign there, and the other agency."""
    if o["issuer_id"] == o["acquirer_id"] == agency_id:
        return OWN, 0, o["acquirer_zh"]
    if o["acquirer_id"] == agency_id:
        return RECEIVABLE, 1, o["issuer_zh"]
    if o["issuer_id"] == agency_id:
        return PAYABLE, -1, o["acquirer_zh"]
    return None, 0, ""


def net_report(business_date: date, positions: Sequence[Row]) -> Document:
    """The network's net report: a line per agency, the totals, and the netting efficiency."""
    receivable, payable, total = (
        sum(p[name] for p in positions) for name in ("receivable_fen", "payable_fen", "position_fen")
    )
    efficiency = netting_efficiency_percent(NetPosition(p["receivable_fen"], p["payable_fen"]) for p in positions)
    rows: list[Sequence[Cell]] = [
        (
            business_date, p["agency_id"], p["name_zh"], Fen(p["receivable_fen"]), Fen(p["payable_fen"]),
            Fen(p["position_fen"]),
        )
        for p in positions
    ]  # fmt: skip
    rows.append((business_date, "", "合计 total", Fen(receivable), Fen(payable), Fen(total)))
    rows.append((business_date, "", "轧差效率(%) netting_efficiency", "", "", str(efficiency)))
    return Document(
        title_zh="清算轧差报告",
        title_en="Net report",
        facts=[
            ("营业日 business date", business_date),
            ("单位数 agencies", len(positions)),
            ("应收合计 gross", Fen(receivable)),
            ("轧差后划转 moved after netting", Fen(sum(abs(p["position_fen"]) for p in positions) // 2)),
            ("轧差效率(%) netting efficiency", str(efficiency)),
        ],
        header=NET_HEADER,
        rows=rows,
        bars=[Bar(p["name_zh"], p["receivable_fen"], p["payable_fen"]) for p in positions],
    )
