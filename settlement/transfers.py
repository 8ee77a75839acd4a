"""The words of the ledger: kinds of transfers and purses, and the channels by which money comes."""

from enum import StrEnum


class TransferKind(StrEnum):
    """What a transfer is for."""

    PAYMENT = "payment"
    """A meal that the official paid."""
    WORKING_MEAL = "working_meal"
    """A meal that the host agency paid for a visitor."""
    REVERSAL = "reversal"
    """A voided payment, in full."""
    REFUND = "refund"
    """Money back from a payment, in part or in full."""
    TOP_UP = "top_up"
    GRANT = "grant"
    PAYOUT = "payout"
    """Cash paid out when an account is closed."""
    LAPSE = "lapse"
    """Meal money that returns to the agency."""


class PurseKind(StrEnum):
    """The two purses of an official."""

    CASH = "cash"
    """The official's own money."""
    SUBSIDY = "subsidy"
    """Meal money of the agency, for its own canteens."""


class PurseOrder(StrEnum):
    """Which purse pays first at a canteen of the official's own agency."""

    SUBSIDY_FIRST = "subsidy_first"
    CASH_FIRST = "cash_first"


class Channel(StrEnum):
    """How a payment was made (card, code or sheet), or how a deposit came."""

    CARD = "card"
    CODE = "qr"
    SHEET = "sheet"
    """By the payer's phone, with the code that hangs in the canteen."""
    COUNTER = "counter"
    """At the agency's counter, by an officer at the console."""
    FILE = "file"
    """With a payroll file."""
    GATEWAY = "gateway"
    """Over the payment gateway, from the official's phone."""
    MOVE = "move"
    """From the account that the same person had at another agency."""
