"""A network between us and PostgreSQL that can swallow what it carries: connections die without a word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import SplitResult, parse_qs, urlsplit


class Relay:
    """Carries connections from a TCP port to the database, which is on a socket or on another port."""

    def __init__(self, database: SplitResult) -> None:
        self._database = database
        self._pumps: set[asyncio.Task[None]] = set()
        self._lost: list[asyncio.StreamWriter] = []

    def swallow(self) -> None:
        """From now on nothing passes on the connections that exist; neither end is told."""
        for pump in self._pumps:
            pump.cancel()
        self._pumps.clear()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, both ways."""
        if self._database.hostname is None:
            [folder] = parse_qs(self._database.query)["host"]
            there, back = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        else:
            there, back = await asyncio.open_connection(self._database.hostname, self._database.port)
        self._lost += [writer, back]
        self._pumps |= {asyncio.create_task(pump(reader, back)), asyncio.create_task(pump(there, writer))}

    def close(self) -> None:
        """End everything."""
        self.swallow()
        for writer in self._lost:
            writer.transport.abort()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way until the sender closes."""
    while received := await reader.read(65_536):
        writer.write(received)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def relay_to(database_url: str) -> AsyncIterator[tuple[Relay, str]]:
    """A relay to a database, and the database's URL through it."""
    url = urlsplit(database_url)
    relay = Relay(url)
    server = await asyncio.start_server(relay.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield relay, f"postgresql://{url.username}@127.0.0.1:{port}{url.path}"
    finally:
        relay.close()
        server.close()
