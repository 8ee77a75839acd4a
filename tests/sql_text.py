"""All SQL of the tree, parsed by PostgreSQL's own grammar (libpg_query), and the tables that it reads and writes."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import postgast
from postgast import pg_query_pb2 as grammar

from foundation.named_sql import load_queries

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "foundation", "registry", "settlement", "dining", "terminals", "clearing", "waste", "travellers",
    "verification", "demo",
    "onecard", "loadtest",
)  # fmt: skip

_STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|LOCK|MERGE|TRUNCATE)\s")
_WRITING = (grammar.InsertStmt, grammar.UpdateStmt, grammar.DeleteStmt, grammar.MergeStmt)
_OWN_ARRAY = re.compile(r"\b(?!(?:text|integer|bigint|boolean|date|uuid|bytea|smallint)\b)[a-z_]+\[\]")


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and where it stands."""

    path: Path
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}: {self.name}"

    @property
    def package(self) -> str:
        """The package, within ``waste`` the noun: ``waste.weighing``."""
        parts = self.path.relative_to(ROOT).parts
        return ".".join(parts[: 2 if parts[0] == "waste" and len(parts) > 2 else 1])


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a statement, without those that it names itself (WITH)."""

    read: frozenset[str]
    written: frozenset[str]


def sql_files() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.sql"))


def python_files() -> list[Path]:
    """Modules of the product; migrations are history and belong to the package of nobody."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    """Every node of a module."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def named_queries() -> Iterator[Sql]:
    for path in sql_files():
        for name, text in load_queries(path).items():
            yield Sql(path, name, text)


def functions() -> Iterator[Sql]:
    """Every CREATE of the files that hold functions instead of named queries."""
    for path in sql_files():
        if not load_queries(path):
            for text in postgast.split(path.read_text(encoding="utf-8")):
                name = re.search(r"FUNCTION (\w+)", text)
                yield Sql(path, name[1] if name else text.split("\n", 1)[0], text)


def statements_of(function: Sql) -> Iterator[Sql]:
    """The statements and expressions in a function's body, or the query of a view."""
    view = re.search(r"VIEW \w+ AS\s", function.text)
    if view:
        yield Sql(function.path, function.name, function.text[view.end() :])
        return
    if "LANGUAGE plpgsql" not in function.text:
        body = function.text.split("$$")
        if len(body) == 3:
            yield Sql(function.path, function.name, body[1])
        return
    # The parser knows no types of ours, and takes no array of them: any other array does as well.
    for text in _expressions(postgast.parse_plpgsql(_OWN_ARRAY.sub("text[]", function.text))):
        yield Sql(function.path, function.name, text)


def _expressions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        expression = node.get("PLpgSQL_expr")
        if expression is not None:
            text = expression["query"]
            is_statement = expression.get("parseMode", 0) == 0 and _STATEMENT.match(_bare(text))
            yield text if is_statement else "SELECT " + text.rpartition(":=")[2]
        for child in node.values():
            yield from _expressions(child)
    elif isinstance(node, list):
        for child in node:
            yield from _expressions(child)


def _bare(text: str) -> str:
    return re.sub(r"^\s*(--[^\n]*\n\s*)*", "", text)


def strings_of_python() -> Iterator[Sql]:
    """SQL in string literals. Files that speak SQLite have no tables of the centre and are left out."""
    for path in python_files():
        if "sqlite3" in path.read_text(encoding="utf-8"):
            continue
        for node in nodes_of(path):
            text = _literal(node)
            if text is not None and _STATEMENT.match(text):
                yield Sql(path, f"line {getattr(node, 'lineno', 0)}", _with_parameters(text))


def _literal(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    return None


def _with_parameters(text: str) -> str:
    """psycopg's ``%s`` and ``%(name)s`` and SQLAlchemy's ``:name`` as PostgreSQL's own ``$1``."""
    text = re.sub(r"%(?:\(\w+\))?s", "$1", text).replace("%%", "%")
    return re.sub(r"(?<![:\w]):([a-z_]\w*)", "$1", text)


def tables_of(text: str) -> Tables:
    """The tables that a statement reads and writes. Raises PgQueryError when it is no SQL."""
    tree = postgast.parse(text)
    own = {cte.ctename for cte in postgast.find_nodes(tree, grammar.CommonTableExpr)}
    written = {node.relation.relname for kind in _WRITING for node in postgast.find_nodes(tree, kind)}
    named = {node.relname for node in postgast.find_nodes(tree, grammar.RangeVar)}
    # FOR UPDATE OF names aliases.
    locks = postgast.find_nodes(tree, grammar.LockingClause)
    locked = {item.range_var.relname for lock in locks for item in lock.locked_rels}
    aliases = {node.alias.aliasname for node in postgast.find_nodes(tree, grammar.RangeVar) if node.HasField("alias")}
    return Tables(frozenset(named - own - (locked & aliases)), frozenset(written))


def writes_of_models(models: dict[str, str]) -> Iterator[tuple[Path, int, str]]:
    """File, line and table of every new row or changing statement made through a mapped class.

    ``models``: table by class, ``registry.models.Official`` -> ``official``. Assignments to a loaded row are not found.
    """
    for path in python_files():
        here = {
            alias.asname or alias.name: models[f"{node.module}.{alias.name}"]
            for node in nodes_of(path) if isinstance(node, ast.ImportFrom)
            for alias in node.names if f"{node.module}.{alias.name}" in models
        }  # fmt: skip
        # A module that adds nothing to a session only makes values of what it read.
        stores = any(isinstance(node, ast.Attribute) and node.attr in ("add", "add_all") for node in nodes_of(path))
        for node in nodes_of(path):
            if not isinstance(node, ast.Call):
                continue
            if stores and isinstance(node.func, ast.Name) and node.func.id in here:
                yield path, node.lineno, here[node.func.id]
            elif _name(node.func) in ("insert", "update", "delete") and node.args and _name(node.args[0]) in here:
                yield path, node.lineno, here[_name(node.args[0])]
            elif _name(node.func) == "copy_records_to_table" and isinstance(node.args[0], ast.Constant):
                yield path, node.lineno, str(node.args[0].value)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
