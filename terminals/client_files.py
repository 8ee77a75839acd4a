"""What a terminal has on its disk beside its journal: identity, parameters, block list, and keys that wait."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct, field
from msgspec import json as wire

from terminals.schemas import Parameters, to_bytes, to_text

S = TypeVar("S", bound=Struct)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a terminal stores permanently: its number, its key, the centre's key (and its version) of its slip."""

    terminal_id: int
    private_key: Ed25519PrivateKey
    centre_key: int
    centre_public_key: bytes

    def save(self, path: Path) -> None:
        """Write to a file that only its owner can read."""
        text = json.dumps(
            {
                "terminal_id": self.terminal_id,
                "private_key": to_text(self.private_key.private_bytes_raw()),
                "centre_key": self.centre_key,
                "centre_public_key": to_text(self.centre_public_key),
            }
        )
        write_secret(path, text.encode())

    @classmethod
    def load(cls, path: Path) -> "Identity":
        """Read what ``save`` wrote."""
        kept = json.loads(path.read_text())
        return cls(
            kept["terminal_id"],
            Ed25519PrivateKey.from_private_bytes(to_bytes(kept["private_key"])),
            kept["centre_key"],
            to_bytes(kept["centre_public_key"]),
        )


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read; on disk when this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_file(path: Path, value: Struct) -> None:
    """Replace a file as a whole: it is on disk when this returns, and never half written."""
    fresh = path.with_suffix(".new")
    write_secret(fresh, wire.encode(value))
    fresh.replace(path)


def read_file(path: Path, kind: type[S]) -> S | None:
    return wire.decode(path.read_bytes(), type=kind) if path.exists() else None


def kept_key(path: Path) -> Ed25519PrivateKey:
    """The key in this file; a fresh one if there is none."""
    if not path.exists():
        write_secret(path, Ed25519PrivateKey.generate().private_bytes_raw())
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


class KeptParameters(Struct):
    """The parameters on the terminal's disk."""

    version: str
    parameters: Parameters


class BlockList(Struct):
    """The copy of the block list on the terminal's disk: blocked cards and phones by book and number.

    ``version``: the last change in it; ``current_at``: when the centre had no later one, in the centre's time.
    """

    version: int = 0
    current_at: int = 0
    blocked: set[tuple[int, int]] = field(default_factory=set)
