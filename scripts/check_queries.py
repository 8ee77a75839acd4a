"""Prepare every named query on a migrated database, and check that exactly one module uses it.

Usage: .venv/bin/python scripts/check_queries.py   (part of `make check`; exit 1 when a query is wrong)
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import psycopg

from foundation.named_sql import load_queries
from scripts.scratch_database import scratch_database

ROOT = Path(__file__).parents[1]

Query = tuple[Path, str]
"""A query by its file and name."""


def query_files(root: Path = ROOT) -> list[Path]:
    """Every file of named queries, or of functions (which holds none)."""
    found = root.glob("*/**/sql/*.sql")
    return sorted(path for path in found if not path.relative_to(root).parts[0].startswith("."))


def broken_queries(url: str, files: list[Path]) -> Iterator[str]:
    """PREPARE each query; a line for each that PostgreSQL refuses."""
    with psycopg.connect(url, autocommit=True) as connection:
        for path in files:
            for name, text in load_queries(path).items():
                try:
                    connection.execute(f"PREPARE checked AS {text}".encode())
                    connection.execute(b"DEALLOCATE checked")
                except psycopg.Error as error:
                    yield f"{_shown(path)}: {name}: {error.diag.message_primary}"


def misplaced_queries(root: Path = ROOT) -> Iterator[str]:
    """A line for each query that no module uses, or more than one."""
    users = users_of_queries(root)
    for path in query_files(root):
        for name in load_queries(path):
            using = sorted(users.get((path, name), ()))
            if not using:
                yield f"{_shown(path)}: {name}: no module uses it"
            elif len(using) > 1:
                yield f"{_shown(path)}: {name}: used by {', '.join(using)}: one module has it, the others call that"


def users_of_queries(root: Path = ROOT) -> dict[Query, set[str]]:
    """The modules that use each query, by the dictionaries that they load or import."""
    trees = {
        ".".join(path.relative_to(root).with_suffix("").parts): (path, ast.parse(path.read_text(encoding="utf-8")))
        for path in root.glob("*/**/*.py")
        if path.relative_to(root).parts[0] not in ("tests", "scripts", ".venv")
    }
    dictionaries: dict[str, Path] = {}
    """File of queries by the full name of the dictionary: ``clearing.closing.QUERIES``."""
    for module, (path, tree) in trees.items():
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                file = _file_loaded(node.value, path)
                if file is not None:
                    dictionaries[f"{module}.{node.targets[0].id}"] = file
    users: dict[Query, set[str]] = defaultdict(set)
    for module, (path, tree) in trees.items():
        for query in _queries_used(module, path, tree, dictionaries):
            users[query].add(module)
    return users


def _queries_used(module: str, path: Path, tree: ast.Module, dictionaries: dict[str, Path]) -> Iterator[Query]:
    local = {name.rpartition(".")[2]: file for name, file in dictionaries.items() if name.rpartition(".")[0] == module}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                imported, called = f"{node.module}.{alias.name}", alias.asname or alias.name
                if imported in dictionaries:
                    local[called] = dictionaries[imported]
                for name, loaded in dictionaries.items():
                    if name.rpartition(".")[0] == imported:
                        local[f"{called}.{name.rpartition('.')[2]}"] = loaded
    for node in ast.walk(tree):
        file: Path | None
        if isinstance(node, ast.Subscript):
            file = local.get(ast.unparse(node.value)) or _file_loaded(node.value, path)
            if file is not None:
                names = _strings(node.slice) or _strings(tree)  # The name is in a variable: a table says which.
                yield from ((file, name) for name in names & load_queries(file).keys())
        elif isinstance(node, ast.Attribute) and node.attr == "items":
            file = local.get(ast.unparse(node.value))
            if file is not None:
                yield from ((file, name) for name in load_queries(file))


def _file_loaded(node: ast.expr, path: Path) -> Path | None:
    """The file of ``load_queries(Path(__file__).parent / "sql" / "x.sql")``, else None."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load_queries":
        parts = [
            part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        [name] = [part for part in parts if part.endswith(".sql")]
        here = path.parent / "sql" / name
        return here if here.exists() else next(iter(path.parents[1].glob(f"**/sql/{name}")), None)
    return None


def _strings(node: ast.AST) -> set[str]:
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def main() -> int:
    """Say what is wrong, a line each."""
    with scratch_database() as url:
        wrong = [*broken_queries(url, query_files()), *misplaced_queries()]
    for line in wrong:
        print(line)
    if not wrong:
        print(
            f"{sum(len(load_queries(path)) for path in query_files())} named queries prepared, each used by one module."
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
