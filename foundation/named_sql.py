"""Named SQL queries from ``.sql`` files: ``-- name: what_it_does``, then a comment line, then the query."""

import re
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load_queries(path: Path) -> dict[str, str]:
    """The queries of one file by name; the text keeps its comments, so that logs show them."""
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    return {name: text.strip().rstrip(";") for name, text in zip(parts[1::2], parts[2::2], strict=True)}
