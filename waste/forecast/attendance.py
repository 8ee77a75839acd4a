"""Attendance: what an agency tells beforehand of who will be there to eat. The forecast reads it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

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
PEOPLE_MAX = 20_000


async def keep_attendance(
    connection: Connection, canteens: Mapping[int, Canteen], days: Sequence[DayAttendance], login: str, today: date
) -> None:
    """Keep some days, in place of what was told of them before.

    Raises Problem(INVALID): a day is past or more than ``BOOKED_AHEAD`` away, stands twice, or has more people away
    than there are.
    """
    seen = set()
    for day in days:
        if not today <= day.business_date <= today + BOOKED_AHEAD:
            raise Problem(
                INVALID, "forecast.attendance.not_now", day=day.business_date, first=today, last=today + BOOKED_AHEAD
            )
        if (place := (day.canteen_id, day.business_date)) in seen:
            raise Problem(INVALID, "forecast.attendance.twice", canteen_id=day.canteen_id, day=day.business_date)
        seen.add(place)
        if (away := _away(day)) > day.staff:
            raise Problem(INVALID, "forecast.attendance.too_many", day=day.business_date, away=away, staff=day.staff)
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


def _away(day: DayAttendance) -> int:
    return day.on_leave + day.travelling + day.remote


def attendance_of(table: Sequence[Sequence[Any]], canteens: Mapping[int, Canteen]) -> list[DayAttendance]:
    """The days of a file's cells. Raises WrongFile (wrong columns or cells), Problem(INVALID) (too many rows)."""
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

    rows = read_rows(table, ACCEPTED, NEEDED, value, "forecast.attendance.unknown_column")
    return [DayAttendance(**values) for _, values in rows]


def _people(cell: Any, least: int) -> int:
    """A number of people. Raises WrongCell."""
    text = half_width(cell_text(cell)).removesuffix("人").removesuffix(".0").replace(",", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= PEOPLE_MAX):
        raise WrongCell(
            "forecast.attendance.not_people", value=cell_text(cell)[:VALUE_SHOWN], least=least, most=PEOPLE_MAX
        )
    return int(text)
