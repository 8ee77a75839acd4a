"""Builders with good defaults: an official with money and a card, a phone, a terminal at a canteen."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from terminals.client import Terminal
from terminals.devices import SoftwareCard, SoftwarePhone
from terminals.phone import activate_phone
from terminals.schemas import EnrolmentSlip
from tests.running_system import Person, System


@dataclass
class Official:
    agency_id: int
    holder_id: int


def seen_user(system: System, user_id: int) -> dict[str, Any]:
    """What a confirmation of a user or machine says: his rights as they are now."""
    with psycopg.connect(system.database_url) as db:
        [(role, agency_id, scopes)] = db.execute(
            "SELECT role, agency_id, scopes FROM console_user WHERE user_id = %s", [user_id]
        ).fetchall()
    return {"role": role, "agency_id": agency_id} | ({} if scopes is None else {"scopes": scopes.split()})


def seen_identity(system: System, identity_id: int) -> dict[str, Any]:
    """What a confirmation of an identity says."""
    with psycopg.connect(system.database_url) as db:
        [(subject, agency_id)] = db.execute(
            "SELECT subject, CASE WHEN i.user_id IS NULL THEN i.agency_id ELSE u.agency_id END"
            " FROM identity i LEFT JOIN console_user u USING (user_id) WHERE identity_id = %s",
            [identity_id],
        ).fetchall()
    return {"subject": subject, "agency_id": agency_id}


class Network:
    """The demo city with its people signed in, to build in."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.url = system.url
        self.centre = system.sign_in("centre")
        self.approver = system.sign_in("approver")
        agencies = self.centre.call("GET", "/registry/directory")["agencies"]
        names = ["city", "yinzhou", "yuyao", "hangzhou"]
        self.agencies: dict[str, Any] = dict(zip(names, agencies, strict=True))

    def agency_id(self, agency: str) -> int:
        return int(self.agencies[agency]["agency_id"])

    def canteen_id(self, agency: str, index: int = 0) -> int:
        return int(self.agencies[agency]["canteens"][index]["canteen_id"])

    def official(self, agency: str = "yinzhou", *, cash_fen: int = 10_000, subsidy_fen: int = 0) -> Official:
        agency_id = self.agency_id(agency)
        message = {"agency_id": agency_id, "officials": [{"name": "王小明", "staff_number": secrets.token_hex(6)}]}
        [holder_id] = self.centre.call("POST", "/registry/officials", message)["holder_ids"]
        official = Official(agency_id, holder_id)
        if cash_fen:
            self.deposit("top-ups", official, cash_fen)
        if subsidy_fen:
            self.deposit("grants", official, subsidy_fen)
        return official

    def deposit(self, path: str, official: Official, amount_fen: int) -> None:
        deposit = {"posting_id": str(uuid4()), "holder_id": official.holder_id, "amount_fen": amount_fen}
        message = {"agency_id": official.agency_id, "deposits": [deposit]}
        self.with_approval(self.centre, f"/settlement/{path}", message)

    def with_approval(self, person: Person, path: str, message: Any) -> Any:
        """Send a person's message; where a second person is needed, the approver approves it first."""
        answer = person.call("POST", path, message)
        if "approval_id" in answer:
            self.approve(answer["approval_id"])
            answer = person.call("POST", path, message)
        return answer

    def approve(self, approval_id: int) -> Any:
        """Approve a request as the centre's approver."""
        return self.approver.call("POST", f"/console/approvals/{approval_id}/approval", {})

    def close_day(self, business_date: str) -> Any:
        """Close a business day, whose cut-off has not passed as a rule; the cycle."""
        message = {"business_date": business_date, "reason": "a test"}
        return self.with_approval(self.centre, "/clearing/cycles", message)

    def card(self, official: Official) -> SoftwareCard:
        uid = f"04{secrets.token_hex(6)}"
        message = {"agency_id": official.agency_id, "cards": [{"holder_id": official.holder_id, "uid": uid}]}
        [issued] = self.centre.call("POST", "/console/cards", message)["cards"]
        return self.card_of(issued)

    def card_of(self, issued: dict[str, Any]) -> SoftwareCard:
        return SoftwareCard.personalised(issued)

    def phone(self, official: Official) -> SoftwarePhone:
        message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
        [made] = self.centre.call("POST", "/console/phone-activations", message)["activations"]
        return activate_phone(self.url, made["activation_id"], made["code"])

    def slip(self, agency: str = "yinzhou", *, approved: bool = True, **more: Any) -> EnrolmentSlip:
        message = {"canteen_id": self.canteen_id(agency), **more}
        slip = EnrolmentSlip(**self.centre.call("POST", "/console/enrolments", message))
        if approved:
            self.approver.call("POST", f"/console/enrolments/{slip.enrolment_id}/approval")
        return slip

    def terminal(self, folder: Path, agency: str = "yinzhou", *, url: str = "") -> Terminal:
        terminal = Terminal.enrol(url or self.url, self.slip(agency), folder / f"terminal-{secrets.token_hex(4)}")
        terminal.sign_on()
        return terminal

    def purses(self, official: Official) -> tuple[int, int]:
        held = self.centre.call("GET", f"/settlement/purses/{official.holder_id}")
        return held["cash_fen"], held["subsidy_fen"]

    def person(self, login: str) -> Person:
        return self.system.sign_in(login)


@dataclass
class Town:
    """A network of a test module's own, whose people stay signed in."""

    network: Network
    folder: Path
    people: dict[str, Person] = field(default_factory=dict)

    def person(self, login: str) -> Person:
        if login not in self.people:
            self.people[login] = self.network.person(login)
        return self.people[login]

    @property
    def open_day(self) -> str:
        return max(str(day["business_date"]) for day in self.person("centre").call("GET", "/clearing/open-days"))
