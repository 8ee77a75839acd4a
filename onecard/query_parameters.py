"""Query parameters that a route does not have are refused by name: a misspelt ``dry_run`` carries nothing out."""

from functools import cache
from typing import Any

from litestar import Litestar, Request
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from foundation.problem_responses import DEVICE_PATHS
from foundation.problems import INVALID, Problem

NAME_SHOWN = 40

OF_OTHERS = frozenset({"/gateway/notifications", "/console/sign-on/{provider}/logout", "/health", "/health/live"})
"""Called by gateways, providers and probes, which may add parameters of their own."""


async def refuse_unknown_parameters(request: Request[Any, Any, Any]) -> None:
    """Raise Problem(INVALID) for a query parameter that the route does not have, or that stands there twice.

    Pages take any: messengers add theirs to the links that people send each other.
    """
    if not request.scope["query_string"]:
        return
    known = _known(request.app).get(id(request.scope["route_handler"]))
    if known is None:
        return
    for name in request.query_params:
        shown = name[:NAME_SHOWN]
        if name not in known:
            code = "query.unknown" if known else "query.none_taken"
            raise Problem(INVALID, code, name=shown, known=", ".join(known))
        if len(request.query_params.getall(name)) > 1:
            raise Problem(INVALID, "query.twice", name=shown)


def takes_any(path: str, handler: HTTPRouteHandler) -> bool:
    """Whether a route takes parameters that it does not know; the signature of a device's message allows none."""
    is_page = not handler.resolve_include_in_schema() or handler.media_type == MediaType.HTML
    return is_page or path in OF_OTHERS or path.startswith(DEVICE_PATHS)


@cache
def _known(app: Litestar) -> dict[int, list[str]]:
    """The names of the parameters of every handler that takes no others."""
    return {
        id(handler): sorted(one.field_alias for one in model.expected_query_params)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler, model in route.route_handler_map.values()
        if not takes_any(route.path_format, handler)
    }
