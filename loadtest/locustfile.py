"""A lunch for Locust: tills as users; cards and codes, visitors, refusals, lost answers, top-ups and balances.

Started by ``make load`` (loadtest/lunch.py), or by hand against any system with the demo city:
``locust -f loadtest/locustfile.py --host http://127.0.0.1:8000``.
"""

import json
import os
import random
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from locust import LoadTestShape, User, between, events, task
from locust.env import Environment

from demo.city import DINER_SHARES, PHONE_SHARE, VISITOR_SHARE
from demo.console import PlayFailed
from demo.network import DemoNetwork, Diner
from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected
from terminals.schemas import Answer

DINERS = int(os.environ.get("LOAD_DINERS", "2000"))
TILLS = int(os.environ.get("LOAD_TILLS", "40"))
SECONDS = int(os.environ.get("LOAD_SECONDS", "60"))
FOLDER = Path(os.environ.get("LOAD_FOLDER") or tempfile.mkdtemp(prefix="onecard-load-"))

POOR_SHARE = 0.02
"""Diners without money: their payments are refused."""
LOST_ANSWER_SHARE = 0.02
"""Payments whose answer the till drops: it sends them again under the same number."""
LOST_ANSWER_AFTER_S = 0.002

SHAPE = [(0.15, 0.3), (0.35, 1.0), (0.75, 1.0), (0.9, 0.4), (1.0, 0.15)]
"""Up to this share of the time, this share of the tills: ramp, the busiest part, tail."""


class Lunch(LoadTestShape):
    """Arrivals of a lunch (domain page: truncated normal, the peak minute takes 3.4 % of the meals)."""

    def tick(self) -> tuple[int, float] | None:
        """How many tills are open now."""
        share = self.get_run_time() / SECONDS
        tills = next((tills for until, tills in SHAPE if share <= until), None)
        return None if tills is None else (max(2, round(TILLS * tills)), TILLS / 4)


class Hall:
    """Shared by all tills: the network, its diners, and by agency those who have not eaten yet."""

    network: DemoNetwork
    diners: list[Diner]
    hungry: dict[str, deque[Diner]]
    terminals: list[Terminal]


def _fill(agency: str, share: float) -> list[Diner]:
    diners = Hall.network.register(agency, max(4, round(DINERS * share)))
    with_phones = diners[: round(PHONE_SHARE * len(diners))]
    Hall.network.activate_phones(with_phones)
    Hall.network.issue_cards(diners[len(with_phones) :])
    Hall.network.deposit("top-ups", diners[round(POOR_SHARE * len(diners)) :], 20_000)
    Hall.network.deposit("grants", diners[len(diners) // 2 :], 3_000)
    random.shuffle(diners)
    return diners


@events.test_start.add_listener
def _open(environment: Environment, **_: Any) -> None:
    assert environment.host is not None
    Hall.network = DemoNetwork(environment.host)
    Hall.terminals = []
    Hall.hungry = {agency: deque(_fill(agency, share)) for agency, share in DINER_SHARES.items()}
    Hall.diners = [diner for diners in Hall.hungry.values() for diner in diners]


@events.test_stop.add_listener
def _write_history(**_: Any) -> None:
    with (FOLDER / "acks.jsonl").open("w", encoding="utf-8") as file:
        for terminal in Hall.terminals:
            for line in terminal.journal.history(terminal.identity.terminal_id):
                file.write(json.dumps(line) + "\n")


class Till(User):
    """A cashier's terminal at one canteen: serves diners, and sometimes tops up a purse or looks up a balance."""

    wait_time = between(0.05, 0.25)  # type: ignore[no-untyped-call]

    def on_start(self) -> None:
        """Enrol and sign on."""
        agency = random.choice(["city", "yinzhou", "yuyao"])  # noqa: S311
        self.agency = agency
        canteen = random.choice(Hall.network.canteens(agency))  # noqa: S311
        self.terminal = Hall.network.enrol_terminal(canteen, FOLDER / f"till-{uuid4()}")
        Hall.terminals.append(self.terminal)

    def on_stop(self) -> None:
        """Find out what is still unknown before the shift ends."""
        for _ in range(20):
            if not self.terminal.unknown():
                return
            self.terminal.resend_unknown()

    def _timed(self, name: str, call: Callable[[], Answer | Any]) -> Any:
        started = time.perf_counter()
        error: Exception | None = None
        answer = None
        try:
            answer = call()
        except (OutcomeUnknown, Rejected, PlayFailed) as failure:
            error = failure
        if isinstance(answer, Answer) and answer.outcome == "refused":
            name += f" refused: {answer.reason}"
        self.environment.events.request.fire(
            request_type="till", name=name, response_time=1000 * (time.perf_counter() - started),
            response_length=0, exception=error, context={},
        )  # fmt: skip
        return answer

    @task(40)
    def serve(self) -> None:
        """Serve the next diner: mostly the agency's own."""
        visits = random.random() < VISITOR_SHARE  # noqa: S311
        home = random.choice([home for home in DINER_SHARES if home != self.agency]) if visits else self.agency  # noqa: S311
        queue = Hall.hungry[home]
        if not queue:
            return
        diner = queue.popleft()
        amount_fen = random.randrange(600, 2_400, 10) if self.agency == "yuyao" else None  # noqa: S311
        if random.random() < LOST_ANSWER_SHARE:  # noqa: S311
            self._lose_the_answer(diner, amount_fen)
        else:
            self._timed("card" if diner.card else "code", lambda: self._present(diner, amount_fen))
        queue.append(diner)

    def _present(self, diner: Diner, amount_fen: int | None) -> Answer:
        meal = random.choice(["breakfast", "lunch", "dinner"]) if amount_fen is None else "lunch"  # noqa: S311
        if diner.card is not None:
            return self.terminal.charge_card(diner.card, meal, amount_fen)
        assert diner.phone is not None
        code = diner.phone.show_code(at=self.terminal.now(), canteen_id=self.terminal.canteen_id)
        return self.terminal.charge_code(code, meal, amount_fen)

    def _lose_the_answer(self, diner: Diner, amount_fen: int | None) -> None:
        self.terminal.patience_s = LOST_ANSWER_AFTER_S
        try:
            self._present(diner, amount_fen)
        except OutcomeUnknown:
            pass
        finally:
            self.terminal.patience_s = None
        self._timed("sent again", self.terminal.resend_unknown)

    @task(2)
    def top_up(self) -> None:
        """Top up a purse."""
        diner = random.choice(Hall.diners)  # noqa: S311
        self._timed("top-up", lambda: self._deposit(diner))

    def _deposit(self, diner: Diner) -> Any:
        deposits = [{"posting_id": str(uuid4()), "holder_id": diner.holder_id, "amount_fen": 5_000}]
        message = {"agency_id": Hall.network.agency_id(diner.agency), "deposits": deposits}
        return Hall.network.with_approval("/settlement/top-ups", message)

    @task(3)
    def look_up(self) -> None:
        """Look up a balance."""
        diner = random.choice(Hall.diners)  # noqa: S311
        path = f"/settlement/purses/{diner.holder_id}"
        self._timed("balance", lambda: Hall.network.centre.call("GET", path))
