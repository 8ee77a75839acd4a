"""What one person may do alone, and what waits for a second one, on a real ledger."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from clearing.approvals import KINDS as CLEARING
from clearing.approvals import change_account
from clearing.bank_files import BankAccount
from clearing.confirmations import bank_accounts
from foundation.postgres import open_pool
from foundation.problems import CONFLICT, NOT_ALLOWED, NOT_FOUND, SECOND_PERSON, Problem
from registry import approvals
from registry.access import Person
from registry.approvals import Approvals, ApprovalState, Rule, Wanted, state_of
from registry.audit import Change, Note
from registry.identifiers import AgencyId
from registry.models import Approval, Database
from registry.roles import Role
from settlement.approvals import KINDS as SETTLEMENT
from settlement.approvals import DepositsWanted, RefundWanted, deposit_by_person, refund_by_person
from settlement.deposits import Deposit, deposit
from settlement.errors import GRANTED_BEFORE
from settlement.grant_files import GrantFile, content_of, read_grants
from settlement.ledger import new_posting_id
from settlement.limits import AloneLimits
from settlement.refunds import Refund
from settlement.transfers import Channel, TransferKind
from terminals.closures import KINDS as CLOSURES
from terminals.closures import close_by_person
from terminals.schemas import Closed, NewClosure
from tests.counter import NINGBO, Counter, Holder

ITEM, BATCH, HOLDER_DAY, MAKER_DAY = 1_000, 3_000, 2_000, 5_000
LIMITS = AloneLimits(ITEM, BATCH, HOLDER_DAY, MAKER_DAY)
APPROVER = Person(2, "approver", Role.CENTRE_APPROVER, None)
OPERATOR = Person(1, "centre", Role.CENTRE_OPERATOR, None)
ALL = SETTLEMENT | CLOSURES | CLEARING
_makers = count(1)


class Desk:
    """A counter with people who ask and approve."""

    def __init__(self, counter: Counter, database: Database) -> None:
        self.counter, self.ledger, self.database = counter, counter.ledger, database
        self.approvals = Approvals(database, ALL)
        self.maker = f"maker {next(_makers)}"

    async def agency_of(self, holder: Holder) -> AgencyId:
        query = "SELECT agency_id FROM official WHERE holder_id = $1"
        return AgencyId(await self.ledger.fetchval(query, holder.holder_id))

    async def top_up(
        self, *deposits: tuple[Holder, int], maker: str = "", ids: list[UUID] | None = None, **more: Any
    ) -> Approval | None:
        """Top up purses as one request of one person."""
        numbers = ids or [new_posting_id() for _ in deposits]
        wanted = DepositsWanted(
            NINGBO, await self.agency_of(deposits[0][0]), TransferKind.TOP_UP,
            [Deposit(number, holder.holder_id, fen) for number, (holder, fen) in zip(numbers, deposits, strict=True)],
            **more,
        )  # fmt: skip
        note = Note(maker or self.maker, "top_up", wanted.wanted.subject)
        return await deposit_by_person(self.ledger, self.approvals, LIMITS, note, wanted)

    async def cash(self, holder: Holder) -> int:
        return (await self.counter.purses(holder)).get("cash", 0)

    async def entries(self) -> list[str]:
        return [row["action"] for row in await self.ledger.fetch("SELECT action FROM audit_entry ORDER BY entry")]


@pytest_asyncio.fixture
async def desk(counter: Counter, database_url: str) -> AsyncIterator[Desk]:
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://", 1))
    yield Desk(counter, async_sessionmaker(engine, expire_on_commit=False))
    await engine.dispose()


def why(asked: Approval | None) -> str:
    assert asked is not None
    return asked.rule


async def test_small_money_goes_through_in_one_step(desk: Desk) -> None:
    holder = await desk.counter.holder(cash_fen=0)
    assert await desk.top_up((holder, ITEM)) is None
    assert (await desk.cash(holder), await desk.entries()) == (ITEM, ["top_up"])


async def test_one_fen_more_waits_and_moves_nothing(desk: Desk) -> None:
    holder = await desk.counter.holder(cash_fen=0)
    asked = await desk.top_up((holder, ITEM + 1))
    assert why(asked) == "limit.item"
    assert (await desk.cash(holder), await desk.entries()) == (0, ["ask_approval"])


async def test_the_approved_request_is_posted_once_and_its_repeat_says_the_same(desk: Desk) -> None:
    holder, ids = await desk.counter.holder(cash_fen=0), [new_posting_id()]
    asked = await desk.top_up((holder, 9_000), ids=ids)
    assert asked is not None
    again = await desk.top_up((holder, 9_000), ids=ids)
    assert again is not None
    assert again.approval_id == asked.approval_id, "the same request while it waits"
    first = await desk.approvals.approve(APPROVER, asked.approval_id, "核对无误")
    second = await desk.approvals.approve(Person(9, "other", Role.CENTRE_APPROVER, None), asked.approval_id)
    assert (
        (second.result, second.decided_by)
        == (first.result, "approver")
        == ({"deposits": 1, "amount_fen": 9_000}, "approver")
    )
    assert await desk.cash(holder) == 9_000
    assert await desk.entries() == ["ask_approval", "approve"]
    assert await desk.top_up((holder, 9_000), ids=ids) is None, "the maker's repeat finds it posted"
    assert await desk.cash(holder) == 9_000


async def test_many_small_amounts_for_one_official_add_up_over_the_day(desk: Desk) -> None:
    holder = await desk.counter.holder(cash_fen=0)
    outcomes = [await desk.top_up((holder, 300), maker=f"{desk.maker}-{n}") for n in range(8)]
    assert [outcome is None for outcome in outcomes] == [True] * 6 + [False] * 2, "whoever pays in"
    assert why(outcomes[-1]) == "limit.holder_day"
    assert await desk.cash(holder) == 1_800


async def test_one_official_in_many_pieces_of_one_request(desk: Desk) -> None:
    holder = await desk.counter.holder(cash_fen=0)
    assert why(await desk.top_up(*[(holder, 700)] * 3)) == "limit.holder_day"
    holders = [await desk.counter.holder(cash_fen=0) for _ in range(4)]
    assert why(await desk.top_up(*[(one, 800) for one in holders])) == "limit.batch"


async def test_one_person_does_not_get_past_the_day_with_many_officials_at_once(desk: Desk) -> None:
    """Ten requests in the same moment: the sum is that of the ledger, under a lock."""
    holders = [await desk.counter.holder(cash_fen=0) for _ in range(10)]
    outcomes = await asyncio.gather(*(desk.top_up((holder, 900)) for holder in holders))
    assert sum(outcome is None for outcome in outcomes) == 5
    assert {why(outcome) for outcome in outcomes if outcome} == {"limit.maker_day"}
    assert sum([await desk.cash(holder) for holder in holders]) == 4_500


async def test_a_refused_attempt_costs_nothing_of_the_day(desk: Desk) -> None:
    holders = [await desk.counter.holder(cash_fen=0) for _ in range(5)]
    for _ in range(9):
        assert await desk.top_up((holders[0], ITEM + 1)) is not None
    for holder in holders:
        assert await desk.top_up((holder, ITEM)) is None


async def test_money_of_the_gateway_is_nobodys_doing(desk: Desk) -> None:
    holder = await desk.counter.holder(cash_fen=0)
    paid = [Deposit(new_posting_id(), holder.holder_id, 100_000)]
    await deposit(desk.ledger, NINGBO, TransferKind.TOP_UP, paid, channel=Channel.GATEWAY)
    assert await desk.top_up((holder, ITEM)) is None


async def test_who_asks_never_decides(desk: Desk) -> None:
    holder = await desk.counter.holder(cash_fen=0)
    finance = Person(3, "finance", Role.AGENCY_FINANCE, await desk.agency_of(holder))
    asked = await desk.top_up((holder, 9_000), maker="finance")
    assert asked is not None
    number = asked.approval_id
    elsewhere = Person(5, "elsewhere", Role.AGENCY_FINANCE, AgencyId(7))
    for person, kind in ((finance, SECOND_PERSON), (OPERATOR, NOT_ALLOWED), (elsewhere, NOT_FOUND)):
        for decide in (desk.approvals.approve, desk.approvals.reject):
            with pytest.raises(Problem) as refused:
                await decide(person, number, "x")
            assert refused.value.kind is kind
    assert await desk.entries() == ["ask_approval"]
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.ledger.execute(
            "UPDATE approval SET state = 'approved', decided_by = maker, decided_at = now() WHERE approval_id = $1",
            number,
        )  # fmt: skip
    colleague = Person(4, "colleague", Role.AGENCY_FINANCE, finance.agency_id)
    assert (await desk.approvals.approve(colleague, number)).state == "approved"


async def test_a_rejected_request_is_over(desk: Desk) -> None:
    holder, ids = await desk.counter.holder(cash_fen=0), [new_posting_id()]
    asked = await desk.top_up((holder, 9_000), ids=ids)
    assert asked is not None
    for _ in range(2):
        assert (await desk.approvals.reject(APPROVER, asked.approval_id, "无凭证")).decision == "无凭证"
    with pytest.raises(Problem) as refused:
        await desk.approvals.approve(APPROVER, asked.approval_id)
    assert refused.value.kind is CONFLICT
    assert (await desk.cash(holder), await desk.entries()) == (0, ["ask_approval", "reject"])
    again = await desk.top_up((holder, 9_000), ids=ids)
    assert again is not None
    assert again.approval_id != asked.approval_id, "asked again, it waits again"


async def test_a_request_of_last_week_has_expired(desk: Desk) -> None:
    holder, ids = await desk.counter.holder(cash_fen=0), [new_posting_id()]
    asked = await desk.top_up((holder, 9_000), ids=ids)
    assert asked is not None
    await desk.ledger.execute("UPDATE approval SET expires_at = now() - interval '1 second'")
    with pytest.raises(Problem) as refused:
        await desk.approvals.approve(APPROVER, asked.approval_id)
    assert refused.value.kind is CONFLICT
    assert await desk.approvals.listed(APPROVER, ApprovalState.PENDING) == []
    [shown] = await desk.approvals.listed(APPROVER, ApprovalState.EXPIRED)
    assert state_of(shown.approval, datetime.now(UTC)) is ApprovalState.EXPIRED
    again = await desk.top_up((holder, 9_000), ids=ids)
    assert again is not None
    assert (await desk.approvals.approve(APPROVER, again.approval_id)).state == "approved"


async def test_a_crash_within_the_approval_leaves_it_pending_and_a_repeat_completes_it(desk: Desk) -> None:
    holder = await desk.counter.holder(cash_fen=0)
    asked = await desk.top_up((holder, 9_000))
    assert asked is not None

    async def dies_after_posting(change: Change, approval: Approval) -> dict[str, Any]:
        await SETTLEMENT["top_up"](change, approval)
        connection = await change.connection()
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        raise AssertionError

    with pytest.raises(Exception, match=r"terminat|closed"):
        await Approvals(desk.database, {"top_up": dies_after_posting}).approve(APPROVER, asked.approval_id)
    assert await desk.cash(holder) == 0
    assert (await desk.approvals.find(APPROVER, asked.approval_id)).approval.state == "pending"
    await desk.approvals.approve(APPROVER, asked.approval_id)
    assert await desk.cash(holder) == 9_000


async def test_two_approvals_in_the_same_moment_post_once(desk: Desk) -> None:
    holder = await desk.counter.holder(cash_fen=0)
    asked = await desk.top_up((holder, 9_000))
    assert asked is not None
    done = await asyncio.gather(*(desk.approvals.approve(APPROVER, asked.approval_id) for _ in range(4)))
    assert {str(one.result) for one in done} == {str(done[0].result)}
    assert (await desk.cash(holder), await desk.entries()) == (9_000, ["ask_approval", "approve"])


async def test_what_cannot_be_carried_out_stays_pending(desk: Desk) -> None:
    holder = await desk.counter.holder(cash_fen=0)
    asked = await desk.top_up((holder, 9_000))
    assert asked is not None
    await desk.ledger.execute("UPDATE official SET state = 'left' WHERE holder_id = $1", holder.holder_id)
    with pytest.raises(Problem, match="account-closed"):
        await desk.approvals.approve(APPROVER, asked.approval_id)
    assert (await desk.approvals.find(APPROVER, asked.approval_id)).approval.state == "pending"
    assert await desk.entries() == ["ask_approval"]


async def test_what_was_altered_in_the_database_is_not_carried_out(desk: Desk) -> None:
    holder, thief = await desk.counter.holder(cash_fen=0), await desk.counter.holder(cash_fen=0)
    asked = await desk.top_up((holder, 9_000))
    assert asked is not None
    await desk.ledger.execute(
        "UPDATE approval SET body = jsonb_set(body, '{deposits,0,holder_id}', to_jsonb($1::bigint))", thief.holder_id
    )
    with pytest.raises(Problem) as refused:
        await desk.approvals.approve(APPROVER, asked.approval_id)
    assert refused.value.code == "approval.altered"
    assert await desk.cash(thief) == 0


async def test_a_list_leaves_out_what_is_long(desk: Desk) -> None:
    holder = await desk.counter.holder(cash_fen=0)
    short = await desk.top_up(*[(holder, 900)] * 20)
    long = await desk.top_up(*[(holder, 900)] * 21)
    assert short is not None
    assert long is not None
    listed = {one.approval.approval_id: one.body for one in await desk.approvals.listed(APPROVER, None)}
    assert listed == {short.approval_id: short.body, long.approval_id: None}
    assert (await desk.approvals.find(APPROVER, long.approval_id)).body == long.body


async def test_one_person_does_not_bury_the_approver(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approvals, "PENDING_MAX", 2)
    holder, ids = await desk.counter.holder(cash_fen=0), [new_posting_id()]
    assert await desk.top_up((holder, 9_000), ids=ids) is not None
    assert await desk.top_up((holder, 9_000)) is not None
    with pytest.raises(Problem) as refused:
        await desk.top_up((holder, 9_000))
    assert refused.value.code == "approval.too_many"
    assert await desk.top_up((holder, 9_000), ids=ids) is not None, "a repeat is none more"
    assert await desk.top_up((holder, 9_000), maker="another") is not None


async def test_nothing_that_waits_is_out_of_sight(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list has an end; the requests below it are in the next one."""
    monkeypatch.setattr(approvals, "LISTED_MAX", 2)
    holder = await desk.counter.holder(cash_fen=0)
    made = [await desk.top_up((holder, 9_000 + n)) for n in range(5)]
    wanted = sorted((one.approval_id for one in made if one is not None), reverse=True)
    seen: list[int] = []
    while page := await desk.approvals.listed(APPROVER, ApprovalState.PENDING, min(seen, default=None)):
        seen += [one.approval.approval_id for one in page]
    assert seen == wanted
    assert approvals.PENDING_MAX * 3 < 200, "a few people's fit into one list"


async def paid(desk: Desk, fen: int) -> tuple[Holder, UUID, AgencyId]:
    till = await desk.counter.till()
    holder = await desk.counter.holder(cash_fen=20_000)
    answer = await desk.counter.charger.charge(desk.counter.order(till, holder, home_fen=fen, visitor_fen=fen))
    assert answer.posting_id is not None, answer
    return holder, answer.posting_id, till.agency_id


async def test_refunds_are_bound_too(desk: Desk) -> None:
    holder, payment, agency_id = await paid(desk, 4_000)

    async def refund(fen: int, number: UUID) -> Refund | Approval:
        wanted = RefundWanted(NINGBO, agency_id, holder.holder_id, number, payment, fen, "菜没了")
        return await refund_by_person(desk.ledger, desk.approvals, LIMITS, desk.maker, wanted)

    small, large = new_posting_id(), new_posting_id()
    for _ in range(2):
        assert await refund(ITEM, small) == Refund(ITEM, 0, 0), "a repeat gets the first answer"
    assert await desk.entries() == ["refund"]
    asked = await refund(1_500, large)
    assert isinstance(asked, Approval)
    assert await desk.cash(holder) == 17_000
    assert (await desk.approvals.approve(APPROVER, asked.approval_id)).result == {
        "cash_fen": 1_500, "subsidy_fen": 0, "host_fen": 0,
    }  # fmt: skip
    assert await refund(1_500, large) == Refund(1_500, 0, 0), "the maker's repeat finds it posted"
    assert await desk.entries() == ["refund", "ask_approval", "approve"]
    asked = await refund(900, new_posting_id())
    assert isinstance(asked, Approval)
    assert asked.rule == "limit.holder_day", "2,500 were refunded today"


async def test_a_closure_pays_out_no_more_than_was_approved(desk: Desk) -> None:
    poor, rich = await desk.counter.holder(cash_fen=ITEM), await desk.counter.holder(cash_fen=1_500)

    async def close(holder: Holder, number: UUID) -> Closed | Approval:
        asked = NewClosure(number, holder.holder_id)
        return await close_by_person(desk.database, desk.approvals, LIMITS, OPERATOR, asked)

    assert await close(poor, new_posting_id()) == Closed(poor.holder_id, ITEM, 0)
    number = new_posting_id()
    asked = await close(rich, number)
    assert isinstance(asked, Approval)
    assert (await desk.cash(rich), asked.amount_fen) == (1_500, 1_500)
    active = "SELECT count(*) FROM credential WHERE holder_id = $1 AND state = 'active'"
    assert await desk.ledger.fetchval(active, rich.holder_id) == 1, "the card pays on while the request waits"
    more = [Deposit(new_posting_id(), rich.holder_id, 1)]
    await deposit(desk.ledger, NINGBO, TransferKind.TOP_UP, more, channel=Channel.GATEWAY)
    with pytest.raises(Problem) as refused:
        await desk.approvals.approve(APPROVER, asked.approval_id)
    assert refused.value.code == "closure.more_than_approved"
    again = await close(rich, number)
    assert isinstance(again, Approval)
    assert (await desk.approvals.approve(APPROVER, again.approval_id)).result == {
        "cash_fen": 1_501, "subsidy_fen": 0, "blocked": 1,
    }  # fmt: skip
    assert await close(rich, number) == Closed(rich.holder_id, 1_501, 0)


def a_file(batch: str, rows: str = "NB-1,3\nNB-2,4\n", again: str = "") -> GrantFile:
    return GrantFile(batch, content_of(read_grants(f"staff_number,amount\n{rows}".encode())), again)


def test_the_content_of_a_file_is_what_it_grants() -> None:
    assert a_file("a").sha256 == a_file("b", "NB-2, 4.00\n\nNB-1,3.0").sha256
    assert a_file("a").sha256 != a_file("a", "NB-1,4\nNB-2,3\n").sha256


async def test_the_same_file_under_another_name_is_asked_about(desk: Desk) -> None:
    holder = await desk.counter.holder(cash_fen=0)

    async def grant(file: GrantFile, number: UUID) -> Approval | None:
        return await desk.top_up((holder, 300), ids=[number], file=file)

    first, second = new_posting_id(), new_posting_id()
    assert await grant(a_file("2026-10"), first) is None
    assert await grant(a_file("2026-10"), first) is None, "the same batch again grants nothing more"
    with pytest.raises(Problem) as refused:
        await grant(a_file("2026-11"), second)
    assert refused.value.kind is GRANTED_BEFORE
    assert refused.value.params["batch"] == "2026-10"
    assert await desk.cash(holder) == 300
    assert await grant(a_file("2026-11", again="十一月的餐补"), second) is None
    assert await grant(a_file("2026-11"), second) is None, "its repeat needs no confirmation"
    assert await desk.cash(holder) == 600


async def test_the_same_file_under_two_names_at_once_is_granted_once(desk: Desk) -> None:
    holder = await desk.counter.holder(cash_fen=0)
    sent = [desk.top_up((holder, 300), file=a_file(f"batch-{n}")) for n in range(6)]
    outcomes = await asyncio.gather(*sent, return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["NoneType"] + ["Problem"] * 5
    assert await desk.cash(holder) == 300


async def test_two_files_of_one_content_that_wait_are_not_both_granted(desk: Desk) -> None:
    holder = await desk.counter.holder(cash_fen=0)
    one = await desk.top_up((holder, 9_000), file=a_file("2026-11"))
    other = await desk.top_up((holder, 9_000), file=a_file("2026-11-b"))
    assert one is not None
    assert other is not None
    assert (one.kind, one.approval_id == other.approval_id) == ("grant_file", False)
    await desk.approvals.approve(APPROVER, one.approval_id)
    with pytest.raises(Problem) as refused:
        await desk.approvals.approve(APPROVER, other.approval_id)
    assert refused.value.kind is GRANTED_BEFORE
    assert await desk.cash(holder) == 9_000


async def test_a_new_bank_account_is_used_after_the_cooling_off_period(desk: Desk) -> None:
    agency_id = AgencyId(await desk.ledger.fetchval("SELECT min(agency_id) FROM agency"))
    before = (await bank_accounts(desk.ledger))[agency_id]
    after = BankAccount("鄞州区", "3901000000000042", "102332000018")

    async def change(account: BankAccount) -> Approval | None:
        return await change_account(desk.database, desk.ledger, desk.approvals, "centre", agency_id, account, 24)

    assert await change(before) is None, "the account that it has"
    asked = await change(after)
    assert asked is not None
    assert (await bank_accounts(desk.ledger))[agency_id] == before
    approved = await desk.approvals.approve(APPROVER, asked.approval_id)
    assert approved.result is not None
    until = datetime.fromisoformat(approved.result["valid_from"]) - datetime.now(UTC)
    assert timedelta(hours=23) < until <= timedelta(hours=24)
    assert (await bank_accounts(desk.ledger))[agency_id] == before, "paid as before meanwhile"
    assert await change(after) is None, "a repeat asks nothing more"
    noted = await desk.ledger.fetchval("SELECT detail FROM audit_entry WHERE action = 'approve'")
    assert before.number in noted
    assert after.number in noted
    await desk.ledger.execute("UPDATE bank_account_version SET valid_from = now() WHERE valid_from > now()")
    assert (await bank_accounts(desk.ledger))[agency_id] == after


async def test_the_digest_of_a_request_survives_the_database(desk: Desk) -> None:
    """JSON members in another order, text in any script: the same request."""
    wanted = Wanted("top_up", None, "x", {"b": [1, {"z": None, "a": "镕喆 é"}], "a": True})
    asked = await desk.approvals.ask("centre", wanted, Rule("limit.item", {"amount": "1", "limit": "1"}))
    found = (await desk.approvals.find(APPROVER, asked.approval_id)).approval
    assert bytes(found.digest) == wanted.digest == Wanted("top_up", None, "x", found.body).digest


steps = st.lists(
    st.tuples(st.integers(0, 2), st.lists(st.tuples(st.integers(0, 3), st.integers(1, 1_200)), min_size=1, max_size=4)),
    min_size=1,
    max_size=15,
)
"""Who asks, and for whom how much."""


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_whatever_is_asked_in_whatever_order_no_limit_is_passed_alone(
    database_url: str, steps: list[tuple[int, list[tuple[int, int]]]]
) -> None:
    async def play() -> None:
        pool = await open_pool(database_url, size=6)
        engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://", 1))
        try:
            desk = Desk(Counter(pool), async_sessionmaker(engine, expire_on_commit=False))
            holders = [await desk.counter.holder(cash_fen=0) for _ in range(4)]
            makers = [f"{desk.maker}-{n}" for n in range(3)]

            async def one(maker: int, wanted: list[tuple[int, int]]) -> int:
                asked = await desk.top_up(*[(holders[who], fen) for who, fen in wanted], maker=makers[maker])
                return 0 if asked else sum(fen for _, fen in wanted)

            alone = await asyncio.gather(*(one(maker, wanted) for maker, wanted in steps))
            for number, maker in enumerate(makers):
                mine = sum(fen for fen, (who, _) in zip(alone, steps, strict=True) if who == number)
                counted = await pool.fetchval("SELECT sum(amount_fen) FROM maker_day WHERE login = $1", maker)
                assert mine == (counted or 0) <= MAKER_DAY
            held = [await desk.cash(holder) for holder in holders]
            assert max(held) <= HOLDER_DAY
            assert sum(held) == sum(alone)
        finally:
            await pool.close()
            await engine.dispose()

    asyncio.run(play())
