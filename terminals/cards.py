"""Cards: keys diversified per card, and the proof that a card was there for this very payment.

* Diversification: NXP AN10922, AES-128: ``CMAC(master key, 0x01 || UID || AID || file)``. The card's file (version of
  the master key, book, agency, holder, credential) is part of the input, so a card with an altered file has the wrong
  key. UID, AID and file fill the 31 bytes that AN10922 takes.
* Challenge: derived from the session key, the request's numbers and the payment's own content, never chosen by the
  terminal, so that no answer can be collected in advance (the EMV "pre-play" attack; Bond et al., "Chip and Skim",
  IEEE S&P 2014), and an answer pays for nothing but what the till showed.
* Response: ``AES-CMAC(card key, 0x01 || challenge || counter)`` (RFC 4493); the card counts every response, and gives
  one for each time that it is held to a reader.
"""

import hashlib
import hmac
import struct
from collections.abc import Callable
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from msgspec import Struct

from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from registry.meals import Meal

CARD_KEYS_MAX = 50_000
"""Derived keys that a worker remembers: a city's cards, some 15 MB."""

APPLICATION_ID = bytes.fromhex("f5ca27")
"""The card application's identifier (AID, 3 bytes)."""


class CardFile(Struct, frozen=True, gc=False):
    """A card's readable file: whose account it charges. No name."""

    key_version: int
    """Of the master key from which the card's key is derived."""
    book: Book
    agency_id: AgencyId
    """The holder's: a till tells from it whether he pays as at home or as a visitor."""
    holder_id: HolderId
    credential_id: CredentialId

    def encode(self) -> bytes:
        """21 bytes: version (1), book (4), agency (4), holder (6), credential (6), big-endian."""
        numbers = self.holder_id << 48 | self.credential_id
        return struct.pack(">BII", self.key_version, self.book, self.agency_id) + numbers.to_bytes(12, "big")


def cmac(key: bytes, message: bytes) -> bytes:
    """AES-CMAC (RFC 4493), 16 bytes."""
    mac = CMAC(AES(key))
    mac.update(message)
    return mac.finalize()


def diversify(master_key: bytes, uid: bytes, application_id: bytes, system_id: bytes) -> bytes:
    """AES-128 key diversification after NXP AN10922; the three inputs together 16 to 31 bytes.

    The note pads the input to 32 bytes; from 16 bytes on that is what CMAC itself does.
    """
    data = uid + application_id + system_id
    if not 16 <= len(data) <= 31:
        raise ValueError("AN10922 takes 16 to 31 bytes of diversification input here")
    return cmac(master_key, b"\x01" + data)


@lru_cache(maxsize=CARD_KEYS_MAX)
def card_key(master_key: bytes, uid: bytes, file: CardFile) -> bytes:
    """The key of one card."""
    return diversify(master_key, uid, APPLICATION_ID, file.encode())


_MEAL_CODES: dict[str, int] = {Meal.BREAKFAST: 1, Meal.LUNCH: 2, Meal.DINNER: 3}


def binding(canteen_id: int, meal: str, purchased_at: int, amount_fen: int | None, working_meal: bool) -> bytes:
    """What a card's answer pays for: canteen (8 bytes), meal (1), time of purchase (8), amount in fen (8), working meal
    (1), big-endian. The amount is 0 where the tariff gives it.
    """
    return struct.pack(">QBQQ?", canteen_id, _MEAL_CODES[meal], purchased_at, amount_fen or 0, working_meal)


def challenge(mac: Callable[[bytes], bytes], epoch: int, sequence: int, bound: bytes) -> bytes:
    """The 16-byte challenge for the card in a request. Both sides derive it; neither chooses it.

    ``mac`` is HMAC-SHA256 under the session's key, ``bound`` what the answer pays for (``binding``).
    """
    numbers = struct.pack(">IQ", epoch, sequence)
    return mac(b"onecard card challenge v2" + numbers + hashlib.sha256(bound).digest())[:16]


def response(key: bytes, challenge_bytes: bytes, counter: int) -> bytes:
    """The card's answer to a challenge under its next counter value."""
    return cmac(key, b"\x01" + challenge_bytes + struct.pack(">Q", counter))


def is_genuine(master_key: bytes, uid: bytes, file: CardFile, challenge_bytes: bytes, counter: int, mac: bytes) -> bool:
    """Whether a card of this network answered this challenge under this counter; constant time."""
    expected = response(card_key(master_key, uid, file), challenge_bytes, counter)
    return hmac.compare_digest(expected, mac)
