"""Plays a whole day against a running system and prints the results (``onecard demo``)."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from demo import office, travellers
from demo.clock import DAYS_AHEAD, can_be_played
from demo.console import PlayFailed
from demo.day import MEAL_SHARES, Day, Tally
from foundation import catalogue
from foundation.calendar import ZONE
from foundation.catalogue import Language
from foundation.money import yuan

CATCH_UP_WITHIN_S = 90.0


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What to play; the same seed plays the same day. ``keep_open``: no closing, no waste."""

    payments: int
    terminals: int
    seed: int = 1
    keep_open: bool = False


@dataclass(slots=True)
class PlayedDay:
    """What came of the day; cycle and waste as the API answers them."""

    tally: Tally
    paid_in_s: float
    history: Path
    centre_public_key: bytes
    """The key that the terminals pinned: whose system it was."""
    agencies: list[dict[str, Any]]
    cycle: dict[str, Any] | None = None
    waste: list[dict[str, Any]] | None = None


def play_day(console: Console, url: str, folder: Path, plan: DayPlan, language: Language) -> PlayedDay:
    """Play a day against the system at ``url`` and print the results. Raises PlayFailed."""
    started = time.monotonic()
    with _progress(console) as progress:
        day = Day(url, folder, progress, plan.seed, language)
        try:
            played = _play(day, plan)
        finally:
            day.close()
    _Summary(console, language).show(played)
    seconds = f"{time.monotonic() - started:.0f}"
    console.print(f"\n{catalogue.text('demo.done', language, folder=folder, seconds=seconds)}", markup=False)
    return played


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<30}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def _play(day: Day, plan: DayPlan) -> PlayedDay:
    business_date = _day_to_play(day)
    diners = day.register_diners(round(plan.payments * MEAL_SHARES["lunch"]) + 10)
    empty = day.empty_handed()
    day.enrol_terminals(plan.terminals)
    presentations = day.plan(diners, empty, plan.payments)
    started = time.monotonic()
    day.serve(presentations)
    paid_in_s = time.monotonic() - started
    travellers.use_phones(day)
    cycle, waste = (None, None) if plan.keep_open else _end_of_day(day, business_date)
    key = day.terminals[0].identity.centre_public_key
    return PlayedDay(day.tally, paid_in_s, day.write_history(), key, list(day.network.agencies.values()), cycle, waste)


def _day_to_play(day: Day) -> str:
    """The open business day. Raises PlayFailed when it is too far ahead.

    A system that was off at the cut-off closes the days before first; the job runner looks once a minute.
    """
    give_up_at = time.monotonic() + CATCH_UP_WITHIN_S
    while (on := day.business_date) < (now := datetime.now(ZONE)).date() and time.monotonic() < give_up_at:
        time.sleep(1)
    if not can_be_played(on, now):
        raise PlayFailed("demo.too_far_ahead", business_date=on, days=DAYS_AHEAD)
    return on.isoformat()


def _end_of_day(day: Day, business_date: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """End the shifts, close the day and weigh its waste; the cycle, and the measures of each meal."""
    task = day.task("end_of_day", 6)
    office.end_shifts(day)
    office.refund_one(day)
    day.progress.advance(task)
    # The demo's day is played in a minute: its cut-off has not passed, so that two people close it.
    message = {"business_date": business_date, "reason": "demo"}
    cycle: dict[str, Any] = day.network.with_approval("/clearing/cycles", message)
    day.progress.advance(task)
    day.weigh(business_date)
    office.correct_a_weight(day, business_date)
    day.progress.advance(task)
    waste: list[dict[str, Any]] = day.network.centre.call("GET", f"/waste/days/{business_date}")["meals"]
    day.progress.advance(task)
    cycle = office.wait_until_published(day, cycle)
    office.hear_from_the_bank(day, business_date)
    office.dispute(day)
    office.reconcile(day)
    office.leave_for_approval(day)
    day.progress.advance(task)
    office.inspect(day)
    office.publish_bulletin(day)
    office.report_receptions(day)
    day.progress.advance(task)
    return cycle, waste


class _Summary:
    """Prints what came of a day, in one language."""

    def __init__(self, console: Console, language: Language) -> None:
        self.console = console
        self.language = language

    def show(self, played: PlayedDay) -> None:
        """Print everything."""
        self._payments(played.tally, played.paid_in_s)
        if played.cycle is not None:
            self._positions(played.cycle)
        if played.waste:
            self._waste(played.waste, played.agencies)

    def _text(self, message_id: str, /, **params: Any) -> str:
        return catalogue.text(message_id, self.language, **params)

    def _table(self, *columns: str) -> Table:
        return Table(*(self._text(f"demo.column.{column}") for column in columns), box=None)

    def _payments(self, tally: Tally, paid_in_s: float) -> None:
        line = self._text(
            "demo.payments",
            approved=f"{tally.approved:,}",
            amount=yuan(tally.amount_fen),
            seconds=f"{paid_in_s:.1f}",
            refused=sum(tally.refusals.values()),
            voided=tally.voided,
            resent=tally.resent,
            unknown=tally.unknown,
        )
        self.console.print(f"\n{line}", markup=False)
        refusals = self._table("refusal", "times")
        for reason, times in tally.refusals.most_common():
            refusals.add_row(self._text(f"refusal.{reason}.title"), str(times))
        self.console.print(refusals)

    def _positions(self, cycle: dict[str, Any]) -> None:
        positions = self._table("agency", "receivable", "payable", "net")
        for position in cycle["positions"]:
            fen = (position["receivable_fen"], position["payable_fen"], position["position_fen"])
            positions.add_row(self._name(position), *(f"{yuan(one):>12}" for one in fen))
        state = self._text(f"onecard.cycle.{cycle['state']}")
        line = self._text("demo.cycle", business_date=cycle["business_date"], state=state)
        self.console.print(f"\n{line}", markup=False)
        self.console.print(positions)

    def _name(self, named: dict[str, Any]) -> str:
        return str(named["name_zh" if self.language is Language.CHINESE else "name_en"])

    def _waste(self, waste: list[dict[str, Any]], agencies: Iterable[dict[str, Any]]) -> None:
        """The measures of each meal, the canteens below their agency: the names of both fill a line."""
        table = self._table("canteen", "meal", "covers", "grams_per_cover", "waste_rate")
        for agency in agencies:
            mine = {canteen["canteen_id"] for canteen in agency["canteens"]}
            meals = [meal for meal in waste if meal["canteen_id"] in mine]
            if meals:
                table.add_row(self._name(agency))
            last = None
            for meal in meals:
                name = self._name(meal).removeprefix(self._name(agency)).lstrip(", ")
                table.add_row("" if name == last else f"  {name}", *self._measures(meal))
                last = name
        self.console.print()
        self.console.print(table)

    def _measures(self, meal: dict[str, Any]) -> tuple[str, str, str, str]:
        rate = "-" if meal["waste_rate"] is None else f"{100 * meal['waste_rate']:.1f} %"
        grams = "-" if meal["grams_per_cover"] is None else f"{meal['grams_per_cover']:.1f}"
        return self._text(f"demo.meal.{meal['meal']}"), f"{meal['covers']:,}", f"{grams:>8}", f"{rate:>8}"
