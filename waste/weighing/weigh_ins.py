"""Recording weigh-ins, once each, and correcting them.

Every weigh-in is kept as it came; a correction is a weigh-in that replaces another. The sums of each meal
(``waste_meal``) and of each month are updated in the same transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry.approvals import NeedsApproval, Rule
from registry.identifiers import CanteenId
from registry.meals import Meal
from registry.models import Canteen
from waste.measures.monthly_sums import lock_canteens, refresh_months
from waste.measures.streams import Stream
from waste.weighing.schemas import Cause, Correction, NewWeighIn, Recorded, ScaleWeighIn, Source, WeighInShown

QUERIES = load_queries(Path(__file__).parent / "sql" / "weigh_ins.sql")

BACKDATED_MAX = timedelta(days=14)
"""Weights noted on paper may be entered later; after this a correction is needed."""
CORRECTED_ALONE = timedelta(days=14)
"""After the business day, weights change with a second person's approval only."""
CLOSED_AFTER = timedelta(days=20)
"""After the end of a quarter its weights do not change any more, so that what was evaluated stands on them."""
AHEAD_MAX = timedelta(days=2)
"""How far the open business day may be ahead of the calendar after an early close; nothing is weighed beyond it."""
INSERT_TIMEOUT_S = 120
"""A file of five thousand rows into a canteen with years of weigh-ins."""


@dataclass(frozen=True, slots=True)
class WeighIn:
    """One weigh-in, in grams; ``replaces``: the weigh-in that it corrects, without a weight to take it back."""

    weigh_in_id: UUID
    canteen_id: CanteenId
    business_date: date
    meal: Meal
    stream: Stream
    weight_g: int | None
    dish: str | None = None
    food: str | None = None
    replaces: UUID | None = None
    cause: Cause | None = None


_FIELDS = tuple(field.name for field in fields(WeighIn) if field.name != "cause")


@dataclass(frozen=True, slots=True)
class Correctable:
    """A weigh-in that a correction may replace."""

    weigh_in_id: UUID
    canteen_id: CanteenId
    business_date: date
    meal: Meal
    stream: Stream
    weight_g: int | None
    dish: str | None
    food: str | None
    cause: Cause | None


def closed_on(business_date: date) -> date:
    """The last day on which weights of a business date change: ``CLOSED_AFTER`` the end of its quarter."""
    quarter = date(business_date.year, (business_date.month - 1) // 3 * 3 + 1, 1)
    return (quarter + timedelta(days=93)).replace(day=1) - timedelta(days=1) + CLOSED_AFTER


def weigh_in_of(message: ScaleWeighIn, canteen_id: CanteenId) -> WeighIn:
    """A weigh-in from its message; a person's message names the canteen, a scale weighs for its own alone.

    Raises Problem(INVALID) for a zero that is not said to be one.
    """
    if isinstance(message, NewWeighIn):
        _check_zero(message.weigh_in_id, message.stream, message.weight_g, said=message.nothing_wasted)
    return WeighIn(
        message.weigh_in_id, canteen_id, message.business_date, message.meal, message.stream, message.weight_g,
        message.dish, message.food, cause=message.cause,
    )  # fmt: skip


def _check_zero(weigh_in_id: UUID, stream: Stream, weight_g: int | None, *, said: bool) -> None:
    """Raise Problem(INVALID) unless exactly a zero of waste is said to be one: 0 may also mean that nobody weighed."""
    if said != (weight_g == 0) or (said and stream is Stream.PREPARED):
        raise Problem(INVALID, "weighing.zero", weigh_in_id=weigh_in_id)


def check_weigh_ins(canteens: Mapping[int, Canteen], weigh_ins: Sequence[WeighIn]) -> None:
    """Raise Problem NOT_FOUND (another agency's canteen) or INVALID (date out of range, a number used twice)."""
    today = datetime.now(ZONE).date()
    numbers: set[UUID] = set()
    for w in weigh_ins:
        if w.weigh_in_id in numbers:
            raise Problem(INVALID, "weighing.number_twice", weigh_in_id=w.weigh_in_id)
        numbers.add(w.weigh_in_id)
        if w.canteen_id not in canteens:
            raise Problem(NOT_FOUND, "weighing.no_such_canteen", canteen_id=w.canteen_id)
        if not -BACKDATED_MAX <= w.business_date - today <= AHEAD_MAX:
            first, last = today - BACKDATED_MAX, today + AHEAD_MAX
            raise Problem(INVALID, "weighing.date_out_of_range", business_date=w.business_date, first=first, last=last)


async def record_weigh_ins(
    connection: Connection, canteens: Mapping[int, Canteen], login: str, source: Source, weigh_ins: Sequence[WeighIn]
) -> Recorded:
    """Record weigh-ins in the caller's transaction. What was recorded before under its number is a repeat.

    Raises Problem CONFLICT (a number was used for another weigh-in, or the weigh-in is corrected already), INVALID (an
    unknown kind of food, a day that has not begun). The caller's transaction must then be rolled back.
    """
    await _check_days(connection, canteens, weigh_ins)
    await _check_foods(connection, weigh_ins)
    done = Recorded(len(weigh_ins), 0, [])
    for book in sorted({canteens[w.canteen_id].book for w in weigh_ins}):
        added = await _record_in_book(
            connection, book, login, source, [w for w in weigh_ins if canteens[w.canteen_id].book == book]
        )
        done.new += len(added)
        done.implausible += [number for number, implausible in added.items() if implausible]
    return done


async def _record_in_book(
    connection: Connection, book: int, login: str, source: Source, weigh_ins: Sequence[WeighIn]
) -> dict[UUID, bool]:
    """Record the weigh-ins of one book; returns for each new one whether it is implausible."""
    canteen_ids, days = {w.canteen_id for w in weigh_ins}, [w.business_date for w in weigh_ins]
    await lock_canteens(connection, canteen_ids)
    columns = [[getattr(w, name) for w in weigh_ins] for name in _FIELDS]
    added = await connection.fetch(
        QUERIES["add_weigh_ins"],
        book,
        *columns,
        source,
        login,
        datetime.now(UTC),
        [w.cause for w in weigh_ins],
        timeout=INSERT_TIMEOUT_S,
    )
    rows = await connection.fetch(QUERIES["weigh_ins"], book, [w.weigh_in_id for w in weigh_ins])
    kept = {row["weigh_in_id"]: as_struct(row, WeighIn) for row in rows}
    for w in weigh_ins:
        if kept.get(w.weigh_in_id) != w:
            raise Problem(CONFLICT, "weighing.used_or_corrected", weigh_in_id=w.weigh_in_id)
    await sum_up(connection, book, canteen_ids, min(days), max(days))
    return {row["weigh_in_id"]: row["implausible"] for row in added}


async def _check_days(connection: Connection, canteens: Mapping[int, Canteen], weigh_ins: Sequence[WeighIn]) -> None:
    """Raise Problem(INVALID) for a day after both the calendar's and the book's open business day."""
    today = datetime.now(ZONE).date()
    open_days = {row["book"]: row["business_date"] for row in await connection.fetch(QUERIES["open_days"])}
    for w in weigh_ins:
        last = max(today, open_days[canteens[w.canteen_id].book])
        if w.business_date > last:
            first = today - BACKDATED_MAX
            raise Problem(INVALID, "weighing.date_out_of_range", business_date=w.business_date, first=first, last=last)


async def _check_foods(connection: Connection, weigh_ins: Sequence[WeighIn]) -> None:
    known = [w for w in weigh_ins if w.food is not None]
    if not known:
        return
    columns = [w.food for w in known], [w.business_date for w in known]
    unknown = [row["food"] for row in await connection.fetch(QUERIES["unknown_foods"], *columns)]
    if unknown:
        raise Problem(INVALID, "weighing.unknown_food", food=", ".join(unknown))


async def correct_weigh_ins(
    connection: Connection,
    canteens: Mapping[int, Canteen],
    login: str,
    corrections: Sequence[Correction],
    *,
    approved: bool = False,
) -> Recorded:
    """Replace weights in the caller's transaction; the history keeps what was weighed.

    ``approved``: a second person has approved it. Raises NeedsApproval for a weigh-in older than ``CORRECTED_ALONE``
    without that, Problem NOT_FOUND (another agency's weigh-in), INVALID (after ``closed_on``), CONFLICT as
    ``record_weigh_ins`` does.
    """
    known = await correctable(connection, canteens, corrections)
    weigh_ins = [_corrected(known[c.replaces], c) for c in corrections]
    done = await record_weigh_ins(connection, canteens, login, Source.PERSON, weigh_ins)
    today, first = datetime.now(ZONE).date(), min(w.business_date for w in weigh_ins)
    if done.new and today > closed_on(first):
        raise Problem(INVALID, "weighing.too_old_to_correct", business_date=first, last=closed_on(first))
    if done.new and today - first > CORRECTED_ALONE and not approved:
        raise NeedsApproval(Rule("weighing.late_correction", {"days": CORRECTED_ALONE.days}))
    return done


async def correctable(
    connection: Connection | Pool, canteens: Mapping[int, Canteen], corrections: Sequence[Correction]
) -> dict[UUID, Correctable]:
    """What corrections replace, by number. Raises Problem(NOT_FOUND) for another agency's weigh-in."""
    rows = await connection.fetch(QUERIES["correctable"], [c.replaces for c in corrections])
    known = {row["weigh_in_id"]: as_struct(row, Correctable) for row in rows if row["canteen_id"] in canteens}
    for correction in corrections:
        if correction.replaces not in known:
            raise Problem(NOT_FOUND, "weighing.not_found", weigh_in_id=correction.replaces)
    return known


def _corrected(before: Correctable, correction: Correction) -> WeighIn:
    if correction.withdraw == (correction.weight_g is not None):
        raise Problem(INVALID, "weighing.weight_or_withdraw", weigh_in_id=correction.weigh_in_id)
    _check_zero(correction.weigh_in_id, Stream(before.stream), correction.weight_g, said=correction.nothing_wasted)
    return WeighIn(
        correction.weigh_in_id, before.canteen_id, before.business_date, before.meal, before.stream,
        correction.weight_g, before.dish, before.food, correction.replaces, before.cause,
    )  # fmt: skip


async def canteen_of_weigh_in(connection: Connection | Pool, weigh_in_id: UUID) -> CanteenId:
    """The canteen of a weigh-in. Raises Problem(NOT_FOUND)."""
    canteen_id: CanteenId | None = await connection.fetchval(QUERIES["canteen_of_weigh_in"], weigh_in_id)
    if canteen_id is None:
        raise Problem(NOT_FOUND, "weighing.not_found", weigh_in_id=weigh_in_id)
    return canteen_id


async def history(pool: Pool, canteen: Canteen, first: date, last: date) -> list[WeighInShown]:
    """All weigh-ins of a canteen from one day to another, corrected ones and their corrections included."""
    rows = await pool.fetch(QUERIES["history"], canteen.book, canteen.canteen_id, first, last)
    return [as_struct(row, WeighInShown) for row in rows]


async def sum_up(connection: Connection, book: int, canteen_ids: Collection[int], first: date, last: date) -> None:
    """Compute the sums of meals, then those of their months, from the weigh-ins, in the caller's transaction."""
    await connection.execute(QUERIES["sum_up"], book, list(canteen_ids), first, last, timeout=INSERT_TIMEOUT_S)
    await refresh_months(connection, book, list(canteen_ids), first, last)
