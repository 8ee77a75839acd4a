"""Flags: found again and again, cleared when no longer found, and left as a person decided."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from foundation.postgres import Pool
from foundation.problems import Problem
from registry.access import Person
from registry.identifiers import Book, CanteenId
from registry.roles import Role
from waste.flags.flags import FlagState, FoundFlag, flag_counts, flags_of, replace_flags, review_flag

JUNE = date(2026, 6, 1), date(2026, 6, 30)
SUPERVISOR = Person(1, "supervisor", Role.SUPERVISOR, None)


async def canteens_of(ledger: Pool) -> list[Any]:
    return list(await ledger.fetch("SELECT book, canteen_id FROM canteen ORDER BY canteen_id LIMIT 2"))


def found(canteen: Any, day: int, figure: float = 200.0, **more: Any) -> FoundFlag:
    on = date(2026, 6, day)
    return FoundFlag(Book(canteen["book"]), CanteenId(canteen["canteen_id"]), on, on, figure, 60.0, **more)


async def replace(ledger: Pool, canteens: list[Any], flags: list[FoundFlag]) -> None:
    async with ledger.acquire() as connection, connection.transaction():
        await replace_flags(connection, "weight_outlier", [c["canteen_id"] for c in canteens], JUNE, flags)


async def states(ledger: Pool, canteens: list[Any]) -> dict[int, str]:
    numbers = [c["canteen_id"] for c in canteens]
    known = [await flags_of(ledger, numbers, *JUNE, state) for state in FlagState]
    return {flag.first_day.day: flag.state for flags in known for flag in flags}


async def test_what_is_no_longer_found_is_cleared_and_open_again_when_it_is(ledger: Pool) -> None:
    canteens = await canteens_of(ledger)
    both = [found(canteens[0], 3, meal="lunch", rows=("a", "b")), found(canteens[1], 4)]
    await replace(ledger, canteens, both)
    await replace(ledger, canteens, both[:1])
    assert await states(ledger, canteens) == {3: "open", 4: "cleared"}
    [shown] = await flags_of(ledger, [c["canteen_id"] for c in canteens], *JUNE)
    assert (shown.rule, shown.meal, shown.figure, shown.usual, shown.rows) == (
        "weight_outlier", "lunch", 200.0, 60.0, ["a", "b"],
    )  # fmt: skip
    await replace(ledger, canteens, both)
    await replace(ledger, canteens[:1], [])
    assert await states(ledger, canteens) == {3: "cleared", 4: "open"}, "only of the canteens that were looked at"


async def test_what_a_person_decided_stays(ledger: Pool, database_url: str) -> None:
    canteens = await canteens_of(ledger)
    await replace(ledger, canteens, [found(canteens[0], 3), found(canteens[0], 4), found(canteens[0], 5)])
    numbers = [c["canteen_id"] for c in canteens]
    flags = {flag.first_day.day: flag.flag_id for flag in await flags_of(ledger, numbers, *JUNE)}
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    database = async_sessionmaker(engine)
    await review_flag(database, SUPERVISOR, flags[3], uphold=True, note="秤未归零")
    await review_flag(database, SUPERVISOR, flags[4], uphold=False, note="当日有会议")
    for number, code in ((flags[3], "flags.not_open"), (424242, "flags.no_flag")):
        with pytest.raises(Problem) as refused:
            await review_flag(database, SUPERVISOR, number, uphold=False, note="再看")
        assert refused.value.code == code
    await engine.dispose()
    await replace(ledger, canteens, [found(canteens[0], 3, figure=300.0)])
    assert await states(ledger, canteens) == {3: "upheld", 4: "dismissed", 5: "cleared"}
    assert await flag_counts(ledger, numbers, *JUNE) == {canteens[0]["canteen_id"]: {"weight_outlier": {"upheld": 1}}}
