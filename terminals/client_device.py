"""An enrolled device, a till or a scale: its keys, its sessions, and messages whose answers are checked."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import urllib3
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import json as wire

from foundation.problems import Problem
from terminals.client_files import BlockList, Identity, KeptParameters, kept_key, read_file, write_file
from terminals.client_messages import (
    JSON_BODY,
    TIMEOUT,
    OutcomeUnknown,
    Pauses,
    Rejected,
    authority_of,
    document_of,
    open_transport,
    post_opening,
    wait_of,
)
from terminals.journal import Journal
from terminals.keys import proof_text
from terminals.schemas import (
    BlockChanges,
    CashierAtTill,
    CurrentParameters,
    Device,
    EnrolmentSlip,
    Parameters,
    SignedOn,
    to_bytes,
    to_text,
)
from terminals.sessions import SUITE, agree_key
from terminals.signatures import PROTOCOL, check_answer, hmac_signer, hmac_verifier, sign_request

NO_VERSION = "A" * 22
"""A version that no parameters have: whoever names it gets them."""

SOFTWARE = "onecard terminals/client.py"

SIGN_ON_AGAIN = {"session-ended", "created-out-of-range", "bad-signature"}


@dataclass(slots=True)
class OpenSession:
    session_id: str
    mac: Callable[[bytes], bytes]
    epoch: int


class EnrolledDevice:
    """One device with its folder (identity and journal). Not for use by two threads at once."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.authority = authority_of(url)
        self._folder = folder
        self.identity = Identity.load(folder / "identity.json")
        self.journal = Journal(folder / "journal.sqlite")
        self._http = open_transport()
        self._session: OpenSession | None = None
        self._next_sequence = 0
        self._pauses = Pauses()
        self._is_trying = False
        self.cashier: CashierAtTill | None = None
        """Who is signed on, as the centre said last."""
        self._clock_ahead_s = 0.0
        """The centre's clock minus ours."""
        self._kept = read_file(folder / "parameters.json", KeptParameters)
        self._block_list = read_file(folder / "block-list.json", BlockList) or BlockList()
        self.block_list_version = self._block_list.version
        self.patience_s: float | None = None
        """How long to wait for an answer; None for the default."""

    @classmethod
    def enrol(cls, url: str, slip: EnrolmentSlip, folder: Path) -> Self:
        """Redeem an approved enrolment code; raises OutcomeUnknown or Rejected.

        The key is in the folder before it is sent, so that after a lost answer the same call gets it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        key = kept_key(folder / "enrolment.key")
        body = wire.encode(
            {
                "enrolment_id": slip.enrolment_id,
                "code": slip.code,
                "public_key": to_text(key.public_key().public_bytes_raw()),
                "centre_key": slip.centre_key,
            }
        )
        with open_transport() as http:
            centre = to_bytes(slip.centre_public_key)
            known = slip.centre_key, centre
            answer = post_opening(http, url, "/terminal/enrolments", body, key, "enrolment", known)
        enrolled = json.loads(answer.data)
        identity = Identity(enrolled["terminal_id"], key, slip.centre_key, centre)
        identity.save(folder / "identity.json")
        (folder / "enrolment.key").unlink()
        return cls(url, folder)

    @property
    def parameters(self) -> Parameters:
        """What this terminal knows before it charges, from its disk when there is no network."""
        if self._kept is None:
            self.sign_on()
        assert self._kept is not None
        return self._kept.parameters

    @property
    def canteen_id(self) -> int:
        """The canteen that this terminal takes payments for."""
        return self.parameters.canteen.canteen_id

    @property
    def centre_keys(self) -> dict[int, bytes]:
        """The centre's public keys by version: those of the parameters, at first the one of the slip."""
        if self._kept is None:
            return {self.identity.centre_key: self.identity.centre_public_key}
        now = self.now()
        return {
            key.version: to_bytes(key.public_key)
            for key in self._kept.parameters.centre_keys
            if key.valid_until is None or now < key.valid_until
        }

    def _centre_key_in_use(self) -> tuple[int, bytes]:
        """Version and public key of the centre's newest key in use, as this terminal knows: it is to sign an answer."""
        begun = {self.identity.centre_key: 0}
        if self._kept is not None:
            begun = {key.version: key.valid_from for key in self._kept.parameters.centre_keys}
        keys, now = self.centre_keys, self.now()
        version = max((v for v in keys if begun.get(v, 0) <= now), default=self.identity.centre_key)
        return version, keys.get(version, self.identity.centre_public_key)

    def _post_opening(self, path: str, body: bytes, centre: tuple[int, bytes]) -> bytes:
        """Send a message that this terminal's key signs and that names this key of the centre; returns the answer's."""
        identity = self.identity
        key_id, now = str(identity.terminal_id), self.now()
        with self._paced():
            return post_opening(self._http, self.url, path, body, identity.private_key, key_id, centre, now=now).data

    def renew_key(self) -> None:
        """Make a new key and have it put in force; raises OutcomeUnknown or Rejected.

        It is on the disk before it is sent: after a lost answer the same call, or the next sign-on, sends it again.
        """
        path, identity = self._folder / "next.key", self.identity
        key = kept_key(path)
        if key.private_bytes_raw() == identity.private_key.private_bytes_raw():
            # The answer had come: a crash left the file.
            path.unlink()
            key = kept_key(path)
        old = identity.private_key.public_key().public_bytes_raw()
        centre = self._centre_key_in_use()
        message = {
            "terminal_id": identity.terminal_id,
            "public_key": to_text(key.public_key().public_bytes_raw()),
            "proof": to_text(key.sign(proof_text(identity.terminal_id, old))),
            "centre_key": centre[0],
        }
        try:
            self._post_opening("/terminal/keys", wire.encode(message), centre)
        except Rejected:
            path.unlink()
            raise
        self.identity = replace(identity, private_key=key)
        self.identity.save(self._folder / "identity.new")
        (self._folder / "identity.new").replace(self._folder / "identity.json")
        path.unlink()

    def _finish_renewal(self) -> None:
        """Renew the key once more if the answer to a renewal was lost: which key is in force is not known."""
        path = self._folder / "next.key"
        if path.exists() and kept_key(path).private_bytes_raw() != self.identity.private_key.private_bytes_raw():
            with suppress(Rejected):
                self.renew_key()

    @property
    def epoch(self) -> int:
        """The epoch of this journal."""
        return self._signed_on().epoch

    def close(self) -> None:
        """Close files and connections."""
        self.journal.close()
        self._http.clear()

    def sign_on(self) -> None:
        """Open a session, and renew the key when that is due; raises OutcomeUnknown or Rejected."""
        self._finish_renewal()
        centre = self._centre_key_in_use()
        ephemeral = X25519PrivateKey.generate()
        public = to_text(ephemeral.public_key().public_bytes_raw())
        terminal_id = self.identity.terminal_id
        device = Device(SOFTWARE, "software terminal", str(terminal_id))
        message = {
            "suite": SUITE,
            "protocols": [PROTOCOL],
            "terminal_id": terminal_id,
            "ephemeral": public,
            "centre_key": centre[0],
            "device": device,
        }
        body = wire.encode(message)
        answer = self._post_opening("/terminal/sessions", body, centre)
        signed_on = wire.decode(answer, type=SignedOn)
        key = agree_key(ephemeral, to_bytes(signed_on.ephemeral), body, answer)
        self._session = OpenSession(signed_on.session_id, hmac_signer(key), signed_on.epoch)
        self.cashier = None
        self._clock_ahead_s = signed_on.centre_time - time.time()
        self._keep_parameters(signed_on.parameters_version, signed_on.parameters)
        # A restored disk is behind what the centre has seen; numbers are never used twice.
        used = max(self.journal.highest_sequence(signed_on.epoch), signed_on.highest_sequence)
        self._next_sequence = max(self._next_sequence, used + 1)
        if self.now() >= signed_on.key_renew_at:
            # Who comes later is not stopped: the next sign-on tries again.
            with suppress(OutcomeUnknown, Rejected):
                self.renew_key()

    def _signed_on(self) -> OpenSession:
        if self._session is None:
            self.sign_on()
        assert self._session is not None
        return self._session

    def now(self) -> int:
        """The centre's time, seconds since 1970, by the clock of the last sign-on."""
        return int(time.time() + self._clock_ahead_s)

    def refresh_parameters(self) -> bool:
        """Ask whether the parameters have changed, and keep what has; returns whether anything had.

        Raises OutcomeUnknown or Rejected.
        """
        version = self._kept.version if self._kept else NO_VERSION
        _, answer = self.exchange("GET", f"/terminal/parameters/{version}", f"{self.epoch}/1")
        current = wire.decode(answer, type=CurrentParameters)
        self._clock_ahead_s = current.centre_time - time.time()
        if current.parameters is not None:
            self._keep_parameters(current.version, current.parameters)
        return current.parameters is not None

    def _keep_parameters(self, version: str, parameters: Parameters) -> None:
        self._kept = KeptParameters(version, parameters)
        write_file(self._folder / "parameters.json", self._kept)

    def refresh_block_list(self) -> int:
        """Fetch what changed in the block list, and keep it; returns its version. Raises OutcomeUnknown or Rejected."""
        kept, complete = self._block_list, False
        while not complete:
            asked_at = self.now()
            _, answer = self.exchange("GET", f"/terminal/block-list/{kept.version}", f"{self.epoch}/1")
            changes = wire.decode(answer, type=BlockChanges)
            for change in changes.changes:
                (kept.blocked.add if change.blocked else kept.blocked.discard)((change.book, change.credential_id))
            kept.version, complete = changes.version, changes.complete
            kept.current_at = asked_at if complete else kept.current_at
            write_file(self._folder / "block-list.json", kept)
        return kept.version

    def exchange(self, method: str, path: str, request_id: str, body: bytes = b"") -> tuple[int, bytes]:
        """Send one signed message and check its signed answer; signs on again when the session has ended.

        Raises OutcomeUnknown or Rejected. After a failure the next message waits (``Pauses``).
        """
        with self._paced():
            return self._exchange(method, path, request_id, body)

    @contextmanager
    def _paced(self) -> Iterator[None]:
        """One try to reach the centre: it begins when earlier failures allow; what is sent within it has no pause."""
        if self._is_trying:
            yield
            return
        self._pauses.wait()
        self._is_trying = True
        try:
            yield
        except OutcomeUnknown as unknown:
            self._pauses.failed(unknown.retry_after_s)
            raise
        except Rejected:
            self._pauses.succeeded()
            raise
        else:
            self._pauses.succeeded()
        finally:
            self._is_trying = False

    def _exchange(self, method: str, path: str, request_id: str, body: bytes) -> tuple[int, bytes]:
        for last in (False, True):
            session = self._session_for_exchange()
            headers = self._signed(session, method, path, request_id, body)
            try:
                timeout = TIMEOUT if self.patience_s is None else self.patience_s
                answer = self._http.request(
                    method, self.url + path, body=body, headers=headers | JSON_BODY, timeout=timeout
                )
            except urllib3.exceptions.HTTPError as error:
                raise OutcomeUnknown(f"{path}: {error}") from None
            fields = {name.lower(): value for name, value in answer.headers.items()}
            if "signature" in fields:
                return self._checked(session, headers, answer.status, fields, answer.data)
            unknown = OutcomeUnknown(
                f"{path}: {answer.status} without a signature",
                status=answer.status,
                document=document_of(answer.data),
                retry_after_s=wait_of(fields),
            )
            if last or answer.status != 401 or unknown.slug not in SIGN_ON_AGAIN:
                raise unknown
            self._session = None
        raise AssertionError("unreachable")

    def _session_for_exchange(self) -> OpenSession:
        """Whatever a sign-on is answered, the request that needed it stays unknown."""
        try:
            return self._signed_on()
        except Rejected as rejected:
            raise OutcomeUnknown(f"sign-on: {rejected}", status=rejected.status, document=rejected.document) from None

    def _signed(self, session: OpenSession, method: str, path: str, request_id: str, body: bytes) -> dict[str, str]:
        return sign_request(
            method,
            path,
            body,
            authority=self.authority,
            request_id=request_id,
            created=int(time.time() + self._clock_ahead_s),
            key_id=session.session_id,
            sign=session.mac,
        )

    def _checked(
        self, session: OpenSession, sent: dict[str, str], status: int, fields: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        try:
            check_answer(sent, status, fields, body, key_id=session.session_id, verify=hmac_verifier(session.mac))
        except Problem as problem:
            raise OutcomeUnknown(str(problem)) from None
        self.block_list_version = int(fields["onecard-block-list"])
        if status >= 500:
            raise OutcomeUnknown(f"the centre answers {status}", status=status, retry_after_s=wait_of(fields))
        if status >= 400:
            rejected = Rejected(status, document_of(body))
            if rejected.slug == "epoch-wrong":
                # The next request signs on, and goes by the epoch of its answer.
                self._session = None
            raise rejected
        return status, body
