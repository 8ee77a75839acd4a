"""Weighing again: an inspector weighs some streams of a meal once more, and a seed says which.

::

    seed drawn, its hash published ──▶ the canteen weighs ──▶ the inspector draws ──▶ weighs again ──▶ seed published

Nobody knows beforehand what is drawn: streams go by the HMAC of their names under the seed, which nobody sees before
the quarter is over; then anybody can compute the draws again. What was recorded before the seed's hash was published
is not drawn. The grams found ÷ the grams recorded correct the canteen's figures (``waste.evaluation.scoring``).
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg

from foundation.attachments import Attachment, digests
from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Pool, as_struct
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry import audit
from registry.access import Person
from registry.models import Canteen, Database
from waste.evaluation.quarters import is_over, quarter_of, year_and_quarter
from waste.evaluation.scoring import Reweighed
from waste.measures.intervals import student_quantile
from waste.weighing.files import add_files

QUERIES = load_queries(Path(__file__).parent / "sql" / "reweighing.sql")

DRAWN_SHARE = 3
"""One of so many streams that a canteen has recorded of a meal is drawn, and at least one."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A quarter's seed: its SHA-256 beforehand (``commitment``), and itself once the quarter is over."""

    quarter: date
    commitment: str
    committed_by: str
    committed_at: datetime
    seed: str | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A stream that was drawn to be weighed again; ``weight_g`` null: not weighed again yet."""

    canteen_id: int
    business_date: date
    meal: str
    stream: str
    recorded_g: int
    drawn_by: str
    drawn_at: datetime
    weight_g: int | None
    note: str | None
    weighed_by: str | None


def reweigh_subject(canteen_id: int, business_date: date, meal: str, stream: str) -> str:
    """How the audit log and the files name a stream that is weighed again."""
    return f"reweighing/{canteen_id}/{business_date}/{meal}/{stream}"


def commitment_of(seed: str) -> str:
    """The hash of a seed, which is published first."""
    return hashlib.sha256(seed.encode()).hexdigest()


def order_of(seed: str, canteen_id: int, business_date: date, meal: str, stream: str) -> str:
    """By what streams are ordered to be drawn, the least first; anybody with the seed can compute it."""
    name = reweigh_subject(canteen_id, business_date, meal, stream)
    return hmac.new(seed.encode(), name.encode(), hashlib.sha256).hexdigest()


def reweighed_of(pairs: Sequence[tuple[int, int]]) -> Reweighed | None:
    """The ratio of sums of (recorded, found) grams with its interval (Student's, of a ratio estimator); None of none.

    Fewer than two pairs have the interval from 0 to infinity.
    """
    recorded = sum(before for before, _ in pairs)
    if not recorded:
        return None
    ratio, count = sum(found for _, found in pairs) / recorded, len(pairs)
    if count < 2:
        return Reweighed(count, ratio, 0.0, 1e9)
    squares = sum((found - ratio * before) ** 2 for before, found in pairs)
    half = student_quantile(count - 1) * (squares * count / (count - 1)) ** 0.5 / recorded
    return Reweighed(count, ratio, max(ratio - half, 0.0), ratio + half)


async def commit_seed(database: Database, person: Person, quarter: date) -> None:
    """Draw a quarter's seed and publish its hash. A repeat changes nothing. Raises Problem(INVALID): it is over."""
    if is_over(quarter):
        raise Problem(INVALID, "evaluation.seed_too_late", **year_and_quarter(quarter))
    seed = secrets.token_hex(32)
    async with audit.change(database, person.login, "commit_reweigh_seed", f"quarter/{quarter}") as change:
        change.note.detail = {"commitment": commitment_of(seed)}
        added = await (await change.connection()).fetchval(
            QUERIES["commit"], quarter, commitment_of(seed), seed, person.login
        )
        change.is_repeat = added is None


async def seed_of(pool: Pool, quarter: date) -> Seed:
    """A quarter's commitment, with the seed itself once the quarter is over. Raises Problem INVALID, NOT_FOUND."""
    row = await pool.fetchrow(QUERIES["seed"], quarter_of(quarter)[0], is_over(quarter))
    if row is None:
        raise Problem(NOT_FOUND, "evaluation.no_seed", **year_and_quarter(quarter))
    return as_struct(row, Seed)


async def draw_streams(database: Database, person: Person, canteen: Canteen, business_date: date) -> None:
    """Draw a third of the streams of waste that a canteen recorded of each meal of a day.

    A repeat draws from the meals that were recorded since: an early one does not shield the day.

    Raises Problem INVALID (the day is not today or yesterday: food is not kept longer), NOT_FOUND (no seed), CONFLICT
    (nothing was recorded since its hash was published).
    """
    quarter = date(business_date.year, (business_date.month - 1) // 3 * 3 + 1, 1)
    if not 0 <= (datetime.now(ZONE).date() - business_date).days <= 1:
        raise Problem(INVALID, "evaluation.reweigh_too_late", day=business_date)
    subject = f"reweighing/{canteen.canteen_id}/{business_date}"
    async with audit.change(database, person.login, "draw_reweighing", subject) as change:
        connection = await change.connection()
        seed = await connection.fetchrow(QUERIES["lock_seed"], quarter)
        if seed is None:
            raise Problem(NOT_FOUND, "evaluation.no_seed", **year_and_quarter(quarter))
        day = canteen.book, canteen.canteen_id, business_date
        earlier = {row["meal"] for row in await connection.fetch(QUERIES["drawn_meals"], *day)}
        recorded = await connection.fetch(QUERIES["recorded"], *day, seed["committed_at"])
        if not recorded and not earlier:
            raise Problem(CONFLICT, "evaluation.nothing_to_reweigh", day=business_date)
        by_meal: dict[str, list[asyncpg.Record]] = {}
        for row in recorded:
            by_meal.setdefault(row["meal"], []).append(row)
        drawn = []
        for meal in sorted(by_meal.keys() - earlier):
            order = sorted(by_meal[meal], key=lambda r: order_of(seed["seed"], *day[1:], meal, r["stream"]))
            drawn += order[: max(1, len(order) // DRAWN_SHARE)]
        if not drawn:
            change.is_repeat = True
            return
        change.note.detail = {"streams": [f"{row['meal']}/{row['stream']}" for row in drawn]}
        await connection.executemany(
            QUERIES["draw"],
            [
                (
                    canteen.book,
                    canteen.canteen_id,
                    business_date,
                    row["meal"],
                    row["stream"],
                    row["grams"],
                    person.login,
                )
                for row in drawn
            ],
        )


async def keep_reweighed(
    database: Database, person: Person, canteen: Canteen, stream: tuple[date, str, str], weight_g: int, note: str,
    files: list[Attachment],
) -> None:  # fmt: skip
    """Keep what an inspector weighed again of a stream (day, meal, stream) that was drawn; once.

    Raises Problem NOT_FOUND (not drawn), CONFLICT (weighed again already).
    """
    subject = reweigh_subject(canteen.canteen_id, *stream)
    detail = {"weight_g": weight_g, "note": note, "files": digests(files)}
    async with audit.change(database, person.login, "reweigh", subject, detail) as change:
        connection = await change.connection()
        row = await connection.fetchrow(QUERIES["lock_drawn"], canteen.book, canteen.canteen_id, *stream)
        if row is None:
            raise Problem(NOT_FOUND, "evaluation.not_drawn")
        if row["weight_g"] is not None:
            raise Problem(CONFLICT, "evaluation.reweighed_already")
        await connection.execute(
            QUERIES["reweigh"], canteen.book, canteen.canteen_id, *stream, weight_g, note, person.login,
            datetime.now(UTC),
        )  # fmt: skip
        await add_files(change.db, canteen.book, canteen.canteen_id, subject, files, person.login)


async def drawn_streams(pool: Pool, quarter: date, canteen_ids: Sequence[int]) -> list[Drawn]:
    """Streams of a quarter that were drawn in some canteens, the latest day first. Raises Problem(INVALID)."""
    rows = await pool.fetch(QUERIES["drawn"], list(canteen_ids), *quarter_of(quarter))
    return [as_struct(row, Drawn) for row in rows]
