"""Publishing a file: written beside its name, synced, and moved into place; nobody sees half of one."""

import os
from collections.abc import Iterable
from pathlib import Path

from clearing.merkle import Hashes


def write_whole(path: Path, parts: Iterable[Hashes]) -> None:
    """Write a file, or write it again."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with beside.open("wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
