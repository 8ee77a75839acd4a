"""A sign-on that is under way in one browser: what it is bound to, and who came back."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from litestar import Request, Response
from litestar.datastructures import Cookie, State

from foundation.keys import KeyRing
from foundation.problems import Problem
from foundation.rates import RateLimit
from foundation.request_log import address_of, network_address_of
from registry.challenges import end_of, new_challenge, use_up
from registry.errors import SIGN_ON_REFUSED
from registry.models import Database
from registry.sign_on.providers import Asked, Identified, Provider, refused
from registry.sign_on.schemas import CameBack, Started

log = structlog.get_logger()

COOKIE = "onecard-sign-on"
CONSOLE_PATH, OFFICIAL_PATH = "/console/sign-on", "/me/sign-on"
"""Under which path the routes are, and the cookie is sent: for people at the console, and for officials."""
SIGN_ON_LIFE_S = 600

SIGN_IN, OFFICIAL_SIGN_IN = "sign in", "sign in as an official"
"""What a sign-on is for; else for the proof of a session."""

REFUSED = RateLimit(30)
"""Each asks the provider, which shuts out who asks for too many codes that are none: then nobody could sign on."""

Anybody = Request[Any, Any, Any]
Body = TypeVar("Body")


@dataclass(frozen=True, slots=True)
class SignOn:
    """A sign-on of one browser at one provider, for one purpose.

    The browser keeps a secret in a cookie. ``state`` is a challenge of ours for provider, purpose and that secret;
    nonce and code verifier are made from the secret and the state, so nothing is stored until it comes back.
    """

    keys: KeyRing
    provider: Provider
    purpose: str
    secret: str

    @property
    def _bound_to(self) -> str:
        told = hashlib.sha256(self.secret.encode()).hexdigest()
        return f"sign on\0{self.provider.settings.name}\0{self.purpose}\0{told}"

    def new_state(self) -> str:
        """A fresh one."""
        state = new_challenge(self.keys, self._bound_to, SIGN_ON_LIFE_S)
        return base64.urlsafe_b64encode(state).decode()

    def asked(self, state: str, own_url: str) -> Asked:
        """What the provider is asked for."""
        nonce, verifier = (
            hmac.new(self.secret.encode(), f"{use}\0{state}".encode(), hashlib.sha256).hexdigest()
            for use in ("nonce", "code verifier")
        )
        # An official's session makes a phone: who finds his browser open must not get one without being asked.
        fresh = self.purpose != SIGN_IN
        return Asked(state, nonce, verifier, f"{own_url}/sign-on/{self.provider.settings.name}", fresh)

    async def use(self, database: Database, state: str) -> datetime:
        """Use a state up that this browser was given; when it was. Raises Problem(SIGN_ON_REFUSED)."""
        try:
            challenge = base64.urlsafe_b64decode(state)
        except (binascii.Error, ValueError):
            raise refused("sign_on.state") from None
        ends_at = end_of(self.keys, self._bound_to, challenge)
        if ends_at is None or base64.urlsafe_b64encode(challenge).decode() != state:
            raise refused("sign_on.state")
        async with database.begin() as db:
            first = await use_up(db, challenge, ends_at)
        if not first:
            raise refused("sign_on.state")
        return ends_at - timedelta(seconds=SIGN_ON_LIFE_S)


async def begin(request: Anybody, provider: Provider, keys: KeyRing, state: State, purpose: str) -> Response[Started]:
    """Send a browser to a provider. Raises Problem(UNAVAILABLE)."""
    begun = SignOn(keys, provider, purpose, secrets.token_urlsafe(32))
    url = await provider.start_url(begun.asked(begun.new_state(), state.settings.own_url))
    return Response(Started(url), cookies=[_cookie(request, begun.secret, SIGN_ON_LIFE_S, _path_of(purpose))])


async def identify(
    request: Anybody, provider: Provider, purpose: str, data: CameBack, database: Database, keys: KeyRing, state: State
) -> tuple[datetime, Identified]:
    """When a sign-on was begun, and who came back. Raises Problem SIGN_ON_REFUSED, UNAVAILABLE, TOO_MANY_TRIES."""
    begun = SignOn(keys, provider, purpose, request.cookies.get(COOKIE, ""))
    try:
        begun_at = await begun.use(database, data.state)
        asked = begun.asked(data.state, state.settings.own_url)
        with _refusals_counted(network_address_of(request)):
            who = await provider.identify(asked, data.code, data.iss)
    except Problem as problem:
        log.warning(
            "sign_on_refused", provider=provider.settings.name, reason=problem.code, address=address_of(request)
        )
        raise
    return begun_at, who


@contextmanager
def _refusals_counted(network: str) -> Iterator[None]:
    """Count what the provider refuses, beforehand: so many at once are no way around it."""
    REFUSED.count(network)
    try:
        yield
    except Problem as problem:
        if problem.kind is not SIGN_ON_REFUSED:
            REFUSED.uncount(network)
        raise
    except BaseException:
        REFUSED.uncount(network)
        raise
    REFUSED.uncount(network)


def without_cookie(request: Anybody, answer: Response[Body], purpose: str = SIGN_IN) -> Response[Body]:
    """The sign-on is over: its secret is of no use any more."""
    answer.cookies.append(_cookie(request, "", 0, _path_of(purpose)))
    return answer


def _path_of(purpose: str) -> str:
    return OFFICIAL_PATH if purpose == OFFICIAL_SIGN_IN else CONSOLE_PATH


def _cookie(request: Anybody, value: str, life_s: int, path: str) -> Cookie:
    return Cookie(
        COOKIE, path, value, max_age=life_s, secure=request.url.scheme == "https", httponly=True, samesite="strict"
    )
