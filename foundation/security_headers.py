"""Headers of every answer that keep a browser from doing what our pages never do, and from storing what it shows.

Source: OWASP HTTP Headers Cheat Sheet; Content Security Policy Level 3.
"""

from collections.abc import Mapping

_POLICY = {
    "default-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


TERMINAL_HEADERS = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
"""The headers of an answer to a charge: no browser reads it, and each byte costs."""


def content_security_policy(more: Mapping[str, str]) -> str:
    """The policy of our pages, with further sources by directive."""
    return "; ".join(f"{name} {sources}" for name, sources in ({**_POLICY, **more}).items())


def security_headers(hsts_max_age_s: int) -> dict[str, str]:
    """The headers of every answer that has none of its own. ``hsts_max_age_s``: 0 for no such header."""
    headers = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "content-security-policy": content_security_policy({}),
    }
    if hsts_max_age_s:
        headers["strict-transport-security"] = f"max-age={hsts_max_age_s}; includeSubDomains"
    return headers


_DEVICES = ("camera", "geolocation", "microphone", "payment", "usb", "serial", "hid")
"""What a page could ask a browser for that says or does more than a page."""

_USED = {
    "/phone": ("camera", "geolocation"),
    "/till": ("camera", "serial"),
    "/check-receipt": ("camera",),
}
"""Of these, what the pages below an address use: codes by camera, a place with consent, a scanner at a serial port."""


def permissions_policy(path: str) -> str:
    """What the page at an address may ask the browser for, itself and not what it might embed."""
    used = next((used for prefix, used in _USED.items() if path == prefix or path.startswith(f"{prefix}/")), ())
    return ", ".join(f"{device}={'(self)' if device in used else '()'}" for device in _DEVICES)


def cache_control(path: str) -> str:
    """What the centre answers is about money, people or secrets: nobody stores it. Static files are asked for anew."""
    return "no-cache" if path.startswith("/static/") else "no-store"
