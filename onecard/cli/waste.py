"""Commands of the kitchens: evaluate, forecast now, forecast backtest."""

import json
from contextlib import nullcontext
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import rich_click as click

from onecard.cli.commands import json_option, main
from onecard.cli.output import LANGUAGE, console, fail, progress_bars, say, table, text
from onecard.cli.running import prepare
from onecard.cli.services import on_ledger, read_settings, services

if TYPE_CHECKING:
    from registry.identifiers import CanteenId
    from waste.forecast.daily_covers import CanteenMeal
    from waste.forecast.forecasting import Score, Sufficed


@main.command(help=text("onecard.help.evaluate"))
def evaluate() -> None:
    """Run pending quarter evaluations."""
    from waste.evaluation.results import run_pending_evaluations

    with services() as settings:
        evaluated = on_ledger(settings, run_pending_evaluations)
    for quarter in evaluated:
        say("onecard.evaluated", quarter=quarter)
    if not evaluated:
        say("onecard.evaluated.nothing")


@main.group("forecast", help=text("onecard.help.forecast"))
def forecast() -> None:
    """Forecast covers, or measure the forecast."""


@forecast.command("now", help=text("onecard.help.forecast.now"))
def forecast_now() -> None:
    """Store the covers of closed days; check them, mark weights that do not fit, and forecast the coming week."""
    from foundation.calendar import is_working_day
    from waste.forecast.cover_checks import check_covers
    from waste.forecast.cover_forecasts import forecast_covers, needs_forecast
    from waste.forecast.daily_covers import keep_closed_days
    from waste.weighing.marks import mark_weights

    with services() as settings:
        stored = on_ledger(settings, keep_closed_days)
        for day in stored:
            say("onecard.forecast.stored", day=day)
        if stored:
            on_ledger(settings, lambda pool: check_covers(pool, stored[-1]))
        needed = on_ledger(settings, needs_forecast)
        if needed:
            # Before the forecast, whose rows say that it is done: after a failure both are done again.
            flags = on_ledger(settings, lambda pool: mark_weights(pool, is_working_day))
            say("onecard.marks.found", flags=flags)
            meals = on_ledger(settings, lambda pool: forecast_covers(pool, is_working_day))
            say("onecard.forecast.made", meals=meals)
    if not stored and not needed:
        say("onecard.forecast.nothing")


@forecast.command("backtest", help=text("onecard.help.forecast.backtest"))
@click.option(
    "--days", default=168, show_default=True, type=click.IntRange(28, 366), help=text("onecard.option.backtest_days")
)
@json_option
def backtest(days: int, as_json: bool) -> None:
    """Forecast past days from the days before them, and compare with both baselines."""
    from foundation.calendar import is_working_day
    from waste.forecast.daily_covers import canteen_names, series_of
    from waste.forecast.forecasting import backtest_all

    with services() as settings:
        own = read_settings()
        if own.database_url is None:
            # Its own data: without any, those of the demo city. Somebody else's database is only read.
            prepare(settings, demo_city=own.may_load_demo_city)
        known = {meal: s for meal, s in on_ledger(settings, series_of).items() if any(s.covers)}
        if not known:
            fail("onecard.forecast.no_covers")
        canteens = on_ledger(settings, lambda pool: canteen_names(pool, LANGUAGE))
        # Nothing but the document on standard output.
        with nullcontext(_silent) if as_json else progress_bars() as progress:
            made = backtest_all(list(known.values()), is_working_day, test_days=days, progress=progress)
    if as_json:
        print(json.dumps(asdict(made), ensure_ascii=False))
    else:
        _show(made.scores, {series.name: meal for meal, series in known.items()}, canteens)
        _show_cook_for(made.cook_for)


def _silent(kind: str, done: int, of: int) -> None:
    """In place of a bar."""


def _show(scores: "list[Score]", places: "dict[str, CanteenMeal]", canteens: "dict[CanteenId, str]") -> None:
    """Print a table for each canteen, whose name fills a line, then each method's means."""
    columns = [f"onecard.backtest.{column}" for column in ("meal", "horizon", "method", "wape", "mase", "sufficed")]
    by_canteen = sorted(scores, key=lambda score: (list(places).index(score.name), score.horizon))
    for canteen_id, mine in groupby(by_canteen, lambda score: places[score.name].canteen_id):
        rows = table(*columns)
        for score in mine:
            meal = text(f"onecard.backtest.meal.{places[score.name].meal}")
            sufficed = f"{score.sufficed:.0%}" if score.sufficed is not None else ""
            rows.add_row(
                meal, str(score.horizon), _method(score.model), f"{score.wape:.1%}", f"{score.mase:.2f}", sufficed
            )
        console.print(canteens[canteen_id], markup=False)
        console.print(rows)
        console.print()
    for model, horizon in dict.fromkeys((score.model, score.horizon) for score in scores):
        its = [score for score in scores if (score.model, score.horizon) == (model, horizon)]
        wape, mase = (sum(getattr(s, name) for s in its) / len(its) for name in ("wape", "mase"))
        say("onecard.backtest.mean", method=_method(model), horizon=horizon, wape=f"{wape:.1%}", mase=f"{mase:.2f}")


def _show_cook_for(groups: "list[Sufficed]") -> None:
    """Print how many portions to prepare were enough, by kind of day and horizon."""
    columns = ("kind", "horizon", "days", "sufficed", "portions", "surplus")
    rows = table(*(f"onecard.backtest.{column}" for column in columns))
    for g in groups:
        kind = text("onecard.backtest.working_day" if g.works else "onecard.backtest.day_off")
        rows.add_row(kind, str(g.horizon), str(g.days), f"{g.sufficed:.1%}", f"{g.portions:.2f}", f"{g.surplus:.2f}")
    console.print()
    console.print(rows)


def _method(model: str) -> str:
    return text(f"onecard.backtest.method.{model}")
