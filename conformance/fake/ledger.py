"""The ledger of the fake centre, in memory: purses, requests remembered, counters, shifts.

It decides as settlement/sql/charge.sql, void.sql and rules.sql do, for one book and one day that never closes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from msgspec import Struct, json

from foundation.calendar import ZONE
from foundation.problems import INVALID, Problem
from registry.identifiers import Book, TerminalId
from settlement.charging import ChargeOrder, Remembered, RequestKey
from settlement.errors import CLOSED_TOO_OFTEN, OTHER_CONTENT, Refusal
from settlement.shifts import (
    CLOSINGS_MAX,
    OPERATIONS,
    SHIFT_NUMBERS_MAX,
    UNUSED_MAX,
    Compared,
    Opening,
    ShiftRequest,
    SignedTotals,
    chain_head,
    check_numbers,
    day_totals,
)
from terminals.parameters import is_late
from terminals.schemas import CredentialKind, CredentialState

COUNTERS_BELOW = 256
"""Counters that may pay: above the highest that has, and the 255 below it."""

LATE_PAYMENTS_MAX, LATE_FEN_MAX = 3, 10_000
NO_DAY = date.min


@dataclass
class Holder:
    """An official: his agency and his purses, in fen. ``working_meals``: how many his hosts still pay for."""

    holder_id: int
    agency_id: int
    cash_fen: int
    subsidy_fen: int = 0
    working_meals: int = 0
    late_payments: int = 0
    late_fen: int = 0
    initial: str = "王"


@dataclass
class Credential:
    """A card or a phone."""

    credential_id: int
    holder: Holder
    kind: CredentialKind
    issued_at: int
    state: CredentialState = "active"
    used: set[int] = field(default_factory=set)

    def counter_refusal(self, counter: int) -> str | None:
        """Why a counter may not pay; None when it may."""
        last = max(self.used, default=0)
        if counter <= last - COUNTERS_BELOW:
            return "counter_too_low"
        return "already_used" if counter in self.used else None


class Posted(Struct):
    """A request with its outcome, and what a payment's parts came from."""

    remembered: Remembered
    order: ChargeOrder | None = None
    holder: Holder | None = None
    reversed_fen: int = 0
    """What a void gave back of it since."""

    @property
    def is_stored(self) -> bool:
        """Whether it was posted more than two minutes after its purchase."""
        assert self.order is not None
        return is_late(int(self.order.purchased_at.timestamp()), int(self.remembered.answered_at.timestamp()))


class Shift(Struct):
    """A shift of a terminal: its opening, and what was said at its end, with whether it agreed."""

    opening: Opening
    closings: list[tuple[dict[str, Any], bool]]
    """What the closing said, whether it agreed."""


class Ledger:
    """What the centre remembers of money."""

    def __init__(self) -> None:
        self.credentials: dict[int, Credential] = {}
        self.requests: dict[RequestKey, Posted] = {}
        self.shifts: dict[tuple[int, int, int], Shift] = {}

    def highest_sequence(self, terminal_id: int, epoch: int) -> int:
        """The highest number that a terminal has used; 0 if none."""
        used = [key.sequence for key in self.requests if (key.terminal_id, key.epoch) == (terminal_id, epoch)]
        return max(used, default=0)

    # Charges and voids

    def charge(self, order: ChargeOrder, *, in_use: bool, is_working_meal: bool) -> Posted:
        """Post a charge, or find what was answered to it. ``in_use``: whether the terminal's epoch is not over.

        Raises Problem(OTHER_CONTENT).
        """
        known = self.requests.get(order.key)
        if known is not None:
            if known.remembered.digest not in (None, order.digest):
                raise Problem(OTHER_CONTENT)
            return known
        credential = self.credentials.get(order.credential_id)
        holder = credential.holder if credential is not None else None
        price = order.visitor_fen or 0
        if holder is not None and holder.agency_id == order.acquirer_id:
            price = order.home_fen or 0
        late = is_late(int(order.purchased_at.timestamp()), int(datetime.now(UTC).timestamp()))
        if not in_use:
            refusal: str | None = "terminal_out_of_use"
        else:
            refusal = order.refusal or _refusal(credential, order, price, late=late, hosted=is_working_meal)
        cash = subsidy = host = 0
        if refusal is None:
            assert credential is not None
            assert holder is not None
            credential.used.add(order.counter)
            if is_working_meal:
                holder.working_meals -= 1
                host = price
            else:
                subsidy = min(holder.subsidy_fen, price) if holder.agency_id == order.acquirer_id else 0
                cash = price - subsidy
                holder.cash_fen -= cash
                holder.subsidy_fen -= subsidy
            if late and not is_working_meal:
                holder.late_payments, holder.late_fen = holder.late_payments + 1, holder.late_fen + price
        paid = refusal is None
        remembered = _remembered(
            order.book, "charge", order.digest, "approved" if paid else "refused", refusal,
            posting_id=uuid4() if paid else None, cash=cash, subsidy=subsidy, host=host,
            balances=(holder.cash_fen, holder.subsidy_fen) if paid and holder is not None else (None, None),
        )  # fmt: skip
        posted = self.requests[order.key] = Posted(remembered, order, holder)
        return posted

    def void(
        self, key: RequestKey, digest: bytes, target: RequestKey, barred: Refusal | None = None, *, in_use: bool
    ) -> Posted:
        """Give back what was charged under a number, or bar it. ``barred``: why not, if the void is new.

        Raises Problem OTHER_CONTENT, INVALID.
        """
        if (target.epoch, target.sequence) >= (key.epoch, key.sequence):
            raise Problem(INVALID, "terminals.void_of_later")
        known = self.requests.get(key)
        if known is not None:
            if known.remembered.digest != digest:
                raise Problem(OTHER_CONTENT)
            return known
        given_back, refusal = (0, 0, 0), None
        charge = self.requests.get(target)
        if barred is not None:
            refusal = str(barred)
        elif not in_use:
            refusal = "terminal_out_of_use"
        elif charge is None:
            self.requests[target] = Posted(_remembered(Book(0), "charge", None, "voided"))
        elif charge.remembered.operation in ("void", "opening", "cashier"):
            refusal = "not_a_charge"
        elif charge.remembered.outcome == "approved" and not charge.reversed_fen:
            paid, holder = charge.remembered, charge.holder
            assert holder is not None
            given_back = paid.cash_fen, paid.subsidy_fen, paid.host_fen
            holder.cash_fen += paid.cash_fen
            holder.subsidy_fen += paid.subsidy_fen
            holder.working_meals += paid.host_fen > 0
            charge.reversed_fen = paid.amount_fen
        cash, subsidy, host = given_back
        remembered = _remembered(
            Book(0), "void", digest, "voided" if refusal is None else "refused", refusal,
            posting_id=uuid4() if any(given_back) else None, cash=cash, subsidy=subsidy, host=host,
        )  # fmt: skip
        posted = self.requests[key] = Posted(remembered)
        return posted

    # Shifts

    def requests_between(self, terminal_id: int, epoch: int, first: int, last: int) -> list[ShiftRequest]:
        """A terminal's charges and voids of these numbers, in their order."""
        mine = [
            (key.sequence, posted)
            for key, posted in self.requests.items()
            if (key.terminal_id, key.epoch) == (terminal_id, epoch)
            and first <= key.sequence <= last
            and posted.remembered.operation in OPERATIONS
        ]
        return [_shift_request(sequence, posted) for sequence, posted in sorted(mine, key=lambda one: one[0])]

    def paid_ending(self, ending: str) -> list[Posted]:
        """Payments whose numbers end so, the latest first."""
        paid = [one for one in self.requests.values() if one.order is not None and one.remembered.outcome == "approved"]
        return [one for one in reversed(paid) if str(one.remembered.posting_id).endswith(ending)]

    def open_shift(self, key: RequestKey, opening: Opening) -> None:
        """Open a shift; a repeat opens nothing more. Raises Problem OTHER_CONTENT, INVALID."""
        number = (key.terminal_id, key.epoch, key.sequence)
        known = self.shifts.get(number)
        if known is not None:
            if known.opening != opening:
                raise Problem(OTHER_CONTENT)
            return
        used = self.requests.get(key)
        if used is not None:
            if used.remembered.operation == "unused":
                raise Problem(INVALID, "shift.overlaps")
            raise Problem(OTHER_CONTENT)
        self.requests[key] = Posted(_remembered(Book(0), "opening", b"", "recorded"))
        self.shifts[number] = Shift(opening, [])

    # Cashiers

    def knows_cashiers_message(self, key: RequestKey, digest: bytes) -> bool:
        """Whether a cashier's message was kept under a number. Raises Problem OTHER_CONTENT, INVALID."""
        used = self.requests.get(key)
        if used is None:
            return False
        if used.remembered.operation == "unused":
            raise Problem(INVALID, "shift.overlaps")
        if (used.remembered.operation, used.remembered.digest) != ("cashier", digest):
            raise Problem(OTHER_CONTENT)
        return True

    def keep_cashiers_message(self, key: RequestKey, digest: bytes, refusal: str | None) -> None:
        """Use a number up for a cashier's message."""
        outcome = "recorded" if refusal is None else "refused"
        self.requests[key] = Posted(_remembered(Book(0), "cashier", digest, outcome, refusal))

    def close_shift(self, terminal_id: int, epoch: int, said: SignedTotals) -> Compared:
        """Compare a shift's totals with the requests. Raises Problem OTHER_CONTENT, INVALID, CLOSED_TOO_OFTEN."""
        check_numbers(said)
        first, last = said.first_sequence, said.last_sequence
        self.open_shift(RequestKey(TerminalId(terminal_id), epoch, first), said.opening)
        if any(first < other <= last for other, _ in self._shifts_of(terminal_id, epoch)):
            raise Problem(INVALID, "shift.overlaps")
        shift = self.shifts[terminal_id, epoch, first]
        members = {name: value for name, value in json.decode(said.body).items() if name != "centre_key"}
        latest = shift.closings[-1] if shift.closings else None
        is_repeat = latest is not None and latest[0] == members
        is_settled = latest is not None and latest[1]
        if is_settled and not is_repeat:
            raise Problem(OTHER_CONTENT, "shift.agreed")
        requests = self.requests_between(terminal_id, epoch, first, last)[:SHIFT_NUMBERS_MAX]
        days = day_totals(requests)
        head = chain_head(terminal_id, epoch, first, (one.leaf() for one in requests))
        known = requests[-1].sequence if requests else first
        agrees = (known, days, head, 0) == (last, said.days, said.journal_head, said.unknown)
        if agrees and not is_settled:
            self._use_up(terminal_id, epoch, first, last)
        if not is_repeat or (agrees and not is_settled):
            if len(shift.closings) >= CLOSINGS_MAX and not agrees:
                raise Problem(CLOSED_TOO_OFTEN, "shift.closed_too_often", most=CLOSINGS_MAX)
            shift.closings.append((members, agrees))
        return Compared(agrees, requests, days, {}, head)

    def _use_up(self, terminal_id: int, epoch: int, first: int, last: int) -> None:
        keys = [RequestKey(TerminalId(terminal_id), epoch, number) for number in range(first, last + 1)]
        unused = [key for key in keys if key not in self.requests]
        if len(unused) > UNUSED_MAX:
            raise Problem(INVALID, "shift.unused", most=UNUSED_MAX)
        for key in unused:
            self.requests[key] = Posted(_remembered(Book(0), "unused", None, "voided"))

    def _shifts_of(self, terminal_id: int, epoch: int) -> Iterable[tuple[int, Shift]]:
        return [(n, shift) for (number, era, n), shift in self.shifts.items() if (number, era) == (terminal_id, epoch)]


def _refusal(credential: Credential | None, order: ChargeOrder, price: int, *, late: bool, hosted: bool) -> str | None:
    """Why a verified charge is refused; None when it is not. In the order of charge.sql."""
    if credential is None or credential.holder.holder_id != order.holder_id:
        return "credential_unknown"
    if credential.state != "active":
        return "card_blocked"
    counted = credential.counter_refusal(order.counter)
    if counted is not None:
        return counted
    holder = credential.holder
    at_home = holder.agency_id == order.acquirer_id
    if hosted:
        return "no_working_meal" if at_home or holder.working_meals < 1 else None
    if late and (holder.late_payments >= LATE_PAYMENTS_MAX or holder.late_fen + price > LATE_FEN_MAX):
        return "late_limit_exceeded"
    return "insufficient_funds" if price > holder.cash_fen + (holder.subsidy_fen if at_home else 0) else None


def _remembered(
    book: Book,
    operation: str,
    digest: bytes | None,
    outcome: str,
    refusal: str | None = None,
    *,
    posting_id: UUID | None = None,
    cash: int = 0,
    subsidy: int = 0,
    host: int = 0,
    balances: tuple[int | None, int | None] = (None, None),
) -> Remembered:
    now = datetime.now(UTC)
    day = now.astimezone(ZONE).date()
    return Remembered(
        book, operation, digest, outcome, refusal, None, posting_id, cash, subsidy, host, *balances, day, now, True,
    )  # fmt: skip


def _shift_request(sequence: int, posted: Posted) -> ShiftRequest:
    one = posted.remembered
    assert one.business_date is not None
    return ShiftRequest(
        sequence=sequence,
        operation=one.operation,
        outcome=one.outcome,
        body_digest=one.digest,
        posting_id=one.posting_id if one.outcome == "approved" else None,
        amount_fen=one.amount_fen,
        business_date=one.business_date,
        is_stored=one.outcome == "approved" and posted.is_stored,
        refusal=one.refusal,
    )
