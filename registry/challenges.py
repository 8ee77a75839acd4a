"""Challenges: values that the centre hands out and takes back once, within their time.

A challenge is not stored until it was used: it is random bytes and an end, with an HMAC of the centre's key over its
purpose. So asking for one costs the database nothing, and each counts once.
"""

import hashlib
import hmac
import secrets
import time
from datetime import UTC, datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.keys import KeyRing
from registry.models import UsedChallenge

_RANDOM, _END, _MAC = 16, 8, 32


def new_challenge(keys: KeyRing, purpose: str, life_s: int) -> bytes:
    """A challenge for one purpose, which ends after ``life_s`` seconds."""
    value = secrets.token_bytes(_RANDOM) + (int(time.time()) + life_s).to_bytes(_END, "big")
    return value + keys.challenge_mac(purpose, value)


def end_of(keys: KeyRing, purpose: str, challenge: bytes) -> datetime | None:
    """When a challenge ends; None unless it is one of ours for this purpose and has not ended."""
    value, mac = challenge[:-_MAC], challenge[-_MAC:]
    if len(value) != _RANDOM + _END or not hmac.compare_digest(mac, keys.challenge_mac(purpose, value)):
        return None
    ends_at = int.from_bytes(value[_RANDOM:], "big")
    return datetime.fromtimestamp(ends_at, UTC) if time.time() < ends_at else None


async def use_up(db: AsyncSession, challenge: bytes, ends_at: datetime) -> bool:
    """Whether a challenge, or anything else that counts once, was not used before; from now on it was."""
    await db.execute(delete(UsedChallenge).where(UsedChallenge.expires_at < datetime.now(UTC)))
    digest = hashlib.sha256(challenge).digest()
    used = insert(UsedChallenge).values(challenge_hash=digest, expires_at=ends_at).on_conflict_do_nothing()
    return await db.scalar(used.returning(UsedChallenge.challenge_hash)) is not None
