"""Plays a day with software terminals, cards and phones, over HTTP alone.

Everything uses the public interfaces: officials are registered, cards issued, phones activated, terminals enrolled and
signed on, payments made, the day closed and the waste weighed by the same messages that real devices send.
"""

import json
import random
import secrets
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from rich.progress import Progress, TaskID

from demo.city import COOKED_G_PER_COVER, DINER_SHARES, MEALS_PER_LUNCH, PHONE_SHARE, VISITOR_SHARE, WASTE_SHARES
from demo.console import RESEND_FOR_S, PlayFailed
from demo.network import DemoNetwork, Diner, in_chunks
from foundation import catalogue
from foundation.catalogue import Language
from terminals.client import OutcomeUnknown, Rejected, Terminal
from terminals.devices import SoftwareCard, SoftwarePhone
from terminals.schemas import Answer

MEAL_SHARES = {meal: share / sum(MEALS_PER_LUNCH.values()) for meal, share in MEALS_PER_LUNCH.items()}
"""Share of a day's payments by meal."""

ODD_SHARE = 0.03
"""Presentations that are refused: empty purses, old screenshots, blocked cards, forgeries."""

GIVE_UP_SHARE = 0.1
"""Share of payments with an unknown outcome that the cashier voids instead of repeating."""


@dataclass(frozen=True)
class Presentation:
    """A card or code shown at a till: by whom, where, for which meal, and what is wrong with it, if anything."""

    diner: Diner
    canteen_id: int
    meal: str
    odd: str | None
    amount_fen: int | None


@dataclass
class Tally:
    """Sums of the answers that the tills got."""

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

    def __init__(self, url: str, folder: Path, progress: Progress, seed: int, language: Language) -> None:
        self.url = url
        self.folder = folder
        self.progress = progress
        self.random = random.Random(seed)  # noqa: S311 - a script, not a secret
        self.language = language
        self.network = DemoNetwork(url, language)
        self.tally = Tally()
        self.terminals: list[Terminal] = []

    def task(self, name: str, total: int) -> TaskID:
        """A progress bar: ``demo.progress.<name>``."""
        return self.progress.add_task(catalogue.text(f"demo.progress.{name}", self.language), total=total)

    def register_diners(self, count: int) -> list[Diner]:
        """Register officials, issue cards, activate phones, put money into purses."""
        task = self.task("officials", count)
        diners: list[Diner] = []
        for agency, share in DINER_SHARES.items():
            mine = self.network.register(
                agency, max(2, round(count * share)), lambda done: self.progress.advance(task, done)
            )
            with_phone = set(self.random.sample(range(len(mine)), round(PHONE_SHARE * len(mine))))
            self.network.issue_cards([diner for i, diner in enumerate(mine) if i not in with_phone])
            for path, amount_fen in (("top-ups", 20_000), ("grants", 6_000)):
                self.network.deposit(path, mine, amount_fen)
            diners += mine
        self._activate_phones([d for d in diners if d.card is None])
        return diners

    def _activate_phones(self, owners: list[Diner]) -> None:
        task = self.task("phones", len(owners))
        for agency in sorted({diner.agency for diner in owners}):
            mine = [diner for diner in owners if diner.agency == agency]
            self.network.activate_phones(mine, lambda done: self.progress.advance(task, done))

    def empty_handed(self) -> list[Diner]:
        """Register three officials with cards and no money, and one whose card is reported lost."""
        diners = self.network.register("yinzhou", 4)
        self.network.issue_cards(diners)
        assert diners[-1].card is not None
        lost = diners[-1].card.file.credential_id
        block = {"blocked": True, "reason": "reported lost (demo)"}
        self.network.centre.call("POST", f"/console/credentials/{lost}/block", block)
        return diners

    def enrol_terminals(self, count: int) -> None:
        """Enrol terminals, two people for each, spread over the canteens of Ningbo, and sign them on."""
        canteens = [canteen for agency in ("city", "yinzhou", "yuyao") for canteen in self.network.canteens(agency)]
        task = self.task("terminals", count)
        for i in range(count):
            folder = self.folder / f"terminal-{i + 1:03d}"
            self.terminals.append(self.network.enrol_terminal(canteens[i % len(canteens)], folder))
            self.progress.advance(task)

    def plan(self, diners: list[Diner], empty: list[Diner], payments: int) -> list[Presentation]:
        """All presentations of the day in order, odd ones included."""
        canteens = {agency: self.network.canteens(agency) for agency in ("city", "yinzhou", "yuyao")}
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
        """Serve every till's queue, all tills at once."""
        task = self.task("payments", len(plan))
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
            raise PlayFailed("demo.rejected_at", terminal_id=terminal.identity.terminal_id, reason=rejected) from None
        except OutcomeUnknown:
            self._find_out(terminal)

    def _find_out(self, terminal: Terminal) -> None:
        """Repeat unknown requests under their numbers until their outcome is known; some cashiers void instead."""
        give_up_at = time.monotonic() + RESEND_FOR_S
        gives_up = random.random() < GIVE_UP_SHARE  # noqa: S311
        while terminal.unknown():
            if time.monotonic() > give_up_at:
                with self.tally.lock:
                    self.tally.unknown += len(terminal.unknown())
                return
            if gives_up:
                gives_up = False
                charge = next((e for e in terminal.unknown() if e.operation == "charge"), None)
                if charge is not None:
                    with suppress(OutcomeUnknown, Rejected):
                        self.tally.count(terminal.void(charge.epoch, charge.sequence))
            for answer in terminal.resend_unknown():
                with self.tally.lock:
                    self.tally.resent += 1
                self.tally.count(answer)

    def weigh(self, business_date: str) -> None:
        """Send the weighings of every meal: what was cooked, and what was wasted."""
        for short in ("city", "yinzhou", "yuyao"):
            kitchen = self.network.person(f"kitchen-{short}")
            meals = kitchen.call("GET", f"/waste/days/{business_date}")["meals"]
            weigh_ins = []
            for meal in meals:
                cooked_g = int(meal["covers"] * self.random.gauss(COOKED_G_PER_COVER, 25))
                for stream, share in {"prepared": 1.0, **WASTE_SHARES}.items():
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
            for chunk in in_chunks(weigh_ins, 200):
                kitchen.call("POST", "/waste/weigh-ins", {"weigh_ins": chunk})

    def write_history(self) -> Path:
        """Write the requests of all terminals with their outcomes, as JSON lines."""
        path = self.folder / "acks.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for terminal in self.terminals:
                for line in terminal.journal.history(terminal.identity.terminal_id):
                    file.write(json.dumps(line) + "\n")
        return path

    def close(self) -> None:
        """Close the terminals."""
        for terminal in self.terminals:
            terminal.close()


def _present(terminal: Terminal, presentation: Presentation) -> Answer:
    """Present a card or a code to a terminal, altered where the presentation is odd."""
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
    """A code that two diners show: a screenshot passed on while it is valid."""
    return _SHOWN.setdefault(id(phone), phone.show_code())
