"""HTTP for the console's frame: what lists there are, and what needs a person now.

A task is a list narrowed to what waits for somebody: its count and the rows that it leads to are the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Request, get
from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation import catalogue
from foundation.catalogue import language_of
from foundation.keys import KeyRing
from onecard.listings import LISTS
from registry import access
from registry.access import Permission, Person
from registry.lists.described import DescribedList, describe
from registry.models import Database

ByPerson = Request[Person, Any, Any]

COUNTED_AT_MOST = 1_000
"""A count that needs more than a look is no help, and costs the ledger."""


@dataclass(frozen=True, slots=True)
class Task:
    """What waits for those with a permission: the list at ``path``, narrowed by its own filters.

    ``mine``: the filter that takes the person's agency, where not all that he sees waits for him.
    """

    name: str
    path: str
    permission: Permission
    narrowed: Mapping[str, str | bool]
    mine: str | None = None

    def is_for(self, person: Person) -> bool:
        """Whether he may do it, and see the list."""
        return person.may(self.permission) and person.may(LISTS[self.path].permission)

    def filters(self, person: Person) -> dict[str, str | bool | int]:
        """The list's filters for this person."""
        own = {} if self.mine is None or person.agency_id is None else {self.mine: int(person.agency_id)}
        return {**self.narrowed, **own}


TASKS = (
    Task("approvals", "/console/approvals", Permission.APPROVE, {"state": "pending"}),
    Task("disputes_to_answer", "/clearing/disputes", Permission.DISPUTE, {"state": "open"}, mine="other_agency"),
    Task("disputes_to_decide", "/clearing/disputes", Permission.DECIDE_DISPUTE, {"state": "answered"}),
    Task("differences", "/clearing/differences", Permission.SETTLE, {"resolved": False}),
    Task("cycles_to_settle", "/clearing/cycles", Permission.SETTLE, {"state": "published"}),
    Task("closings_that_disagree", "/settlement/shift-closings", Permission.REFUND, {"agrees": False}),
    Task("enrolments", "/console/enrolments", Permission.APPROVE_TERMINAL, {"approved": False}),
    Task("terminals_with_late_keys", "/console/terminals", Permission.ENROL_TERMINAL, {"late": True}),
    Task("users_to_confirm", "/console/users", Permission.MANAGE_USERS, {"state": "unconfirmed"}),
    Task("visit_requests", "/registry/visit-requests", Permission.REGISTER_VISIT, {"state": "waiting"}),
    Task("rosters", "/registry/rosters", Permission.REGISTER_OFFICIAL, {"state": "previewed"}),
    Task("locked_cashiers", "/console/cashiers", Permission.MANAGE_CASHIERS, {"locked": True}),
    Task("cases", "/waste/cases", Permission.RECTIFY, {"state": "open"}),
    Task("implausible_weights", "/waste/weigh-ins", Permission.WEIGH_WASTE, {"implausible": True}),
    Task("flags", "/waste/flags", Permission.INSPECT, {"state": "open"}),
    Task("proved_cases", "/waste/cases", Permission.INSPECT, {"state": "proved"}),
    Task("evaluations_to_verify", "/waste/evaluations", Permission.INSPECT, {"to_verify": True}),
    Task("appeals", "/waste/appeals", Permission.DECIDE_APPEAL, {"state": "open"}),
    Task("bulletins", "/waste/bulletins", Permission.PUBLISH_BULLETIN, {"state": "draft"}),
)


class TaskShown(Struct):
    """What waits: ``count`` rows (1,000: so many or more) of the list at ``path`` with these ``filters``."""

    name: str
    title: str
    path: str
    filters: dict[str, str | bool | int]
    count: int


class About(Struct):
    """The release, and the keys in hexadecimal that receipts and statements are checked with, the newest first."""

    version: str
    public_keys: list[str]


@get("/console/about", tags=["console"], guards=[access.signed_in], summary="Get the release and its public keys")
async def about(keys: KeyRing) -> About:
    """Ed25519; also keys of before, whose signatures stay good."""
    return About(version("onecard"), [key.hex() for key in keys.every_centre_public_key])


@get("/console/lists", tags=["console"], guards=[access.signed_in], summary="Describe the lists that I may see")
async def describe_lists(request: ByPerson) -> list[DescribedList]:
    """Their columns, filters and orders in the reader's language: a page draws every list from this."""
    language = language_of(request.headers.get("accept-language"))
    return [describe(one, path, language) for path, one in LISTS.items() if request.user.may(one.permission)]


@get("/console/tasks", tags=["console"], guards=[access.signed_in], summary="Count what waits for me")
async def count_tasks(request: ByPerson, database: Database) -> list[TaskShown]:
    """For each duty of the person's role the rows that wait for it; also those of which there are none."""
    language, person = language_of(request.headers.get("accept-language")), request.user
    async with database() as db:
        return [
            TaskShown(
                task.name,
                catalogue.text(f"task.{task.name}", language),
                task.path,
                task.filters(person),
                await _count(db, task, person),
            )
            for task in TASKS
            if task.is_for(person)
        ]


async def _count(db: AsyncSession, task: Task, person: Person) -> int:
    listing = LISTS[task.path]
    rows = listing.seen_by(person)
    for name, value in task.filters(person).items():
        narrowing = listing.filters[name]
        rows = rows.where(narrowing.where(msgspec.convert(value, narrowing.kind)))
    few = rows.limit(COUNTED_AT_MOST).subquery()
    return (await db.execute(select(func.count()).select_from(few))).scalar_one()
