"""Prepares the data folder of ONECARD_DATA_DIR as a system leaves it after its first minute: with the demo city.

What the job runner finds to do at its first start is done, so that a hundred systems need not do it again.
"""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime

from foundation.keys import create_missing_keys
from onecard.cli.running import prepare
from onecard.embedded_servers import Services
from onecard.jobs import keep_the_kitchen
from onecard.settings import Settings

if __name__ == "__main__":
    with Services(Settings()).running() as ready:
        create_missing_keys(ready.keys_folder)
        prepare(ready, demo_city=True)
        asyncio.run(keep_the_kitchen(ready, datetime.now(UTC)))
        subprocess.run([sys.executable, "-m", "onecard", "evaluate"], check=True)
