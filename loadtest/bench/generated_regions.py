"""Regions to measure with: four, with 200 agencies, 1,000 canteens and 50,000 officials, written as rows."""

from datetime import date
from typing import Any

import psycopg

AGENCIES, CANTEENS_EACH, OFFICIALS_EACH = 200, 5, 250
BOOKS = (9001, 9002, 9003, 9004)
NUMBERS = 1_000_000_000
"""The first number of generated rows."""

REGIONS = """
INSERT INTO book SELECT b, '第' || b || '区', 'Region ' || b FROM unnest(%(books)s::integer[]) b;
INSERT INTO book_day SELECT b, %(day)s FROM unnest(%(books)s::integer[]) b;
INSERT INTO agency (book, agency_id, name_zh, name_en, float_account, grant_account, working_meal_account,
                    purse_order, meal_allowance_fen)
SELECT (%(books)s::integer[])[1 + a %% 4], %(first)s + a, '第' || a || '单位', 'Agency ' || a, %(first)s + 10000 + a,
       %(first)s + 20000 + a, %(first)s + 30000 + a, 'subsidy_first', 10000
FROM generate_series(0, %(agencies)s - 1) a;
INSERT INTO canteen (book, canteen_id, agency_id, account_id, name_zh, name_en)
SELECT (%(books)s::integer[])[1 + a %% 4], %(first)s + 40000 + 10 * a + c, %(first)s + a,
       %(first)s + 60000 + 10 * a + c, '第' || a || '单位' || c || '食堂', 'Canteen ' || c
FROM generate_series(0, %(agencies)s - 1) a, generate_series(0, %(canteens)s - 1) c;
INSERT INTO official (book, holder_id, agency_id, cash_account, subsidy_account, state, name_sealed, staff_index)
SELECT (%(books)s::integer[])[1 + a %% 4], %(first)s + 1000000 + 1000 * a + o, %(first)s + a,
       %(first)s + 2000000 + 1000 * a + o, %(first)s + 3000000 + 1000 * a + o, 'active', '', int8send(a * 1000 + o)
FROM generate_series(0, %(agencies)s - 1) a, generate_series(0, %(officials)s - 1) o;
INSERT INTO purse (book, holder_id, kind, account_id, balance_fen)
SELECT book, holder_id, p, CASE p WHEN 'cash' THEN cash_account ELSE subsidy_account END, 0
FROM official, unnest(ARRAY['cash', 'subsidy']) p WHERE holder_id >= %(first)s;
"""

PAYMENTS = """
INSERT INTO transfer (book, posting_id, part, kind, debit_account, credit_account, amount_fen, business_date, posted_at,
                      holder_id, issuer_id, acquirer_id, canteen_id, meal, channel, purchased_at)
SELECT (%(books)s::integer[])[1 + a %% 4], uuidv7(), 0, 'payment',
       %(first)s + CASE WHEN home AND r < 0.5 THEN 3000000 ELSE 2000000 END + 1000 * a + o,
       %(first)s + 60000 + 10 * host + c, CASE WHEN home THEN 1200 ELSE 2000 END, %(day)s, now(),
       %(first)s + 1000000 + 1000 * a + o, %(first)s + a, %(first)s + host, %(first)s + 40000 + 10 * host + c,
       CASE WHEN r < 0.7 THEN 'lunch' WHEN r < 0.9 THEN 'breakfast' ELSE 'dinner' END,
       CASE WHEN q < 0.6 THEN 'card' ELSE 'qr' END, now()
FROM (
    SELECT a, o, c, r, q, home, CASE WHEN home THEN a ELSE (a + 1 + floor(h * 20)::integer) %% %(agencies)s END AS host
    FROM (
        SELECT floor(random() * %(agencies)s)::integer AS a, floor(random() * %(officials)s)::integer AS o,
               floor(random() * %(canteens)s)::integer AS c, random() AS r, random() AS q, random() < 0.85 AS home,
               random() AS h
        FROM generate_series(1, %(rows)s)
    ) x
) y
"""
"""Seventeen in twenty eat at home; the others visit one of twenty neighbours."""


def names(day: date) -> dict[str, Any]:
    """Parameters of the statements."""
    return {
        "books": list(BOOKS), "first": NUMBERS, "agencies": AGENCIES, "canteens": CANTEENS_EACH,
        "officials": OFFICIALS_EACH, "day": day,
    }  # fmt: skip


def build(db: psycopg.Connection[Any], known: dict[str, Any]) -> None:
    """Write the regions, once."""
    if db.execute("SELECT 1 FROM book WHERE book = ANY (%(books)s)", known).fetchone() is None:
        run(db, REGIONS, known)


def pay(db: psycopg.Connection[Any], known: dict[str, Any], rows: int) -> None:
    """Write payments of a day."""
    run(db, PAYMENTS, {**known, "rows": rows})


def run(db: psycopg.Connection[Any], statements: str, known: dict[str, Any]) -> None:
    """Run several statements with the same values."""
    with psycopg.ClientCursor(db) as cursor:
        cursor.execute(statements.encode(), known)
