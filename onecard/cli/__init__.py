"""The command line. A user's mistake is one line on standard error and a non-zero exit.

Each module adds its commands to ``main``; what a command needs is imported when it runs, so that ``--help`` is quick.
"""

from onecard.cli import (
    administration,
    clearing,
    conformance,
    demo,
    founding,
    keys,
    network,
    rosters,
    running,
    second_factor,
    sign_on,
    terminals,
    verification,
    waste,
)
from onecard.cli.commands import main

__all__ = [
    "administration",
    "clearing",
    "conformance",
    "demo",
    "founding",
    "keys",
    "main",
    "network",
    "rosters",
    "running",
    "second_factor",
    "sign_on",
    "terminals",
    "verification",
    "waste",
]
