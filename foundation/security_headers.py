"""Headers of every answer that keep a browser from doing what our pages never do, and from storing what it shows.

Source: OWASP HTTP Headers Cheat Sheet; Content Security Policy Level 3.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import web

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def _style_hashes() -> str:
    """The sources of the style sheets that stand in our own pages: as they are in the files, before they are filled."""
    pages = sorted(Path(web.__file__).parent.glob("*/*.html"))
    styles = {style for page in pages for style in _STYLE.findall(page.read_text(encoding="utf-8"))}
    hashes = sorted(base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles)
    return " ".join(f"'sha256-{digest}'" for digest in hashes)


_POLICY = {
    "default-src": "'self'",
    "style-src": f"'self' {_style_hashes()}",
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
        "content-security-policy": content_security_policy({}),
    }
    if hsts_max_age_s:
        headers["strict-transport-security"] = f"max-age={hsts_max_age_s}; includeSubDomains"
    return headers


def cache_control(path: str) -> str:
    """What the centre answers is about money, people or secrets: nobody stores it. Static files are asked for anew."""
    return "no-cache" if path.startswith("/static/") else "no-store"
