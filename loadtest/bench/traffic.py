"""The bench's own town: officials with cards and phones, tills, and charges signed beforehand."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from loadtest.generator import prepare
from loadtest.town import Diner, Town
from terminals.client import Terminal

PHONES = 2_000
TOP_UP_FEN = 1_000_000
TOP_UPS = 3
RULES = {"meals_max": None, "day_max_fen": None}
"""The limits are checked for every payment; here they let an official eat all day."""


class Traffic:
    """Tills and their diners. Nobody stands at two tills, so that card counters arrive in order."""

    def __init__(self, town: Town, folder: Path, *, people: int, tills: int, hot: bool = False) -> None:
        self.town = town
        town.allow(RULES)
        if hot:
            homes, canteens = ["yinzhou"], town.canteens("yinzhou")[:1]
        else:
            homes = ["city", "yinzhou"]
            canteens = [canteen for home in homes for canteen in town.canteens(home)]
        self.diners: list[Diner] = []
        for home in homes:
            diners = town.register(home, people // len(homes))
            town.issue_cards(diners)
            for _ in range(TOP_UPS):
                town.deposit("top-ups", diners, TOP_UP_FEN)
            self.diners += diners
        self.tills = [
            town.enrol_terminal(canteen, folder / f"till-{i:03d}")
            for i, canteen in zip(range(tills), itertools.cycle(canteens), strict=False)
        ]
        self._with_phones: list[Diner] = []

    def sign_on(self) -> None:
        """Sign all tills on again."""
        for till in self.tills:
            till.sign_on()

    def cards(self, each: int, *, lanes: int = 1) -> list[Iterator[bytes]]:
        """Signed card payments, ``each`` for every till, or for each of the ``lanes`` before it."""
        return self._signed(self.diners, each, lambda _, diner: diner.card, lanes)

    def codes(self, each: int) -> list[Iterator[bytes]]:
        """Signed payments with a fresh code each."""
        if not self._with_phones:
            self._with_phones = self.diners[:PHONES]
            self.town.activate_phones(self._with_phones)
        return self._signed(self._with_phones, each, lambda till, diner: diner.phone.show_code(at=till.now()))  # type: ignore[union-attr]

    def _signed(
        self, diners: list[Diner], each: int, present: Callable[[Terminal, Diner], Any], lanes: int = 1
    ) -> list[Iterator[bytes]]:
        queues = []
        for i, till in enumerate(self.tills * lanes):
            mine = itertools.islice(itertools.cycle(diners[i :: len(self.tills) * lanes]), each)
            requests = [prepare("/terminal/charges", *till.prepare_charge(present(till, d), "lunch")) for d in mine]
            queues.append(iter(requests))
        return queues
