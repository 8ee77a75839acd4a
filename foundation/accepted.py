"""What a caller prefers: header fields of values with qualities (RFC 9110 section 12.4.2)."""

from collections.abc import Iterator


def preferences(header: str | None) -> Iterator[tuple[str, float]]:
    """Each value in lower case with its quality from 0 to 1, in the order of the header field."""
    for part in (header or "").split(","):
        value, *parameters = part.split(";")
        yield value.strip().lower(), min((_quality(parameter) for parameter in parameters), default=1.0)


def prefers_a_page(accept: str | None) -> bool:
    """Whether an ``Accept`` header is a browser's: it names HTML, and no form of JSON that it likes better."""
    html, json = 0.0, 0.0
    for media_type, quality in preferences(accept):
        if media_type in ("text/html", "application/xhtml+xml"):
            html = max(html, quality)
        elif media_type.endswith(("/json", "+json")):
            json = max(json, quality)
    return html > 0 and html >= json


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
