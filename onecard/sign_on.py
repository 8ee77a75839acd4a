"""The providers of single sign-on of the settings, and the synchronization with their directories."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx

from onecard.settings import Settings
from registry.sign_on.openid import OpenId
from registry.sign_on.providers import ANSWER_WITHIN_S, AnySettings, OpenIdSettings, Provider, Providers, read_file
from registry.sign_on.work_app import WorkApp


def providers_of(settings: Settings) -> list[AnySettings]:
    """The providers of the settings' file; raises ``WrongFile``."""
    return [] if settings.sign_on_providers is None else read_file(settings.sign_on_providers)


@asynccontextmanager
async def open_providers(settings: Settings) -> AsyncIterator[Providers]:
    """Open the providers."""
    described = providers_of(settings)
    # Providers on the machine itself are reached without a proxy, others as the environment says.
    local = all(urlsplit(url).hostname in ("127.0.0.1", "localhost") for one in described for url in one.urls)
    async with httpx.AsyncClient(trust_env=not local, timeout=ANSWER_WITHIN_S) as http:
        yield Providers(_open(one, http) for one in described)


def _open(provider: AnySettings, http: httpx.AsyncClient) -> Provider:
    return OpenId(provider, http) if isinstance(provider, OpenIdSettings) else WorkApp(provider, http)
