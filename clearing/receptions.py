"""Receptions and meals that hosts paid: what agencies spent by month, before and after they joined the network.

An agency's finance reports whole months from its books. A report is never changed: a later version of a month corrects
it. Working meals that were paid on the network come from the ledger's cycles, and are added to what is reported.

Like is compared with like: a month after joining with the same month of the calendar in the last year before. A month
that lacks either figure is not compared. The month of joining itself is on neither side.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from clearing.models import ReceptionMonth
from clearing.schemas import AgencyReceptions, ComparedMonth, NewReceptions, ReceptionSavings
from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry import audit
from registry.access import Person
from registry.models import Agency, Database

QUERIES = load_queries(Path(__file__).parent / "sql" / "receptions.sql")


@dataclass(frozen=True, slots=True)
class Spent:
    """What an agency reported of a month, in fen: receptions, and meals that it paid as host beside the network."""

    reception_fen: int
    host_meals_fen: int


def month_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def month_before(month: date, joined: date) -> date:
    """The same month of the calendar in the last year before an agency joined."""
    year = joined.year if (month.month, month.day) < (joined.month, joined.day) else joined.year - 1
    return month.replace(year=year)


def months_after(joined: date, now: date) -> list[date]:
    """The whole months after the month of joining that are over; both are first days of months."""
    count = 12 * (now.year - joined.year) + now.month - joined.month
    begin = 12 * joined.year + joined.month - 1
    return [date((begin + n) // 12, (begin + n) % 12 + 1, 1) for n in range(1, count)]


def compared_months(
    reported: Mapping[date, Spent], on_network: Mapping[date, int], joined: date, now: date
) -> tuple[list[ComparedMonth], list[date]]:
    """The months that can be compared, and those after joining that cannot; money in fen."""
    found, missing = [], []
    for month in months_after(joined, now):
        earlier = month_before(month, joined)
        before, after = reported.get(earlier), reported.get(month)
        if before is None or after is None:
            missing.append(month)
            continue
        network_fen = on_network.get(month, 0)
        before_fen = before.reception_fen + before.host_meals_fen
        after_fen = after.reception_fen + after.host_meals_fen + network_fen
        found.append(
            ComparedMonth(
                month, earlier, before.reception_fen, before.host_meals_fen, before_fen, after.reception_fen,
                after.host_meals_fen, network_fen, after_fen, before_fen - after_fen,
            )
        )  # fmt: skip
    return found, missing


async def report_receptions(database: Database, person: Person, told: NewReceptions) -> None:
    """Keep what an agency spent in some months.

    Raises Problem NOT_ALLOWED (another agency), NOT_FOUND, INVALID (a month twice, or not over), CONFLICT (a month that
    was reported before takes a reason; somebody else reported it at the same time).
    """
    person.must_act_for(told.agency_id)
    now = datetime.now(UTC)
    months = {month_of(one.month): one for one in told.months}
    _must_be_over([*months, *([month_of(told.joined_month)] if told.joined_month else [])], now)
    if len(months) < len(told.months):
        raise Problem(INVALID, "receptions.month_twice")
    detail = {
        "source": told.source, "reason": told.reason, "joined_month": str(told.joined_month or ""),
        "months": {
            f"{month:%Y-%m}": [one.reception_fen, one.host_meals_fen] for month, one in sorted(months.items())
        },
    }  # fmt: skip
    subject = f"agency/{told.agency_id}"
    async with audit.change(database, person.login, "report_receptions", subject, detail) as change:
        if await change.db.scalar(select(Agency.agency_id).where(Agency.agency_id == told.agency_id)) is None:
            raise Problem(NOT_FOUND, "receptions.no_agency", agency_id=told.agency_id)
        versions = await _versions(change.db, told.agency_id, months)
        if versions and told.reason is None:
            raise Problem(CONFLICT, "receptions.reported", month=f"{min(versions):%Y-%m}")
        for month, one in months.items():
            change.db.add(
                ReceptionMonth(
                    agency_id=told.agency_id, month=month, version=versions.get(month, 0) + 1,
                    reception_fen=one.reception_fen, host_meals_fen=one.host_meals_fen,
                    joined_month=month_of(told.joined_month) if told.joined_month else None, source=told.source,
                    reason=told.reason, reported_by=person.login, reported_at=now,
                )
            )  # fmt: skip
        try:
            await change.db.flush()
        except IntegrityError:
            raise Problem(CONFLICT, "receptions.reported_meanwhile") from None


def _must_be_over(months: Collection[date], now: datetime) -> None:
    running = month_of(now.astimezone(ZONE).date())
    if late := [month for month in months if month >= running]:
        raise Problem(INVALID, "receptions.month_not_over", month=f"{min(late):%Y-%m}")


async def _versions(db: AsyncSession, agency_id: int, months: Collection[date]) -> dict[date, int]:
    kept = select(ReceptionMonth.month, ReceptionMonth.version).where(
        ReceptionMonth.agency_id == agency_id, ReceptionMonth.month.in_(months)
    )
    found: dict[date, int] = {}
    for month, version in (await db.execute(kept)).tuples():
        found[month] = max(version, found.get(month, 0))
    return found


async def reception_savings(pool: Pool, agency_id: int | None) -> ReceptionSavings:
    """What agencies spent less after joining than before; of one agency, or of all. Months until the one before now."""
    now = datetime.now(UTC)
    running = month_of(now.astimezone(ZONE).date())
    reported: dict[int, dict[date, Spent]] = {}
    for row in await pool.fetch(QUERIES["reported"], agency_id):
        months = reported.setdefault(row["agency_id"], {})
        months[row["month"]] = Spent(row["reception_fen"], row["host_meals_fen"])
    on_network: dict[int, dict[date, int]] = {}
    for row in await pool.fetch(QUERIES["working_meals"], agency_id, running):
        on_network.setdefault(row["agency_id"], {})[row["month"]] = row["fen"]
    agencies = []
    for row in await pool.fetch(QUERIES["joined"], agency_id):
        number = row["agency_id"]
        joined = row["stated"] or (month_of(row["first_cycle"]) if row["first_cycle"] else None)
        known = reported.get(number, {})
        compared, missing = compared_months(known, on_network.get(number, {}), joined, running) if joined else ([], [])
        agencies.append(
            AgencyReceptions(
                agency_id=number, book=row["book"], joined_month=joined, is_stated=row["stated"] is not None,
                first_cycle=row["first_cycle"], reported=len(known), reported_first=min(known, default=None),
                reported_last=max(known, default=None), missing=missing, compared=compared,
                before_fen=sum(one.before_fen for one in compared), after_fen=sum(one.after_fen for one in compared),
                saved_fen=sum(one.saved_fen for one in compared),
            )
        )  # fmt: skip
    return ReceptionSavings(
        as_of=now, agencies=agencies, before_fen=sum(one.before_fen for one in agencies),
        after_fen=sum(one.after_fen for one in agencies), saved_fen=sum(one.saved_fen for one in agencies),
    )  # fmt: skip
