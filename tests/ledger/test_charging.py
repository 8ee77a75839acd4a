"""Charging on a real ledger: who pays from which purse, what is refused, and that once is once."""

import asyncio
import json
import random
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
from msgspec.structs import replace

from foundation.postgres import Pool, open_pool
from foundation.problems import Problem
from onecard.migrate import CHARGE_ON_NODES
from registry.identifiers import Book
from settlement.charging import ChargeOrder, Charger, RequestKey
from settlement.deposits import Deposit, deposit
from settlement.ledger import QUERIES, new_posting_id
from settlement.transfers import TransferKind
from terminals import blocking
from terminals.blocking import BlockListVersion
from tests.cluster import ACTIVITY, Cluster, Server
from tests.counter import HANGZHOU, NINGBO, Counter, Holder
from tests.relay import relay_to

PAGE = (Path(__file__).parents[2] / "docs" / "terminal-protocol.md").read_text(encoding="utf-8")
COUNTERS: list[tuple[int, str]] = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[-1])["counters"]


@pytest.fixture(autouse=True, params=["charge", "charge_on_nodes"])
def text(request: pytest.FixtureRequest, server: Server, owner_url: str) -> None:
    """Both texts of charge() do the same; on a cluster the second has replaced the first."""
    if isinstance(server, Cluster):
        if request.param == "charge":
            pytest.skip("on a cluster the other text charges")
    elif request.param == "charge_on_nodes":
        with psycopg.connect(owner_url) as db:
            db.execute(CHARGE_ON_NODES.read_bytes())


async def test_visitor_pays_from_cash_only(counter: Counter) -> None:
    visitor = await counter.holder(agency_index=1, cash_fen=5_000, subsidy_fen=9_000)
    answer = await counter.charger.charge(counter.order(await counter.till(), visitor))
    assert (answer.outcome, answer.cash_fen, answer.subsidy_fen) == ("approved", 2_000, 0)
    assert await counter.purses(visitor) == {"cash": 3_000, "subsidy": 9_000}


async def test_visitor_without_cash_is_refused_whatever_his_subsidy(counter: Counter) -> None:
    visitor = await counter.holder(agency_index=1, cash_fen=1_999, subsidy_fen=9_000)
    answer = await counter.charger.charge(counter.order(await counter.till(), visitor))
    assert answer.refusal == "insufficient_funds"
    assert await counter.purses(visitor) == {"cash": 1_999, "subsidy": 9_000}


async def test_at_home_the_subsidy_goes_first(counter: Counter) -> None:
    colleague = await counter.holder(cash_fen=5_000, subsidy_fen=9_000)
    answer = await counter.charger.charge(counter.order(await counter.till(), colleague))
    assert (answer.cash_fen, answer.subsidy_fen) == (0, 1_200)


async def test_one_payment_from_two_purses_is_two_transfers_of_one_posting(counter: Counter) -> None:
    colleague = await counter.holder(cash_fen=5_000, subsidy_fen=500)
    answer = await counter.charger.charge(counter.order(await counter.till(), colleague))
    assert (answer.cash_fen, answer.subsidy_fen) == (700, 500)
    assert (answer.cash_balance_fen, answer.subsidy_balance_fen) == (4_300, 0)
    rows = await counter.ledger.fetch(
        "SELECT part, amount_fen FROM transfer WHERE posting_id = $1 ORDER BY part", answer.posting_id
    )
    assert [tuple(row) for row in rows] == [(0, 500), (1, 700)]


async def test_an_official_of_another_book_pays_in_his_own(counter: Counter) -> None:
    guest = await counter.holder(HANGZHOU)
    order = counter.order(await counter.till(NINGBO), guest)
    answer = await counter.charger.charge(order)
    assert (answer.outcome, answer.book, answer.amount_fen) == ("approved", HANGZHOU, 2_000)
    assert replace(await counter.charger.charge(order), fresh=True) == replace(answer, fresh=True)
    assert await counter.count() == 1


@pytest.mark.parametrize("refusal", ["too_late", "price_fixed", "credential_invalid"])
async def test_a_repeat_across_books_gets_the_first_answer_whatever_speaks_against_it_now(
    counter: Counter, refusal: str
) -> None:
    guest = await counter.holder(HANGZHOU)
    order = counter.order(await counter.till(NINGBO), guest)
    first = await counter.charger.charge(order)
    late = replace(order, refusal=refusal)
    if refusal != "price_fixed":
        # A declined card or code names nobody.
        late = replace(late, book=NINGBO, holder_id=0, credential_id=0, counter=0)
    assert replace(await counter.charger.charge(late), fresh=True) == first
    assert await counter.purses(guest) == {"cash": 8_000, "subsidy": 0}
    assert await counter.count() == 1


async def test_a_claim_whose_payment_never_reached_the_other_book_is_refused_there_when_it_comes_too_late(
    counter: Counter,
) -> None:
    guest = await counter.holder(HANGZHOU)
    order = counter.order(await counter.till(NINGBO), guest)
    await claim_alone(counter, order)
    late = replace(order, refusal="too_late", book=NINGBO, holder_id=0, credential_id=0, counter=0)
    refused = await counter.charger.charge(late)
    assert (refused.book, refused.outcome, refused.refusal) == (HANGZHOU, "refused", "too_late")
    assert (await counter.charger.charge(order)).refusal == "too_late", "final for its number"
    assert await counter.purses(guest) == {"cash": 10_000, "subsidy": 0}


async def claim_alone(counter: Counter, order: ChargeOrder) -> None:
    """The centre stops between the claim in the terminal's book and the payment in the other."""
    from settlement.charging import _row, _Waiting

    one = _Waiting(order, order.book, new_posting_id(), None, 0.0, lambda: True)
    await counter.ledger.fetch(QUERIES["charge"], order.home_book, [_row(one)])


async def test_a_number_used_at_home_cannot_post_in_another_book(counter: Counter) -> None:
    till = await counter.till(NINGBO)
    first = counter.order(till, await counter.holder(NINGBO))
    await counter.charger.charge(first)
    again = replace(counter.order(till, await counter.holder(HANGZHOU)), key=first.key)
    with pytest.raises(Problem) as refused:
        await counter.charger.charge(again)
    assert refused.value.kind.slug == "other-content"
    assert await counter.count() == 1


async def test_a_number_used_in_another_book_cannot_post_at_home(counter: Counter) -> None:
    till = await counter.till(NINGBO)
    first = counter.order(till, await counter.holder(HANGZHOU))
    await counter.charger.charge(first)
    with pytest.raises(Problem):
        await counter.charger.charge(replace(counter.order(till, await counter.holder(NINGBO)), key=first.key))
    assert await counter.count() == 1


async def test_a_repeat_gets_the_first_answer_and_takes_nothing_more(counter: Counter) -> None:
    holder = await counter.holder()
    order = counter.order(await counter.till(), holder)
    answers = await asyncio.gather(*(counter.charger.charge(order) for _ in range(30)))
    assert len({answer.posting_id for answer in answers}) == 1
    assert [answer.fresh for answer in answers].count(True) == 1
    assert await counter.count() == 1


async def test_a_refusal_is_final_for_its_number(counter: Counter) -> None:
    holder = await counter.holder(cash_fen=100)
    till = await counter.till()
    order = counter.order(till, holder)
    assert (await counter.charger.charge(order)).refusal == "insufficient_funds"
    await deposit(counter.ledger, NINGBO, TransferKind.TOP_UP, [Deposit(new_posting_id(), holder.holder_id, 50_000)])
    assert (await counter.charger.charge(order)).refusal == "insufficient_funds"
    # Under a new number the same presentation pays: a refusal uses no counter up.
    assert (await counter.charger.charge(replace(order, key=counter.order(till, holder).key))).outcome == "approved"


async def test_other_content_under_a_used_number_posts_nothing(counter: Counter) -> None:
    till, holder = await counter.till(), await counter.holder()
    order = counter.order(till, holder)
    await counter.charger.charge(order)
    with pytest.raises(Problem) as refused:
        await counter.charger.charge(replace(counter.order(till, holder), key=order.key))
    assert refused.value.kind.status == 422
    assert await counter.count() == 1


@pytest.mark.parametrize(
    ("damage", "refusal"),
    [
        ("UPDATE credential SET state = 'blocked' WHERE credential_id = $1", "card_blocked"),
        ("UPDATE credential SET expires_at = now() WHERE credential_id = $1", "credential_expired"),
        (
            "UPDATE official SET state = 'left'"
            " WHERE holder_id = (SELECT holder_id FROM credential WHERE credential_id = $1)",
            "not_entitled",
        ),
    ],
)
async def test_the_charge_reads_the_state_itself(counter: Counter, damage: str, refusal: str) -> None:
    holder = await counter.holder()
    await counter.ledger.execute(damage, holder.credential_id)
    answer = await counter.charger.charge(counter.order(await counter.till(), holder))
    assert answer.refusal == refusal
    assert await counter.count() == 0


async def test_a_counter_pays_once_in_the_order_of_the_page(counter: Counter) -> None:
    holder, till = await counter.holder(cash_fen=100_000), await counter.till()

    for value, expected in COUNTERS:
        answer = await counter.charger.charge(counter.order(till, holder, counter=value))
        assert (answer.refusal or answer.outcome) == expected, value
    assert await counter.count() == [expected for _, expected in COUNTERS].count("approved")


async def test_a_refused_payment_uses_no_counter_up(counter: Counter) -> None:
    holder, till = await counter.holder(cash_fen=3_000), await counter.till()
    refused = counter.order(till, holder, counter=7, home_fen=3_001)
    assert (await counter.charger.charge(refused)).refusal == "insufficient_funds"
    assert (await counter.charger.charge(counter.order(till, holder, counter=9))).outcome == "approved"
    assert (await counter.charger.charge(counter.order(till, holder, counter=7))).outcome == "approved"


async def test_counters_in_any_order_from_two_workers_pay_once_each(counter: Counter) -> None:
    holder, one, two = await counter.holder(cash_fen=100_000), await counter.till(), await counter.till(index=1)
    other = Counter(counter.ledger)
    counters = [value for value in range(1, 41) for _ in range(2)]
    random.Random(3).shuffle(counters)
    answers = await asyncio.gather(
        *(
            worker.charger.charge(worker.order(till, holder, counter=value))
            for n, value in enumerate(counters)
            for worker, till in [((counter, one), (other, two))[n % 2]]
        )
    )
    assert sorted(a.refusal or a.outcome for a in answers) == ["already_used"] * 40 + ["approved"] * 40


async def test_one_code_at_two_tills_at_once_pays_once(counter: Counter) -> None:
    holder, one, two = await counter.holder(), await counter.till(), await counter.till(index=1)
    other_worker = Counter(counter.ledger)
    first = counter.order(one, holder)
    answers = await asyncio.gather(
        counter.charger.charge(first),
        other_worker.charger.charge(counter.order(two, holder, counter=first.counter)),
    )
    assert sorted(a.refusal or a.outcome for a in answers) == ["already_used", "approved"]


async def test_someone_elses_credential_is_unknown(counter: Counter) -> None:
    holder, other = await counter.holder(), await counter.holder()
    mixed = Holder(holder.book, holder.holder_id, other.credential_id)
    assert (await counter.charger.charge(counter.order(await counter.till(), mixed))).refusal == "credential_unknown"


async def test_a_book_without_an_open_day_refuses(counter: Counter, as_superuser: Callable[..., None]) -> None:
    order = counter.order(await counter.till(), await counter.holder())
    as_superuser("DELETE FROM book_day WHERE book = %s", NINGBO)
    assert (await counter.charger.charge(order)).refusal == "day_closed"
    assert await counter.count() == 0


async def test_two_workers_drain_one_purse_to_zero_and_not_below(counter: Counter) -> None:
    holder, till = await counter.holder(cash_fen=1_200 * 20, subsidy_fen=0), await counter.till()
    chargers = [counter.charger, Counter(counter.ledger).charger]
    orders = [counter.order(till, holder) for _ in range(50)]
    answers = [await asyncio.gather(*(c.charge(o) for c, o in zip(chargers, pair, strict=True)))
               for pair in zip(orders[::2], orders[1::2], strict=True)]  # fmt: skip
    approved = [a for pair in answers for a in pair if a.outcome == "approved"]
    assert len(approved) <= 20
    assert (await counter.purses(holder))["cash"] == 1_200 * (20 - len(approved))


async def test_a_client_that_hangs_up_still_has_one_posting(counter: Counter) -> None:
    order = counter.order(await counter.till(), await counter.holder())
    task = asyncio.create_task(counter.charger.charge(order))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    answer = await counter.charger.charge(order)
    assert answer.outcome == "approved"
    assert await counter.count() == 1


async def test_a_charge_that_nobody_waits_for_is_dropped_before_it_is_posted(ledger: Pool) -> None:
    counter = Counter(ledger, batch_max=1)
    till, home, away = await counter.till(), await counter.holder(), await counter.holder(HANGZHOU)
    answered: list[Any] = []
    for holder in (home, away):
        counter.charger.post(counter.order(till, holder), time.monotonic(), answered.append, lambda: False)
    last = await counter.charger.charge(counter.order(till, await counter.holder()))
    assert last.outcome == "approved"
    assert (answered, await counter.count(), counter.charger.waiting) == ([], 1, 0)
    counter.charger.post(counter.order(till, home), time.monotonic(), answered.append, lambda: False)
    while counter.charger.waiting:
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    assert (counter.charger.failures, counter.charger.oldest_s) == (0, 0.0), "a queue of nothing else is no failure"


async def test_a_full_queue_says_busy_and_posts_nothing(ledger: Pool) -> None:
    counter = Counter(ledger, queue_max=3)
    till, holders = await counter.till(), [await counter.holder() for _ in range(8)]
    answers = await asyncio.gather(
        *(counter.charger.charge(counter.order(till, h)) for h in holders), return_exceptions=True
    )
    busy = [a for a in answers if isinstance(a, Problem)]
    assert busy
    assert {(p.kind.slug, p.retry_after_s) for p in busy} == {("busy", 1)}
    assert await counter.count() == len(holders) - len(busy)


async def test_one_guilty_order_does_not_take_its_batch_with_it(counter: Counter) -> None:
    till, holders = await counter.till(), [await counter.holder() for _ in range(5)]
    orders = [counter.order(till, h) for h in holders]
    orders[2] = replace(orders[2], canteen_account=-1, home_fen=0)  # amount 0 breaks a constraint
    answers = await asyncio.gather(*(counter.charger.charge(o) for o in orders), return_exceptions=True)
    failed = [a for a in answers if isinstance(a, BaseException)]
    assert [type(a) for a in failed] in ([asyncpg.CheckViolationError], [])
    assert await counter.count() == 4


async def test_void_gives_back_what_was_posted(counter: Counter) -> None:
    holder, till = await counter.holder(cash_fen=5_000, subsidy_fen=500), await counter.till()
    order = counter.order(till, holder)
    await counter.charger.charge(order)
    void = counter.order(till, holder)
    answer = await counter.charger.void(NINGBO, void.key, void.digest, 1, order.key.sequence)
    assert (answer.outcome, answer.cash_fen, answer.subsidy_fen) == ("voided", 700, 500)
    assert await counter.purses(holder) == {"cash": 5_000, "subsidy": 500}
    again = await counter.charger.void(NINGBO, void.key, void.digest, 1, order.key.sequence)
    assert again.amount_fen == 1_200
    assert await counter.count("reversal") == 2


async def test_void_twice_under_two_numbers_gives_back_once(counter: Counter) -> None:
    holder, till = await counter.holder(), await counter.till()
    order = counter.order(till, holder)
    await counter.charger.charge(order)
    voids = [counter.order(till, holder) for _ in range(4)]
    answers = await asyncio.gather(
        *(counter.charger.void(NINGBO, v.key, v.digest, 1, order.key.sequence) for v in voids)
    )
    assert sorted(a.amount_fen for a in answers) == [0, 0, 0, 1_200]
    assert (await counter.purses(holder))["cash"] == 10_000


@pytest.mark.parametrize("book", [NINGBO, HANGZHOU])
async def test_void_bars_a_charge_that_has_not_arrived(counter: Counter, book: Book) -> None:
    holder, till = await counter.holder(book), await counter.till()
    late, void = counter.order(till, holder), counter.order(till, holder)
    assert (await counter.charger.void(NINGBO, void.key, void.digest, 1, late.key.sequence)).outcome == "voided"
    assert (await counter.charger.charge(late)).outcome == "voided"
    assert await counter.count() == 0


async def test_void_follows_a_charge_into_its_book(counter: Counter) -> None:
    guest, till = await counter.holder(HANGZHOU), await counter.till(NINGBO)
    order, void = counter.order(till, guest), counter.order(till, guest)
    await counter.charger.charge(order)
    answer = await counter.charger.void(NINGBO, void.key, void.digest, 1, order.key.sequence)
    assert (answer.outcome, answer.amount_fen) == ("voided", 2_000)
    assert (await counter.purses(guest))["cash"] == 10_000


async def test_void_racing_its_charge_leaves_nothing_taken(counter: Counter) -> None:
    till = await counter.till()
    for _ in range(15):
        holder = await counter.holder()
        order, void = counter.order(till, holder), counter.order(till, holder)
        await asyncio.gather(
            counter.charger.charge(order),
            Counter(counter.ledger).charger.void(NINGBO, void.key, void.digest, 1, order.key.sequence),
        )
        assert await counter.purses(holder) == {"cash": 10_000, "subsidy": 0}


async def test_a_void_cannot_be_voided(counter: Counter) -> None:
    holder, till = await counter.holder(), await counter.till()
    first, second = counter.order(till, holder), counter.order(till, holder)
    await counter.charger.void(NINGBO, first.key, first.digest, 1, first.key.sequence - 1)
    answer = await counter.charger.void(NINGBO, second.key, second.digest, 1, first.key.sequence)
    assert answer.refusal == "not_a_charge"


@pytest.mark.parametrize(("epochs", "numbers"), [(0, 0), (0, 1), (0, 2**52), (1, -1), (1_000, 0)])
async def test_a_void_names_an_earlier_request_only(counter: Counter, epochs: int, numbers: int) -> None:
    """A tombstone at a number to come would use up what the terminal, or its replacement, still needs."""
    holder, till = await counter.holder(), await counter.till()
    void = counter.order(till, holder)
    with pytest.raises(Problem) as refused:
        await counter.charger.void(NINGBO, void.key, void.digest, 1 + epochs, void.key.sequence + numbers)
    assert refused.value.kind.slug == "invalid"
    assert await counter.ledger.fetchval("SELECT count(*) FROM request WHERE terminal_id = $1", till.terminal_id) == 0


@pytest.mark.parametrize("change", ["epoch = 2", "state = 'revoked'"])
@pytest.mark.parametrize("book", [NINGBO, HANGZHOU])
async def test_a_terminal_out_of_use_is_refused_by_the_ledger_itself(counter: Counter, change: str, book: Book) -> None:
    """However long a worker still takes its session for a good one."""
    holder, till = await counter.holder(book), await counter.till(NINGBO)
    before, void = counter.order(till, holder), counter.order(till, holder)
    first = await counter.charger.charge(before)
    await counter.ledger.execute(f"UPDATE terminal SET {change} WHERE terminal_id = $1", till.terminal_id)
    assert (await counter.charger.charge(counter.order(till, holder))).refusal == "terminal_out_of_use"
    answer = await counter.charger.void(NINGBO, void.key, void.digest, 1, before.key.sequence)
    assert answer.refusal == "terminal_out_of_use"
    assert replace(await counter.charger.charge(before), fresh=True) == first, "a repeat gets the first answer"
    assert await counter.count() == 1
    assert await counter.count("reversal") == 0


async def test_a_replaced_devices_charge_is_voided_by_the_new_one(counter: Counter) -> None:
    holder, till = await counter.holder(), await counter.till()
    order = counter.order(till, holder)
    await counter.charger.charge(order)
    await counter.ledger.execute("UPDATE terminal SET epoch = 2 WHERE terminal_id = $1", till.terminal_id)
    void = replace(counter.order(till, holder), key=RequestKey(till.terminal_id, 2, 1))
    answer = await counter.charger.void(NINGBO, void.key, void.digest, 1, order.key.sequence)
    assert (answer.outcome, answer.amount_fen) == ("voided", 1_200)


async def test_the_times_of_a_purse_are_in_the_order_of_its_balances(counter: Counter, database_url: str) -> None:
    """A void that waits for the purse posts after what it waited for, and says so."""
    holder, till = await counter.holder(), await counter.till()
    order, void = counter.order(till, holder), counter.order(till, holder)
    await counter.charger.charge(order)
    other = await asyncpg.connect(database_url)
    await other.execute("BEGIN")
    await other.fetch(f"SELECT FROM purse WHERE book = {NINGBO} AND holder_id = $1 FOR UPDATE", holder.holder_id)
    waiting = asyncio.create_task(counter.charger.void(NINGBO, void.key, void.digest, 1, order.key.sequence))
    while not await counter.ledger.fetchval(f"SELECT count(*) FROM {ACTIVITY} WHERE wait_event_type = 'Lock'"):
        await asyncio.sleep(0.01)
    arguments = (NINGBO, "top_up", "counter", [new_posting_id()], [holder.holder_id], [500])
    await other.fetch("SELECT * FROM deposit($1, $2, $3, $4, $5, $6)", *arguments)
    await other.execute("COMMIT")
    await waiting
    kinds = await counter.ledger.fetch(
        "SELECT kind FROM transfer WHERE holder_id = $1 ORDER BY posted_at DESC LIMIT 2", holder.holder_id
    )
    assert [row["kind"] for row in kinds] == ["reversal", "top_up"]
    await other.close()


async def test_a_void_without_an_open_day_bars_nothing(counter: Counter, as_superuser: Callable[..., None]) -> None:
    holder, till = await counter.holder(), await counter.till()
    order, void = counter.order(till, holder), counter.order(till, holder)
    day = await counter.ledger.fetchval("SELECT business_date FROM book_day WHERE book = $1", NINGBO)
    as_superuser("DELETE FROM book_day WHERE book = %s", NINGBO)
    answer = await counter.charger.void(NINGBO, void.key, void.digest, 1, order.key.sequence)
    assert answer.refusal == "day_closed"
    await counter.ledger.execute("INSERT INTO book_day VALUES ($1, $2)", NINGBO, day)
    assert (await counter.charger.charge(order)).outcome == "approved"


async def test_a_repeat_after_the_cut_off_posts_nothing(counter: Counter) -> None:
    order = counter.order(await counter.till(), await counter.holder())
    first = await counter.charger.charge(order)
    await counter.ledger.execute("UPDATE book_day SET business_date = business_date + 1")
    assert (await counter.charger.charge(order)).posting_id == first.posting_id
    assert await counter.count() == 1


async def test_deposits_post_once_and_never_change(counter: Counter) -> None:
    holder = await counter.holder(cash_fen=0)
    posting_id = new_posting_id()
    for _ in range(3):
        await deposit(counter.ledger, NINGBO, TransferKind.TOP_UP, [Deposit(posting_id, holder.holder_id, 700)])
    assert await counter.purses(holder) == {"cash": 700, "subsidy": 0}
    for kind, amount_fen in ((TransferKind.TOP_UP, 701), (TransferKind.GRANT, 700)):
        with pytest.raises(Problem):
            await deposit(counter.ledger, NINGBO, kind, [Deposit(posting_id, holder.holder_id, amount_fen)])
    assert await counter.purses(holder) == {"cash": 700, "subsidy": 0}


async def test_the_database_dies_for_a_moment(counter: Counter, database_url: str) -> None:
    """Connections cut under a batch: unknown, tried again under the same keys, posted once."""
    till, holders = await counter.till(), [await counter.holder() for _ in range(20)]
    orders = [counter.order(till, h) for h in holders]
    cutter = await asyncpg.connect(database_url)

    async def cut() -> None:
        for _ in range(5):
            await cutter.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(0.02)

    answers, _ = await asyncio.gather(asyncio.gather(*(counter.charger.charge(o) for o in orders)), cut())
    await cutter.close()
    assert {a.outcome for a in answers} == {"approved"}
    assert await counter.count() == 20


async def test_late_payments_have_limits_of_their_own(counter: Counter) -> None:
    """A dishonest till may say when the official was there; it cannot say so without end."""
    till, official, other = await counter.till(), await counter.holder(cash_fen=90_000), await counter.holder()
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)

    async def late(holder: Holder = official, **changes: Any) -> str | None:
        order = counter.order(till, holder, purchased_at=an_hour_ago, **changes)
        return (await counter.charger.charge(order)).refusal

    assert [await late() for _ in range(4)] == [None, None, None, "late_limit_exceeded"]
    in_time = await counter.charger.charge(counter.order(till, official))
    assert in_time.outcome == "approved", "the official himself is there, and pays"
    assert await late(other, home_fen=9_000) is None
    assert await late(other, home_fen=1_001) == "late_limit_exceeded"
    await counter.ledger.execute("UPDATE region_rules SET late_payments_max = NULL, late_fen_max = NULL")
    assert await late() is None
    assert (await counter.purses(official))["cash"] == 90_000 - 5 * 1_200


async def test_a_voided_late_payment_still_counts(counter: Counter) -> None:
    till, official = await counter.till(), await counter.holder(cash_fen=90_000)
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    for _ in range(3):
        order = counter.order(till, official, purchased_at=an_hour_ago)
        assert (await counter.charger.charge(order)).outcome == "approved"
        void = RequestKey(till.terminal_id, 1, order.key.sequence + 1_000_000)
        await counter.charger.void(till.book, void, bytes(32), 1, order.key.sequence)
    again = await counter.charger.charge(counter.order(till, official, purchased_at=an_hour_ago))
    assert again.refusal == "late_limit_exceeded"


async def test_a_locked_purse_keeps_only_its_own_charge_waiting(counter: Counter, database_url: str) -> None:
    till, holders = await counter.till(), [await counter.holder() for _ in range(20)]
    held = f"SELECT FROM purse WHERE book = {NINGBO} AND holder_id = $1 FOR UPDATE"
    async with locked(database_url, held, holders[3].holder_id):
        charges = [asyncio.create_task(counter.charger.charge(counter.order(till, holder))) for holder in holders]
        stuck = charges.pop(3)
        assert {(await charge).outcome for charge in charges} == {"approved"}
        later = [counter.charger.charge(counter.order(till, holder)) for holder in holders[:3]]
        assert {answer.outcome for answer in await asyncio.gather(*later)} == {"approved"}
        assert not stuck.done()
    assert (await stuck).outcome == "approved"
    assert await counter.count() == 23


async def test_a_locked_card_makes_its_batch_go_one_by_one(counter: Counter, database_url: str) -> None:
    till, holders = await counter.till(), [await counter.holder() for _ in range(10)]
    held = f"SELECT FROM credential WHERE book = {NINGBO} AND credential_id = $1 FOR UPDATE"
    async with locked(database_url, held, holders[3].credential_id):
        charges = [asyncio.create_task(counter.charger.charge(counter.order(till, holder))) for holder in holders]
        stuck = charges.pop(3)
        assert {(await charge).outcome for charge in charges} == {"approved"}
        assert await counter.count() == 9
    with suppress(Problem):
        await stuck
    assert await counter.count() in (9, 10)


@asynccontextmanager
async def locked(database_url: str, statement: str, number: int) -> AsyncIterator[None]:
    """Another session holds a row for the time of the block."""
    other = await asyncpg.connect(database_url)
    await other.execute("BEGIN")
    await other.fetch(statement, number)
    try:
        yield
    finally:
        await other.close()


async def test_every_charge_is_answered_in_its_own_time_also_behind_others(
    ledger: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a book stands still, each charge is told to come back after the bound from its own arrival.

    So those behind the first are answered without having been sent: batch by batch, each would wait for the lock.
    """
    counter = Counter(ledger, batch_max=1, give_up_after_s=1.0)
    till, holders = await counter.till(), [await counter.holder() for _ in range(12)]
    orders = [counter.order(till, holder) for holder in holders]
    sent, call = [], Charger._call

    async def counted(charger: Charger, book: Book, batch: list[tuple[object, ...]], *sales: Any) -> Any:
        sent.append(len(batch))
        return await call(charger, book, batch, *sales)

    monkeypatch.setattr(Charger, "_call", counted)
    gate = "SELECT pg_advisory_xact_lock(7301, d.book) FROM book_day d WHERE d.book = $1"
    async with locked(database_url, gate, NINGBO):
        answers = await asyncio.gather(*(counter.charger.charge(o) for o in orders), return_exceptions=True)
    assert [a.kind.slug for a in answers if isinstance(a, Problem)] == ["unavailable"] * 12
    assert sum(sent) < 12
    again = await asyncio.gather(*(counter.charger.charge(o) for o in orders))
    assert {answer.outcome for answer in again} == {"approved"}
    assert await counter.count() == 12


async def test_a_connection_that_died_without_a_word_holds_up_a_charge_for_a_moment_only(
    counter: Counter, database_url: str
) -> None:
    till, holders = await counter.till(), [await counter.holder() for _ in range(5)]
    async with relay_to(database_url) as (relay, url):
        pool = await open_pool(url, size=4)
        await asyncio.gather(*(pool.fetchval("SELECT pg_sleep(0.2)") for _ in range(4)))
        worker = Counter(pool)
        relay.swallow()
        answers = await asyncio.gather(*(worker.charger.charge(counter.order(till, h)) for h in holders))
        assert {answer.outcome for answer in answers} == {"approved"}
        pool.terminate()
    assert await counter.count() == 5


async def test_the_block_lists_version_is_five_seconds_old_at_most(ledger: Pool, database_url: str) -> None:
    assert blocking.REFRESH_S + blocking.LOOK_UP_WITHIN_S <= 5
    async with relay_to(database_url) as (relay, url):
        pool = await open_pool(url, size=1)
        version = BlockListVersion(pool)
        following = asyncio.create_task(version.follow())
        await pool.fetchval("SELECT 1")
        relay.swallow()
        await ledger.execute("INSERT INTO block_entry VALUES (41, 3302, 1, true, 'lost', now())")
        async with asyncio.timeout(60):
            while version.current != 41:
                await asyncio.sleep(0.1)
        following.cancel()
        pool.terminate()
