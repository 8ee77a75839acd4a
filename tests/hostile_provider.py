"""A provider of single sign-on that says whatever a test wants: two issuers and a work app on one port."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, Key, RSAKey

CLIENT, SECRET = "onecard-at-the-city", "a secret of the client"
ISSUERS = ("city", "other")


def encoded(content: bytes | dict[str, Any]) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def hmac_token(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """A token under a shared secret, which no public key can be."""
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


class HostileProvider:
    """Its token endpoint answers to a code what ``answers`` has for it, as often as it is asked."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.answers: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, Key] = {name: self.new_key(f"{name}-1") for name in ISSUERS}
        self.hangs = False
        self.people = ["victim"]
        self.total: int | None = None
        self.short_readings = 0
        """So many contact lists to come leave everybody but the first out, and say that they are whole."""
        self.asked: list[dict[str, str]] = []
        self.codes_seen = 0
        """Right and wrong ones."""
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True

    @staticmethod
    def new_key(kid: str) -> Key:
        return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})

    @staticmethod
    def elliptic_key(kid: str) -> Key:
        return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})

    def issuer(self, name: str = "city") -> str:
        return f"{self.url}/{name}"

    @contextmanager
    def serving(self) -> Any:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        yield self
        self._server.shutdown()

    def signed(
        self, claims: dict[str, Any], name: str = "city", key: Key | None = None, alg: str = "RS256", **header: Any
    ) -> str:
        used = key or self.keys[name]
        fields = {"alg": alg, "kid": used.kid} | header
        return jws.serialize_compact(fields, json.dumps(claims), used, algorithms=[alg])

    def answer(self, method: str, path: str, form: dict[str, str]) -> tuple[int, Any]:
        name, _, rest = path.lstrip("/").partition("/")
        if self.hangs:
            time.sleep(30)
        if name == "app":
            return 200, self._work_app(rest, form)
        issuer = self.issuer(name)
        if rest == ".well-known/openid-configuration":
            return 200, {
                "issuer": issuer, "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token", "jwks_uri": f"{issuer}/jwks",
            }  # fmt: skip
        if rest == "jwks":
            shared = {"kty": "oct", "kid": "shared", "k": encoded(b"known to everybody")}
            return 200, {"keys": [self.keys[name].as_dict(private=False), shared]}
        self.codes_seen += rest == "token"
        if rest == "token" and form.get("code") in self.answers:
            self.asked.append(form)
            return 200, self.answers[form["code"]]
        return 400, {"error": "invalid_grant"}

    def _work_app(self, rest: str, form: dict[str, str]) -> dict[str, Any]:
        content: dict[str, Any] = {"success": True, "responseCode": "0"}
        if rest == "gettoken.json":
            content["data"] = {"accessToken": "app_token", "expiresIn": "7200"}
        elif rest == "rpc/oauth2/getuserinfo_bycode.json":
            self.codes_seen += 1
            content["data"] = self.answers.get(form.get("code", ""))
            content["success"] = content["data"] is not None
        else:
            size, page = int(form["pageSize"]), int(form["pageNo"])
            people = self.people
            if self.short_readings:
                self.short_readings, people = self.short_readings - 1, people[:1]
            rows = people[(page - 1) * size : page * size]
            content["data"] = [{"employeeCode": one} for one in rows]
            content["totalSize"] = len(people) if self.total is None else self.total
        return {"success": True, "content": content}


class _Handler(BaseHTTPRequestHandler):
    provider: HostileProvider

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        parts = urlsplit(self.path)
        form = {name: values[0] for name, values in parse_qs(body or parts.query).items()}
        status, content = self.provider.answer(self.command, parts.path, form)
        raw = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET: Callable[..., None] = _do  # noqa: N815 - the library's names
    do_POST: Callable[..., None] = _do  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
