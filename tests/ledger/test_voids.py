"""The table of docs/terminal-protocol.md, section 7: what a void is answered, across days and accounts."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from settlement.charging import ChargeOrder, Remembered
from tests.counter import NINGBO, Counter


async def approved(counter: Counter, *, cash_fen: int = 10_000) -> ChargeOrder:
    order = counter.order(await counter.till(), await counter.holder(cash_fen=cash_fen))
    assert (await counter.charger.charge(order)).outcome == "approved"
    return order


async def void(counter: Counter, order: ChargeOrder) -> Remembered:
    """Void it under a new number of its terminal."""
    key = replace(order.key, sequence=order.key.sequence + 1_000)
    return await counter.charger.void(NINGBO, key, bytes(32), order.key.epoch, order.key.sequence)


async def next_day(counter: Counter) -> None:
    await counter.ledger.execute("UPDATE book_day SET business_date = business_date + 1")


async def test_what_the_cut_off_interrupted_is_given_back_on_the_open_day(counter: Counter) -> None:
    order = await approved(counter)
    paid = await counter.charger.charge(order)
    await next_day(counter)
    answer = await void(counter, order)
    assert (answer.outcome, answer.amount_fen) == ("voided", paid.amount_fen)
    assert answer.business_date is not None
    assert paid.business_date is not None
    assert (answer.business_date - paid.business_date).days == 1


@pytest.mark.parametrize(("minutes", "refusal"), [(119, None), (121, "void_too_late")])
async def test_a_void_may_be_two_hours_after_the_answer_of_another_day(
    counter: Counter, as_superuser: Callable[..., None], minutes: int, refusal: str | None
) -> None:
    order = await approved(counter)
    await next_day(counter)
    as_superuser(
        "UPDATE request SET answered_at = now() - %s * interval '1 minute' WHERE terminal_id = %s",
        minutes,
        order.key.terminal_id,
    )
    assert (await void(counter, order)).refusal == refusal


async def test_a_void_of_the_same_day_is_never_too_late(counter: Counter, as_superuser: Callable[..., None]) -> None:
    order = await approved(counter)
    as_superuser(
        "UPDATE request SET answered_at = now() - interval '9 hours' WHERE terminal_id = %s",
        order.key.terminal_id,
    )
    assert (await void(counter, order)).outcome == "voided"


async def test_a_refused_charge_gives_nothing_back(counter: Counter) -> None:
    order = counter.order(await counter.till(), await counter.holder(cash_fen=0))
    assert (await counter.charger.charge(order)).refusal == "insufficient_funds"
    answer = await void(counter, order)
    assert (answer.outcome, answer.amount_fen) == ("voided", 0)
    assert (await counter.charger.charge(order)).refusal == "insufficient_funds", "its own answer stays"


async def test_a_closed_account_is_not_paid_back_into(counter: Counter) -> None:
    order = await approved(counter)
    await counter.ledger.execute("UPDATE official SET state = 'left' WHERE holder_id = $1", order.holder_id)
    assert (await void(counter, order)).refusal == "account_closed"
    assert await counter.count("reversal") == 0
