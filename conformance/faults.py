"""Faults that a centre, or the network before it, is made to have: each once, always, or for a share of messages."""

import random
from dataclasses import dataclass, field
from enum import StrEnum

from conformance.http_server import Answer
from foundation.catalogue import Explained


class Fault(StrEnum):
    """What goes wrong. The page says what a terminal does then (docs/terminal-protocol.md, section 3)."""

    DROP_REQUEST = "drop-request"
    """The message is lost on its way: nothing is posted."""
    DROP_ANSWER = "drop-answer"
    """The answer is lost: what was asked for is posted."""
    LATE = "late"
    """The answer comes after ``late_s``, when a terminal has given up."""
    BUSY = "busy"
    """503 with Retry-After, unsigned, before any check."""
    ERROR = "error"
    """500 after posting: signed by a centre that knows the sender, by a network in between without."""
    EPOCH_WRONG = "epoch-wrong"
    """409 epoch-wrong: signed by a centre, which posts nothing; by a network in between without."""
    REPLAY = "replay"
    """The answer to the message before is sent once more, in the place of this one's."""
    UNSIGNED = "unsigned"
    """The answer comes without its signature."""
    WRONG_SIGNATURE = "wrong-signature"
    ALTERED_BODY = "altered-body"
    """The body is changed after it was signed."""
    SKEWED_CLOCK = "skewed-clock"
    """The centre's clock is ``skew_s`` ahead."""
    SESSION_ENDED = "session-ended"
    CHANGED_PRICES = "changed-prices"
    """Every price rises by a yuan, so the parameters have another version."""
    BLOCKED_CARD = "blocked-card"
    """The card or phone of the charge is blocked before it is posted."""
    ANNOUNCED_KEY = "announced-key"
    """A new version of the centre's key is announced, to be in use 30 s later."""
    ROTATED_KEY = "rotated-key"
    """A new version is in use at once; the one before is accepted for an hour."""


ONCE, ALWAYS, OFF = "once", "always", "off"


@dataclass
class Switch:
    """When a fault strikes: ``once`` (then it is off), ``always``, ``off``, or with this probability.

    ``path``: only messages to paths that begin so.
    """

    when: str | float = OFF
    path: str = "/"


def read_when(text: str) -> str | float:
    """``once``, ``always``, ``off`` or a share between 0 and 1. Raises Explained."""
    if text in (ONCE, ALWAYS, OFF):
        return text
    try:
        share = float(text)
    except ValueError:
        share = -1
    if not 0 < share <= 1:
        raise Explained("conformance.fault.when", when=text)
    return share


@dataclass
class Faults:
    """The switches of all faults; changed while the centre runs."""

    late_s: float = 14.0
    """Two more than a terminal waits."""
    skew_s: int = 3_600
    switches: dict[Fault, Switch] = field(default_factory=dict)

    def set(self, name: str, when: str, path: str = "/") -> None:
        """Switch a fault. Raises Explained for an unknown one."""
        try:
            fault = Fault(name)
        except ValueError:
            raise Explained("conformance.fault.unknown", name=name, names=", ".join(Fault)) from None
        self.switches[fault] = Switch(read_when(when), path)

    def read(self, text: str) -> None:
        """Switch by ``NAME[@PATH][=WHEN]``, once if nothing is said. Raises Explained."""
        named, _, when = text.partition("=")
        name, _, path = named.partition("@")
        self.set(name, when or ONCE, path or "/")

    def strikes(self, fault: Fault, path: str) -> bool:
        """Whether this message has the fault; one that strikes once is off afterwards."""
        switch = self.switches.get(fault)
        if switch is None or switch.when == OFF or not path.startswith(switch.path):
            return False
        if switch.when == ONCE:
            switch.when = OFF
        return not isinstance(switch.when, float) or random.random() < switch.when  # noqa: S311

    def shown(self) -> dict[str, object]:
        """The switches that are on, for people."""
        return {fault: {"when": one.when, "path": one.path} for fault, one in self.switches.items() if one.when != OFF}


def strip_signature(answer: Answer) -> Answer:
    """The answer without its signature."""
    fields = {name: value for name, value in answer.fields.items() if name not in ("signature", "signature-input")}
    return Answer(answer.status, fields, answer.body)


def break_signature(answer: Answer) -> Answer:
    """The answer with another signature of the same length."""
    label, _, value = answer.fields.get("signature", "").partition("=:")
    if not value:
        return answer
    other = ("B" if value[0] == "A" else "A") + value[1:]
    return Answer(answer.status, answer.fields | {"signature": f"{label}=:{other}"}, answer.body)


def alter_body(answer: Answer) -> Answer:
    """The answer with another body under the old signature: a refusal is said to be an approval."""
    return Answer(answer.status, answer.fields, answer.body.replace(b"refused", b"approved") + b" ")
