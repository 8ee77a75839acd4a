"""A signed-in person at the console, over HTTP."""

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import urllib3

from foundation.catalogue import Explained, Language
from terminals.client_messages import OutcomeUnknown, Pauses, Rejected

RESEND_FOR_S = 180.0
"""How long a system may be away before the player gives up, in seconds."""

T = TypeVar("T")


class PlayFailed(Explained):
    """The day cannot be played."""


def open_http() -> urllib3.PoolManager:
    """Connections to a system."""
    return urllib3.PoolManager(maxsize=8, retries=False, timeout=urllib3.Timeout(30))


class ConsoleClient:
    """Sends messages as one person, and again while the system is away. Answers are in ``language``."""

    def __init__(
        self,
        http: urllib3.PoolManager,
        url: str,
        login: str,
        password: str,
        language: Language = Language.ENGLISH,
    ) -> None:
        self._http = http
        self._url = url
        self._headers: dict[str, str] = {"content-type": "application/json", "accept-language": language.tag}
        token = self.call("POST", "/console/sessions", {"login": login, "password": password})["token"]
        self._headers["authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, message: Any = None) -> Any:
        """Send one message, or a file as it is, and return the decoded answer. Raises PlayFailed."""
        body = message if message is None or isinstance(message, bytes) else json.dumps(message).encode()
        give_up_at, pauses = time.monotonic() + RESEND_FOR_S, Pauses()
        while True:
            pauses.wait()
            try:
                answer = self._http.request(method, self._url + path, body=body, headers=self._headers)
                if answer.status < 500:
                    break
                last = str(answer.status)
            except urllib3.exceptions.HTTPError as error:
                last = type(error).__name__
            if time.monotonic() > give_up_at:
                raise PlayFailed("demo.no_answer", url=self._url, path=path, seconds=f"{RESEND_FOR_S:.0f}", last=last)
            pauses.failed()
        if answer.status >= 400:
            problem = json.loads(answer.data)
            raise PlayFailed("demo.refused", path=path, title=problem.get("title"), detail=problem.get("detail"))
        return json.loads(answer.data) if answer.data else None


def until_known(call: Callable[[], T]) -> T:
    """Repeat a call whose repetition is harmless until its outcome is known; raises PlayFailed."""
    give_up_at, pauses = time.monotonic() + RESEND_FOR_S, Pauses()
    while True:
        pauses.wait()
        try:
            return call()
        except Rejected as rejected:
            raise PlayFailed("demo.rejected", reason=rejected) from None
        except OutcomeUnknown as unknown:
            if time.monotonic() > give_up_at:
                raise PlayFailed("demo.unknown", reason=unknown) from None
            pauses.failed(unknown.retry_after_s)
