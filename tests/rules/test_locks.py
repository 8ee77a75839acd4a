"""Advisory locks: every use in the tree stands in the one table, and the table holds nothing else."""

import re

from foundation.locks import LOCKS
from tests.sql_text import ROOT, python_files, sql_files

_USE = re.compile(r"\bpg_(?:try_)?advisory_(?:xact_)?(?:lock|unlock)\w*\s*\(\s*([^,)]*)(,?)")


def test_every_lock_stands_in_the_table() -> None:
    used: dict[int, str] = {}
    for path in [*sql_files(), *python_files()]:
        for number, comma in _USE.findall(path.read_text(encoding="utf-8")):
            assert number.isdigit(), f"{path.relative_to(ROOT)}: the first key {number!r} is no number"
            assert comma, f"{path.relative_to(ROOT)}: lock {number} has no second key"
            used[int(number)] = str(path.relative_to(ROOT))
    assert used.keys() == LOCKS.keys(), f"used: {used}"


def test_the_search_finds_every_form() -> None:
    text = "SELECT pg_try_advisory_xact_lock(1, 0), pg_advisory_xact_lock_shared( 2, x), pg_advisory_unlock(3, 0)"
    assert [number for number, _ in _USE.findall(text)] == ["1", "2", "3"]
