"""Wire types of people: rosters, one official with all that is his."""

from datetime import date, datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from foundation.messages import Message, Number, ShortText, line, text, text_or_none
from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from terminals.models import RosterState


class RosterShown(Struct):
    """A roster, and how far it is. ``preview``: what it would change or, once it is applied, has changed, in numbers;
    ``problem``: what is wrong with it. ``done`` of ``rows`` joiners are registered so far."""

    roster_id: int
    agency_id: AgencyId
    state: RosterState
    sha256: str
    made_by: str
    made_at: datetime
    rows: int
    done: int
    preview: dict[str, Any] | None
    problem: dict[str, Any] | None
    confirmed_by: str | None
    applied_at: datetime | None


class Confirmation(Message):
    """What was seen in the preview: how many people leave."""

    leavers: Annotated[int, Meta(ge=0, le=1_000_000, examples=[12])]


class NameSearch(Message):
    """A part of a name, of people of one agency."""

    agency_id: Number
    name: Annotated[str, line(50, examples=["小明"])]


class PersonFound(Struct):
    """An official with his name."""

    holder_id: HolderId
    name: str
    person_class: str
    department: str | None
    state: str


class Found(Struct):
    """Who was found, by number; ``more``: there are others."""

    people: list[PersonFound]
    more: bool


class Named(Struct):
    """An official's name."""

    name: str


class CredentialShown(Struct):
    """A card or phone; ``replaces``: the one in whose place it was issued."""

    credential_id: CredentialId
    kind: str
    state: str
    issued_at: datetime
    expires_at: datetime | None
    replaces: CredentialId | None


class StayShown(Struct):
    """A visit to a host agency."""

    visit_id: int
    host_agency_id: AgencyId
    first_day: date
    last_day: date


class AccountShown(Struct):
    """An account that the same person had before."""

    book: Book
    agency_id: AgencyId
    holder_id: HolderId
    state: str


class HistoryShown(Struct):
    """What somebody changed: an entry of the audit log, or a line of a roster."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


class OfficialFile(Struct):
    """One official with all that is his, but for the name. Money in fen; ``history``: the latest 200 changes."""

    holder_id: HolderId
    book: Book
    agency_id: AgencyId
    state: str
    person_class: str
    department: str | None
    cash_fen: int
    subsidy_fen: int
    credentials: list[CredentialShown]
    visits: list[StayShown]
    earlier: list[AccountShown]
    history: list[HistoryShown]


class OfficialChange(Message):
    """What changes of an official; what is not given stays. An empty department: in none."""

    name: ShortText | UnsetType = UNSET
    person_class: Annotated[str, line(32, examples=["trainee"])] | UnsetType = UNSET
    department: Annotated[str, text_or_none(100, examples=["办公室"])] | UnsetType = UNSET


class Because(Message):
    """Why a person does something."""

    reason: Annotated[str, text(200, examples=["长期外派"])]
