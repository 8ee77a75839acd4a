"""Whom to inspect in a year: at least 35 % of the canteens, all within three years (national notice of September 2023).

Drawn apart in each stratum of size. Whoever was not inspected in the two years before is due; the others are drawn from
those not inspected for longest, but for a share that is drawn from all, so that nobody is safe after a visit and nobody
knows when it comes. The same candidates and seed give the same plan; of a year that has begun, from the quarter on in
which it was made.
"""

import random
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from math import ceil
from pathlib import Path

from msgspec import json

from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Pool, as_struct
from foundation.problems import CONFLICT, INVALID, Problem

QUERIES = load_queries(Path(__file__).parent / "sql" / "sampling.sql")

SHARE, SURPRISE = 0.35, 0.05
YEARS = 3
SMALL, MEDIUM = 100, 300
"""Lunches a day below which a canteen is small, and medium (assumed)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A canteen: its stratum, the year of its last inspection, and the year since which it can be inspected."""

    canteen_id: int
    stratum: str
    last_year: int | None
    since: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A canteen to inspect, the quarter to do it in (1 to 4), and whether three years would be over otherwise."""

    canteen_id: int
    stratum: str
    quarter: int
    due: bool


def stratum_of(lunches: float) -> str:
    """Small, medium or large, by lunches a day."""
    return "small" if lunches < SMALL else "medium" if lunches < MEDIUM else "large"


def first_quarter(year: int, made_on: date) -> int:
    """The first quarter in which a plan of the year made on that day can still be carried out."""
    return (made_on.month + 2) // 3 if made_on.year == year else 1


def draw(candidates: Sequence[Candidate], year: int, seed: str, begin: int = 1) -> list[Drawn]:
    """The canteens to inspect in a year from a quarter on, by stratum, in the order drawn."""
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
    return [Drawn(c.canteen_id, c.stratum, chance.randint(begin, 4), c in due) for c in chosen]


async def make_plan(pool: Pool, year: int, login: str) -> None:
    """Draw a year's plan under a seed that nobody could know. Raises Problem INVALID (the year), CONFLICT (made)."""
    now, today = datetime.now(UTC), datetime.now(ZONE).date()
    if not today.year <= year <= today.year + 1:
        raise Problem(INVALID, f"a plan is for {today.year} or {today.year + 1}")
    candidates = [
        Candidate(row["canteen_id"], stratum_of(row["lunches"]), row["last_year"], row["since"])
        for row in await pool.fetch(QUERIES["candidates"], date(year, 1, 1))
    ]
    seed = secrets.token_hex(16)
    chosen = draw(candidates, year, seed, first_quarter(year, today))
    listed, drawn = ([asdict(one) for one in many] for many in (candidates, chosen))
    made = await pool.fetchval(
        QUERIES["keep_plan"], year, seed, json.encode(listed).decode(), json.encode(drawn).decode(), login, now
    )
    if made is None:
        raise Problem(CONFLICT, f"the plan of {year} is drawn already")


@dataclass(frozen=True, slots=True)
class Coverage:
    """Canteens, and those drawn in a year, inspected in it, and inspected within three years."""

    canteens: int
    drawn: int
    inspected: int
    in_three_years: int


async def coverage(pool: Pool, year: int) -> Coverage:
    """How many canteens inspections covered by the end of a year."""
    row = await pool.fetchrow(QUERIES["coverage"], year)
    assert row is not None
    return as_struct(row, Coverage)
