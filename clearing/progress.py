"""Telling people how far long work is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is to do."""


def silent(what: str, done: int, of: int) -> None:
    """Tell nobody."""
