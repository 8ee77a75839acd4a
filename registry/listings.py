"""The lists of the registry: what each shows and to whom."""

from datetime import date, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import and_, case, false, func, or_, select, true

from registry.access import Permission
from registry.approvals import ApprovalState
from registry.identifiers import AgencyId, Book, CanteenId, CredentialId, HolderId, TerminalId
from registry.lists.listing import (
    Filter,
    Listing,
    contains,
    in_region,
    members,
    named,
    numbered,
    one_of,
    since,
    until,
)
from registry.models import (
    Agency,
    Approval,
    AuditEntry,
    BookRow,
    Canteen,
    Cashier,
    CashierSignOn,
    CashierTries,
    ClientSecret,
    ConsoleUser,
    Credential,
    Identity,
    Official,
    Visit,
    VisitRequest,
)
from registry.roles import Role
from registry.states import CredentialKind, CredentialState, MemberState, OfficialState, UserState, VisitRequestState


def _state(state: str) -> str:
    return f"member.state.{state}"


class ListedRegion(Struct):
    """A region; ``book``: its code."""

    book: Book
    name_zh: str
    name_en: str
    state: str
    closed_at: datetime | None


REGIONS = Listing(
    "regions",
    ListedRegion,
    Permission.SEE_REGISTRY,
    select(BookRow.book, BookRow.name_zh, BookRow.name_en, BookRow.state, BookRow.closed_at),
    key=(BookRow.book,),
    filters={"state": one_of(BookRow.state, MemberState), "name": contains(BookRow.name_zh, BookRow.name_en)},
    sorts={"name_zh": BookRow.name_zh, "name_en": BookRow.name_en},
    words={"state": _state},
)


class ListedAgency(Struct):
    """A member agency. Money in fen."""

    agency_id: AgencyId
    book: Book
    name_zh: str
    name_en: str
    purse_order: str
    meal_allowance_fen: int
    parent_agency_id: AgencyId | None
    address: str | None
    contact_name: str | None
    contact_phone: str | None
    roster_leavers_max_percent: int | None
    state: str
    closed_at: datetime | None


AGENCIES = Listing(
    "agencies",
    ListedAgency,
    Permission.SEE_REGISTRY,
    select(*(getattr(Agency, name) for name in ListedAgency.__struct_fields__)),
    key=(Agency.agency_id,),
    filters={
        "book": in_region(Agency.book),
        "parent_agency_id": numbered(Agency.parent_agency_id),
        "state": one_of(Agency.state, MemberState),
        "name": contains(Agency.name_zh, Agency.name_en),
    },
    sorts={"name_zh": Agency.name_zh, "name_en": Agency.name_en},
    words={"purse_order": lambda value: f"purse_order.{value}", "state": _state},
)


class ListedCanteen(Struct):
    """A canteen and its agency; degrees (WGS 84) and seats where known.

    ``cashiers_required_at``: since when its tills charge only while a cashier is signed on.
    """

    canteen_id: CanteenId
    book: Book
    agency_id: AgencyId
    agency_zh: str
    agency_en: str
    name_zh: str
    name_en: str
    latitude: float | None
    longitude: float | None
    capacity: int | None
    address: str | None
    contact_name: str | None
    contact_phone: str | None
    state: str
    closed_at: datetime | None
    cashiers_required_at: datetime | None


CANTEENS = Listing(
    "canteens",
    ListedCanteen,
    Permission.SEE_REGISTRY,
    select(
        Canteen.canteen_id, Canteen.book, Canteen.agency_id, Agency.name_zh.label("agency_zh"),
        Agency.name_en.label("agency_en"), Canteen.name_zh, Canteen.name_en, Canteen.latitude, Canteen.longitude,
        Canteen.capacity, Canteen.address, Canteen.contact_name, Canteen.contact_phone, Canteen.state,
        Canteen.closed_at, Canteen.cashiers_required_at,
    ).join(Agency, (Agency.book == Canteen.book) & (Agency.agency_id == Canteen.agency_id)),
    key=(Canteen.canteen_id,),
    filters={
        "book": in_region(Canteen.book),
        "agency_id": numbered(Canteen.agency_id),
        "state": one_of(Canteen.state, MemberState),
        "name": contains(Canteen.name_zh, Canteen.name_en),
    },
    sorts={"name_zh": Canteen.name_zh, "name_en": Canteen.name_en},
    words={"state": _state},
)  # fmt: skip


class ListedOfficial(Struct):
    """A cardholder, by his pseudonymous number. Names stay sealed."""

    holder_id: HolderId
    book: Book
    agency_id: AgencyId
    state: str
    person_class: str
    department: str | None


OFFICIALS = Listing(
    "officials",
    ListedOfficial,
    Permission.SEE_OFFICIALS,
    select(
        Official.holder_id, Official.book, Official.agency_id, Official.state, Official.person_class,
        Official.department,
    ),
    key=(Official.holder_id,),
    owners=(Official.agency_id,),
    filters={
        "book": in_region(Official.book),
        "agency_id": numbered(Official.agency_id),
        "state": one_of(Official.state, OfficialState),
        "person_class": named(Official.person_class),
    },
    words={"state": lambda value: f"official.state.{value}"},
)  # fmt: skip


class ListedCredential(Struct):
    """A card or a phone, and whose it is."""

    credential_id: CredentialId
    book: Book
    agency_id: AgencyId
    holder_id: HolderId
    kind: str
    state: str
    issued_at: datetime
    expires_at: datetime | None


CREDENTIALS = Listing(
    "credentials",
    ListedCredential,
    Permission.SEE_OFFICIALS,
    select(
        Credential.credential_id, Credential.book, Official.agency_id, Credential.holder_id, Credential.kind,
        Credential.state, Credential.issued_at, Credential.expires_at,
    ).join(Official, (Official.book == Credential.book) & (Official.holder_id == Credential.holder_id)),
    key=(Credential.credential_id,),
    owners=(Official.agency_id,),
    filters={
        "book": in_region(Credential.book),
        "agency_id": numbered(Official.agency_id),
        "holder_id": numbered(Credential.holder_id),
        "kind": one_of(Credential.kind, CredentialKind),
        "state": one_of(Credential.state, CredentialState),
        "issued_from": since(Credential.issued_at, datetime),
        "issued_until": until(Credential.issued_at, datetime),
    },
    sorts={"issued_at": Credential.issued_at},
    words={"kind": lambda value: f"credential.kind.{value}", "state": lambda value: f"credential.state.{value}"},
)  # fmt: skip


class ListedVisit(Struct):
    """An official's visit to a host agency; both agencies see it."""

    visit_id: int
    book: Book
    holder_id: HolderId
    agency_id: AgencyId
    host_agency_id: AgencyId
    first_day: date
    last_day: date


VISITS = Listing(
    "visits",
    ListedVisit,
    Permission.SEE_OFFICIALS,
    select(
        Visit.visit_id, Visit.book, Visit.holder_id, Official.agency_id, Visit.host_agency_id, Visit.first_day,
        Visit.last_day,
    ).join(Official, (Official.book == Visit.book) & (Official.holder_id == Visit.holder_id)),
    key=(Visit.visit_id,),
    owners=(Official.agency_id, Visit.host_agency_id),
    filters={
        "agency_id": numbered(Official.agency_id),
        "host_agency_id": numbered(Visit.host_agency_id),
        "holder_id": numbered(Visit.holder_id),
        "from_day": since(Visit.last_day, date),
        "until_day": until(Visit.first_day, date),
    },
    sorts={"first_day": Visit.first_day, "last_day": Visit.last_day},
)  # fmt: skip


class ListedVisitRequest(Struct):
    """A visit that an official registered himself; his own agency alone sees it. `answer`: why it was refused."""

    number: int
    book: Book
    holder_id: HolderId
    agency_id: AgencyId
    host_agency_id: AgencyId
    first_day: date
    last_day: date
    reason: str
    state: VisitRequestState
    made_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    answer: str | None
    visit_id: int | None


VISIT_REQUESTS = Listing(
    "visit_requests",
    ListedVisitRequest,
    Permission.SEE_OFFICIALS,
    members(ListedVisitRequest, VisitRequest, Official).join(
        Official, (Official.book == VisitRequest.book) & (Official.holder_id == VisitRequest.holder_id)
    ),
    key=(VisitRequest.number,),
    owners=(Official.agency_id,),
    filters={
        "agency_id": numbered(Official.agency_id),
        "host_agency_id": numbered(VisitRequest.host_agency_id),
        "holder_id": numbered(VisitRequest.holder_id),
        "state": one_of(VisitRequest.state, VisitRequestState),
        "from_day": since(VisitRequest.last_day, date),
        "until_day": until(VisitRequest.first_day, date),
    },
    sorts={"first_day": VisitRequest.first_day, "made_at": VisitRequest.made_at},
    words={"state": lambda value: f"visit_request.state.{value}"},
)


class ListedUser(Struct):
    """A console user; without an agency where the role is of the whole network.

    ``state``: ``invited`` until he has set a password, ``unconfirmed`` until a second person has confirmed his rights
    (``granted_by`` gave them). ``signed_in_at``: his last sign-in.
    """

    user_id: int
    login: str
    role: str
    agency_id: AgencyId | None
    state: str
    granted_by: str | None
    suspended_at: datetime | None
    signed_in_at: datetime | None


USERS = Listing(
    "users",
    ListedUser,
    Permission.SEE_USERS,
    members(ListedUser, ConsoleUser),
    key=(ConsoleUser.user_id,),
    owners=(ConsoleUser.agency_id,),
    filters={
        "role": one_of(ConsoleUser.role, Role),
        "agency_id": numbered(ConsoleUser.agency_id),
        "login": contains(ConsoleUser.login),
        "state": one_of(ConsoleUser.state, UserState),
        "suspended": Filter(bool, lambda value: ConsoleUser.suspended_at.is_not(None) == value),
        "signed_in_until": until(ConsoleUser.signed_in_at, datetime),
    },
    sorts={"login": ConsoleUser.login},
    words={"role": lambda value: f"role.{value}", "state": lambda value: f"user.state.{value}"},
)


class ListedCashier(Struct):
    """A cashier by his number in his agency; the name is sealed. ``canteen_ids`` null: every canteen of the agency.

    ``pin_is_first``: he has not chosen a PIN yet. ``locked_until``: after wrong PINs, at some till or all.
    ``signed_on_at``, ``terminal_id``: where he signed on last.
    """

    cashier_id: int
    book: Book
    agency_id: AgencyId
    number: str
    canteen_ids: list[int] | None
    language: str
    may_void: bool
    state: str
    pin_is_first: bool
    locked_until: datetime | None
    made_at: datetime
    terminal_id: int | None
    signed_on_at: datetime | None
    ends_at: datetime | None


_last_at_till = (
    select(CashierSignOn)
    .where(CashierSignOn.cashier_id == Cashier.cashier_id)
    .order_by(CashierSignOn.signed_on_at.desc())
    .limit(1)
    .lateral("last_at_till")
)

_locked_until = func.greatest(
    Cashier.locked_until,
    select(func.max(CashierTries.locked_until))
    .where(CashierTries.book == Cashier.book, CashierTries.cashier_id == Cashier.cashier_id)
    .scalar_subquery(),
)

CASHIERS = Listing(
    "cashiers",
    ListedCashier,
    Permission.SEE_CASHIERS,
    members(
        ListedCashier,
        Cashier,
        locked_until=_locked_until,
        terminal_id=_last_at_till.c.terminal_id,
        signed_on_at=_last_at_till.c.signed_on_at,
        ends_at=_last_at_till.c.ends_at,
    ).outerjoin(_last_at_till, true()),
    key=(Cashier.cashier_id,),
    owners=(Cashier.agency_id,),
    filters={
        "book": in_region(Cashier.book),
        "agency_id": numbered(Cashier.agency_id),
        "canteen_id": Filter(
            int,
            lambda value: or_(Cashier.canteen_ids.is_(None), Cashier.canteen_ids.contains([value])),
            {"ge": 0, "le": 2**53 - 1},
        ),
        "number": named(Cashier.number),
        "state": one_of(Cashier.state, MemberState),
        "locked": Filter(bool, lambda value: func.coalesce(_locked_until > func.now(), false()) == value),
    },
    sorts={"number": Cashier.number},
    words={"state": _state},
)


class ListedSignOn(Struct):
    """A cashier at a till from the terminal's number ``first_sequence`` on, and before ``ends_before``.

    ``ends_before`` null: no message of the till ended it; then the next sign-on does, or nobody was there after
    ``ends_at``.
    """

    book: Book
    terminal_id: TerminalId
    epoch: int
    first_sequence: int
    ends_before: int | None
    cashier_id: int
    number: str
    agency_id: AgencyId
    canteen_id: CanteenId
    signed_on_at: datetime
    ends_at: datetime


SIGN_ONS = Listing(
    "cashier_sign_ons",
    ListedSignOn,
    Permission.SEE_CASHIERS,
    members(ListedSignOn, CashierSignOn, Cashier).join(
        Cashier, and_(Cashier.book == CashierSignOn.book, Cashier.cashier_id == CashierSignOn.cashier_id)
    ),
    key=(CashierSignOn.book, CashierSignOn.terminal_id, CashierSignOn.epoch, CashierSignOn.first_sequence),
    owners=(Cashier.agency_id,),
    filters={
        "book": in_region(CashierSignOn.book),
        "agency_id": numbered(Cashier.agency_id),
        "canteen_id": numbered(CashierSignOn.canteen_id),
        "terminal_id": numbered(CashierSignOn.terminal_id),
        "cashier_id": numbered(CashierSignOn.cashier_id),
        "signed_on_from": since(CashierSignOn.signed_on_at, datetime),
        "signed_on_until": until(CashierSignOn.signed_on_at, datetime),
    },
    sorts={"signed_on_at": CashierSignOn.signed_on_at},
)


class ListedApproval(Struct):
    """A request that waits for a second person, or waited; ``state`` is expired once its time is over. Money in fen."""

    approval_id: int
    kind: str
    agency_id: AgencyId | None
    subject: str
    amount_fen: int | None
    items: int
    reason: str
    maker: str
    made_at: datetime
    expires_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None
    decision: str | None


_over = and_(Approval.state == ApprovalState.PENDING.value, Approval.expires_at <= func.now())
_state_now = case((_over, ApprovalState.EXPIRED.value), else_=Approval.state)

APPROVALS = Listing(
    "approvals",
    ListedApproval,
    Permission.SEE_APPROVALS,
    members(ListedApproval, Approval, state=_state_now),
    key=(Approval.approval_id,),
    owners=(Approval.agency_id,),
    filters={
        "agency_id": numbered(Approval.agency_id),
        "state": one_of(_state_now, ApprovalState),
        "kind": named(Approval.kind),
        "subject": named(Approval.subject),
        "maker": named(Approval.maker),
        "made_from": since(Approval.made_at, datetime),
        "made_until": until(Approval.made_at, datetime),
    },
    words={"kind": lambda value: f"approval.kind.{value}", "state": lambda value: f"approval.state.{value}"},
    has_detail=False,
)


class ListedMachine(Struct):
    """A program with credentials of its own. ``expires_at``: of its latest secret; ``last_used_at``: of any."""

    user_id: int
    login: str
    agency_id: AgencyId | None
    scopes: str
    state: str
    suspended_at: datetime | None
    expires_at: datetime | None
    last_used_at: datetime | None


_SECRETS = (
    select(
        ClientSecret.user_id,
        func.max(ClientSecret.expires_at).label("expires_at"),
        func.max(ClientSecret.last_used_at).label("last_used_at"),
    )
    .group_by(ClientSecret.user_id)
    .subquery()
)

MACHINES = Listing(
    "machines",
    ListedMachine,
    Permission.SEE_USERS,
    select(
        ConsoleUser.user_id, ConsoleUser.login, ConsoleUser.agency_id, ConsoleUser.scopes, ConsoleUser.state,
        ConsoleUser.suspended_at, _SECRETS.c.expires_at, _SECRETS.c.last_used_at,
    )
    .outerjoin(_SECRETS, _SECRETS.c.user_id == ConsoleUser.user_id)
    .where(ConsoleUser.role == Role.MACHINE),
    key=(ConsoleUser.user_id,),
    owners=(ConsoleUser.agency_id,),
    filters={"agency_id": numbered(ConsoleUser.agency_id), "login": contains(ConsoleUser.login)},
    sorts={"login": ConsoleUser.login},
    words={"state": lambda value: f"user.state.{value}"},
)  # fmt: skip


class ListedIdentity(Struct):
    """Who a person of a provider's directory is here: a console user, or an official; ``agency_id``: of which agency.

    It counts while it is confirmed and has not ended.
    """

    identity_id: int
    provider: str
    subject: str
    agency_id: AgencyId | None
    user_id: int | None
    holder_id: HolderId | None
    bound_by: str
    bound_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None


_whose = case((Identity.user_id.is_not(None), ConsoleUser.agency_id), else_=Identity.agency_id).label("agency_id")

IDENTITIES = Listing(
    "identities",
    ListedIdentity,
    Permission.SEE_USERS,
    select(
        Identity.identity_id, Identity.provider, Identity.subject, _whose, Identity.user_id,
        Identity.holder_id, Identity.bound_by, Identity.bound_at, Identity.confirmed_by, Identity.confirmed_at,
        Identity.ended_by, Identity.ended_at,
    ).outerjoin(ConsoleUser, ConsoleUser.user_id == Identity.user_id),
    key=(Identity.identity_id,),
    owners=(_whose,),
    filters={
        "provider": named(Identity.provider),
        "subject": named(Identity.subject),
        "user_id": numbered(Identity.user_id),
        "holder_id": numbered(Identity.holder_id),
        "agency_id": numbered(_whose),
    },
)  # fmt: skip


class ListedAuditEntry(Struct):
    """A change by a person; ``detail`` holds codes and numbers."""

    entry: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


AUDIT_ENTRIES = Listing(
    "audit_entries",
    ListedAuditEntry,
    Permission.SEE_AUDIT,
    select(AuditEntry.entry, AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.subject, AuditEntry.detail),
    key=(AuditEntry.entry,),
    filters={
        "actor": named(AuditEntry.actor),
        "action": named(AuditEntry.action),
        "subject": named(AuditEntry.subject),
        "at_from": since(AuditEntry.at, datetime),
        "at_until": until(AuditEntry.at, datetime),
    },
)

LISTS: dict[str, Listing[Any]] = {
    "/registry/regions": REGIONS,
    "/registry/agencies": AGENCIES,
    "/registry/canteens": CANTEENS,
    "/registry/officials": OFFICIALS,
    "/registry/credentials": CREDENTIALS,
    "/registry/visits": VISITS,
    "/registry/visit-requests": VISIT_REQUESTS,
    "/console/users": USERS,
    "/console/cashiers": CASHIERS,
    "/console/cashier-sign-ons": SIGN_ONS,
    "/console/machines": MACHINES,
    "/console/identities": IDENTITIES,
    "/console/approvals": APPROVALS,
    "/console/audit-entries": AUDIT_ENTRIES,
}
"""The lists by their paths."""
