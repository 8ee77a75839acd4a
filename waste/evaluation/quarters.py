"""Quarters: their dates, and how far the evaluation of each has come.

Evaluating a network takes a minute of a processor, so no process that takes payments does it. A request is noted
(``request_evaluation``), and the job runner carries it out in a process of its own
(``waste.evaluation.results.run_pending_evaluations``). Frozen results change by accepted appeals only.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from foundation import catalogue
from foundation.calendar import ZONE
from foundation.catalogue import Language
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import CONFLICT, INVALID, Problem
from registry import audit
from registry.models import Database

QUERIES = load_queries(Path(__file__).parent / "sql" / "quarters.sql")

EARLIEST, LATEST = 2000, 2099
SELF_EVALUATION_DAYS = 20
"""Days after the end of a quarter within which agencies evaluate themselves (assumed). Weights are closed by then too
(``waste.weighing``), so that from the day after on the canteen's own people may see its score."""


@dataclass(frozen=True, slots=True)
class QuarterState:
    """How far the evaluation of a quarter has come; ``current``: its last request was carried out."""

    quarter: date
    requested_at: datetime
    evaluated_at: datetime | None
    frozen_by: str | None
    frozen_at: datetime | None
    current: bool

    @property
    def whole(self) -> bool:
        """Whether it was requested after the quarter's end, so that all of its days are in it."""
        return self.requested_at.astimezone(ZONE).date() > quarter_of(self.quarter)[1]

    @property
    def frozen(self) -> bool:
        """Whether only accepted appeals change the results."""
        return self.frozen_at is not None


def quarter_of(first: date) -> tuple[date, date]:
    """First and last day of the quarter that begins on ``first``. Raises Problem(INVALID) if none does."""
    if first.day != 1 or first.month % 3 != 1 or not EARLIEST <= first.year <= LATEST:
        raise Problem(INVALID, "evaluation.not_a_quarter", day=first, earliest=EARLIEST, latest=LATEST)
    later = date(first.year + first.month // 10, (first.month + 3 - 1) % 12 + 1, 1)
    return first, later - timedelta(days=1)


def quarter_before(day: date) -> date:
    """The first day of the last quarter that was over on a day."""
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return date(first.year - (first.month == 1), (first.month - 4) % 12 + 1, 1)


def year_and_quarter(quarter: date) -> dict[str, int]:
    """The parameters by which messages name a quarter: its year and its number in it."""
    return {"year": quarter.year, "quarter": (quarter.month + 2) // 3}


def quarter_name(quarter: date, language: Language) -> str:
    """A quarter's name for people: 2026年第三季度, Q3 2026."""
    return catalogue.text(f"evaluation.quarter.{(quarter.month + 2) // 3}", language, year=quarter.year)


def self_evaluation_due(quarter: date) -> date:
    """The last day on which agencies evaluate a quarter themselves."""
    return quarter_of(quarter)[1] + timedelta(days=SELF_EVALUATION_DAYS)


def data_closed(quarter: date, today: date) -> bool:
    """Whether the canteens' own people can change nothing of a quarter any more."""
    return today > self_evaluation_due(quarter)


async def request_evaluation(connection: Connection, quarter: date) -> None:
    """Request the evaluation of a quarter that is over, in the caller's transaction, which holds it from then on.

    Raises Problem(INVALID).
    """
    must_be_over(quarter)
    await connection.execute(QUERIES["request"], quarter)


async def note_new_scores(connection: Connection, quarter: date) -> None:
    """Let scores that come now be evaluated: at once if the quarter is over, else when it is.

    Raises Problem(INVALID) for a quarter that has not begun.
    """
    must_have_begun(quarter)
    if is_over(quarter):
        await request_evaluation(connection, quarter)


def must_have_begun(quarter: date) -> None:
    """Raise Problem(INVALID) for a quarter that has not begun."""
    first, _ = quarter_of(quarter)
    if first > datetime.now(ZONE).date():
        raise Problem(INVALID, "evaluation.quarter_not_begun", first=first, **year_and_quarter(quarter))


def must_be_over(quarter: date) -> None:
    """Raise Problem(INVALID) for a quarter that is still running, or has not begun."""
    if not is_over(quarter):
        raise Problem(INVALID, "evaluation.quarter_not_over", last=quarter_of(quarter)[1], **year_and_quarter(quarter))


def is_over(quarter: date) -> bool:
    """Whether the last day of a quarter has passed. Raises Problem(INVALID) if none begins on this day."""
    return quarter_of(quarter)[1] < datetime.now(ZONE).date()


async def request_last_quarter(pool: Pool, today: date) -> None:
    """Request the evaluation of the last quarter: once when it is over, and once more when its data are closed."""
    quarter = quarter_before(today)
    first, last = quarter_of(quarter)
    await pool.execute(
        QUERIES["request_if_new"], first, last, self_evaluation_due(quarter) if data_closed(quarter, today) else last
    )


async def pending_quarters(pool: Pool) -> list[date]:
    """Quarters whose last request is not carried out yet, the earliest first."""
    return [row["quarter"] for row in await pool.fetch(QUERIES["pending"])]


async def state_of(pool: Pool, quarter: date) -> QuarterState | None:
    """How far the evaluation of a quarter has come; None if it was never requested."""
    row = await pool.fetchrow(QUERIES["state"], quarter)
    return None if row is None else as_struct(row, QuarterState)


async def may_be_shown(pool: Pool, quarter: date) -> bool:
    """Whether canteens' own people may see their scores: who sees a draft must not be able to change it any more."""
    if data_closed(quarter, datetime.now(ZONE).date()):
        return True
    state = await state_of(pool, quarter)
    return state is not None and state.frozen


async def lock_state(connection: Connection, quarter: date) -> QuarterState | None:
    """The same, locked until the caller's transaction ends."""
    row = await connection.fetchrow(QUERIES["lock_state"], quarter)
    return None if row is None else as_struct(row, QuarterState)


async def note_evaluated(connection: Connection, state: QuarterState, began: datetime) -> None:
    """Note that the request of ``state`` was carried out. A request that came meanwhile stays pending."""
    await connection.execute(QUERIES["note_evaluated"], state.quarter, began, state.requested_at)


async def must_accept_score(connection: Connection, quarter: date, canteen_id: int, code: str) -> None:
    """Raise Problem(CONFLICT) if the canteen's result is frozen and no open appeal names the indicator."""
    state = await lock_state(connection, quarter)
    if state is None or not state.frozen:
        return
    if not await connection.fetchval(QUERIES["has_open_appeal"], quarter, canteen_id, code):
        raise Problem(CONFLICT, "evaluation.frozen", **year_and_quarter(quarter))


async def must_accept_self_evaluation(connection: Connection, quarter: date) -> None:
    """Raise Problem CONFLICT (the results are frozen), INVALID (the time for self-evaluations is over)."""
    state = await lock_state(connection, quarter)
    if state is not None and state.frozen:
        raise Problem(CONFLICT, "evaluation.frozen", **year_and_quarter(quarter))
    if data_closed(quarter, datetime.now(ZONE).date()):
        raise Problem(INVALID, "evaluation.self_evaluation_too_late", until=self_evaluation_due(quarter))


async def freeze(database: Database, login: str, quarter: date, reason: str | None = None) -> None:
    """Freeze the results of a quarter, so that what is published does not move. A repeat changes nothing.

    Before its data are closed, or while a hearing about falsified weights is open, it takes a reason, which is audited.

    Raises Problem INVALID (the quarter is not over), CONFLICT (its evaluation is pending, or was never requested; its
    data are not closed, or a hearing is open, and no reason is given).
    """
    must_be_over(quarter)
    detail = {} if reason is None else {"reason": reason}
    async with audit.change(database, login, "freeze_evaluations", f"quarter/{quarter}", detail) as change:
        connection = await change.connection()
        state = await lock_state(connection, quarter)
        if state is None or not state.current or not state.whole:
            raise Problem(CONFLICT, "evaluation.not_evaluated", **year_and_quarter(quarter))
        if state.frozen:
            change.is_repeat = True
            return
        if reason is None:
            await _must_be_closed(connection, state)
        await connection.execute(QUERIES["freeze"], quarter, login)


async def _must_be_closed(connection: Connection, state: QuarterState) -> None:
    until = self_evaluation_due(state.quarter)
    if not data_closed(state.quarter, datetime.now(ZONE).date()):
        raise Problem(CONFLICT, "evaluation.data_not_closed", until=until)
    if state.requested_at.astimezone(ZONE).date() <= until:
        raise Problem(CONFLICT, "evaluation.not_evaluated", **year_and_quarter(state.quarter))
    if hearings := await connection.fetchval(QUERIES["hearings"], state.quarter):
        raise Problem(CONFLICT, "evaluation.hearing_open", count=hearings)
