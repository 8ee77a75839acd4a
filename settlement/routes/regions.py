"""HTTP: regions that join."""

from datetime import UTC, datetime
from typing import Any

from litestar import Controller, Request, post

from foundation.calendar import Calendar
from registry import access, audit
from registry.access import Permission
from registry.listings import ListedRegion
from registry.models import Database
from registry.schemas import NewRegion
from settlement.regions import open_region


class RegionController(Controller):
    """Regions of the network."""

    path = "/registry/regions"
    tags = ["registry"]  # noqa: RUF012

    @post(guards=[access.allows(Permission.ADMINISTER_NETWORK)], summary="Register a region")
    async def register_region(
        self, request: Request[access.Person, Any, Any], data: NewRegion, database: Database, calendar: Calendar
    ) -> ListedRegion:
        """A book of the ledger with the strictest rules, which the region then changes."""
        detail = {"name_zh": data.name_zh, "name_en": data.name_en}
        async with audit.change(database, request.user.login, "register_region", f"book/{data.book}", detail) as change:
            region = await open_region(change.db, data, calendar.business_date_at(datetime.now(UTC)))
        return ListedRegion(region.book, region.name_zh, region.name_en, region.state, region.closed_at)
