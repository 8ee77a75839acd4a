"""Connections to PostgreSQL."""

from foundation.postgres import Pool, open_pool


async def test_a_pooled_connection_stays_bounded_when_it_is_used_again(database_url: str) -> None:
    pool: Pool = await open_pool(database_url, size=1)
    try:
        shown = [await pool.fetchval("SHOW lock_timeout") for _ in range(3)]
    finally:
        await pool.close()
    assert shown == ["3s"] * 3
