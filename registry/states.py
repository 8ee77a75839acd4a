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


class VisitRequestState(StrEnum):
    """How a visit stands that an official registered himself; only a waiting one goes on."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


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


class CashierRefusal(StrEnum):
    """Why nobody was signed on: an answer that is final for its number (``refusal.<code>.title`` and ``.advice``)."""

    PIN_WRONG = "pin_wrong"
    """Also an unknown number, and a cashier who is locked, suspended, or may not work here."""
    TOO_MANY_TRIES = "too_many_tries"
    PIN_IS_FIRST = "pin_is_first"
    PIN_TOO_SIMPLE = "pin_too_simple"
    OVERTAKEN = "overtaken"


class ClassPrice(StrEnum):
    """What people of a class pay at the canteens of their own agency."""

    HOME = "home"
    VISITOR = "visitor"
