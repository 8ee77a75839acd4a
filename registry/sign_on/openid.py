"""OpenID Connect: authorization code with PKCE (S256), state and nonce; discovery; rotating keys; back-channel logout.

Sources: OpenID Connect Core 1.0 (sections 3.1.2, 3.1.3.7), Discovery 1.0, Back-Channel Logout 1.0; RFC 7636 (PKCE),
RFC 9207 (the issuer in the answer), RFC 8725 (best practices for JWT).
"""

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from registry.sign_on.providers import Asked, Directory, Identified, LoggedOut, OpenIdSettings, answer_of, away, refused

ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
"""Signatures with a public key alone: ``none`` and those of shared secrets let others than the provider sign."""
_ASYMMETRIC = frozenset({"RSA", "EC", "OKP"})

LEEWAY_S = 60
"""Clocks differ by so much at most."""
TOKEN_AGE_MAX_S = 600
"""A token that was issued longer ago belongs to another sign-on."""
METADATA_LIFE_S = 600
KEYS_AGAIN_AFTER_S = 10
"""Unknown keys make us ask for the keys anew, at most so often: a stranger can name any."""
TEXT_MAX = 255

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class OpenId:
    """A provider that speaks OpenID Connect."""

    proves = True

    def __init__(self, settings: OpenIdSettings, http: httpx.AsyncClient) -> None:
        self.settings = settings
        self._http = http
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def start_url(self, asked: Asked) -> str:
        """See ``Provider``."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.code_verifier.encode()).digest()).rstrip(b"=")
        wanted = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": asked.redirect_uri,
            "scope": "openid",
            "state": asked.state,
            "nonce": asked.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        if asked.fresh:
            wanted |= {"prompt": "login", "max_age": "0"}
        return f"{await self._endpoint('authorization_endpoint')}?{urlencode(wanted)}"

    async def identify(self, asked: Asked, code: str, issuer: str | None) -> Identified:
        """See ``Provider``."""
        metadata = await self._discovered()
        names_issuer = metadata.get("authorization_response_iss_parameter_supported") is True
        if issuer != self.settings.issuer and (issuer is not None or names_issuer):
            raise refused("sign_on.other_issuer")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked.redirect_uri,
            "code_verifier": asked.code_verifier,
        }
        request = self._http.build_request(
            "POST", await self._endpoint("token_endpoint"), data=form, headers=self._client_authentication()
        )
        status, answer = await answer_of(self._http, self.settings, request)
        token = answer.get("id_token")
        if status != 200 or not isinstance(token, str):
            raise refused()
        claims = await self._claims(token)
        if not _same(claims.get("nonce"), asked.nonce):
            raise refused()
        return self._identified(claims)

    async def logged_out(self, token: str) -> LoggedOut:
        """See ``Provider``; section 2.6 of Back-Channel Logout."""
        claims = await self._claims(token)
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict) or "nonce" in claims:
            raise refused()
        subject, session, token_id = (_text_of(claims, name) for name in ("sub", "sid", "jti"))
        if token_id is None or (subject is None and session is None):
            raise refused()
        return LoggedOut(subject, session, token_id, datetime.fromtimestamp(claims["exp"] + LEEWAY_S, UTC))

    async def directory(self) -> Directory | None:
        """The protocol shows no directory."""
        return None

    def _client_authentication(self) -> dict[str, str]:
        # Basic authentication of RFC 6749, section 2.3.1: both parts are form-encoded first.
        parts = (urlencode({"": part})[1:] for part in (self.settings.client_id, self.settings.client_secret))
        return {"authorization": "Basic " + base64.b64encode(":".join(parts).encode()).decode()}

    def _identified(self, claims: dict[str, Any]) -> Identified:
        subject, session = _text_of(claims, "sub"), _text_of(claims, "sid")
        name = self.settings.tenant_claim
        tenant = self.settings.issuer if name is None else _text_of(claims, name)
        if subject is None or tenant is None:
            raise refused()
        shown_at = claims.get("auth_time")
        if shown_at is not None and (type(shown_at) is not int or not 0 < shown_at <= time.time() + LEEWAY_S):
            raise refused()
        authenticated_at = None if shown_at is None else datetime.fromtimestamp(shown_at, UTC)
        return Identified(subject, tenant, session, authenticated_at)

    async def _claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that the provider has signed for us, now. Raises Problem SIGN_ON_REFUSED."""
        try:
            decoded = jwt.decode(token, await self._key_set(), ALGORITHMS)
        except InvalidKeyIdError:
            decoded = await self._decoded_anew(token)
        except (JoseError, ValueError, TypeError, KeyError):
            raise refused() from None
        claims = dict(decoded.claims)
        registry = JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            registry.validate(claims)
        except (JoseError, ValueError, TypeError):
            raise refused() from None
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self.settings.client_id:
            raise refused()
        if claims["iat"] < time.time() - TOKEN_AGE_MAX_S:
            raise refused()
        return claims

    async def _decoded_anew(self, token: str) -> jwt.Token:
        """A token whose key is not known yet: the provider may have changed it."""
        read_at = self._keys[0] if self._keys else 0.0
        if time.monotonic() - read_at < KEYS_AGAIN_AFTER_S:
            raise refused()
        self._keys = None
        try:
            return jwt.decode(token, await self._key_set(), ALGORITHMS)
        except (JoseError, ValueError, TypeError, KeyError):
            raise refused() from None

    async def _key_set(self) -> KeySet:
        if self._keys is None or time.monotonic() - self._keys[0] > METADATA_LIFE_S:
            found = (await self._get(await self._endpoint("jwks_uri"))).get("keys")
            given = found if isinstance(found, list) else []
            usable = [one for one in given if isinstance(one, dict) and one.get("kty") in _ASYMMETRIC]
            try:
                keys = KeySet.import_key_set({"keys": [one for one in usable if one.get("use", "sig") == "sig"]})
            except (JoseError, ValueError, TypeError, KeyError):
                raise away(self.settings) from None
            self._keys = time.monotonic(), keys
        return self._keys[1]

    async def _endpoint(self, name: str) -> str:
        """An address of the provider: over TLS, unless it is on this machine as its issuer is."""
        url = (await self._discovered()).get(name)
        if not isinstance(url, str) or urlsplit(url).scheme not in ("https", urlsplit(self.settings.issuer).scheme):
            raise away(self.settings)
        return url

    async def _discovered(self) -> dict[str, Any]:
        if self._metadata is None or time.monotonic() - self._metadata[0] > METADATA_LIFE_S:
            found = await self._get(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.settings.issuer:
                raise away(self.settings)
            self._metadata = time.monotonic(), found
        return self._metadata[1]

    async def _get(self, url: str) -> dict[str, Any]:
        status, found = await answer_of(self._http, self.settings, self._http.build_request("GET", url))
        if status != 200:
            raise away(self.settings)
        return found


def _same(given: object, known: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), known.encode())


def _text_of(claims: dict[str, Any], name: str) -> str | None:
    """A claim that is a short text; None when there is none. Raises Problem(SIGN_ON_REFUSED) for anything else."""
    value = claims.get(name)
    if value is None or (isinstance(value, str) and 0 < len(value) <= TEXT_MAX and value.isprintable()):
        return value
    raise refused()
