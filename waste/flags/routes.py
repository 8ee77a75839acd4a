"""HTTP: flags of kitchens' figures."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.params import Parameter

from foundation.calendar import ZONE
from foundation.catalogue import language_of
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from registry import access
from registry.canteens import canteens_of
from registry.models import Database
from waste.flags.flags import FlagState, flags_of, review_flag
from waste.flags.schemas import FlagReview, FlagShown

DAYS_SHOWN = 120
"""Without dates: a quarter and the month after it."""


class FlagController(Controller):
    """Figures of kitchens that need a look."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @get("/flags/explained", guards=[access.allows("see_flags")], summary="Explain flags of kitchens' figures")
    async def explained_flags(
        self,
        request: Request[access.Person, Any, Any],
        database: Database,
        ledger: Pool,
        first: date | None = None,
        last: date | None = None,
        only: Annotated[FlagState | None, Parameter(query="state")] = None,
    ) -> Response[list[FlagShown]]:
        """Each with its figure, the rule and the rows it rests on. A flag is a question, not a finding."""
        until = last or datetime.now(ZONE).date()
        since = first or until - timedelta(days=min(DAYS_SHOWN, (until - date.min).days))
        language = language_of(request.headers.get("accept-language"))
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        found = await flags_of(ledger, list(canteens), since, until, only)
        headers = {"content-language": language.tag, "vary": "accept-language"}
        return Response([FlagShown.of(flag, language) for flag in found], headers=headers)

    @post("/flags/{flag_id:int}/review", guards=[access.allows("inspect")], summary="Review a flag", status_code=204)
    async def review(
        self, request: Request[access.Person, Any, Any], flag_id: NumberInPath, data: FlagReview, database: Database
    ) -> None:
        """Uphold it (the figure is wrong) or dismiss it (the figure is true), with the reason."""
        await review_flag(database, request.user, flag_id, uphold=data.uphold, note=data.note)
