"""The leaves that the database hashes are those that `Line` encodes, byte for byte."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearing.merkle import leaf_hash
from clearing.proof import Line, grow_tree, tree_of
from foundation.postgres import Pool
from tests.cluster import Server
from tests.counter import HANGZHOU, NINGBO

Row = tuple[Any, ...]
"""The members of a leaf as the columns have them."""

LENGTHS = (23, 24, 255, 256, 65_535, 65_536)
"""On both sides of every border between forms of a value or length in CBOR (RFC 8949 section 3)."""

EDGES = (0, 1, *LENGTHS, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53 + 1, 2**63 - 1)
NUMBERS = sorted(EDGES + tuple(-1 - n for n in EDGES))
SMALL_NUMBERS = [n for n in NUMBERS if -(2**31) <= n < 2**31]
TEXTS = ("", "lunch", "\\x41", "e\u0301", "午餐" * 4, "午" * 100, *("m" * n for n in LENGTHS))
"""Among them Chinese of 24 and of 300 bytes, what looks like an escape, and a letter of two characters."""

TIMES = (
    datetime(2026, 11, 27, 4, 30, tzinfo=UTC),
    datetime(2026, 11, 27, 4, 30, 15, 1, tzinfo=UTC),
    datetime(2026, 11, 27, 4, 30, 15, 120_000, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2024, 2, 29, 16, 0, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, tzinfo=UTC),
)
ORDINARY: Row = (
    3301, UUID(int=7 << 76), 0, "payment", None, 7, 8, 9, "lunch", "card", 10, 1_200, date(2026, 11, 27), TIMES[0],
)  # fmt: skip


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


number = st.sampled_from(NUMBERS) | st.integers(-(2**63), 2**63 - 1)
small = st.sampled_from(SMALL_NUMBERS) | st.integers(-(2**31), 2**31 - 1)
text = st.sampled_from(TEXTS) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300)
row = st.tuples(
    small, st.uuids(), small, text, maybe(st.uuids()), number, maybe(number), maybe(number), maybe(text), maybe(text),
    number, number, st.dates(), st.sampled_from(TIMES) | st.datetimes(timezones=st.just(UTC)),
)  # fmt: skip


def edge_rows() -> Iterator[Row]:
    """An ordinary transfer with one member at an edge."""
    edges: list[tuple[Any, ...]] = [
        tuple(SMALL_NUMBERS), (UUID(int=0), UUID(int=2**128 - 1)), tuple(SMALL_NUMBERS), TEXTS, (UUID(int=0),),
        tuple(NUMBERS), (None, *NUMBERS), (None, *NUMBERS), (None, *TEXTS), (None, *TEXTS), tuple(NUMBERS),
        tuple(NUMBERS), (date(1, 1, 1), date(9999, 12, 31)), TIMES,
    ]  # fmt: skip
    for place, values in enumerate(edges):
        for value in values:
            yield *ORDINARY[:place], value, *ORDINARY[place + 1 :]


def line_of(members: Row) -> Line:
    *values, day, at = members
    texts = day.isoformat(), at.isoformat(timespec="microseconds")
    return Line(*(*values, *texts))


@pytest.fixture(scope="module")
def db(server: Server, template: str) -> Iterator[psycopg.Connection]:
    """Only reads; a session with settings of its own, which must not matter."""
    name = f"leaves_{uuid4().hex[:10]}"
    server.create_database(name, template=template)
    with psycopg.connect(server.url_of(server.runner, name), autocommit=True) as connection:
        connection.execute("SET timezone = 'Asia/Shanghai'; SET datestyle = 'German'; SET bytea_output = 'escape'")
        connection.execute("SET client_encoding = 'UTF8'; SET intervalstyle = 'iso_8601'")
        yield connection
    server.drop_database(name)


def compare(db: psycopg.Connection, rows: list[Row]) -> None:
    found = db.execute(
        """
        SELECT transfer_leaf(a, b, c, d, e, f, g, h, i, j, k, l, m, n),
               sha256('\\x00'::bytea || transfer_leaf(a, b, c, d, e, f, g, h, i, j, k, l, m, n))
        FROM unnest(%s::integer[], %s::uuid[], %s::integer[], %s::text[], %s::uuid[], %s::bigint[], %s::bigint[],
                    %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::date[], %s::timestamptz[])
             WITH ORDINALITY AS t(a, b, c, d, e, f, g, h, i, j, k, l, m, n, place)
        ORDER BY place
        """,
        [list(column) for column in zip(*rows, strict=True)],
    ).fetchall()
    assert len(found) == len(rows)
    for members, (leaf, digest) in zip(rows, found, strict=True):
        encoded = line_of(members).encode()
        assert (leaf, digest) == (encoded, leaf_hash(encoded)), members


def test_every_edge(db: psycopg.Connection) -> None:
    compare(db, list(edge_rows()))


@settings(max_examples=100, deadline=None)
@given(st.lists(row, min_size=20, max_size=60))
def test_any_transfer(db: psycopg.Connection, rows: list[Row]) -> None:
    compare(db, rows)


async def test_the_tree_that_is_signed_is_the_one_that_the_check_computes(
    ledger: Pool, as_superuser: Callable[..., None], tmp_path: Path
) -> None:
    """Books on two nodes; posting numbers that begin alike and that do not, in parts, in no order."""
    day = date(2026, 11, 27)
    numbers = [UUID(int=(0x019C << 112) + (n % 7 << 96) + (n * 7919 % 400 << 60)) for n in range(400)]
    numbers += [uuid4() for _ in range(100)]
    for book in (NINGBO, HANGZHOU):
        as_superuser(
            "INSERT INTO closed_day (book, business_date, closed_at, cycle_date) VALUES (%s, %s, now(), %s)",
            book, day, day,
        )  # fmt: skip
        as_superuser(
            """
            INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen,
                                  business_date, posted_at, holder_id, issuer_id, acquirer_id, canteen_id, meal,
                                  channel, reverses)
            SELECT %s, id, part, CASE WHEN place %% 9 = 0 THEN 'refund' ELSE 'payment' END, 1, 2, 1 + place * place,
                   %s, %s + place * interval '0.1 seconds', place, 1, nullif(place %% 5, 0), nullif(place %% 3, 0),
                   nullif(repeat('午', (place %% 120)::integer), ''), nullif(repeat('c', (place %% 30)::integer), ''),
                   CASE WHEN place %% 9 = 0 THEN gen_random_uuid() END
            FROM unnest(%s::uuid[]) WITH ORDINALITY AS n(id, place) CROSS JOIN generate_series(0, 1) AS part
            """,
            book, day, TIMES[0] + timedelta(microseconds=5), numbers,
        )  # fmt: skip
    seen: list[tuple[int, int]] = []
    tree = await grow_tree(ledger, day, tmp_path, lambda _, done, of: seen.append((done, of)))
    async with ledger.acquire() as connection, connection.transaction():
        checked = await tree_of(connection, day)
    assert len(tree) == 2_000
    assert tree.levels == checked.levels
    assert (tmp_path / "tree.bin").read_bytes() == b"".join(checked.levels)
    assert seen == sorted(seen)
    assert seen[-1] == (2_000, 2_000)
