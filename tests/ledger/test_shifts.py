"""Shifts on the ledger: what both sides count, what is kept, and what is refused."""

import asyncio
import struct
from collections.abc import Awaitable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from foundation.problems import Problem
from settlement.charging import RequestKey
from settlement.ledger import new_posting_id
from settlement.refunds import refund
from settlement.shifts import (
    CLOSINGS_MAX,
    SHIFT_NUMBERS_MAX,
    UNUSED_MAX,
    Compared,
    DayTotals,
    ShiftRequest,
    chain_head,
    close_shift,
    closing_of_payment,
    day_totals,
    open_shift,
    requests_between,
)
from tests.counter import HANGZHOU, NINGBO, Counter, Till
from tests.shift_closings import OPENING, closing

DAYS = st.dates(date(2026, 11, 1), date(2026, 11, 4))
DIGESTS = st.binary(min_size=32, max_size=32)
REQUESTS = st.builds(
    ShiftRequest,
    sequence=st.integers(1, 2**53 - 1),
    operation=st.sampled_from(["charge", "void"]),
    outcome=st.sampled_from(["approved", "refused", "voided"]),
    body_digest=st.none() | DIGESTS,
    posting_id=st.none() | st.uuids(),
    amount_fen=st.integers(0, 1_000_000),
    business_date=DAYS,
    is_stored=st.booleans(),
)


@given(st.lists(REQUESTS, max_size=20))
def test_days_add_up_to_the_requests(requests: list[ShiftRequest]) -> None:
    days = day_totals(requests)
    assert [day.business_date for day in days] == sorted({one.business_date for one in requests if one.amount_fen})
    sign = {"charge": 1, "void": -1}
    assert sum(day.net_fen for day in days) == sum(sign[one.operation] * one.amount_fen for one in requests)
    assert sum(day.payments for day in days) == sum(sign[one.operation] for one in requests if one.amount_fen)
    assert day_totals(reversed(requests)) == days


@given(st.lists(REQUESTS, min_size=1, max_size=8), st.data())
def test_the_head_changes_with_everything_that_it_covers(requests: list[ShiftRequest], data: st.DataObject) -> None:
    def head(of: list[ShiftRequest], *, terminal_id: int = 2001, epoch: int = 1, first: int = 40) -> bytes:
        return chain_head(terminal_id, epoch, first, (one.leaf() for one in of))

    right = head(requests)
    n = data.draw(st.integers(0, len(requests) - 1))
    other = data.draw(REQUESTS)
    hashed = ("sequence", "operation", "outcome", "amount_fen")
    changed = replace(requests[n], **{name: getattr(other, name) for name in hashed})
    changed = replace(changed, body_digest=b"\x01" * 32, posting_id=UUID(int=1))
    if changed.leaf() != requests[n].leaf():
        assert head([*requests[:n], changed, *requests[n + 1 :]]) != right
    assert head(requests[:n] + requests[n + 1 :]) != right
    assert len({right, head(requests, terminal_id=2002), head(requests, epoch=2), head(requests, first=41)}) == 4


def test_the_chain_is_the_one_of_the_page() -> None:
    number, digest = UUID("019ab12c-7d1e-7000-8000-0242ac120002"), bytes(range(32))
    one = ShiftRequest(42, "charge", "approved", digest, number, 1_000, date(2025, 11, 23), False)
    leaf = sha256(struct.pack(">Q", 42) + b"\x01\x01" + digest + number.bytes + struct.pack(">Q", 1_000)).digest()
    start = sha256(b"onecard shift v1" + struct.pack(">QIQ", 2001, 1, 40)).digest()
    assert (one.leaf(), chain_head(2001, 1, 40, [leaf])) == (leaf, sha256(start + leaf).digest())


async def shut(counter: Counter, till: Till, first: int, last: int, *, agreeing: bool = True) -> Compared:
    """Close a shift as a till does that has seen everything."""
    found = await requests_between(counter.ledger, till.book, till.terminal_id, 1, first, last, 1_000)
    head = chain_head(till.terminal_id, 1, first, (one.leaf() for one in found))
    said = closing(first, last, day_totals(found) if agreeing else [], head)
    return await close_shift(counter.ledger, till.book, till.terminal_id, 1, said)


async def test_a_shift_has_its_numbers_only_and_every_kind_of_request(counter: Counter) -> None:
    till, other = await counter.till(), await counter.till(index=1)
    own, guest, poor = await counter.holder(), await counter.holder(HANGZHOU), await counter.holder(cash_fen=0)
    before = counter.order(till, own)
    await counter.charger.charge(before)
    first = counter.order(till, own).key.sequence
    orders = [counter.order(till, holder) for holder in (own, guest, poor)]
    stored = counter.order(till, own, purchased_at=datetime.now(UTC) - timedelta(minutes=5))
    for order in [*orders, stored]:
        await counter.charger.charge(order)
    never = counter.order(till, own)
    for target in (stored.key.sequence, never.key.sequence):
        void = counter.order(till, own)
        await counter.charger.void(till.book, void.key, void.digest, 1, target)
    assert (await counter.charger.charge(never)).outcome == "voided"
    last = void.key.sequence
    await counter.charger.charge(counter.order(till, own))
    await counter.charger.charge(counter.order(other, guest))

    compared = await shut(counter, till, first, last)
    [day] = compared.days
    assert compared.agrees
    assert (day.online, day.online_fen, day.stored, day.stored_fen) == (2, 3_200, 1, 1_200)
    assert (day.reversals, day.reversed_fen) == (1, 1_200)
    kinds = [(one.operation, one.outcome, one.body_digest is None) for one in compared.requests]
    assert kinds == [
        ("charge", "approved", False),
        ("charge", "approved", False),
        ("charge", "refused", False),
        ("charge", "approved", False),
        ("charge", "voided", True),
        ("void", "voided", False),
        ("void", "voided", False),
    ]


async def test_a_refund_stands_beside_the_totals_and_changes_none(counter: Counter) -> None:
    till, guest = await counter.till(), await counter.holder(HANGZHOU)
    first = counter.order(till, guest).key.sequence
    order = counter.order(till, guest)
    paid = await counter.charger.charge(order)
    assert paid.posting_id is not None
    assert (await shut(counter, till, first, order.key.sequence)).refunds == {}
    await refund(counter.ledger, HANGZHOU, new_posting_id(), paid.posting_id, 300)
    again = await requests_between(counter.ledger, till.book, till.terminal_id, 1, first, order.key.sequence, 9)
    said = closing(first, order.key.sequence, day_totals(again), b"", body=b'{"centre_key": 1, "n": "first"}')
    with pytest.raises(Problem) as other:
        await close_shift(counter.ledger, till.book, till.terminal_id, 1, said)
    assert other.value.kind.slug == "other-content", "it has agreed on another closing"
    kept = await counter.ledger.fetchval(
        "SELECT body FROM shift_closing WHERE terminal_id = $1 ORDER BY number DESC LIMIT 1", till.terminal_id
    )
    head = chain_head(till.terminal_id, 1, first, (one.leaf() for one in again))
    same = closing(first, order.key.sequence, day_totals(again), head, body=kept)
    compared = await close_shift(counter.ledger, till.book, till.terminal_id, 1, same)
    assert (compared.agrees, list(compared.refunds.values())) == (True, [(1, 300)])
    assert (
        await counter.ledger.fetchval("SELECT count(*) FROM shift_closing WHERE terminal_id=$1", till.terminal_id) == 1
    )


async def said_of(closed: Awaitable[object]) -> str:
    """What becomes of a message about a shift."""
    try:
        await closed
    except Problem as problem:
        return problem.kind.slug
    return "kept"


async def test_shifts_do_not_overlap_whichever_message_comes_first(counter: Counter) -> None:
    till, own = await counter.till(), await counter.holder()

    async def close(first: int, last: int) -> str:
        return await said_of(close_shift(counter.ledger, till.book, till.terminal_id, 1, closing(first, last, [])))

    async def open_at(first: int) -> str:
        return await said_of(open_shift(counter.ledger, till.book, RequestKey(till.terminal_id, 1, first), OPENING))

    first = counter.order(till, own).key.sequence
    assert await open_at(first + 10) == "kept"
    assert [await close(first, first + 10), await close(first, first + 9)] == ["invalid", "kept"]
    # What has not agreed holds no number against a later shift: whoever is at the till opens his own.
    assert [await open_at(first + 5), await close(first, first + 9), await close(first, first + 4)] == [
        "kept",
        "invalid",
        "kept",
    ]
    assert [await close(first, first - 1), await close(first, first + SHIFT_NUMBERS_MAX)] == ["invalid", "invalid"]
    far = first + 20
    assert await close(far, far - 1 + SHIFT_NUMBERS_MAX) == "kept"
    assert await open_at(far + 1) == "kept"

    [paid] = [counter.order(till, own, key=RequestKey(till.terminal_id, 1, far + 5))]
    await counter.charger.charge(paid)
    assert (await shut(counter, till, far + 1, far + 5)).agrees
    assert [await open_at(far + 3), await open_at(far + 5), await open_at(far + 6)] == [
        "invalid",
        "other-content",
        "kept",
    ]


async def test_a_number_of_a_payment_opens_no_shift_and_one_opening_counts(counter: Counter) -> None:
    till, own = await counter.till(), await counter.holder()
    order = counter.order(till, own)
    await counter.charger.charge(order)
    with pytest.raises(Problem) as used:
        await open_shift(counter.ledger, till.book, order.key, OPENING)
    assert used.value.kind.slug == "other-content"
    free = counter.order(till, own).key
    await asyncio.gather(*(open_shift(counter.ledger, till.book, free, OPENING) for _ in range(4)))
    with pytest.raises(Problem) as other:
        await open_shift(counter.ledger, till.book, free, replace(OPENING, cashier="c-08"))
    assert other.value.kind.slug == "other-content"
    said = replace(closing(free.sequence, free.sequence, []), opening=replace(OPENING, drawer="2"))
    with pytest.raises(Problem):
        await close_shift(counter.ledger, till.book, till.terminal_id, 1, said)


async def test_every_closing_is_kept_up_to_a_limit_and_a_repeat_is_not(counter: Counter) -> None:
    till = await counter.till()
    number = counter.order(till, await counter.holder()).key.sequence
    for n in range(CLOSINGS_MAX):
        for centre_key in (1, 1, 2):
            said = closing(number, number, [], body=b'{"n": %d, "centre_key": %d}' % (n, centre_key))
            assert not (await close_shift(counter.ledger, till.book, till.terminal_id, 1, said)).agrees
    another = closing(number, number, [], body=b'{"n": -1}')
    with pytest.raises(Problem) as often:
        await close_shift(counter.ledger, till.book, till.terminal_id, 1, another)
    assert often.value.kind.slug == "closed-too-often"
    kept = await counter.ledger.fetch("SELECT number FROM shift_closing WHERE terminal_id = $1", till.terminal_id)
    assert sorted(row["number"] for row in kept) == list(range(1, CLOSINGS_MAX + 1))
    # However often it was closed wrongly, the right closing settles it.
    assert (await shut(counter, till, number, number)).agrees
    assert await counter.ledger.fetchval(
        "SELECT number FROM shift_closing WHERE terminal_id = $1 AND agrees", till.terminal_id
    ) == (CLOSINGS_MAX + 1)


async def test_a_late_request_of_a_closed_shift_is_found_by_the_next_closing(counter: Counter) -> None:
    till, own = await counter.till(), await counter.holder()
    first = counter.order(till, own).key.sequence
    late = counter.order(till, own)
    nothing = chain_head(till.terminal_id, 1, first, [])
    said = closing(first, late.key.sequence, [], nothing, unknown=1)
    assert not (await close_shift(counter.ledger, till.book, till.terminal_id, 1, said)).agrees
    await counter.charger.charge(late)
    compared = await shut(counter, till, first, late.key.sequence)
    assert (compared.agrees, compared.days[0].online, isinstance(compared.days[0], DayTotals)) == (True, 1, True)


async def test_a_settled_shift_takes_nothing_more(counter: Counter) -> None:
    """Numbers that the ledger does not know when it settles are used up: at home, as a guest, and half-way there."""
    till, own, guest = await counter.till(), await counter.holder(), await counter.holder(HANGZHOU)
    first = counter.order(till, own).key.sequence
    late, visitor, claimed = (counter.order(till, holder) for holder in (own, guest, guest))
    void, target = counter.order(till, own), counter.order(till, own)
    await counter.charger.charge(target)
    # The terminal's own book has passed it on, and nothing of it has come to the guest's yet.
    await counter.ledger.execute(
        "INSERT INTO request (book, terminal_id, epoch, sequence, operation, digest, outcome, forwarded_to, cash_fen,"
        " subsidy_fen, host_fen, answered_at) VALUES ($1, $2, 1, $3, 'charge', $4, 'forwarded', $5, 0, 0, 0, now())",
        till.book, till.terminal_id, claimed.key.sequence, claimed.digest, HANGZHOU,
    )  # fmt: skip
    compared = await shut(counter, till, first, target.key.sequence)
    assert (compared.agrees, [one.sequence for one in compared.requests]) == (True, [target.key.sequence])
    for order in (late, visitor, claimed):
        assert (await counter.charger.charge(order)).outcome == "voided"
    with pytest.raises(Problem) as used:
        await counter.charger.void(till.book, void.key, void.digest, 1, late.key.sequence)
    assert used.value.kind.slug == "other-content"
    again = await requests_between(counter.ledger, till.book, till.terminal_id, 1, first, target.key.sequence, 99)
    assert again == compared.requests
    postings = await counter.ledger.fetch("SELECT posting_id FROM transfer WHERE terminal_id = $1", till.terminal_id)
    assert {row["posting_id"] for row in postings} == {target_posting(compared)}


def target_posting(compared: Compared) -> UUID | None:
    """The one payment of a shift."""
    return compared.requests[0].posting_id


async def test_a_charge_in_flight_is_counted_or_shut_out(counter: Counter) -> None:
    for n in range(6):
        till, holder = await counter.till(), await counter.holder(HANGZHOU if n % 2 else NINGBO)
        first = counter.order(till, holder).key.sequence
        flying, last = (counter.order(till, holder) for _ in range(2))
        await counter.charger.charge(last)
        answer, compared = await asyncio.gather(
            counter.charger.charge(flying), shut(counter, till, first, last.key.sequence)
        )
        after = await requests_between(counter.ledger, till.book, till.terminal_id, 1, first, last.key.sequence, 9)
        assert answer.outcome == ("voided" if compared.agrees and len(compared.requests) == 1 else "approved")
        assert not compared.agrees or after == compared.requests
        if not compared.agrees:
            assert (await shut(counter, till, first, last.key.sequence)).agrees


async def test_a_closing_waits_for_what_is_being_written_and_leaves_no_trace_if_it_differs(counter: Counter) -> None:
    till, own = await counter.till(), await counter.holder()
    first = counter.order(till, own).key.sequence
    unused, written, last = (counter.order(till, own) for _ in range(3))
    await counter.charger.charge(last)
    async with counter.ledger.acquire() as connection:
        writing = connection.transaction()
        await writing.start()
        await connection.execute(
            "INSERT INTO request (book, terminal_id, epoch, sequence, operation, digest, outcome, refusal, cash_fen,"
            " subsidy_fen, host_fen, business_date, answered_at)"
            " VALUES ($1, $2, 1, $3, 'charge', $4, 'refused', 'qr_expired', 0, 0, 0, now(), now())",
            till.book, till.terminal_id, written.key.sequence, written.digest,
        )  # fmt: skip
        found = await requests_between(counter.ledger, till.book, till.terminal_id, 1, first, last.key.sequence, 9)
        head = chain_head(till.terminal_id, 1, first, (one.leaf() for one in found))
        said = closing(first, last.key.sequence, day_totals(found), head)
        closed = asyncio.create_task(close_shift(counter.ledger, till.book, till.terminal_id, 1, said))
        await asyncio.wait([closed], timeout=0.2)
        await writing.commit()
        assert not (await closed).agrees
    assert (await counter.charger.charge(unused)).outcome == "approved"
    assert (await shut(counter, till, first, last.key.sequence)).agrees


async def test_a_closing_agrees_only_up_to_a_number_that_the_ledger_knows(counter: Counter) -> None:
    till, own = await counter.till(), await counter.holder()
    first = counter.order(till, own).key.sequence
    assert not (await shut(counter, till, first, first + 1)).agrees
    paid, further = counter.order(till, own), counter.order(till, own)
    await counter.charger.charge(paid)
    assert not (await shut(counter, till, first, further.key.sequence)).agrees
    assert (await counter.charger.charge(further)).outcome == "approved"
    assert (await shut(counter, till, first, further.key.sequence)).agrees


async def test_not_too_many_numbers_are_used_up(counter: Counter) -> None:
    till, own = await counter.till(), await counter.holder()
    first = counter.order(till, own).key.sequence
    for missing, becomes in ((UNUSED_MAX + 1, "invalid"), (UNUSED_MAX, "kept")):
        last = first + missing + 1
        await counter.charger.charge(counter.order(till, own, key=RequestKey(till.terminal_id, 1, last)))
        assert await said_of(shut(counter, till, first, last)) == becomes
        first = last + 2_000


async def test_the_number_of_an_opening_takes_no_charge_and_no_void(counter: Counter) -> None:
    till, own, guest = await counter.till(), await counter.holder(), await counter.holder(HANGZHOU)
    for holder in (own, guest):
        order = counter.order(till, holder)
        await open_shift(counter.ledger, till.book, order.key, OPENING)
        with pytest.raises(Problem) as used:
            await counter.charger.charge(order)
        assert used.value.kind.slug == "other-content"
        with pytest.raises(Problem) as used:
            await counter.charger.void(till.book, order.key, order.digest, 1, order.key.sequence - 1)
        assert used.value.kind.slug == "other-content"
        void = counter.order(till, own)
        answer = await counter.charger.void(till.book, void.key, void.digest, 1, order.key.sequence)
        assert (answer.outcome, answer.refusal) == ("refused", "not_a_charge")


async def test_evidence_names_the_shift_that_was_open_and_its_latest_closing(counter: Counter) -> None:
    """A closing that reaches over another shift's numbers, or was replaced, says nothing of its payments."""
    till, own = await counter.till(), await counter.holder()
    alice = counter.order(till, own).key.sequence
    bob = alice + 5
    await shut(counter, till, alice, alice + 50)
    await open_shift(counter.ledger, till.book, RequestKey(till.terminal_id, 1, bob), replace(OPENING, cashier="bob"))
    order = counter.order(till, own, key=RequestKey(till.terminal_id, 1, bob + 1))
    paid = await counter.charger.charge(order)
    assert paid.posting_id is not None
    assert await closing_of_payment(counter.ledger, till.book, paid.posting_id) is None
    for last, found in ((bob + 3, bob + 3), (bob, None), (bob + 1, bob + 1)):
        said = replace(closing(bob, last, [], unknown=last), opening=replace(OPENING, cashier="bob"))
        await close_shift(counter.ledger, till.book, till.terminal_id, 1, said)
        one = await closing_of_payment(counter.ledger, till.book, paid.posting_id)
        assert (None if one is None else (one.cashier, one.last_sequence)) == (found and ("bob", found))
