"""What supervisors should look at, flag by flag; each case has a neighbour that raises none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from settlement.supervision import flags_of
from tests.counter import HANGZHOU, NINGBO, Counter, Holder, Till


async def _pay(counter: Counter, till: Till, holder: Holder, **changes: Any) -> None:
    answer = await counter.charger.charge(counter.order(till, holder, **changes))
    assert answer.outcome == "approved", answer


async def _kinds(counter: Counter) -> list[str]:
    on = await counter.ledger.fetchval("SELECT max(business_date) FROM book_day")
    return sorted(flag.kind for flag in await flags_of(counter.ledger, on))


@pytest.mark.parametrize(
    ("minutes", "canteen", "expected"), [(10, 4, ["distant"]), (60, 4, []), (1, 1, [])], ids=["fast", "slow", "near"]
)
async def test_nobody_is_in_two_places(counter: Counter, minutes: int, canteen: int, expected: list[str]) -> None:
    """Ningbo's centre to Yuyao's city hall is 42 km; its two canteens stand side by side."""
    here, there = await counter.till(NINGBO), await counter.till(NINGBO, index=canteen)
    holder, now = await counter.holder(NINGBO, cash_fen=90_000), datetime.now(UTC)
    await _pay(counter, here, holder, purchased_at=now, visitor_fen=900)
    await _pay(counter, there, holder, purchased_at=now + timedelta(minutes=minutes), visitor_fen=900, meal="dinner")
    assert await _kinds(counter) == expected


async def _visit(counter: Counter, till: Till, holder: Holder) -> int:
    await counter.ledger.execute(
        "INSERT INTO visit VALUES ($1, nextval('onecard_number'), $2, $3, current_date - 2, current_date + 2)",
        holder.book, holder.holder_id, till.agency_id,
    )  # fmt: skip
    return int(
        await counter.ledger.fetchval("SELECT working_meal_account FROM agency WHERE agency_id = $1", till.agency_id)
    )


@pytest.mark.parametrize(("meal", "expected"), [("lunch", ["paid_beside_working_meal"]), ("dinner", [])])
async def test_a_guest_does_not_pay_beside_his_working_meal(counter: Counter, meal: str, expected: list[str]) -> None:
    till, guest = await counter.till(NINGBO), await counter.holder(HANGZHOU)
    account = await _visit(counter, till, guest)
    await _pay(counter, till, guest, host_account=account)
    await _pay(counter, till, guest, meal=meal)
    assert await _kinds(counter) == expected


async def test_meal_money_is_not_spent_on_a_visit(counter: Counter) -> None:
    home, host = await counter.till(NINGBO), await counter.till(NINGBO, index=2)
    away, stays = await counter.holder(NINGBO, subsidy_fen=5_000), await counter.holder(NINGBO, subsidy_fen=5_000)
    await _visit(counter, host, away)
    await _pay(counter, home, away)
    await _pay(counter, home, stays)
    assert await _kinds(counter) == ["subsidy_on_visit"]


@pytest.mark.parametrize(("minutes", "expected"), [(1, []), (90, ["paid_late"])])
async def test_what_only_the_till_vouches_for_is_flagged(counter: Counter, minutes: int, expected: list[str]) -> None:
    till, holder = await counter.till(NINGBO), await counter.holder(NINGBO, subsidy_fen=500)
    await _pay(counter, till, holder, purchased_at=datetime.now(UTC) - timedelta(minutes=minutes))
    assert await _kinds(counter) == expected


@pytest.mark.parametrize(("fen", "expected"), [(4_000, []), (4_001, ["above_share"])])
async def test_a_visitors_meal_within_its_share(counter: Counter, fen: int, expected: list[str]) -> None:
    till, visitor = await counter.till(NINGBO), await counter.holder(NINGBO, agency_index=1)
    await _pay(counter, till, visitor, visitor_fen=fen)
    assert await _kinds(counter) == expected
