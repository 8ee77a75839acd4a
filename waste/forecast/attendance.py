"""Attendance: what an agency tells beforehand of who will be there to eat. The forecast reads it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from foundation.named_sql import load_queries
from foundation.postgres import Connection
from foundation.problems import INVALID, Problem
from foundation.table_files import VALUE_SHOWN, WrongCell, cell_text, date_of, half_width, read_rows
from registry.canteen_names import CanteenNames
from registry.models import Canteen
from waste.forecast.bookings import BOOKED_AHEAD
from waste.forecast.schemas import DayAttendance

QUERIES = load_queries(Path(__file__).parent / "sql" / "attendance.sql")


class Column(StrEnum):
    """A column of a file; messages ``column.<value>``, of the first two ``weighing.column.<value>``."""

    DATE = "date"
    CANTEEN = "canteen"
    STAFF = "staff"
    ON_LEAVE = "on_leave"
    TRAVELLING = "travelling"
    REMOTE = "remote"
    OVERTIME = "overtime"


NEEDED = (Column.DATE, Column.CANTEEN, Column.STAFF)
ACCEPTED = (*NEEDED, Column.ON_LEAVE, Column.TRAVELLING, Column.REMOTE, Column.OVERTIME)
AWAY = (Column.ON_LEAVE, Column.TRAVELLING, Column.REMOTE)
PEOPLE_MAX = 20_000


async def keep_attendance(
    connection: Connection, canteens: Mapping[int, Canteen], days: Sequence[DayAttendance], login: str, today: date
) -> None:
    """Keep some days, in place of what was told of them before.

    Raises Problem(INVALID): a day is past or more than ``BOOKED_AHEAD`` away, stands twice, or has more people away
    than there are.
    """
    check = _check_of_days(today)
    for day in days:
        try:
            check(asdict(day))
        except WrongCell as wrong:
            raise Problem(INVALID, wrong.code, **wrong.params) from None
    now = datetime.now(UTC)
    await connection.executemany(
        QUERIES["keep_attendance"],
        [
            (
                canteens[day.canteen_id].book, day.canteen_id, day.business_date, day.staff, day.on_leave,
                day.travelling, day.remote, day.overtime, login, now,
            )
            for day in days
        ],
    )  # fmt: skip


def _check_of_days(today: date) -> Callable[[Mapping[str, Any]], None]:
    """A check of one day after another, by the members that are known; it raises WrongCell."""
    seen = set()

    def check(told: Mapping[str, Any]) -> None:
        canteen_id, day, staff = told.get("canteen_id"), told.get("business_date"), told.get("staff")
        if day is not None and not today <= day <= today + BOOKED_AHEAD:
            raise WrongCell("forecast.attendance.not_now", day=day, first=today, last=today + BOOKED_AHEAD)
        if (canteen_id, day) in seen:
            raise WrongCell("forecast.attendance.twice", canteen_id=canteen_id, day=day)
        if canteen_id is not None and day is not None:
            seen.add((canteen_id, day))
        away = sum(told.get(column, 0) for column in AWAY)
        if day is not None and staff is not None and away > staff:
            raise WrongCell("forecast.attendance.too_many", day=day, away=away, staff=staff)

    return check


def attendance_of(table: Sequence[Sequence[Any]], canteens: Mapping[int, Canteen], today: date) -> list[DayAttendance]:
    """The days of a file's cells. Raises WrongFile (wrong columns, cells or days), Problem(INVALID) (too many rows)."""
    names = CanteenNames(canteens)

    def value(column: Column, cell: Any) -> dict[str, Any]:
        match column:
            case Column.DATE:
                return {"business_date": date_of(cell)}
            case Column.CANTEEN:
                return {"canteen_id": names.canteen_of(cell)}
            case Column.STAFF:
                return {"staff": _people(cell, 1)}
            case Column.OVERTIME:
                return {"overtime": _people(cell, 0) if cell_text(cell) else None}
        return {column.value: _people(cell, 0) if cell_text(cell) else 0}

    check = _check_of_days(today)
    rows = read_rows(table, ACCEPTED, NEEDED, value, "forecast.attendance.unknown_column", (Column.DATE, check))
    return [DayAttendance(**values) for _, values in rows]


def _people(cell: Any, least: int) -> int:
    """A number of people. Raises WrongCell."""
    text = half_width(cell_text(cell)).removesuffix("人").removesuffix(".0").replace(",", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= PEOPLE_MAX):
        raise WrongCell(
            "forecast.attendance.not_people", value=cell_text(cell)[:VALUE_SHOWN], least=least, most=PEOPLE_MAX
        )
    return int(text)
