"""The rules that need the payer's state, case by case, on PostgreSQL itself. Money in fen: 1200 is 12.00 yuan."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncpg import BitString

from foundation.postgres import Pool
from terminals.parameters import is_late

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
PAST, FUTURE = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("case", "price", "cash", "subsidy", "at_home", "subsidy_first", "expected"),
    [
        ("a visitor pays in cash", 2000, 5000, 5000, False, True, 0),
        ("a visitor without cash gets no subsidy", 2000, 0, 5000, False, True, 0),
        ("at home the subsidy pays all", 1200, 5000, 5000, True, True, 1200),
        ("at home the subsidy pays what it has", 1200, 5000, 500, True, True, 500),
        ("at home with an empty subsidy", 1200, 5000, 0, True, True, 0),
        ("cash first: cash pays all", 1200, 5000, 5000, True, False, 0),
        ("cash first: the subsidy fills up", 1200, 1000, 5000, True, False, 200),
        ("cash first: without cash", 1200, 0, 5000, True, False, 1200),
        ("cash first: both too small", 1200, 500, 300, True, False, 300),
    ],
)
async def test_what_the_subsidy_pays(
    ledger: Pool, case: str, price: int, cash: int, subsidy: int, at_home: bool, subsidy_first: bool, expected: int
) -> None:
    share = await ledger.fetchval(
        "SELECT subsidy_share($1, $2, $3, $4, $5)", price, cash, subsidy, at_home, subsidy_first
    )
    assert share == expected, case


@pytest.mark.parametrize(
    ("case", "state", "expires_at", "account", "expected"),
    [
        ("active", "active", None, "active", None),
        ("not expired", "active", FUTURE, "active", None),
        ("no such card", None, None, None, "credential_unknown"),
        ("reported lost", "blocked", None, "active", "card_blocked"),
        ("expired", "active", PAST, "active", "credential_expired"),
        ("left the agency", "active", None, "left", "not_entitled"),
    ],
)
async def test_whether_the_credential_may_pay(
    ledger: Pool, case: str, state: str, expires_at: Any, account: str, expected: str
) -> None:
    refusal = await ledger.fetchval("SELECT credential_refusal($1, $2, $3, $4)", state, expires_at, account, NOW)
    assert refusal == expected, case


@pytest.mark.parametrize(
    ("case", "paid", "counter", "expected"),
    [
        ("the first", [], 1, None),
        ("the first may be any", [], 2**53 - 1, None),
        ("the next", [6], 7, None),
        ("shown twice", [7], 7, "already_used"),
        ("a later one arrived first", [8], 7, None),
        ("the later one again", [8, 7], 8, "already_used"),
        ("the earlier one again", [8, 7], 7, "already_used"),
        ("the lowest that is known", [300], 45, None),
        ("the lowest that is known, again", [45, 300], 45, "already_used"),
        ("one too old to know", [300], 44, "counter_too_low"),
        ("below none that paid but for the last", [2**53 - 1], 2**53 - 256, None),
        ("far below", [2**53 - 1], 1, "counter_too_low"),
    ],
)
async def test_a_counter_pays_once_in_any_order(
    ledger: Pool, case: str, paid: list[int], counter: int, expected: str | None
) -> None:
    last, used = await _counters(ledger, paid)
    assert await ledger.fetchval("SELECT counter_refusal($1, $2, $3)", last, used, counter) == expected, case


async def test_counters_are_taken_as_a_set_of_them_says(ledger: Pool) -> None:
    """Against a plain set, in ten thousand random orders of presenting, late and again."""
    chance = random.Random(36)
    tried = 0
    async with ledger.acquire() as connection:
        take = await connection.prepare(
            "SELECT r.refusal, greatest($1, $3), CASE WHEN r.refusal IS NULL THEN counters_used_with($1, $2, $3) END"
            " FROM counter_refusal($1, $2, $3) AS r(refusal)"
        )
        while tried < 10_000:
            last, used, paid = 0, NOTHING_PAID, set[int]()
            reach = chance.choice([1, 8, 300, 2**53 - 1])
            for _ in range(40):
                counter = max(1, min(2**53 - 1, last + chance.randint(-min(reach, 300), reach)))
                refusal, raised, marked = await take.fetchrow(last, used, counter)  # type: ignore[misc]
                expected = "counter_too_low" if counter <= last - 256 else "already_used" if counter in paid else None
                assert refusal == expected, (sorted(paid), counter)
                if refusal is None:
                    last, used = raised, marked
                    paid.add(counter)
                tried += 1


NOTHING_PAID = BitString.from_int(2**256 - 1, 256, signed=False)


async def _counters(ledger: Pool, paid: list[int]) -> tuple[int, BitString]:
    last, used = 0, NOTHING_PAID
    for counter in paid:
        used = await ledger.fetchval("SELECT counters_used_with($1, $2, $3)", last, used, counter)
        last = max(last, counter)
    return last, used


@pytest.mark.parametrize(
    ("case", "at_home", "needs_visit", "on_visit", "working_meal", "had", "meals", "meals_max", "expected"),
    [
        ("at home", True, False, False, False, None, 0, 4, None),
        ("at home where visitors need a visit", True, True, False, False, None, 0, 4, None),
        ("a visitor whom the host receives", False, False, False, False, None, 0, 4, None),
        ("a visitor without the visit he needs", False, True, False, False, None, 0, 4, "not_entitled"),
        ("a visitor on a visit", False, True, True, False, False, 0, 4, None),
        ("the first working meal of a visit", False, False, True, True, False, 0, 4, None),
        ("a second working meal", False, False, True, True, True, 0, 4, "no_working_meal"),
        ("a working meal without a visit", False, False, False, True, None, 0, 4, "no_working_meal"),
        ("a working meal at home", True, False, True, True, False, 0, 4, "no_working_meal"),
        ("the last meal of the period", True, False, False, False, None, 3, 4, None),
        ("one meal too many", True, False, False, False, None, 4, 4, "meals_exceeded"),
        ("no limit of meals", True, False, False, False, None, 99, None, None),
        ("nothing eaten yet", True, False, False, False, None, None, 4, None),
    ],
)
async def test_whether_the_official_may_eat(
    ledger: Pool, case: str, at_home: bool, needs_visit: bool, on_visit: bool, working_meal: bool, had: bool | None,
    meals: int | None, meals_max: int | None, expected: str | None,
) -> None:  # fmt: skip
    refusal = await ledger.fetchval(
        "SELECT entitlement_refusal($1, $2, $3, $4, $5, $6, $7)",
        at_home, needs_visit, on_visit, working_meal, had, meals, meals_max,
    )  # fmt: skip
    assert refusal == expected, case


@pytest.mark.parametrize(
    ("case", "price", "subsidy_part", "cash", "spent", "day_max", "working_meal", "expected"),
    [
        ("enough cash", 1200, 0, 1200, 0, 30_000, False, None),
        ("one fen short", 1200, 0, 1199, 0, 30_000, False, "insufficient_funds"),
        ("subsidy and cash together", 1200, 700, 500, 0, 30_000, False, None),
        ("subsidy and cash one fen short", 1200, 700, 499, 0, 30_000, False, "insufficient_funds"),
        ("up to the day's limit", 1200, 0, 9000, 28_800, 30_000, False, None),
        ("above the day's limit", 1200, 0, 9000, 28_801, 30_000, False, "day_limit_exceeded"),
        ("no limit of the day", 1200, 0, 9000, 99_999, None, False, None),
        ("a working meal needs no money", 1200, 0, 0, 30_000, 30_000, True, None),
    ],
)
async def test_whether_the_money_reaches(
    ledger: Pool, case: str, price: int, subsidy_part: int, cash: int, spent: int, day_max: int | None,
    working_meal: bool, expected: str | None,
) -> None:  # fmt: skip
    refusal = await ledger.fetchval(
        "SELECT money_refusal($1, $2, $3, $4, $5, $6)", price, subsidy_part, cash, spent, day_max, working_meal
    )
    assert refusal == expected, case


@pytest.mark.parametrize(
    ("case", "price", "late_payments", "late_fen", "payments_max", "fen_max", "working_meal", "expected"),
    [
        ("the first late payment", 1200, 0, 0, 3, 10_000, False, None),
        ("the last one", 1200, 2, 2_400, 3, 10_000, False, None),
        ("one too many", 1200, 3, 3_600, 3, 10_000, False, "late_limit_exceeded"),
        ("up to the amount", 1200, 1, 8_800, 3, 10_000, False, None),
        ("above the amount", 1200, 1, 8_801, 3, 10_000, False, "late_limit_exceeded"),
        ("the region wants none", 1200, 0, 0, 0, 10_000, False, "late_limit_exceeded"),
        ("in time, or no limits", 1200, 9, 99_000, None, None, False, None),
        ("the host pays", 1200, 3, 3_600, 3, 10_000, True, None),
    ],
)
async def test_whether_it_comes_too_late(
    ledger: Pool, case: str, price: int, late_payments: int, late_fen: int, payments_max: int | None,
    fen_max: int | None, working_meal: bool, expected: str | None,
) -> None:  # fmt: skip
    refusal = await ledger.fetchval(
        "SELECT late_refusal($1, $2, $3, $4, $5, $6)", price, late_payments, late_fen, payments_max, fen_max,
        working_meal,
    )  # fmt: skip
    assert refusal == expected, case


@pytest.mark.parametrize(("seconds", "late"), [(-300, False), (0, False), (120, False), (121, True), (86_400, True)])
async def test_what_is_late(ledger: Pool, seconds: int, late: bool) -> None:
    assert await ledger.fetchval("SELECT is_late($1, $2)", NOW - timedelta(seconds=seconds), NOW) is late


async def test_late_is_counted_in_whole_seconds_as_a_receipt_shows_them(ledger: Pool) -> None:
    purchased = int(NOW.timestamp())
    ages = [timedelta(microseconds=n) for n in range(119_500_000, 122_000_001, 500)]
    ages += [timedelta(seconds=s, microseconds=n) for s in (120, 121) for n in (-1, 0, 1)]
    posted = [NOW + age for age in ages]
    late = await ledger.fetch("SELECT is_late($1, t) AS late FROM unnest($2::timestamptz[]) t", NOW, posted)
    assert len(late) > 5_000
    assert [row["late"] for row in late] == [int(at.timestamp()) - purchased > 120 for at in posted]
    assert [row["late"] for row in late] == [is_late(purchased, int(at.timestamp())) for at in posted]


@pytest.mark.parametrize(
    ("kind", "part", "fen", "meals"),
    [
        ("payment", 0, 500, 1),
        ("payment", 1, 500, 0),
        ("working_meal", 0, 500, 1),
        ("reversal", 0, -500, -1),
        ("refund", 0, -500, 0),
        ("top_up", 0, 0, 0),
        ("payout", 0, 0, 0),
    ],
)
async def test_what_a_transfer_adds_to_the_takings(ledger: Pool, kind: str, part: int, fen: int, meals: int) -> None:
    row = await ledger.fetchrow("SELECT sale_fen($1, 500), meals_sold($1, $2)", kind, part)
    assert tuple(row or ()) == (fen, meals)
