"""HTTP: flags for supervisors."""

from datetime import date

from litestar import Controller, get

from foundation.postgres import Pool
from registry import access
from settlement import supervision


class SupervisionController(Controller):
    """Flags for supervisors."""

    tags = ["supervision"]  # noqa: RUF012

    @get(
        "/supervision/flags/{on:date}",
        guards=[access.allows(access.Permission.SEE_FLAGS)],
        summary="List the flags of a business day",
    )
    async def flags(self, on: date, ledger: Pool) -> list[supervision.Flag]:
        """Flags name pseudonymous accounts. A flag is a question, not a finding."""
        return await supervision.flags_of(ledger, on)
