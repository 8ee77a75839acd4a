"""The government work app (专有钉钉): signing on by its own flow, and its contact list.

The browser goes to ``oauth2/auth.htm`` and comes back with a code, which counts once. ``gettoken.json`` gives the
application's token, ``rpc/oauth2/getuserinfo_bycode.json`` says who has the code. Every call is signed with
HMAC-SHA256. Source: the open platform's help (扫码登录; 查询组织下人员详情). The flow has no nonce and no PKCE: what
binds an answer to the browser is ``state``, and what binds it to us is ``clientId``.
"""

import base64
import hmac
import secrets
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from foundation.calendar import ZONE
from registry.sign_on.providers import (
    Asked,
    Directory,
    Identified,
    LoggedOut,
    WorkAppSettings,
    answer_of,
    away,
    refused,
)

AUTHORIZE, TOKEN = "/oauth2/auth.htm", "/gettoken.json"
WHO, CONTACTS = "/rpc/oauth2/getuserinfo_bycode.json", "/mozi/organization/pageOrganizationEmployeePositions"

WRONG_TOKEN = "240133"  # noqa: S105 - an error's number: the application's token has ended
PAGE_SIZE = 100
PAGES_MAX = 2_000
"""Of one organization: 200,000 people."""
RENEW_BEFORE_S = 600


def signature(secret: str, method: str, timestamp: str, nonce: str, path: str, parameters: str) -> str:
    """The signature of a call (HMAC-SHA256, Base64). ``parameters``: sorted by name, joined by ``&``, as they are."""
    parts = [method, timestamp, nonce, path, *([parameters] if parameters else [])]
    return base64.b64encode(hmac.digest(secret.encode(), "\n".join(parts).encode(), "sha256")).decode()


def sorted_parameters(given: dict[str, str]) -> str:
    """Parameters in the form that is signed."""
    return "&".join(f"{name}={given[name]}" for name in sorted(given))


class WorkApp:
    """The work app as a provider."""

    proves = False
    """It does not say when somebody has shown who he is."""

    def __init__(self, settings: WorkAppSettings, http: httpx.AsyncClient) -> None:
        self.settings = settings
        self._http = http
        self._token: tuple[float, str] | None = None

    async def start_url(self, asked: Asked) -> str:
        """See ``Provider``."""
        wanted = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": asked.redirect_uri,
            "scope": "get_user_info",
            "authType": "QRCODE",
            "state": asked.state,
        }
        return f"{self.settings.login_url.rstrip('/')}{AUTHORIZE}?{urlencode(wanted)}"

    async def identify(self, asked: Asked, code: str, issuer: str | None) -> Identified:  # noqa: ARG002
        """See ``Provider``. The flow names no issuer: an answer that does is another provider's."""
        if issuer is not None:
            raise refused("sign_on.other_issuer")
        data = await self._called(WHO, {"code": code})
        if not isinstance(data, dict) or data.get("clientId") != self.settings.client_id:
            raise refused()
        subject, tenant = data.get("employeeCode"), data.get("tenantId")
        if not isinstance(subject, str) or not subject:
            raise refused("sign_on.no_person")
        if type(tenant) is not int or tenant != data.get("realmId", tenant):
            raise refused()
        return Identified(subject, str(tenant))

    async def logged_out(self, token: str) -> LoggedOut:  # noqa: ARG002
        """The work app sends no such messages."""
        raise refused()

    async def directory(self) -> Directory | None:
        """See ``Provider``: those in force of all organizations of the settings. An empty list is no list."""
        if not self.settings.organizations:
            return None
        found: set[str] = set()
        for organization in self.settings.organizations:
            found |= await self._people_of(organization)
        if not found:
            raise away(self.settings)
        return Directory(self.settings.contacts_tenant, frozenset(found))

    async def _people_of(self, organization: str) -> set[str]:
        found: set[str] = set()
        read = 0
        for page in range(1, PAGES_MAX + 1):
            wanted = {
                "employeeStatus": "A",
                "organizationCode": organization,
                "pageNo": str(page),
                "pageSize": str(PAGE_SIZE),
                "returnTotalSize": "true",
                "tenantId": self.settings.contacts_tenant,
            }
            content = await self._content(CONTACTS, wanted)
            rows, total = content.get("data") or [], content.get("totalSize")
            if content.get("success") is not True or not isinstance(rows, list) or type(total) is not int:
                raise away(self.settings)
            codes = [one.get("employeeCode") for one in rows if isinstance(one, dict)]
            found |= {code for code in codes if isinstance(code, str)}
            read += len(rows)
            if read >= total:
                return found
            if not rows:
                break
        raise away(self.settings)

    async def _called(self, path: str, parameters: dict[str, str]) -> Any:
        """The data of a call under the application's token; raises Problem SIGN_ON_REFUSED, UNAVAILABLE."""
        content = await self._content(path, parameters)
        if content.get("responseCode") == WRONG_TOKEN:
            self._token = None
            raise away(self.settings)
        if content.get("success") is not True:
            raise refused()
        return content.get("data")

    async def _content(self, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        return await self._answer("POST", path, {"access_token": await self._access_token(), **parameters})

    async def _access_token(self) -> str:
        if self._token is None or self._token[0] < time.monotonic():
            keys = {"appkey": self.settings.app_key, "appsecret": self.settings.app_secret}
            data = (await self._answer("GET", TOKEN, keys)).get("data")
            if not isinstance(data, dict) or not isinstance(data.get("accessToken"), str):
                raise away(self.settings)
            life_s = int(data["expiresIn"]) if str(data.get("expiresIn", "")).isdecimal() else 0
            self._token = time.monotonic() + max(0, life_s - RENEW_BEFORE_S), data["accessToken"]
        return self._token[1]

    async def _answer(self, method: str, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        """The content of an answer; raises Problem(UNAVAILABLE)."""
        timestamp = datetime.now(ZONE).isoformat(timespec="milliseconds")
        nonce = f"{int(time.time() * 1000)}{secrets.randbelow(10_000):04d}"
        signed = signature(
            self.settings.app_secret, method, timestamp, nonce, path, sorted_parameters(parameters)
        )  # fmt: skip
        headers = {
            "apiKey": self.settings.app_key,
            "X-Hmac-Auth-Timestamp": timestamp,
            "X-Hmac-Auth-Nonce": nonce,
            "X-Hmac-Auth-Version": "1.0",
            "X-Hmac-Auth-Signature": signed,
        }
        url = self.settings.api_url.rstrip("/") + path
        carried: dict[str, Any] = {"params": parameters} if method == "GET" else {"data": parameters}
        request = self._http.build_request(method, url, headers=headers, **carried)
        status, answer = await answer_of(self._http, self.settings, request)
        content = answer.get("content")
        if status != 200 or answer.get("success") is not True or not isinstance(content, dict):
            raise away(self.settings)
        return content
