"""The bench's own network: officials with cards and phones, tills, and charges signed beforehand."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from demo.network import DemoNetwork, Diner
from loadtest.generator import prepare
from terminals.client import Terminal

TOP_UP_FEN = 1_000_000
"""The largest allowed top-up: five hundred meals."""
AT_ONCE = 8
RULES = {"meals_max": None, "day_max_fen": None}
"""Without these two limits an official may eat all day."""


class Traffic:
    """Tills and their diners. Every diner has one till, so that card counters arrive in order."""

    def __init__(
        self,
        network: DemoNetwork,
        folder: Path,
        *,
        people: int,
        tills: int,
        phones: int = 0,
        hot: bool = False,
        homes: Sequence[str] = ("city", "yinzhou"),
    ) -> None:
        self.network = network
        network.allow(RULES)
        if hot:
            homes, canteens = ["yinzhou"], network.canteens("yinzhou")[:1]
        else:
            canteens = [canteen for home in homes for canteen in network.canteens(home)]
        self.diners: list[Diner] = []
        self.phones = phones
        for home in homes:
            diners = network.register(home, people // len(homes))
            network.issue_cards(diners)
            network.deposit("top-ups", diners, TOP_UP_FEN)
            self.diners += diners
        places = list(zip(range(tills), itertools.cycle(canteens), strict=False))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            enrolled = pool.map(lambda place: network.enrol_terminal(place[1], folder / f"till-{place[0]:03d}"), places)
            self.tills: list[Terminal] = list(enrolled)
        self._with_phones: list[Diner] = []

    def sign_on(self) -> None:
        """Sign all tills on again."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(Terminal.sign_on, self.tills))

    def cards(self, each: int, *, lanes: int = 1, **sale: Any) -> list[Iterator[bytes]]:
        """Signed card payments, ``each`` for every till, or for each of the ``lanes`` before it.

        ``sale``: the amount and the lines where the cashier enters them.
        """
        return self._signed(self.diners, each, lambda _, diner: diner.card, lanes, **sale)

    def codes(self, each: int, *, short: bool = False) -> list[Iterator[bytes]]:
        """Signed payments with a fresh long code each, or a short one."""
        if not self._with_phones:
            for home in sorted({diner.agency for diner in self.diners}):
                mine = [diner for diner in self.diners if diner.agency == home][: self.phones // 2]
                self.network.activate_phones(mine)
                self._with_phones += mine

        def code_of(till: Terminal, diner: Diner) -> str:
            assert diner.phone is not None
            show = diner.phone.show_short_code if short else diner.phone.show_code
            return show(at=till.now(), canteen_id=till.canteen_id)

        return self._signed(self._with_phones, each, code_of)

    def _signed(
        self, diners: list[Diner], each: int, present: Callable[[Terminal, Diner], Any], lanes: int = 1, **sale: Any
    ) -> list[Iterator[bytes]]:
        queues = []
        for i, till in enumerate(self.tills * lanes):
            mine = itertools.islice(itertools.cycle(diners[i :: len(self.tills) * lanes]), each)
            charges = [till.prepare_charge(present(till, diner), "lunch", **sale) for diner in mine]
            requests = [prepare("/terminal/charges", *charge) for charge in charges]
            queues.append(iter(requests))
        return queues
