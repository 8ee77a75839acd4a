"""The lists of terminals: what each shows and to whom."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import and_, case, func, not_, select, true

from registry.access import Permission
from registry.identifiers import AgencyId, Book, CanteenId, TerminalId
from registry.lists.listing import Filter, Listing, contains, in_region, members, numbered, one_of, since, until
from registry.models import Canteen
from terminals.inventory import LATE_AFTER
from terminals.models import (
    CounterDisplay,
    Enrolment,
    Roster,
    RosterState,
    Sheet,
    SheetState,
    Terminal,
    TerminalKind,
    TerminalReport,
    TerminalSession,
    TerminalState,
)


class ListedTerminal(Struct):
    """A terminal, and what it last said of itself; null: it has not said so.

    ``renew_key_by``: after that it is late with the renewal of its key. ``signed_on_at``, ``protocol``, ``software``,
    ``model``, ``serial``: its last sign-on. ``seen_at``, ``clock_ahead_s``: when it last asked for changes, and how far
    its clock was ahead of the centre's then, in seconds. ``block_list_version``: the one that it had when it last asked
    for changes of it. ``unknown_payments``: of its last closing of a shift, at ``closed_at``.
    """

    terminal_id: TerminalId
    book: Book
    name: str | None
    kind: str
    state: str
    agency_id: AgencyId
    canteen_id: CanteenId
    canteen_zh: str
    canteen_en: str
    epoch: int
    enrolled_at: datetime
    revoked_at: datetime | None
    renew_key_by: datetime
    signed_on_at: datetime | None
    protocol: int | None
    software: str | None
    model: str | None
    serial: str | None
    seen_at: datetime | None
    clock_ahead_s: int | None
    block_list_version: int | None
    unknown_payments: int | None
    closed_at: datetime | None


_last = (
    select(TerminalSession)
    .where(TerminalSession.book == Terminal.book, TerminalSession.terminal_id == Terminal.terminal_id)
    .order_by(TerminalSession.signed_in_at.desc())
    .limit(1)
    .lateral("last_session")
)
_renew_by = func.coalesce(Terminal.key_since, Terminal.enrolled_at) + LATE_AFTER


def _is_late(value: bool) -> Any:
    late = and_(_renew_by < datetime.now(UTC), Terminal.state == TerminalState.ACTIVE.value)
    return late if value else not_(late)


TERMINALS = Listing(
    "terminals",
    ListedTerminal,
    Permission.SEE_TERMINALS,
    members(
        ListedTerminal,
        Terminal,
        TerminalReport,
        Canteen,
        canteen_zh=Canteen.name_zh,
        canteen_en=Canteen.name_en,
        renew_key_by=_renew_by,
        signed_on_at=_last.c.signed_in_at,
        protocol=_last.c.protocol,
        software=_last.c.software,
        model=_last.c.model,
        serial=_last.c.serial,
    )
    .join(Canteen, and_(Canteen.book == Terminal.book, Canteen.canteen_id == Terminal.canteen_id))
    .outerjoin(
        TerminalReport,
        and_(TerminalReport.book == Terminal.book, TerminalReport.terminal_id == Terminal.terminal_id),
    )
    .outerjoin(_last, true()),
    key=(Terminal.terminal_id,),
    owners=(Canteen.agency_id,),
    filters={
        "book": in_region(Terminal.book),
        "agency_id": numbered(Canteen.agency_id),
        "canteen_id": numbered(Terminal.canteen_id),
        "state": one_of(Terminal.state, TerminalState),
        "kind": one_of(Terminal.kind, TerminalKind),
        "name": contains(Terminal.name),
        "late": Filter(bool, _is_late),
        "seen_until": until(TerminalReport.seen_at, datetime),
    },
    sorts={"enrolled_at": Terminal.enrolled_at},
    words={"kind": lambda value: f"terminal.kind.{value}", "state": lambda value: f"terminal.state.{value}"},
)


class ListedEnrolment(Struct):
    """A one-time code for a device, who made and who approved it, and the terminal that came of it."""

    enrolment_id: int
    book: Book
    kind: str
    agency_id: AgencyId
    canteen_id: CanteenId
    created_by: str
    approved_by: str | None
    expires_at: datetime
    terminal_id: TerminalId | None
    epoch: int | None


ENROLMENTS = Listing(
    "enrolments",
    ListedEnrolment,
    Permission.SEE_TERMINALS,
    members(ListedEnrolment, Enrolment, Canteen).join(
        Canteen, and_(Canteen.book == Enrolment.book, Canteen.canteen_id == Enrolment.canteen_id)
    ),
    key=(Enrolment.enrolment_id,),
    owners=(Canteen.agency_id,),
    filters={
        "book": in_region(Enrolment.book),
        "agency_id": numbered(Canteen.agency_id),
        "canteen_id": numbered(Enrolment.canteen_id),
        "kind": one_of(Enrolment.kind, TerminalKind),
        "approved": Filter(bool, lambda value: Enrolment.approved_by.is_not(None) == value),
        "expires_from": since(Enrolment.expires_at, datetime),
        "expires_until": until(Enrolment.expires_at, datetime),
    },
    sorts={"expires_at": Enrolment.expires_at},
    words={"kind": lambda value: f"terminal.kind.{value}"},
)


class ListedRoster(Struct):
    """A file of an agency's people: who sent, confirmed it and when; ``joiners`` to ``leavers`` count what it changes,
    null until it is read. ``done`` of ``rows`` are carried out."""

    roster_id: int
    book: Book
    agency_id: AgencyId
    state: str
    rows: int
    done: int
    joiners: int | None
    returning: int | None
    changed: int | None
    leavers: int | None
    made_by: str
    made_at: datetime
    confirmed_by: str | None
    applied_at: datetime | None
    sha256: str


ROSTERS = Listing(
    "rosters",
    ListedRoster,
    Permission.SEE_OFFICIALS,
    members(
        ListedRoster,
        Roster,
        **{kind: Roster.preview[kind].as_integer() for kind in ("joiners", "returning", "changed", "leavers")},
    ),
    key=(Roster.roster_id,),
    owners=(Roster.agency_id,),
    filters={
        "book": in_region(Roster.book),
        "agency_id": numbered(Roster.agency_id),
        "state": one_of(Roster.state, RosterState),
        "made_from": since(Roster.made_at, datetime),
        "made_until": until(Roster.made_at, datetime),
    },
    words={"state": lambda value: f"roster.state.{value}"},
    has_detail=False,
)


class ListedSheet(Struct):
    """A canteen's printed code. ``version`` counts its replacements; ``made_by``, ``made_at``: of the latest."""

    sheet_id: int
    version: int
    book: Book
    agency_id: AgencyId
    canteen_id: CanteenId
    canteen_zh: str
    canteen_en: str
    name: str | None
    state: str
    expires_at: datetime | None
    made_by: str
    made_at: datetime
    revoked_at: datetime | None


_sheet_state = case(
    (Sheet.revoked_at.is_not(None), SheetState.REVOKED.value),
    (Sheet.expires_at <= func.now(), SheetState.EXPIRED.value),
    else_=SheetState.ACTIVE.value,
)

SHEETS = Listing(
    "sheets",
    ListedSheet,
    Permission.SEE_TERMINALS,
    members(
        ListedSheet, Sheet, Canteen, canteen_zh=Canteen.name_zh, canteen_en=Canteen.name_en, state=_sheet_state
    ).join(Canteen, and_(Canteen.book == Sheet.book, Canteen.canteen_id == Sheet.canteen_id)),
    key=(Sheet.sheet_id,),
    owners=(Canteen.agency_id,),
    filters={
        "book": in_region(Sheet.book),
        "agency_id": numbered(Canteen.agency_id),
        "canteen_id": numbered(Sheet.canteen_id),
        "state": one_of(_sheet_state, SheetState),
    },
    words={"state": lambda value: f"sheet.state.{value}"},
)


class ListedDisplay(Struct):
    """A link for the screen of a canteen's counter; null in ``revoked_at``: it can be opened."""

    display_id: int
    book: Book
    agency_id: AgencyId
    canteen_id: CanteenId
    canteen_zh: str
    canteen_en: str
    name: str | None
    made_by: str
    made_at: datetime
    revoked_at: datetime | None


DISPLAYS = Listing(
    "displays",
    ListedDisplay,
    Permission.SEE_TERMINALS,
    members(ListedDisplay, CounterDisplay, Canteen, canteen_zh=Canteen.name_zh, canteen_en=Canteen.name_en).join(
        Canteen, and_(Canteen.book == CounterDisplay.book, Canteen.canteen_id == CounterDisplay.canteen_id)
    ),
    key=(CounterDisplay.display_id,),
    owners=(Canteen.agency_id,),
    filters={
        "book": in_region(CounterDisplay.book),
        "agency_id": numbered(Canteen.agency_id),
        "canteen_id": numbered(CounterDisplay.canteen_id),
    },
)

LISTS: dict[str, Listing[Any]] = {
    "/console/terminals": TERMINALS,
    "/console/enrolments": ENROLMENTS,
    "/registry/rosters": ROSTERS,
    "/console/sheets": SHEETS,
    "/console/displays": DISPLAYS,
}
"""The lists by their paths."""
