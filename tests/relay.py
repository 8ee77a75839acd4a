"""A network between us and PostgreSQL that can swallow what it carries: connections die without a word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit


class Relay:
    """Carries connections from a TCP port to the database's socket."""

    def __init__(self, socket_path: str) -> None:
        self._socket_path = socket_path
        self._pumps: set[asyncio.Task[None]] = set()
        self._lost: list[asyncio.StreamWriter] = []

    def swallow(self) -> None:
        """From now on nothing passes on the connections that exist; neither end is told."""
        for pump in self._pumps:
            pump.cancel()
        self._pumps.clear()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, both ways."""
        there, back = await asyncio.open_unix_connection(self._socket_path)
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
    """A relay to a database on a socket, and the database's URL through it."""
    url = urlsplit(database_url)
    [folder] = parse_qs(url.query)["host"]
    relay = Relay(f"{folder}/.s.PGSQL.5432")
    server = await asyncio.start_server(relay.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield relay, f"postgresql://{url.username}@127.0.0.1:{port}{url.path}"
    finally:
        relay.close()
        server.close()
