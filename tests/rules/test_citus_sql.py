"""What Citus (distributed PostgreSQL) cannot do, the ledger's SQL does not ask: so the same text runs on many nodes.

Found by running every query on a cluster. The tables are those of ``onecard.distribute``.
"""

import ast
from collections.abc import Iterator
from typing import Any

import postgast
import pytest
from postgast import pg_query_pb2 as grammar
from sqlalchemy import Table, UniqueConstraint
from sqlalchemy.dialects import postgresql

from onecard.distribute import DELEGATED, DISTRIBUTED, REFERENCE
from onecard.listings import LISTS
from registry.lists.listing import Listing
from registry.models import Base
from tests.rules.test_sql_borders import MODELS
from tests.sql_text import functions, named_queries, python_files, statements_of, strings_of_python, tables_of

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

NODES_APART = {"forwarded_numbers"}
"""Joins two books: what stands under one number in both. ``verify`` allows its connection such joins."""

NO_COLUMNS = "a sub-select without columns"
NO_RETURNING = "a change in WITH that returns nothing"
NO_BOOK = "a row lock without a book"
APART = "distributed tables that are not joined by their book"
FENCED = "LATERAL with LIMIT or OFFSET beside what is no table"
CORRELATED = "a correlated sub-select among the columns of tables that are not distributed"
COUNTED = "rows inserted from no distributed table, where a conflict leaves some out: they are counted all the same"
GROUPING_SETS = "grouping sets"
MERGE = "MERGE"
SUBSCRIPT = "an element of a list as the whole of a new value: a node takes it for an assignment, and crashes"

VALUE = "a value"
"""What a book equals that stands in the statement itself."""

_CHANGES = ("insert_stmt", "update_stmt", "delete_stmt")


def faults_of(text: str) -> Iterator[str]:
    """What a cluster would refuse in a statement, or answer otherwise than one node."""
    tree = postgast.parse(text)
    if not _tables(tree) & set(DISTRIBUTED):
        return
    if any(True for _ in postgast.find_nodes(tree, grammar.MergeStmt)):
        yield MERGE
    for update in postgast.find_nodes(tree, grammar.UpdateStmt):
        if any(target.res_target.val.HasField("a_indirection") for target in update.target_list):
            yield SUBSCRIPT
    outermost = tree.stmts[0].stmt.select_stmt
    for select in postgast.find_nodes(tree, grammar.SelectStmt):
        is_plain = not select.values_lists and select.op == grammar.SETOP_NONE
        if is_plain and not select.target_list and select != outermost:
            yield NO_COLUMNS
        if any(node.HasField("grouping_set") for node in select.group_clause):
            yield GROUPING_SETS
        yield from _faults_of_level(select)
    for cte in postgast.find_nodes(tree, grammar.CommonTableExpr):
        kind = cte.ctequery.WhichOneof("node")
        if kind in _CHANGES and not getattr(cte.ctequery, kind).returning_clause.exprs:
            yield NO_RETURNING
    for insert in postgast.find_nodes(tree, grammar.InsertStmt):
        rows = insert.select_stmt.select_stmt
        if (
            insert.relation.relname in DISTRIBUTED
            and insert.HasField("on_conflict_clause")
            and not rows.values_lists
            and not _tables(rows) & set(DISTRIBUTED)
        ):
            yield COUNTED


def _faults_of_level(select: Any) -> Iterator[str]:
    """Faults of one SELECT among the tables of its own FROM."""
    items = list(_items(select.from_clause))
    tables = {
        (item.range_var.alias.aliasname or item.range_var.relname): item.range_var.relname
        for item in items
        if item.HasField("range_var")
    }
    distributed = [alias for alias, table in tables.items() if table in DISTRIBUTED]
    books = _books(select, distributed)
    if len(set(books.values())) > 1:
        yield APART
    for lock in select.locking_clause:
        locked = {one.range_var.relname for one in lock.locking_clause.locked_rels} or set(distributed)
        if any(books[alias] != VALUE for alias in locked & set(distributed)):
            yield NO_BOOK
    others = {alias for alias, table in tables.items() if table not in DISTRIBUTED} | {
        item.range_subselect.alias.aliasname for item in items if item.HasField("range_subselect")
    }
    for item in items:
        inner = item.range_subselect.subquery.select_stmt
        is_fenced = item.range_subselect.lateral and (inner.HasField("limit_offset") or inner.HasField("limit_count"))
        reads_others = _tables(inner) & set(DISTRIBUTED) and _aliases_used(inner) & others
        if is_fenced and reads_others and not _has_value(inner):
            yield FENCED
        if item.range_subselect.lateral and not _has_value(inner):
            for link in postgast.find_nodes(inner, grammar.SubLink):
                if _tables(link) & set(DISTRIBUTED) and _aliases_used(link.subselect) & others:
                    yield APART
    if not distributed and not _has_value(select):
        for target in select.target_list:
            for link in postgast.find_nodes(target, grammar.SubLink):
                if tables and _tables(link) & set(DISTRIBUTED) and _aliases_used(link.subselect) & tables.keys():
                    yield CORRELATED


def _items(nodes: Any) -> Iterator[Any]:
    for node in nodes:
        if node.HasField("join_expr"):
            yield from _items([node.join_expr.larg, node.join_expr.rarg])
        else:
            yield node


def _conditions(select: Any) -> Iterator[Any]:
    """The equalities that every row of a level meets."""

    def parts(node: Any) -> Iterator[Any]:
        if node.HasField("bool_expr") and node.bool_expr.boolop == grammar.AND_EXPR:
            for part in node.bool_expr.args:
                yield from parts(part)
        elif node.HasField("a_expr") and [name.string.sval for name in node.a_expr.name] == ["="]:
            yield node.a_expr

    def joins(nodes: Any) -> Iterator[Any]:
        for node in nodes:
            if node.HasField("join_expr"):
                yield from parts(node.join_expr.quals)
                yield from joins([node.join_expr.larg, node.join_expr.rarg])

    yield from parts(select.where_clause)
    yield from joins(select.from_clause)


def _conditions_of(select: Any) -> Iterator[tuple[str | None, Any]]:
    """The equalities of a level, and those of the sub-selects in its FROM with their names."""
    for condition in _conditions(select):
        yield None, condition
    for item in _items(select.from_clause):
        if item.HasField("range_subselect"):
            for condition in _conditions(item.range_subselect.subquery.select_stmt):
                if _is_book(condition):
                    yield item.range_subselect.alias.aliasname, condition


def _books(select: Any, aliases: list[str]) -> dict[str, str]:
    """For each alias what its book equals: the same for those that are joined by it; VALUE where one is known."""
    same: dict[str, str] = {}
    outer = set(aliases)

    def find(name: str) -> str:
        while same.setdefault(name, name) != name:
            name = same[name]
        return name

    for name, condition in _conditions_of(select):
        sides = {side for side in (_book_of(condition.lexpr), _book_of(condition.rexpr)) if side is not None}
        if name is not None:
            # Within a sub-select the book of its own table is that of its rows.
            sides = {name} | {side for side in sides if side == VALUE or side in outer}
        if "" in sides and len(aliases) == 1:
            sides = sides - {""} | set(aliases)
        if "" not in sides and len(sides) == 2:
            one, other = sorted(sides, key=lambda side: find(side) == find(VALUE))
            same[find(one)] = find(other)
    root = find(VALUE)
    return {alias: VALUE if find(alias) == root else find(alias) for alias in aliases}


def _book_of(node: Any) -> str | None:
    """``alias`` of ``alias.book``, empty for ``book`` alone; VALUE for a parameter, a variable or a constant."""
    if node.HasField("param_ref") or node.HasField("a_const"):
        return VALUE
    if node.HasField("column_ref"):
        fields = [field.string.sval for field in node.column_ref.fields]
        if len(fields) == 1:
            return VALUE if fields[0].startswith(("p_", "v_")) else "" if fields[0] == "book" else None
        return fields[0] if fields[1] == "book" else None
    return None


def _has_value(select: Any) -> bool:
    """Whether the book of a level is a value, so that one node answers."""
    return any({_book_of(one.lexpr), _book_of(one.rexpr)} >= {VALUE} and _is_book(one) for one in _conditions(select))


def _is_book(condition: Any) -> bool:
    sides = [field.string.sval for side in (condition.lexpr, condition.rexpr) for field in side.column_ref.fields]
    return "book" in sides


def _tables(node: Any) -> set[str]:
    return {item.relname for item in postgast.find_nodes(node, grammar.RangeVar)}


def _aliases_used(node: Any) -> set[str]:
    columns = postgast.find_nodes(node, grammar.ColumnRef)
    return {column.fields[0].string.sval for column in columns if len(column.fields) > 1}


def test_the_ledgers_sql_asks_nothing_that_a_cluster_cannot_do() -> None:
    bodies = [statement for function in functions() for statement in statements_of(function)]
    wrong = []
    for sql in [*named_queries(), *bodies, *strings_of_python()]:
        if sql.name not in NODES_APART and sql.package not in ("demo", "loadtest"):
            wrong += [f"{sql}: {fault}" for fault in sorted(set(faults_of(sql.text)))]
    assert wrong == []


@pytest.mark.parametrize("listing", LISTS.values(), ids=[one.name for one in LISTS.values()])
def test_lists_ask_nothing_that_a_cluster_cannot_do(listing: Listing[Any]) -> None:
    shown = listing.rows.order_by(*listing.key).limit(1)
    text = str(shown.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
    assert list(faults_of(text)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("SELECT 1 WHERE EXISTS (SELECT FROM transfer)", NO_COLUMNS),
        ("WITH a AS (DELETE FROM purse) SELECT 1", NO_RETURNING),
        ("SELECT w.holder_id FROM purse w WHERE w.holder_id = $1 FOR UPDATE", NO_BOOK),
        ("SELECT 1 FROM purse w JOIN agency a ON a.book = w.book WHERE a.book > $1 FOR SHARE OF w", NO_BOOK),
        ("SELECT 1 FROM request h JOIN request o ON o.terminal_id = h.terminal_id", APART),
        ("SELECT 1 FROM request r LEFT JOIN request f ON f.book = r.forwarded_to", APART),
        ("SELECT 1 FROM transfer t, purse w WHERE t.holder_id = w.holder_id AND t.book = $1", APART),
        (
            "WITH days AS (SELECT book FROM book_day) SELECT 1 FROM days d"
            " CROSS JOIN LATERAL (SELECT * FROM transfer x WHERE x.book = d.book OFFSET 0) t",
            FENCED,
        ),
        (
            "WITH span AS (SELECT book, 1 AS first FROM till_shift) SELECT 1 FROM span p CROSS JOIN LATERAL ("
            "SELECT * FROM till_shift x WHERE x.book = p.book ORDER BY x.first_sequence LIMIT 1) s",
            FENCED,
        ),
        (
            "WITH span AS (SELECT book, 1 AS first FROM till_shift) SELECT 1 FROM span p CROSS JOIN LATERAL ("
            "SELECT * FROM till_shift x WHERE x.book = p.book AND x.first_sequence >= ("
            "SELECT max(y.first_sequence) FROM till_shift y WHERE y.book = p.book)) s",
            APART,
        ),
        ("SELECT c.book, (SELECT count(*) FROM visit v WHERE v.book = c.book) FROM canteen c", CORRELATED),
        ("INSERT INTO request (book) SELECT $1 WHERE $2 ON CONFLICT DO NOTHING", COUNTED),
        ("SELECT book, kind, count(*) FROM transfer GROUP BY GROUPING SETS ((book), (kind))", GROUPING_SETS),
        ("UPDATE visit i SET working_meal = p_meals[1] WHERE i.book = p_book", SUBSCRIPT),
        ("MERGE INTO purse p USING agency a ON a.book = p.book WHEN MATCHED THEN DO NOTHING", MERGE),
    ],
)
def test_what_is_forbidden_is_found(text: str, fault: str) -> None:
    assert fault in set(faults_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT FROM closed_day WHERE book = $1 FOR UPDATE",
        "SELECT 1 FROM purse w JOIN transfer t ON t.book = w.book WHERE t.book = p_book FOR UPDATE OF w",
        "SELECT 1 FROM book_day d CROSS JOIN LATERAL (SELECT * FROM transfer x WHERE x.book = d.book OFFSET 0) t",
        "SELECT 1 FROM unnest($2) a CROSS JOIN LATERAL (SELECT 1 FROM purse x WHERE x.book = $1 OFFSET 0) t",
        "WITH span AS (SELECT book FROM till_shift) SELECT 1 FROM span p CROSS JOIN LATERAL ("
        "SELECT DISTINCT ON (x.book) x.* FROM till_shift x WHERE x.book = p.book ORDER BY x.book, x.first_sequence) s",
        "INSERT INTO request (book) VALUES ($1) ON CONFLICT DO NOTHING",
        "SELECT FROM agency WHERE EXISTS (SELECT FROM canteen)",
    ],
)
def test_what_is_allowed_is_not(text: str) -> None:
    assert list(faults_of(text)) == []


def locks_without_a_book(tree: ast.AST) -> Iterator[str]:
    """Functions that lock rows of a distributed table's class (``select(X) … with_for_update()``) in no book.

    ``get``, ``get_one`` and ``refresh`` with ``with_for_update=`` go by the whole key.
    """
    classes = {name for _, name, table in MODELS if table in DISTRIBUTED}
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
        nodes = list(ast.walk(function))
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        if not any(isinstance(call.func, ast.Attribute) and call.func.attr == "with_for_update" for call in calls):
            continue
        read = {ast.unparse(arg) for call in calls if ast.unparse(call.func) == "select" for arg in call.args}
        bound = {
            ast.unparse(node.left)
            for node in nodes
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq)
        }
        yield from (f"{function.name}: {name}" for name in sorted(read & classes) if f"{name}.book" not in bound)


def test_the_orm_locks_rows_of_a_book() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in python_files()}
    wrong = [f"{path}: {fault}" for path, text in texts.items() for fault in locks_without_a_book(ast.parse(text))]
    assert wrong == []


@pytest.mark.parametrize(
    ("condition", "is_found"),
    [("Credential.holder_id == 1", True), ("Credential.book == book", False), ("Credential.book != book", True)],
)
def test_a_lock_of_the_orm_without_a_book_is_found(condition: str, is_found: bool) -> None:
    text = (
        f"async def f(db):\n    own = select(Credential).where({condition})\n    await db.scalar(own.with_for_update())"
    )
    assert bool(list(locks_without_a_book(ast.parse(text)))) == is_found


def table_of(name: str) -> Table:
    """A table; the models are loaded by the borders' test."""
    assert MODELS
    return Base.metadata.tables[name]


@pytest.mark.parametrize("name", DISTRIBUTED)
def test_every_key_of_a_distributed_table_has_the_book(name: str) -> None:
    table = table_of(name)
    keys = [list(table.primary_key.columns)]
    keys += [list(index.columns) for index in table.indexes if index.unique]
    keys += [list(rule.columns) for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    assert [key for key in keys if table.c.book not in key] == []
    assert next(iter(table.primary_key.columns)) is table.c.book


def test_foreign_keys_of_distributed_tables_lead_to_every_nodes_tables() -> None:
    wrong = [
        f"{table.name} -> {target}"
        for table in (table_of(name) for name in Base.metadata.tables)
        for target in {key.referred_table.name for key in table.foreign_key_constraints}
        if target in DISTRIBUTED
        or (table.name in DISTRIBUTED and target not in REFERENCE)
        or (table.name in REFERENCE and target not in REFERENCE)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", DELEGATED)
def test_a_function_on_a_books_node_finds_its_tables_there(name: str) -> None:
    texts = [s.text for function in functions() if function.name == name for s in statements_of(function)]
    assert texts
    assert {table for text in texts for table in tables_of(text).read} <= {*DISTRIBUTED, *REFERENCE}
