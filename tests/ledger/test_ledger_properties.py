"""Whatever happens in whatever order, the invariants hold: Hypothesis on a real ledger."""

import asyncio
import contextlib
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.closing import open_dates
from foundation.postgres import LOST_CONNECTION, open_pool
from foundation.problems import Problem
from onecard.migrate import CHARGE_ON_NODES
from registry.identifiers import AgencyId
from settlement.deposits import Deposit, deposit
from settlement.ledger import new_posting_id
from settlement.refunds import close_account, refund
from settlement.transfers import TransferKind
from tests.closed_days import KEYS, close
from tests.cluster import Cluster, Server
from tests.counter import HANGZHOU, NINGBO, Counter
from travellers import account
from travellers.callers import Caller
from verification.invariants import verify_ledger

who = st.integers(0, 3)
step = st.one_of(
    st.tuples(st.just("charge"), who, st.integers(1, 3_000)),
    st.tuples(st.just("repeat"), st.integers(0, 30), st.just(0)),
    st.tuples(st.just("void"), st.integers(0, 30), st.just(0)),
    st.tuples(st.just("top_up"), who, st.integers(1, 5_000)),
    st.tuples(st.just("grant"), who, st.integers(1, 2_000)),
    st.tuples(st.just("refund"), st.integers(0, 30), st.integers(1, 3_000)),
    st.tuples(st.just("working_meal"), who, st.integers(1, 3_000)),
    st.tuples(st.just("block"), who, st.just(0)),
    st.tuples(st.just("leave"), who, st.just(0)),
    st.tuples(st.just("crash"), st.just(0), st.just(0)),
    st.tuples(st.just("close"), st.just(0), st.just(0)),
)
bursts = st.lists(st.lists(step, min_size=1, max_size=8), min_size=1, max_size=8)
"""The steps of a burst run at once, on two workers."""


@pytest.mark.parametrize("text", ["charge", "charge_on_nodes"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bursts)
def test_any_interleaving_keeps_every_invariant(
    server: Server, template: str, tmp_path: Path, text: str, plan: list[Any]
) -> None:
    name = f"property_{uuid4().hex[:10]}"
    server.create_database(name, template=template)
    if text == "charge_on_nodes" and not isinstance(server, Cluster):
        with psycopg.connect(server.url_of(server.owner, name)) as db:
            db.execute(CHARGE_ON_NODES.read_bytes())
    asyncio.run(_play(server.url_of(server.runner, name), tmp_path / name, plan))
    server.drop_database(name)


async def _play(url: str, folder: Path, plan: list[list[Any]]) -> None:
    pool = await open_pool(url, size=6)
    workers = [Counter(pool), Counter(pool)]
    tills = [await workers[0].till(NINGBO), await workers[0].till(HANGZHOU)]
    holders = [
        await workers[0].holder(book, agency_index=index, cash_fen=4_000, subsidy_fen=1_000)
        for book, index in [(NINGBO, 0), (NINGBO, 1), (HANGZHOU, 0), (NINGBO, 0)]
    ]
    host_accounts = {
        row["agency_id"]: row["working_meal_account"]
        for row in await pool.fetch("SELECT agency_id, working_meal_account FROM agency")
    }
    await pool.execute(
        "INSERT INTO visit SELECT o.book, nextval('onecard_number'), o.holder_id, a.agency_id, current_date - 1,"
        " current_date + 30 FROM official o CROSS JOIN agency a WHERE a.agency_id <> o.agency_id"
    )
    crasher = await asyncpg.connect(url)
    sent: list[Any] = []
    first_answers: dict[Any, Any] = {}

    async def run(number: int, kind: str, which: int, fen: int) -> None:
        worker, till = workers[number % 2], tills[number % 3 == 0]
        match kind:
            case "charge":
                order = worker.order(till, holders[which], home_fen=fen, visitor_fen=fen)
                sent.append(order)
                answer = await worker.charger.charge(order)
                first_answers.setdefault(order.key, (answer.outcome, answer.refusal, answer.posting_id))
            case "repeat" if sent:
                order = sent[which % len(sent)]
                answer = await worker.charger.charge(order)
                seen = (answer.outcome, answer.refusal, answer.posting_id)
                assert first_answers.setdefault(order.key, seen) == seen, "a repeat gets the first answer"
            case "void" if sent:
                target = sent[which % len(sent)]
                void = worker.order(till, holders[0])
                key = type(void.key)(target.key.terminal_id, 1, void.key.sequence)
                await worker.charger.void(target.home_book, key, void.digest, 1, target.key.sequence)
            case "top_up" | "grant":
                holder = holders[which]
                await deposit(pool, holder.book, TransferKind(kind), [Deposit(new_posting_id(), holder.holder_id, fen)])
            case "working_meal":
                order = worker.order(till, holders[which], visitor_fen=fen, host_account=host_accounts[till.agency_id])
                sent.append(order)
                answer = await worker.charger.charge(order)
                first_answers.setdefault(order.key, (answer.outcome, answer.refusal, answer.posting_id))
            case "refund" if sent:
                _, _, posting_id = first_answers.get(sent[which % len(sent)].key, (None, None, None))
                if posting_id is not None:
                    with contextlib.suppress(Problem):
                        await refund(pool, sent[which % len(sent)].book, new_posting_id(), posting_id, fen)
            case "leave":
                with contextlib.suppress(Problem):
                    await close_account(pool, holders[which].book, holders[which].holder_id, new_posting_id())
            case "crash":
                # Every connection is cut, in the middle of whatever it does. PostgreSQL's own workers
                # (autovacuum) belong to the superuser, who alone may end them.
                await crasher.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
                )
            case "block":
                await pool.execute(
                    "UPDATE credential SET state = 'blocked' WHERE credential_id = $1", holders[which].credential_id
                )
            case "close":
                await close(pool, max((await open_dates(pool)).values()), folder)

    for burst in plan:
        outcomes = await asyncio.gather(
            *(run(number, *one) for number, one in enumerate(burst)), return_exceptions=True
        )
        for outcome in outcomes:
            assert outcome is None or isinstance(outcome, (Problem, *LOST_CONNECTION)), repr(outcome)
    report = await verify_ledger(url, folder, KEYS)
    assert [line for line in report if not line.holds] == []
    await crasher.close()
    await pool.close()
    for holder in holders:
        await _his_own_view_agrees(url, Caller(holder.book, holder.holder_id, AgencyId(0), "official"))


async def _his_own_view_agrees(url: str, caller: Caller) -> None:
    """What a holder sees of his movements, by page and by month, comes to his purses."""
    pool = await open_pool(url, size=1)
    today = date.today()
    days = today - timedelta(days=2), today + timedelta(days=90)
    seen, after = [], None
    while True:
        page = await account.movements_of(pool, caller, days, after=after, limit=3)
        seen += page.items
        if (after := page.next) is None:
            break
    whole = await account.movements_of(pool, caller, days)
    months = await account.months_of(pool, caller, f"{days[0]:%Y-%m}", f"{days[1]:%Y-%m}")
    held = await account.purses_of(pool, caller)
    await pool.close()
    assert seen == whole.items, "pages leave nothing out and show nothing twice"
    for sums in (seen, months):
        assert sum(one.cash_change_fen for one in sums) == held.cash_fen
        assert sum(one.subsidy_change_fen for one in sums) == held.subsidy_fen
    assert sum(one.host_fen for one in seen) == sum(one.host_fen for one in months)
