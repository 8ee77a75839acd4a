"""The page of the protocol, docs/terminal-protocol.md, and the test vectors that stand on it."""

import hashlib
import re
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import json

_PLACES = (Path(__file__).parents[1] / "docs" / "terminal-protocol.md", Path(__file__).parent / "terminal-protocol.md")
"""In a working copy, and in an installed package."""


@lru_cache(maxsize=1)
def vectors() -> dict[str, Any]:
    """The blocks of the test vectors by name."""
    page = next(place for place in _PLACES if place.exists()).read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL):
        said = json.decode(block)
        if isinstance(said, dict):
            found |= said
    return found


def changed(body: Any, pointer: str, *value: Any) -> Any:
    """A message's body with another value at a JSON Pointer (RFC 6901), as vectors name members, or without it."""
    body = deepcopy(body)
    *steps, last = pointer.split("/")[1:]
    inside = body
    for step in steps:
        inside = inside[int(step) if isinstance(inside, list) else step]
    if value:
        [inside[int(last) if isinstance(inside, list) else last]] = value
    else:
        del inside[last]
    return body


def canonical(value: Any) -> bytes:
    """JSON in one spelling: members by name, no spaces, UTF-8 (RFC 8785, for texts, integers, lists and objects)."""
    return json.encode(value, order="sorted")


def vectors_digest() -> str:
    """SHA-256 of the canonical vectors, hexadecimal: which edition of the page a run was held against."""
    return hashlib.sha256(canonical(vectors())).hexdigest()
