"""An official's own cards and phones: what there is, what was lost, and the code for another phone."""

from pathlib import Path

from sqlalchemy import select

from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import NOT_ALLOWED, NOT_FOUND, Problem
from registry.audit import Change
from registry.holder_sessions import Session
from registry.models import Credential
from registry.officials import find_officials
from registry.states import CredentialKind, CredentialState
from terminals import blocking, credentials
from travellers.callers import Caller
from travellers.schemas import MyCredential, PhoneActivationCode

QUERIES = load_queries(Path(__file__).parent / "sql" / "credentials.sql")


async def credentials_of(ledger: Pool, caller: Caller) -> list[MyCredential]:
    """Every card and phone that was ever issued for an official, latest first."""
    rows = await ledger.fetch(QUERIES["credentials"], caller.book, caller.holder_id)
    return [
        MyCredential(
            row["credential_id"],
            CredentialKind(row["kind"]),
            CredentialState(row["state"]),
            row["issued_at"],
            row["expires_at"],
            row["replaces"],
            row["session_number"],
            row["credential_id"] == caller.credential_id,
        )
        for row in rows
    ]


async def report_lost(change: Change, caller: Caller, credential_id: int, reason: str) -> None:
    """Block an own card or phone at once; one that is blocked stays so. Raises Problem(NOT_FOUND)."""
    # The account before the credential, as a closure locks them.
    await find_officials(change.db, [caller.holder_id], keep_open=True)
    own = select(Credential).where(
        Credential.book == caller.book,
        Credential.holder_id == caller.holder_id,
        Credential.credential_id == credential_id,
    )
    credential = await change.db.scalar(own.with_for_update())
    if credential is None:
        raise Problem(NOT_FOUND, "terminals.credential_unknown", credential_id=credential_id)
    change.is_repeat = credential.state == CredentialState.BLOCKED
    if not change.is_repeat:
        await blocking.block_lost(change, credential, reason)


async def another_phone(change: Change, caller: Caller, session: Session | None) -> PhoneActivationCode:
    """A code for a phone; it ends with the next one, and with the identity of the session.

    Raises Problem NOT_ALLOWED to a phone: whoever has one in his hands must not make a second one of it, which would
    outlive the first one's loss; PROOF_NEEDED in a session that was not opened a short time ago; NOT_ALLOWED where the
    agency has blocked the phone: it alone gives another one.
    """
    if session is None:
        raise Problem(NOT_ALLOWED, "traveller.phone_by_phone")
    session.must_be_fresh()
    made, expires_at = await credentials.new_own_activation(change.db, session, caller.actor)
    change.note.detail = {
        "activation_id": made.activation_id, "session": session.number, "identity": session.identity_id,
    }  # fmt: skip
    return PhoneActivationCode(made.activation_id, made.code, expires_at)
