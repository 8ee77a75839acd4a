"""A run: what stands on the bench, what each case expects, and what came."""

from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct, field, to_builtins

from conformance.device import Device, phone_message
from conformance.kit import Kit
from conformance.wire import SIGNED, UNSIGNED, Came, Line, Sent
from foundation.calendar import local_date_of
from terminals.devices import SoftwareCard, SoftwarePhone
from terminals.parameters import price_on
from terminals.phone_keys import PrivateKey, phone_key_of
from terminals.schemas import to_bytes, to_text


class Step(Struct):
    """One message of a case."""

    sent: str
    expected: str
    came: str
    holds: bool


class Broken(Exception):
    """A step did not come as expected; the case ends."""


class NotReady(Exception):
    """What the case needs is not on the bench: an earlier case failed, or the kit has no such thing."""


class Want(Struct, frozen=True):
    """What an answer must be: status, a problem's type, members, and how it is signed (None: either)."""

    statuses: tuple[int, ...]
    slugs: tuple[str, ...] = ()
    members: tuple[tuple[str, Any], ...] = ()
    signature: str | None = SIGNED

    def holds(self, came: Came) -> bool:
        """Whether an answer is that. Every answer has a Date, every signed one the block list's version."""
        said = came.document
        return (
            came.status in self.statuses
            and (not self.slugs or came.slug in self.slugs)
            and all(said.get(name) == value for name, value in self.members)
            and self.signature in (None, came.signature)
            and (came.status == 0 or "date" in came.fields)
            and (came.signature != SIGNED or came.fields.get("onecard-block-list", "").isdecimal())
        )

    def __str__(self) -> str:
        shown = ["|".join(str(status) if status else "no answer" for status in self.statuses), "|".join(self.slugs)]
        shown += [str(value) if name in ("outcome", "reason") else f"{name}={value}" for name, value in self.members]
        signed = "" if self.signature is None else f", {self.signature}"
        return " ".join(part for part in shown if part) + signed


def ok(status: int = 200, **members: Any) -> Want:
    """A signed answer with these members."""
    return Want((status,), members=tuple(members.items()))


APPROVED = ok(outcome="approved")
RECORDED = ok(outcome="recorded")


def refused(reason: str) -> Want:
    """A refusal with this reason."""
    return ok(outcome="refused", reason=reason)


def voided(fen: int) -> Want:
    """Voided, and so much given back."""
    return ok(outcome="voided", reversed_fen=fen)


def problem(status: int, *slugs: str, signature: str | None = SIGNED, **members: Any) -> Want:
    """A problem of one of these types."""
    return Want((status,), slugs, tuple(members.items()), signature)


def unsigned(status: int, *slugs: str, **members: Any) -> Want:
    """A problem that nobody signs."""
    return problem(status, *slugs, signature=UNSIGNED, **members)


class Bench:
    """Devices, cards and phones of a run. What is missing raises NotReady where it is asked for."""

    def __init__(self, line: Line, kit: Kit, *, is_scale: bool = False) -> None:
        self.line, self.kit, self.is_scale = line, kit, is_scale
        self.steps: list[Step] = []
        self._devices: dict[str, Device] = {}
        self._cards: dict[int, SoftwareCard] = {}
        self._phones: dict[tuple[str, int], SoftwarePhone] = {}
        self._phone_keys: dict[int, PrivateKey] = {}
        self._turns: dict[str, int] = {}
        self._mine: dict[str, int] = {}
        self.kept: dict[str, Any] = {}
        """What an earlier case leaves for a later one."""

    # Asking

    def expect(self, sent: Sent, want: Want) -> Came:
        """Send a message; raises Broken unless what comes is what the page says."""
        return self.judge(str(sent), want, self.line.ask(sent))

    def judge(self, sent: str, want: Want, came: Came) -> Came:
        """Note a step; raises Broken unless it is what the page says."""
        self.must(sent, str(want), str(came), want.holds(came))
        return came

    def must(self, sent: str, expected: str, came: object, holds: bool) -> None:
        """Note something that must hold; raises Broken."""
        self.steps.append(Step(sent, expected, str(came), holds))
        if not holds:
            raise Broken

    # What stands on the bench

    def unused_device(self, kind: str) -> Device:
        """The device of this kind, whose slip may not be redeemed yet: ``till``, ``other`` or ``scale``."""
        if kind not in self._devices:
            slips = {"till": self.kit.till_slips[:1], "other": self.kit.till_slips[1:2]}
            slips["scale"] = [self.kit.scale_slip] if self.kit.scale_slip else []
            if not slips[kind]:
                raise NotReady(f"{kind}_slip")
            self._devices[kind] = Device(self.line, slips[kind][0])
        return self._devices[kind]

    def _signed_on(self, kind: str) -> Device:
        device = self.unused_device(kind)
        if not device.terminal_id:
            came = self.line.ask(device.enrolment())
            if came.status != 201:
                raise NotReady(f"enrolment: {came}")
            device.terminal_id = came.document["terminal_id"]
        if device.session is None:
            _, came = device.begin_session()
            if device.session is None:
                raise NotReady(f"sign-on: {came}")
        return device

    @property
    def subject(self) -> str:
        """The kind of device that the run is about."""
        return "scale" if self.is_scale else "till"

    @property
    def device(self) -> Device:
        """The device that the run is about, signed on."""
        return self._signed_on(self.subject)

    @property
    def till(self) -> Device:
        """A till, signed on."""
        return self._signed_on("till")

    @property
    def other(self) -> Device:
        """Another till of the same canteen."""
        return self._signed_on("other")

    @property
    def scale(self) -> Device:
        """A scale, signed on."""
        return self._signed_on("scale")

    def begin(self) -> None:
        """Another case: it has cards and phones of its own, as far as the kit goes."""
        self.steps = []
        self._mine = {}

    def _turn(self, kind: str, count: int) -> int:
        """Whose turn it is of so many of a kind; the same one throughout a case."""
        if kind not in self._mine:
            self._mine[kind] = self._turns.get(kind, 0)
            self._turns[kind] = self._mine[kind] + 1
        return self._mine[kind] % count

    def card(self, name: str = "home") -> SoftwareCard:
        """This case's card of a kind; ``copied`` is the one that nobody else has."""
        issued = self.kit.cards.get("home" if name == "copied" else name, [])
        if not issued or (name in ("home", "copied") and len(issued) < 2):
            raise NotReady(f"card {name}")
        if name == "copied":
            place = len(issued) - 1
        else:
            place = self._turn(name, len(issued) - 1 if name == "home" else len(issued))
        key = issued[place].credential_id
        if key not in self._cards:
            self._cards[key] = SoftwareCard.personalised(to_builtins(issued[place]))
        return self._cards[key]

    def activation(
        self, algorithm: str, key: PrivateKey | None = None, *, pair: int = 0
    ) -> tuple[PrivateKey, dict[str, Any]]:
        """The message that activates a phone with a key of this algorithm, and its key. There are pairs of phones."""
        place = ["ed25519", "ecdsa-p256-sha256"].index(algorithm) + 2 * pair
        if len(self.kit.activations) <= place:
            raise NotReady("activation")
        made = self.kit.activations[place]
        if place not in self._phone_keys:
            fresh = Ed25519PrivateKey.generate() if place % 2 == 0 else ec.generate_private_key(ec.SECP256R1())
            self._phone_keys[place] = fresh
        key = key or self._phone_keys[place]
        public = phone_key_of(key)
        message = {"activation_id": made.activation_id, "code": made.code, "public_key": to_text(public.public)}
        return key, message | {"algorithm": str(public.algorithm)}

    def phone(self, algorithm: str = "ed25519") -> SoftwarePhone:
        """This case's phone, activated."""
        pair = self._turn("phones", max(1, len(self.kit.activations) // 2))
        if (algorithm, pair) not in self._phones:
            key, message = self.activation(algorithm, pair=pair)
            came = self.line.ask(phone_message(self.line, "/phone/certificates", message, key))
            if came.status != 201:
                raise NotReady(f"activation: {came}")
            said = came.document
            reference = to_bytes(said["reference"])
            self._phones[algorithm, pair] = SoftwarePhone(key, to_bytes(said["certificate"]), reference=reference)
        return self._phones[algorithm, pair]

    @property
    def fixed_meal(self) -> tuple[str, int, int]:
        """A meal with a price for all today: its name, the price at home and for visitors."""
        for meal, price in self._prices().items():
            if price.home_fen is not None and price.visitor_fen is not None:
                return meal, price.home_fen, price.visitor_fen
        raise NotReady("a meal with a price")

    @property
    def free_meal(self) -> tuple[str, int] | None:
        """A meal whose amount the cashier enters, and the most that it may be; None if there is none."""
        for meal, price in self._prices().items():
            if price.limit_fen is not None:
                return meal, price.limit_fen
        return None

    def _prices(self) -> dict[str, Any]:
        till = self.till
        assert till.parameters is not None
        on, prices = local_date_of(till.now()), till.parameters.prices
        found = {meal: price_on(prices, meal, on) for meal in ("lunch", "dinner", "breakfast")}
        return {meal: price for meal, price in found.items() if price is not None}

    def pay(self, card: SoftwareCard, want: Want = APPROVED, **more: Any) -> tuple[int, Came]:
        """Charge a card for the meal with a price; its number, and the answer."""
        till, number = self.till, self.till.next_number()
        meal, _, _ = self.fixed_meal
        message = till.tapped(card, number, till.paying(meal), **more)
        return number, self.expect(till.charge(message, number), want)


Run = Callable[[Bench], None]


class Case(Struct, frozen=True):
    """A case: an id that never changes, the section of the page that says what is right, what is done."""

    case_id: str
    section: str
    group: str
    run: Run
    is_slow: bool = False
    """It waits for time-outs."""


class Result(Struct):
    """What became of a case: ``passed``, ``failed`` or ``not_run``."""

    case_id: str
    section: str
    group: str
    result: str
    steps: list[Step] = field(default_factory=list)
    note: str = ""


class Group:
    """The cases of one module, in their order."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cases: list[Case] = []

    def case(self, case_id: str, section: str, *, is_slow: bool = False) -> Callable[[Run], Run]:
        """A case of this group."""

        def add(run: Run) -> Run:
            self.cases.append(Case(case_id, section, self.name, run, is_slow))
            return run

        return add


def play(bench: Bench, case: Case) -> Result:
    """Play one case."""
    bench.begin()
    result, note = "passed", ""
    try:
        case.run(bench)
    except Broken:
        result = "failed"
    except NotReady as missing:
        result, note = "not_run", str(missing)
    except Exception as error:
        # An answer that is no answer of the protocol at all: whatever a case then trips over.
        result, note = "failed", repr(error)
    return Result(case.case_id, case.section, case.group, result, bench.steps, note)
