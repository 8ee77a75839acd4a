"""``onecard demo``: play a whole day against a running system or one of its own, show it, and have it judged."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from foundation.money import yuan
from loadtest.console import PlayFailed
from onecard.history import check_history, read_history
from onecard.played_day import MEAL_SHARES, Day, Tally
from onecard.services import Services
from onecard.settings import Settings
from onecard.verify import verify_ledger

START_WITHIN_S = 120.0


def _answers(url: str) -> bool:
    try:
        with urllib3.PoolManager(retries=False, timeout=3) as http:
            return http.request("GET", f"{url}/health").status == 200
    except urllib3.exceptions.HTTPError:
        return False


@contextmanager
def _system(settings: Settings, url: str | None, console: Console) -> Iterator[str]:
    """The URL of a running system: the one given, the one on our port, or one started for the day."""
    ours = url or f"http://{settings.host}:{settings.port}"
    if _answers(ours):
        yield ours
        return
    if url is not None:
        raise PlayFailed(f"nothing answers at {url}/health")
    console.print(f"nothing runs on {ours}: starting it for this day")
    child = subprocess.Popen([sys.executable, "-m", "onecard", "run"], stdout=subprocess.DEVNULL)
    try:
        give_up_at = time.monotonic() + START_WITHIN_S
        while not _answers(ours):
            if child.poll() is not None or time.monotonic() > give_up_at:
                raise PlayFailed("the system does not start: see what `onecard run` says")
            time.sleep(0.2)
        yield ours
    finally:
        child.terminate()
        child.wait()


def play_day(
    settings: Settings,
    console: Console,
    *,
    payments: int,
    terminals: int,
    url: str | None,
    seed: int,
    keep_open: bool,
    folder: Path | None,
) -> bool:
    """Play a day and judge it; True when every invariant holds. Raises PlayFailed."""
    started = time.monotonic()
    folder = folder or settings.data_dir / "demo" / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True, exist_ok=True)
    with _system(settings, url, console) as running, _progress(console) as progress:
        day = Day(running, folder, progress, seed)
        try:
            diners = day.register_diners(round(payments * MEAL_SHARES["lunch"]) + 10)
            empty = day.empty_handed()
            day.enrol_terminals(terminals)
            plan = day.plan(diners, empty, payments)
            business_date = day.town.centre.call("GET", "/clearing/open-days")[0]["business_date"]
            paying = time.monotonic()
            day.serve(plan)
            paid_in_s = time.monotonic() - paying
            waste: list[dict[str, Any]] = []
            cycle = None
            if not keep_open:
                night = progress.add_task("close, net, statements, waste", total=3)
                cycle = day.town.centre.call("POST", "/clearing/cycles", {"business_date": business_date})
                progress.advance(night)
                day.weigh(business_date)
                progress.advance(night)
                waste = day.town.centre.call("GET", f"/waste/days/{business_date}")["meals"]
                progress.advance(night)
            acks = day.write_history()
        finally:
            day.close()
        progress.stop()
        _summary(console, day.tally, paid_in_s, cycle, waste)
        console.print(f"\njournals and acks.jsonl in {folder}; the whole day took {time.monotonic() - started:.0f} s")
        return _judged(settings, console, acks, own=url is None)


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


def _judged(settings: Settings, console: Console, acks: Path, *, own: bool) -> bool:
    """Both judges, where the database can be reached from here."""
    if not own and not settings.database_url:
        console.print("a system elsewhere: run onecard verify and onecard check-history there")
        return True

    async def judge(ready: Settings) -> bool:
        report = await verify_ledger(ready.needed_database_url, ready.statement_folder)
        verdict = await check_history(ready.needed_database_url, read_history(acks))
        broken = [line for line in report if not line.holds]
        for line in broken:
            console.print(f"[bold red]FAIL[/] {line.name}: {line.figure}")
        console.print(f"onecard verify: {len(report) - len(broken)} of {len(report)} checks hold")
        for text in verdict.lines():
            console.print(text)
        return not broken and verdict.holds

    with Services(settings).available() as ready:
        return asyncio.run(judge(ready))
