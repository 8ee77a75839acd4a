"""Enrolment, sign-on and keys of the fake centre's terminals, and what a terminal asks to know."""

import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import json

from conformance.fake.cashiers import Cashiers
from conformance.fake.messages import NOBODYS_KEY, Work, numbers_of
from conformance.fake.town import BOOK, CANTEEN, HOME
from foundation.problems import CONFLICT, INVALID, Problem
from registry.identifiers import AccountId, TerminalId
from terminals.errors import PROTOCOL_UNKNOWN, REPLAYED_SIGN_IN, SUITE_UNKNOWN
from terminals.keys import key_renew_at, proof_text, sender_key
from terminals.models import Terminal, TerminalKind
from terminals.parameters import parameters_of
from terminals.schemas import Answer as Outcome
from terminals.schemas import (
    BlockChange,
    BlockChanges,
    CurrentParameters,
    Enrol,
    Enrolled,
    KeyRenewed,
    RenewKey,
    SignedOn,
    SignOn,
    to_bytes,
    to_text,
)
from terminals.sessions import SUITE, Session, agree_key
from terminals.signatures import EDITIONS, PROTOCOL, ed25519_verifier, hmac_signer, is_signing_key

SESSION_LIFE_S = 12 * 3600
SESSIONS_KNOWN_S = 3
"""How long the workers of a real centre still know the session of a terminal that was replaced or revoked."""
CHANGES_MAX = 1_000


class Devices(Cashiers):
    """Tills and scales."""

    def enrol(self, work: Work, _: tuple[str, ...]) -> Enrolled:
        """Redeem a slip."""
        asked = self._read(work, Enrol)
        key = to_bytes(asked.public_key)
        if not is_signing_key(key):
            raise Problem(INVALID, "terminals.public_key")
        signed = self._check(work, ed25519_verifier(key), "enrolment")
        self._sign_as_centre(work, signed, asked.centre_key)
        slip = self.town.slips.get(asked.enrolment_id)
        if slip is None or slip.code != asked.code or slip.expires_at <= time.time():
            self._refuse_code()
        assert slip is not None
        if slip.terminal is None:
            slip.terminal = self._put_in_use(slip.kind, key, slip.replaces)
            slip.epoch = slip.terminal.epoch
        made = slip.terminal
        if (made.state, made.public_key, made.epoch) != ("active", key, slip.epoch):
            self._refuse_code()
        work.status = 201
        work.checked.append("slip")
        return Enrolled(made.terminal_id, made.epoch, made.canteen_id)

    def _put_in_use(self, kind: str, key: bytes, replaces: Terminal | None) -> Terminal:
        now = datetime.now(UTC)
        terminal = replaces or Terminal(
            book=BOOK, terminal_id=self.town.number(), canteen_id=CANTEEN, kind=kind, epoch=0, state="active"
        )
        terminal.public_key, terminal.enrolled_at, terminal.state = key, now, "active"
        terminal.previous_key = terminal.key_since = None
        terminal.epoch += 1
        self.end_sessions(terminal.terminal_id, SESSIONS_KNOWN_S)
        self.town.terminals[terminal.terminal_id] = terminal
        return terminal

    def sign_on(self, work: Work, _: tuple[str, ...]) -> Any:
        """Open a session."""
        asked = self._read(work, SignOn)
        signed, terminal = self._terminal_of(work, asked.terminal_id)
        self._sign_as_centre(work, signed, asked.centre_key)
        if PROTOCOL not in asked.protocols:
            raise Problem(PROTOCOL_UNKNOWN, "terminals.protocol_unknown", editions=EDITIONS)
        if asked.suite != SUITE:
            raise Problem(SUITE_UNKNOWN, "terminals.suite_unknown", suites=SUITE)
        ours, theirs, now = X25519PrivateKey.generate(), to_bytes(asked.ephemeral), datetime.now(UTC)
        version, parameters = parameters_of(self.town.terms, self.town.keys, now)
        expires_at = now + timedelta(seconds=SESSION_LIFE_S)
        answer = SignedOn(
            to_text(secrets.token_bytes(16)), PROTOCOL, SUITE, to_text(ours.public_key().public_bytes_raw()),
            terminal.epoch, self.ledger.highest_sequence(terminal.terminal_id, terminal.epoch), int(self.now()),
            int(expires_at.timestamp()), len(self.town.block_list), key_renew_at(terminal), version, parameters,
        )  # fmt: skip
        body = json.encode(answer)
        mac = hmac_signer(agree_key(ours, theirs, work.request.body, body))
        if asked.ephemeral in self._ephemerals:
            raise Problem(REPLAYED_SIGN_IN)
        self._ephemerals.add(asked.ephemeral)
        self.end_sessions(terminal.terminal_id)
        self.end_cashiers(terminal.terminal_id)
        self._sessions[answer.session_id] = Session(
            answer.session_id, BOOK, TerminalId(terminal.terminal_id), terminal.epoch, True, expires_at, CANTEEN,
            AccountId(1), HOME, True, AccountId(2), None, None, None, None, None, True,
            TerminalKind(terminal.kind), mac, self.town.terms,
        )  # fmt: skip
        work.status = 201
        work.checked += ["edition", "suite", "ephemeral"]
        return answer

    def renew_key(self, work: Work, _: tuple[str, ...]) -> KeyRenewed:
        """Put a terminal's new key in force."""
        asked = self._read(work, RenewKey)
        terminal = self.town.terminals.get(asked.terminal_id)
        old = None if terminal is None or terminal.state != "active" else sender_key(terminal, asked)
        signed = self._check(work, ed25519_verifier(old or NOBODYS_KEY), str(asked.terminal_id))
        assert terminal is not None
        assert old is not None
        self._sign_as_centre(work, signed, asked.centre_key)
        new = to_bytes(asked.public_key)
        if not is_signing_key(new):
            raise Problem(INVALID, "terminals.public_key")
        if not ed25519_verifier(new)(proof_text(terminal.terminal_id, old), to_bytes(asked.proof)):
            raise Problem(INVALID, "terminals.key_proof")
        work.checked.append("proof")
        if (terminal.public_key, terminal.previous_key) != (new, old):
            if new == terminal.previous_key:
                raise Problem(INVALID, "terminals.former_key")
            if terminal.public_key != old:
                raise Problem(CONFLICT, "terminals.key_conflict")
            terminal.previous_key, terminal.public_key, terminal.key_since = old, new, datetime.now(UTC)
        work.status = 201
        return KeyRenewed(terminal.terminal_id, terminal.epoch, key_renew_at(terminal))

    def sign_off(self, work: Work, _: tuple[str, ...]) -> Outcome:
        """End a session."""
        message = self._message(work)
        self._ended[message.session.session_id] = 0
        self.end_cashiers(message.session.terminal_id)
        return Outcome("signed_off")

    def parameters(self, work: Work, at: tuple[str, ...]) -> CurrentParameters:
        """Whether the parameters have changed."""
        self._message(work)
        if not re.fullmatch("[A-Za-z0-9_-]{22}", at[0]):
            raise Problem(INVALID)
        now = datetime.now(UTC)
        version, parameters = parameters_of(self.town.terms, self.town.keys, now)
        known = None if version == at[0] else parameters
        return CurrentParameters(version, int(self.now()), len(self.town.block_list), known)

    def block_list(self, work: Work, at: tuple[str, ...]) -> BlockChanges:
        """What changed in the block list after a version."""
        self._message(work)
        [since], now = numbers_of(at), len(self.town.block_list)
        if since > now:
            raise Problem(INVALID, "terminals.block_list_ahead", version=now)
        found = list(enumerate(self.town.block_list, 1))[since : since + CHANGES_MAX]
        reached = found[-1][0] if found else since
        return BlockChanges(reached, reached == now, [BlockChange(n, BOOK, *change) for n, change in found])

    def revoke(self, terminal_id: int) -> None:
        """Revoke a terminal: only a slip that is made afterwards puts it in use again. Raises KeyError."""
        self.town.terminals[terminal_id].state = "revoked"
        self.town.slips = {
            number: slip
            for number, slip in self.town.slips.items()
            if slip.replaces is None or slip.replaces.terminal_id != terminal_id
        }
        self.end_sessions(terminal_id, SESSIONS_KNOWN_S)
