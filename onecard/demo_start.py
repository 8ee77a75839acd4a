"""How a process starts on its database: with the demo's gateway beside a demo city, without it on anything else."""

from dataclasses import dataclass

import psycopg

from foundation.catalogue import Explained
from onecard.settings import Settings
from onecard.sign_on import providers_of

APPLICATION = "onecard.app:create_server"
DEMO_APPLICATION = "onecard.demo_server:create_server"
"""Where the workers find their application."""


class DemoRefused(Explained):
    """The demo's users or its gateway would be where they must not be."""


@dataclass(frozen=True, slots=True)
class Start:
    """The settings to start with, and whether the database holds the demo city."""

    settings: Settings
    has_demo_city: bool

    @property
    def application(self) -> str:
        """What the server's workers call (module:function)."""
        return DEMO_APPLICATION if self.has_demo_city else APPLICATION


def start_on(settings: Settings) -> Start:
    """Look for the mark of the demo city in a migrated database.

    Beside it the gateway is the simulated one by default, and so are the providers of single sign-on.

    Raises DemoRefused: a simulated gateway beside anything else, or a demo city on an address that others reach; and
    WrongFile when the providers of single sign-on are not described as they should be.
    """
    providers_of(settings)
    if not _has_demo_city(settings.needed_database_url):
        if settings.gateway == "simulated":
            raise DemoRefused("onecard.demo_city.no_simulation")
        return Start(settings, has_demo_city=False)
    if not settings.on_loopback and not settings.demo_city:
        raise DemoRefused("onecard.demo_city.not_for_others", host=settings.host)
    if settings.gateway in (None, "simulated"):
        from onecard.demo_server import with_simulated_gateway

        settings = with_simulated_gateway(settings)
    if settings.sign_on_providers is None:
        from onecard.demo_server import with_simulated_sign_on

        settings = with_simulated_sign_on(settings)
    return Start(settings, has_demo_city=True)


def _has_demo_city(url: str) -> bool:
    with psycopg.connect(url, connect_timeout=5) as db:
        return db.execute("SELECT FROM demo_city").rowcount > 0
