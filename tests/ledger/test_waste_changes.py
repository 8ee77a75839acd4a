"""Changes of evaluations, cases and bulletins: one audit entry each, none for what is refused; codes, no sentences."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from foundation.calendar import ZONE
from foundation.catalogue import Language
from foundation.postgres import Pool
from foundation.problems import Problem
from onecard.migrate import alembic_config
from registry.access import Person
from registry.identifiers import AgencyId
from registry.models import Canteen, Database
from registry.roles import Role
from tests.closed_days import KEYS
from waste.bulletins.bulletins import draft_bulletin, edit_bulletin, publish_bulletin, read_bulletin
from waste.evaluation.appeals import decide_appeal, raise_appeal
from waste.evaluation.evidence import score_evidence, submit_self_evaluation
from waste.evaluation.quarters import (
    freeze,
    pending_quarters,
    quarter_before,
    request_evaluation,
    request_last_quarter,
    state_of,
)
from waste.evaluation.results import evaluate_quarter, run_pending_evaluations
from waste.supervision.cases import CaseAction, FindingKind, advance_case, escalate_overdue, open_case, steps_of
from waste.supervision.reminders import reminders_of
from waste.supervision.sampling import make_plan
from waste.supervision.schemas import StepShown

TODAY = datetime.now(ZONE).date()
QUARTER = quarter_before(TODAY)
SUPERVISOR = Person(1, "supervisor", Role.SUPERVISOR, None)
OTHER = Person(2, "other", Role.SUPERVISOR, None)
NINGBO = 3302


class World:
    """A database of the test's own, with the demo city, and its audit log."""

    def __init__(self, ledger: Pool, database: Database, canteen: Canteen) -> None:
        self.ledger, self.database, self.canteen = ledger, database, canteen
        self.kitchen = Person(3, "kitchen", Role.CANTEEN_MANAGER, AgencyId(canteen.agency_id))

    async def entries(self) -> list[str]:
        return [row["action"] for row in await self.ledger.fetch("SELECT action FROM audit_entry ORDER BY entry")]

    async def noted(self, change: Awaitable[Any]) -> list[str]:
        """The entries that a change adds."""
        before = len(await self.entries())
        await change
        return (await self.entries())[before:]

    async def refused(self, change: Awaitable[Any], code: str) -> None:
        before = await self.entries()
        with pytest.raises(Problem) as problem:
            await change
        assert problem.value.code == code
        assert await self.entries() == before

    async def evaluated(self) -> None:
        async with self.ledger.acquire() as connection:
            await request_evaluation(connection, QUARTER)
        await run_pending_evaluations(self.ledger)

    async def case(self, **changes: Any) -> int:
        given: dict[str, Any] = {
            "quarter": QUARTER, "kind": FindingKind.FINDING, "what": "剩菜未称重", "responsible": "李主任",
            "due_on": TODAY, "files": [],
        } | changes  # fmt: skip
        return await open_case(self.database, SUPERVISOR, self.canteen, **given)


@pytest_asyncio.fixture
async def world(ledger: Pool, database_url: str) -> AsyncIterator[World]:
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    database = async_sessionmaker(engine)
    async with database() as db:
        canteen = await db.scalar(select(Canteen).where(Canteen.book == NINGBO).order_by(Canteen.canteen_id))
        assert canteen is not None
        db.expunge(canteen)
    yield World(ledger, database, canteen)
    await engine.dispose()


async def test_scores_are_noted_once(world: World) -> None:
    score = partial(score_evidence, world.database, SUPERVISOR, world.canteen, QUARTER)
    submit = partial(submit_self_evaluation, world.database, world.kitchen, world.canteen, QUARTER)
    assert await world.noted(score("A1", 90, "现场查看", [])) == ["score_evidence"]
    assert await world.noted(submit({"A2": 60}, "制度健全", [])) == ["evaluate_oneself"]
    await world.refused(score("E1", 90, "x", []), "evaluation.not_from_evidence")
    await world.refused(submit({"E1": 60}, "x", []), "evaluation.not_from_evidence")
    assert await pending_quarters(world.ledger) == [QUARTER]


async def test_from_freezing_to_an_appeal_that_is_decided(world: World) -> None:
    await world.refused(freeze(world.database, "supervisor", QUARTER), "evaluation.not_evaluated")
    await world.refused(freeze(world.database, "supervisor", quarter_after(TODAY)), "evaluation.quarter_not_over")
    appeal = partial(raise_appeal, world.database, world.kitchen, world.canteen, QUARTER, "系误录", [])
    await world.refused(appeal(), "evaluation.not_frozen")
    await world.evaluated()
    assert await world.noted(freeze(world.database, "supervisor", QUARTER)) == ["freeze_evaluations"]
    assert await world.noted(freeze(world.database, "supervisor", QUARTER)) == [], "a repeat changes nothing"
    score = partial(score_evidence, world.database, SUPERVISOR, world.canteen, QUARTER, "A1", 90, "x", [])
    await world.refused(score(), "evaluation.frozen")
    assert await pending_quarters(world.ledger) == [], "what is refused requests nothing"
    assert await world.noted(appeal()) == ["appeal"]
    await world.refused(appeal(), "evaluation.appeal_open")
    assert await world.noted(score()) == ["score_evidence"], "an open appeal takes evidence"
    number = await world.ledger.fetchval("SELECT appeal_id FROM appeal")
    decision = partial(decide_appeal, world.database, SUPERVISOR, number, accept=True, text="属实")
    assert await world.noted(decision()) == ["decide_appeal"]
    await world.refused(decision(), "evaluation.appeal_decided")
    await world.refused(decide_appeal(world.database, SUPERVISOR, 1, accept=True, text="x"), "evaluation.no_appeal")


async def test_a_quarter_that_is_not_over_is_neither_evaluated_nor_frozen(world: World) -> None:
    """Its scores are kept meanwhile; nothing is scored in one that has not begun."""
    running, future = quarter_after(TODAY), quarter_after(TODAY + timedelta(days=92))
    for quarter in (running, future):
        async with world.ledger.acquire() as connection:
            with pytest.raises(Problem) as refused:
                await request_evaluation(connection, quarter)
        assert refused.value.code == "evaluation.quarter_not_over"
        await world.refused(freeze(world.database, "supervisor", quarter), "evaluation.quarter_not_over")
    score = partial(score_evidence, world.database, SUPERVISOR, world.canteen)
    submit = partial(submit_self_evaluation, world.database, world.kitchen, world.canteen)
    assert await world.noted(score(running, "A1", 90, "现场查看", [])) == ["score_evidence"]
    assert await world.noted(submit(running, {"A2": 60}, "制度健全", [])) == ["evaluate_oneself"]
    assert await pending_quarters(world.ledger) == []
    await world.refused(score(future, "A1", 90, "x", []), "evaluation.quarter_not_begun")
    await world.refused(submit(future, {"A2": 60}, "x", []), "evaluation.quarter_not_begun")
    await world.refused(world.case(quarter=future), "evaluation.quarter_not_begun")


async def test_an_evaluation_from_before_the_quarters_end_is_not_frozen(world: World) -> None:
    """As an earlier release made it: the job runner requests it once more, with all weeks."""
    await world.evaluated()
    await world.ledger.execute(
        "UPDATE evaluation_quarter SET wanted_at = quarter + interval '40 days',"
        " evaluated_at = quarter + interval '41 days'"
    )
    await world.refused(freeze(world.database, "supervisor", QUARTER), "evaluation.not_evaluated")
    await request_last_quarter(world.ledger, TODAY)
    assert await pending_quarters(world.ledger) == [QUARTER]
    await run_pending_evaluations(world.ledger)
    await request_last_quarter(world.ledger, TODAY)
    assert await pending_quarters(world.ledger) == [], "once"
    assert await world.noted(freeze(world.database, "supervisor", QUARTER)) == ["freeze_evaluations"]


def quarter_after(day: date) -> date:
    return quarter_before(day + timedelta(days=92))


async def test_a_case_is_noted_step_by_step(world: World) -> None:
    assert await world.noted(world.case()) == ["find_case"]
    await world.refused(world.case(due_on=TODAY - timedelta(days=1)), "supervision.day_is_over")
    number = await world.ledger.fetchval("SELECT case_id FROM rectification_case")

    def step(action: CaseAction, person: Person = SUPERVISOR, case_id: int = number) -> Awaitable[None]:
        return advance_case(world.database, person, case_id, action, "x", [])

    assert await world.noted(step(CaseAction.PLAN, world.kitchen)) == ["plan_case"]
    await world.refused(step(CaseAction.PASS), "supervision.case_is.planned")
    await world.refused(step(CaseAction.PASS, case_id=1), "supervision.no_case")
    assert await world.noted(step(CaseAction.WITHDRAW)) == ["withdraw_case"]
    subject = await world.ledger.fetchval("SELECT DISTINCT subject FROM audit_entry WHERE action LIKE '%_case'")
    assert subject == f"case/{number}"


async def test_a_plan_is_drawn_once(world: World) -> None:
    assert await world.noted(make_plan(world.database, "supervisor", TODAY.year)) == ["draw_sample"]
    await world.refused(make_plan(world.database, "supervisor", TODAY.year), "supervision.plan_exists")
    await world.refused(make_plan(world.database, "supervisor", TODAY.year + 5), "supervision.not_a_year_to_plan")


async def test_a_bulletin_is_published_by_another_person(world: World) -> None:
    draft = partial(draft_bulletin, world.database, world.ledger, SUPERVISOR, QUARTER)
    await world.refused(draft(), "evaluation.not_frozen")
    await world.evaluated()
    await freeze(world.database, "supervisor", QUARTER)
    assert await world.noted(draft()) == ["draft_bulletin"]
    number = await world.ledger.fetchval("SELECT bulletin_id FROM bulletin")
    assert await world.noted(edit_bulletin(world.database, SUPERVISOR, number, {"good": "x"})) == ["edit_bulletin"]
    await world.refused(publish_bulletin(world.database, SUPERVISOR, number), "bulletins.editor_cannot_publish")
    assert await world.noted(publish_bulletin(world.database, OTHER, number)) == ["publish_bulletin"]
    await world.refused(publish_bulletin(world.database, OTHER, number), "bulletins.published")
    await world.refused(edit_bulletin(world.database, OTHER, number, {"good": "y"}), "bulletins.published")
    await world.refused(edit_bulletin(world.database, OTHER, 1, {"good": "y"}), "bulletins.no_bulletin")


async def test_a_bulletin_has_the_elements_of_an_official_document(world: World) -> None:
    """Changed in the draft alone; a document number belongs to one bulletin, and the day of signing is kept."""
    await world.evaluated()
    await freeze(world.database, "supervisor", QUARTER)
    first, second = [await draft_bulletin(world.database, world.ledger, SUPERVISOR, QUARTER) for _ in range(2)]
    edit = partial(edit_bulletin, world.database, SUPERVISOR)
    elements: dict[str, Any] = {
        "issuers": ["宁波市机关事务管理局"], "issuer_code": "甬机管通", "year": 2026, "serial": 3,
        "addressees": "市级各有关单位", "copy_to": "省机关事务管理局", "annexes": ["ranking"],
    }  # fmt: skip
    assert await world.noted(edit(first, elements | {"good": "推行小份半份。"})) == ["edit_bulletin"]
    await world.refused(edit(second, elements), "bulletins.number_taken")
    await edit(second, elements | {"serial": None})
    await world.refused(edit(second, {"issuers": ["机关\U0001f468局"]}), "bulletins.cannot_be_printed")
    await publish_bulletin(world.database, OTHER, first)
    async with world.database() as db:
        kept = await read_bulletin(db, first, drafts=False)
    assert {name: getattr(kept, name) for name in elements} == elements
    assert kept.signed_on == datetime.now(ZONE).date()
    assert kept.texts["good"] == "推行小份半份。"
    await world.refused(edit(first, {"serial": 4}), "bulletins.published")


async def test_a_request_that_commits_during_an_evaluation_stays_pending(world: World) -> None:
    """What came with it was not seen by the evaluation, so the quarter is evaluated once more."""
    await world.evaluated()
    async with world.ledger.acquire() as connection:
        await request_evaluation(connection, QUARTER)
        async with connection.transaction():
            await request_evaluation(connection, QUARTER)
            evaluation = asyncio.create_task(evaluate_quarter(world.ledger, QUARTER))
            await asyncio.sleep(1.0)
            assert not evaluation.done(), "it waits for the transaction that holds the quarter"
        await evaluation
    state = await state_of(world.ledger, QUARTER)
    assert state is not None
    assert state.evaluated_at is not None
    assert not state.current
    assert await run_pending_evaluations(world.ledger) == [QUARTER]
    assert await pending_quarters(world.ledger) == []


async def test_the_system_says_why_a_case_went_up_in_the_readers_language(world: World) -> None:
    number = await world.case()
    later = TODAY + timedelta(days=1)
    assert await world.noted(escalate_overdue(world.database, later)) == ["escalate_case"]
    async with world.database() as db:
        [*_, step] = (await steps_of(db, [number]))[number]
    assert (step.text, step.params) == ("", {"deadline": str(TODAY)})
    assert StepShown.of(step, Language.CHINESE).text == f"逾期：应于{TODAY}以前完成，现提高督办层级"
    assert StepShown.of(step, Language.ENGLISH).text == f"Overdue since {TODAY}; taken one level up"
    detail = await world.ledger.fetchval("SELECT detail::text FROM audit_entry WHERE action = 'escalate_case'")
    assert "supervision.step.overdue_since" in detail
    assert "verdue since" not in detail


async def test_reminders_are_in_the_readers_language(world: World) -> None:
    number = await world.case()
    async with world.database() as db:
        chinese = await reminders_of(db, world.kitchen, TODAY, Language.CHINESE)
        english = await reminders_of(db, world.kitchen, TODAY, Language.ENGLISH)
    assert f"{world.canteen.name_zh}：整改事项{number}待整改：剩菜未称重" in [one.text for one in chinese]
    assert f"{world.canteen.name_en}: case {number} is open: 剩菜未称重" in [one.text for one in english]
    year, quarter = QUARTER.year, "一二三四"[(QUARTER.month - 1) // 3]
    own = [one.text for one in chinese if one.kind == "self_evaluation"]
    assert f"{world.canteen.name_zh}：请完成{year}年第{quarter}季度内部评估（自评）" in own


async def test_steps_that_hold_a_sentence_get_their_code(world: World, owner_url: str) -> None:
    """Earlier releases wrote English sentences; people's own words stay as they are."""
    number = await world.case(what="overdue since 2026-10-01")
    config = alembic_config(owner_url, KEYS.audit_key)
    before = ScriptDirectory.from_config(config).get_revision("0020").down_revision
    await asyncio.to_thread(command.downgrade, config, str(before))
    await world.ledger.execute(
        "INSERT INTO case_step (book, case_id, number, action, text, done_by, done_at)"
        " VALUES ($1, $2, 2, 'escalate', 'overdue since 2026-10-01', 'system', $3)",
        NINGBO, number, datetime.now(UTC),
    )  # fmt: skip
    await asyncio.to_thread(command.upgrade, config, "head")
    async with world.database() as db:
        found, escalated = (await steps_of(db, [number]))[number]
    assert StepShown.of(escalated, Language.CHINESE).text == "逾期：应于2026-10-01以前完成，现提高督办层级"
    assert StepShown.of(found, Language.CHINESE).text == "overdue since 2026-10-01"
