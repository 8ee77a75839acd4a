"""A terminal's journal: every request is on disk before it is sent, every answer before it is shown.

SQLite in WAL mode with ``synchronous=FULL``: a commit is on disk when it returns. What was sent and has no final
answer of its own is *unknown*; it is sent again under the same numbers until it is known. A void marks the charge that
it voids, and leaves that charge's own answer as it is: a shift's totals and its hash chain are made from the answers.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from settlement.shifts import OPERATIONS, ShiftRequest
from terminals.parameters import is_late

_TABLES = """
CREATE TABLE IF NOT EXISTS request (
    epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, operation TEXT NOT NULL, body BLOB NOT NULL,
    outcome TEXT NOT NULL, answer BLOB,
    PRIMARY KEY (epoch, sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS closing (
    epoch INTEGER NOT NULL, shift INTEGER NOT NULL, body BLOB NOT NULL, answer BLOB,
    PRIMARY KEY (epoch, shift)) WITHOUT ROWID
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
        self._db.executescript(_TABLES)

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

    def use_up(self, epoch: int, sequence: int, operation: str) -> None:
        """Note that a number is used for what is not kept, and never sent again; on disk when this returns."""
        self._db.execute(
            "INSERT INTO request VALUES (?, ?, ?, ?, 'not_kept', ?)", (epoch, sequence, operation, b"{}", b"{}")
        )

    def write_answer(self, epoch: int, sequence: int, outcome: str, answer: bytes) -> None:
        """Write an answer before it is shown; on disk when this returns."""
        self._db.execute(
            "UPDATE request SET outcome = ?, answer = ? WHERE epoch = ? AND sequence = ?",
            (outcome, answer, epoch, sequence),
        )

    def mark_voided(self, epoch: int, sequence: int) -> None:
        """A void has settled a charge: it must not be shown as approved. Its own answer stays, or is still to come."""
        self._db.execute(
            "UPDATE request SET outcome = 'voided' WHERE epoch = ? AND sequence = ? AND operation = 'charge'"
            " AND outcome IN ('unknown', 'approved')",
            (epoch, sequence),
        )

    def unanswered(self) -> list[Entry]:
        """Requests that were sent and have no final answer of their own, in order."""
        rows = self._db.execute("SELECT * FROM request WHERE answer IS NULL ORDER BY epoch, sequence")
        return [Entry(**row) for row in rows]

    def shift(self, epoch: int) -> Entry | None:
        """The opening of the latest shift in an epoch; None if there was none."""
        row = self._db.execute(
            "SELECT * FROM request WHERE epoch = ? AND operation = 'open_shift' AND outcome <> 'rejected'"
            " ORDER BY sequence DESC LIMIT 1",
            (epoch,),
        ).fetchone()
        return None if row is None else Entry(**row)

    def closing(self, epoch: int, shift: int) -> bytes | None:
        """What was last said at the end of a shift; None while it is open."""
        row = self._db.execute("SELECT body FROM closing WHERE epoch = ? AND shift = ?", (epoch, shift)).fetchone()
        return None if row is None else row["body"]

    def write_closing(self, epoch: int, shift: int, body: bytes, answer: bytes | None = None) -> None:
        """Write a closing before it is sent, and again with its answer."""
        self._db.execute("INSERT OR REPLACE INTO closing VALUES (?, ?, ?, ?)", (epoch, shift, body, answer))

    def between(self, epoch: int, first: int, last: int) -> tuple[list[ShiftRequest], int]:
        """The charges and voids of these numbers with a final answer, and how many have none."""
        entries = self._counted(epoch, first, last)
        answered = [found for entry in entries if (found := shift_request(entry)) is not None]
        return answered, sum(entry.answer is None for entry in entries)

    def last_counted(self, epoch: int, first: int, last: int) -> int:
        """The last of these numbers whose charge or void has an outcome or is unknown; ``first`` if there is none."""
        entries = self._counted(epoch, first, last)
        found = (one.sequence for one in reversed(entries) if one.answer is None or shift_request(one) is not None)
        return next(found, first)

    def _counted(self, epoch: int, first: int, last: int) -> list[Entry]:
        rows = self._db.execute(
            "SELECT * FROM request WHERE epoch = ? AND sequence BETWEEN ? AND ? ORDER BY sequence", (epoch, first, last)
        )
        return [entry for row in rows if (entry := Entry(**row)).operation in OPERATIONS]

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
            if entry.operation not in OPERATIONS:
                continue
            answer = json.loads(entry.answer) if entry.answer else {}
            receipt = answer.get("receipt") if entry.outcome == "approved" else None
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


NO_DAY = date.min
"""Of what moved no money: in no day's totals."""


def shift_request(entry: Entry) -> ShiftRequest | None:
    """A charge or void as it stands in a shift; None without a final answer, and for what was rejected unposted."""
    if entry.answer is None:
        return None
    answer = json.loads(entry.answer)
    outcome = answer.get("outcome")
    if outcome not in ("approved", "refused", "voided"):
        return None
    receipt, voided_unposted = answer.get("receipt"), (entry.operation, outcome) == ("charge", "voided")
    digest = None if voided_unposted else sha256(entry.body).digest()
    if receipt is None:
        amount_fen = answer.get("reversed_fen", 0)
        day = date.fromisoformat(answer["business_date"]) if amount_fen else NO_DAY
        return ShiftRequest(
            entry.sequence, entry.operation, outcome, digest, None, amount_fen, day, False, answer.get("reason")
        )
    return ShiftRequest(
        sequence=entry.sequence,
        operation=entry.operation,
        outcome=outcome,
        body_digest=digest,
        posting_id=UUID(receipt["number"]),
        amount_fen=receipt["amount_fen"],
        business_date=date.fromisoformat(receipt["business_date"]),
        is_stored=is_late(json.loads(entry.body)["purchased_at"], receipt["posted_at"]),
    )
