"""Write docs/security/matrix.md: which role may call which route, read from the routes' guards.

Usage: .venv/bin/python -m scripts.matrix   (`make docs`; tests/rules/test_generated_docs.py compares,
tests/system/test_matrix.py asks every route as every role)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar.routes import HTTPRoute

from onecard.app import create_app
from onecard.listings import LISTS
from onecard.settings import Settings
from registry import access
from registry.access import MAY, Permission
from registry.lists.listing import Listing
from registry.roles import CHANGES_NOTHING, NEEDS_AGENCY, Role
from registry.sessions import SAFE_METHODS
from travellers.callers import is_official

TARGET = Path(__file__).parents[1] / "docs" / "security" / "matrix.md"


@dataclass(frozen=True, slots=True)
class Call:
    """A route with one method. ``permission``: what its guard asks for; ``needs_person``: that somebody is signed in.
    ``of_official``: that an official asks for himself. ``is_guarded``: that anything is asked for at all. ``listing``:
    the list that it belongs to."""

    method: str
    path: str
    permission: Permission | None
    needs_person: bool
    of_official: bool
    is_guarded: bool
    listing: Listing[Any] | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def allows(self, role: Role) -> bool:
        """Whether a person of this role is let in; of an agency's role to what is its own."""
        if self.permission is None:
            return True
        is_change = self.method not in SAFE_METHODS
        return self.permission in MAY[role] and not (is_change and role in CHANGES_NOTHING)


def calls() -> list[Call]:
    """Every route of the application with each of its methods, by path."""
    app = create_app(Settings(database_url="postgresql://nobody@localhost/none", redis_url="redis://localhost"))
    found = [
        _call(method, route.path_format, handler.resolve_guards())
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in sorted(handler.http_methods - {"OPTIONS"})
    ]
    return sorted(found, key=lambda call: (call.path, call.method))


def _call(method: str, path: str, guards: list[Any]) -> Call:
    plain = [getattr(guard, "func", guard) for guard in guards]
    permission = next((found for guard in plain if (found := access.permission_of(guard))), None)
    needs_person = permission is not None or access.signed_in in plain or access.allows_machine in plain
    of_official = is_official in plain
    return Call(method, path, permission, needs_person, of_official, bool(plain), _listing_of(method, path))


def _listing_of(method: str, path: str) -> Listing[Any] | None:
    if method not in SAFE_METHODS:
        return None
    for place, listing in LISTS.items():
        row = place + "".join(f"/{{{column.key}}}" for column in listing.key)
        if path in (place, f"{place}.csv", f"{place}.xlsx") or (listing.has_detail and path == row):
            return listing
    return None


def _rows() -> Iterator[str]:
    for call in calls():
        if not call.needs_person:
            asked = "an official" if call.of_official else "monitoring" if call.is_guarded else "everybody"
            yield f"| `{call}` | {asked} |" + " |" * len(Role) + (" own |" if call.of_official else " |")
            continue
        asked = f"`{call.permission}`" if call.permission else "signed in"
        yield f"| `{call}` | {asked} |" + "".join(f" {_mark(call, role)} |" for role in Role) + " |"


def _mark(call: Call, role: Role) -> str:
    if not call.allows(role):
        return ""
    is_scoped = call.listing is not None and bool(call.listing.owners)
    return "own" if is_scoped and role in NEEDS_AGENCY else "yes"


def page() -> str:
    """The document."""
    found = calls()
    guarded, own = sum(call.needs_person for call in found), sum(call.of_official for call in found)
    head = " | ".join(f"`{role}`" for role in [*Role, "official"])
    return "\n".join(
        [
            "# Routes and roles",
            "",
            "Generated from the routes' guards by `scripts/matrix.py` (`make docs`); `tests/system/test_matrix.py` asks"
            " every route as every role, for its own agency's things and for others'.",
            "",
            f"{len(found)} routes: {guarded} for people who are signed in, {own} of officials for themselves,"
            f" {len(found) - guarded - own} that are public, of devices (which sign what they send), of the gateway, or"
            " of monitoring.",
            "",
            "*own*: rows of the person's agency alone; of an official, what is his. Elsewhere an agency's people are"
            " refused what is not theirs (403 or 404). Permissions: `registry/access.py`; officials, who have no role"
            " and no permission: `travellers/callers.py`.",
            "",
            f"| route | asks for | {head} |",
            "|---|---|" + "---|" * (len(Role) + 1),
            *_rows(),
            "",
        ]
    )


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
