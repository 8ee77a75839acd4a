"""A proxy between a terminal under test and a centre. It has no keys: it breaks what passes, and watches.

Each new message of the kind that is tested has the next fault of a plan, once. The terminal is configured with the
proxy's address, or with the centre's and led here by the network: its ``Host`` is passed on unchanged, and both sides
sign what they see.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import urllib3

from conformance.bench import Result
from conformance.faults import Fault, alter_body, break_signature, strip_signature
from conformance.http_server import Answer, Dropped, Request, Server, problem_answer
from conformance.judge import (
    DOWN,
    NEW_MESSAGE,
    RETRY_AFTER_S,
    SIGN_ON_PATH,
    STRIKES,
    TOLD_AHEAD_S,
    Device,
    Observed,
    judged,
    voids,
)
from conformance.suite import Profile
from foundation.catalogue import Explained
from foundation.problems import INTERNAL, MALFORMED, Problem
from settlement.errors import BUSY
from terminals.client_messages import document_of
from terminals.errors import EPOCH_WRONG, OUT_OF_TIME, SESSION_ENDED
from terminals.messages import signature_fields
from terminals.signatures import read_signature

_HOP_BY_HOP = {b"connection", b"content-length", b"transfer-encoding", b"keep-alive", b"expect"}
_NOT_PASSED_BACK = {"connection", "content-length", "transfer-encoding", "keep-alive"}

PLANS: dict[Profile, tuple[str, tuple[str, ...]]] = {
    Profile.TILL: (
        "/terminal/charges",
        (
            "", Fault.DROP_REQUEST, Fault.DROP_ANSWER, Fault.BUSY, Fault.ERROR, Fault.UNSIGNED, Fault.WRONG_SIGNATURE,
            Fault.ALTERED_BODY, Fault.REPLAY, Fault.EPOCH_WRONG, Fault.SESSION_ENDED, Fault.SKEWED_CLOCK, Fault.LATE,
            DOWN,
        ),
    ),
    Profile.SCALE: (
        "/terminal/weigh-ins",
        (
            "", Fault.DROP_REQUEST, Fault.DROP_ANSWER, Fault.BUSY, Fault.ERROR, Fault.UNSIGNED, Fault.WRONG_SIGNATURE,
            Fault.SESSION_ENDED, DOWN,
        ),
    ),
    Profile.PHONE: ("/phone/", (Fault.DROP_ANSWER, Fault.BUSY, Fault.ERROR, DOWN)),
}  # fmt: skip
"""Messages to which paths have the faults, and the faults in turn; the empty one is none."""

IN_SESSION = ("POST /terminal/charges", "POST /terminal/voids", "POST /terminal/shifts", "POST /terminal/weigh-ins")


class Proxy:
    """Passes messages on, with the faults of a plan. ``tell``: called with each message once it is answered.

    Raises Explained for a URL that is none.
    """

    def __init__(
        self, url: str, profile: Profile, *, late_s: float = 14.0, tell: Callable[[Observed], None] = lambda _: None
    ) -> None:
        self._late_s, self._tell = late_s, tell
        self._profile = profile
        self._path, faults = PLANS[profile]
        self.faults = [fault for fault in faults if fault]
        self._left = list(faults)
        self._struck: dict[tuple[str, ...], tuple[str, int]] = {}
        """By message: its fault, and how many more tries have it."""
        self._invented: dict[tuple[str, ...], Answer] = {}
        self._sessions: dict[str, Device] = {}
        self._before: Answer | None = None
        # Of this host alone: whatever a terminal asks for, nobody else is asked.
        timeout = urllib3.Timeout(connect=5, read=30)
        try:
            self._http = urllib3.connection_from_url(url, maxsize=8, retries=False, timeout=timeout)
        except urllib3.exceptions.HTTPError as error:
            raise Explained("conformance.kit.unreachable", url=url, error=str(error)) from None
        self._server: Server | None = None
        self.seen: list[Observed] = []

    async def start(self, port: int = 0) -> int:
        """Listen on a loopback port, which is returned. Raises OSError."""
        self._server = Server(self._handle, port)
        return await self._server.start()

    async def finish(self) -> None:
        """Stop listening, once what was asked is answered."""
        if self._server is not None:
            await self._server.finish()
        self._http.close()

    def close(self) -> None:
        """Stop listening at once."""
        if self._server is not None:
            self._server.close()
        self._http.close()

    @property
    def is_done(self) -> bool:
        """Whether every fault of the plan has struck and the outcome of every message is known."""
        return not self._left and not self._unknown()

    def _unknown(self) -> list[str]:
        """The messages whose outcome the terminal cannot know yet."""
        known = {one.identity for one in self.seen if one.is_final}
        unknown = [one for one in self.seen if one.fault and one.identity not in known]
        return sorted({str(one) for one in unknown if not any(voids(other, one) for other in self.seen)})

    @property
    def is_complete(self) -> bool:
        """Whether it is done, and something was seen of every rule."""
        return self.is_done and not self.missing

    @property
    def missing(self) -> list[str]:
        """What is still to come: messages for the faults that are left, outcomes, and what a rule needs to be seen."""
        found = [f"{len(self._left)} new messages: POST {self._path}"] if self._left else []
        found += [f"the outcome of {one}: sent again or voided" for one in self._unknown()]
        not_run = (one for one in self.results() if one.result == "not_run")
        return found + [f"{one.case_id}: {one.note}" for one in not_run if one.note != NEW_MESSAGE]

    @property
    def quiet_s(self) -> float:
        """Seconds since the last message came, or was answered; 0 before the first."""
        last = max((max(one.at, one.answered_at) for one in self.seen[-20:]), default=None)
        return 0.0 if last is None else time.monotonic() - last

    @property
    def device(self) -> str:
        """What the terminal said of itself at the sign-on whose session was tested; empty where none was seen."""
        named = (one.device for one in self.seen if one.device is not None and one.path.startswith(self._path))
        return next((one.says for one in named), "")

    def results(self) -> list[Result]:
        """What the terminal did, by the page's rules."""
        return judged(self.seen, self._server.ahead if self._server else 0, self.faults, self._profile)

    async def _handle(self, request: Request) -> Answer:
        if not request.target.startswith("/"):
            return problem_answer(Problem(MALFORMED))
        one = _observed(request)
        self.seen.append(one)
        one.device = self._sessions.get(one.key_id)
        one.fault = self._fault_of(one)
        try:
            answer = await self._answer(one, request)
            one.status, one.answer, one.is_signed = (
                answer.status,
                document_of(answer.body),
                "signature" in answer.fields,
            )
            one.is_genuine = not one.fault
            if one.path == SIGN_ON_PATH and one.is_final and one.status == 201:
                one.device = self._sessions[str(one.answer.get("session_id"))] = _device_of(one)
        finally:
            # Also when the terminal has gone.
            one.answered_at = time.monotonic()
            self._tell(one)
        return answer

    def _fault_of(self, one: Observed) -> str:
        if one.method != "POST" or not one.path.startswith(self._path):
            return ""
        fault, left = self._struck.get(one.identity, (None, 0))
        if fault is None:
            fault = self._left.pop(0) if self._left else ""
            left = STRIKES.get(fault, 1)
        self._struck[one.identity] = fault, max(left - 1, 0)
        return fault if left else ""

    async def _answer(self, one: Observed, request: Request) -> Answer:
        match one.fault:
            case Fault.DROP_REQUEST | "down":
                raise Dropped
            case Fault.BUSY:
                return problem_answer(Problem(BUSY, retry_after_s=RETRY_AFTER_S))
            case Fault.EPOCH_WRONG:
                return problem_answer(Problem(EPOCH_WRONG, "terminals.epoch", epoch=2))
            case Fault.SESSION_ENDED:
                return problem_answer(Problem(SESSION_ENDED))
            case Fault.SKEWED_CLOCK:
                told = int(time.time()) + TOLD_AHEAD_S
                return problem_answer(
                    Problem(OUT_OF_TIME, "terminals.out_of_time", centre_time=told, created=one.created)
                )
            case _ if one.fault and one.identity in self._invented:
                return self._invented[one.identity]
        answer = await asyncio.to_thread(self._ask, request)
        before = self._before
        if one.path.startswith(self._path):
            self._before = answer
        match one.fault:
            case Fault.DROP_ANSWER:
                raise Dropped
            case Fault.ERROR:
                return problem_answer(Problem(INTERNAL))
            case Fault.UNSIGNED:
                return self._invent(one, strip_signature(answer))
            case Fault.WRONG_SIGNATURE:
                return self._invent(one, break_signature(answer))
            case Fault.ALTERED_BODY:
                return self._invent(one, alter_body(answer))
            case Fault.REPLAY if before is not None:
                return self._invent(one, before)
            case Fault.LATE:
                await asyncio.sleep(self._late_s)
        return answer

    def _invent(self, one: Observed, answer: Answer) -> Answer:
        """The answer to each try that has the fault, alike to the byte: who believes what comes twice is found out."""
        self._invented[one.identity] = answer
        return answer

    def _ask(self, request: Request) -> Answer:
        fields = urllib3.HTTPHeaderDict()
        for name, value in request.fields:
            if name not in _HOP_BY_HOP:
                fields.add(name.decode("latin-1"), value.decode("latin-1"))
        body = request.body or None
        try:
            came = self._http.urlopen(
                request.method, request.target, body=body, headers=fields, redirect=False, assert_same_host=False
            )
        except urllib3.exceptions.HTTPError:
            raise Dropped from None
        kept = {name.lower(): value for name, value in came.headers.items() if name.lower() not in _NOT_PASSED_BACK}
        return Answer(came.status, kept, came.data)


def _device_of(one: Observed) -> Device:
    said = one.message.get("device")
    names = [str(value) for value in said.values()] if isinstance(said, dict) else []
    return Device(str(one.message.get("terminal_id")), " ".join(names))


def _observed(request: Request) -> Observed:
    path = request.target.partition("?")[0]
    fields = signature_fields(request.fields)
    number, error, key_id, created = fields.get("onecard-request", ""), "", "", 0
    algorithm = "ecdsa-p256-sha256" if "ecdsa" in fields.get("signature-input", "") else "ed25519"
    try:
        signed = read_signature(
            request.method, request.target, fields, request.body, in_session=bool(number), opening_algorithm=algorithm
        )
        key_id, created = signed.key_id, signed.created
    except Problem as problem:
        error = f"{problem.kind.slug} {problem.code}"
    if f"{request.method} {path}" in IN_SESSION and not number:
        error = error or "no Onecard-Request"
    message = {}
    with suppress(ValueError):
        message = document_of(request.body)
    return Observed(
        time.monotonic(), request.method, path, number, key_id, request.body, message, created, profile_error=error
    )
