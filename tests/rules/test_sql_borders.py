"""SQL keeps the import contract: a package reads tables of packages below it, and writes its own alone.

A table belongs to the package whose ``models.py`` maps it. Reads through mapped classes need no test of their own: they
are imports, and import-linter sees those.
"""

import importlib
import re
import tomllib
from collections.abc import Iterator
from functools import cache

import postgast
import pytest
from postgast import pg_query_pb2 as grammar

from registry.models import Base
from tests import sql_text
from tests.sql_text import PACKAGES, ROOT, Sql, functions, named_queries, statements_of, strings_of_python, tables_of

READS = {
    ("clearing", "terminal"): "reconciliation names the terminal whose totals differ; it needs no rule of the package",
    (
        "settlement",
        "terminal",
    ): "a payment of a terminal that was replaced or revoked is refused by the statement itself",
    (
        "waste.measures",
        "waste_meal",
    ): "a meal's weights and covers are measured together, in the transaction that changes either",
    (
        "waste.measures",
        "cover_day",
    ): "a meal's weights and covers are measured together, in the transaction that changes either",
    ("waste.weighing", "cover_day"): "weights are judged per cover, once the covers of a day are kept",
    (
        "waste.evaluation",
        "rectification_case",
    ): "indicator F1 counts cases closed in time; supervision reads its evidence",
    ("waste.evaluation", "case_step"): "when a case's proof came, and whether its canteen was heard",
    ("onecard", "procrastinate_workers"): "a table of the job queue's library",
    ("onecard", "pg_roles"): "PostgreSQL's catalogue",
    ("onecard", "pg_database"): "PostgreSQL's catalogue",
    ("onecard", "pg_class"): "PostgreSQL's catalogue",
    ("onecard", "pg_proc"): "PostgreSQL's catalogue",
    ("onecard", "pg_extension"): "PostgreSQL's catalogue",
    ("onecard", "pg_dist_partition"): "the catalogue of Citus",
    ("onecard", "pg_dist_object"): "the catalogue of Citus",
    ("onecard", "pg_dist_node"): "the catalogue of Citus",
    ("onecard", "alembic_version"): "what the migrations note",
}
"""(package, table) -> why it may read a table that does not stand below it."""

WRITES = {
    ("settlement", "credential"): "last_counter lives with its credential: one row lock and one write (decision 8)",
    (
        "settlement",
        "visit",
    ): "the working meal of a visit is used up in the transaction that posts it: same row, same lock",
    ("settlement", "official"): "closing an account and paying it out are one transaction of the ledger",
    ("settlement", "region_agreement"): "agreements change by date like the rules beside which they are kept",
    ("terminals", "credential"): "cards and phones are issued here: the keys are derived in this package",
    ("demo", "*"): "loads a whole city, with its past",
    ("loadtest", "*"): "benchmarks fill a database with millions of rows, faster than any interface would take them",
}
"""(package, table) -> why it may write a table of another package; ``*`` is every table."""

VIEWS = {"account": "settlement", "leg": "clearing", "earlier_fee": "clearing", "measured_meal": "waste.measures"}
"""Views by the package that makes them."""


def layers() -> dict[str, int]:
    """The floor of each package, from the import contracts; 0 is the lowest. Nouns of waste share its floor."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    floors: dict[str, int] = {}
    for contract in contracts:
        if contract["type"] == "layers":
            [container] = contract.get("containers", [""])
            for floor, names in enumerate(reversed(contract["layers"])):
                for name in names.split("|"):
                    floors[f"{container}.{name.strip()}".removeprefix(".")] = floor
    return floors


FLOORS = layers()


def models() -> Iterator[tuple[str, str, str]]:
    """Module, class and table of everything that is mapped."""
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("models.py")):
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for mapper in Base.registry.mappers:
        yield mapper.class_.__module__, mapper.class_.__name__, str(mapper.local_table.name)  # type: ignore[attr-defined]


MODELS = list(models())
OWNERS = {table: module.removesuffix(".models") for module, _, table in MODELS} | VIEWS


def stands_below(owner: str, package: str) -> bool:
    """Whether ``package`` may import ``owner``, or is the same."""
    mine, its = package.split("."), owner.split(".")
    if mine[0] != its[0]:
        return FLOORS[its[0]] < FLOORS[mine[0]]
    return mine == its or (len(mine) == 2 and FLOORS[owner] < FLOORS[package])


Access = tuple[str, str, str]
"""Package, table, and where it stands."""


@cache
def accesses() -> tuple[list[Access], list[Access]]:
    """Every read and every write."""
    bodies = [statement for function in functions() for statement in statements_of(function)]
    reads, writes = [], []
    for sql in [*named_queries(), *bodies, *strings_of_python()]:
        tables = tables_of(sql.text)
        reads += [(sql.package, table, str(sql)) for table in tables.read]
        writes += [(sql.package, table, str(sql)) for table in tables.written]
    by_class = {f"{module}.{name}": table for module, name, table in MODELS}
    for path, line, table in sql_text.writes_of_models(by_class):
        writes.append((Sql(path, "", "").package, table, f"{path.relative_to(ROOT)}:{line}"))
    return reads, writes


def reads() -> list[Access]:
    return accesses()[0]


def writes() -> list[Access]:
    return accesses()[1]


def test_every_table_has_an_owner() -> None:
    assert set(OWNERS) >= set(Base.metadata.tables)
    assert {owner.split(".")[0] for owner in OWNERS.values()} <= FLOORS.keys()


def test_reads_go_down() -> None:
    wrong = [
        f"{where} reads {table} of {OWNERS.get(table, 'nobody')}"
        for package, table, where in reads()
        if not ((package, table) in READS or (table in OWNERS and stands_below(OWNERS[table], package))
                or (package, "*") in WRITES)
    ]  # fmt: skip
    assert wrong == []


def test_a_package_writes_its_own_tables() -> None:
    wrong = [
        f"{where} writes {table} of {OWNERS.get(table, 'nobody')}"
        for package, table, where in writes()
        if OWNERS.get(table) != package and not {(package, table), (package, "*")} & WRITES.keys()
    ]
    assert wrong == []


def test_no_exception_is_left_over() -> None:
    used = {(package, table) for package, table, _ in reads()}
    assert [key for key in READS if key not in used] == []
    used = {(package, name) for package, table, _ in writes() for name in (table, "*")}
    assert [key for key in WRITES if key not in used] == []


@pytest.mark.parametrize(
    ("text", "read", "written"),
    [
        ("SELECT 1 FROM transfer t JOIN agency a ON true FOR UPDATE OF t", {"transfer", "agency"}, set()),
        ("WITH own AS (INSERT INTO visit SELECT FROM official) SELECT FROM own", {"visit", "official"}, {"visit"}),
        ("UPDATE visit v SET book = o.book FROM official o", {"visit", "official"}, {"visit"}),
        ("DELETE FROM visit", {"visit"}, {"visit"}),
    ],
)
def test_the_parser_tells_reads_from_writes(text: str, read: set[str], written: set[str]) -> None:
    assert tables_of(text) == sql_text.Tables(frozenset(read), frozenset(written))


def test_statements_in_functions_are_found() -> None:
    texts = [function for function in functions() if function.name == "charge"]
    assert len(texts) == 2
    for charge in texts:
        found = [tables_of(statement.text) for statement in statements_of(charge)]
        assert {"credential", "visit", "request", "transfer"} <= {table for tables in found for table in tables.written}


def test_keywords_are_in_upper_case() -> None:
    wrong = []
    for path in sql_text.sql_files():
        text = path.read_bytes()
        for token in postgast.scan(text.decode()).tokens:
            word = text[token.start : token.end].decode()
            if token.keyword_kind == grammar.RESERVED_KEYWORD and word.upper() != word and word not in LOWER_CASE:
                wrong.append(f"{path.relative_to(ROOT)}: {word}")
    assert wrong == []


LOWER_CASE = {"true", "false", "current_date"}
"""Values, which read like names."""


def test_names_of_queries_have_a_comment_line() -> None:
    wrong = [str(sql) for sql in named_queries() if not re.match(r"-- \S.*[.:;,\w]", sql.text)]
    assert wrong == []
