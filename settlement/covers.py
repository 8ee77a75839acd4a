"""Covers: the number of people whose meals were paid. The only thing that the kitchen may learn from payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool
from registry.identifiers import Book, CanteenId, HolderId
from registry.meals import Meal

QUERIES = load_queries(Path(__file__).parent / "sql" / "covers.sql")


@dataclass(frozen=True, slots=True)
class Covers:
    """The people of a canteen's meal who paid the least price of its kind or more (region rules), each once.

    ``net`` of voids and refunds, ``gross`` of voids only. ``cheap``: people who paid less for what they
    ate here: a snack, or a meal that they took away.
    ``paid_fen``: what the covers paid, net, in fen. ``booked``: how many of the covers are people who were named.
    """

    net: int
    gross: int
    cheap: int
    paid_fen: int
    booked: int = 0


NO_COVERS = Covers(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody who may be one of a meal's covers: a diner who booked it."""

    canteen_id: CanteenId
    meal: Meal
    book: Book
    holder_id: HolderId


async def covers_on(
    ledger: Pool | Connection,
    canteen_ids: list[int],
    on: date,
    named: Sequence[Named] = (),
    *,
    within_s: float | None = None,
) -> dict[tuple[int, str], Covers]:
    """Covers of a business date by (canteen, meal), net of what was given back since; meals without any are omitted.

    ``named``: people whom ``Covers.booked`` counts, each once a meal. ``within_s`` raises the statement's time limit,
    in a transaction that allows long work.
    """
    people = ([getattr(one, member) for one in named] for member in ("canteen_id", "meal", "book", "holder_id"))
    rows = await ledger.fetch(QUERIES["covers"], on, canteen_ids, *people, timeout=within_s)
    return {
        (row["canteen_id"], row["meal"]): Covers(
            row["covers"], row["covers_gross"], row["cheap"], row["paid_fen"], row["booked"]
        )
        for row in rows
    }


async def given_back(ledger: Pool | Connection, after: date | None, until: date) -> dict[date, list[int]]:
    """The canteens by the business dates to be counted again for what was given back after one day until another.

    These are the dates of the payments, and those of the bookings before ``until``.
    """
    days: dict[date, list[int]] = {}
    for row in await ledger.fetch(QUERIES["given_back"], after, until):
        days.setdefault(row["business_date"], []).append(row["canteen_id"])
    return days


async def closed_until(pool: Pool) -> date | None:
    """The last business date that is closed in every book; None without books."""
    closed: date | None = await pool.fetchval(QUERIES["closed_until"])
    return closed
