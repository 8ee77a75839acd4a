"""A signed-in person at the console, over HTTP."""

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import urllib3

from terminals.client import OutcomeUnknown, Rejected

RESEND_FOR_S = 180.0
"""How long a system may be away before the player gives up."""

T = TypeVar("T")


class PlayFailed(Exception):
    """The traffic cannot be played; one line that says why."""


def open_http() -> urllib3.PoolManager:
    """Connections to a system."""
    return urllib3.PoolManager(maxsize=8, retries=False, timeout=urllib3.Timeout(30))


class ConsoleClient:
    """Sends messages as one person, and again while the system is away."""

    def __init__(self, http: urllib3.PoolManager, url: str, login: str, password: str) -> None:
        self._http = http
        self._url = url
        self._headers: dict[str, str] = {"content-type": "application/json", "accept-language": "en"}
        token = self.call("POST", "/console/sessions", {"login": login, "password": password})["token"]
        self._headers["authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, message: Any = None) -> Any:
        """Send one message; raises PlayFailed with the problem's own words."""
        body = json.dumps(message).encode() if message is not None else None
        give_up_at = time.monotonic() + RESEND_FOR_S
        while True:
            try:
                answer = self._http.request(method, self._url + path, body=body, headers=self._headers)
                if answer.status < 500:
                    break
            except urllib3.exceptions.HTTPError:
                pass
            if time.monotonic() > give_up_at:
                raise PlayFailed(f"{self._url} does not answer {path}")
            time.sleep(0.3)
        if answer.status >= 400:
            problem = json.loads(answer.data)
            raise PlayFailed(f"{path}: {problem.get('title')}: {problem.get('detail')}")
        return json.loads(answer.data) if answer.data else None


def until_known(call: Callable[[], T]) -> T:
    """Repeat a call whose repetition is harmless until its outcome is known; raises PlayFailed."""
    give_up_at = time.monotonic() + RESEND_FOR_S
    while True:
        try:
            return call()
        except Rejected as rejected:
            raise PlayFailed(str(rejected)) from None
        except OutcomeUnknown as unknown:
            if time.monotonic() > give_up_at:
                raise PlayFailed(str(unknown)) from None
            time.sleep(0.3)
