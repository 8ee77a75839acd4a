"""Registers officials, cards, phones, money and terminals in a running system, in bulk, over the public API."""

import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from demo.city import AGENCIES, OFFICIALS, PASSWORD
from demo.console import ConsoleClient, PlayFailed, open_http, until_known
from demo.simulated_sign_on import OPENID, subject_of
from foundation.catalogue import Language
from terminals.client import Terminal
from terminals.devices import SoftwareCard, SoftwarePhone
from terminals.phone import activate_phone
from terminals.schemas import EnrolmentSlip

BULK = 500


@dataclass
class Diner:
    """An official with a card or a phone."""

    agency: str
    holder_id: int
    card: SoftwareCard | None = None
    phone: SoftwarePhone | None = None
    at_till: threading.Lock = field(default_factory=threading.Lock)
    """Held while this diner pays: nobody pays at two tills at once."""


def in_chunks(items: list[Any], size: int = BULK) -> Iterator[list[Any]]:
    """Split a list into pieces that fit one message."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


class DemoNetwork:
    """A running system with the demo city. Raises PlayFailed when it has none."""

    def __init__(self, url: str, language: Language = Language.ENGLISH) -> None:
        self.url = url
        self.language = language
        self._http = open_http()
        try:
            self.centre = self.person("centre")
        except PlayFailed as failed:
            # A centre without the demo's users: it has no such login, or another password.
            raise (PlayFailed("demo.no_demo_users", url=url) if failed.code == "demo.refused" else failed) from None
        self.approver = self.person("approver")
        directory = self.centre.call("GET", "/registry/directory")["agencies"]
        by_name: dict[str, Any] = {agency["name_en"]: agency for agency in directory}
        try:
            self.agencies = {agency.short: by_name[agency.name_en] for agency in AGENCIES}
        except KeyError as missing:
            raise PlayFailed("demo.no_demo_city", agency=missing) from None

    def person(self, login: str) -> ConsoleClient:
        """Another person at the console."""
        return ConsoleClient(self._http, self.url, login, PASSWORD, self.language)

    def agency_id(self, agency: str) -> int:
        """An agency's number."""
        return int(self.agencies[agency]["agency_id"])

    def canteens(self, agency: str) -> list[int]:
        """The numbers of an agency's canteens."""
        return [canteen["canteen_id"] for canteen in self.agencies[agency]["canteens"]]

    def allow(self, rules: dict[str, Any]) -> None:
        """Change the rules of every region."""
        for book in sorted({agency["book"] for agency in self.agencies.values()}):
            self.centre.call("POST", f"/settlement/rules/{book}", rules)

    def with_approval(self, path: str, message: Any) -> Any:
        """Send a message of the centre; where a second person is needed, the approver approves it first."""
        answer = self.centre.call("POST", path, message)
        if "approval_id" in answer:
            self.approver.call("POST", f"/console/approvals/{answer['approval_id']}/approval", {"reason": "demo"})
            answer = self.centre.call("POST", path, message)
        return answer

    def register(self, agency: str, count: int, told: Callable[[int], None] = lambda _: None) -> list[Diner]:
        """Register officials without card, phone or money; ``told`` is called with the number done."""
        run = secrets.token_hex(4)
        diners: list[Diner] = []
        for numbers in in_chunks([f"{run}-{i}" for i in range(count)]):
            people = [{"name": f"演示 {number}", "staff_number": number} for number in numbers]
            message = {"agency_id": self.agency_id(agency), "officials": people}
            holders = self.centre.call("POST", "/registry/officials", message)["holder_ids"]
            diners += [Diner(agency, holder) for holder in holders]
            told(len(numbers))
        return diners

    def signing_on(self, agency: str) -> list[Diner]:
        """The agency's official at the simulated providers; none once he has a card, whose key nobody has any more."""
        found = []
        for official in (one for one in OFFICIALS if one.agency == agency):
            query = f"provider={OPENID}&subject={subject_of(OPENID, official.login)}"
            bound = self.centre.call("GET", f"/console/identities?{query}")["items"]
            for holder_id in (one["holder_id"] for one in bound if one["holder_id"] and not one["ended_at"]):
                account = self.centre.call("GET", f"/registry/officials/{holder_id}/account")
                cards = [one for one in account["credentials"] if one["kind"] == "card"]
                if account["state"] == "active" and not cards:
                    found.append(Diner(agency, holder_id))
        return found

    def issue_cards(self, diners: list[Diner]) -> None:
        """Issue a card to each; all are of one agency."""
        by_holder = {diner.holder_id: diner for diner in diners}
        for chunk in in_chunks(diners):
            cards = [{"holder_id": diner.holder_id, "uid": f"04{secrets.token_hex(6)}"} for diner in chunk]
            message = {"agency_id": self.agency_id(chunk[0].agency), "cards": cards}
            for card in self.centre.call("POST", "/console/cards", message)["cards"]:
                by_holder[card["holder_id"]].card = SoftwareCard.personalised(card)

    def replace_card(self, diner: Diner) -> Diner:
        """Report a card as lost and give its owner a new one: the same official, with the new card."""
        assert diner.card is not None
        lost = {
            "credential_id": diner.card.file.credential_id,
            "uid": f"04{secrets.token_hex(6)}",
            "reason": "遗失（演示）",
        }
        card = self.centre.call("POST", "/console/cards/replacements", lost)["card"]
        return Diner(diner.agency, diner.holder_id, SoftwareCard.personalised(card))

    def activate_phones(self, diners: list[Diner], told: Callable[[int], None] = lambda _: None) -> None:
        """Activate a phone for each; all are of one agency."""
        by_holder = {diner.holder_id: diner for diner in diners}

        def activate(activation: dict[str, Any]) -> None:
            phone = until_known(lambda: activate_phone(self.url, activation["activation_id"], activation["code"]))
            by_holder[activation["holder_id"]].phone = phone
            told(1)

        with ThreadPoolExecutor(16) as pool:
            for chunk in in_chunks(diners):
                holders = [diner.holder_id for diner in chunk]
                message = {"agency_id": self.agency_id(chunk[0].agency), "holder_ids": holders}
                made = self.centre.call("POST", "/console/phone-activations", message)["activations"]
                list(pool.map(activate, made))

    def deposit(self, path: str, diners: list[Diner], amount_fen: int) -> None:
        """Pay money into the purse of each (``top-ups`` or ``grants``); all are of one agency."""
        for chunk in in_chunks(diners):
            deposits = [
                {"posting_id": str(uuid4()), "holder_id": diner.holder_id, "amount_fen": amount_fen} for diner in chunk
            ]
            message = {"agency_id": self.agency_id(chunk[0].agency), "deposits": deposits}
            self.with_approval(f"/settlement/{path}", message)

    def slip(self, canteen_id: int) -> EnrolmentSlip:
        """What makes a device a terminal of a canteen; a second person has approved it."""
        slip = EnrolmentSlip(**self.centre.call("POST", "/console/enrolments", {"canteen_id": canteen_id}))
        self.approver.call("POST", f"/console/enrolments/{slip.enrolment_id}/approval")
        return slip

    def enrol_terminal(self, canteen_id: int, folder: Path) -> Terminal:
        """Enrol a terminal at a canteen (two people) and sign it on."""
        slip = self.slip(canteen_id)
        terminal = until_known(lambda: Terminal.enrol(self.url, slip, folder))
        until_known(terminal.sign_on)
        return terminal
