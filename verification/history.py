"""``onecard check-history``: the ledger compared with what the terminals saw.

Each line of a history is one request of a terminal with the outcome that it knows: *ok* (approved), *refused*,
*voided*, *rejected* (the message was wrong), or *unknown* (may or may not have happened). Lost: an acknowledged
payment that the ledger does not hold. Doubled: a number under which more was posted than once. Invented: a posting of
a terminal that it never asked for, or was told is refused.
"""

import json
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from foundation import catalogue
from foundation.catalogue import Language
from foundation.money import yuan
from foundation.named_sql import load_queries

QUERIES = load_queries(Path(__file__).parent / "sql" / "history.sql")

EXAMPLES_MAX = 3
"""Differences shown; the counts say how many there are."""

OUTCOMES = {"ok", "refused", "voided", "rejected", "unknown"}
Number = tuple[int, int, int]
"""Terminal, epoch, sequence."""


KINDS = ("lost", "doubled", "invented", "altered")
"""The kinds of difference: each is a field of the report and a message ``verification.history.<kind>``."""


@dataclass(frozen=True, slots=True)
class HistoryDifference:
    """One request on which the ledger and its terminal do not agree."""

    kind: str
    number: Number
    amount_fen: int

    def text(self, language: Language) -> str:
        """For people."""
        terminal_id, epoch, sequence = self.number
        return catalogue.text(
            "verification.history.difference",
            language,
            kind=catalogue.text(f"verification.history.{self.kind}", language),
            terminal_id=terminal_id,
            epoch=epoch,
            sequence=sequence,
            amount=yuan(self.amount_fen),
        )


@dataclass
class HistoryReport:
    """What the comparison found; money in fen. ``operations``: requests by outcome, a charge and its void as one."""

    operations: dict[str, int]
    lost: int = 0
    lost_fen: int = 0
    doubled: int = 0
    doubled_fen: int = 0
    invented: int = 0
    invented_fen: int = 0
    altered: int = 0
    altered_fen: int = 0
    unknown_posted: int = 0
    unknown_not_posted: int = 0
    examples: list[HistoryDifference] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether the ledger is what the terminals saw."""
        return not (self.lost or self.doubled or self.invented or self.altered)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``: always in English."""
        examples = [example.text(Language.ENGLISH) for example in self.examples]
        return {"holds": self.holds, **asdict(self), "examples": examples}

    def lines(self, language: Language) -> list[str]:
        """For people."""
        seen = [
            catalogue.text(f"verification.history.outcome.{outcome}", language, count=f"{count:,}")
            for outcome, count in sorted(self.operations.items())
        ] or [catalogue.text("verification.history.nothing", language)]
        separator = "、" if language is Language.CHINESE else ", "
        return [
            catalogue.text("verification.history.seen", language, outcomes=separator.join(seen)),
            *(self._total(kind, language) for kind in KINDS),
            catalogue.text(
                "verification.history.unknown",
                language,
                posted=self.unknown_posted,
                not_posted=self.unknown_not_posted,
            ),
            *(example.text(language) for example in self.examples),
            catalogue.text(f"verification.history.{'holds' if self.holds else 'differs'}", language),
        ]

    def _total(self, kind: str, language: Language) -> str:
        name = catalogue.text(f"verification.history.{kind}", language)
        count, amount = getattr(self, kind), yuan(getattr(self, f"{kind}_fen"))
        return catalogue.text("verification.history.total", language, kind=name, count=count, amount=amount)

    def note(self, kind: str, number: Number, amount_fen: int) -> None:
        """Count one difference, and keep the first few as examples."""
        setattr(self, kind, getattr(self, kind) + 1)
        setattr(self, f"{kind}_fen", getattr(self, f"{kind}_fen") + amount_fen)
        if len(self.examples) < EXAMPLES_MAX:
            self.examples.append(HistoryDifference(kind, number, amount_fen))


class NotAHistory(ValueError):
    """A file that is no terminal's history: which line of it is wrong."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(f"{path}:{line}")
        self.path, self.line = path, line

    def text(self, language: Language) -> str:
        """For people."""
        return catalogue.text("verification.history.not_a_history", language, file=self.path, line=self.line)


@dataclass(frozen=True, slots=True)
class Posting:
    """What the ledger has under a terminal's number."""

    posting_id: str
    kind: str
    amount_fen: int
    reversed: bool = False


def read_history(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines. Raises NotAHistory, and OSError when the file cannot be read."""
    history = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                operation = json.loads(line)
                known = operation["outcome"] in OUTCOMES and operation["operation"] in {"charge", "void"}
                numbers = [operation[name] for name in ("terminal_id", "epoch", "sequence")]
                if not known or not all(type(n) is int and 0 < n < 2**53 for n in numbers):
                    raise ValueError
                if operation["outcome"] == "ok" and type(operation["amount_fen"]) is not int:
                    raise ValueError
            except (ValueError, KeyError, TypeError, RecursionError):
                raise NotAHistory(path, number) from None
            history.append(operation)
    return history


async def check_history(url: str, history: list[dict[str, Any]]) -> HistoryReport:
    """Compare the ledger with a history."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            terminals = sorted({operation["terminal_id"] for operation in history})
            posted: defaultdict[Number, list[Posting]] = defaultdict(list)
            for row in await connection.fetch(QUERIES["postings_of_terminals"], terminals):
                number = (row["terminal_id"], row["epoch"], row["sequence"])
                posted[number].append(Posting(str(row["posting_id"]), row["kind"], row["amount_fen"], row["reversed"]))
    finally:
        await connection.close()
    return compare(history, posted)


def compare(history: list[dict[str, Any]], posted: dict[Number, list[Posting]]) -> HistoryReport:
    """Compare a history with the postings of its terminals, without the database."""
    report = HistoryReport(dict(Counter(operation["outcome"] for operation in history if not _only_voids(operation))))
    asked = set()
    for operation in history:
        number = (operation["terminal_id"], operation["epoch"], operation["sequence"])
        asked.add(number)
        _compare_one(report, operation, number, posted.get(number, []))
    for number, postings in posted.items():
        if number not in asked:
            report.note("invented", number, sum(p.amount_fen for p in postings))
    return report


def _only_voids(operation: dict[str, Any]) -> bool:
    """Whether it is a void that did what it should: its charge is counted as voided, so that it is not, too."""
    return bool(operation["operation"] == "void" and operation["outcome"] == "voided")


def _compare_one(report: HistoryReport, operation: dict[str, Any], number: Number, postings: list[Posting]) -> None:
    if len(postings) > 1:
        report.note("doubled", number, sum(p.amount_fen for p in postings[1:]))
    match operation["outcome"], postings:
        case "ok", []:
            report.note("lost", number, operation["amount_fen"])
        case "ok", [first, *_]:
            if (first.posting_id, first.amount_fen) != (operation["posting_id"], operation["amount_fen"]):
                report.note("altered", number, first.amount_fen - operation["amount_fen"])
        case "unknown", []:
            report.unknown_not_posted += 1
        case "unknown", _:
            report.unknown_posted += 1
        case "voided", [first, *_]:
            # A void of a posted charge is a reversal; a voided charge was never posted, or is reversed.
            if not (first.reversed if operation["operation"] == "charge" else first.kind == "reversal"):
                report.note("invented", number, first.amount_fen)
        case "refused" | "rejected", [first, *_]:
            report.note("invented", number, first.amount_fen)
