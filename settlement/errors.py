"""What can go wrong with money, and why a payment can be refused."""

from foundation.problems import ProblemKind

BUSY = ProblemKind(503, "busy")
OTHER_CONTENT = ProblemKind(422, "other-content")
MORE_THAN_PAID = ProblemKind(409, "more-than-paid")
GATEWAY_AWAY = ProblemKind(503, "gateway-away")
NOT_GENUINE = ProblemKind(401, "not-genuine")
ACCOUNT_CLOSED = ProblemKind(409, "account-closed")


REFUSALS = (
    "insufficient_funds",
    "card_blocked",
    "credential_unknown",
    "credential_invalid",
    "credential_expired",
    "qr_expired",
    "wrong_canteen",
    "already_used",
    "counter_too_low",
    "not_entitled",
    "meal_not_served",
    "amount_missing",
    "price_fixed",
    "limit_exceeded",
    "meals_exceeded",
    "day_limit_exceeded",
    "no_working_meal",
    "void_too_late",
    "account_closed",
    "already_refunded",
    "too_late",
    "day_closed",
    "not_a_charge",
)
"""Every reason to refuse a payment: a business answer, final for its sequence number. What the cashier should say
and do stands in the catalogue (``refusal.<code>.title`` and ``.advice``)."""
