"""Regions, agencies and canteens are suspended, go on, and end.

::

    active ──suspend──▶ suspended ──resume──▶ active
      └───────end───────────┴────────end────▶ ended

From then on nothing is paid at their canteens (``closed_at``; ``terminals.ordering``), nobody is registered, invited or
booked there, and no terminal enrols. What was bought before is still posted. Officials keep their money, and eat
elsewhere. Nothing comes back from its end.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, cast, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.calendar import ZONE
from foundation.catalogue import Phrase, Phrases
from foundation.problems import CONFLICT, NOT_FOUND, Problem
from registry.former_names import Noun
from registry.models import Agency, BookRow, Canteen
from registry.states import MemberState

Member = BookRow | Agency | Canteen

_KEYS: dict[Noun, tuple[type[Any], Any]] = {
    Noun.REGION: (BookRow, BookRow.book),
    Noun.AGENCY: (Agency, Agency.agency_id),
    Noun.CANTEEN: (Canteen, Canteen.canteen_id),
}
_LOCK = text("SELECT pg_advisory_xact_lock(7390, 0)")

LATE_PAYMENTS = timedelta(days=1)
"""How long after its purchase a till may send a payment (``terminals.parameters``)."""

STEPS = {
    "suspend": ({MemberState.ACTIVE}, MemberState.SUSPENDED),
    "resume": ({MemberState.SUSPENDED}, MemberState.ACTIVE),
    "end": ({MemberState.ACTIVE, MemberState.SUSPENDED}, MemberState.ENDED),
}
"""Step -> from which states, and to which."""


async def lock_network(db: AsyncSession) -> None:
    """Wait until nobody else changes the network, and keep others waiting until the transaction ends."""
    await db.execute(_LOCK)


def subject_of(member: Member) -> str:
    """How the audit log names it."""
    match member:
        case BookRow():
            return f"book/{member.book}"
        case Agency():
            return f"agency/{member.agency_id}"
        case Canteen():
            return f"canteen/{member.canteen_id}"


async def find_member(db: AsyncSession, noun: Noun, number: int) -> Member:
    """A region, agency or canteen, locked until the transaction ends. Raises Problem(NOT_FOUND)."""
    await lock_network(db)
    table, key = _KEYS[noun]
    # A region's code has 32 bits: a larger number is no region.
    query = select(table).where(cast(key, BigInteger) == number)
    member: Member | None = await db.scalar(query.with_for_update())
    if member is None:
        raise Problem(NOT_FOUND, f"member.no_{noun}", number=number)
    return member


def must_be_active(*members: Member) -> None:
    """Raise Problem(CONFLICT) if one of them is suspended or has ended."""
    for member in members:
        if member.state != MemberState.ACTIVE:
            raise Problem(CONFLICT, "member.not_active", what=_named(member), state=_state(member))


async def agency_must_be_active(db: AsyncSession, agency: Agency) -> None:
    """Raise Problem(CONFLICT) if an agency or its region is suspended or has ended.

    Its state stays until the transaction ends: an agency does not end while somebody joins it.
    """
    await db.refresh(agency, with_for_update={"read": True})
    must_be_active(agency, await db.get_one(BookRow, agency.book))


async def canteen_must_be_active(db: AsyncSession, canteen: Canteen) -> None:
    """Raise Problem(CONFLICT) if a canteen, its agency or its region is suspended or has ended."""
    must_be_active(*await _canteen_and_above(db, canteen))


async def is_active(db: AsyncSession, canteen: Canteen) -> bool:
    """Whether a canteen, its agency and its region are active."""
    return all(member.state == MemberState.ACTIVE for member in await _canteen_and_above(db, canteen))


async def _canteen_and_above(db: AsyncSession, canteen: Canteen) -> list[Member]:
    agency = await db.get_one(Agency, (canteen.book, canteen.agency_id))
    return [canteen, agency, await db.get_one(BookRow, canteen.book)]


def step(member: Member, name: str) -> None:
    """Take a step of ``STEPS``. Raises Problem(CONFLICT): its state is another. What has ended leaves nothing."""
    before, after = STEPS[name]
    if member.state not in before:
        raise Problem(CONFLICT, f"member.cannot_{name}", what=_named(member), state=_state(member))
    member.state = after
    member.closed_at = None if after is MemberState.ACTIVE else member.closed_at or datetime.now(UTC)


async def end_region(db: AsyncSession, region: BookRow) -> None:
    """End a region. Raises Problem(CONFLICT): agencies of it have not ended."""
    _must_leave_nothing(await _still_there(db, region.book))
    step(region, "end")


async def end_agency(db: AsyncSession, agency: Agency, money: list[Phrase]) -> None:
    """End an agency. ``money``: what it still owes, is owed and holds, told by who knows.

    Raises Problem(CONFLICT) that lists what is to be done before.
    """
    children = select(Agency.agency_id).where(
        Agency.parent_agency_id == agency.agency_id, Agency.state != MemberState.ENDED
    )
    canteens = select(Canteen.canteen_id).where(
        Canteen.agency_id == agency.agency_id, Canteen.state != MemberState.ENDED
    )
    left = [
        Phrase(f"{code} {numbers}", f"member.left.{code}", {"numbers": ", ".join(map(str, numbers))})
        for code, query in (("canteens", canteens), ("agencies", children))
        if (numbers := sorted(await db.scalars(query)))
    ]
    last = await db.scalar(select(func.max(Canteen.closed_at)).where(Canteen.agency_id == agency.agency_id))
    if last is not None and last + LATE_PAYMENTS > datetime.now(UTC):
        until = (last + LATE_PAYMENTS).astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
        left.append(Phrase(f"late payments until {until}", "member.left.late", {"until": until}))
    _must_leave_nothing(left + money)
    step(agency, "end")


async def _still_there(db: AsyncSession, book: int) -> list[Phrase]:
    query = (
        select(Agency.agency_id)
        .where(Agency.book == book, Agency.state != MemberState.ENDED)
        .order_by(Agency.agency_id)
    )
    numbers = ", ".join(map(str, await db.scalars(query)))
    return [Phrase(f"agencies {numbers}", "member.left.agencies", {"numbers": numbers})] if numbers else []


def _must_leave_nothing(left: list[Phrase]) -> None:
    if left:
        raise Problem(CONFLICT, "member.left", left=Phrases(tuple(left)))


def _named(member: Member) -> Phrase:
    noun, number = subject_of(member).split("/")
    return Phrase(f"{noun}/{number}", f"member.{noun}", {"number": number, "name": member.name_zh})


def _state(member: Member) -> Phrase:
    return Phrase(member.state, f"member.state.{member.state}")
