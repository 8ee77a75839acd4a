"""What of a day's shifts needs a look: payments outside every shift, shifts left open, closings that differ."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from clearing.closing import open_dates
from clearing.schemas import ShiftFinding
from clearing.shifts import findings
from foundation.calendar import ZONE, Calendar
from settlement.charging import RequestKey
from settlement.shifts import Opening, chain_head, close_shift, day_totals, open_shift, requests_between
from tests.closed_days import close
from tests.counter import HANGZHOU, Counter, Holder, Till
from tests.shift_closings import OPENING, closing

Found = tuple[str, int | None, int, int, int, int]


async def pay(counter: Counter, till: Till, holder: Holder, count: int = 1) -> list[int]:
    """Payments of 12 yuan; their numbers."""
    numbers = []
    for _ in range(count):
        order = counter.order(till, holder)
        assert (await counter.charger.charge(order)).outcome == "approved"
        numbers.append(order.key.sequence)
    return numbers


async def begin(counter: Counter, till: Till, holder: Holder, opening: Opening = OPENING) -> int:
    """Open a shift under the next number of the till."""
    number = counter.order(till, holder).key.sequence
    await open_shift(counter.ledger, till.book, RequestKey(till.terminal_id, 1, number), opening)
    return number


async def end(
    counter: Counter, till: Till, first: int, last: int, *, agreeing: bool = True, opening: Any = None
) -> None:
    found = await requests_between(counter.ledger, till.book, till.terminal_id, 1, first, last, 1_000)
    head = chain_head(till.terminal_id, 1, first, (one.leaf() for one in found))
    said = closing(first, last, day_totals(found) if agreeing else [], head)
    said = said if opening is None else replace(said, opening=opening, closed_at=opening.opened_at)
    await close_shift(counter.ledger, till.book, till.terminal_id, 1, said)


async def seen(counter: Counter, day: date, agency_id: Any = None) -> list[Found]:
    return [
        (str(one.kind), one.shift, one.first, one.last, one.payments, one.amount_fen)
        for one in await looked_at(counter, day, agency_id)
    ]


async def looked_at(counter: Counter, day: date, agency_id: Any = None) -> list[ShiftFinding]:
    return await findings(counter.ledger, Calendar(), day, agency_id)


async def the_open_day(counter: Counter) -> date:
    return max((await open_dates(counter.ledger)).values())


async def test_payments_outside_every_shift_are_listed(counter: Counter) -> None:
    """Before the first shift, between two, and after the last number of a closed one; a guest's, too."""
    till, day = await counter.till(), await the_open_day(counter)
    own, guest = await counter.holder(cash_fen=20_000), await counter.holder(HANGZHOU)
    assert await seen(counter, day) == []
    [before] = await pay(counter, till, own)
    shift = await begin(counter, till, own)
    [within] = await pay(counter, till, own)
    await end(counter, till, shift, within)
    between = await pay(counter, till, own) + await pay(counter, till, guest)
    later = await begin(counter, till, own)
    await pay(counter, till, own)
    # One line a terminal: from its first to its last number outside.
    assert await seen(counter, day) == [("outside", None, before, between[-1], 3, 1_200 + 1_200 + 2_000)]
    assert await seen(counter, day, till.agency_id) == await seen(counter, day)
    assert await seen(counter, day, -1) == []
    assert await seen(counter, day + timedelta(days=1)) == []
    assert later > between[-1]


async def test_a_voided_payment_is_a_payment_with_its_number(counter: Counter) -> None:
    till, own, day = await counter.till(), await counter.holder(), await the_open_day(counter)
    shift = await begin(counter, till, own)
    [paid] = await pay(counter, till, own)
    void = counter.order(till, own)
    await counter.charger.void(till.book, void.key, void.digest, 1, paid)
    await end(counter, till, shift, void.key.sequence)
    assert await seen(counter, day) == []


async def test_a_shift_left_open_is_listed_when_its_day_is_over(counter: Counter, tmp_path: Path) -> None:
    till, own, day = await counter.till(), await counter.holder(), await the_open_day(counter)
    left = await begin(counter, till, own)
    paid = await pay(counter, till, own, 2)
    # The next opening ends it, and leaves it without totals.
    now = replace(OPENING, cashier="c-08", opened_at=datetime.combine(day, time(12), ZONE))
    second = await begin(counter, till, own, now)
    assert await seen(counter, day) == [], "the day goes on"
    await close(counter.ledger, day, tmp_path)
    found = await looked_at(counter, day, till.agency_id)
    assert await seen(counter, day, till.agency_id) == [
        ("open", left, left, paid[-1], 2, 2_400), ("open", second, second, second, 0, 0)
    ]  # fmt: skip
    assert (found[0].cashier, found[0].drawer, found[0].canteen_id) == ("c-07", "1", till.canteen_id)
    await end(counter, till, left, paid[-1])
    await end(counter, till, second, second, opening=now)
    assert await seen(counter, day) == []


async def test_a_shift_over_two_days_is_looked_at_on_both(counter: Counter, tmp_path: Path) -> None:
    till, own, day = await counter.till(), await counter.holder(), await the_open_day(counter)
    left = await begin(counter, till, own)
    [first] = await pay(counter, till, own)
    await close(counter.ledger, day, tmp_path)
    [second] = await pay(counter, till, own)
    assert await seen(counter, day) == [("open", left, left, first, 1, 1_200)]
    later = day + timedelta(days=1)
    assert await seen(counter, later) == []
    await close(counter.ledger, later, tmp_path)
    assert await seen(counter, later) == [("open", left, left, second, 1, 1_200)]


async def test_a_closing_that_differs_is_listed_until_one_agrees(counter: Counter) -> None:
    till, own, day = await counter.till(), await counter.holder(), await the_open_day(counter)
    shift = await begin(counter, till, own)
    [paid] = await pay(counter, till, own)
    await end(counter, till, shift, paid, agreeing=False)
    [found] = await looked_at(counter, day, till.agency_id)
    assert (str(found.kind), found.shift, found.last) == ("differs", shift, paid)
    assert (found.off_payments, found.off_fen, found.unknown) == (1, 1_200, 0)
    await end(counter, till, shift, paid)
    assert await seen(counter, day) == []


async def test_days_that_cannot_be_have_none(counter: Counter) -> None:
    for day in (date.min, date(2019, 12, 31), date.max):
        assert await seen(counter, day) == []
