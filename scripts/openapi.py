"""Write docs/openapi.json: the API as a contract, from which clients are generated.

Usage: .venv/bin/python -m scripts.openapi   (`make docs`; tests/rules/test_api_contract.py compares)
"""

import json
from pathlib import Path

from onecard.api_contract import contract
from onecard.app import create_app
from onecard.settings import Settings

TARGET = Path(__file__).parents[1] / "docs" / "openapi.json"

NOWHERE = Settings(redis_url="redis://127.0.0.1:1/0", database_url="postgresql://nobody@127.0.0.1/none")
"""Describing asks nothing of any service."""


def page() -> str:
    """The document as it is kept: paths and schemas by name, so that a change shows as itself."""
    document = contract(create_app(NOWHERE))
    document["paths"] = dict(sorted(document["paths"].items()))
    components = document["components"]
    document["components"] = {kind: dict(sorted(found.items())) for kind, found in sorted(components.items())}
    # Patterns name characters that nobody sees; they are escaped.
    return json.dumps(document, indent=1) + "\n"


def main() -> None:
    """Write it."""
    TARGET.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
