"""``onecard distribute``: all or nothing, and a clear line when it cannot."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from clearing.closing import open_dates
from demo.loader import load_demo_city
from foundation.calendar import Calendar
from foundation.postgres import Pool, open_pool
from foundation.problems import UNAVAILABLE, Problem
from onecard.distribute import DELEGATED, DISTRIBUTED, REFERENCE, CannotDistribute, distribute
from onecard.migrate import migrate
from settlement.readiness import Readiness
from tests.closed_days import KEYS, close
from tests.cluster import CITUS_URL, Cluster, Server
from tests.counter import HANGZHOU, NINGBO, Counter
from tests.running_system import free_port
from verification.invariants import verify_ledger

REMOVE = "SELECT citus_remove_node(nodename, nodeport) FROM pg_dist_node"

EVERYTHING = {*REFERENCE, *DISTRIBUTED, *DELEGATED}


@pytest.mark.skipif(CITUS_URL is not None, reason="there it can")
def test_a_database_without_citus_stays_on_one_node(owner_url: str, server: Server) -> None:
    for dry_run in (True, False):
        with pytest.raises(CannotDistribute, match="has no extension citus"):
            distribute(owner_url, server.runner, dry_run=dry_run)


@pytest.fixture
def cluster(server: Server) -> Cluster:
    if not isinstance(server, Cluster):
        pytest.skip("not run: ONECARD_CITUS_URL names no cluster")
    return server


@pytest.fixture
def local(cluster: Cluster) -> Iterator[str]:
    """The name of a migrated database on a cluster, of which nothing is distributed."""
    name = f"local_{uuid4().hex[:8]}"
    cluster.create_database(name)
    migrate(cluster.url_of(cluster.owner, name), cluster.runner)
    yield name
    cluster.drop_database(name)


def distributed_tables(url: str) -> int:
    with psycopg.connect(url) as db:
        row = db.execute("SELECT count(*) FROM pg_dist_partition WHERE partmethod = 'h' OR repmodel = 't'").fetchone()
        assert row is not None
        return int(row[0])


@pytest.mark.citus
def test_a_second_time_changes_nothing(cluster: Cluster, local: str) -> None:
    url = cluster.url_of(cluster.owner, local)
    assert {step.name for step in distribute(url, cluster.runner, dry_run=True)} == EVERYTHING
    assert distributed_tables(url) == 0
    assert {step.name for step in distribute(url, cluster.runner)} == EVERYTHING
    assert distribute(url, cluster.runner) == []
    migrate(url, cluster.runner)
    assert distribute(url, cluster.runner) == []
    assert distributed_tables(url) == len(REFERENCE) + len(DISTRIBUTED)


@pytest.mark.citus
def test_functions_keep_no_plan_on_the_nodes(cluster: Cluster, local: str) -> None:
    """A session of a node would keep a copy of it for each call; the next release's functions are set like these."""
    url = cluster.url_of(cluster.owner, local)

    def set_up() -> set[str]:
        with psycopg.connect(url) as db:
            rows = db.execute(
                "SELECT proname FROM pg_proc WHERE 'plan_cache_mode=force_custom_plan' = ANY (proconfig)"
            ).fetchall()
            return {str(name) for (name,) in rows}

    assert not set_up() >= {*DELEGATED}
    distribute(url, cluster.runner)
    assert set_up() >= {*DELEGATED}
    migrate(url, cluster.runner)
    assert set_up() >= {*DELEGATED}


@pytest.mark.citus
def test_a_table_that_a_later_release_adds_is_distributed_then(cluster: Cluster, local: str) -> None:
    url = cluster.url_of(cluster.owner, local)
    distribute(url, cluster.runner)
    with psycopg.connect(url) as db:
        db.execute("SELECT undistribute_table('subsidy_lapse')")
    assert [step.name for step in distribute(url, cluster.runner)] == ["subsidy_lapse"]


@pytest.mark.citus
def test_a_step_that_fails_leaves_nothing_half_done(cluster: Cluster, local: str) -> None:
    url = cluster.url_of(cluster.owner, local)
    with psycopg.connect(url) as db:
        db.execute("CREATE UNIQUE INDEX uq_without_book ON gateway_order (number)")
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        distribute(url, cluster.runner)
    assert distributed_tables(url) == 0


@pytest.mark.citus
def test_a_ledger_in_use_is_left_alone(cluster: Cluster, local: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onecard.distribute.WAIT_S", 1)
    url = cluster.url_of(cluster.owner, local)
    with psycopg.connect(url) as db:
        db.execute("LOCK TABLE transfer IN ROW EXCLUSIVE MODE")
        with pytest.raises(CannotDistribute, match="is in use"):
            distribute(url, cluster.runner)
    assert distributed_tables(url) == 0


@pytest.mark.citus
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DROP TABLE alembic_version", "has no tables"),
        ("UPDATE alembic_version SET version_num = '0001'", "run onecard migrate first"),
        (f"{REMOVE} WHERE groupid = 0", "citus_set_coordinator_host"),
        (f"{REMOVE} WHERE groupid > 0", "citus_add_node"),
        ("UPDATE pg_extension SET extversion = '12.1-1' WHERE extname = 'citus'", "12.1-1 is too old"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(cluster: Cluster, local: str, damage: str, words: str) -> None:
    with psycopg.connect(cluster.url_of(cluster.superuser, local), autocommit=True) as db:
        db.execute("SET citus.enable_version_checks = off; SET allow_system_table_mods = on")
        db.execute(damage.encode())
    with pytest.raises(CannotDistribute, match=words):
        distribute(cluster.url_of(cluster.owner, local), cluster.runner)


@pytest.mark.citus
def test_the_running_role_cannot_distribute(cluster: Cluster, local: str) -> None:
    with pytest.raises(CannotDistribute, match="does not own the tables"):
        distribute(cluster.url_of(cluster.runner, local), cluster.runner)


@pytest.fixture
def older(cluster: Cluster) -> Iterator[str]:
    """The name of a database that was migrated before there was a cluster."""
    name = f"older_{uuid4().hex[:8]}"
    cluster.create_apart(name)
    migrate(cluster.url_of(cluster.owner, name), cluster.runner)
    cluster.join(name)
    yield name
    cluster.drop_database(name)


@pytest.mark.citus
@pytest.mark.parametrize("made", ["local", "older"])
def test_a_ledger_with_payments_goes_on_after_it(
    cluster: Cluster, request: pytest.FixtureRequest, made: str, tmp_path: Path
) -> None:
    """What was paid, closed and remembered before is there afterwards, and every invariant holds."""
    local = request.getfixturevalue(made)
    url = cluster.url_of(cluster.runner, local)
    asyncio.run(load_demo_city(url.replace("postgresql://", "postgresql+asyncpg://", 1), Calendar(), KEYS))

    async def play(between: bool) -> list[str]:
        pool = await open_pool(url, size=4)
        counter = Counter(pool)
        till, holder = await counter.till(NINGBO), await counter.holder(HANGZHOU)
        order, gone = counter.order(till, holder), counter.order(till, await counter.holder(NINGBO))
        paid = await counter.charger.charge(order)
        await counter.charger.charge(gone)
        if between:
            await pool.close()
            await asyncio.to_thread(distribute, cluster.url_of(cluster.owner, local), cluster.runner)
            pool = await open_pool(url, size=4)
            counter = Counter(pool)
        repeat = await counter.charger.charge(order)
        assert (repeat.posting_id, repeat.fresh) == (paid.posting_id, False)
        void = counter.order(till, holder)
        answer = await counter.charger.void(NINGBO, void.key, void.digest, 1, gone.key.sequence)
        assert (answer.outcome, answer.cash_fen) == ("voided", 1_200)
        await close(pool, max((await open_dates(pool)).values()), tmp_path)
        await pool.close()
        return [line.code for line in await verify_ledger(url, tmp_path, KEYS) if not line.holds]

    assert asyncio.run(play(between=True)) == []
    assert asyncio.run(play(between=False)) == []


@pytest.mark.citus
async def test_a_node_that_is_away_is_named_and_the_other_books_go_on(
    cluster: Cluster, ledger: Pool, superuser_url: str
) -> None:
    """The coordinator is told another port of the node: nothing listens there."""
    counter = Counter(ledger, give_up_after_s=3.0)
    tills = {book: await counter.till(book) for book in (NINGBO, HANGZHOU)}
    holders = {book: await counter.holder(book) for book in tills}
    readiness = Readiness(ledger, counter.charger)
    probing = asyncio.create_task(readiness.probe())

    def move(db: psycopg.Connection, old: int, new: int) -> None:
        assert db.execute("UPDATE pg_dist_node SET nodeport = %s WHERE nodeport = %s", (new, old)).rowcount == 1

    async def until(is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not is_so():
                await asyncio.sleep(0.2)

    await until(lambda: not any(readiness.obstacles()))
    assert list(readiness.nodes_away()) == []
    with psycopg.connect(superuser_url, autocommit=True) as db:
        row = db.execute(
            "SELECT n.nodeport FROM pg_dist_placement p JOIN pg_dist_node n USING (groupid)"
            " WHERE p.shardid = get_shard_id_for_distribution_column('transfer', %s::integer)",
            (HANGZHOU,),
        ).fetchone()
        assert row is not None
        closed = free_port()
        move(db, row[0], closed)
        try:
            await until(lambda: any(readiness.nodes_away()))
            assert list(readiness.nodes_away()) == [f"127.0.0.1:{closed} does not answer (books {HANGZHOU})"]
            lost = counter.order(tills[HANGZHOU], holders[HANGZHOU])
            with pytest.raises(Problem) as told:
                await counter.charger.charge(lost)
            assert told.value.kind is UNAVAILABLE
            for _ in range(10):
                paid = await counter.charger.charge(counter.order(tills[NINGBO], holders[NINGBO], home_fen=1))
                assert paid.outcome == "approved"
                await asyncio.sleep(1)
                assert list(readiness.obstacles()) == []
        finally:
            move(db, closed, row[0])
    await until(lambda: not any(readiness.nodes_away()))
    assert (await counter.charger.charge(lost)).outcome == "approved"
    assert await counter.count() == 11
    probing.cancel()
