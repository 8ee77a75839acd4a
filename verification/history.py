"""The second judge: the ledger against what the terminals saw.

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

from foundation.money import yuan
from verification.invariants import EXAMPLES_MAX, QUERIES

OUTCOMES = {"ok", "refused", "voided", "rejected", "unknown"}
Number = tuple[int, int, int]
"""Terminal, epoch, sequence."""


@dataclass
class Verdict:
    """What the comparison found; money in fen."""

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
    examples: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether the ledger is what the terminals saw."""
        return not (self.lost or self.doubled or self.invented or self.altered)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {"holds": self.holds, **asdict(self)}

    def lines(self) -> list[str]:
        """For people."""
        seen = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(self.operations.items()))
        return [
            f"terminals saw: {seen or 'nothing'}",
            f"lost     {self.lost:>6}  {yuan(self.lost_fen)} yuan",
            f"doubled  {self.doubled:>6}  {yuan(self.doubled_fen)} yuan",
            f"invented {self.invented:>6}  {yuan(self.invented_fen)} yuan",
            f"altered  {self.altered:>6}  {yuan(self.altered_fen)} yuan",
            f"of the unknown: {self.unknown_posted} posted, {self.unknown_not_posted} not",
            *self.examples,
            "the ledger is what the terminals saw" if self.holds else "THE LEDGER IS NOT WHAT THE TERMINALS SAW",
        ]

    def _note(self, kind: str, number: Number, amount_fen: int) -> None:
        setattr(self, kind, getattr(self, kind) + 1)
        setattr(self, f"{kind}_fen", getattr(self, f"{kind}_fen") + amount_fen)
        if len(self.examples) < EXAMPLES_MAX:
            terminal_id, epoch, sequence = number
            self.examples.append(
                f"{kind}: request {epoch}/{sequence} of terminal {terminal_id}, {yuan(amount_fen)} yuan"
            )


@dataclass(frozen=True, slots=True)
class Posting:
    """What stands in the ledger under a number."""

    posting_id: str
    kind: str
    amount_fen: int
    reversed: bool = False


def read_history(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines; raises ValueError that names the line at fault, OSError when there is no such file."""
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
                raise ValueError(f"{path}:{number}: not a line of a terminal's history") from None
            history.append(operation)
    return history


async def check_history(url: str, history: list[dict[str, Any]]) -> Verdict:
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


def compare(history: list[dict[str, Any]], posted: dict[Number, list[Posting]]) -> Verdict:
    """The comparison itself: pure."""
    verdict = Verdict(dict(Counter(operation["outcome"] for operation in history)))
    asked = set()
    for operation in history:
        number = (operation["terminal_id"], operation["epoch"], operation["sequence"])
        asked.add(number)
        _compare_one(verdict, operation, number, posted.get(number, []))
    for number, postings in posted.items():
        if number not in asked:
            verdict._note("invented", number, sum(p.amount_fen for p in postings))
    return verdict


def _compare_one(verdict: Verdict, operation: dict[str, Any], number: Number, postings: list[Posting]) -> None:
    if len(postings) > 1:
        verdict._note("doubled", number, sum(p.amount_fen for p in postings[1:]))
    match operation["outcome"], postings:
        case "ok", []:
            verdict._note("lost", number, operation["amount_fen"])
        case "ok", [first, *_]:
            if (first.posting_id, first.amount_fen) != (operation["posting_id"], operation["amount_fen"]):
                verdict._note("altered", number, first.amount_fen - operation["amount_fen"])
        case "unknown", []:
            verdict.unknown_not_posted += 1
        case "unknown", _:
            verdict.unknown_posted += 1
        case "voided", [first, *_]:
            # A void that took a posting back is a reversal; a voided charge never posted, or was taken back.
            if not (first.reversed if operation["operation"] == "charge" else first.kind == "reversal"):
                verdict._note("invented", number, first.amount_fen)
        case "refused" | "rejected", [first, *_]:
            verdict._note("invented", number, first.amount_fen)
