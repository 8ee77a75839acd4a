"""A phone that pays by a canteen's sheet: it keeps a journal of its own requests, as a till does."""

import time
from pathlib import Path
from typing import Any

from msgspec import json as wire

from terminals.client_messages import OutcomeUnknown, Rejected
from terminals.devices import SoftwarePhone
from terminals.journal import UNKNOWN, Entry, Journal
from terminals.phone import ask_for_holder

EPOCH = 1

FINAL = frozenset({"invalid", "malformed", "other-content", "epoch-wrong"})
"""Problems that a message keeps however often it is sent: nothing was posted under its number."""


class SheetPhone:
    """Pays by sheets at a centre. Its journal is on disk before anything is sent; a number is used once."""

    def __init__(self, url: str, phone: SoftwarePhone, journal: Path) -> None:
        self.url = url
        self.phone = phone
        self.journal = Journal(journal)

    def ask(self, code: str) -> dict[str, Any]:
        """What the sheet sells; raises OutcomeUnknown or Rejected."""
        asked: dict[str, Any] = ask_for_holder(self.url, self.phone, "GET", f"/me/sheets/{code}")
        return asked

    def begin(self, code: str, asked: dict[str, Any], amount_fen: int | None = None, **more: Any) -> int:
        """Write a payment to the journal, at the price that was shown or for an amount; its sequence number."""
        sequence = self.journal.highest_sequence(EPOCH) + 1
        message = {
            "epoch": EPOCH,
            "sequence": sequence,
            "sheet": code,
            "canteen_id": asked["canteen_id"],
            "meal": asked["meal"] or "lunch",
            "amount_fen": asked["price_fen"] if amount_fen is None else amount_fen,
            "purchased_at": int(time.time()),
        }
        self.journal.write_ahead(EPOCH, sequence, "charge", wire.encode(message | more))
        return sequence

    def send(self, sequence: int, **more: Any) -> dict[str, Any]:
        """Send a payment, or again; its answer. ``more``: ``place`` or ``no_place``, which the journal does not get.

        Raises OutcomeUnknown, after which it is sent again, or Rejected.
        """
        entry = next(one for one in self.journal.entries() if one.sequence == sequence)
        message = wire.decode(entry.body) | more
        try:
            answer: dict[str, Any] = ask_for_holder(self.url, self.phone, "POST", "/phone/payments", message)
        except Rejected as rejected:
            if rejected.slug not in FINAL:
                raise OutcomeUnknown(str(rejected), status=rejected.status, document=rejected.document) from None
            self.journal.write_answer(EPOCH, sequence, "rejected", wire.encode(rejected.document))
            raise
        self.journal.write_answer(EPOCH, sequence, answer["outcome"], wire.encode(answer))
        return answer

    def pay(self, code: str, amount_fen: int | None = None, **place: Any) -> dict[str, Any]:
        """Ask, confirm what was shown, and pay."""
        return self.send(self.begin(code, self.ask(code), amount_fen), **place)

    def resolve(self) -> list[Entry]:
        """Send again what has no answer; what is still unknown afterwards."""
        for entry in self.journal.unanswered():
            try:
                self.send(entry.sequence)
            except (OutcomeUnknown, Rejected):
                continue
        return self.journal.entries(UNKNOWN)
