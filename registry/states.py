"""States and kinds of what is registered."""

from enum import StrEnum


class OfficialState(StrEnum):
    """Of an official's account."""

    ACTIVE = "active"
    LEFT = "left"


class CredentialKind(StrEnum):
    """What an official shows."""

    CARD = "card"
    PHONE = "phone"


class CredentialState(StrEnum):
    """Whether a credential may pay."""

    ACTIVE = "active"
    BLOCKED = "blocked"
