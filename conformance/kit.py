"""What a run of ``onecard conformance`` needs of a centre: slips, cards, activation codes. All of it is used up."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import urllib3
from msgspec import DecodeError, Struct, ValidationError, convert, field, json

from conformance.http_server import is_loopback
from foundation.catalogue import Explained
from terminals.schemas import CardIssued, EnrolmentSlip

CASH_FEN = 20_000
HOME_CARDS, PAIRS_OF_PHONES = 30, 8
"""A region may limit what one official eats in a meal period: with so many each case has one of its own."""
ASK_WITHIN_S = 60.0


class ActivationCode(Struct):
    """The code for one official's phone."""

    activation_id: int
    code: str


class KitCashier(Struct):
    """A cashier with the PIN of his slip."""

    number: str
    pin: str
    may_void: bool = True


class Kit(Struct):
    """What is used up.

    ``till_slips``: two, of one canteen; ``scale_slip``: of a scale there. ``cards`` by kind, each of an official of his
    own: ``home`` (several; the last one is blocked in the end) and ``visitor`` (two) with money, of the canteen's
    agency and of another one, ``poor`` (one) without. ``activations``: codes for phones with money, two or more.
    ``cashiers``: three of the canteen, the second one may not void; a kit of an older release has none.
    The canteen has a meal with a price for all, and better also one whose amount the cashier enters.
    """

    till_slips: list[EnrolmentSlip] = field(default_factory=list)
    scale_slip: EnrolmentSlip | None = None
    cards: dict[str, list[CardIssued]] = field(default_factory=dict)
    activations: list[ActivationCode] = field(default_factory=list)
    cashiers: list[KitCashier] = field(default_factory=list)


def read_kit(path: Path) -> Kit:
    """A kit from a file. Raises Explained, OSError."""
    try:
        return json.decode(path.read_bytes(), type=Kit)
    except (DecodeError, ValidationError) as error:
        raise Explained("conformance.kit.wrong", file=path, error=str(error)) from None


def fetch_kit(url: str) -> Kit | None:
    """A fresh kit of a fake centre; None of any other."""
    try:
        answer = urllib3.request("GET", f"{url.rstrip('/')}/desk/kit", retries=False, timeout=ASK_WITHIN_S)
        return json.decode(answer.data, type=Kit) if answer.status == 200 else None
    except (urllib3.exceptions.HTTPError, DecodeError, ValidationError):
        return None


class _Console:
    """A person at the console of our own centre. Raises Explained for whatever it refuses."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self._url, self._token = url.rstrip("/"), ""
        self._token = self.call("POST", "/console/sessions", {"login": login, "password": password})["token"]

    def call(self, method: str, path: str, message: Any = None) -> Any:
        headers = {"content-type": "application/json", "accept-language": "en"}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        body = None if message is None else json.encode(message)
        try:
            answer = urllib3.request(
                method, self._url + path, body=body, headers=headers, retries=False, timeout=ASK_WITHIN_S
            )
        except urllib3.exceptions.HTTPError as error:
            raise Explained("conformance.kit.unreachable", url=self._url, error=str(error)) from None
        if answer.status >= 300:
            raise Explained(
                "conformance.kit.refused", path=path, status=answer.status, answer=answer.data[:300].decode()
            )
        return json.decode(answer.data) if answer.data else None


def make_kit(url: str, person: tuple[str, str], second: tuple[str, str]) -> Kit:
    """Make a kit at the console of our own centre, as two people (login, password). Raises Explained.

    It registers officials with money, so it is for a centre that is tested, not for one that feeds people.
    Passwords go over TLS, or to this machine.
    """
    if not (url.lower().startswith("https://") or is_loopback(url)):
        raise Explained("conformance.kit.in_clear", url=url)
    console, approver = _Console(url, *person), _Console(url, *second)
    agencies = console.call("GET", "/registry/directory")["agencies"]
    canteen_id, home = _canteen(console, agencies)
    other = next((one for one in agencies if one is not home and one["book"] == home["book"]), None)
    if other is None:
        raise Explained("conformance.kit.no_canteen")

    def officials(agency: dict[str, Any], count: int, fen: int) -> list[int]:
        named = [{"name": "一致性测试", "staff_number": uuid4().hex[:12]} for _ in range(count)]
        message = {"agency_id": agency["agency_id"], "officials": named}
        holder_ids = list(console.call("POST", "/registry/officials", message)["holder_ids"])
        if fen:
            deposits = [{"posting_id": str(uuid4()), "holder_id": one, "amount_fen": fen} for one in holder_ids]
            top_up = {"agency_id": agency["agency_id"], "deposits": deposits}
            answer = console.call("POST", "/settlement/top-ups", top_up)
            if "approval_id" in answer:
                approver.call("POST", f"/console/approvals/{answer['approval_id']}/approval", {})
                console.call("POST", "/settlement/top-ups", top_up)
        return holder_ids

    def cards(agency: dict[str, Any], count: int, fen: int = CASH_FEN) -> list[CardIssued]:
        blank = [{"holder_id": one, "uid": f"04{uuid4().hex[:12]}"} for one in officials(agency, count, fen)]
        wanted = {"agency_id": agency["agency_id"], "cards": blank}
        return convert(console.call("POST", "/console/cards", wanted)["cards"], list[CardIssued])

    def slip(kind: str) -> EnrolmentSlip:
        made = EnrolmentSlip(**console.call("POST", "/console/enrolments", {"canteen_id": canteen_id, "kind": kind}))
        approver.call("POST", f"/console/enrolments/{made.enrolment_id}/approval")
        return made

    def cashier(*, may_void: bool) -> KitCashier:
        number = str(uuid4().int % 10**8).zfill(8)
        wanted = {"agency_id": home["agency_id"], "number": number, "name": "一致性测试", "may_void": may_void}
        made = console.call("POST", "/console/cashiers", wanted | {"canteen_ids": [canteen_id]})
        return KitCashier(made["number"], made["pin"], may_void)

    phones = {"agency_id": home["agency_id"], "holder_ids": officials(home, 2 * PAIRS_OF_PHONES, CASH_FEN)}
    activations = console.call("POST", "/console/phone-activations", phones)["activations"]
    return Kit(
        [slip("till"), slip("till")],
        slip("scale"),
        {"home": cards(home, HOME_CARDS), "visitor": cards(other, 2), "poor": cards(home, 1, 0)},
        convert(activations, list[ActivationCode]),
        [cashier(may_void=may_void) for may_void in (True, False, True)],
    )


def _canteen(console: _Console, agencies: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    """A canteen with both kinds of prices, else one with a price for all; with its agency. Raises Explained."""
    found: tuple[int, dict[str, Any]] | None = None
    for agency in agencies:
        for canteen in agency["canteens"]:
            tariffs = console.call("GET", f"/settlement/tariffs?canteen_id={canteen['canteen_id']}")["items"]
            fixed = any(one["home_fen"] is not None for one in tariffs)
            if fixed and any(one["limit_fen"] is not None for one in tariffs):
                return canteen["canteen_id"], agency
            if fixed and found is None:
                found = canteen["canteen_id"], agency
    if found is None:
        raise Explained("conformance.kit.no_canteen")
    return found
