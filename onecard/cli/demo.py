"""The commands ``demo``, ``demo-phone`` and ``demo-till``: play a whole day; pay and be paid in one's own browser."""

import sys
from pathlib import Path

import rich_click as click

from foundation.logs import configure_logs
from onecard.cli.commands import main
from onecard.cli.output import text
from onecard.cli.services import check_connection, failures_as_one_line, parse_url, read_settings


@main.command(help=text("onecard.help.demo"))
@click.option(
    "--payments",
    default=5_000,
    show_default=True,
    type=click.IntRange(10, 1_000_000),
    help=text("onecard.option.payments"),
)
@click.option(
    "--terminals", default=60, show_default=True, type=click.IntRange(6, 500), help=text("onecard.option.terminals")
)
@click.option("--url", metavar="URL", help=text("onecard.option.url"))
@click.option("--seed", default=1, show_default=True, help=text("onecard.option.seed"))
@click.option("--keep-open", is_flag=True, help=text("onecard.option.keep_open"))
@click.option("--folder", type=click.Path(path_type=Path), help=text("onecard.option.folder"))
def demo(payments: int, terminals: int, url: str | None, seed: int, keep_open: bool, folder: Path | None) -> None:
    """Play a day, and check what came of it."""
    from onecard.cli.demonstration import DayPlan, play

    url = None if url is None else parse_url(url, "--url")
    settings = read_settings()
    configure_logs(json=settings.log_json)
    plan = DayPlan(payments=payments, terminals=terminals, seed=seed, keep_open=keep_open)
    if url is None:
        check_connection(settings)
    with failures_as_one_line():
        holds = play(settings, plan, url=url, folder=folder)
    if not holds:
        sys.exit(1)


@main.command("demo-phone", help=text("onecard.help.demo_phone"))
@click.option("--url", metavar="URL", help=text("onecard.option.url"))
def demo_phone(url: str | None) -> None:
    """Print the address at which a browser becomes the phone of an official with some money."""
    from onecard.cli.demonstration import open_phone

    url = None if url is None else parse_url(url, "--url")
    settings = read_settings()
    if url is None:
        check_connection(settings)
    with failures_as_one_line():
        open_phone(settings, url=url)


@main.command("demo-till", help=text("onecard.help.demo_till"))
@click.option("--url", metavar="URL", help=text("onecard.option.url"))
def demo_till(url: str | None) -> None:
    """Print the address at which a browser becomes a till, and a cashier's number and first PIN."""
    from onecard.cli.demonstration import open_till

    url = None if url is None else parse_url(url, "--url")
    settings = read_settings()
    if url is None:
        check_connection(settings)
    with failures_as_one_line():
        open_till(settings, url=url)
