"""A day of the network as software terminals, cards and phones live it, over HTTP alone.

Nothing here goes round the public interfaces: officials are registered, cards issued, phones activated, terminals
enrolled and signed on, payments made, the day closed and the waste weighed by the same messages that real ones send.
"""

import json
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import urllib3
from rich.progress import Progress, TaskID

from onecard.city import AGENCIES, PASSWORD
from terminals.cards import CardFile
from terminals.client import OutcomeUnknown, Rejected, Terminal, activate_phone
from terminals.devices import SoftwareCard, SoftwarePhone
from terminals.schemas import Answer, EnrolmentSlip, to_bytes

MEAL_SHARES = {"breakfast": 0.15, "lunch": 0.70, "dinner": 0.15}
"""Lunch makes the load (domain page: 70 % of the staff lunch in the canteen)."""

VISITOR_SHARE = 0.15
PHONE_SHARE = 0.25
ODD_SHARE = 0.03
"""Presentations that a real lunch refuses: empty purses, old screenshots, blocked cards, forgeries."""

GIVE_UP_SHARE = 0.1
"""Of the payments whose outcome stays unknown for a moment: the cashier gives up and voids."""

RESEND_FOR_S = 180.0
BULK = 500

T = TypeVar("T")


class DemoFailed(Exception):
    """The day cannot be played; one line that says why."""


class ConsoleClient:
    """A signed-in person at the console."""

    def __init__(self, http: urllib3.PoolManager, url: str, login: str) -> None:
        self._http = http
        self._url = url
        self._headers: dict[str, str] = {"content-type": "application/json"}
        token = self.call("POST", "/console/sessions", {"login": login, "password": PASSWORD})["token"]
        self._headers["authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, message: Any = None) -> Any:
        """Send one message; raises DemoFailed with the problem's own words."""
        body = json.dumps(message).encode() if message is not None else None
        give_up_at = time.monotonic() + RESEND_FOR_S
        while True:
            try:
                answer = self._http.request(method, self._url + path, body=body, headers=self._headers)
                if answer.status < 500:
                    break
            except urllib3.exceptions.HTTPError:
                pass
            if time.monotonic() > give_up_at:
                raise DemoFailed(f"{self._url} does not answer {path}")
            time.sleep(0.3)
        if answer.status >= 400:
            problem = json.loads(answer.data)
            raise DemoFailed(f"{path}: {problem.get('title_en')}: {problem.get('detail')}")
        return json.loads(answer.data) if answer.data else None


@dataclass
class Diner:
    """An official with what he carries."""

    agency: str
    holder_id: int
    card: SoftwareCard | None = None
    phone: SoftwarePhone | None = None
    at_till: threading.Lock = field(default_factory=threading.Lock)
    """Nobody stands at two tills at once."""


@dataclass(frozen=True)
class Presentation:
    """Somebody steps up to a till: who, where, for which meal, and what is odd about it, if anything."""

    diner: Diner
    canteen_id: int
    meal: str
    odd: str | None
    amount_fen: int | None


@dataclass
class Tally:
    """What the tills saw."""

    approved: int = 0
    amount_fen: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    voided: int = 0
    resent: int = 0
    unknown: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, answer: Answer) -> None:
        """Count one final answer."""
        with self.lock:
            if answer.outcome == "approved":
                assert answer.receipt is not None
                self.approved += 1
                self.amount_fen += answer.receipt.amount_fen
            elif answer.outcome == "refused":
                self.refusals[str(answer.reason)] += 1
            else:
                self.voided += 1


class Day:
    """One played day."""

    def __init__(self, url: str, folder: Path, progress: Progress, seed: int) -> None:
        self.url = url
        self.folder = folder
        self.progress = progress
        self.random = random.Random(seed)  # noqa: S311 - a script, not a secret
        self.http = urllib3.PoolManager(maxsize=8, retries=False, timeout=urllib3.Timeout(30))
        self.centre = ConsoleClient(self.http, url, "centre")
        self.approver = ConsoleClient(self.http, url, "approver")
        directory = self.centre.call("GET", "/registry/directory")["agencies"]
        by_name = {agency["name_zh"]: agency for agency in directory}
        try:
            self.agencies = {short: by_name[name_zh] for short, _, name_zh, _, _ in AGENCIES}
        except KeyError as missing:
            raise DemoFailed(f"the system has no agency {missing}: the demo needs the demo city") from None
        self.tally = Tally()
        self.terminals: list[Terminal] = []

    def _task(self, name: str, total: int) -> TaskID:
        return self.progress.add_task(name, total=total)

    def register_diners(self, count: int) -> list[Diner]:
        """Register officials, issue cards, activate phones, put money into purses."""
        shares = {"city": 0.35, "yinzhou": 0.35, "yuyao": 0.25, "hangzhou": 0.05}
        run = secrets.token_hex(4)
        task = self._task("officials, cards, money", count)
        diners: list[Diner] = []
        for agency, share in shares.items():
            wanted = max(2, round(count * share))
            for first in range(0, wanted, BULK):
                size = min(BULK, wanted - first)
                numbers = [f"{run}-{agency}-{first + i}" for i in range(size)]
                people = [{"name": f"演示 {number}", "staff_number": number} for number in numbers]
                diners += self._equip(agency, self._register(agency, people))
                self.progress.advance(task, size)
        self._activate_phones([d for d in diners if d.card is None])
        return diners

    def _register(self, agency: str, people: list[dict[str, str]]) -> list[int]:
        message = {"agency_id": self.agencies[agency]["agency_id"], "officials": people}
        holders: list[int] = self.centre.call("POST", "/registry/officials", message)["holder_ids"]
        return holders

    def _issue_cards(self, agency: str, holders: list[int]) -> dict[int, SoftwareCard]:
        cards = [{"holder_id": holder, "uid": f"04{secrets.token_hex(6)}"} for holder in holders]
        message = {"agency_id": self.agencies[agency]["agency_id"], "cards": cards}
        return {
            card["holder_id"]: SoftwareCard(
                bytes.fromhex(card["uid"]),
                CardFile(card["book"], card["holder_id"], card["credential_id"]),
                to_bytes(card["key"]),
            )
            for card in self.centre.call("POST", "/console/cards", message)["cards"]
        }

    def _equip(self, agency: str, holders: list[int]) -> list[Diner]:
        """Cards for most, none yet for the rest (they have phones), and money for all."""
        with_phone = set(self.random.sample(holders, round(PHONE_SHARE * len(holders))))
        cards = self._issue_cards(agency, [holder for holder in holders if holder not in with_phone])
        for path, amount_fen in (("top-ups", 20_000), ("grants", 6_000)):
            deposits = [{"posting_id": str(uuid4()), "holder_id": h, "amount_fen": amount_fen} for h in holders]
            message = {"agency_id": self.agencies[agency]["agency_id"], "deposits": deposits}
            self.centre.call("POST", f"/settlement/{path}", message)
        return [Diner(agency, holder, cards.get(holder)) for holder in holders]

    def _activate_phones(self, owners: list[Diner]) -> None:
        task = self._task("phones", len(owners))
        by_holder = {diner.holder_id: diner for diner in owners}

        def activate(activation: dict[str, Any]) -> None:
            phone = _until_known(lambda: activate_phone(self.url, activation["activation_id"], activation["code"]))
            by_holder[activation["holder_id"]].phone = phone
            self.progress.advance(task)

        with ThreadPoolExecutor(16) as pool:
            for agency in {diner.agency for diner in owners}:
                holders = [diner.holder_id for diner in owners if diner.agency == agency]
                for chunk in _chunks(holders, BULK):
                    message = {"agency_id": self.agencies[agency]["agency_id"], "holder_ids": chunk}
                    made = self.centre.call("POST", "/console/phone-activations", message)["activations"]
                    list(pool.map(activate, made))

    def empty_handed(self) -> list[Diner]:
        """Three officials with cards and no money; one more whose card is reported lost."""
        run = secrets.token_hex(4)
        holders = self._register("yinzhou", [{"name": f"演示 {run}", "staff_number": f"{run}-{i}"} for i in range(4)])
        cards = self._issue_cards("yinzhou", holders)
        lost = cards[holders[-1]].file.credential_id
        block = {"blocked": True, "reason": "reported lost (demo)"}
        self.centre.call("POST", f"/console/credentials/{lost}/block", block)
        return [Diner("yinzhou", holder, cards[holder]) for holder in holders]

    def enrol_terminals(self, count: int) -> None:
        """Enrol terminals, two people for each, spread over the canteens of Ningbo, and sign them on."""
        canteens = [c for short in ("city", "yinzhou", "yuyao") for c in self.agencies[short]["canteens"]]
        task = self._task("terminals", count)
        for i in range(count):
            canteen_id = canteens[i % len(canteens)]["canteen_id"]
            made = self.centre.call("POST", "/console/enrolments", {"canteen_id": canteen_id})
            slip = EnrolmentSlip(**made)
            self.approver.call("POST", f"/console/enrolments/{slip.enrolment_id}/approval")
            folder = self.folder / f"terminal-{i + 1:03d}"
            terminal = _until_known(lambda slip=slip, folder=folder: Terminal.enrol(self.url, slip, folder))  # type: ignore[misc]
            _until_known(terminal.sign_on)
            self.terminals.append(terminal)
            self.progress.advance(task)

    def plan(self, diners: list[Diner], empty: list[Diner], payments: int) -> list[Presentation]:
        """Who eats what where, in the order of the day, with the odd ones that a real lunch has."""
        canteens = {
            short: [c["canteen_id"] for c in self.agencies[short]["canteens"]] for short in ("city", "yinzhou", "yuyao")
        }
        plan = []
        for meal, share in MEAL_SHARES.items():
            eating = self.random.sample(diners, min(len(diners), round(payments * share)))
            plan += [self._presentation(diner, meal, canteens, None) for diner in eating]
        odd = []
        for _ in range(round(ODD_SHARE * payments)):
            kind = self.random.choice(
                ["no_money", "lost_card", "old_code", "shown_twice", "forged_code", "forged_card", "typed_amount"]
            )
            if kind == "no_money":
                diner = self.random.choice(empty[:-1])
            elif kind == "lost_card":
                diner = empty[-1]
            else:
                needs_card = kind == "forged_card"
                diner = self.random.choice([d for d in diners if (d.card is not None) == needs_card])
            odd.append(self._presentation(diner, "lunch", canteens, kind))
        for presentation in odd:
            plan.insert(self.random.randrange(len(plan) + 1), presentation)
        return plan

    def _presentation(self, diner: Diner, meal: str, canteens: dict[str, list[int]], odd: str | None) -> Presentation:
        visits = diner.agency not in canteens or self.random.random() < VISITOR_SHARE
        others = [short for short in canteens if short != diner.agency]
        where = self.random.choice(others) if visits else diner.agency
        free = where == "yuyao" and meal != "breakfast"
        amount_fen = self.random.randrange(600, 2400, 10) if free else None
        return Presentation(diner, self.random.choice(canteens[where]), meal, odd, amount_fen)

    def serve(self, plan: list[Presentation], stop: threading.Event | None = None) -> None:
        """Every till serves its queue, all at once."""
        task = self._task("payments", len(plan))
        queues: dict[int, list[Presentation]] = {}
        for presentation in plan:
            queues.setdefault(presentation.canteen_id, []).append(presentation)
        tills = [(t, t.canteen_id) for t in self.terminals]
        per_canteen = Counter(canteen for _, canteen in tills)
        taken: Counter[int] = Counter()
        with ThreadPoolExecutor(len(tills)) as pool:
            jobs = []
            for terminal, canteen in tills:
                mine = queues.get(canteen, [])[taken[canteen] :: per_canteen[canteen]]
                taken[canteen] += 1
                jobs.append(pool.submit(self._serve_queue, terminal, mine, task, stop))
            for job in jobs:
                job.result()

    def _serve_queue(
        self, terminal: Terminal, queue: list[Presentation], task: TaskID, stop: threading.Event | None
    ) -> None:
        for presentation in queue:
            if stop is not None and stop.is_set():
                return
            self._serve_one(terminal, presentation)
            self.progress.advance(task)

    def _serve_one(self, terminal: Terminal, presentation: Presentation) -> None:
        try:
            with presentation.diner.at_till:
                self.tally.count(_present(terminal, presentation))
                if presentation.odd == "shown_twice":
                    self.tally.count(_present(terminal, presentation))
        except Rejected as rejected:
            raise DemoFailed(f"terminal {terminal.identity.terminal_id}: {rejected}") from None
        except OutcomeUnknown:
            self._find_out(terminal)

    def _find_out(self, terminal: Terminal) -> None:
        """Send what is unknown again under its numbers until it is known; a few cashiers give up and void."""
        give_up_at = time.monotonic() + RESEND_FOR_S
        gives_up = random.random() < GIVE_UP_SHARE  # noqa: S311
        while terminal.unknown():
            if time.monotonic() > give_up_at:
                with self.tally.lock:
                    self.tally.unknown += len(terminal.unknown())
                return
            time.sleep(0.25)
            try:
                if gives_up:
                    gives_up = False
                    charge = next((e for e in terminal.unknown() if e.operation == "charge"), None)
                    if charge is not None:
                        self.tally.count(terminal.void(charge.epoch, charge.sequence))
                for answer in terminal.resend_unknown():
                    with self.tally.lock:
                        self.tally.resent += 1
                    self.tally.count(answer)
            except (OutcomeUnknown, Rejected):
                continue

    def weigh(self, business_date: str) -> None:
        """The kitchens weigh: what was cooked, and what of it was not eaten."""
        for short in ("city", "yinzhou", "yuyao"):
            kitchen = ConsoleClient(self.http, self.url, f"kitchen-{short}")
            meals = kitchen.call("GET", f"/waste/days/{business_date}")["meals"]
            weigh_ins = []
            for meal in meals:
                cooked_g = int(meal["covers"] * self.random.gauss(520, 25))
                shares = {"prepared": 1.0, "preparation": 0.03, "unserved": 0.045, "plate": 0.07, "inedible": 0.02}
                for stream, share in shares.items():
                    weight_g = max(1, int(cooked_g * share * (1 if share == 1 else self.random.uniform(0.6, 1.4))))
                    weigh_ins.append(
                        {
                            "weigh_in_id": str(uuid4()),
                            "canteen_id": meal["canteen_id"],
                            "business_date": business_date,
                            "meal": meal["meal"],
                            "stream": stream,
                            "weight_g": weight_g,
                        }
                    )
            for chunk in _chunks(weigh_ins, 200):
                kitchen.call("POST", "/waste/weigh-ins", {"weigh_ins": chunk})

    def write_history(self) -> Path:
        """What all terminals saw, as JSON lines."""
        path = self.folder / "acks.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for terminal in self.terminals:
                for line in terminal.journal.history(terminal.identity.terminal_id):
                    file.write(json.dumps(line) + "\n")
        return path

    def close(self) -> None:
        """Let go of the terminals."""
        for terminal in self.terminals:
            terminal.close()


def _present(terminal: Terminal, presentation: Presentation) -> Answer:
    """Present a card or a code to a terminal, with what is odd about it."""
    diner, odd = presentation.diner, presentation.odd
    meal, amount_fen = ("breakfast", 100) if odd == "typed_amount" else (presentation.meal, presentation.amount_fen)
    if diner.card is not None:
        card = diner.card
        if odd == "forged_card":
            card = SoftwareCard(card.uid, card.file, secrets.token_bytes(16), card.counter + 1000)
        return terminal.charge_card(card, meal, amount_fen)
    assert diner.phone is not None
    if odd == "shown_twice":
        return terminal.charge_code(_same_code(diner.phone), meal, amount_fen)
    at = terminal.now() - (90 if odd == "old_code" else 0)
    code = diner.phone.show_code(at=at)
    if odd == "forged_code":
        swap = "0" if code[-1] != "0" else "1"
        code = code[:-9] + swap + code[-8:]
    return terminal.charge_code(code, meal, amount_fen)


_SHOWN: dict[int, str] = {}


def _same_code(phone: SoftwarePhone) -> str:
    """The screenshot that goes round: the same code for as long as it is fresh."""
    return _SHOWN.setdefault(id(phone), phone.show_code())


def _chunks(items: list[Any], size: int) -> Iterator[list[Any]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _until_known(call: Callable[[], T]) -> T:
    """Repeat a call whose repetition is harmless until its outcome is known."""
    give_up_at = time.monotonic() + RESEND_FOR_S
    while True:
        try:
            return call()
        except Rejected as rejected:
            raise DemoFailed(str(rejected)) from None
        except OutcomeUnknown as unknown:
            if time.monotonic() > give_up_at:
                raise DemoFailed(str(unknown)) from None
            time.sleep(0.3)
