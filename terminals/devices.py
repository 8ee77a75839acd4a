"""A card and a phone in software, computing as the real ones do: for makers of terminals, tests and the demo."""

import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from terminals import cards, qr
from terminals.cards import CardFile


class SoftwareCard:
    """A card: answers challenges under a counter that only increases."""

    def __init__(self, uid: bytes, file: CardFile, key: bytes, counter: int = 0) -> None:
        self.uid = uid
        self.file = file
        self.counter = counter
        self._key = key

    def respond(self, challenge: bytes) -> tuple[int, bytes]:
        """The next counter value, and the MAC over challenge and counter."""
        self.counter += 1
        return self.counter, cards.response(self._key, challenge, self.counter)


class SoftwarePhone:
    """A phone: holds a key and a holder certificate, shows codes."""

    def __init__(self, key: Ed25519PrivateKey, certificate: bytes, counter: int = 0) -> None:
        self.key = key
        self.certificate = certificate
        self.counter = counter

    def show_code(self, *, at: float | None = None, canteen_id: int | None = None) -> str:
        """A fresh code; ``at`` in seconds since 1970, now by default."""
        self.counter += 1
        issued_at = int(time.time() if at is None else at)
        return qr.make_code(self.certificate, self.key, qr.Token(issued_at, self.counter, canteen_id))
