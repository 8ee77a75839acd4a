"""The second factor: one-time codes by time (TOTP, RFC 6238) and recovery codes.

A code counts once: the latest time step that was used is stored, and no code of it or before it is taken again (RFC
6238, section 5.2). The secret is sealed under the centre's wrapping key for its user; of recovery codes, which are 80
random bits, only the SHA-256 is stored.
"""

import base64
import hashlib
import hmac
import re
import secrets
import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyotp
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.keys import KeyRing
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool
from foundation.problems import CONFLICT, NOT_FOUND, Problem
from registry.models import Passkey, RecoveryCode, SecondFactor

QUERIES = load_queries(Path(__file__).parent / "sql" / "second_factor.sql")

ISSUER = "onecard"
STEP_S = 30
"""A code's time step; the code of one step before and after counts, too, since clocks differ."""
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10

_TOTP = re.compile(r"[0-9]{6}")
_SEPARATORS = re.compile(r"[\s-]")


class Way(StrEnum):
    """With what a second factor was shown."""

    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    PASSKEY = "passkey"


async def is_confirmed(ledger: Pool, user_id: int) -> bool:
    """Whether a person signs in with a second factor."""
    return bool(await ledger.fetchval(QUERIES["is_confirmed"], user_id))


async def lock_factor(connection: Connection, user_id: int) -> Any:
    """A person's factor, which nobody else uses until the transaction ends; None when there is none."""
    return await connection.fetchrow(QUERIES["lock_factor"], user_id)


async def use_code(
    connection: Connection, keys: KeyRing, user_id: int, code: str, *, confirmed: bool = True
) -> Way | None:
    """Use a code up in the caller's transaction; None when it does not count, or has counted before.

    ``confirmed=False``: of a factor that is being set up, where recovery codes do not count.
    """
    factor = await lock_factor(connection, user_id)
    if factor is None or (factor["confirmed_at"] is not None) != confirmed:
        return None
    given = _SEPARATORS.sub("", code).upper()
    if _TOTP.fullmatch(given):
        totp = pyotp.TOTP(_open(keys, user_id, factor["secret_sealed"]), interval=STEP_S)
        now = int(time.time()) // STEP_S
        right = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(totp.generate_otp(step), given)]
        if not right or max(right) <= factor["last_step"]:
            return None
        await connection.execute(QUERIES["take_step"], user_id, max(right))
        return Way.TOTP
    if confirmed and await connection.fetchval(QUERIES["take_recovery_code"], user_id, _hash(given)):
        return Way.RECOVERY_CODE
    return None


async def enrol(db: AsyncSession, keys: KeyRing, user_id: int, login: str) -> tuple[str, str]:
    """Begin to set up a second factor: its secret (Base32), and the ``otpauth`` URI for an application.

    An unconfirmed one is replaced. Raises Problem(CONFLICT) when there is a confirmed one.
    """
    known = await db.get(SecondFactor, user_id, with_for_update=True)
    if known is not None and known.confirmed_at is not None:
        raise Problem(CONFLICT, "second_factor.there_is_one")
    secret = pyotp.random_base32()
    sealed = keys.wrap(secret.encode(), _place(user_id))
    await db.merge(
        SecondFactor(user_id=user_id, secret_sealed=sealed, made_at=datetime.now(UTC), confirmed_at=None, last_step=0)
    )
    return secret, pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=login, issuer_name=ISSUER)


async def confirm(db: AsyncSession, user_id: int) -> list[str]:
    """Let the factor count from now on, whose code was right; returns the recovery codes."""
    factor = await db.get(SecondFactor, user_id, with_for_update=True)
    if factor is None or factor.confirmed_at is not None:
        raise Problem(CONFLICT, "second_factor.none_to_confirm")
    factor.confirmed_at = datetime.now(UTC)
    await db.flush()
    return await renew_recovery_codes(db, user_id)


async def renew_recovery_codes(db: AsyncSession, user_id: int) -> list[str]:
    """Ten new recovery codes in place of those before."""
    await db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES)]
    db.add_all(RecoveryCode(user_id=user_id, code_hash=_hash(code)) for code in codes)
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]


async def remove(db: AsyncSession, user_id: int) -> None:
    """Take the second factor away, passkeys included; raises Problem(NOT_FOUND) when there is none."""
    await db.execute(delete(Passkey).where(Passkey.user_id == user_id))
    await db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    removed = delete(SecondFactor).where(SecondFactor.user_id == user_id).returning(SecondFactor.user_id)
    if await db.scalar(removed) is None:
        raise Problem(NOT_FOUND, "second_factor.none")


async def state_of(db: AsyncSession, user_id: int) -> tuple[datetime | None, int]:
    """Since when the factor counts (None: it does not), and how many recovery codes are left."""
    confirmed_at = await db.scalar(select(SecondFactor.confirmed_at).where(SecondFactor.user_id == user_id))
    left = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return confirmed_at, await db.scalar(left) or 0


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def _open(keys: KeyRing, user_id: int, sealed: bytes) -> str:
    return keys.unwrap(sealed, _place(user_id)).decode()


def _place(user_id: int) -> bytes:
    return b"second_factor/%d" % user_id
