"""The first region and the first two people of a centre, on an empty database."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from foundation.calendar import Calendar
from foundation.catalogue import Explained
from registry import audit
from registry.console_users import NewUser, add_user, check_new_user
from registry.models import BookRow, ConsoleUser, Database
from registry.schemas import NewRegion
from settlement.regions import open_region


async def found(
    database: Database,
    calendar: Calendar,
    region: NewRegion,
    operator: NewUser,
    approver: NewUser,
    breached: Path | None = None,
) -> None:
    """Open the first region and add its first people, all or nothing.

    Raises Explained (the database has a centre already, or both are one person) and Problem, as ``add_user``.
    """
    if operator.login == approver.login:
        raise Explained("onecard.init.same_person")
    for user in (operator, approver):
        check_new_user(user, breached)
    detail = {"operator": operator.login, "approver": approver.login}
    async with audit.change(database, audit.COMMAND_LINE, "found_centre", f"book/{region.book}", detail) as change:
        db = change.db
        for table in (BookRow.book, ConsoleUser.user_id):
            if await db.scalar(select(table).limit(1)) is not None:
                raise Explained("onecard.init.not_empty")
        await open_region(db, region, calendar.business_date_at(datetime.now(UTC)))
        for user in (operator, approver):
            await add_user(db, user)
