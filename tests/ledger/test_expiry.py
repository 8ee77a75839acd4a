"""Meal money at the year's end, on a ledger of its own."""

from datetime import date

import pytest

from foundation.money import yuan
from settlement.deposits import Deposit, deposit
from settlement.expiry import lapse_due
from settlement.ledger import new_posting_id
from settlement.transfers import TransferKind
from tests.counter import HANGZHOU, NINGBO, Counter

YEAR_END = date(2026, 12, 31)

CASES = [
    # left on 31 December, granted since, spent since | lapses, stays
    ("untouched", 10_00, 0, 0, 10_00, 0),
    ("new money stays", 10_00, 5_00, 0, 10_00, 5_00),
    ("old money is spent first", 10_00, 5_00, 4_00, 6_00, 5_00),
    ("all of the old money was spent", 3_00, 5_00, 4_00, 0, 4_00),
    ("nothing left", 0, 5_00, 0, 0, 5_00),
]


@pytest.mark.parametrize(("case", "left", "granted", "spent", "lapses", "stays"), CASES)
async def test_the_old_years_money_goes_back(
    counter: Counter, case: str, left: int, granted: int, spent: int, lapses: int, stays: int
) -> None:
    ledger = counter.ledger
    await ledger.execute("UPDATE region_rules SET subsidy_expires = 'year_end' WHERE book = $1", NINGBO)
    await ledger.execute("UPDATE book_day SET business_date = $1", YEAR_END)
    till, holder = await counter.till(), await counter.holder(cash_fen=0, subsidy_fen=left)
    elsewhere = await counter.holder(HANGZHOU, cash_fen=0, subsidy_fen=left)

    await ledger.execute("UPDATE book_day SET business_date = $1", date(2027, 1, 1))
    if granted:
        await deposit(ledger, NINGBO, TransferKind.GRANT, [Deposit(new_posting_id(), holder.holder_id, granted)])
    if spent:
        answer = await counter.charger.charge(counter.order(till, holder, home_fen=spent))
        assert answer.outcome == "approved"
    lapsed = [lapse for lapse in await lapse_due(ledger) if lapse.year == 2026]
    assert sum(lapse.subsidy_fen for lapse in lapsed) == lapses, f"{case}: {yuan(lapses)}"
    purses = await counter.purses(holder)
    assert purses.get("subsidy", 0) == stays
    assert (await counter.purses(elsewhere)).get("subsidy", 0) == left, "another region lets it stay"
    assert await lapse_due(ledger) == [], "once a year"
    assert await counter.purses(holder) == purses


async def test_a_year_that_is_open_lapses_nothing(counter: Counter) -> None:
    await counter.ledger.execute("UPDATE region_rules SET subsidy_expires = 'year_end', valid_from = '2026-06-01'")
    await counter.ledger.execute("UPDATE book_day SET business_date = $1", YEAR_END)
    holder = await counter.holder(cash_fen=0, subsidy_fen=500)
    assert await lapse_due(counter.ledger) == [], "2025 had no such rule, and 2026 has not ended"
    assert (await counter.purses(holder))["subsidy"] == 500


async def test_a_posting_under_a_number_that_can_be_computed_does_not_keep_meal_money_from_lapsing(
    counter: Counter,
) -> None:
    """Earlier releases took the number of a lapse from book, official and year."""
    ledger = counter.ledger
    await ledger.execute("UPDATE region_rules SET subsidy_expires = 'year_end' WHERE book = $1", NINGBO)
    await ledger.execute("UPDATE book_day SET business_date = $1", YEAR_END)
    holder, stranger = await counter.holder(cash_fen=0, subsidy_fen=500), await counter.holder(agency_index=1)
    taken = await ledger.fetchval(
        "SELECT md5(concat_ws(':', 'lapse', $1::integer, $2::bigint, 2026))::uuid", NINGBO, holder.holder_id
    )
    await deposit(ledger, NINGBO, TransferKind.TOP_UP, [Deposit(taken, stranger.holder_id, 1)])
    await ledger.execute("UPDATE book_day SET business_date = $1", date(2027, 1, 1))
    lapsed = [lapse for lapse in await lapse_due(ledger) if lapse.year == 2026]
    assert sum(lapse.subsidy_fen for lapse in lapsed) == 500
