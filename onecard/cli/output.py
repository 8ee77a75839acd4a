"""What the command line prints: one language, chosen by the environment, from the message catalogue."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from foundation import catalogue

LANGUAGE = catalogue.language_of_environment(os.environ)
MARK_WIDTH = 4

console = Console(highlight=False, soft_wrap=True)


def text(message_id: str, /, **params: Any) -> str:
    """A message in the language of the command line."""
    return catalogue.text(message_id, LANGUAGE, **params)


def say(message_id: str, /, **params: Any) -> None:
    """Print a message as a line."""
    console.print(text(message_id, **params), markup=False)


def fail(message_id: str, /, *, code: int = 1, **params: Any) -> NoReturn:
    """Print a message as one line on standard error, and exit."""
    fail_with(text(message_id, **params), code=code)


def fail_with(line: str, *, code: int = 1) -> NoReturn:
    """Print one line on standard error, and exit."""
    print(f"onecard: {' '.join(line.split())}", file=sys.stderr)
    sys.exit(code)


def show_check(name: str, figure: str, *, holds: bool | None, examples: Iterable[str] = ()) -> None:
    """Print one line of a report, with examples below it of what does not hold; None: it was not run."""
    mark, style = {
        True: (text("onecard.mark.holds"), "green"),
        False: (text("onecard.mark.broken"), "bold red"),
        None: (text("onecard.mark.not_run"), "yellow"),
    }[holds]
    console.print(f"[{style}]{mark:<{MARK_WIDTH}}[/]", end=" ")
    console.print(f"{name}  {figure}", markup=False)
    for example in examples:
        console.print(f"       {example}", style="yellow" if holds is None else "red", markup=False)


def table(*headings: str) -> Table:
    """An empty table; the headings are ids of messages. Long cells are wrapped, Chinese ones, too."""
    return Table(*(Column(text(heading), overflow="fold") for heading in headings), box=None)


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each kind of work, as it comes: ``onecard.progress.<kind>``."""
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def show(kind: str, done: int, of: int) -> None:
            if kind not in tasks:
                tasks[kind] = bars.add_task(text(f"onecard.progress.{kind}"))
            bars.update(tasks[kind], completed=done, total=of)

        yield show
