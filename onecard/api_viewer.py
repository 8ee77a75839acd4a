"""The API description for people: Swagger UI over the contract, from the files of its package."""

from importlib.metadata import files
from pathlib import Path
from typing import Any

from litestar import MediaType, Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.response import File

from foundation.pages import language_of_page, page_file, page_response, render
from foundation.problems import Problem
from foundation.security_headers import content_security_policy
from onecard.system_routes import monitoring
from registry.access import signed_in

_MEDIA_TYPES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
_FILES = {file.name: Path(str(file.locate())) for file in files("swagger-ui-py") or () if file.name in _MEDIA_TYPES}
_TEMPLATE = page_file("api/index.html")

_POLICY = content_security_policy({"img-src": "'self' data:"})
"""The viewer's style sheet has its pictures in itself."""


async def reads_api(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A route guard: who may monitor, and whoever is signed in. Raises Problem(NOT_SIGNED_IN)."""
    try:
        await monitoring(connection, handler)
    except Problem:
        await signed_in(connection, handler)


@get("/")
async def viewer(request: Request[Any, Any, Any]) -> Response[str]:
    """The page; a message in it can be sent from there."""
    language = language_of_page(request)
    page = page_response(render(_TEMPLATE, language), language)
    page.headers["content-security-policy"] = _POLICY
    return page


@get("/viewer/{name:str}", media_type=MediaType.TEXT)
async def viewer_file(name: str) -> File:
    """A file of the viewer."""
    if name not in _FILES:
        raise NotFoundException
    return File(_FILES[name], media_type=_MEDIA_TYPES[name], content_disposition_type="inline")


API_ROUTES = Router("/schema", route_handlers=[viewer, viewer_file], guards=[reads_api], include_in_schema=False)
