"""The command line. Every mistake of a user is one line and a non-zero exit."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn, TypeVar

import asyncpg
import psycopg
import rich_click as click
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBars
from rich.table import Table

from foundation.catalogue import Language
from foundation.logs import configure_logs
from foundation.postgres import LOST_CONNECTION, Pool, open_pool
from foundation.problems import Problem
from onecard.embedded_servers import ServiceError, Services
from onecard.settings import Settings

T = TypeVar("T")

console = Console(highlight=False, soft_wrap=True)


def fail(message: str) -> NoReturn:
    """A user's mistake or a missing service: one line, and a non-zero exit."""
    print(f"onecard: {message.strip().splitlines()[0]}", file=sys.stderr)
    sys.exit(1)


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        fail(f"setting ONECARD_{str(first['loc'][0]).upper()}: {first['msg']}")


def _prepare(settings: Settings) -> None:
    """Bring the database up, and the demo city into an empty one."""
    from onecard.demonstration import load_city
    from onecard.migrate import migrate

    migrate(settings.needed_database_url)
    if settings.demo_city and load_city(settings):
        console.print("the database was empty: loaded the demo city")


@contextmanager
def _services() -> Iterator[Settings]:
    """The services of a running system, or started for this command; their failures as one line."""
    settings = _settings()
    configure_logs(json=settings.log_json)
    try:
        with Services(settings).available() as ready:
            yield ready
    except Problem as problem:
        fail(problem.detail(Language.ENGLISH))
    except (asyncpg.UndefinedTableError, psycopg.errors.UndefinedTable):
        fail("the database has no tables yet: run onecard migrate")
    except (ServiceError, psycopg.OperationalError, OSError, FileNotFoundError, ValueError) as error:
        fail(str(error))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="onecard")
def main() -> None:
    """onecard: the cross-agency canteen payment network."""


@main.command()
def run() -> None:
    """Start everything: database, Redis, job runner, server. Ctrl-C stops it all."""
    from foundation.keys import create_missing_keys
    from onecard.demonstration import log_ins
    from onecard.server import check_port, job_runner, serve

    started = time.monotonic()
    settings = _settings()
    configure_logs(json=settings.log_json)
    try:
        check_port(settings)
        with Services(settings).running() as ready:
            create_missing_keys(ready.keys_folder)
            if ready.gateway is None and ready.demo_city:
                ready = ready.model_copy(update={"gateway": "simulated"})
            ready = _with_gateway(ready)
            _prepare(ready)
            url = f"http://{ready.host}:{ready.port}"
            console.print(f"\n[bold]onecard[/] serves on [bold]{url}[/]  (ready in {time.monotonic() - started:.1f} s)")
            console.print(f"  today's payments, live   {url}/")
            console.print(f"  API description          {url}/schema")
            console.print(f"  health, metrics          {url}/health  {url}/metrics")
            if ready.demo_city:
                console.print(f"  demo log-ins             {log_ins()}")
            console.print("  play a whole day         .venv/bin/onecard demo")
            console.print("Ctrl-C stops it.\n")
            with job_runner(ready):
                serve(ready, _factory(ready))
    except (ServiceError, OSError, ValueError, psycopg.OperationalError) as error:
        fail(str(error))
    console.print("stopped")


@main.command()
def serve() -> None:
    """Serve the API alone, on external PostgreSQL and Redis (production)."""
    from onecard.server import check_port
    from onecard.server import serve as serve_api

    settings = _external()
    try:
        check_port(settings)
        serve_api(settings, _factory(settings))
    except OSError as error:
        fail(str(error))


def _external() -> Settings:
    settings = _settings()
    if not settings.database_url or not settings.redis_url:
        fail("ONECARD_DATABASE_URL and ONECARD_REDIS_URL must be set (onecard run starts its own)")
    configure_logs(json=settings.log_json)
    return _with_gateway(settings)


def _with_gateway(settings: Settings) -> Settings:
    if settings.gateway != "simulated":
        return settings
    from onecard.demonstration import with_simulated_gateway

    return with_simulated_gateway(settings)


def _factory(settings: Settings) -> str:
    """Where the workers find their application."""
    return f"onecard.{'demonstration' if settings.gateway == 'simulated' else 'app'}:create_server"


@main.command()
def migrate() -> None:
    """Bring the database to this version, and make the keys that are missing."""
    from foundation.keys import create_missing_keys
    from onecard.migrate import migrate as bring_up

    with _services() as settings:
        bring_up(settings.needed_database_url)
        if settings.keys_dir is None:
            create_missing_keys(settings.keys_folder)
    console.print("the database is up to date")


@main.command()
def urls() -> None:
    """Where the database and Redis of this data folder are, as JSON (for psql, pgbench, a look)."""
    settings = Services(_settings()).settings
    print(json.dumps({"database": settings.needed_database_url, "redis": settings.needed_redis_url}))


@main.command()
def jobs() -> None:
    """Run the periodic jobs: closes a business day when its cut-off has passed."""
    from onecard.jobs import run_jobs

    try:
        asyncio.run(run_jobs(_external()))
    except KeyboardInterrupt:
        pass
    except OSError as error:
        fail(str(error))


@main.command("check-jobs")
def check_jobs() -> None:
    """Exit 1 unless a job runner has given a sign of life within the last minute."""
    with psycopg.connect(_external().needed_database_url, connect_timeout=5) as db:
        query = "SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'"
        if db.execute(query).rowcount == 0:
            fail("no job runner has given a sign of life within a minute")


@main.command("close-day")
@click.option("--date", "on", metavar="YYYY-MM-DD", help="The business day; today's by default.")
def close_day_command(on: str | None) -> None:
    """Close a business day in every book, net it, publish and prove it. Twice changes nothing."""
    from clearing.closing import CycleResult, Night, close_day
    from foundation.calendar import ZONE
    from foundation.keys import load_keys
    from foundation.money import yuan

    business_date = _date(on) if on else datetime.now(UTC).astimezone(ZONE).date()

    async def close(settings: Settings) -> CycleResult:
        pool = await open_pool(settings.needed_database_url, size=4)
        try:
            key = load_keys(settings.keys_folder).centre_signing_key
            with _progress() as progress:
                night = Night(pool, settings.statement_folder, key, settings.clearing_fee_fen, progress)
                return await close_day(night, business_date)
        finally:
            await pool.close()

    with _services() as settings:
        cycle = asyncio.run(close(settings))
        folder = settings.statement_folder / business_date.isoformat()
    console.print(f"business day {cycle.business_date}: {cycle.state}")
    for p in cycle.positions:
        console.print(f"  {p.name_zh}  {yuan(p.position_fen):>14}")
    console.print(f"statements in {folder}")


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each kind of work, as it comes."""
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ProgressBars(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=of)

        yield show


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{text}: a date is YYYY-MM-DD")


@main.command("public-key")
def public_key() -> None:
    """Print the centre's public key, in hexadecimal: what agencies pin, and ``onecard audit`` needs."""
    from foundation.keys import load_keys

    try:
        print(load_keys(_settings().keys_folder).centre_public_key.hex())
    except (OSError, ValueError) as error:
        fail(str(error))


@main.command("bundle")
@click.argument("on", metavar="YYYY-MM-DD")
@click.argument("agency", type=int)
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
def bundle_command(on: str, agency: int, out: Path) -> None:
    """Write what an agency needs to audit a cycle by itself (see onecard audit)."""
    from clearing.proof import bundle

    business_date = _date(on)

    with _services() as settings:
        folder = settings.statement_folder
        out.write_bytes(_on_ledger(settings, lambda pool: bundle(pool, business_date, agency, folder)))
    console.print(f"wrote {out} ({out.stat().st_size:,} bytes)")


@main.command("bank-file")
@click.argument("on", metavar="YYYY-MM-DD")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
def bank_file_command(on: str, out: Path) -> None:
    """Write the file that pays whom a published cycle owes (ISO 20022 pain.001.001.09)."""
    from clearing.confirmations import bank_file

    business_date = _date(on)
    with _services() as settings:
        out.write_bytes(_on_ledger(settings, lambda pool: bank_file(pool, business_date)))
    console.print(f"wrote {out} ({out.stat().st_size:,} bytes)")


@main.command("confirm")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def confirm_command(file: Path) -> None:
    """Take the bank's confirmations (camt.053 or camt.054); exit 1 if an entry fits nothing."""
    from clearing.confirmations import take_confirmations
    from foundation.money import yuan

    with _services() as settings:
        content = file.read_bytes()
        verdicts = _on_ledger(settings, lambda pool: take_confirmations(pool, content))
    for v in verdicts:
        console.print(f"  {v.entry}  {v.reference}  {yuan(v.amount_fen)}  {v.verdict}")
    if any(v.verdict not in ("matched", "known") for v in verdicts):
        sys.exit(1)


def _on_ledger(settings: Settings, work: Callable[[Pool], Awaitable[T]]) -> T:
    async def run() -> T:
        pool = await open_pool(settings.needed_database_url, size=2)
        try:
            return await work(pool)
        finally:
            await pool.close()

    try:
        return asyncio.run(run())
    except LOST_CONNECTION as error:
        fail(f"the database went away: {error}")


@main.command("audit")
@click.argument("bundle", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--key", required=True, metavar="HEX", help="The centre's public key (onecard public-key).")
@click.option("--previous", type=click.Path(path_type=Path, dir_okay=False), help="The bundle of the cycle before.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def audit_command(bundle: Path, key: str, previous: Path | None, as_json: bool) -> None:
    """Check a bundle without trusting the centre: no database, no network. Exit 1 if anything is wrong."""
    from clearing.audit import NotABundle, audit, read_bundle

    try:
        centre_public_key = bytes.fromhex(key)
        found = [read_bundle(path.read_bytes()) for path in (bundle, previous) if path is not None]
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    except NotABundle as error:
        fail(f"{bundle}: {error}")
    except ValueError:
        fail("--key: 64 hexadecimal digits are expected")
    report = audit(found[0], centre_public_key, found[1] if previous else None)
    if as_json:
        print(json.dumps([asdict(line) for line in report], ensure_ascii=False))
    else:
        for line in report:
            console.print(f"{'[green]ok  [/]' if line.holds else '[bold red]FAIL[/]'} {line.name:<42} {line.detail}")
    if not all(line.holds for line in report):
        sys.exit(1)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def verify(as_json: bool) -> None:
    """Check every invariant of the ledger on the live database; exit 1 if one does not hold."""
    from verification.invariants import verify_ledger

    with _services() as settings:
        report = asyncio.run(verify_ledger(settings.needed_database_url, settings.statement_folder))
    if as_json:
        print(json.dumps([line.as_dict() for line in report], ensure_ascii=False))
    else:
        for line in report:
            mark = "[green]ok  [/]" if line.holds else "[bold red]FAIL[/]"
            console.print(f"{mark} {line.name:<36} {line.figure}")
            for example in line.examples:
                console.print(f"       {example}", style="red")
    if not all(line.holds for line in report):
        sys.exit(1)


@main.command("evaluate")
def evaluate_command() -> None:
    """Evaluate the canteens' quarters that somebody wants evaluated (the job runner does it)."""
    from waste.evaluation.quarters import evaluate_wanted

    with _services() as settings:
        for quarter in _on_ledger(settings, evaluate_wanted):
            console.print(f"the quarter from {quarter} is evaluated")


@main.group("forecast")
def forecast_group() -> None:
    """Covers to expect, and how good the forecast is."""


@forecast_group.command("now")
def forecast_now_command() -> None:
    """Keep the covers of closed days, and forecast the coming week if there were any (the job runner does it)."""
    from foundation.calendar import is_working_day
    from waste.forecast.headcount import forecast_covers, needs_forecast, note_covers

    with _services() as settings:
        for day in _on_ledger(settings, note_covers):
            console.print(f"covers of {day} kept")
        if _on_ledger(settings, needs_forecast):
            meals = _on_ledger(settings, lambda pool: forecast_covers(pool, is_working_day))
            console.print(f"{meals} meals forecast")


@forecast_group.command("backtest")
@click.option("--days", default=168, show_default=True, type=click.IntRange(28, 366), help="Days to forecast.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def backtest_command(days: int, as_json: bool) -> None:
    """Forecast past days from the days before them, against both baselines: MASE and WAPE by canteen and meal."""
    from foundation.calendar import is_working_day
    from waste.forecast.forecasting import backtest
    from waste.forecast.headcount import series_of

    with _services() as settings:
        _prepare(settings)
        series = [s for s in _on_ledger(settings, series_of).values() if any(s.covers)]
        if not series:
            fail("no covers are kept yet: they are once a business day is closed")
        scores = backtest(series, is_working_day, test_days=days)
    if as_json:
        print(json.dumps([asdict(score) for score in scores], ensure_ascii=False))
        return
    table = Table("canteen, meal", "model", "WAPE", "MASE", "cook-for sufficed", box=None)
    for score in scores:
        sufficed = f"{score.sufficed:.0%}" if score.sufficed is not None else ""
        table.add_row(score.name, score.model, f"{score.wape:.1%}", f"{score.mase:.2f}", sufficed)
    console.print(table)
    for model in dict.fromkeys(score.model for score in scores):
        mine = [score for score in scores if score.model == model]
        wape, mase = (sum(getattr(s, name) for s in mine) / len(mine) for name in ("wape", "mase"))
        console.print(f"{model:<16} mean WAPE {wape:.1%}, mean MASE {mase:.2f}")


@main.command("check-history")
@click.argument("acks", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def check_history_command(acks: Path, as_json: bool) -> None:
    """Compare the ledger with what the terminals saw (ACKS: JSON lines); exit 1 if they differ."""
    from verification.history import check_history, read_history

    try:
        history = read_history(acks)
    except OSError as error:
        fail(f"{acks}: {error.strerror}")
    except ValueError as error:
        fail(str(error))
    with _services() as settings:
        verdict = asyncio.run(check_history(settings.needed_database_url, history))
    if as_json:
        print(json.dumps(verdict.as_dict(), ensure_ascii=False))
    else:
        for line in verdict.lines():
            console.print(line)
    if not verdict.holds:
        sys.exit(1)


@main.command("add-user")
@click.argument("login")
@click.argument("role")
@click.option("--agency", type=int, help="The agency's number; none for the centre's people.")
@click.password_option(help="Asked for when left out.")
def add_user(login: str, role: str, agency: int | None, password: str) -> None:
    """Add a console user (the first ones of a new centre)."""
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

    from registry.access import Role
    from registry.console_users import add_console_user

    if role not in list(Role):
        fail(f"role {role}: one of {', '.join(Role)}")

    async def add(settings: Settings) -> None:
        engine = create_async_engine(settings.sqlalchemy_url)
        try:
            await add_console_user(async_sessionmaker(engine), login, Role(role), agency, password)
        finally:
            await engine.dispose()

    with _services() as settings:
        asyncio.run(add(settings))
    console.print(f"added {login}")


@main.command()
@click.option("--payments", default=5_000, show_default=True, type=click.IntRange(10, 1_000_000))
@click.option("--terminals", default=60, show_default=True, type=click.IntRange(6, 500))
@click.option("--url", help="A running system; by default the one on ONECARD_PORT, or one that it starts.")
@click.option("--seed", default=1, show_default=True, help="The same seed plays the same day.")
@click.option("--keep-open", is_flag=True, help="Leave the business day open: no closing, no waste.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where terminals keep their journals.")
def demo(payments: int, terminals: int, url: str | None, seed: int, keep_open: bool, folder: Path | None) -> None:
    """Play a whole day over HTTP: pay by card and code, close, net, weigh the waste, verify."""
    from demo.console import PlayFailed
    from onecard.demonstration import play

    settings = _settings()
    configure_logs(json=settings.log_json)
    try:
        holds = play(
            settings, console, payments=payments, terminals=terminals, url=url, seed=seed,
            keep_open=keep_open, folder=folder,
        )  # fmt: skip
    except (PlayFailed, ServiceError, OSError) as error:
        fail(str(error))
    if not holds:
        sys.exit(1)
