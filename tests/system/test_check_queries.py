"""The check of the named queries finds what it is there for."""

from pathlib import Path

from scripts.check_queries import broken_queries, misplaced_queries, query_files, users_of_queries
from tests.running_system import System

GOOD = "-- name: good\n-- It works.\nSELECT canteen_id FROM canteen WHERE book = $1;\n"


def test_a_broken_query_is_named(system: System, tmp_path: Path) -> None:
    broken = tmp_path / "broken.sql"
    broken.write_text(GOOD + "-- name: bad\n-- It names a column that is not there.\nSELECT nothing FROM canteen;\n")
    [line] = broken_queries(system.database_url, [broken])
    assert line == f'{broken}: bad: column "nothing" does not exist'


def test_the_queries_of_the_product_can_be_prepared(system: System) -> None:
    assert list(broken_queries(system.database_url, query_files())) == []


def test_a_query_belongs_to_one_module(tmp_path: Path) -> None:
    room = tmp_path / "room"
    (room / "sql").mkdir(parents=True)
    (room / "sql" / "room.sql").write_text(GOOD.replace("good", "one") + GOOD.replace("good", "two") + GOOD)
    load = 'QUERIES = load_queries(Path(__file__).parent / "sql" / "room.sql")\n'
    (room / "first.py").write_text(load + 'run(QUERIES["one"])\nrun(QUERIES["two"])\n')
    (room / "second.py").write_text('from room.first import QUERIES as OTHERS\nrun(OTHERS["two"])\n')
    assert users_of_queries(tmp_path)[room / "sql" / "room.sql", "two"] == {"room.first", "room.second"}
    wrong = list(misplaced_queries(tmp_path))
    assert len(wrong) == 2
    assert "two: used by room.first, room.second" in wrong[0]
    assert "good: no module uses it" in wrong[1]
