"""Files of a cycle: written aside, put in place at once when they are published, and never changed after that."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from clearing.merkle import Hashes

READ_ONLY = 0o400


def write_whole(path: Path, parts: Iterable[Hashes]) -> None:
    """Write a new file to the disk; nobody may write to it again."""
    with path.open("xb") as file:
        file.writelines(parts)
        file.flush()
        os.fchmod(file.fileno(), READ_ONLY)
        os.fsync(file.fileno())


@contextmanager
def aside(target: Path) -> Iterator[Path]:
    """A folder beside ``target``, of this process alone, to write in; what is left in it at the end is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(folder: Path, target: Path) -> None:
    """Make a folder the ``target``. One that is there already was never published, and goes aside."""
    _sync(folder)
    if target.exists():
        target.rename(target.with_name(f"{_prefix(target)}{secrets.token_hex(8)}"))
    folder.rename(target)
    _sync(target.parent)


def remove_aside(target: Path) -> None:
    """Remove every folder beside a published target: those of killed processes, and of slower ones."""
    for left in target.parent.glob(f"{_prefix(target)}*"):
        shutil.rmtree(left, ignore_errors=True)


def _prefix(target: Path) -> str:
    return f".{target.name}-"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
