"""Sampling plans: at least 35 % of the canteens a year, all within three years (national notice of September 2023).

Each stratum of size is drawn separately. Canteens not visited in the two years before are due; what took place counts,
not what was planned (``inspections``). The others are taken from those not visited for longest, except for a share
that is drawn from all: no canteen is safe after an inspection, and none can foresee it. The same candidates and seed
give the same plan. A plan for a year that has begun starts with the quarter in which it is made.
"""

import random
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from math import ceil
from pathlib import Path

from msgspec import Struct, convert, json

from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Pool, as_struct
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry import audit
from registry.identifiers import CanteenId
from registry.models import Database
from registry.opening import Opening, openings

QUERIES = load_queries(Path(__file__).parent / "sql" / "sampling.sql")

SHARE, SURPRISE = 0.35, 0.05
YEARS = 3
SMALL, MEDIUM = 100, 300
"""A canteen is small below 100 lunches a day, medium below 300, else large (assumed)."""


class Stratum(StrEnum):
    """Canteens of a similar size."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A canteen when a plan was drawn: its stratum, the year of the last visit to it, and since when plans exist.

    ``closed``: the quarters in which it is open on no day; nobody visits it then.
    """

    canteen_id: CanteenId
    stratum: Stratum
    last_year: int | None
    since: int
    closed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A canteen to inspect in a ``quarter`` (1 to 4); ``due``: the last visit was three years ago."""

    canteen_id: CanteenId
    stratum: Stratum
    quarter: int
    due: bool


class Plan(Struct):
    """The plan of inspections of a year; its candidates and seed give the same draw again."""

    year: int
    seed: str
    candidates: list[Candidate]
    drawn: list[Drawn]
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """Canteens, and those drawn in a year, visited in it, and visited within three years."""

    canteens: int
    drawn: int
    inspected: int
    in_three_years: int


def stratum_of(lunches: float) -> Stratum:
    """The stratum of a canteen with so many lunches a day."""
    if lunches < SMALL:
        return Stratum.SMALL
    return Stratum.MEDIUM if lunches < MEDIUM else Stratum.LARGE


def first_quarter(year: int, made_on: date) -> int:
    """The first quarter in which a plan made on a day can still be carried out."""
    return (made_on.month + 2) // 3 if made_on.year == year else 1


def draw(candidates: Sequence[Candidate], year: int, seed: str, begin: int = 1) -> list[Drawn]:
    """Draw the canteens to inspect in a year from a quarter on, by stratum."""
    drawn = []
    for stratum in sorted({c.stratum for c in candidates}):
        mine = sorted((c for c in candidates if c.stratum == stratum), key=lambda c: c.canteen_id)
        chance = random.Random(f"{seed}/{year}/{stratum}")  # noqa: S311 - seeded, to be drawn again
        drawn += _draw(mine, year, chance, begin)
    return drawn


def _draw(candidates: list[Candidate], year: int, chance: random.Random, begin: int) -> list[Drawn]:
    def waited(c: Candidate) -> int:
        return year - (c.last_year if c.last_year is not None else c.since - 1)

    due = [c for c in candidates if waited(c) >= YEARS]
    surprise = ceil(SURPRISE * len(candidates))
    wanted = max(ceil(SHARE * len(candidates)), min(len(due) + surprise, len(candidates)))
    others = [c for c in candidates if c not in due]
    chance.shuffle(others)
    others.sort(key=waited, reverse=True)
    chosen = [*due, *others[: max(0, wanted - surprise - len(due))]]
    rest = [c for c in candidates if c not in chosen]
    chosen += chance.sample(rest, min(wanted - len(chosen), len(rest)))
    chance.shuffle(chosen)
    return [Drawn(c.canteen_id, c.stratum, chance.choice(open_quarters(c, begin)), c in due) for c in chosen]


def open_quarters(candidate: Candidate, begin: int) -> list[int]:
    """The quarters from one on in which a canteen can be visited."""
    return [quarter for quarter in range(begin, 5) if quarter not in candidate.closed]


def _closed_quarters(opening: Opening, year: int) -> tuple[int, ...]:
    """The quarters in which a canteen is open on no day."""
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    by_quarter = groupby(days, lambda day: (day.year, (day.month + 2) // 3))
    return tuple(
        quarter for (of, quarter), its in by_quarter if of == year and not any(opening.on(day).is_open for day in its)
    )


async def make_plan(database: Database, login: str, year: int) -> None:
    """Draw the plan of a year under a fresh seed. Raises Problem INVALID (the year), CONFLICT (drawn already)."""
    now, today = datetime.now(UTC), datetime.now(ZONE).date()
    if not today.year <= year <= today.year + 1:
        raise Problem(INVALID, "supervision.not_a_year_to_plan", first=today.year, second=today.year + 1)
    async with audit.change(database, login, "draw_sample", f"sampling-plan/{year}") as change:
        connection = await change.connection()
        begin, calendar = first_quarter(year, today), await openings(connection)
        known = [
            Candidate(
                row["canteen_id"],
                stratum_of(row["lunches"]),
                row["last_year"],
                row["since"],
                _closed_quarters(calendar[row["canteen_id"]], year),
            )
            for row in await connection.fetch(QUERIES["candidates"], date(year, 1, 1))
        ]
        candidates = [one for one in known if open_quarters(one, begin)]
        seed = secrets.token_hex(16)
        drawn = draw(candidates, year, seed, begin)
        listed = [json.encode([asdict(one) for one in many]).decode() for many in (candidates, drawn)]
        if await connection.fetchval(QUERIES["keep_plan"], year, seed, *listed, login, now) is None:
            raise Problem(CONFLICT, "supervision.plan_exists", year=year)
        change.note.detail = {"seed": seed, "drawn": [one.canteen_id for one in drawn]}


async def plan_of(pool: Pool, year: int) -> Plan:
    """The plan of a year. Raises Problem(NOT_FOUND)."""
    row = await pool.fetchrow(QUERIES["plan"], year)
    if row is None:
        raise Problem(NOT_FOUND, "supervision.no_plan", year=year)
    decoded = {name: json.decode(row[name]) for name in ("candidates", "drawn")}
    return convert(dict(row) | decoded, Plan)


async def coverage(pool: Pool, year: int) -> Coverage:
    """How many canteens are drawn and inspected."""
    row = await pool.fetchrow(QUERIES["coverage"], year)
    assert row is not None
    return as_struct(row, Coverage)
