"""Prepares the data folder of ONECARD_DATA_DIR as `onecard run` does before it serves: with the demo city."""

from foundation.keys import create_missing_keys
from onecard.cli.running import prepare
from onecard.embedded_servers import Services
from onecard.settings import Settings

if __name__ == "__main__":
    with Services(Settings()).running() as ready:
        create_missing_keys(ready.keys_folder)
        prepare(ready, demo_city=True)
