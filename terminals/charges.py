"""A charge at the centre, in three steps: authenticate, verify, post. There is no other way for one.

Charges are taken in batches, step by step: all are authenticated, then all are verified, then all are posted, because a
step finds its code and tables in the processor's caches. The connection (``charge_connection.py``) brings what arrived
in one round of the event loop; the documented route (``routes/payments.py``) brings a batch of one.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

import structlog
from msgspec import Struct, field, json

from foundation.calendar import local_date_of
from foundation.keys import KeyRing
from foundation.problem_responses import problem_of, rendered
from foundation.problems import UNAVAILABLE, Problem
from foundation.request_log import stopped
from foundation.strict_json import TypedReader
from registry.models import Database
from settlement.charging import ChargeOrder, Charger, Remembered
from settlement.tariff import Declined, RegionRules
from terminals.answering import answer_of, receipt_note, shows_a_clone
from terminals.blocking import BlockListVersion, block_clone
from terminals.messages import TerminalMessage, check_epoch, message_of, signature_fields, signed_fields
from terminals.ordering import lacks_cashier, order_of, rules_on
from terminals.qr import NotGenuine
from terminals.references import References
from terminals.schemas import ChargeMessage
from terminals.sessions import SessionStore
from terminals.short_codes import is_short, read_short_code
from terminals.signatures import ANY_HOST, SignedRequest, Signer, read_signature
from terminals.verification import InTime, Referenced, VerifiedCredential, is_in_time, verify_credential

PATH = "/terminal/charges"

_reader = TypedReader(ChargeMessage)
_encode = json.Encoder().encode


class ChargeAnswer(Struct, frozen=True, gc=False):
    """The HTTP answer to a charge, whichever way it came. The request id and the security headers come on top."""

    status: int
    headers: dict[str, str]
    body: bytes


class ChargeRequest(Struct):
    """One charge on its way: what was received, and what each step found."""

    headers: Iterable[tuple[bytes, bytes]]
    """Names in lower case; only those that a signature needs are read."""
    body: bytes
    request_id: str
    on_answered: Callable[[ChargeAnswer], None]
    arrived_at: float = field(default_factory=time.monotonic)
    """On the monotonic clock: the answer is due so many seconds after it."""
    message: TerminalMessage | None = None
    data: ChargeMessage | None = None
    challenged_by: Signer | None = None
    """The MAC of the session in which the card was challenged."""
    referenced: Referenced | None = None
    """The short code."""
    has_cashier: bool = True
    """Whether it was taken under a cashier, or needs none."""
    credential: VerifiedCredential | Declined | None = None
    rules: RegionRules | None = None
    """The host's rules of the day of purchase."""
    order: ChargeOrder | None = None
    is_abandoned: bool = False
    """Whether its connection has closed: nobody waits for the answer."""

    def is_wanted(self) -> bool:
        """Whether its sender still waits."""
        return not self.is_abandoned


Step = Callable[[ChargeRequest], bool]
"""Takes a charge one step further. False when the charge has been answered, or goes on in a task of its own."""


class ChargeProcessor:
    """Takes charges. One per worker."""

    def __init__(
        self,
        charger: Charger,
        sessions: SessionStore,
        references: References,
        keys: KeyRing,
        database: Database,
        block_list: BlockListVersion,
        in_time: InTime = is_in_time,
        hosts: frozenset[str] = ANY_HOST,
    ) -> None:
        self._charger = charger
        self._sessions = sessions
        self._references = references
        self._keys = keys
        self._database = database
        self._block_list = block_list
        self._in_time = in_time
        self._hosts = hosts
        self._arrived: list[ChargeRequest] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_full(self) -> bool:
        """Whether a further charge would be answered 503, counting those that have just arrived."""
        return self._charger.is_full_with(len(self._arrived))

    def submit(self, request: ChargeRequest, loop: asyncio.AbstractEventLoop) -> None:
        """Take a charge together with all others of this round of the event loop."""
        if not self._arrived:
            loop.call_soon(self._take_arrived)
        self._arrived.append(request)

    def _take_arrived(self) -> None:
        arrived, self._arrived = self._arrived, []
        self.take(arrived)

    async def charge(self, headers: Iterable[tuple[bytes, bytes]], body: bytes, request_id: str) -> ChargeAnswer:
        """Take one charge and wait for its answer: a batch of one. A caller that goes away does not stop it."""
        answered: asyncio.Future[ChargeAnswer] = asyncio.get_running_loop().create_future()

        def on_answered(answer: ChargeAnswer) -> None:
            if not answered.done():
                answered.set_result(answer)

        self.take([ChargeRequest(headers, body, request_id, on_answered)])
        return await answered

    def take(self, requests: list[ChargeRequest]) -> None:
        """Take charges, each step for all of them; every one is answered through its ``on_answered``."""
        self._run(requests, (self._authenticate, self._verify, self._post))

    def give_up(self, request: ChargeRequest) -> None:
        """Tell the terminal to resend, since the worker stops. What is posted stays so; what is queued is dropped."""
        request.is_abandoned = True
        self._fail(request, stopped())
        request.on_answered = lambda _: None

    def _run(self, requests: list[ChargeRequest], steps: Sequence[Step]) -> None:
        for step in steps:
            requests = [request for request in requests if self._goes_on(request, step)]

    def _goes_on(self, request: ChargeRequest, step: Step) -> bool:
        try:
            return step(request)
        except Exception as error:
            # In a callback of its own: an error in one charge must not keep the others from their answers.
            asyncio.get_running_loop().call_soon(self._fail, request, error)
            return False

    def _authenticate(self, request: ChargeRequest) -> bool:
        """Check who sent the charge, and read it."""
        fields = signature_fields(request.headers)
        signed = read_signature("POST", PATH, fields, request.body, in_session=True, hosts=self._hosts)
        session = self._sessions.cached(signed.key_id)
        if session is not None:
            request.message = message_of(signed, session)
            check_epoch(request.message)
            request.data = data = _reader.read(request.body)
            if lacks_cashier(session, request.message.key.sequence, data.purchased_at):
                # He may have signed on at another worker, or it is an earlier one's; and a refusal is final.
                self._sessions.forget(session.session_id)
            elif data.card is None or data.card.session_id == session.session_id:
                request.challenged_by = session.mac
                if self._is_found(request, data):
                    return True
        # Only what must be looked up first gets a task: one costs as much as all the checks.
        self._in_a_task(request, self._look_up(request, signed))
        return False

    async def _look_up(self, request: ChargeRequest, signed: SignedRequest) -> None:
        """Authenticate a charge of a session that is not in the cache, or of a card challenged in another session."""
        session = await self._sessions.find(signed.key_id)
        request.message = message_of(signed, session)
        check_epoch(request.message)
        request.data = data = _reader.read(request.body)
        sequence, at = request.message.key.sequence, data.purchased_at
        if lacks_cashier(session, sequence, at):
            request.has_cashier = await self._sessions.had_cashier(session, sequence, at)
        if data.card is not None:
            request.challenged_by = await self._sessions.card_mac_of(session, data.card.session_id)
        if not self._is_found(request, data):
            assert request.referenced is not None
            code, _ = request.referenced
            request.referenced = code, await self._references.find(code.reference)
        self._run([request], (self._verify, self._post))

    def _is_found(self, request: ChargeRequest, data: ChargeMessage) -> bool:
        """Read a short code; False if its certificate must be looked up."""
        if data.qr is None or not is_short(data.qr):
            return True
        try:
            code = read_short_code(data.qr)
        except NotGenuine:
            # Read as a long code, which it is not either.
            return True
        request.referenced = code, self._references.known(code.reference)
        return request.referenced[1] is not None

    def _verify(self, request: ChargeRequest) -> bool:
        """Verify the card or code."""
        assert request.message is not None
        assert request.data is not None
        request.credential = verify_credential(
            request.message, request.data, request.challenged_by, request.referenced, self._keys, self._in_time
        )
        return True

    def _post(self, request: ChargeRequest) -> bool:
        """Send the charge to the ledger."""
        assert request.message is not None
        assert request.data is not None
        assert request.credential is not None
        on = local_date_of(request.data.purchased_at)
        request.rules = rules = rules_on(request.message.session, on)
        request.order = order = order_of(
            request.message, request.data, request.credential, rules, on, has_cashier=request.has_cashier
        )
        self._charger.post(order, request.arrived_at, partial(self._on_posted, request), request.is_wanted)
        return True

    def _on_posted(self, request: ChargeRequest, outcome: Remembered | Exception) -> None:
        assert request.order is not None
        if isinstance(outcome, Exception):
            self._fail(request, outcome)
        elif shows_a_clone(request.order, outcome):
            self._in_a_task(request, self._block_clone(request, request.order, outcome))
        elif outcome.outcome == "approved" and not outcome.fresh:
            self._in_a_task(request, self._answer_repeat(request, outcome))
        else:
            self._answer(request, outcome)

    async def _block_clone(self, request: ChargeRequest, order: ChargeOrder, outcome: Remembered) -> None:
        # Not cancelled when it takes too long: the repeat finds it done, or does it.
        blocking = asyncio.create_task(block_clone(self._database, order.credential_id, order.counter))
        self._tasks.add(blocking)
        blocking.add_done_callback(self._tasks.discard)
        done, _ = await asyncio.wait({blocking}, timeout=self._charger.time_left(request.arrived_at))
        if not done:
            raise Problem(UNAVAILABLE, retry_after_s=2)
        await blocking
        self._answer(request, outcome)

    async def _answer_repeat(self, request: ChargeRequest, outcome: Remembered) -> None:
        left_s = self._charger.time_left(request.arrived_at)
        self._answer(request, outcome, await self._charger.reversed_fen(outcome, left_s))

    def _in_a_task(self, request: ChargeRequest, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guard(request, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, request: ChargeRequest, work: Coroutine[Any, Any, None]) -> None:
        structlog.contextvars.bind_contextvars(request_id=request.request_id)
        try:
            await work
        except Exception as error:
            self._fail(request, error)

    def _answer(self, request: ChargeRequest, outcome: Remembered, reversed_fen: int = 0) -> None:
        assert request.rules is not None
        note = receipt_note(request.rules.receipt_effect)
        answer = answer_of(outcome, note, reversed_fen)
        self._send(request, 200, {"content-type": "application/json"}, _encode(answer))

    def _fail(self, request: ChargeRequest, error: Exception) -> None:
        with structlog.contextvars.bound_contextvars(request_id=request.request_id):
            problem = problem_of(error)
        self._send(request, *rendered(problem, None))

    def _send(self, request: ChargeRequest, status: int, headers: dict[str, str], body: bytes) -> None:
        """Give the answer out; signed, once it is known whose request it answers."""
        if request.message is not None:
            headers |= signed_fields(request.message, status, body, self._block_list)
        request.on_answered(ChargeAnswer(status, headers, body))
