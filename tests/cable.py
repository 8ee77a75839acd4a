"""A cable between a device and the centre that can be cut, or loses what comes back."""

import asyncio
import threading
from collections.abc import Coroutine
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from tests.relay import pump

ANSWERED_WITHIN_S = 60


class State(Enum):
    WHOLE = "whole"
    CUT = "cut"
    """Nothing is carried; whoever connects is hung up on."""
    LOSES_ANSWERS = "loses answers"
    """When an answer comes, its connection ends."""
    HOLDS_ANSWERS = "holds answers"
    """No answer is carried, and the connection stays."""


class Cable:
    """Carries connections to the centre from an address of its own, in a thread of its own."""

    def __init__(self, centre_url: str) -> None:
        centre = urlsplit(centre_url)
        self._centre = centre.hostname, centre.port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._open: set[asyncio.StreamWriter] = set()
        self._state = State.WHOLE
        self._held = threading.Event()
        self._server = self._run(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def set(self, state: State) -> None:
        """Change what the cable does, also on connections that exist."""

        async def change() -> None:
            self._state = state
            if state is State.CUT:
                self._hang_up()

        self._held.clear()
        self._run(change())

    def wait_for_an_answer(self) -> None:
        """Wait until an answer has come that is held."""
        assert self._held.wait(ANSWERED_WITHIN_S)

    def close(self) -> None:
        """End everything."""

        async def end() -> None:
            self._server.close()
            self._hang_up()

        self._run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWERED_WITHIN_S)

    def _hang_up(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._state is State.CUT:
            writer.transport.abort()
            return
        answers, centre = await asyncio.open_connection(*self._centre)
        self._open |= {writer, centre}
        asking = asyncio.create_task(pump(reader, centre))
        while answer := await answers.read(65_536):
            if self._state is State.LOSES_ANSWERS:
                break
            if self._state is State.HOLDS_ANSWERS:
                self._held.set()
                continue
            writer.write(answer)
            await writer.drain()
        asking.cancel()
        self._open -= {writer, centre}
        for end in (writer, centre):
            end.transport.abort()
