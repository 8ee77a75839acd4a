"""A card and a phone in software, computing as the real ones do: for makers of terminals, tests and the demo."""

import secrets
import time
from typing import Any

from terminals import cards, qr
from terminals.cards import CardFile
from terminals.parameters import RESEND_WITHIN_S
from terminals.phone_keys import PrivateKey
from terminals.schemas import to_bytes
from terminals.short_codes import COUNTER_MAX, PAYS_WITHIN_S, make_short_code


class AnsweredAlready(Exception):
    """The card has answered since it was held to the reader, and stays silent until it is taken away."""


class Tap:
    """A card held to a reader: it answers one challenge. Another payment needs another tap, which its holder sees."""

    def __init__(self, card: "SoftwareCard") -> None:
        self.card = card
        self._answered = False

    def respond(self, challenge: bytes) -> tuple[int, bytes]:
        """The next counter value, and the MAC over challenge and counter; raises AnsweredAlready."""
        if self._answered:
            raise AnsweredAlready
        self._answered = True
        return self.card.answer(challenge)


class SoftwareCard:
    """A card: answers one challenge a tap, under a counter that only increases."""

    @classmethod
    def personalised(cls, issued: dict[str, Any]) -> "SoftwareCard":
        """A card with what the console gave out for it (``CardIssued``)."""
        numbers = (issued[name] for name in CardFile.__struct_fields__)
        return cls(bytes.fromhex(issued["uid"]), CardFile(*numbers), to_bytes(issued["key"]))

    def __init__(self, uid: bytes, file: CardFile, key: bytes, counter: int = 0) -> None:
        self.uid = uid
        self.file = file
        self.counter = counter
        self._key = key

    def tap(self) -> Tap:
        """Hold the card to a reader."""
        return Tap(self)

    def answer(self, challenge: bytes) -> tuple[int, bytes]:
        """The card's arithmetic, behind a tap: the next counter value, and the MAC over challenge and counter."""
        self.counter += 1
        return self.counter, cards.response(self._key, challenge, self.counter)


LIMIT_FEN = 10_000
"""What a phone allows for one payment, unless its holder chooses otherwise."""


SKIPPED_MAX = 100_000
"""Counters that a phone skips when its certificate is renewed: at most so many, at random."""


class SoftwarePhone:
    """A phone: holds a key and a holder certificate, shows codes."""

    def __init__(self, key: PrivateKey, certificate: bytes, counter: int = 0, *, reference: bytes = b"") -> None:
        self.key = key
        self.certificate = certificate
        self.reference = reference
        self.counter = counter
        self._arrives_until = 0.0
        self._asked_at = 0

    def asks_at(self, now: int) -> int:
        """The time that its holder's next change is signed at: no two have the same, so that none is a copy."""
        self._asked_at = max(now, self._asked_at + 1)
        return self._asked_at

    def renewed(self, certificate: bytes, reference: bytes) -> None:
        """Go on with a fresh certificate and its reference.

        Counters are skipped: they would tell that codes from before and after are of one phone. Not while a code that
        was shown may still reach the centre: its counter would be too far below the latest.
        """
        skipped = 1 + secrets.randbelow(SKIPPED_MAX)
        is_another, is_settled = reference != self.reference, time.time() > self._arrives_until
        if is_another and is_settled and self.counter + skipped < COUNTER_MAX:
            self.counter += skipped
        self.certificate, self.reference = certificate, reference

    def show_code(
        self, *, at: float | None = None, canteen_id: int | None = None, limit_fen: int | None = LIMIT_FEN
    ) -> str:
        """A fresh long code for a payment of at most ``limit_fen`` (None: of any) at a canteen (None: any, online).

        ``at``: seconds since 1970, now by default.
        """
        token = self._token(at, canteen_id, limit_fen)
        if canteen_id is not None:
            self._arrives_until = max(self._arrives_until, token.issued_at + qr.TOKEN_FRESH_S + RESEND_WITHIN_S)
        return qr.make_code(self.certificate, self.key, token)

    def show_short_code(
        self, *, at: float | None = None, canteen_id: int | None = None, limit_fen: int | None = LIMIT_FEN
    ) -> str:
        """The same as a short code, for a till with a network."""
        return make_short_code(self.reference, self.key, self._token(at, canteen_id, limit_fen))

    def _token(self, at: float | None, canteen_id: int | None, limit_fen: int | None) -> qr.Token:
        self.counter += 1
        issued_at = int(time.time() if at is None else at)
        self._arrives_until = max(self._arrives_until, issued_at + PAYS_WITHIN_S)
        return qr.Token(issued_at, self.counter, canteen_id, limit_fen)
