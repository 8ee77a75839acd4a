"""Closing days in tests, with keys of their own."""

import secrets
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearing.closing import EndOfDay, close_day
from clearing.schemas import CycleInfo
from foundation.keys import KeyRing, KeyVersion
from foundation.postgres import Pool

KEY = Ed25519PrivateKey.generate()
KEYS = KeyRing(
    (KeyVersion(1, KEY.private_bytes_raw()),), secrets.token_bytes(32), (KeyVersion(1, secrets.token_bytes(16)),)
)
"""The keys of this process, which closes days and writes audit entries in databases of its own."""


async def close(pool: Pool, business_date: date, folder: Path) -> CycleInfo:
    """Close a day with the tests' own signing key."""
    return await close_day(EndOfDay(pool, folder, KEY), business_date)
