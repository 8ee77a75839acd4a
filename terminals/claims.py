"""What a request carries that may be a credential, as it is seen before anything is looked up."""

import re
from collections.abc import Iterable

from registry.sessions import LOOPBACK_COOKIE, OFFICIAL, SECURE_COOKIE
from terminals.signatures import CERTIFICATE_FIELD

_CERTIFICATE = CERTIFICATE_FIELD.encode()
_COOKIES = re.compile(rf"(?:^|[; ])(?:{SECURE_COOKIE}|{LOOPBACK_COOKIE})(?:{OFFICIAL})?=([^;\s]+)".encode())
_KEY_ID = re.compile(rb'keyid="([^"]+)"')


def claims_in(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """The tokens, sessions and certificates that header fields (names in lower case) name, right or made up.

    Of those, the application says which one it found good (``foundation.request_log.FOUND_GOOD``).
    """
    claims: list[bytes] = []
    for name, value in headers:
        if name == b"authorization":
            claims.append(value.partition(b" ")[2])
        elif name == b"cookie":
            claims += _COOKIES.findall(value)
        elif name == b"signature-input":
            claims += _KEY_ID.findall(value)
        elif name == _CERTIFICATE:
            claims.append(value)
    return [claim.decode("latin-1") for claim in claims]
