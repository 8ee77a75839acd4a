"""Pages without data of their own: whoever opens them signs in there."""

from datetime import UTC, datetime
from typing import Any

from litestar import Request, Response, get
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.response import Redirect
from litestar.static_files import create_static_files_router
from msgspec import json

from foundation.calendar import long_date
from foundation.catalogue import Language, messages
from foundation.pages import WEB, language_of_page, page_file, page_response, render
from registry.sessions import OFFICIAL, cookie_token

PAGES = {
    "/check-receipt": "check",
    "/reconciliation": "reconciliation",
    "/evaluations": "evaluation",
    "/weighing": "weighing",
    "/integrity": "integrity",
    "/sign-on": "sign-on",
    "/sign-on/{provider:str}": "sign-on",
    "/account": "account",
    "/invitation": "invitation",
}
"""Path -> folder of ``web/``."""

_SAID_BY_SCRIPTS = ("live.", "onecard.sign_in.", "onecard.account.", "onecard.password.")
"""The messages that scripts of pages show: the beginnings of their ids."""

_SESSIONS = {"user": "", "official": OFFICIAL}
"""What a page calls the sessions whose cookies the browser has, and the ends of the cookies' names."""

_STATIC_FOLDERS = [WEB / folder for folder in ("shared", "live", "api", "session", *PAGES.values())]
_STATIC_NAMES = frozenset(
    path.name for folder in _STATIC_FOLDERS for path in folder.iterdir() if path.suffix in (".css", ".js", ".svg")
)


def _only_known_names(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    # The framework would ask the file system for any name: one with a NUL or of 5,000 characters is an error there.
    if str(connection.path_params.get("file_path", "")).removeprefix("/") not in _STATIC_NAMES:
        raise NotFoundException


STATIC_FILES = create_static_files_router(
    "/static", [*_STATIC_FOLDERS], include_in_schema=False, guards=[_only_known_names]
)


def page(path: str, folder: str) -> HTTPRouteHandler:
    """The handler of one page."""
    template = page_file(f"{folder}/index.html")
    texts = _texts()

    @get(path, media_type=MediaType.HTML, include_in_schema=False, name=f"page {path}")
    async def show(request: Request[Any, Any, State], state: State) -> Response[str]:
        language = language_of_page(request)
        today = long_date(state.calendar.business_date_at(datetime.now(UTC)), language)
        centre_keys = " ".join(key.hex() for key in state.key_ring.every_centre_public_key)
        sessions = " ".join(whose for whose, of in _SESSIONS.items() if cookie_token(request, of) is not None)
        values = {"today": today, "centre_keys": centre_keys, "texts": texts, "sessions": sessions}
        return page_response(render(template, language, **values), language)

    return show


@get("/approvals", include_in_schema=False)
async def approvals_page(request: Request[Any, Any, State]) -> Redirect:
    """The address of a request for approval, as answers, messages and the command line tell it: in the console."""
    number = request.query_params.get("number", "")
    shown = f"?number={number}" if number.isascii() and number.isdigit() else ""
    chosen = f"?lang={language_of_page(request).tag}" if "lang" in request.query_params else ""
    return Redirect(f"/console/{chosen}#/approvals-inbox{shown}")


def _texts() -> str:
    """What scripts of pages show, by language and id, as JSON."""
    said = {
        language.tag: {one: text for one, text in messages(language).items() if one.startswith(_SAID_BY_SCRIPTS)}
        for language in Language
    }
    return json.encode(said).decode()
