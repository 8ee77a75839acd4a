"""What was sold in a payment: kept once, beside the payment alone, and what is taken away is no cover."""

import time
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from foundation.problems import Problem
from settlement.covers import NO_COVERS, covers_on
from settlement.sale_lines import check_lines, lines_of
from settlement.schemas import SaleLine
from tests.counter import HANGZHOU, NINGBO, Counter, Holder, Till

STEW = SaleLine("红烧肉", unit_price_fen=800, amount_fen=1_600, portions=2)
GREENS = SaleLine("Greens", unit_price_fen=3_985, amount_fen=399, grams=100)
SOUP = SaleLine("汤", unit_price_fen=0, amount_fen=0, portions=1)
BUNS = SaleLine("馒头", unit_price_fen=100, amount_fen=1_200, portions=12, take_away=True)


def fen(lines: list[SaleLine]) -> int:
    return sum(line.amount_fen for line in lines)


def priced(lines: list[SaleLine]) -> dict[str, Any]:
    return {"home_fen": fen(lines), "visitor_fen": fen(lines), "lines": lines}


async def test_lines_are_kept_once_with_the_payment(counter: Counter) -> None:
    lines = [STEW, GREENS, SOUP]
    order = counter.order(await counter.till(), await counter.holder(), **priced(lines))
    paid = await counter.charger.charge(order)
    assert paid.posting_id is not None
    assert paid.amount_fen == 1_999
    assert await lines_of(counter.ledger, paid.posting_id) == [replace(line, take_away=False) for line in lines]
    assert replace(await counter.charger.charge(order), fresh=True) == paid
    assert await counter.ledger.fetchval("SELECT count(*) FROM sale_line") == 3


async def test_an_official_of_another_book_has_his_lines_in_his_own(counter: Counter) -> None:
    order = counter.order(await counter.till(NINGBO), await counter.holder(HANGZHOU), **priced([STEW]))
    paid = await counter.charger.charge(order)
    assert (paid.outcome, paid.book) == ("approved", HANGZHOU)
    rows = await counter.ledger.fetch("SELECT book, posting_id FROM sale_line")
    assert [tuple(row) for row in rows] == [(HANGZHOU, paid.posting_id)]


async def test_a_refused_sale_leaves_no_lines(counter: Counter) -> None:
    poor = await counter.holder(cash_fen=100)
    answer = await counter.charger.charge(counter.order(await counter.till(), poor, **priced([STEW, BUNS])))
    assert answer.refusal == "insufficient_funds"
    assert await counter.ledger.fetchval("SELECT count(*) FROM sale_line") == 0


async def test_payments_with_and_without_lines_share_a_batch(counter: Counter) -> None:
    till = await counter.till()
    people = [await counter.holder(cash_fen=10_000 if i % 5 else 0) for i in range(30)]
    sold = [[STEW] * (i % 4) for i in range(30)]
    orders = [
        counter.order(till, person, **(priced(lines) if lines else {}))
        for person, lines in zip(people, sold, strict=True)
    ]
    outcomes: list[Any] = []
    for order in orders:
        counter.charger.post(order, time.monotonic(), outcomes.append)
    last = await counter.charger.charge(counter.order(till, await counter.holder()))
    assert last.outcome == "approved"
    for outcome, lines in zip(outcomes, sold, strict=True):
        kept = await lines_of(counter.ledger, outcome.posting_id) if outcome.posting_id else []
        assert len(kept) == (len(lines) if outcome.outcome == "approved" else 0)


async def test_what_is_taken_away_makes_no_cover(counter: Counter) -> None:
    """A cover pays the least price (5 yuan) for what is eaten here: no box counts, whatever lies on the tray."""
    till = await counter.till()
    napkin = SaleLine("餐巾纸", unit_price_fen=10, amount_fen=10, portions=1)
    trays = [[STEW], [BUNS], [STEW, BUNS], [napkin, BUNS]]
    people = [await counter.holder() for _ in trays]
    paid = [await pay(counter, till, person, lines) for person, lines in zip(people, trays, strict=True)]
    assert await covers_of(counter, till) == (2, 2, 2, 3_200)
    for payment in paid[1:3]:
        sale = counter.order(till, people[0])
        sequence = await counter.ledger.fetchval("SELECT sequence FROM transfer WHERE posting_id = $1", payment)
        assert (await counter.charger.void(NINGBO, sale.key, sale.digest, 1, sequence)).outcome == "voided"
    assert await covers_of(counter, till) == (1, 1, 1, 1_600)
    await pay(counter, till, people[1], [STEW])
    assert await covers_of(counter, till) == (2, 2, 1, 3_200), "he ate after all"


async def test_take_away_paid_from_two_purses(counter: Counter) -> None:
    till, own = await counter.till(), await counter.holder(cash_fen=5_000, subsidy_fen=300)
    await pay(counter, till, own, [BUNS])
    assert await covers_of(counter, till) == (0, 0, 1, 0)
    await pay(counter, till, own, [STEW, BUNS])
    assert await covers_of(counter, till) == (1, 1, 0, 1_600)


async def pay(counter: Counter, till: Till, holder: Holder, lines: list[SaleLine]) -> UUID:
    paid = await counter.charger.charge(counter.order(till, holder, **priced(lines)))
    assert paid.posting_id is not None, paid
    return paid.posting_id


async def covers_of(counter: Counter, till: Till) -> tuple[int, int, int, int]:
    """Net and gross covers, people who paid less, and what the covers paid, of today's lunch."""
    today = await counter.ledger.fetchval("SELECT business_date FROM book_day WHERE book = $1", NINGBO)
    found = (await covers_on(counter.ledger, [till.canteen_id], today)).get((till.canteen_id, "lunch"), NO_COVERS)
    return found.net, found.gross, found.cheap, found.paid_fen


@pytest.mark.parametrize("table", ["sale_line", "take_away_sale"])
async def test_lines_cannot_be_changed(counter: Counter, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await counter.ledger.execute(f"DELETE FROM {table}")


_LINES = st.lists(
    st.builds(
        SaleLine,
        article=st.text("菜肉Ab 3", min_size=1, max_size=5).filter(str.strip),
        unit_price_fen=st.integers(0, 5_000),
        amount_fen=st.integers(0, 10_000),
        portions=st.none() | st.integers(1, 5),
        grams=st.none() | st.integers(1, 2_000),
        take_away=st.sampled_from([None, False, True]),
    ),
    min_size=1,
    max_size=20,
)


@given(lines=_LINES, off_fen=st.sampled_from([0, 0, 1, -1]), data=st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_lines_pass_only_if_they_explain_the_amount(lines: list[SaleLine], off_fen: int, data: st.DataObject) -> None:
    """Of any lines and amount: those pass that have one quantity each, at most its price, and the right sum."""
    amount_fen = data.draw(st.sampled_from([fen(lines) + off_fen, None]))
    explains = amount_fen == fen(lines)
    for line in lines:
        explains &= (line.portions is None) != (line.grams is None)
        thousandths = line.unit_price_fen * (1_000 * (line.portions or 0) + (line.grams or 0))
        explains &= (line.amount_fen - 1) * 1_000 < thousandths
    try:
        check_lines(lines, amount_fen)
    except Problem:
        assert not explains
    else:
        assert explains
