"""The names of a day: documents of the past keep the names that regions, agencies and canteens had then.

A new name holds from the open business day on. The names that it replaces stay with the first day on which they hold no
more; a name that held on no business day is nowhere printed, and not kept.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool
from registry.models import FormerName

QUERIES = load_queries(Path(__file__).parent / "sql" / "former_names.sql")


class Noun(StrEnum):
    """What has names."""

    REGION = "region"
    AGENCY = "agency"
    CANTEEN = "canteen"


class Names(NamedTuple):
    """Names in Chinese and English."""

    name_zh: str
    name_en: str


class Named(Protocol):
    """What has both names."""

    name_zh: Any
    name_en: Any


async def keep_name(db: AsyncSession, noun: Noun, number: int, now: Named, next_: Named, since: date) -> None:
    """Keep the names of now, if others hold from the business day ``since`` on."""
    if (now.name_zh, now.name_en) != (next_.name_zh, next_.name_en):
        kept = {"noun": noun, "number": number, "until": since, "name_zh": now.name_zh, "name_en": now.name_en}
        # A second change on one day keeps the first day's: the names between have held on none.
        await db.execute(insert(FormerName).values(kept).on_conflict_do_nothing())


async def names_on(
    connection: Connection | Pool, day: date, wanted: Iterable[tuple[Noun, int]]
) -> dict[tuple[Noun, int], Names]:
    """The names on a business day; only of those that have other names now."""
    asked = list(wanted)
    rows = await connection.fetch(
        QUERIES["names_on"], day, [noun for noun, _ in asked], [number for _, number in asked]
    )
    return {(Noun(row["noun"]), row["number"]): Names(row["name_zh"], row["name_en"]) for row in rows}
