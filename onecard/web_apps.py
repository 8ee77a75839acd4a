"""Applications of ``web/`` that are built (``web/dist``): their files are read once, and sent as they were compressed.

Names in ``assets/`` carry a hash of their content and never change; everything else is asked for anew.
"""

import hashlib
import mimetypes
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from foundation.accepted import preferences
from foundation.catalogue import text
from foundation.pages import WEB, language_of_page, page_file, page_headers, render
from foundation.security_headers import content_security_policy

DIST = WEB / "dist"
APPS: dict[str, tuple[str, ...]] = {
    "phone": (), "till": (), "counter": ("/counter/{canteen_id:int}",), "console": (), "proof": (),
}  # fmt: skip
"""Every application, and the addresses of its page beside its name: a display has its canteen's number there."""
_DECODER = "assets/decoder-"
_POLICY = content_security_policy({})
_DECODER_POLICY = content_security_policy({"script-src": "'self' 'wasm-unsafe-eval'"})
"""Of the worker alone that reads a camera's frames by WebAssembly: a worker has the policy of its own script."""
_NONCE = b"{{nonce}}"
"""Where a page takes the number of its answer: the styles that its own scripts make carry it, and no others hold."""
BESIDE_PAGE = ("sw.js", "scanner.js", "manifest.webmanifest", "icon.svg")
_BUILDING = page_file("building/index.html")
_ASKED_AGAIN_AFTER_S = 3
_UNCHANGED = 304


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file as it was built, and its brotli form where there is one."""

    content: bytes
    brotli: bytes | None
    media_type: str
    etag: str


class WebApp:
    """An application: its files by name, ``""`` for its page, once its build is complete."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = DIST / name

    @property
    def is_built(self) -> bool:
        return self.folder.is_dir()

    @property
    def has_failed(self) -> bool:
        return (DIST / f"{self.name}.failed").exists()

    @cached_property
    def files(self) -> dict[str, WebFile]:
        paths = [path for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".br"]
        files = {path.relative_to(self.folder).as_posix(): _read(path) for path in paths}
        return files | {"": files["index.html"]}


def app_routes(app: WebApp) -> list[HTTPRouteHandler]:
    """The handlers of one application."""

    addresses = [f"/{app.name}", *APPS[app.name]]

    @get(addresses, include_in_schema=False, name=f"page /{app.name}", media_type=MediaType.HTML)
    async def show(request: Request[Any, Any, Any]) -> Response[Any]:
        if not app.is_built:
            return _building(request, app)
        # Its service worker holds what stands below the slash, which the framework takes off ``path``.
        if request.scope["raw_path"] == f"/{app.name}".encode():
            return Redirect(f"/{app.name}/?{request.url.query}".removesuffix("?"))
        return _sent(app, request, "")

    @get([f"/{app.name}/{name}" for name in BESIDE_PAGE], include_in_schema=False, name=f"files of /{app.name}")
    async def file(request: Request[Any, Any, Any]) -> Response[Any]:
        return _sent(app, request, request.scope["path"].rpartition("/")[2])

    @get(f"/{app.name}/assets/{{name:str}}", include_in_schema=False, name=f"assets of /{app.name}")
    async def asset(request: Request[Any, Any, Any], name: str) -> Response[Any]:
        return _sent(app, request, f"assets/{name}")

    return [show, file, asset]


def _sent(app: WebApp, request: Request[Any, Any, Any], name: str) -> Response[Any]:
    file = app.files.get(name) if app.is_built else None
    # Another spelling, such as a slash at the end, would be another file to a browser.
    is_other = name and request.scope["raw_path"] != f"/{app.name}/{name}".encode()
    if file is None or is_other:
        raise NotFoundException
    if _NONCE in file.content:
        return _with_nonce(file)
    headers = {
        "content-security-policy": _DECODER_POLICY if name.startswith(_DECODER) else _POLICY,
        "etag": file.etag,
        "vary": "accept-encoding",
        "cache-control": "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache",
    }
    if request.headers.get("if-none-match") == file.etag:
        return Response(b"", status_code=_UNCHANGED, headers=headers, media_type=file.media_type)
    if file.brotli is not None and "br" in dict(preferences(request.headers.get("accept-encoding"))):
        return Response(file.brotli, headers=headers | {"content-encoding": "br"}, media_type=file.media_type)
    return Response(file.content, headers=headers, media_type=file.media_type)


def _with_nonce(file: WebFile) -> Response[Any]:
    nonce = secrets.token_urlsafe(16)
    policy = content_security_policy({"style-src": f"'self' 'nonce-{nonce}'"})
    content = file.content.replace(_NONCE, nonce.encode())
    return Response(content, headers={"content-security-policy": policy}, media_type=file.media_type)


def _building(request: Request[Any, Any, Any], app: WebApp) -> Response[Any]:
    language = language_of_page(request)
    state = "failed" if app.has_failed else "running"
    said = {name: text(f"onecard.build.{state}.{name}", language) for name in ("title", "detail")}
    headers = page_headers(language) | {"retry-after": str(_ASKED_AGAIN_AFTER_S)}
    return Response(render(_BUILDING, language, **said), status_code=503, media_type=MediaType.HTML, headers=headers)


def _read(path: Path) -> WebFile:
    content, packed = path.read_bytes(), Path(f"{path}.br")
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    # To those of text the framework adds it.
    has_charset = media_type == "application/manifest+json"
    return WebFile(
        content,
        packed.read_bytes() if packed.exists() else None,
        f"{media_type}; charset=utf-8" if has_charset else media_type,
        f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    )
