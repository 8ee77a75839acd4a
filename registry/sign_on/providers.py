"""The port of single sign-on: what every provider can be asked, and how providers are described in a file.

A provider says who somebody is (``Identified``); it never gives a role. What somebody may do, two people have decided
here (``registry.sign_on.identities``).
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Protocol, TypeAlias

import httpx
import msgspec
from msgspec import Meta, Struct

from foundation.catalogue import Explained
from foundation.problems import NOT_FOUND, UNAVAILABLE, Problem
from registry.errors import SIGN_ON_REFUSED

ANSWER_WITHIN_S = 5.0
"""A provider that says nothing for so long is away; signing in by password goes on."""

RETRY_AFTER_S = 30

CENTRE = 0
"""Stands in ``tenants`` for people of the centre, who have no agency."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
_URL = re.compile(r"https?://[^\s?#]+")

Text = Annotated[str, Meta(min_length=1, max_length=200)]


class ProviderSettings(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind"):
    """What all providers have. ``tenants``: whose people each tenant may vouch for (agencies; 0 is the centre)."""

    name: Text
    title_zh: Text
    title_en: Text
    client_id: Text
    client_secret: Text
    tenants: dict[str, list[int]]

    @property
    def urls(self) -> list[str]:
        """The provider's addresses."""
        return []

    def vouches_for(self, tenant: str, agency_id: int | None) -> bool:
        """Whether people of a tenant may act for an agency, or for the centre (None)."""
        return (agency_id or CENTRE) in self.tenants.get(tenant, [])

    def tenants_of(self, agency_id: int | None) -> list[str]:
        """The tenants that may vouch for people of an agency, or of the centre (None)."""
        return [tenant for tenant in self.tenants if self.vouches_for(tenant, agency_id)]


class OpenIdSettings(ProviderSettings, frozen=True, kw_only=True, tag="openid_connect"):
    """An OpenID Connect provider. ``tenant_claim``: where its tokens name the tenant; without it, the issuer is it."""

    issuer: Text
    tenant_claim: Text | None = None

    @property
    def urls(self) -> list[str]:
        """See ``ProviderSettings``."""
        return [self.issuer]


class WorkAppSettings(ProviderSettings, frozen=True, kw_only=True, tag="work_app"):
    """The government work app (专有钉钉).

    ``login_url`` and ``api_url``: the domains of its pages and of its interface. ``app_key``, ``app_secret``: those of
    the interface. ``contacts_tenant``, one of ``tenants``, and ``organizations``: whose contact lists are read; none:
    they are not.
    """

    login_url: Text
    api_url: Text
    app_key: Text
    app_secret: Text
    contacts_tenant: str = ""
    organizations: list[str] = []

    @property
    def urls(self) -> list[str]:
        """See ``ProviderSettings``."""
        return [self.login_url, self.api_url]


AnySettings: TypeAlias = OpenIdSettings | WorkAppSettings


class _File(Struct, forbid_unknown_fields=True):
    provider: list[AnySettings]


class WrongFile(Explained):
    """The file of providers cannot be used."""


def read_file(path: Path) -> list[AnySettings]:
    """The providers of a file; raises WrongFile."""
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).provider
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError, OSError) as error:
        raise WrongFile("sign_on.wrong_file", file=path.name, problem=str(error)) from None
    for one in found:
        if not _NAME.fullmatch(one.name) or not all(map(_URL.fullmatch, one.urls)):
            raise WrongFile("sign_on.wrong_form", file=path.name, provider=one.name)
        if isinstance(one, WorkAppSettings) and one.organizations and one.contacts_tenant not in one.tenants:
            raise WrongFile("sign_on.wrong_contacts", file=path.name, provider=one.name)
    names = [one.name for one in found]
    if len(set(names)) != len(names):
        raise WrongFile("sign_on.name_twice", file=path.name)
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """One sign-on that is under way. ``fresh``: the person must show anew who he is."""

    state: str
    nonce: str
    code_verifier: str
    redirect_uri: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Identified:
    """Who somebody is, by a provider's word.

    ``subject`` never changes. ``session``: the provider's own. ``authenticated_at``: when he last showed who he is;
    None where the provider does not say.
    """

    subject: str
    tenant: str
    session: str | None = None
    authenticated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """Whose sessions end, by a provider's word: a person's, or one; ``token_id`` and ``ends_at``: it counts once."""

    subject: str | None
    session: str | None
    token_id: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Directory:
    """The subjects of all who are in the directory of a tenant."""

    tenant: str
    people: frozenset[str]


class Provider(Protocol):
    """A provider of single sign-on."""

    proves: bool
    """Whether it says when somebody has shown who he is, so that he can be asked anew."""

    @property
    def settings(self) -> ProviderSettings:
        """How it is described."""

    async def start_url(self, asked: Asked) -> str:
        """Where the browser goes. Raises Problem(UNAVAILABLE)."""

    async def identify(self, asked: Asked, code: str, issuer: str | None) -> Identified:
        """Who came back with a code. Raises Problem SIGN_ON_REFUSED, UNAVAILABLE."""

    async def logged_out(self, token: str) -> LoggedOut:
        """What a message of logging out means. Raises Problem SIGN_ON_REFUSED, UNAVAILABLE."""

    async def directory(self) -> Directory | None:
        """Who is in its directory now; None where it shows none.

        Raises Problem UNAVAILABLE, also when the directory did not come whole.
        """


class Providers:
    """The providers of a network."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._by_name = {one.settings.name: one for one in providers}

    def __iter__(self) -> Iterator[Provider]:
        return iter(self._by_name.values())

    @property
    def names(self) -> frozenset[str]:
        """What they are called."""
        return frozenset(self._by_name)

    def find(self, name: str) -> Provider:
        """The provider of a name; raises Problem(NOT_FOUND)."""
        found = self._by_name.get(name)
        if found is None:
            raise Problem(NOT_FOUND, "sign_on.no_provider")
        return found


def away(settings: ProviderSettings) -> Problem:
    """The provider does not answer, or not as one that works."""
    return Problem(UNAVAILABLE, "sign_on.away", provider=settings.name, retry_after_s=RETRY_AFTER_S)


def refused(code: str = "sign_on.refused") -> Problem:
    """What came back does not show who somebody is."""
    return Problem(SIGN_ON_REFUSED, code)


async def answer_of(
    http: httpx.AsyncClient, settings: ProviderSettings, request: httpx.Request
) -> tuple[int, dict[str, object]]:
    """Status and JSON object of a provider's answer; raises Problem(UNAVAILABLE) when it has none."""
    try:
        answer = await http.send(request)
        content = msgspec.json.decode(answer.content)
    except (httpx.HTTPError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise away(settings) from None
    if answer.status_code >= 500 or not isinstance(content, dict):
        raise away(settings)
    return answer.status_code, content
