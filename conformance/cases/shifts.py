"""Shifts: openings, closings that reconcile, and the list of what the ledger has (section 7.1)."""

from datetime import date
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import json as wire
from msgspec import to_builtins

from conformance.bench import APPROVED, RECORDED, Bench, Group, ok, problem, refused, unsigned, voided
from conformance.wire import Came, Sent
from settlement.shifts import ShiftRequest, chain_head, day_totals
from terminals.journal import Entry, shift_request
from terminals.schemas import to_text

GROUP = Group("shifts")

OPENINGS, CLOSINGS = "/terminal/shifts", "/terminal/shifts/closings"
CLOSINGS_MAX = 20


def _opening(bench: Bench, cashier: str = "c-07") -> dict[str, Any]:
    return {"cashier": cashier, "drawer": "1", "opened_at": bench.till.now()}


def _close(bench: Bench, message: dict[str, Any]) -> Sent:
    return bench.till.opening(CLOSINGS, message)


@GROUP.case("shift-opening", "7.1")
def opening(bench: Bench) -> None:
    """A shift opens once under its number, which takes nothing else."""
    till, number, message = bench.till, bench.till.next_number(), _opening(bench)
    code = till.paying("lunch") | {"qr": "OC1:CONFORMANCE"}
    bench.expect(till.in_session("POST", OPENINGS, message, number), RECORDED)
    bench.expect(till.in_session("POST", OPENINGS, message, number), RECORDED)
    other = message | {"cashier": "c-08"}
    bench.expect(till.in_session("POST", OPENINGS, other, number), problem(422, "other-content"))
    bench.expect(till.charge(code, number), problem(422, "other-content"))
    bench.expect(till.void(number, till.next_number()), refused("not_a_charge"))
    charge = till.next_number()
    bench.expect(till.charge(code, charge), refused("credential_invalid"))
    bench.expect(till.in_session("POST", OPENINGS, message, charge), problem(422, "other-content"))
    ahead = message | {"opened_at": till.now() + 1_000}
    bench.expect(till.in_session("POST", OPENINGS, ahead), problem(400, "invalid"))


def _journal(sequence: int, operation: str, sent: Sent, came: Came) -> ShiftRequest:
    found = shift_request(Entry(1, sequence, operation, sent.body, "known", came.body))
    assert found is not None
    return found


def _take(bench: Bench) -> tuple[dict[str, Any], list[ShiftRequest]]:
    """A shift with a payment, one that is late, a refusal, a void and a tombstone: its closing, and the requests."""
    till, card = bench.till, bench.card("visitor")
    meal, _, visitor = bench.fixed_meal
    shift, message = till.next_number(), _opening(bench)
    bench.expect(till.in_session("POST", OPENINGS, message, shift), RECORDED)
    taken: list[ShiftRequest] = []

    def charge(payment: dict[str, Any], number: int, want: Any) -> None:
        sent = till.charge(payment, number)
        taken.append(_journal(number, "charge", sent, bench.expect(sent, want)))

    def void(target: int, want: Any) -> None:
        number = till.next_number()
        sent = till.void(target, number)
        taken.append(_journal(number, "void", sent, bench.expect(sent, want)))

    till.next_number()  # is never sent
    first = till.next_number()
    charge(till.tapped(card, first, till.paying(meal)), first, APPROVED)
    late = till.next_number()
    at = till.now() - 300
    charge(till.tapped(bench.card(), late, till.paying(meal, purchased_at=at)), late, APPROVED)
    charge(till.paying(meal) | {"qr": "OC1:CONFORMANCE"}, till.next_number(), refused("credential_invalid"))
    void(first, voided(visitor))
    gone = till.next_number()
    void(gone, voided(0))
    charge(till.paying(meal) | {"qr": "OC1:LATE"}, gone, ok(outcome="voided"))
    taken.sort(key=lambda one: one.sequence)
    epoch, last = till.open_session.epoch, taken[-1].sequence
    leaves = [one.leaf() for one in taken]
    closing = till.closing(
        shift, last, **message, closed_at=till.now(), days=to_builtins(day_totals(taken), builtin_types=(date,)),
        journal_head=to_text(chain_head(till.terminal_id, epoch, shift, leaves)),
    )  # fmt: skip
    closing["days"] = [
        {name: str(value) if isinstance(value, date) else value for name, value in day.items()}
        for day in closing["days"]
    ]
    return closing, taken


@GROUP.case("shift-that-agrees", "7.1")
def agrees(bench: Bench) -> None:
    """Totals and head of both sides are the same; then the shift is settled, and takes nothing more."""
    closing, taken = _take(bench)
    till, sent = bench.till, {one.sequence for one in taken}
    unused = next(number for number in range(closing["shift"] + 1, closing["last_sequence"]) if number not in sent)
    wrong = [dict(day, online_fen=day["online_fen"] + 1) for day in closing["days"]]
    bench.expect(_close(bench, closing | {"unknown": 1}), ok(agree=False))
    bench.expect(_close(bench, closing | {"days": wrong}), ok(agree=False))
    bench.expect(_close(bench, closing | {"journal_head": to_text(bytes(32))}), ok(agree=False))
    bench.expect(_close(bench, closing | {"last_sequence": closing["last_sequence"] - 1}), ok(agree=False))
    settling = _close(bench, closing)
    beyond = closing | {"last_sequence": closing["last_sequence"] + 1}
    bench.expect(_close(bench, beyond), ok(agree=False))
    came = bench.expect(settling, ok(agree=True, requests=len(taken), journal_head=closing["journal_head"]))
    again = bench.expect(settling, ok(agree=True))
    bench.must("the same closing", came.body.decode(), again.body.decode(), came.body == again.body)
    bench.expect(_close(bench, closing | {"unknown": 1}), problem(422, "other-content"))
    late = till.paying("lunch") | {"qr": "OC1:CONFORMANCE"}
    bench.expect(till.charge(late, unused), ok(outcome="voided"))
    bench.expect(till.in_session("POST", OPENINGS, _opening(bench), unused), problem(400, "invalid"))
    bench.expect(till.void(closing["shift"], unused), problem(422, "other-content"))
    bench.kept["taken"] = taken


@GROUP.case("shift-list-of-requests", "7.3")
def listed(bench: Bench) -> None:
    """The ledger lists what it has between two numbers, as the journal has it."""
    if "taken" not in bench.kept:
        bench.kept["taken"] = _take(bench)[1]
    taken: list[ShiftRequest] = bench.kept["taken"]
    till = bench.till
    epoch, first, last = till.open_session.epoch, taken[0].sequence, taken[-1].sequence
    came = bench.expect(till.in_session("GET", f"/terminal/requests/{epoch}/{first}/{last}"), ok(complete=True))
    theirs = came.document["requests"]
    mine = [_as_listed(one) for one in taken]
    seen = [
        {name: value for name, value in one.items() if name in mine[n]} for n, one in enumerate(theirs[: len(mine)])
    ]
    bench.must("requests", wire.encode(mine).decode()[:300], wire.encode(seen).decode()[:300], seen == mine)
    bench.must("how many", str(len(mine)), len(theirs), len(theirs) == len(mine))
    backwards = till.in_session("GET", f"/terminal/requests/{epoch}/{last}/{first}")
    bench.expect(backwards, ok(requests=[], complete=True))
    for path in (f"/terminal/requests/{epoch}/1/9007199254740992", "/terminal/requests/2147483648/1/9"):
        bench.expect(till.in_session("GET", path), problem(400))
    none = bench.other.in_session("GET", f"/terminal/requests/{epoch}/{first}/{last}")
    came = bench.expect(none, ok())
    bodies = {one.get("body_digest") for one in theirs}
    foreign = [one for one in came.document["requests"] if one.get("body_digest") in bodies - {None}]
    bench.must("another terminal's list", "[]", foreign, foreign == [])


def _as_listed(one: ShiftRequest) -> dict[str, Any]:
    found: dict[str, Any] = {"sequence": one.sequence, "operation": one.operation, "outcome": one.outcome}
    if one.amount_fen:
        found |= {"amount_fen": one.amount_fen, "business_date": str(one.business_date)}
    if one.posting_id is not None:
        found["number"] = str(UUID(bytes=one.posting_id.bytes))
    if one.is_stored:
        found["stored"] = True
    if one.refusal:
        found["reason"] = one.refusal
    if one.body_digest is not None:
        found["body_digest"] = to_text(one.body_digest)
    return found


@GROUP.case("shift-opened-by-its-closing", "7.1")
def opened_by_closing(bench: Bench) -> None:
    """A shift whose opening never arrived is opened by its closing, also days later."""
    till, number = bench.till, bench.till.next_number()
    days_ago = till.now() - 9 * 86_400
    message = till.closing(number, number, opened_at=days_ago - 3_600, closed_at=days_ago)
    bench.expect(_close(bench, message), ok(agree=True, requests=0))
    other = {"cashier": "c-99", "drawer": "1", "opened_at": days_ago - 3_600}
    bench.expect(till.in_session("POST", OPENINGS, other, number), problem(422, "other-content"))


@GROUP.case("shift-closing-is-the-terminals-own", "7.1")
def own_signature(bench: Bench) -> None:
    """A session's MAC or another's key proves nothing."""
    till, number = bench.till, bench.till.next_number()
    message = till.closing(number, number)
    bench.expect(till.in_session("POST", CLOSINGS, message), unsigned(401, "bad-signature"))
    bench.expect(till.opening(CLOSINGS, message, key=Ed25519PrivateKey.generate()), unsigned(401, "bad-signature"))
    bench.expect(till.opening(CLOSINGS, message, key=bench.other.key), unsigned(401, "bad-signature"))
    bench.expect(_close(bench, message | {"epoch": message["epoch"] + 1}), problem(409, "epoch-wrong"))
    bench.expect(_close(bench, message | {"centre_key": 255}), problem(403, "centre-key-unknown"))


@GROUP.case("shift-closing-limits", "7.1")
def limits(bench: Bench) -> None:
    """Numbers that are no range, times that are none, days out of order."""
    till, number = bench.till, bench.till.next_number()
    now = till.now()
    day = {"business_date": "2026-01-05", "online": 0, "online_fen": 0, "stored": 0, "stored_fen": 0}
    day |= {"reversals": 0, "reversed_fen": 0}
    earlier = day | {"business_date": "2026-01-04"}
    for changes in (
        {"last_sequence": number - 1},
        {"last_sequence": number + 10_000},
        {"closed_at": now + 1_000},
        {"opened_at": now, "closed_at": now - 10},
        {"days": [day, day]},
        {"days": [day, earlier]},
        {"days": [day | {"online": 2, "online_fen": 2_000_001}]},
        {"days": [day | {"stored_fen": 1}]},
        {"days": [day | {"reversals": 1, "reversed_fen": 1_000_001}]},
    ):
        bench.expect(_close(bench, till.closing(number, number) | changes), problem(400, "invalid"))


@GROUP.case("shift-closing-strict-body", "7.1")
def strict_body(bench: Bench) -> None:
    """No other types, spellings or members; whoever sends them is not known to be the terminal."""
    till, number = bench.till, bench.till.next_number()
    day = {"business_date": "2026-01-05", "online": 0, "online_fen": 0, "stored": 0, "stored_fen": 0}
    day |= {"reversals": 0, "reversed_fen": 0}
    wrong: list[dict[str, Any]] = [
        {"unknown": True}, {"unknown": -1}, {"unknown": 1.0}, {"unknown": 10_001}, {"opened_at": str(till.now())},
        {"cashier": "c 07"}, {"cashier": "c-07\n"}, {"drawer": ""}, {"drawer": "a" * 33}, {"till": 1},
        {"journal_head": to_text(bytes(31))}, {"journal_head": to_text(bytes(32)) + "="}, {"days": None},
        {"days": [day | {"online": 1.0}]}, {"days": [day | {"online": True}]}, {"days": [day | {"colour": 1}]},
        {"days": [day | {"business_date": "2026-01-05T00:00:00"}]}, {"days": [day | {"business_date": "5.1.2026"}]},
        {"days": [day | {"business_date": f"2026-{n // 28 + 1:02}-{n % 28 + 1:02}"} for n in range(32)]},
    ]  # fmt: skip
    for changes in wrong:
        bench.expect(_close(bench, till.closing(number, number) | changes), unsigned(400, "invalid"))


@GROUP.case("shift-numbers-of-another-shift", "7.1")
def overlap(bench: Bench) -> None:
    """A shift's numbers are its own."""
    till = bench.till
    first, second, message = till.next_number(), till.next_number(), _opening(bench)
    for number in (first, second):
        bench.expect(till.in_session("POST", OPENINGS, message, number), RECORDED)
    both = till.closing(first, second, **message, closed_at=till.now())
    bench.expect(_close(bench, both), problem(400, "invalid"))
    bench.expect(_close(bench, both | {"last_sequence": first}), ok(agree=True))


@GROUP.case("shift-closed-too-often", "7.1")
def too_often(bench: Bench) -> None:
    """Twenty different closings are kept, and then that which agrees alone."""
    till, number = bench.till, bench.till.next_number()
    message = till.closing(number, number)
    for unknown in range(1, CLOSINGS_MAX + 1):
        bench.expect(_close(bench, message | {"unknown": unknown}), ok(agree=False))
    bench.expect(_close(bench, message | {"unknown": 99}), problem(409, "closed-too-often"))
    bench.expect(_close(bench, message), ok(agree=True))
