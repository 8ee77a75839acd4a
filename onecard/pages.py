"""Pages without data of their own: whoever opens them signs in there, or sees public figures."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.static_files import create_static_files_router

import web
from foundation.calendar import long_date
from foundation.pages import language_of_page, page_response, render

WEB = Path(web.__file__).parent

PAGES = {"/": "live", "/check-receipt": "check", "/reconciliation": "reconciliation", "/weighing": "weighing"}
"""Path -> folder of ``web/``."""

STATIC_FILES = create_static_files_router(
    "/static", [WEB / folder for folder in PAGES.values()], include_in_schema=False
)


def page(path: str, folder: str) -> HTTPRouteHandler:
    """The handler of one page."""
    template = (WEB / folder / "index.html").read_text(encoding="utf-8")

    @get(path, media_type=MediaType.HTML, include_in_schema=False, name=f"{folder} page")
    async def show(request: Request[Any, Any, State], state: State) -> Response[str]:
        language = language_of_page(request)
        today = long_date(state.calendar.business_date_at(datetime.now(UTC)), language)
        centre_key = state.key_ring.centre_public_key.hex()
        return page_response(render(template, language, today=today, centre_key=centre_key), language)

    return show
