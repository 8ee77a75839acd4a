"""A migrated database for one check: the embedded PostgreSQL in a temporary folder, as root or as an ordinary user."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onecard.embedded_servers import Services
from onecard.migrate import migrate, role_of
from onecard.settings import Settings

UNUSED = "redis://127.0.0.1:1/0"
"""So that no Valkey is started: the checks need none."""


@contextmanager
def scratch_database() -> Iterator[str]:
    """The URL of a migrated database, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="onecard-check-"))
    try:
        with Services(Settings(data_dir=folder, database_url=None, redis_url=UNUSED)).running() as settings:
            migrate(settings.needed_owner_url, role_of(settings.needed_database_url))
            yield settings.needed_owner_url
    finally:
        shutil.rmtree(folder, ignore_errors=True)
