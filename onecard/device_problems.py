"""Which problems terminals and phones may be answered with, by route: for the API description.

docs/terminal-protocol.md (section 3.1) says what a device does about each; tests/rules/test_protocol_tables.py compares
both, and tests/system/test_protocol_page.py asks a running system.
"""

from litestar.enums import HttpMethod
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute

from foundation.api_description import problems
from foundation.problems import (
    CONFLICT,
    INCOMPLETE,
    INTERNAL,
    INVALID,
    MALFORMED,
    NOT_ALLOWED,
    NOT_FOUND,
    TOO_LARGE,
    TOO_MANY_TRIES,
    TOO_SLOW,
    UNAVAILABLE,
    ProblemKind,
)
from settlement.errors import ACCOUNT_CLOSED, BUSY, CLOSED_TOO_OFTEN, GATEWAY_AWAY, OTHER_CONTENT
from terminals.errors import (
    BAD_SIGNATURE,
    CENTRE_KEY_UNKNOWN,
    CREDENTIAL_BLOCKED,
    ENROLMENT_REFUSED,
    EPOCH_WRONG,
    HEAD_TOO_LARGE,
    OUT_OF_TIME,
    PROTOCOL_UNKNOWN,
    REPLAYED_SIGN_IN,
    SESSION_ENDED,
    SUITE_UNKNOWN,
)

Kinds = tuple[ProblemKind, ...]

ANY: Kinds = (
    BAD_SIGNATURE,
    BUSY,
    HEAD_TOO_LARGE,
    INCOMPLETE,
    INTERNAL,
    INVALID,
    MALFORMED,
    OUT_OF_TIME,
    PROTOCOL_UNKNOWN,
    TOO_LARGE,
    TOO_SLOW,
    UNAVAILABLE,
)
"""Of every route; INVALID of a question is its path's."""
IN_SESSION: Kinds = (*ANY, SESSION_ENDED, EPOCH_WRONG)
PHONE: Kinds = (*ANY, CREDENTIAL_BLOCKED)

DEVICE_PROBLEMS: dict[tuple[str, str], Kinds] = {
    ("POST", "/terminal/enrolments"): (*ANY, CENTRE_KEY_UNKNOWN, ENROLMENT_REFUSED, TOO_MANY_TRIES),
    ("POST", "/terminal/sessions"): (*ANY, CENTRE_KEY_UNKNOWN, REPLAYED_SIGN_IN, SUITE_UNKNOWN),
    ("POST", "/terminal/keys"): (*ANY, CENTRE_KEY_UNKNOWN, CONFLICT),
    ("POST", "/terminal/charges"): (*IN_SESSION, NOT_ALLOWED, OTHER_CONTENT),
    ("POST", "/terminal/voids"): (*IN_SESSION, NOT_ALLOWED, OTHER_CONTENT),
    ("POST", "/terminal/sheet-voids"): (*IN_SESSION, CONFLICT, NOT_ALLOWED),
    ("POST", "/terminal/shifts"): (*IN_SESSION, NOT_ALLOWED, OTHER_CONTENT),
    ("POST", "/terminal/cashiers"): (*IN_SESSION, NOT_ALLOWED, OTHER_CONTENT),
    (HttpMethod.DELETE.value, "/terminal/cashiers/current"): (*IN_SESSION, NOT_ALLOWED, OTHER_CONTENT),
    ("POST", "/terminal/shifts/closings"): (
        *ANY,
        CENTRE_KEY_UNKNOWN,
        CLOSED_TOO_OFTEN,
        EPOCH_WRONG,
        NOT_ALLOWED,
        OTHER_CONTENT,
    ),
    ("GET", "/terminal/requests/{epoch}/{first}/{last}"): (*IN_SESSION, NOT_ALLOWED),
    ("GET", "/terminal/payments/{ending}"): (*IN_SESSION, NOT_ALLOWED),
    ("GET", "/terminal/payers/{ending}"): (*IN_SESSION, NOT_ALLOWED),
    ("GET", "/terminal/parameters/{version}"): IN_SESSION,
    ("GET", "/terminal/block-list/{since}"): IN_SESSION,
    (HttpMethod.DELETE.value, "/terminal/sessions/current"): IN_SESSION,
    ("POST", "/terminal/weigh-ins"): (*IN_SESSION, CONFLICT, NOT_ALLOWED),
    ("GET", "/terminal/foods"): (*IN_SESSION, NOT_ALLOWED),
    ("POST", "/phone/certificates"): (*ANY, ACCOUNT_CLOSED, ENROLMENT_REFUSED, TOO_MANY_TRIES),
    ("POST", "/phone/certificates/renewals"): PHONE,
    ("POST", "/phone/account"): PHONE,
    ("POST", "/phone/payments"): (*ANY, EPOCH_WRONG, OTHER_CONTENT),
    ("POST", "/phone/top-ups"): (*PHONE, ACCOUNT_CLOSED, GATEWAY_AWAY, NOT_FOUND, OTHER_CONTENT, TOO_MANY_TRIES),
}


class DeviceProblems(ReceiveRoutePlugin):
    """Adds the problems to the routes' descriptions."""

    def receive_route(self, route: BaseRoute) -> None:
        """A route that was registered."""
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    kinds = DEVICE_PROBLEMS.get((method, route.path_format))
                    if kinds is not None:
                        handler.responses = problems(*kinds)
