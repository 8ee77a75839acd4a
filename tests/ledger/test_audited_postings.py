"""Money that people move, and its audit entry: both are committed, or neither is."""

import asyncio
import json
from uuid import UUID

import pytest

from foundation.problems import Problem
from registry.audit import Note
from settlement.deposits import Deposit, deposit
from settlement.errors import ACCOUNT_CLOSED, MORE_THAN_PAID, OTHER_CONTENT
from settlement.ledger import new_posting_id
from settlement.refunds import close_account, refund
from settlement.transfers import TransferKind
from tests.counter import NINGBO, Counter, Holder

NOTE = Note("finance", "top_up", "agency/1", {"deposits": 1})


async def entries(counter: Counter) -> int:
    return int(await counter.ledger.fetchval("SELECT count(*) FROM audit_entry WHERE actor = 'finance'"))


async def top_up(counter: Counter, *holders: Holder, amount_fen: int = 700, posting_id: UUID | None = None) -> None:
    deposits = [Deposit(posting_id or new_posting_id(), holder.holder_id, amount_fen) for holder in holders]
    await deposit(counter.ledger, NINGBO, TransferKind.TOP_UP, deposits, note=NOTE)


async def test_a_deposit_has_one_entry_and_its_repeat_none(counter: Counter) -> None:
    holder, posting_id = await counter.holder(cash_fen=0), new_posting_id()
    await top_up(counter, holder, posting_id=posting_id)
    await top_up(counter, holder, posting_id=posting_id)
    assert await entries(counter) == 1
    assert (await counter.purses(holder))["cash"] == 700


async def test_a_refused_deposit_posts_nothing_and_leaves_no_entry(counter: Counter) -> None:
    """Not even for those of the list whose accounts are open."""
    stays, left = await counter.holder(cash_fen=0), await counter.holder(cash_fen=0)
    await counter.ledger.execute("UPDATE official SET state = 'left' WHERE holder_id = $1", left.holder_id)
    with pytest.raises(Problem) as refused:
        await top_up(counter, stays, left)
    assert refused.value.kind is ACCOUNT_CLOSED
    assert (await entries(counter), await counter.purses(stays)) == (0, {})


async def test_a_number_that_was_used_leaves_no_entry(counter: Counter) -> None:
    holder, other, posting_id = await counter.holder(cash_fen=0), await counter.holder(cash_fen=0), new_posting_id()
    await top_up(counter, holder, posting_id=posting_id)
    fresh = Deposit(new_posting_id(), other.holder_id, 500)
    with pytest.raises(Problem) as refused:
        await deposit(
            counter.ledger, NINGBO, TransferKind.TOP_UP, [fresh, Deposit(posting_id, other.holder_id, 700)], note=NOTE
        )
    assert refused.value.kind is OTHER_CONTENT
    assert (await entries(counter), await counter.purses(other)) == (1, {})


async def test_money_of_the_gateway_needs_no_entry(counter: Counter) -> None:
    before = await counter.ledger.fetchval("SELECT count(*) FROM audit_entry")
    await counter.holder(cash_fen=100)
    assert await counter.ledger.fetchval("SELECT count(*) FROM audit_entry") == before


async def test_a_refund_has_one_entry_and_a_refused_one_none(counter: Counter) -> None:
    paid = await counter.charger.charge(counter.order(await counter.till(), await counter.holder()))
    assert paid.posting_id is not None
    number = new_posting_id()
    with pytest.raises(Problem) as refused:
        await refund(counter.ledger, NINGBO, number, paid.posting_id, 999_999, note=NOTE)
    assert (refused.value.kind, await entries(counter)) == (MORE_THAN_PAID, 0)
    for _ in range(2):
        await refund(counter.ledger, NINGBO, number, paid.posting_id, 300, note=NOTE)
    assert await entries(counter) == 1


async def test_the_entry_counts_what_was_posted_now(counter: Counter) -> None:
    holder, known = await counter.holder(cash_fen=0), new_posting_id()
    await top_up(counter, holder, posting_id=known)
    both = [Deposit(known, holder.holder_id, 700), Deposit(new_posting_id(), holder.holder_id, 1)]
    await deposit(counter.ledger, NINGBO, TransferKind.TOP_UP, both, note=NOTE)
    details = await counter.ledger.fetch("SELECT detail FROM audit_entry WHERE actor = 'finance' ORDER BY entry")
    counted = [json.loads(row["detail"]) for row in details]
    assert counted == [{"deposits": 1, "amount_fen": 700}, {"deposits": 1, "amount_fen": 1}]


async def test_a_closure_under_the_number_of_another_posting_closes_nothing(counter: Counter) -> None:
    """Not even where only its second part would be free: a payment from the subsidy purse has one part."""
    payer = await counter.holder(cash_fen=0, subsidy_fen=2_000)
    paid = await counter.charger.charge(counter.order(await counter.till(), payer))
    assert paid.posting_id is not None
    leaver = await counter.holder(cash_fen=0, subsidy_fen=1)
    with pytest.raises(Problem) as refused:
        await close_account(counter.ledger, NINGBO, leaver.holder_id, paid.posting_id)
    assert refused.value.kind is OTHER_CONTENT
    assert (await counter.purses(leaver))["subsidy"] == 1
    await refund(counter.ledger, NINGBO, new_posting_id(), paid.posting_id, 300, note=NOTE)


async def test_refunds_at_once_under_one_number_give_one_refund(counter: Counter) -> None:
    till = await counter.till()
    payments = [await counter.charger.charge(counter.order(till, await counter.holder())) for _ in range(6)]
    number = new_posting_id()
    wanted = [refund(counter.ledger, NINGBO, number, paid.posting_id, 100) for paid in payments if paid.posting_id]
    outcomes = await asyncio.gather(*wanted, return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, Problem)]
    assert (len(refused), {one.kind for one in refused}) == (5, {OTHER_CONTENT})
