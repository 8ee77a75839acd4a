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
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from uuid import uuid4

from rich.progress import Progress, TaskID

from demo.city import COOKED_G_PER_COVER, DINER_SHARES, MEALS_PER_LUNCH, PHONE_SHARE, VISITOR_SHARE, WASTE_SHARES
from demo.clock import time_in_meal
from demo.console import RESEND_FOR_S, PlayFailed, until_known
from demo.network import DemoNetwork, Diner, in_chunks
from foundation import catalogue
from foundation.catalogue import Language
from terminals.client import SaleLine, Terminal
from terminals.client_messages import OutcomeUnknown, Rejected
from terminals.devices import SoftwareCard
from terminals.schemas import Answer, Receipt

MEAL_SHARES = {meal: share / sum(MEALS_PER_LUNCH.values()) for meal, share in MEALS_PER_LUNCH.items()}
"""Share of a day's payments by meal."""

ODD_SHARE = 0.03
"""Presentations that are refused: empty purses, old screenshots, blocked cards, forgeries."""
REFUSED_KINDS = ("no_money", "lost_card", "old_code", "forged_code", "forged_card", "typed_amount")

CHANGED_SHARES = {"shown_twice": 0.005, "voided": 0.005, "with_colleague": 0.01}
"""Payments that are more than one: a screenshot passed on, a slip of the cashier that he voids at once, and somebody
who pays for a colleague, too."""
COLLEAGUE_AFTER_S = 240
RICE_FEN, DISHES_KG_FEN = 100, 3_980
"""Prices of a canteen that sells by weight: a portion of rice, and a kilogram of any dish."""

FAR_AWAY_AFTER_S = 720
"""One official's card is used in a town 40 km away twelve minutes later: a question for the supervisor."""

GIVE_UP_SHARE = 0.1
"""Share of payments with an unknown outcome that the cashier voids instead of repeating."""


@dataclass(frozen=True)
class Presentation:
    """A card or code shown at a till: by whom, where, for which meal, when, and what is odd about it, if anything.

    ``at``: seconds since 1970, in the hours of the meal.
    """

    diner: Diner
    canteen_id: int
    meal: str
    at: int
    amount_fen: int | None
    odd: str | None = None


@dataclass
class Tally:
    """Sums of the answers that the tills got."""

    approved: int = 0
    amount_fen: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    voided: int = 0
    resent: int = 0
    unknown: int = 0
    paid: list[tuple[Presentation, Receipt]] = field(default_factory=list)
    """The ordinary payments with their receipts."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take_back(self, receipt: Receipt) -> None:
        """Count a payment that was voided after its approval."""
        with self.lock:
            self.approved -= 1
            self.amount_fen -= receipt.amount_fen
            self.voided += 1

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
        self.replaced: list[Diner] = []
        """Officials with a new card in place of a lost one."""

    @property
    def business_date(self) -> date:
        """The open business day."""
        return date.fromisoformat(self.network.centre.call("GET", "/clearing/open-days")[0]["business_date"])

    def task(self, name: str, total: int) -> TaskID:
        """A progress bar: ``demo.progress.<name>``."""
        return self.progress.add_task(catalogue.text(f"demo.progress.{name}", self.language), total=total)

    def register_diners(self, count: int) -> list[Diner]:
        """Register officials, issue cards, activate phones, put money into purses.

        On the first played day also for those who sign on at the simulated providers.
        """
        task = self.task("officials", count)
        diners: list[Diner] = []
        for agency, share in DINER_SHARES.items():
            mine = self.network.register(
                agency, max(2, round(count * share)), lambda done: self.progress.advance(task, done)
            )
            with_phone = set(self.random.sample(range(len(mine)), round(PHONE_SHARE * len(mine))))
            signing_on = self.network.signing_on(agency)
            self.network.issue_cards([diner for i, diner in enumerate(mine) if i not in with_phone] + signing_on)
            mine += signing_on
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
        """Register three officials with cards and no money, and one who lost his card and has got a new one.

        The last of the four holds the lost card: whoever found it.
        """
        diners = self.network.register("yinzhou", 4)
        self.network.issue_cards(diners)
        *_, unlucky = diners
        self.network.deposit("top-ups", [unlucky], 5_000)
        self.replaced.append(self.network.replace_card(unlucky))
        return diners

    def enrol_terminals(self, count: int) -> None:
        """Enrol terminals, two people for each, spread over the canteens of Ningbo, and sign them on."""
        canteens = [canteen for agency in ("city", "yinzhou", "yuyao") for canteen in self.network.canteens(agency)]
        task = self.task("terminals", count)
        for i in range(count):
            folder = self.folder / f"terminal-{i + 1:03d}"
            till = self.network.enrol_terminal(canteens[i % len(canteens)], folder)
            until_known(lambda till=till, cashier=f"c-{i + 1:03d}": till.open_shift(cashier, "1"))  # type: ignore[misc]
            self.terminals.append(till)
            self.progress.advance(task)

    def plan(self, diners: list[Diner], empty: list[Diner], payments: int) -> list[Presentation]:
        """All presentations of the day in the order of their times, odd ones included."""
        on = self.business_date
        plan: list[Presentation] = []
        for meal, share in MEAL_SHARES.items():
            eating = self.random.sample(diners, min(len(diners), round(payments * share)))
            plan += [self._presentation(diner, meal, on) for diner in eating]
        for kind, share in CHANGED_SHARES.items():
            self._change(plan, kind, max(1, round(share * payments)))
        plan += self._far_away(plan)
        plan += [self._presentation(diner, "dinner", on) for diner in self.replaced]
        for n in range(max(len(REFUSED_KINDS), round(ODD_SHARE * payments))):
            plan.append(self._refused(REFUSED_KINDS[n % len(REFUSED_KINDS)], diners, empty, on))
        return sorted(plan, key=lambda presentation: presentation.at)

    def _change(self, plan: list[Presentation], kind: str, count: int) -> None:
        """Make ordinary presentations odd ones."""
        ordinary = [
            n for n, one in enumerate(plan)
            if one.odd is None and (kind != "shown_twice" or one.diner.phone is not None)
        ]  # fmt: skip
        for n in self.random.sample(ordinary, min(count, len(ordinary))):
            plan[n] = replace(plan[n], odd=kind)

    def _refused(self, kind: str, diners: list[Diner], empty: list[Diner], on: date) -> Presentation:
        if kind == "no_money":
            diner = self.random.choice(empty[:-1])
        elif kind == "lost_card":
            diner = empty[-1]
        else:
            needs_card = kind == "forged_card"
            diner = self.random.choice([d for d in diners if needs_card == (d.card is not None)] or diners)
        return replace(self._presentation(diner, "lunch", on), odd=kind)

    def _far_away(self, plan: list[Presentation]) -> list[Presentation]:
        """The same official's second lunch, far from the first one and soon after it."""
        [town, *_] = self.network.canteens("yuyao")
        near = set(self.network.canteens("city"))
        meals = Counter(one.diner.holder_id for one in plan)
        for one in plan:
            only = one.odd is None and one.meal == "lunch" and meals[one.diner.holder_id] == 1
            if only and one.canteen_id in near and one.diner.card is not None:
                return [replace(one, canteen_id=town, at=one.at + FAR_AWAY_AFTER_S, amount_fen=1_500)]
        return []

    def _presentation(self, diner: Diner, meal: str, on: date) -> Presentation:
        hosts = {agency: self.network.canteens(agency) for agency in ("city", "yinzhou", "yuyao")}
        visits = diner.agency not in hosts or self.random.random() < VISITOR_SHARE
        others = [short for short in hosts if short != diner.agency]
        where = self.random.choice(others) if visits else diner.agency
        free = where == "yuyao" and meal != "breakfast"
        amount_fen = self.random.randrange(600, 2400, 10) if free else None
        at = time_in_meal(on, meal, self.random)
        return Presentation(diner, self.random.choice(hosts[where]), meal, at, amount_fen)

    def serve(self, plan: list[Presentation], stop: threading.Event | None = None) -> None:
        """Serve every till's queue, all tills at once, meal by meal."""
        task = self.task("payments", len(plan))
        for meal in MEAL_SHARES:
            self._serve_meal([one for one in plan if one.meal == meal], task, stop)

    def _serve_meal(self, plan: list[Presentation], task: TaskID, stop: threading.Event | None) -> None:
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
                self._present(terminal, presentation)
        except Rejected as rejected:
            raise PlayFailed("demo.rejected_at", terminal_id=terminal.identity.terminal_id, reason=rejected) from None
        except OutcomeUnknown:
            self._find_out(terminal)

    def _present(self, terminal: Terminal, one: Presentation) -> None:
        """Present a card or a code to a terminal, altered where the presentation is odd."""
        code = _code_of(one)
        answer = _charge(terminal, one, code)
        self.tally.count(answer)
        if answer.receipt is None:
            return
        match one.odd:
            case None:
                with self.tally.lock:
                    self.tally.paid.append((one, answer.receipt))
            case "voided":
                terminal.void(terminal.epoch, terminal.journal.highest_sequence(terminal.epoch))
                self.tally.take_back(answer.receipt)
            case "shown_twice":
                self.tally.count(_charge(terminal, one, code))
            case "with_colleague":
                again = replace(one, at=one.at + COLLEAGUE_AFTER_S)
                self.tally.count(_charge(terminal, again, _code_of(again)))

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


def _code_of(one: Presentation) -> str | None:
    """The code that the diner's phone shows; None when he has a card."""
    if one.diner.phone is None:
        return None
    shown_at = one.at - (90 if one.odd == "old_code" else 0)
    code = one.diner.phone.show_code(at=shown_at, canteen_id=one.canteen_id)
    if one.odd == "forged_code":
        swap = "0" if code[-1] != "0" else "1"
        code = code[:-9] + swap + code[-8:]
    return code


def _charge(terminal: Terminal, one: Presentation, code: str | None) -> Answer:
    meal, amount_fen = ("breakfast", 100) if one.odd == "typed_amount" else (one.meal, one.amount_fen)
    lines = None if one.amount_fen is None or one.odd == "typed_amount" else _weighed(one.amount_fen)
    if code is not None:
        return terminal.charge_code(code, meal, amount_fen, purchased_at=one.at, lines=lines)
    card = one.diner.card
    assert card is not None
    if one.odd == "forged_card":
        card = SoftwareCard(card.uid, card.file, secrets.token_bytes(16), card.counter + 1000)
    return terminal.charge_card(card, meal, amount_fen, purchased_at=one.at, lines=lines)


def _weighed(amount_fen: int) -> list[SaleLine]:
    """What a canteen that sells by weight put on the plate for an amount: rice, and dishes by the gram."""
    dishes_fen = amount_fen - RICE_FEN
    rice = SaleLine("米饭", unit_price_fen=RICE_FEN, amount_fen=RICE_FEN, portions=1)
    grams = -(-dishes_fen * 1_000 // DISHES_KG_FEN)
    return [rice, SaleLine("称重菜品", unit_price_fen=DISHES_KG_FEN, amount_fen=dishes_fen, grams=grams)]
