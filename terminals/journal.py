"""A terminal's journal: every request is on disk before it is sent, every answer before it is shown.

SQLite in WAL mode with ``synchronous=FULL``: a commit is on disk when it returns. What was sent and has no final
answer is *unknown*; it is sent again under the same numbers until it is known.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TABLE = """
CREATE TABLE IF NOT EXISTS request (
    epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, operation TEXT NOT NULL, body BLOB NOT NULL,
    outcome TEXT NOT NULL, answer BLOB,
    PRIMARY KEY (epoch, sequence)) WITHOUT ROWID
"""

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """One request in the journal."""

    epoch: int
    sequence: int
    operation: str
    body: bytes
    outcome: str
    answer: bytes | None


class Journal:
    """The requests of one terminal, on its disk."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(_TABLE)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def highest_sequence(self, epoch: int) -> int:
        """The highest number used in an epoch; 0 if none."""
        row = self._db.execute("SELECT max(sequence) FROM request WHERE epoch = ?", (epoch,)).fetchone()
        return row[0] or 0

    def latest(self, count: int) -> list[Entry]:
        """The requests written last, the newest first."""
        rows = self._db.execute("SELECT * FROM request ORDER BY epoch DESC, sequence DESC LIMIT ?", (count,))
        return [Entry(**dict(row)) for row in rows]

    def write_ahead(self, epoch: int, sequence: int, operation: str, body: bytes) -> None:
        """Write a request before it is sent; on disk when this returns."""
        self._db.execute(
            "INSERT INTO request VALUES (?, ?, ?, ?, ?, NULL)", (epoch, sequence, operation, body, UNKNOWN)
        )

    def write_answer(self, epoch: int, sequence: int, outcome: str, answer: bytes) -> None:
        """Write an answer before it is shown; on disk when this returns."""
        self._db.execute(
            "UPDATE request SET outcome = ?, answer = ? WHERE epoch = ? AND sequence = ?",
            (outcome, answer, epoch, sequence),
        )

    def entries(self, outcome: str | None = None) -> list[Entry]:
        """All requests in order, or those with one outcome."""
        rows = self._db.execute(
            "SELECT * FROM request WHERE ?1 IS NULL OR outcome = ?1 ORDER BY epoch, sequence", (outcome,)
        )
        return [Entry(**row) for row in rows]

    def history(self, terminal_id: int) -> Iterator[dict[str, Any]]:
        """What the terminal saw, one object a request: the input of ``onecard check-history``.

        ``outcome`` is ok, refused, voided or unknown; amounts in fen.
        """
        for entry in self.entries():
            if entry.operation == "weigh":
                continue
            answer = json.loads(entry.answer) if entry.answer else {}
            receipt = answer.get("receipt") or {}
            asked = json.loads(entry.body)
            line: dict[str, Any] = {
                "terminal_id": terminal_id,
                "epoch": entry.epoch,
                "sequence": entry.sequence,
                "operation": entry.operation,
                "outcome": "ok" if entry.outcome == "approved" else entry.outcome,
            }
            if receipt:
                line |= {"posting_id": receipt["number"], "amount_fen": receipt["amount_fen"]}
            if entry.operation == "void":
                line |= {"target_epoch": asked["target_epoch"], "target_sequence": asked["target_sequence"]}
            yield line
