"""Closing days in tests."""

from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearing.closing import CycleResult, Night, close_day
from foundation.postgres import Pool

KEY = Ed25519PrivateKey.generate()


async def close(pool: Pool, business_date: date, folder: Path) -> CycleResult:
    """Close a day with the tests' own signing key."""
    return await close_day(Night(pool, folder, KEY), business_date)
