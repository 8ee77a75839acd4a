"""States and kinds of what is registered."""

from enum import StrEnum


class MemberState(StrEnum):
    """Of a region, an agency or a canteen."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class OfficialState(StrEnum):
    """Of an official's account."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Pays nothing and gets nothing until he is resumed."""
    LEAVING = "leaving"
    """Has left the agency: cards and phones are blocked, and the purses wait to be paid out."""
    LEFT = "left"
    """The account is closed."""


class CredentialKind(StrEnum):
    """What an official shows."""

    CARD = "card"
    PHONE = "phone"


class UserState(StrEnum):
    """How far a console user is on the way in."""

    INVITED = "invited"
    UNCONFIRMED = "unconfirmed"
    ACTIVE = "active"


class CredentialState(StrEnum):
    """Whether a credential may pay."""

    ACTIVE = "active"
    BLOCKED = "blocked"
