"""Bodies that are no JSON: forms and files, which handlers read themselves and the framework does not describe."""

from collections.abc import Mapping
from typing import Any

Body = dict[str, Any]


def _body(media_type: str, schema: Body, description: str) -> Body:
    return {"description": description, "required": True, "content": {media_type: {"schema": schema}}}


def _file(description: str) -> Body:
    return _body("application/octet-stream", {"type": "string", "format": "binary"}, description)


def _form(schema: str, description: str) -> Body:
    return _body("application/x-www-form-urlencoded", {"$ref": f"#/components/schemas/{schema}"}, description)


FORMS: Mapping[str, Body] = {
    "LogoutForm": {
        "type": "object",
        "title": "LogoutForm",
        "properties": {"logout_token": {"type": "string"}},
        "required": ["logout_token"],
    },
    "TokenForm": {
        "type": "object",
        "title": "TokenForm",
        "properties": {
            "grant_type": {"type": "string", "const": "client_credentials"},
            "client_id": {"type": "string", "description": "The machine's login, without Basic authentication."},
            "client_secret": {"type": "string", "description": "Its secret, without Basic authentication."},
        },
        "required": ["grant_type"],
    },
}
"""Their schemas, by name."""

_TABLE = "The file itself, CSV or XLSX."

BODIES: Mapping[str, Body] = {
    "/clearing/confirmations": _file("The bank's file itself, an ISO 20022 camt.053 or camt.054."),
    "/console/sign-on/{provider}/logout": _form("LogoutForm", "What the provider sends."),
    "/console/tokens": _form("TokenForm", "RFC 6749, section 4.4."),
    "/dining/menu-files": _file(_TABLE),
    "/gateway/notifications": _body("application/json", {"type": "object"}, "As the payment gateway signed it."),
    "/registry/network-imports": _file("The file itself: XLSX, or CSV with the parameter `sheet`."),
    "/registry/rosters": _file(_TABLE),
    "/settlement/grants/{agency_id}/{batch}": _file("The file itself, CSV."),
    "/waste/attendance-files": _file(_TABLE),
    "/waste/material-files/{kind}": _file(_TABLE),
    "/waste/weigh-in-files": _file(_TABLE),
}
"""Path -> the request body of its POST."""
