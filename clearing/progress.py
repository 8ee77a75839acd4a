"""Progress of long work."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of the work, how much is done, and the total."""


def silent(what: str, done: int, of: int) -> None:
    """Report nothing."""
