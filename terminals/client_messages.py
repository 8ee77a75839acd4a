"""What terminals and phones share when they speak to the centre: the connection, opening messages, errors, pauses."""

import json
import random
import time
from collections.abc import Callable
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


class _NotTaken(Exception):
    """An answer with a problem document, or none: ``status`` 0 and an empty document where nothing came."""

    def __init__(self, text: str, status: int, document: dict[str, Any]) -> None:
        super().__init__(text)
        self.status = status
        self.document = document

    @property
    def slug(self) -> str:
        """The last part of the problem's type."""
        return str(self.document.get("type", "")).rsplit("/", 1)[-1]


class OutcomeUnknown(_NotTaken):
    """No valid answer arrived: the request stays in the journal, to be sent again.

    Status and document of an answer that nobody vouches for are for staff, and prove nothing.
    """

    def __init__(
        self, reason: str, *, status: int = 0, document: dict[str, Any] | None = None, retry_after_s: float = 0.0
    ) -> None:
        super().__init__(reason, status, document or {})
        self.retry_after_s = retry_after_s
        """How long the centre asks to wait."""


class Rejected(_NotTaken):
    """The centre refused the message with a problem document, signed (to phones: over TLS). Final; nothing posted."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        super().__init__(f"{status} {document.get('type')}: {document.get('detail')}", status, document)


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
    *,
    now: float | None = None,
) -> urllib3.BaseHTTPResponse:
    """Send a message signed outside a session; raises OutcomeUnknown or Rejected.

    ``centre``: version and public key of the centre, as the message names it, under which the answer must be signed;
    None where the centre does not sign, to phones. ``now``: the centre's time as the sender knows it; None: our own.
    """

    def signed(created: int) -> dict[str, str]:
        return sign_request(
            "POST",
            path,
            body,
            authority=authority_of(url),
            created=created,
            key_id=key_id,
            sign=phone_signer(key),
            algorithm=algorithm_of(key),
        )

    return send_signed(http, "POST", url, path, body, signed, centre, now=now)


def send_signed(
    http: urllib3.PoolManager,
    method: str,
    url: str,
    path: str,
    body: bytes,
    signed: Callable[[int], dict[str, str]],
    centre: tuple[int, bytes] | None = None,
    *,
    now: float | None = None,
) -> urllib3.BaseHTTPResponse:
    """Send what ``signed`` signs at a time of the centre's; raises as ``post_opening``. ``path``: with its query."""
    created = int(time.time() if now is None else now)
    for last in (False, True):
        headers = signed(created)
        try:
            answer = http.request(method, url + path, body=body, headers=headers | JSON_BODY)
        except urllib3.exceptions.HTTPError as error:
            raise OutcomeUnknown(f"{path}: {error}") from None
        fields = {name.lower(): value for name, value in answer.headers.items()}
        document = document_of(answer.data)
        refused = _refusal_of(headers, answer, fields, document, centre)
        if refused is None:
            return answer
        told = _time_told(answer.status, refused)
        if last or told is None:
            raise refused
        # The time of an unsigned answer signs one more try; our clock it does not set.
        created = told
    raise AssertionError("unreachable")


def _refusal_of(
    sent: dict[str, str],
    answer: urllib3.BaseHTTPResponse,
    fields: dict[str, str],
    document: dict[str, Any],
    centre: tuple[int, bytes] | None,
) -> OutcomeUnknown | Rejected | None:
    """What an answer to an opening message means that is not taken; None for one that is."""
    status, retry_after_s = answer.status, wait_of(fields)
    said = f"the centre answers {status}"
    is_vouched_for = centre is None
    if centre is not None and (status < 300 or "signature" in fields):
        version, public_key = centre
        verify = ed25519_verifier(public_key)
        try:
            check_answer(sent, status, fields, answer.data, key_id=f"centre-{version}", verify=verify)
            is_vouched_for = True
        except Problem as problem:
            said = str(problem)
    if is_vouched_for and status < 300:
        return None
    if is_vouched_for and 400 <= status < 500:
        return Rejected(status, document)
    return OutcomeUnknown(said, status=status, document=document, retry_after_s=retry_after_s)


def _time_told(status: int, refused: OutcomeUnknown | Rejected) -> int | None:
    """The centre's time, as an answer claims that refuses ours."""
    if status != 401 or refused.slug != "created-out-of-range":
        return None
    params = refused.document.get("params")
    told = params.get("centre_time") if isinstance(params, dict) else None
    return told if type(told) is int and told > 0 else None


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
