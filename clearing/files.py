"""Atomic file writes: written beside the target, synced, and moved into place."""

import os
from collections.abc import Iterable
from pathlib import Path

from clearing.merkle import Hashes


def write_whole(path: Path, parts: Iterable[Hashes]) -> None:
    """Write or replace a file."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with beside.open("wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
