"""The fake centre: authenticated, decided and signed by the functions of the real one (``terminals/``)."""

import re
from typing import Any

from conformance.fake.devices import Devices
from conformance.fake.messages import Work
from conformance.fake.phones import Phones
from conformance.fake.scales import Scales
from conformance.fake.tills import Tills
from foundation.problem_responses import METHOD_NOT_ALLOWED
from foundation.problems import NOT_FOUND, TOO_LARGE, Problem
from terminals.errors import BAD_SIGNATURE
from terminals.routes.opening import OPENING_BYTES_MAX


class FakeCentre(Devices, Tills, Scales, Phones):
    """Answers the messages of the protocol."""

    def _run(self, work: Work) -> Any:
        method, target = work.request.method, work.request.target
        path, has_query, _ = target.partition("?")
        plain, allowed = re.sub("/+", "/", path), False
        for pattern, routes in _ROUTES:
            found = pattern.fullmatch(plain)
            if found is None:
                continue
            allowed = True
            if method in routes:
                is_opening, handle = routes[method]
                if has_query:
                    raise Problem(BAD_SIGNATURE, "terminals.query_in_path")
                at = found.groups()
                if pattern.groupindex:
                    _check_spelling(at)
                if plain != path:
                    raise Problem(BAD_SIGNATURE, "terminals.path_spelling")
                if is_opening and len(work.request.body) > OPENING_BYTES_MAX:
                    raise Problem(TOO_LARGE, "terminals.body_too_large", most=OPENING_BYTES_MAX)
                return handle(self, work, at)
        raise Problem(METHOD_NOT_ALLOWED if allowed else NOT_FOUND)


def _check_spelling(texts: tuple[str, ...]) -> None:
    """Raise Problem(NOT_FOUND) for what is no number, BAD_SIGNATURE for another spelling: it is not the signed path."""
    for text in texts:
        try:
            number = int(text)
        except ValueError:
            raise Problem(NOT_FOUND) from None
        if str(number) != text:
            raise Problem(BAD_SIGNATURE, "terminals.path_spelling")


_OPENING, _SESSION = True, False
_ROUTES: list[tuple[re.Pattern[str], dict[str, tuple[bool, Any]]]] = [
    (re.compile(pattern), routes)
    for pattern, routes in (
        ("/terminal/enrolments", {"POST": (_OPENING, FakeCentre.enrol)}),
        ("/terminal/sessions", {"POST": (_OPENING, FakeCentre.sign_on)}),
        ("/terminal/keys", {"POST": (_OPENING, FakeCentre.renew_key)}),
        ("/terminal/shifts/closings", {"POST": (_OPENING, FakeCentre.close_shift)}),
        ("/phone/certificates", {"POST": (_OPENING, FakeCentre.activate)}),
        ("/phone/certificates/renewals", {"POST": (_OPENING, FakeCentre.renew)}),
        ("/phone/account", {"POST": (_OPENING, FakeCentre.account)}),
        ("/phone/top-ups", {"POST": (_OPENING, FakeCentre.top_up)}),
        ("/terminal/charges", {"POST": (_SESSION, FakeCentre.charge)}),
        ("/terminal/voids", {"POST": (_SESSION, FakeCentre.void)}),
        ("/terminal/sheet-voids", {"POST": (_SESSION, FakeCentre.void_sheet_payment)}),
        ("/terminal/shifts", {"POST": (_SESSION, FakeCentre.open_shift)}),
        ("/terminal/cashiers", {"POST": (_SESSION, FakeCentre.sign_cashier_on)}),
        ("/terminal/cashiers/current", {"DELETE": (_SESSION, FakeCentre.sign_cashier_off)}),
        ("/terminal/weigh-ins", {"POST": (_SESSION, FakeCentre.weigh)}),
        ("/terminal/foods", {"GET": (_SESSION, FakeCentre.foods)}),
        ("/terminal/sessions/current", {"DELETE": (_SESSION, FakeCentre.sign_off)}),
        ("/terminal/payments/([^/]+)", {"GET": (_SESSION, FakeCentre.payments)}),
        ("/terminal/payers/([^/]+)", {"GET": (_SESSION, FakeCentre.payer)}),
        ("/terminal/parameters/([^/]+)", {"GET": (_SESSION, FakeCentre.parameters)}),
        ("/terminal/block-list/(?P<since>[^/]+)", {"GET": (_SESSION, FakeCentre.block_list)}),
        (
            "/terminal/requests/(?P<epoch>[^/]+)/(?P<first>[^/]+)/(?P<last>[^/]+)",
            {"GET": (_SESSION, FakeCentre.requests)},
        ),
    )
]
