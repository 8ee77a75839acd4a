"""Plays a whole day against a running system and shows what came of it (``onecard demo``)."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from demo.day import MEAL_SHARES, Day, Tally
from foundation.money import yuan


def play_day(
    console: Console, url: str, folder: Path, *, payments: int, terminals: int, seed: int, keep_open: bool
) -> Path:
    """Play a day against the system at ``url`` and show it; the history for the judges. Raises PlayFailed."""
    started = time.monotonic()
    with _progress(console) as progress:
        day = Day(url, folder, progress, seed)
        try:
            diners = day.register_diners(round(payments * MEAL_SHARES["lunch"]) + 10)
            empty = day.empty_handed()
            day.enrol_terminals(terminals)
            plan = day.plan(diners, empty, payments)
            business_date = day.network.centre.call("GET", "/clearing/open-days")[0]["business_date"]
            paying = time.monotonic()
            day.serve(plan)
            paid_in_s = time.monotonic() - paying
            waste: list[dict[str, Any]] = []
            cycle = None
            if not keep_open:
                night = progress.add_task("close, net, statements, waste", total=3)
                cycle = day.network.centre.call("POST", "/clearing/cycles", {"business_date": business_date})
                progress.advance(night)
                day.weigh(business_date)
                progress.advance(night)
                waste = day.network.centre.call("GET", f"/waste/days/{business_date}")["meals"]
                progress.advance(night)
            acks = day.write_history()
        finally:
            day.close()
    _summary(console, day.tally, paid_in_s, cycle, waste)
    console.print(f"\njournals and acks.jsonl in {folder}; the whole day took {time.monotonic() - started:.0f} s")
    return acks


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<30}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def _summary(
    console: Console, tally: Tally, paid_in_s: float, cycle: dict[str, Any] | None, waste: list[dict[str, Any]]
) -> None:
    console.print(
        f"\n[bold]{tally.approved:,}[/] payments, {yuan(tally.amount_fen)} yuan, in {paid_in_s:.1f} s;"
        f" {sum(tally.refusals.values())} refused, {tally.voided} voided, {tally.resent} resent,"
        f" {tally.unknown} still unknown"
    )
    refusals = Table("refused 拒付", "times 次数", box=None)
    for reason, times in tally.refusals.most_common():
        refusals.add_row(reason, str(times))
    console.print(refusals)
    if cycle is not None:
        positions = Table("agency 单位", "receivable 应收", "payable 应付", "net 净额", box=None)
        for p in cycle["positions"]:
            fen = (p["receivable_fen"], p["payable_fen"], p["position_fen"])
            positions.add_row(p["name_zh"], *(f"{yuan(one):>12}" for one in fen))
        console.print(f"\nbusiness day {cycle['business_date']}: {cycle['state']}")
        console.print(positions)
    if waste:
        table = Table("canteen 食堂", "meal 餐次", "covers 人次", "g/cover 克/人次", "waste rate 浪费率", box=None)
        for m in waste:
            rate = "-" if m["waste_rate"] is None else f"{100 * m['waste_rate']:.1f} %"
            grams = "-" if m["grams_per_cover"] is None else f"{m['grams_per_cover']:.1f}"
            table.add_row(m["name_zh"], m["meal"], f"{m['covers']:,}", f"{grams:>8}", f"{rate:>8}")
        console.print("")
        console.print(table)
