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
LINES = {
    "meal": "就餐 meal",
    "working_meal": "工作餐 working meal",
    "late": "脱机补传 late",
    "correction": "更正 correction",
    "working_meal_correction": "工作餐更正 working meal correction",
    "fee": "服务费 fee",
}
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
    """Two bars in the chart, with the label that they share."""

    label: str
    first: Fen | int
    second: Fen | int


@dataclass(frozen=True, slots=True)
class Document:
    """One document: what stands above, a table whose last row says what it comes to, and a chart."""

    title_zh: str
    title_en: str
    facts: list[tuple[str, Cell]]
    header: Sequence[str]
    rows: list[Sequence[Cell]]
    bars: list[Bar]
    sums: Sequence[Sequence[Cell]] = ()
    """The rows summed up, for where there are too many of them."""
    legend: tuple[str, str] = ("应收 receivable", "应付 payable")


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


BILATERAL_HEADER = (
    "营业日 business_date",
    "甲方编号 one_id",
    "甲方 one",
    "乙方编号 other_id",
    "乙方 other",
    "乙方欠甲方(元) owed_to_one_yuan",
    "甲方欠乙方(元) owed_to_other_yuan",
    "甲方净额(元) net_of_one_yuan",
)

PUBLIC_HEADER = (
    "营业日 business_date",
    "地区 region",
    "餐次 meal",
    "开餐食堂 canteens",
    "本单位就餐 own_meals",
    "异地异单位就餐 guest_meals",
    "客餐金额(元) guest_yuan",
)

PUBLIC_MIN = 5
"""Fewer visitors than this are not told to the public: they could be recognised."""


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
    sums = _sums(rows)
    position_fen: int = agency["position_fen"]
    largest = sorted(by_counterparty.items(), key=lambda b: -max(map(abs, b[1])))
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
        bars=[Bar(name, Fen(to), Fen(by)) for name, (to, by) in largest],
        sums=sums,
    )


def _sums(rows: Sequence[Sequence[Any]]) -> list[Sequence[Cell]]:
    """A statement's rows summed up by side, line and counterparty."""
    sums: dict[tuple[Cell, ...], list[int]] = {}
    for row in rows:
        came_to = sums.setdefault(tuple(row[:4]), [0, 0, 0, 0])
        for column, cell in enumerate(row[7:]):
            came_to[column] += cell.fen if isinstance(cell, Fen) else cell
    return [
        (*key, "", "", "", payments, reversals, Fen(subsidy_fen), Fen(amount_fen))
        for key, (payments, reversals, subsidy_fen, amount_fen) in sums.items()
    ]


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
        bars=[Bar(p["name_zh"], Fen(p["receivable_fen"]), Fen(p["payable_fen"])) for p in positions],
    )


def bilateral_report(business_date: date, pairs: Iterable[Row]) -> Document:
    """What every two agencies owe each other before multilateral netting; a line for each pair."""
    rows: list[Sequence[Cell]] = []
    gross = moved = 0
    for p in pairs:
        net_fen = p["to_one_fen"] - p["to_other_fen"]
        gross, moved = gross + p["to_one_fen"] + p["to_other_fen"], moved + abs(net_fen)
        rows.append(
            (
                business_date, p["one_id"], p["one_zh"], p["other_id"], p["other_zh"],
                Fen(p["to_one_fen"]), Fen(p["to_other_fen"]), Fen(net_fen),
            )
        )  # fmt: skip
    return Document(
        title_zh="双边往来报告",
        title_en="Bilateral report",
        facts=[
            ("营业日 business date", business_date),
            ("往来对数 pairs", len(rows)),
            ("往来总额 gross", Fen(gross)),
            ("双边轧差后 moved if netted two by two", Fen(moved)),
        ],
        header=BILATERAL_HEADER,
        rows=rows,
        bars=[],
    )


def public_report(business_date: date, meals: Sequence[Row], positions: Sequence[Row]) -> Document:
    """What the public may know of a day: meals and visitors per region, no agency and no small number of people."""
    rows: list[Sequence[Cell]] = []
    visitors: dict[str, list[int]] = {}
    for m in meals:
        few = 0 < m["guest_meals"] < PUBLIC_MIN
        visitors.setdefault(m["region_zh"], [0, 0])[0] += m["own_meals"]
        visitors[m["region_zh"]][1] += 0 if few else m["guest_meals"]
        guests: Cell = f"<{PUBLIC_MIN}" if few else m["guest_meals"]
        money: Cell = "" if few else Fen(m["guest_fen"])
        rows.append((business_date, m["region_zh"], MEALS[m["meal"]], m["canteens"], m["own_meals"], guests, money))
    efficiency = netting_efficiency_percent(NetPosition(p["receivable_fen"], p["payable_fen"]) for p in positions)
    return Document(
        title_zh="机关食堂互联结算日报",
        title_en="Canteens day by day",
        facts=[
            ("营业日 business date", business_date),
            ("联网单位 agencies", len(positions)),
            ("就餐 meals", sum(m["own_meals"] + m["guest_meals"] for m in meals)),
            ("轧差效率(%) netting efficiency", str(efficiency)),
        ],
        header=PUBLIC_HEADER,
        rows=rows,
        bars=[Bar(region, own, guests) for region, (own, guests) in visitors.items()],
        legend=("本单位就餐 own meals", "客餐 guests' meals"),
    )
