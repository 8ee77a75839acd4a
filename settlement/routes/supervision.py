"""HTTP: flags for supervisors."""

from datetime import date

from litestar import Controller, get

from foundation.postgres import Pool
from registry import access
from settlement import supervision


class SupervisionController(Controller):
    """What supervisors should look at."""

    tags = ["supervision"]  # noqa: RUF012

    @get("/supervision/flags/{on:date}", guards=[access.allows("see_flags")], summary="Flags of a business day")
    async def flags(self, on: date, ledger: Pool) -> list[supervision.Flag]:
        """Pseudonymous; a flag is a question, no verdict."""
        return await supervision.flags_of(ledger, on)
