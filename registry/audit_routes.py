"""HTTP: whether the audit log is as it was written."""

from typing import Annotated

from litestar import get
from litestar.params import Parameter
from msgspec import Struct

from foundation.messages import NumberInPath
from foundation.problems import NOT_FOUND, Problem
from registry import access, audit
from registry.access import Permission
from registry.models import AuditEntry, Database


class ChainShown(Struct):
    """Whether the entries up to one are as they were written, in hexadecimal the digest that says so.

    ``first_break``: the number of the first one that is not. ``entries``: how many the log has. A digest that somebody
    kept elsewhere proves more: that no end of the log was cut off and written anew.
    """

    entry: int
    holds: bool
    first_break: int | None
    digest: str
    entries: int


@get(
    "/console/audit-entries/{entry:int}/chain",
    guards=[access.allows(Permission.SEE_AUDIT)],
    summary="Check the audit log up to an entry",
    tags=["console"],
)
async def check_chain(
    entry: NumberInPath, database: Database, after: Annotated[int, Parameter(ge=0, le=2**53 - 1)] = 0
) -> ChainShown:
    """Computes the digests of all entries up to this one again, with the centre's key.

    `after`: of those from this one on, where the ones before were checked already. So a long log is checked in steps.
    """
    async with database() as db:
        found = await db.get(AuditEntry, entry)
        head = await audit.last_entry(db)
    if found is None:
        raise Problem(NOT_FOUND, "list.no_row", number=entry)
    broken = await audit.first_break_until(database, entry, after)
    return ChainShown(entry, broken is None, broken, found.digest.hex(), head)
