"""Changes of evaluations, cases and bulletins: one audit entry each, none for what is refused; codes, no sentences."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from alembic import command
from alembic.script import ScriptDirectory
from msgspec import json
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from foundation.attachments import Attachment
from foundation.calendar import ZONE, long_date
from foundation.catalogue import Language
from foundation.postgres import Pool
from foundation.problems import Problem
from onecard.migrate import alembic_config
from registry.access import Person
from registry.identifiers import AgencyId, Book, CanteenId
from registry.meals import Meal
from registry.models import Canteen, Database
from registry.network import add_canteen
from registry.officials import find_agency
from registry.roles import Role
from registry.schemas import MealHours, NewCanteen
from tests.closed_days import KEYS
from tests.cluster import goes_back
from waste.bulletins.bulletins import (
    draft_bulletin,
    edit_bulletin,
    kept_facts,
    publish_bulletin,
    published_bulletins,
    read_issue,
)
from waste.bulletins.facts import facts_of
from waste.bulletins.pages import list_page, page
from waste.bulletins.presentation import numbers_of
from waste.evaluation.appeals import Against, decide_appeal, raise_appeal
from waste.evaluation.evidence import score_evidence, submit_self_evaluation
from waste.evaluation.quarters import (
    freeze,
    pending_quarters,
    quarter_before,
    quarter_of,
    request_evaluation,
    request_last_quarter,
    self_evaluation_due,
    state_of,
)
from waste.evaluation.results import (
    evaluate_quarter,
    inputs_of,
    kept_results,
    known_of_quarter,
    run_pending_evaluations,
    standings,
)
from waste.evaluation.reweighing import (
    commit_seed,
    commitment_of,
    draw_streams,
    drawn_streams,
    keep_reweighed,
    order_of,
    seed_of,
)
from waste.flags.flags import FoundFlag, flags_of, replace_flags, review_flag
from waste.forecast.bookings import keep_booking
from waste.forecast.schemas import NewBooking
from waste.measures.kitchens import kitchens_in, set_kitchen
from waste.measures.schemas import NewKitchen, Operating, Serving
from waste.measures.streams import WASTE_STREAMS
from waste.supervision.cases import CaseAction, FindingKind, advance_case, escalate_overdue, open_case, steps_of
from waste.supervision.reminders import reminders_of
from waste.supervision.sampling import make_plan
from waste.supervision.schemas import StepShown
from waste.weighing.schemas import Source
from waste.weighing.weigh_ins import WeighIn, record_weigh_ins

TODAY = datetime.now(ZONE).date()
QUARTER = quarter_before(TODAY)
SUPERVISOR = Person(1, "supervisor", Role.SUPERVISOR, None)
OTHER = Person(2, "other", Role.SUPERVISOR, None)
THIRD = Person(4, "third", Role.CENTRE_APPROVER, None)
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

    async def rules(self, canteen_id: int) -> set[str]:
        """The rules of the quarter's open flags."""
        return {flag.rule for flag in await flags_of(self.ledger, [canteen_id], *quarter_of(QUARTER))}

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
    submit = partial(submit_self_evaluation, world.database, world.kitchen, world.canteen, quarter_after(TODAY))
    assert await world.noted(score("A1", 90, "现场查看", [])) == ["score_evidence"]
    shown = {"A2": [Attachment("台账.pdf", b"%PDF-1.7")]}
    await world.refused(submit({"A2": 60}, "制度健全", {}), "evaluation.self_score_without_file")
    assert await world.noted(submit({"A2": 60}, "制度健全", shown)) == ["evaluate_oneself"]
    await world.refused(score("E1", 90, "x", []), "evaluation.not_from_evidence")
    await world.refused(submit({"E1": 60}, "x", {}), "evaluation.not_from_evidence")
    shown = {"B3": [Attachment("台账.pdf", b"%PDF-1.7")]}
    assert await world.noted(submit({"A2": 60, "B3": 100}, "制度健全", shown)) == ["evaluate_oneself"], "A2 has its own"
    numbers = [world.canteen.canteen_id]
    known = (await known_of_quarter(world.ledger, numbers, quarter_after(TODAY), TODAY))[numbers[0]]
    assert (known.self_scored, known.with_file) == ({"A2": 0.6, "B3": 1.0}, frozenset({"A2", "B3"}))
    late = partial(submit_self_evaluation, world.database, world.kitchen, world.canteen, quarter_before(QUARTER))
    await world.refused(late({"A2": 60}, "x", {}), "evaluation.self_evaluation_too_late")
    assert await pending_quarters(world.ledger) == [QUARTER]


async def test_a_result_keeps_the_name_of_its_quarter(world: World) -> None:
    await world.evaluated()
    before = {one.canteen_id: one.name_zh for one in await standings(world.ledger, QUARTER)}
    assert before
    await world.ledger.execute(
        "INSERT INTO former_name SELECT 'canteen', canteen_id, local_date_of(now()), name_zh, name_en FROM canteen"
    )
    await world.ledger.execute("UPDATE canteen SET name_zh = '改名' || canteen_id")
    assert {one.canteen_id: one.name_zh for one in await standings(world.ledger, QUARTER)} == before


async def test_from_freezing_to_an_appeal_that_is_decided(world: World) -> None:
    await world.refused(freeze(world.database, "supervisor", QUARTER, "测试"), "evaluation.not_evaluated")
    await world.refused(freeze(world.database, "supervisor", quarter_after(TODAY)), "evaluation.quarter_not_over")
    against = Against(frozenset({"A1"}), veto=False)
    appeal = partial(raise_appeal, world.database, world.kitchen, world.canteen, QUARTER, against, "系误录", [])
    await world.refused(appeal(), "evaluation.not_frozen")
    await world.evaluated()
    assert await world.noted(freeze(world.database, "supervisor", QUARTER, "测试")) == ["freeze_evaluations"]
    assert await world.noted(freeze(world.database, "supervisor", QUARTER, "测试")) == [], "a repeat changes nothing"
    score = partial(score_evidence, world.database, OTHER, world.canteen, QUARTER)
    await world.refused(score("A1", 90, "x", []), "evaluation.frozen")
    assert await pending_quarters(world.ledger) == [], "what is refused requests nothing"
    named = partial(raise_appeal, world.database, world.kitchen, world.canteen, QUARTER)
    await world.refused(named(Against(frozenset(), veto=False), "x", []), "evaluation.appeal_names_nothing")
    await world.refused(named(Against(frozenset({"M1"}), veto=False), "x", []), "evaluation.not_applicable")
    await world.refused(named(Against(frozenset(), veto=True), "x", []), "evaluation.no_veto")
    assert await world.noted(appeal()) == ["appeal"]
    await world.refused(appeal(), "evaluation.appeal_open")
    await world.refused(score("A2", 90, "x", []), "evaluation.frozen")
    assert await world.noted(score("A1", 90, "x", [])) == ["score_evidence"], "an open appeal takes evidence"
    number = await world.ledger.fetchval("SELECT appeal_id FROM appeal")
    decision = partial(decide_appeal, world.database, THIRD, number, accept=True, text="属实")
    for judge in (SUPERVISOR, OTHER):
        own = decide_appeal(world.database, judge, number, accept=True, text="属实")
        await world.refused(own, "evaluation.appeal_of_own_result")
    assert await world.noted(decision()) == ["decide_appeal"]
    await world.refused(decision(), "evaluation.appeal_decided")
    await world.refused(decide_appeal(world.database, THIRD, 1, accept=True, text="x"), "evaluation.no_appeal")


async def test_an_appeal_opens_the_inputs_that_it_names_and_nothing_else(world: World) -> None:
    """While it is open the weights of the whole quarter become 1 g: E1 was not appealed, and stays as it was frozen."""
    await world.evaluated()
    await freeze(world.database, "supervisor", QUARTER, "测试")
    number = world.canteen.canteen_id
    frozen = (await kept_results(world.ledger, QUARTER, [number]))[number]
    against = Against(frozenset({"A1"}), veto=False)
    appeal = await raise_appeal(world.database, world.kitchen, world.canteen, QUARTER, against, "系误录", [])
    await world.ledger.execute(
        "UPDATE waste_meal SET preparation_g = 1, unserved_g = 1, plate_g = 1 WHERE canteen_id = $1", number
    )
    await score_evidence(world.database, OTHER, world.canteen, QUARTER, "A1", 90, "x", [])
    await decide_appeal(world.database, THIRD, appeal, accept=True, text="属实")
    assert await run_pending_evaluations(world.ledger) == [QUARTER]
    again = (await kept_results(world.ledger, QUARTER, [number]))[number]
    moved = {p.code: (p.points, q.points) for p, q in zip(frozen.points, again.points, strict=True) if p != q}
    assert moved == {"A1": (0, 5.4)}
    appeal = await raise_appeal(world.database, world.kitchen, world.canteen, QUARTER, against, "系误录", [])
    await score_evidence(world.database, OTHER, world.canteen, QUARTER, "A1", 100, "x", [])
    await decide_appeal(world.database, THIRD, appeal, accept=False, text="不属实")
    against = Against(frozenset({"A1", "E1"}), veto=False)
    appeal = await raise_appeal(world.database, world.kitchen, world.canteen, QUARTER, against, "称重有误", [])
    await decide_appeal(world.database, THIRD, appeal, accept=True, text="属实")
    await run_pending_evaluations(world.ledger)
    last = (await kept_results(world.ledger, QUARTER, [number]))[number]
    moved_again = [p.code for p, q in zip(again.points, last.points, strict=True) if p != q]
    assert moved_again == ["E1"], "a score of an appeal that was rejected has fallen with it"


async def test_a_quarter_without_a_scheme_stops_no_other_evaluation(world: World) -> None:
    """Schemes begin in 2026: somebody asks for 2019, and the last quarter is evaluated all the same."""
    async with world.ledger.acquire() as connection:
        await request_evaluation(connection, date(2019, 1, 1))
    await world.evaluated()
    assert await pending_quarters(world.ledger) == []
    assert await kept_results(world.ledger, QUARTER, [world.canteen.canteen_id])


async def test_last_year_is_what_was_frozen(world: World) -> None:
    """Who overstates last year's waste afterwards gains nothing this year."""
    await world.evaluated()
    await freeze(world.database, "supervisor", QUARTER, "测试")
    # As if that had been a year ago: the schemes of the product begin this year.
    for table in ("evaluation_quarter", "quarter_result"):
        columns = "SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0"
        names = await world.ledger.fetchval(columns + " AND NOT attisdropped AND attname <> 'quarter'", table)
        await world.ledger.execute(
            f"INSERT INTO {table} (quarter, {names}) SELECT quarter - interval '1 year', {names} FROM {table}"
        )
    number = world.canteen.canteen_id
    kitchens = await kitchens_in(world.ledger, *quarter_of(QUARTER), [number])
    [before] = await inputs_of(world.ledger, QUARTER, kitchens, TODAY)
    assert before.known.last_year
    await world.ledger.execute(
        "UPDATE waste_meal SET plate_g = 4 * plate_g WHERE canteen_id = $1 AND business_date < $2", number, QUARTER
    )
    [after] = await inputs_of(world.ledger, QUARTER, kitchens, TODAY)
    assert after.known.last_year == before.known.last_year


async def test_a_fall_since_last_year_is_a_flag(world: World) -> None:
    """The kitchen threw away as much then as now; with half of it gone, a person should look."""
    number = world.canteen.canteen_id
    await world.evaluated()
    assert await world.rules(number) & {"fell_since_last_year"} == set()
    await world.ledger.execute(
        "UPDATE waste_meal SET preparation_g = preparation_g / 2, unserved_g = unserved_g / 2, plate_g = plate_g / 2"
        " WHERE canteen_id = $1 AND business_date >= $2", number, QUARTER,
    )  # fmt: skip
    await world.evaluated()
    assert "fell_since_last_year" in await world.rules(number)


async def test_an_upheld_flag_of_figures_caps_the_points(world: World) -> None:
    """More than a week of it; a slip at one meal, or a flag that nobody has looked at yet, does not."""
    number, (first, last) = CanteenId(world.canteen.canteen_id), quarter_of(QUARTER)
    book = Book(world.canteen.book)
    found = {
        "mass_balance": FoundFlag(book, number, first, last, 1.4, 1.0),
        "weight_outlier": FoundFlag(book, number, first, first, 300, 90, meal="lunch"),
    }
    async with world.ledger.acquire() as connection, connection.transaction():
        for rule, flag in found.items():
            await replace_flags(connection, rule, [number], (first, last), [flag])

    async def upheld() -> tuple[str, ...]:
        return (await known_of_quarter(world.ledger, [number], QUARTER, TODAY))[number].upheld

    assert await upheld() == ()
    for kept in await flags_of(world.ledger, [number], first, last):
        await review_flag(world.database, SUPERVISOR, kept.flag_id, uphold=True, note="x")
    assert await upheld() == ("mass_balance",)
    await world.evaluated()
    points = (await kept_results(world.ledger, QUARTER, [number]))[number].points
    assert {p.code for p in points if p.capped and p.points is not None} >= {"E1", "E2", "E3"}


async def test_who_serves_otherwise_says_so_beforehand(world: World) -> None:
    """A declaration of today leaves the group of the last quarter as it was, and is a flag of its own quarter."""
    book, number = Book(world.canteen.book), CanteenId(world.canteen.canteen_id)
    first, last = quarter_of(QUARTER)
    [before] = await kitchens_in(world.ledger, first, last, [number])
    other = NewKitchen(number, Operating.CONTRACTED, Serving.SET_MEAL)
    async with world.ledger.acquire() as connection:
        await set_kitchen(connection, book, other, "kitchen")
    [after] = await kitchens_in(world.ledger, first, last, [number])
    assert after == before
    [now] = await kitchens_in(world.ledger, TODAY, TODAY, [number])
    assert (now.serving, now.operating) == ("set_meal", "contracted")
    [running] = await kitchens_in(world.ledger, TODAY - timedelta(days=1), TODAY, [number])
    assert (running.serving, running.changed) == (before.serving, True)


async def test_a_veto_needs_a_hearing(world: World) -> None:
    """It counts once the canteen has made its statement, or let it be due and at least five days pass."""
    number = await world.case(kind=FindingKind.FALSIFIED_WEIGHTS)
    canteen = world.canteen.canteen_id

    async def known(today: date) -> tuple[bool, bool]:
        found = (await known_of_quarter(world.ledger, [canteen], QUARTER, today))[canteen]
        return found.falsified, found.hearing

    assert await known(TODAY + timedelta(days=5)) == (False, True)
    assert await known(TODAY + timedelta(days=6)) == (True, False)
    await advance_case(world.database, world.kitchen, number, CaseAction.STATE, "系误录", [])
    assert await known(TODAY) == (True, False)


async def test_what_is_weighed_again_is_drawn_by_a_seed_that_was_published_before(world: World) -> None:
    # A canteen of its own: the city's have weighed today's meals already when the business day is over.
    meals = [MealHours(Meal.LUNCH, time(11), time(13))]
    async with world.database(expire_on_commit=False) as db, db.begin():
        agency = await find_agency(db, world.canteen.agency_id)
        canteen = await add_canteen(
            db, agency, NewCanteen(agency_id=agency.agency_id, name_zh="新食堂", name_en="New canteen", meals=meals)
        )
    running = quarter_after(TODAY)
    draw = partial(draw_streams, world.database, SUPERVISOR, canteen, TODAY)
    await world.refused(draw(), "evaluation.no_seed")
    await world.refused(commit_seed(world.database, SUPERVISOR, QUARTER), "evaluation.seed_too_late")
    assert await world.noted(commit_seed(world.database, SUPERVISOR, running)) == ["commit_reweigh_seed"]
    assert await world.noted(commit_seed(world.database, SUPERVISOR, running)) == []
    seed = await seed_of(world.ledger, running)
    assert seed.seed is None, "nobody sees it before the quarter is over"
    await world.refused(draw(), "evaluation.nothing_to_reweigh")
    for meal in (Meal.BREAKFAST, Meal.LUNCH):
        weigh_ins = [
            WeighIn(uuid4(), CanteenId(canteen.canteen_id), TODAY, meal, stream, 1_000, None, None)
            for stream in WASTE_STREAMS
        ]
        async with world.ledger.acquire() as connection, connection.transaction():
            await record_weigh_ins(connection, {canteen.canteen_id: canteen}, "kitchen", Source.PERSON, weigh_ins)
        assert await world.noted(draw()) == ["draw_reweighing"], "a meal that was recorded early shields no other"
        assert await world.noted(draw()) == [], "a repeat draws nothing more"
    drawn = await drawn_streams(world.ledger, running, [canteen.canteen_id])
    secret = await world.ledger.fetchval("SELECT seed FROM reweigh_seed")
    assert commitment_of(secret) == seed.commitment
    least = [
        min(WASTE_STREAMS, key=lambda stream: order_of(secret, canteen.canteen_id, TODAY, meal, stream))
        for meal in (Meal.BREAKFAST, Meal.LUNCH)
    ]
    assert [one.stream for one in sorted(drawn, key=lambda one: one.meal)] == least
    stream = (TODAY, drawn[0].meal, drawn[0].stream)
    weigh = partial(keep_reweighed, world.database, SUPERVISOR, canteen, stream, 1_800, "复称", [])
    assert await world.noted(weigh()) == ["reweigh"]
    await world.refused(weigh(), "evaluation.reweighed_already")
    known = (await known_of_quarter(world.ledger, [canteen.canteen_id], running, TODAY))[canteen.canteen_id]
    assert known.reweighed is not None
    assert (known.reweighed.streams, known.reweighed.ratio, known.correction) == (1, 1.8, 1.0)


async def test_bookings_are_made_before_the_meal(world: World) -> None:
    number = CanteenId(world.canteen.canteen_id)

    def book(day: date, booked: int, came: int | None = None, today: date = TODAY) -> Awaitable[None]:
        return kept(NewBooking(number, day, Meal.LUNCH, booked, came), today)

    async def kept(booking: NewBooking, today: date) -> None:
        async with world.ledger.acquire() as connection, connection.transaction():
            await keep_booking(connection, Book(world.canteen.book), booking, "kitchen", today)

    day = TODAY + timedelta(days=1)
    await book(day, 1)
    await book(day, 40)
    await world.refused(book(TODAY, 40), "forecast.booked_too_late")
    await world.refused(book(date.max, 40), "forecast.booked_too_early")
    await world.refused(book(day, 40, 40), "forecast.came_not_now")
    await world.refused(book(day, 1, 1, today=day), "forecast.booked_too_late")
    await book(day, 40, 35, today=day + timedelta(days=3))
    await world.refused(book(day, 40, 40, today=day + timedelta(days=4)), "forecast.came_not_now")


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
    shown = {"A2": [Attachment("台账.pdf", b"%PDF-1.7")]}
    assert await world.noted(submit(running, {"A2": 60}, "制度健全", shown)) == ["evaluate_oneself"]
    assert await pending_quarters(world.ledger) == []
    await world.refused(score(future, "A1", 90, "x", []), "evaluation.quarter_not_begun")
    await world.refused(submit(future, {"A2": 60}, "x", {}), "evaluation.quarter_not_begun")
    await world.refused(world.case(quarter=future), "evaluation.quarter_not_begun")


async def test_an_evaluation_from_before_the_quarters_end_is_not_frozen(world: World) -> None:
    """As an earlier release made it: the job runner requests it once more, with all weeks."""
    await world.evaluated()
    await world.ledger.execute(
        "UPDATE evaluation_quarter SET wanted_at = quarter + interval '40 days',"
        " evaluated_at = quarter + interval '41 days'"
    )
    await world.refused(freeze(world.database, "supervisor", QUARTER, "测试"), "evaluation.not_evaluated")
    await request_last_quarter(world.ledger, TODAY)
    assert await pending_quarters(world.ledger) == [QUARTER]
    await run_pending_evaluations(world.ledger)
    await request_last_quarter(world.ledger, TODAY)
    assert await pending_quarters(world.ledger) == [], "once"
    assert await world.noted(freeze(world.database, "supervisor", QUARTER, "测试")) == ["freeze_evaluations"]


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
    await freeze(world.database, "supervisor", QUARTER, "测试")
    assert await world.noted(draft()) == ["draft_bulletin"]
    number = await world.ledger.fetchval("SELECT bulletin_id FROM bulletin")
    assert await world.noted(edit_bulletin(world.database, SUPERVISOR, number, {"good": "x"})) == ["edit_bulletin"]
    publish = partial(publish_bulletin, world.database, world.ledger)
    await world.refused(publish(SUPERVISOR, number), "bulletins.editor_cannot_publish")
    await world.refused(publish(OTHER, number), "bulletins.appeals_may_come")
    assert await world.noted(publish(OTHER, number, "演示")) == ["publish_bulletin"]
    detail = await world.ledger.fetchval("SELECT detail FROM audit_entry ORDER BY entry DESC LIMIT 1")
    assert json.decode(detail) == {"reason": "演示"}
    await world.refused(publish(OTHER, number), "bulletins.published")
    await world.refused(edit_bulletin(world.database, OTHER, number, {"good": "y"}), "bulletins.published")
    await world.refused(edit_bulletin(world.database, OTHER, 1, {"good": "y"}), "bulletins.no_bulletin")


async def revised(world: World, percent: int) -> None:
    """An appeal against A1 is accepted; the result has a revision."""
    against = Against(frozenset({"A1"}), veto=False)
    appeal = await raise_appeal(world.database, world.kitchen, world.canteen, QUARTER, against, "有制度", [])
    await score_evidence(world.database, OTHER, world.canteen, QUARTER, "A1", percent, "x", [])
    await decide_appeal(world.database, THIRD, appeal, accept=True, text="属实")


async def test_a_draft_is_not_published_when_a_result_was_revised_after_it(world: World) -> None:
    """Accepted and not evaluated yet, and evaluated: the draft's figures are those from before the appeal."""
    await world.evaluated()
    await freeze(world.database, "supervisor", QUARTER, "测试")
    stale = await draft_bulletin(world.database, world.ledger, SUPERVISOR, QUARTER)
    await revised(world, 90)
    publish = partial(publish_bulletin, world.database, world.ledger, OTHER, reason="测试")
    await world.refused(publish(stale), "bulletins.being_evaluated")
    await run_pending_evaluations(world.ledger)
    await world.refused(publish(stale), "bulletins.results_changed")
    fresh = await draft_bulletin(world.database, world.ledger, SUPERVISOR, QUARTER)
    await publish(fresh)


async def test_a_quarter_has_one_bulletin_that_holds_and_a_later_one_replaces_it_openly(world: World) -> None:
    await world.evaluated()
    await freeze(world.database, "supervisor", QUARTER, "测试")
    await world.ledger.execute("UPDATE evaluation_quarter SET frozen_at = frozen_at - interval '20 days'")
    first, second = [await draft_bulletin(world.database, world.ledger, SUPERVISOR, QUARTER) for _ in range(2)]
    await edit_bulletin(world.database, SUPERVISOR, first, {"title": "第一份"})
    publish = partial(publish_bulletin, world.database, world.ledger, OTHER)
    await publish(first)
    await world.refused(publish(second), "bulletins.replacing_takes_a_reason")

    async def shown(number: int) -> str:
        async with world.database() as db:
            made = await read_issue(db, world.ledger, number, drafts=True)
        return page(made, Language.CHINESE)

    assert "替代" not in await shown(first)
    assert f"本通报替代{long_date(TODAY, Language.CHINESE)}发布的《第一份》（编号：{first}）" in await shown(second)
    await publish(second, "订正人次")
    assert f"已由{long_date(TODAY, Language.CHINESE)}发布的" in await shown(first)
    assert f'href="/bulletins/{second}?lang=zh-Hans"' in await shown(first)
    assert f"本通报替代{long_date(TODAY, Language.CHINESE)}发布的《第一份》（编号：{first}）" in await shown(second)
    async with world.database() as db:
        listed = list_page(await published_bulletins(db), Language.ENGLISH)
    assert listed.count("replaced by") == 1
    assert f"No. {first}" in listed


async def test_a_bulletin_doubts_a_canteen_once_a_flag_is_upheld(world: World) -> None:
    """An open flag is a question and changes no figure; an upheld one leaves the canteen out of the average."""
    await world.evaluated()
    canteen, (first, last) = world.canteen, quarter_of(QUARTER)
    flags = [
        FoundFlag(Book(canteen.book), CanteenId(canteen.canteen_id), first, last, 0.5, 1.0, stream=stream)
        for stream in ("plate", "unserved")
    ]
    async with world.ledger.acquire() as connection:
        await replace_flags(connection, "weight_drift", [canteen.canteen_id], (first, last), flags)

    async def doubted() -> list[tuple[int, int]]:
        facts = await facts_of(world.ledger, QUARTER)
        assert (facts.sound is None) == (not facts.doubted)
        return [(line.flags, line.upheld) for line in facts.doubted]

    before = await doubted()
    [flag, _] = await flags_of(world.ledger, [canteen.canteen_id], first, last)
    await review_flag(world.database, SUPERVISOR, flag.flag_id, uphold=True, note="秤未归零")
    assert await doubted() == [*before, (1, 1)]


async def test_a_published_bulletin_says_that_a_result_was_revised_since(world: World) -> None:
    await world.evaluated()
    await freeze(world.database, "supervisor", QUARTER, "测试")
    number = await draft_bulletin(world.database, world.ledger, SUPERVISOR, QUARTER)
    await publish_bulletin(world.database, world.ledger, OTHER, number, "测试")
    async with world.database() as db:
        assert (await read_issue(db, world.ledger, number, drafts=False)).revised == ()
    await revised(world, 90)
    await run_pending_evaluations(world.ledger)
    async with world.database() as db:
        made = await read_issue(db, world.ledger, number, drafts=False)
    said = f"发布后，{world.canteen.name_zh}的评估结果经申诉有变更"
    assert said in page(made, Language.CHINESE)
    assert f"{world.canteen.name_en}: revised on appeal" in page(made, Language.ENGLISH)


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
    await publish_bulletin(world.database, world.ledger, OTHER, first, "测试")
    async with world.database() as db:
        kept = (await read_issue(db, world.ledger, first, drafts=False)).bulletin
    assert {name: getattr(kept, name) for name in elements} == elements
    assert kept.signed_on == datetime.now(ZONE).date()
    assert kept.texts["good"] == "推行小份半份。"
    await world.refused(edit(first, {"serial": 4}), "bulletins.published")


async def test_two_writers_do_not_overwrite_each_other(world: World) -> None:
    """Who names the version that he has read is refused once another one is there; who names none overwrites."""
    await world.evaluated()
    await freeze(world.database, "supervisor", QUARTER)
    number = await draft_bulletin(world.database, world.ledger, SUPERVISOR, QUARTER)
    edit = partial(edit_bulletin, world.database)
    assert await edit(SUPERVISOR, number, {"good": "一"}, 1) == 2
    await world.refused(edit(OTHER, number, {"good": "二"}, 1), "bulletins.saved_meanwhile")
    assert await edit(OTHER, number, {"closing": "二"}, 2) == 3
    assert await edit(SUPERVISOR, number, {"closing": "三"}) == 4
    async with world.database() as db:
        kept = (await read_issue(db, world.ledger, number, drafts=True)).bulletin
    assert (kept.texts["good"], kept.texts["closing"], kept.saved_by) == ("一", "三", "supervisor")


async def test_the_drafted_texts_say_only_figures_that_were_frozen(world: World) -> None:
    await world.evaluated()
    await freeze(world.database, "supervisor", QUARTER)
    number = await draft_bulletin(world.database, world.ledger, SUPERVISOR, QUARTER)
    async with world.database() as db:
        bulletin = (await read_issue(db, world.ledger, number, drafts=True)).bulletin
    known = set(numbers_of(kept_facts(bulletin)))
    said = "".join(bulletin.texts.values()).replace(",", "")
    assert set(re.findall(r"\d+(?:\.\d+)?", said)) <= known
    assert "98765.4" not in known


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
        within = self_evaluation_due(QUARTER)
        chinese = await reminders_of(db, world.kitchen, within, Language.CHINESE)
        english = await reminders_of(db, world.kitchen, within, Language.ENGLISH)
        late = await reminders_of(db, world.kitchen, within + timedelta(days=1), Language.CHINESE)
    assert f"{world.canteen.name_zh}：整改事项{number}待整改：剩菜未称重" in [one.text for one in chinese]
    assert f"{world.canteen.name_en}: case {number} is open: 剩菜未称重" in [one.text for one in english]
    year, quarter = QUARTER.year, "一二三四"[(QUARTER.month - 1) // 3]
    own = [one.text for one in chinese if one.kind == "self_evaluation"]
    assert f"{world.canteen.name_zh}：请完成{year}年第{quarter}季度内部评估（自评）" in own
    assert "self_evaluation" not in {one.kind for one in late}, "nobody is reminded of what he can do no more"


@goes_back
async def test_steps_that_hold_a_sentence_get_their_code(world: World, owner_url: str) -> None:
    """Earlier releases wrote English sentences; people's own words stay as they are."""
    number = await world.case(what="overdue since 2026-10-01")
    config = alembic_config(owner_url, KEYS.audit_key)
    before = ScriptDirectory.from_config(config).get_revision("0020").down_revision
    await world.ledger.execute("UPDATE console_user SET role = 'supervisor' WHERE role = 'auditor'")
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
