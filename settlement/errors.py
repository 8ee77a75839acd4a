"""Problems with money, and the reasons for refusing a payment."""

from enum import StrEnum

from foundation.problems import ProblemKind
from registry.errors import ACCOUNT_CLOSED as ACCOUNT_CLOSED

BUSY = ProblemKind(503, "busy")
OTHER_CONTENT = ProblemKind(422, "other-content")
MORE_THAN_PAID = ProblemKind(409, "more-than-paid")
GATEWAY_AWAY = ProblemKind(503, "gateway-away")
NOT_GENUINE = ProblemKind(401, "not-genuine")
CLOSED_TOO_OFTEN = ProblemKind(409, "closed-too-often")
GRANTED_BEFORE = ProblemKind(409, "granted-before")


class Refusal(StrEnum):
    """Why a payment was refused: a business answer, final for its sequence number.

    The catalogue tells the cashier what happened and what to do (``refusal.<code>.title`` and ``.advice``).
    """

    INSUFFICIENT_FUNDS = "insufficient_funds"
    CARD_BLOCKED = "card_blocked"
    CREDENTIAL_UNKNOWN = "credential_unknown"
    CREDENTIAL_INVALID = "credential_invalid"
    CREDENTIAL_EXPIRED = "credential_expired"
    QR_EXPIRED = "qr_expired"
    WRONG_CANTEEN = "wrong_canteen"
    ALREADY_USED = "already_used"
    COUNTER_TOO_LOW = "counter_too_low"
    NOT_ENTITLED = "not_entitled"
    MEAL_NOT_SERVED = "meal_not_served"
    AMOUNT_MISSING = "amount_missing"
    PRICE_FIXED = "price_fixed"
    LIMIT_EXCEEDED = "limit_exceeded"
    CODE_LIMIT_EXCEEDED = "code_limit_exceeded"
    MEALS_EXCEEDED = "meals_exceeded"
    DAY_LIMIT_EXCEEDED = "day_limit_exceeded"
    LATE_LIMIT_EXCEEDED = "late_limit_exceeded"
    NO_WORKING_MEAL = "no_working_meal"
    VOID_TOO_LATE = "void_too_late"
    ACCOUNT_CLOSED = "account_closed"
    ALREADY_REFUNDED = "already_refunded"
    TOO_LATE = "too_late"
    DAY_CLOSED = "day_closed"
    NOT_A_CHARGE = "not_a_charge"
    CANTEEN_CLOSED = "canteen_closed"
    CASHIER_MISSING = "cashier_missing"
    VOID_NOT_PERMITTED = "void_not_permitted"
    TERMINAL_OUT_OF_USE = "terminal_out_of_use"
    SHEET_UNKNOWN = "sheet_unknown"
    SHEET_ENDED = "sheet_ended"
    MEAL_NOT_NOW = "meal_not_now"
    PRICE_CHANGED = "price_changed"
    TOO_FAR = "too_far"
    PLACE_NOT_TOLD = "place_not_told"
    PLACE_NOT_REPEATED = "place_not_repeated"
