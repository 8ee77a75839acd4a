"""A maker's desk for tests: the fake centre in a thread, and what stands around it."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import urllib3

from conformance.fake.desk import Desk
from conformance.faults import Faults
from conformance.kit import Kit, fetch_kit
from conformance.proxy import Proxy
from conformance.suite import Profile
from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected
from terminals.devices import SoftwareCard
from terminals.schemas import EnrolmentSlip


class _Served(Protocol):
    async def start(self, port: int = 0) -> int: ...

    def close(self) -> None: ...


@contextmanager
def serving(served: _Served) -> Iterator[str]:
    """A fake centre or a proxy in a thread of its own; its address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port = asyncio.run_coroutine_threadsafe(served.start(), loop).result(60)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(served.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)


class MakersDesk:
    """A fake centre, and a proxy before it where a test wants one. Devices speak to ``url``."""

    def __init__(self, folder: Path, profile: Profile | None = None) -> None:
        self.folder = folder
        self.desk = Desk(Faults(late_s=1.0))
        self._open = ExitStack()
        self.centre_url = self.url = self._open.enter_context(serving(self.desk))
        self.proxy: Proxy | None = None
        if profile is not None:
            self.proxy = Proxy(self.centre_url, profile, late_s=1.0)
            self.url = self._open.enter_context(serving(self.proxy))
        self.kit: dict[str, Any] = self.ask("GET", "/desk/kit")

    def fresh_kit(self) -> Kit:
        """A kit for a run of the suite."""
        kit = fetch_kit(self.centre_url)
        assert kit is not None
        return kit

    def ask(self, method: str, path: str, message: Any = None) -> Any:
        """Ask at the desk."""
        body = None if message is None else json.dumps(message).encode()
        answer = urllib3.request(method, self.centre_url + path, body=body, retries=False, timeout=30)
        assert answer.status == 200, answer.data
        return answer.json()

    def till_slip(self, n: int = 0) -> EnrolmentSlip:
        """A slip of a till."""
        return EnrolmentSlip(**self.kit["till_slips"][n])

    def till(self, n: int = 0) -> Terminal:
        """A till of our own client, enrolled."""
        return Terminal.enrol(self.url, self.till_slip(n), self.folder / f"till-{n}")

    def card(self, name: str = "home") -> SoftwareCard:
        """A card with what the kit has of it: each call makes another one of the same number."""
        return SoftwareCard.personalised(self.kit["cards"][name][0])

    def close(self) -> None:
        """Clear the desk."""
        self._open.close()


def work(proxy: Proxy, till: Terminal, cards: list[SoftwareCard]) -> None:
    """A cashier's shift through the proxy, with a void."""
    till.patience_s = 0.5
    till.open_shift("c-07", "1")
    planned = len(proxy.faults)
    for n in range(planned + 2):
        try:
            till.charge_card(cards[n % len(cards)], "lunch")
        except (OutcomeUnknown, Rejected):
            # The last but one fails again and again: another payment goes on meanwhile.
            if n != planned:
                till.resend_unknown()
    while till.unknown():
        till.resend_unknown()
    till.void(till.epoch, till.journal.entries("approved")[0].sequence)
    till.close_shift()
