"""What the fake centre knows when it starts: one canteen with its prices, its officials, their cards and phones."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import date, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from conformance.fake.ledger import LATE_FEN_MAX, LATE_PAYMENTS_MAX, Credential, Holder
from foundation.keys import KeyRing, KeyVersion
from registry.identifiers import AgencyId, Book, CanteenId, CredentialId, HolderId
from registry.meals import Meal
from registry.pins import new_pin
from settlement.tariff import (
    PlaceCheck,
    PriceMode,
    ReceiptEffect,
    RegionRules,
    SubsidyExpiry,
    Tariff,
    VisitorCap,
    VisitorFloor,
    Visitors,
)
from terminals import cards
from terminals.devices import SoftwareCard
from terminals.enrolment import new_code
from terminals.models import Terminal
from terminals.parameters import CanteenFacts, CanteenTerms
from terminals.phone_keys import PhoneKey
from terminals.schemas import CredentialKind, CredentialState, SuggestedMeal, to_text

BOOK, CANTEEN, HOME, VISITORS = Book(3302), CanteenId(1010), AgencyId(1003), AgencyId(1004)
SLIP_LIFE_S, ACTIVATION_LIFE_S = 600, 86_400


@dataclass
class Slip:
    """An enrolment slip, approved already. ``terminal``: who redeemed it."""

    enrolment_id: int
    code: str
    kind: str
    expires_at: int
    replaces: Terminal | None = None
    terminal: Terminal | None = None
    epoch: int = 0


@dataclass
class Tries:
    """Wrong PINs in a row at a till."""

    wrong: int = 0
    locked_until: float = 0


@dataclass
class Cashier:
    """A cashier of the test canteen."""

    cashier_id: int
    number: str
    pin: str
    may_void: bool
    pin_is_first: bool = True
    tries: dict[int, Tries] = field(default_factory=dict)
    """By terminal."""
    tries_today: int = 0
    """At all of them; a fake centre lives no day."""
    locked_until: float = 0


@dataclass
class Activation:
    """A phone's activation code. ``phone``: the one that redeemed it."""

    activation_id: int
    code: str
    holder: Holder
    expires_at: int
    phone: "Phone | None" = None


@dataclass
class Phone:
    """A phone that was activated: its key, and the references of its certificates by their end."""

    credential: Credential
    key: PhoneKey
    references: dict[int, bytes] = field(default_factory=dict)


@dataclass
class IssuedCard:
    """A card that was issued, and the card itself, in software: the desk plays its taps."""

    card: SoftwareCard
    credential: Credential
    key: bytes

    def for_the_personaliser(self) -> dict[str, object]:
        """What the console gives out for it (``CardIssued``)."""
        file = {name: getattr(self.card.file, name) for name in cards.CardFile.__struct_fields__}
        return {"uid": self.card.uid.hex(), **file, "key": to_text(self.key)}


def _meals(extra_fen: int) -> dict[str, list[Tariff]]:
    since = date(2025, 1, 1)

    def fixed(meal: Meal, home: int, visitor: int) -> list[Tariff]:
        return [Tariff(meal, since, PriceMode.FIXED, home + extra_fen, visitor + extra_fen, None, 10_000)]

    return {
        Meal.BREAKFAST: fixed(Meal.BREAKFAST, 400, 2_000),
        Meal.LUNCH: fixed(Meal.LUNCH, 1_000, 4_000),
        Meal.DINNER: [Tariff(Meal.DINNER, since, PriceMode.FREE, None, None, 5_000, 10_000)],
    }


class Town:
    """Numbers, keys, people and devices of the fake centre."""

    def __init__(self) -> None:
        self._numbers = 2_000
        self.keys = KeyRing(
            (KeyVersion(1, Ed25519PrivateKey.generate().private_bytes_raw()),),
            secrets.token_bytes(32),
            (KeyVersion(1, secrets.token_bytes(16)),),
        )
        self.credentials: dict[int, Credential] = {}
        self.slips: dict[int, Slip] = {}
        self.activations: dict[int, Activation] = {}
        self.cards: dict[int, IssuedCard] = {}
        self.phones: dict[int, Phone] = {}
        self.terminals: dict[int, Terminal] = {}
        self.block_list: list[tuple[int, bool]] = []
        """Credential and whether it was blocked; the version is the place, from 1."""
        self.cashiers: dict[str, Cashier] = {}
        self.cashiers_required_at: datetime | None = None
        self.extra_fen = 0
        hours = [("breakfast", "07:00", "08:30"), ("lunch", "11:00", "13:30"), ("dinner", "17:00", "19:00")]
        self._facts = CanteenFacts(
            BOOK, CANTEEN, HOME, "测试食堂", "Test canteen", [SuggestedMeal(*one) for one in hours], False
        )

    def number(self) -> int:
        """The next number."""
        self._numbers += 1
        return self._numbers

    @property
    def terms(self) -> CanteenTerms:
        """The canteen's terms with the prices of now."""
        rules = RegionRules(
            date(2025, 1, 1), Visitors.ANYONE, VisitorFloor.NONE, VisitorCap.NONE, None, None, None,
            ReceiptEffect.PERSONAL, SubsidyExpiry.NEVER, LATE_PAYMENTS_MAX, LATE_FEN_MAX, PlaceCheck.OFF, 300,
        )  # fmt: skip
        facts = replace(self._facts, cashier_required=self.cashiers_required_at is not None)
        return CanteenTerms(facts, _meals(self.extra_fen), [rules], [])

    def holder(self, agency_id: int = HOME, cash_fen: int = 100_000, working_meals: int = 0) -> Holder:
        """A new official with money."""
        return Holder(self.number(), agency_id, cash_fen, working_meals=working_meals)

    def cashier(self, *, may_void: bool = True) -> Cashier:
        """A new cashier, with the PIN of his slip."""
        cashier_id = self.number()
        number = str(cashier_id)
        made = self.cashiers[number] = Cashier(cashier_id, number, new_pin(number), may_void)
        return made

    def credential(self, holder: Holder, kind: CredentialKind) -> Credential:
        """A new card or phone of his."""
        made = Credential(self.number(), holder, kind, int(time.time()))
        self.credentials[made.credential_id] = made
        return made

    def slip(self, kind: str = "till", replaces: Terminal | None = None) -> Slip:
        """A new enrolment slip, approved."""
        slip = Slip(self.number(), new_code(), kind, int(time.time()) + SLIP_LIFE_S, replaces)
        self.slips[slip.enrolment_id] = slip
        return slip

    def activation(self, holder: Holder) -> Activation:
        """A new activation code for his phone."""
        made = Activation(self.number(), new_code(), holder, int(time.time()) + ACTIVATION_LIFE_S)
        self.activations[made.activation_id] = made
        return made

    def card(self, holder: Holder) -> IssuedCard:
        """A new card of his."""
        credential = self.credential(holder, "card")
        uid = b"\x04" + secrets.token_bytes(6)
        version = self.keys.card_master_version
        file = cards.CardFile(
            version, BOOK, AgencyId(holder.agency_id), HolderId(holder.holder_id),
            CredentialId(credential.credential_id),
        )  # fmt: skip
        master = self.keys.card_master_key(version)
        assert master is not None
        key = cards.card_key(master, uid, file)
        made = self.cards[credential.credential_id] = IssuedCard(SoftwareCard(uid, file, key), credential, key)
        return made

    def block(self, credential_id: int, *, blocked: bool = True) -> bool:
        """Block a credential or lift its block; False when nothing changed. Raises KeyError."""
        state: CredentialState = "blocked" if blocked else "active"
        credential = self.credentials[credential_id]
        if credential.state == state:
            return False
        credential.state = state
        self.block_list.append((credential_id, blocked))
        return True

    def add_key(self, begins_in_s: int, overlap_s: int) -> int:
        """A new version of the centre's key, or the one that is announced already; the ones before end so long after.

        Returns its version.
        """
        now = int(time.time())
        begins = now + begins_in_s
        *_, last = begun = [one for one in self.keys.centre if one.begins <= now]
        announced = next((one for one in self.keys.centre if one.begins > now), None)
        fresh = announced or KeyVersion(last.version + 1, Ed25519PrivateKey.generate().private_bytes_raw())
        older = (replace(one, ends=min(one.ends, begins + overlap_s)) for one in begun)
        self.keys.use((*older, replace(fresh, begins=begins)), self.keys.card_master)
        return fresh.version
