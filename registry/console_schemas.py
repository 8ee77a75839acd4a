"""Wire types: signing in at the console, sessions, the second factor, users and roles."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from foundation.messages import Message, Number, ShortText, text
from registry.access import Permission
from registry.identifiers import AgencyId
from registry.roles import Role
from registry.sessions import SessionKind

Password = Annotated[str, Meta(min_length=1, max_length=128, examples=["a long password"])]


Code = Annotated[str, Meta(min_length=6, max_length=40, examples=["492039"])]
"""A code of the second factor: six digits by time, or a recovery code."""


Ticket = Annotated[str, Meta(min_length=1, max_length=64, examples=["Zr0…"])]
"""What stands for a right password, or for a sign-on, until the code follows."""


class SignIn(Message):
    """A console user's login and password. ``cookie``: the token comes as a cookie, for a browser's pages.

    ``code``: of the second factor; it may also follow in a message of its own.
    """

    login: Annotated[str, Meta(min_length=1, max_length=64, examples=["centre"])]
    password: Password
    cookie: bool = False
    code: Code | None = None


class SecondStep(Message):
    """The code of the second factor, and the ticket that the answer to the right password had."""

    ticket: Ticket
    code: Code
    cookie: bool = False


class SignedIn(Struct):
    """A session, with the user's role and agency (null for the centre).

    ``token``: the bearer token; null where a cookie carries it. ``csrf_token``: what a page sends in ``X-CSRF-Token``
    with every changing request of a cookie's session; null in others. ``second_factor_missing``: the role needs a
    second factor; until there is one, nothing can be done but set it up.
    """

    token: Annotated[str | None, Meta(examples=["kq3…"])]
    role: Role
    agency_id: AgencyId | None
    csrf_token: str | None
    session: int
    expires_at: datetime
    second_factor_missing: bool


class CurrentSession(Struct):
    """Who is signed in with this request. ``proved_until``: until when what moves money needs no password again."""

    login: str
    role: Role
    agency_id: AgencyId | None
    csrf_token: str | None
    session: int
    expires_at: datetime
    proved_until: datetime | None
    second_factor_missing: bool


class SessionShown(Struct):
    """One of a person's own sessions. ``device``: what the device calls itself. ``current``: that of this request."""

    number: int
    kind: SessionKind
    made_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str
    device: str
    current: bool


class Proof(Message):
    """What signing in needs: the password, with ``code`` where there is a second factor; or a signed challenge.

    ``ticket``: in place of the password, of a proof that lacked the code.
    """

    password: Password | None = None
    ticket: Ticket | None = None
    code: Code | None = None
    credential: dict[str, Any] | None = None


class PasswordChange(Message):
    """One's own password, and the one that takes its place."""

    old: Password
    new: Password


class CodeMessage(Message):
    """A code of the second factor."""

    code: Code


class FactorShown(Struct):
    """A person's second factor. ``confirmed_at`` null: there is none. ``required``: the role needs one."""

    confirmed_at: datetime | None
    recovery_codes_left: int
    required: bool


class FactorToConfirm(Struct):
    """A second factor that is being set up: the secret (Base32), its ``otpauth`` URI, and that as a QR code (SVG)."""

    secret: str
    uri: str
    qr_svg: str


class RecoveryCodes(Struct):
    """Codes that count once each in place of the second factor. They are shown this once."""

    recovery_codes: list[str]


class FactorConfirmed(Struct):
    """The second factor counts from now on; the session has a new token, all others have ended."""

    recovery_codes: list[str]
    session: SignedIn


class Ended(Struct):
    """How many sessions were ended."""

    ended: int


class PublicKeyOptions(Struct):
    """What a page passes to ``navigator.credentials`` as ``publicKey`` (WebAuthn, in its JSON form)."""

    public_key: dict[str, Any] = field(name="publicKey")


class NewPasskey(Message):
    """A passkey that a device has made (``credential.toJSON()``), and what its owner calls it."""

    name: ShortText
    credential: dict[str, Any]


class PasskeySignIn(Message):
    """A challenge of ours that a passkey has signed (``credential.toJSON()``). ``cookie``: as in ``SignIn``."""

    credential: dict[str, Any]
    cookie: bool = False


class PasskeyShown(Struct):
    """One of a person's own passkeys."""

    number: int
    name: str
    made_at: datetime
    last_used_at: datetime | None


class UserRole(Message):
    """What a user is, and in which agency; null for roles that act for the whole network."""

    role: Role
    agency_id: Number | None = None


class NewUser(UserRole, kw_only=True):
    """A user to invite."""

    login: Annotated[str, Meta(min_length=1, max_length=64, examples=["li.min"])]


class SeenRights(UserRole, kw_only=True):
    """What is confirmed: role and agency of the user, and the scopes of a machine, as they were shown."""

    scopes: list[Permission] | None = None


class Invited(Struct):
    """An invitation. ``code`` is shown this once; the person sets a password with it before ``expires_at``."""

    user_id: int
    code: str
    expires_at: datetime


class AcceptedInvitation(Message):
    """The code of an invitation, and the password that the person has chosen."""

    login: Annotated[str, Meta(min_length=1, max_length=64, examples=["li.min"])]
    code: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Password


class Suspending(Message):
    """Why somebody is suspended, or is not any more."""

    reason: Annotated[str, text(200)]


class PermissionShown(Struct):
    """A permission, in words of both languages."""

    permission: str
    name_zh: str
    name_en: str


class SeparationShown(Struct):
    """What the role approves, and never of its own making: who made it by one of ``made_by`` does not decide it."""

    duty: str
    name_zh: str
    name_en: str
    made_by: list[str]
    approved_by: str


class RoleShown(Struct):
    """A role and what it may do. ``needs_agency``: it acts within an agency. ``reads_only``: it changes nothing.

    ``separations``: what people of it approve, and of whose making.
    """

    role: Role
    name_zh: str
    name_en: str
    needs_agency: bool
    reads_only: bool
    permissions: list[PermissionShown]
    separations: list[SeparationShown]


Days = Annotated[int, Meta(ge=1, le=366, description="How long the secret counts.", examples=[90])]


class MachineScopes(Message):
    """What a machine may do: names of permissions."""

    scopes: list[Permission]


class NewMachine(MachineScopes, kw_only=True):
    """A machine to add; without an agency it is the centre's."""

    login: Annotated[str, Meta(min_length=1, max_length=64, examples=["finance-system"])]
    agency_id: Number | None = None
    days: Days = 90


class SecretDays(Message):
    """How long the new secret counts."""

    days: Days = 90


class SecretGiven(Struct):
    """A machine's secret, shown this once. ``user_id``: the machine's number among the users."""

    user_id: int
    secret: str
    expires_at: datetime


class TokenGiven(Struct):
    """A bearer token (RFC 6749, section 5.1); ``expires_in`` in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
