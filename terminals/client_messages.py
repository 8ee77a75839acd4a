"""What terminals and phones share when they speak to the centre: the connection, opening messages, errors, pauses."""

import json
import random
import time
from typing import Any

import urllib3

from foundation.problems import Problem
from terminals.phone_keys import PrivateKey, algorithm_of, phone_signer
from terminals.signatures import check_answer, ed25519_verifier, sign_request

CONNECT_WITHIN_S = 3
ANSWER_WITHIN_S = 12
"""Longer than the centre tries to learn an outcome (8 s), shorter than a cashier's patience."""
TIMEOUT = urllib3.Timeout(connect=CONNECT_WITHIN_S, read=ANSWER_WITHIN_S)

JSON_BODY = {"content-type": "application/json"}


class OutcomeUnknown(Exception):
    """No valid answer arrived: the request stays in the journal, to be sent again."""

    def __init__(self, reason: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        """How long the centre asks to wait."""


class Rejected(Exception):
    """The centre refused the message with a problem document; nothing was posted."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        super().__init__(f"{status} {document.get('type')}: {document.get('detail')}")
        self.status = status
        self.document = document

    @property
    def slug(self) -> str:
        """The last part of the problem's type."""
        return str(self.document.get("type", "")).rsplit("/", 1)[-1]


PAUSE_MIN_S = 0.25
PAUSE_MAX_S = 8.0


class Pauses:
    """Growing pauses between a client's tries, with jitter: a centre in trouble is not asked faster and faster.

    The n-th failure in a row is followed by a random pause up to ``PAUSE_MIN_S`` x 2^n, at least half of that, so that
    the tills of a network that failed together do not come back together.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0

    def failed(self, retry_after_s: float = 0.0) -> None:
        """The last try failed; the centre may have said how long to wait."""
        longest = min(PAUSE_MAX_S, PAUSE_MIN_S * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        self._until = time.monotonic() + max(retry_after_s, random.uniform(longest / 2, longest))  # noqa: S311

    def succeeded(self) -> None:
        """The last try was answered: the next one needs no pause."""
        self._failures = 0

    def wait(self) -> None:
        """Wait until the next try may be made."""
        if self._failures:
            time.sleep(max(0.0, self._until - time.monotonic()))


def open_transport() -> urllib3.PoolManager:
    """One connection, kept open, with the times that a terminal waits."""
    return urllib3.PoolManager(maxsize=1, retries=False, timeout=TIMEOUT)


def authority_of(url: str) -> str:
    """The ``@authority`` of messages to this address (RFC 9421 section 2.2.3), which they send as ``Host``."""
    address = urllib3.util.parse_url(url)
    host, default = address.host or "", {"http": 80, "https": 443}.get(address.scheme or "")
    return host if address.port in (None, default) else f"{host}:{address.port}"


def post_opening(
    http: urllib3.PoolManager,
    url: str,
    path: str,
    body: bytes,
    key: PrivateKey,
    key_id: str,
    centre: tuple[int, bytes] | None = None,
) -> urllib3.BaseHTTPResponse:
    """Send a message signed outside a session; raises OutcomeUnknown or Rejected.

    ``centre``: version and public key of the centre, as the message names it, under which the answer must be signed;
    None where the centre does not sign, to phones.
    """
    created = int(time.time())
    for _ in range(2):
        headers = sign_request(
            "POST",
            path,
            body,
            authority=authority_of(url),
            created=created,
            key_id=key_id,
            sign=phone_signer(key),
            algorithm=algorithm_of(key),
        )
        try:
            answer = http.request("POST", url + path, body=body, headers=headers | JSON_BODY)
        except urllib3.exceptions.HTTPError as error:
            raise OutcomeUnknown(f"{path}: {error}") from None
        fields = {name.lower(): value for name, value in answer.headers.items()}
        # A problem may come without a signature: before ours was found right.
        if centre is not None and (answer.status < 300 or "signature" in fields):
            version, public_key = centre
            verify = ed25519_verifier(public_key)
            try:
                check_answer(headers, answer.status, fields, answer.data, key_id=f"centre-{version}", verify=verify)
            except Problem as problem:
                raise OutcomeUnknown(f"{path}: {problem}") from None
        if answer.status < 300:
            return answer
        if answer.status >= 500:
            raise OutcomeUnknown(f"{path}: {answer.status}", retry_after_s=wait_of(fields))
        rejected = Rejected(answer.status, document_of(answer.data))
        if rejected.slug != "created-out-of-range":
            break
        created = int(rejected.document["params"]["centre_time"])
    raise rejected


def document_of(body: bytes) -> dict[str, Any]:
    """The problem document of an answer; empty when it has none."""
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def wait_of(fields: dict[str, str]) -> float:
    """The seconds of Retry-After; the centre sends no dates."""
    wait = fields.get("retry-after", "")
    return float(wait) if wait.isdecimal() else 0.0
