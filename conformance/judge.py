"""What a terminal under test did, held against the page's rules (docs/terminal-protocol.md, sections 2 and 3)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from msgspec import Struct, field

from conformance.bench import Result, Step
from conformance.faults import Fault
from conformance.suite import Profile

PAUSE_MIN_S = 0.1
"""Who sends again sooner does not wait at all."""
RETRY_SLACK_S = 0.1
DOWN = "down"
"""A message that fails several times in a row, whatever the terminal does."""
DOWN_TRIES = 4
RETRY_AFTER_S = 2
STRIKES: dict[str, int] = {
    DOWN: DOWN_TRIES, Fault.UNSIGNED: 2, Fault.WRONG_SIGNATURE: 2, Fault.ALTERED_BODY: 2, Fault.REPLAY: 2,
    Fault.EPOCH_WRONG: 2,
}  # fmt: skip
"""How many tries of one message have a fault; once where nothing is said."""

SIGN_ON_PATH, ENROLMENT_PATH, VOID_PATH = "/terminal/sessions", "/terminal/enrolments", "/terminal/voids"
CLOSING_PATH = "/terminal/shifts/closings"

SIGN_ON_AFTER = (Fault.SESSION_ENDED, Fault.SKEWED_CLOCK)
TOLD_AHEAD_S = 240
"""How far ahead the time of an unsigned answer is: so little that the centre refuses nobody who believes it."""
PAUSES = "0.125 to 0.25 s, 0.25 to 0.5 s, 0.5 to 1 s, 1 to 2 s, …"
"""The page's bounds (3.1: growing pauses)."""
NEW_MESSAGE = "a new message"


class Device(Struct, frozen=True):
    """Who signed on: the terminal's number, and software, model and serial number as it says."""

    terminal_id: str
    says: str

    def __str__(self) -> str:
        return f"terminal {self.terminal_id}, {self.says}"


class Observed(Struct):
    """One message as the proxy saw it. Times on the monotonic clock, in seconds."""

    at: float
    method: str
    path: str
    number: str
    """``epoch/sequence``; empty outside sessions."""
    key_id: str
    body: bytes
    message: dict[str, Any]
    created: int = 0
    """When it was signed, by the sender's clock."""
    fault: str = ""
    status: int = 0
    """What the terminal was sent; 0: nothing."""
    answer: dict[str, Any] = field(default_factory=dict)
    is_genuine: bool = False
    """Whether the answer came from the centre unaltered, and in time."""
    is_signed: bool = False
    answered_at: float = 0.0
    profile_error: str = ""
    """What is wrong with its signature fields by the page."""
    device: Device | None = None
    """Whose session it is in, or begins; none for a session whose beginning was not seen."""

    @property
    def identity(self) -> tuple[str, ...]:
        """What a repeat has in common with its first try: the number, or outside a session path and sender."""
        if self.number:
            return self.path, self.number
        return self.path, self.key_id, self.body.decode("latin-1")

    @property
    def is_final(self) -> bool:
        """Whether its outcome is known to the terminal by this answer."""
        if not self.is_genuine:
            return False
        return self.status < 500 and self.status != 401 and (self.is_signed or self.path.startswith("/phone/"))

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.number}".strip()


def _step(one: Observed, expected: str, came: str, *, holds: bool) -> Step:
    return Step(str(one) + (f" ({one.fault})" if one.fault else ""), expected, came, holds)


def _posts(seen: Iterable[Observed]) -> Iterator[Observed]:
    return (one for one in seen if one.method == "POST" and one.number)


def two_bodies(seen: list[Observed]) -> list[Step]:
    """A number is never used for two messages."""
    first: dict[str, Observed] = {}
    steps = []
    for one in _posts(seen):
        before = first.setdefault(one.number, one)
        if before is not one:
            same = (before.path, before.body) == (one.path, one.body)
            steps.append(_step(one, "the body of its first try", "the same" if same else "another", holds=same))
    return steps


def numbers_ascend(seen: list[Observed]) -> list[Step]:
    """A new message has a higher number than all before it."""
    highest: dict[str, int] = {}
    known: set[str] = set()
    steps = []
    for one in _posts(seen):
        if one.number in known:
            continue
        known.add(one.number)
        epoch, _, sequence = one.number.partition("/")
        last = highest.get(epoch, 0)
        if sequence.isdecimal():
            steps.append(_step(one, f"above {last}", sequence, holds=int(sequence) > last))
            highest[epoch] = max(last, int(sequence))
    return steps


def signature_profile(seen: list[Observed]) -> list[Step]:
    """Every message is signed as the page says, and the centre found it so."""
    steps = []
    for one in seen:
        refused = one.is_genuine and one.status == 401 and str(one.answer.get("type", "")).endswith("bad-signature")
        came = one.profile_error or ("refused by the centre" if refused else "as the page says")
        if one.path.startswith(("/terminal/", "/phone/")):
            steps.append(_step(one, "as the page says", came, holds=not one.profile_error and not refused))
    return steps


def fresh_ephemerals(seen: list[Observed]) -> list[Step]:
    """Each sign-on has an ephemeral key of its own."""
    used: set[str] = set()
    steps = []
    for one in seen:
        if one.path == SIGN_ON_PATH and one.method == "POST":
            key = str(one.message.get("ephemeral"))
            steps.append(
                _step(one, "a fresh ephemeral key", "used before" if key in used else "fresh", holds=key not in used)
            )
            used.add(key)
    return steps


def enrolment_key(seen: list[Observed]) -> list[Step]:
    """A slip is redeemed with one key, however often it is sent."""
    first: dict[object, object] = {}
    steps = []
    for one in seen:
        if one.path == ENROLMENT_PATH:
            slip, key = one.message.get("enrolment_id"), one.message.get("public_key")
            before = first.setdefault(slip, key)
            steps.append(_step(one, "one key", "another" if before != key else "the same", holds=before == key))
    return steps


def voids_are_of_earlier(seen: list[Observed]) -> list[Step]:
    """A void names a number that was sent before it, in a message of its own."""
    sent: set[tuple[int, int]] = set()
    steps = []
    for one in _posts(seen):
        epoch, _, sequence = one.number.partition("/")
        if one.path == VOID_PATH:
            target = one.message.get("target_epoch"), one.message.get("target_sequence")
            steps.append(_step(one, "a number that was sent before", f"{target[0]}/{target[1]}", holds=target in sent))
        elif epoch.isdecimal() and sequence.isdecimal():
            sent.add((int(epoch), int(sequence)))
    return steps


def shift_agrees(seen: list[Observed]) -> list[Step]:
    """The last closing of each shift agrees with the ledger."""
    last = {one.message.get("shift"): one for one in seen if one.path == CLOSING_PATH and one.is_final}
    return [
        _step(one, "agree", str(one.answer.get("agree")), holds=one.answer.get("agree") is True)
        for one in last.values()
    ]


def after(fault: str, seen: list[Observed]) -> list[Step]:
    """After a fault the same message is sent again under its number until its outcome is known, or it is voided."""
    steps = []
    for n, one in enumerate(seen):
        if one.fault != fault or any(before.identity == one.identity and before.fault == fault for before in seen[:n]):
            continue
        later = seen[n + 1 :]
        tries = [other for other in later if _is_again(one, other)]
        voided = any(voids(other, one) for other in later)
        known = any(other.is_final for other in tries)
        came = (
            "its outcome became known"
            if known
            else "voided"
            if voided
            else f"sent again ({len(tries)} times), and no more"
            if tries
            else "never sent again"
        )
        steps.append(
            _step(one, "sent again with the same body until its outcome is known", came, holds=known or voided)
        )
    return steps


def _is_again(one: Observed, other: Observed) -> bool:
    if one.path == SIGN_ON_PATH:
        # A sign-on is not repeated: another one, with a fresh key, takes its place.
        return other.path == SIGN_ON_PATH
    return other.identity == one.identity and other.body == one.body


def voids(other: Observed, one: Observed) -> bool:
    """Whether a message has voided another one."""
    target = f"{other.message.get('target_epoch')}/{other.message.get('target_sequence')}"
    return other.path == VOID_PATH and bool(one.number) and target == one.number and other.is_final


def keeps_final_answers(seen: list[Observed]) -> list[Step]:
    """What has its final answer is not sent again: who repeats it did not check the answer, or did not keep it."""
    steps = []
    for (_, *number), tries in _tries(seen).items():
        final = next((one for one in tries if one.is_final), None)
        if final is None or len(number) > 1:
            continue
        again = sum(later.at > final.answered_at for later in tries)
        steps.append(_step(final, "not sent again", f"sent again {again} times" if again else "kept", holds=not again))
    return steps


def one_device(seen: list[Observed]) -> list[Step]:
    """One terminal and one device sign on and work: a certificate is of one."""
    steps: list[Step] = []
    first: Device | None = None
    for one in seen:
        if one.number or one.device is not None:
            first = first or one.device
            came = "a session whose sign-on was not seen" if one.device is None else str(one.device)
            steps.append(
                _step(one, str(first or "a sign-on before"), came, holds=first is not None and one.device == first)
            )
    return steps


def signs_on_again(fault: str, seen: list[Observed]) -> list[Step]:
    """After the end of a session: sign-on, then the same body under the same number in the new session."""
    steps = []
    for n, one in enumerate(seen):
        if one.fault != fault:
            continue
        later = seen[n + 1 :]
        signed_on = any(other.path == SIGN_ON_PATH and other.is_final for other in later)
        again = [other for other in later if other.identity == one.identity]
        same = all(other.body == one.body for other in again)
        fresh = any(other.key_id != one.key_id for other in again)
        came = [
            "signs on" if signed_on else "no sign-on",
            "the same body" if again and same else "another body" if again else "never sent again",
        ]
        holds = signed_on and bool(again) and same and fresh
        steps.append(_step(one, "signs on, then the same body", ", ".join(came), holds=holds))
    return steps


def keeps_clock(seen: list[Observed]) -> list[Step]:
    """After an unsigned answer with another time, messages are dated as before; but for a sign-on, which may try it."""
    told = next((one for one in seen if one.fault == Fault.SKEWED_CLOCK), None)
    if told is None:
        return []
    later = (one for one in _posts(seen) if one.at > told.answered_at and one.created)
    steps = []
    for one in later:
        moved = one.created - one.at - (told.created - told.at)
        holds = abs(moved) < TOLD_AHEAD_S / 2
        steps.append(_step(one, "dated by the clock that a sign-on has set", f"moved by {moved:.0f} s", holds=holds))
    return steps


def pauses_grow(seen: list[Observed]) -> list[Step]:
    """A message that fails again and again is sent with growing pauses."""
    steps = []
    for tries in _tries(seen).values():
        failed = [one for one in tries if one.fault == DOWN]
        if len(failed) < DOWN_TRIES:
            continue
        gaps = [later.at - one.answered_at for one, later in zip(failed, tries[1:], strict=False)]
        shown = ", ".join(f"{gap:.2f} s" for gap in gaps)
        # Before the second try the terminal may wait for its cashier: from then on it is alone.
        waits = all(gap >= PAUSE_MIN_S for gap in gaps)
        grows = len(gaps) > 2 and max(gaps[2:]) > gaps[1] * 1.2
        steps.append(
            _step(
                failed[0],
                f"{PAUSES}; here each at least {PAUSE_MIN_S} s, a later one 1.2 times the second",
                shown,
                holds=waits and grows,
            )
        )
    return steps


def retry_after(seen: list[Observed]) -> list[Step]:
    """``Retry-After`` is kept."""
    steps = []
    for tries in _tries(seen).values():
        for one, later in pairwise(tries):
            if one.fault == Fault.BUSY:
                gap = later.at - one.answered_at
                holds = gap >= RETRY_AFTER_S - RETRY_SLACK_S
                steps.append(
                    _step(one, f"not before {RETRY_AFTER_S} s, as Retry-After said", f"after {gap:.2f} s", holds=holds)
                )
    return steps


def holds_back_no_other(seen: list[Observed]) -> list[Step]:
    """While one message stays unknown, others are sent and answered."""
    steps = []
    for identity, tries in _tries(seen).items():
        failed = [one for one in tries if one.fault == DOWN]
        if len(failed) < 2:
            continue
        until = tries[-1].at if tries[-1].is_final else float("inf")
        begun: dict[tuple[str, ...], float] = {}
        for one in _posts(seen):
            begun.setdefault(one.identity, one.at)
        others = [key for key, at in begun.items() if key != identity and failed[0].answered_at < at < until]
        answered = [one for one in seen if one.identity in others and one.is_final and one.at <= until]
        if others:
            came = f"{len(others)} others sent, {len({one.identity for one in answered})} answered"
            steps.append(_step(failed[0], "others go on", came, holds=bool(answered)))
    return steps


def _tries(seen: list[Observed]) -> dict[tuple[str, ...], list[Observed]]:
    found: dict[tuple[str, ...], list[Observed]] = defaultdict(list)
    for one in seen:
        if one.method == "POST":
            found[one.identity].append(one)
    return found


def one_at_a_time(ahead: int) -> list[Step]:
    """Nothing is sent on a connection before the answer to what was sent there."""
    return [Step("all connections", "one request at a time", f"{ahead} connections with more", ahead == 0)]


_OF_SESSIONS = {
    "terminal-same-body-under-a-number", "terminal-numbers-ascend", "terminal-fresh-ephemeral-keys",
    "terminal-one-key-for-a-slip", "terminal-holds-back-no-other", "terminal-keeps-final-answers",
    "terminal-one-device",
}  # fmt: skip
_OF_TILLS = {"terminal-voids-earlier-numbers", "terminal-shift-agrees"}


def judged(seen: list[Observed], ahead: int, faults: Iterable[str], profile: Profile) -> list[Result]:
    """The rules that a profile has, each with what was seen of it; one of which nothing was seen was not run."""
    # Case, section, what was seen, and what a run needs for it.
    rules: list[tuple[str, str, list[Step], str]] = [
        ("terminal-signature-profile", "3", signature_profile(seen), "a message"),
        ("terminal-one-request-at-a-time", "1", one_at_a_time(ahead) if seen else [], "a message"),
        ("terminal-same-body-under-a-number", "2", two_bodies(seen), "a message sent again under its number"),
        ("terminal-numbers-ascend", "2", numbers_ascend(seen), "a message with a number"),
        ("terminal-fresh-ephemeral-keys", "5", fresh_ephemerals(seen), "a sign-on"),
        ("terminal-one-key-for-a-slip", "4", enrolment_key(seen), "an enrolment with a slip"),
        ("terminal-one-device", "5", one_device(seen), "a sign-on"),
        ("terminal-keeps-final-answers", "2", keeps_final_answers(seen), "a final answer"),
    ]
    for fault in faults:
        if fault in SIGN_ON_AFTER:
            rules.append((f"terminal-signs-on-after-{fault}", "3", signs_on_again(fault, seen), NEW_MESSAGE))
        else:
            rules.append((f"terminal-repeats-after-{fault}", "2", after(fault, seen), NEW_MESSAGE))
        if fault == Fault.SKEWED_CLOCK:
            rules.append(("terminal-keeps-its-clock", "3", keeps_clock(seen), "a new message, and one after it"))
    rules += [
        ("terminal-growing-pauses", "2", pauses_grow(seen), f"{DOWN_TRIES + 1} tries of the message that fails"),
        ("terminal-keeps-retry-after", "3", retry_after(seen), "a message that was busy, sent again"),
        (
            "terminal-holds-back-no-other", "2", holds_back_no_other(seen),
            "another new message while one fails again and again",
        ),
        ("terminal-voids-earlier-numbers", "7", voids_are_of_earlier(seen), "a void"),
        ("terminal-shift-agrees", "7.1", shift_agrees(seen), "the closing of a shift, answered"),
    ]  # fmt: skip
    left_out = _OF_SESSIONS | _OF_TILLS if profile is Profile.PHONE else set()
    left_out |= _OF_TILLS if profile is Profile.SCALE else set()
    return [_result(*rule) for rule in rules if rule[0] not in left_out]


def _result(case_id: str, section: str, steps: list[Step], needs: str) -> Result:
    broken = [step for step in steps if not step.holds]
    result = "failed" if broken else "passed" if steps else "not_run"
    return Result(case_id, section, "terminal", result, steps, "" if steps else needs)
