"""Marking weights that do not fit, once the covers of a day are kept: flags, and how many streams of a meal are marked.

Every run judges the last quarter again (``waste.weighing.plausibility``), since weights may come late or be corrected.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from registry.identifiers import Book, CanteenId
from registry.meals import Meal
from waste.flags.flags import Flag, FlagState, FoundFlag, flags_of, replace_flags
from waste.measures.monthly_sums import lock_canteens, refresh_months
from waste.measures.streams import Stream
from waste.weighing.plausibility import REFERENCE_DAYS, Level, Mark, Reviewed, Weighed, implausible

QUERIES = load_queries(Path(__file__).parent / "sql" / "marks.sql")

JUDGED_DAYS = timedelta(days=92)
"""A quarter; weights may be corrected for as long."""
OUTLIER, DRIFT = "weight_outlier", "weight_drift"
LIKE_TIMEOUT_S = 300
"""A quarter of a large region's meals."""

Works = Callable[[date], bool]
Place = tuple[Meal, Stream]


@dataclass(frozen=True, slots=True)
class _Canteen:
    book: Book
    canteen_id: CanteenId
    serving: str


@dataclass(frozen=True, slots=True)
class _Like:
    """A level of canteens that serve alike."""

    serving: str
    meal: Meal
    stream: Stream
    works: bool
    centre: float
    spread: float


@dataclass(frozen=True, slots=True)
class _Span:
    """The days to judge, and the day from which weights are read."""

    read: date
    first: date
    last: date


async def mark_weights(pool: Pool, works: Works) -> int:
    """Judge the weights of every canteen up to the last day whose covers are kept; returns how many flags are found."""
    last = await pool.fetchval(QUERIES["days_to_judge"])
    if last is None:
        return 0
    span = _Span(last - JUDGED_DAYS - REFERENCE_DAYS, last - JUDGED_DAYS, last)
    like = await _levels_of_like(pool, span, works)
    rows = await pool.fetch(QUERIES["canteens_to_judge"], span.first)
    return sum([await _mark_canteen(pool, as_struct(row, _Canteen), span, works, like) for row in rows])


async def _levels_of_like(pool: Pool, span: _Span, works: Works) -> dict[tuple[str, Place], dict[bool, Level]]:
    days = [span.first + timedelta(days=n) for n in range(JUDGED_DAYS.days + 1)]
    working = [day for day in days if works(day)]
    rows = await pool.fetch(QUERIES["levels_of_like"], span.first, working, timeout=LIKE_TIMEOUT_S)
    made: dict[tuple[str, Place], dict[bool, Level]] = defaultdict(dict)
    for row in rows:
        level = as_struct(row, _Like)
        made[level.serving, (level.meal, level.stream)][level.works] = Level(level.centre, level.spread)
    return made


async def _mark_canteen(
    pool: Pool, canteen: _Canteen, span: _Span, works: Works, like: Mapping[tuple[str, Place], Mapping[bool, Level]]
) -> int:
    weights = await _weights_of(pool, canteen, span, works)
    flags: dict[Place, list[Flag]] = defaultdict(list)
    for flag in await flags_of(pool, [canteen.canteen_id], span.read, span.last):
        if flag.rule in (OUTLIER, DRIFT):
            flags[Meal(flag.meal), Stream(flag.stream)].append(flag)

    def judge() -> dict[Place, list[Mark]]:
        return {
            place: implausible(weighed, _reviewed(flags[place], weighed, span), like.get((canteen.serving, place), {}))
            for place, weighed in weights.items()
        }

    found = {
        place: [mark for mark in marks if mark.days[-1] >= span.first]
        for place, marks in (await asyncio.to_thread(judge)).items()
    }
    upheld = {place: _reviewed(flags[place], weighed, span).upheld for place, weighed in weights.items()}
    async with pool.acquire() as connection, connection.transaction():
        await lock_canteens(connection, [canteen.canteen_id])
        kept = await _keep(connection, canteen, span, found)
        await _count(connection, canteen, span, _marked_streams(found, upheld))
    return kept


async def _weights_of(pool: Pool, canteen: _Canteen, span: _Span, works: Works) -> dict[Place, list[Weighed]]:
    made: dict[Place, list[Weighed]] = defaultdict(list)
    for row in await pool.fetch(QUERIES["weights_per_meal"], canteen.book, canteen.canteen_id, span.read):
        day = row["business_date"]
        for stream in Stream:
            if (grams := row[f"{stream}_g"]) is not None:
                made[Meal(row["meal"]), stream].append(Weighed(day, works(day), grams, row["covers"]))
    return made


def _reviewed(flags: Iterable[Flag], weighed: Iterable[Weighed], span: _Span) -> Reviewed:
    """What people decided; an open flag that began before the days to judge stays as if it were upheld."""
    days = [w.day for w in weighed]
    upheld, dismissed, new_levels = set[date](), set[date](), set[date]()
    for flag in flags:
        its = {day for day in days if flag.first_day <= day <= flag.last_day}
        if flag.state == FlagState.DISMISSED:
            dismissed |= its
            if flag.rule == DRIFT:
                new_levels.add(min(its, default=flag.first_day))
        elif flag.state == FlagState.UPHELD or flag.first_day < span.first:
            upheld |= its
    return Reviewed(upheld, dismissed, new_levels)


def _marked_streams(
    found: Mapping[Place, Iterable[Mark]], upheld: Mapping[Place, Iterable[date]]
) -> Counter[tuple[date, Meal]]:
    """How many streams of each meal are marked, by both rules or by a person."""
    marked = {(day, *place) for place, marks in found.items() for mark in marks for day in mark.days}
    marked |= {(day, *place) for place, days in upheld.items() for day in days}
    return Counter((day, meal) for day, meal, _ in marked)


async def _keep(connection: Connection, canteen: _Canteen, span: _Span, found: Mapping[Place, list[Mark]]) -> int:
    """Keep the flags; returns how many there are."""
    days = [(day, *place) for place, marks in found.items() for mark in marks for day in mark.days]
    columns = list(zip(*days, strict=True)) or [(), (), ()]
    rows: dict[tuple[date, str, str], list[str]] = defaultdict(list)
    weighed_as = await connection.fetch(QUERIES["weighed_as"], canteen.book, canteen.canteen_id, *columns)
    for row in weighed_as:
        rows[row["business_date"], row["meal"], row["stream"]].append(row["weigh_in_id"])
    # A day within a drift is named there already; hundreds of single flags would hide it.
    drifting = {(place, day) for place, marks in found.items() for mark in marks if mark.drift for day in mark.days}
    kept = 0
    for rule in (OUTLIER, DRIFT):
        flags = [
            FoundFlag(
                canteen.book, canteen.canteen_id, mark.days[0], mark.days[-1],
                round(mark.grams_per_cover / mark.usual, 2) if mark.drift else round(mark.grams_per_cover, 1),
                round(mark.usual, 1), tuple(number for day in mark.days for number in rows[day, meal, stream]),
                meal, stream,
            )
            for (meal, stream), marks in found.items() for mark in marks
            if mark.drift == (rule == DRIFT) and (mark.drift or ((meal, stream), mark.days[0]) not in drifting)
        ]  # fmt: skip
        await replace_flags(connection, rule, [canteen.canteen_id], (span.first, span.last), flags)
        kept += len(flags)
    return kept


async def _count(
    connection: Connection, canteen: _Canteen, span: _Span, streams: Mapping[tuple[date, Meal], int]
) -> None:
    columns = [[day for day, _ in streams], [meal for _, meal in streams], list(streams.values())]
    changed = await connection.fetch(
        QUERIES["set_marks"], canteen.book, canteen.canteen_id, span.first, span.last, *columns
    )
    if changed:
        days = [row["business_date"] for row in changed]
        await refresh_months(connection, canteen.book, [canteen.canteen_id], min(days), max(days))
