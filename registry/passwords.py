"""Passwords: their hash, and which ones are too weak to be taken.

Hashed with Argon2id (RFC 9106, its second recommended option, but with one lane: the same work on one processor). What
makes one weak is NIST SP 800-63B's: too short, or made of what everybody tries first.
"""

import hashlib
import mmap
import unicodedata
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from foundation.problems import INVALID, Problem

LENGTH_MIN, LENGTH_MAX = 12, 128
OWN_MIN = 6
"""Different letters and digits that a password needs beside common words, sequences and the login."""
COMMON_WORDS = Path(__file__).parent / "common_passwords.txt"
SEQUENCES = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "01234567890", "1qaz2wsx3edc4rfv")
SEQUENCE_MIN = 3
_LOOKS_LIKE = str.maketrans("01357@$!", "oiestasi")

_hasher = PasswordHasher(parallelism=1)

UNKNOWN_USER = "$argon2id$v=19$m=65536,t=3,p=1$kZW/X5fZd4OjCiO1MFvwXg$FtBIKdBbMhsqsA2yYOzduiTHSsQTyj3QunDTrFb3kTQ"
"""A hash for logins that do not exist, so that they take as long as others. Its password was thrown away."""


def normalized(password: str) -> str:
    """A password as it is hashed (Unicode NFKC): keyboards and browsers write the same letters in several ways."""
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """An Argon2id hash with its parameters; takes 64 MiB and a tenth of a second of a processor."""
    return _hasher.hash(normalized(password))


def is_right(known_hash: str, password: str) -> bool:
    """Whether the password has this hash; hashes of earlier releases are of the password as it was typed.

    Raises argon2's VerificationError when that could not be found out, as when memory is short.
    """
    return any(_has_hash(known_hash, form) for form in dict.fromkeys((normalized(password), password)))


def _has_hash(known_hash: str, form: str) -> bool:
    try:
        return _hasher.verify(known_hash, form)
    except (VerifyMismatchError, InvalidHashError):
        return False


def is_dated(known_hash: str) -> bool:
    """Whether the hash was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(known_hash)


def check_new_password(login: str, password: str, breached: Path | None = None) -> None:
    """Raise Problem(INVALID) for a password that is too short, too long, too common, or in the ``breached`` file."""
    password = normalized(password)
    if len(password) < LENGTH_MIN:
        raise Problem(INVALID, "password.too_short", least=LENGTH_MIN)
    if len(password) > LENGTH_MAX:
        raise Problem(INVALID, "password.too_long", most=LENGTH_MAX)
    if any(character < " " or character == "\x7f" for character in password):
        raise Problem(INVALID, "password.control_characters")
    folded = password.casefold()
    for form in (folded, folded.translate(_LOOKS_LIKE)):
        if len(_own_characters(login, form)) < OWN_MIN:
            raise Problem(INVALID, "password.too_common")
    if breached is not None and is_breached(breached, password):
        raise Problem(INVALID, "password.breached")


def is_breached(file: Path, password: str) -> bool:
    """Whether a sorted file has the password's SHA-1, in hexadecimal at the start of a line. It is read in about 35
    places, whatever its size."""
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    if not file.stat().st_size:
        return False
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as lines:
        low, high = 0, len(lines)
        while low < high:
            middle = (low + high) // 2
            start, end = lines.rfind(b"\n", 0, middle) + 1, lines.find(b"\n", middle)
            found = lines[start : start + len(wanted)].upper()
            if found == wanted:
                return True
            low, high = ((len(lines) if end < 0 else end + 1), high) if found < wanted else (low, start)
    return False


def _own_characters(login: str, password: str) -> set[str]:
    """The letters and digits of a password that are not part of the login, a common word or a sequence."""
    left = password.replace(login.casefold(), " ")
    for known in _guessed_first():
        left = left.replace(known, " ")
    return {character for character in left if character.isalnum()}


@lru_cache(maxsize=1)
def _guessed_first() -> list[str]:
    """Common words and pieces of sequences; the longest first, so that none hides a longer one."""
    words = set(COMMON_WORDS.read_text(encoding="utf-8").split())
    for sequence in SEQUENCES:
        for length in range(SEQUENCE_MIN, len(sequence) + 1):
            for start in range(len(sequence) - length + 1):
                piece = sequence[start : start + length]
                words |= {piece, piece[::-1]}
    return sorted(words, key=len, reverse=True)
