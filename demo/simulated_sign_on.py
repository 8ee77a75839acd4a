"""Simulated providers of single sign-on: one speaks OpenID Connect, one the government work app's own flow (专有钉钉).

They know the demo city's users and some of its officials, and whoever opens their page chooses who he is: no password
is asked for. On ``/simulated-sign-on/people`` people leave the directory and return. Codes and people are kept in an
SQLite file, so that all workers know them.
"""

import base64
import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
import structlog
from joserfc import jwt
from joserfc.jwk import RSAKey
from litestar import Request, Response, Router, get, post
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect
from msgspec import json

from demo.city import AGENCIES, AGENCY_USERS, CENTRE_USERS, OFFICIALS
from foundation import catalogue
from foundation.catalogue import Language
from foundation.pages import OTHER, language_of_page, page_file, page_response, render
from registry.sign_on.openid import LOGOUT_EVENT
from registry.sign_on.work_app import AUTHORIZE, CONTACTS, TOKEN, WHO, signature, sorted_parameters

log = structlog.get_logger()

PATH = "/simulated-sign-on"
OPENID, WORK_APP = "openid", "work-app"
CLIENT, SECRET = "onecard-demo", "published-with-the-demo-city"
TENANT, ORGANIZATION = 100, "GO_demo"
CODE_LIFE_S, TOKEN_LIFE_S = 60, 300
APPLICATION_TOKEN_LIFE_S = 7_200

PAGE = page_file("gateway/people.html")

PEOPLE = [
    *(login for login, _ in CENTRE_USERS),
    *(f"{prefix}-{agency.short}" for agency in AGENCIES for prefix, _ in AGENCY_USERS),
    *(official.login for official in OFFICIALS),
]
"""What the demo city's users and officials are called here; each is a person of both directories."""

_NAME_OF = {official.login: official.name for official in OFFICIALS}


def subject_of(provider: str, login: str) -> str:
    """What a provider calls a person of the demo city."""
    return f"GE_{login}" if provider == WORK_APP else login


def providers_file(own_url: str, agencies: list[int]) -> str:
    """The file that describes both providers; they vouch for the centre and all agencies."""
    url, vouched = own_url + PATH, [0, *agencies]
    return f"""\
[[provider]]
kind = "work_app"
name = "{WORK_APP}"
title_zh = "政务工作应用（演示）"
title_en = "Government work app (demo)"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
app_key = "{CLIENT}"
app_secret = "{SECRET}"
login_url = "{url}/{WORK_APP}"
api_url = "{url}/{WORK_APP}"
contacts_tenant = "{TENANT}"
organizations = ["{ORGANIZATION}"]
tenants = {{ "{TENANT}" = {vouched} }}

[[provider]]
kind = "openid_connect"
name = "{OPENID}"
title_zh = "统一身份认证（演示）"
title_en = "OpenID Connect (demo)"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
issuer = "{url}/{OPENID}"
tenants = {{ "{url}/{OPENID}" = {vouched} }}
"""


class SimulatedSignOn:
    """The providers' own side: people, codes, the key that signs."""

    def __init__(self, data_dir: Path, own_url: str) -> None:
        self.own_url = own_url
        self.issuer = f"{own_url}{PATH}/{OPENID}"
        self._file = data_dir / "simulated-sign-on.sqlite"
        with closing(self._open()) as db, db:
            db.executescript(
                "CREATE TABLE IF NOT EXISTS person (login TEXT PRIMARY KEY, here INTEGER);"
                "CREATE TABLE IF NOT EXISTS code (code TEXT PRIMARY KEY, provider TEXT, login TEXT, asked TEXT,"
                " made_at REAL, used INTEGER);"
                "CREATE TABLE IF NOT EXISTS key (only INTEGER PRIMARY KEY, pem TEXT);"
            )
            db.executemany("INSERT OR IGNORE INTO person VALUES (?, 1)", [(login,) for login in PEOPLE])
            if not db.execute("SELECT only FROM key").fetchall():
                db.execute(
                    "INSERT OR IGNORE INTO key VALUES (1, ?)",
                    (RSAKey.generate_key(2048).as_pem(private=True).decode(),),
                )
            [(pem,)] = db.execute("SELECT pem FROM key").fetchall()
        self.key = RSAKey.import_key(pem, {"use": "sig", "alg": "RS256"})
        self.key.ensure_kid()

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=5)

    def people(self) -> dict[str, bool]:
        """Every login, and whether he is in the directory."""
        with closing(self._open()) as db:
            return {login: bool(here) for login, here in db.execute("SELECT login, here FROM person ORDER BY rowid")}

    def move(self, login: str, *, here: bool) -> None:
        """Let somebody leave the directory, or return."""
        with closing(self._open()) as db, db:
            db.execute("UPDATE person SET here = ? WHERE login = ?", (here, login))

    def new_code(self, provider: str, login: str, asked: Mapping[str, str]) -> str:
        """A code for somebody who has shown who he is."""
        code = secrets.token_urlsafe(24)
        values = (code, provider, login, json.encode(dict(asked)).decode(), time.time())
        with closing(self._open()) as db, db:
            db.execute("INSERT INTO code VALUES (?, ?, ?, ?, ?, 0)", values)
        return code

    def take(self, provider: str, code: str) -> tuple[str, dict[str, str], float] | None:
        """Whose code it is, what was asked for, and when; it counts once, for a minute."""
        with closing(self._open()) as db, db:
            found = db.execute(
                "UPDATE code SET used = 1 WHERE code = ? AND provider = ? AND used = 0 AND made_at > ?"
                " RETURNING login, asked, made_at",
                (code, provider, time.time() - CODE_LIFE_S),
            ).fetchone()
        return None if found is None else (found[0], json.decode(found[1]), found[2])

    def signed(self, claims: dict[str, Any]) -> str:
        """A token of the OpenID Connect provider."""
        now = int(time.time())
        common = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + TOKEN_LIFE_S}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, common | claims, self.key)

    async def log_out(self, login: str) -> None:
        """Tell the centre that somebody's sessions end (back-channel logout)."""
        claims = {"sub": login, "jti": secrets.token_hex(16), "events": {LOGOUT_EVENT: {}}}
        async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
            try:
                await http.post(
                    f"{self.own_url}/console/sign-on/{OPENID}/logout", data={"logout_token": self.signed(claims)}
                )
            except httpx.HTTPError as error:
                log.warning("simulated_logout_unheard", error=repr(error))


def create_simulated_sign_on(simulated: SimulatedSignOn) -> Router:
    """The routes of both providers, below ``PATH``."""
    handlers = [*_pages(simulated), *_openid(simulated), *_work_app(simulated)]
    return Router(PATH, route_handlers=handlers, include_in_schema=False)


async def _form(request: Request[Any, Any, Any]) -> dict[str, str]:
    found = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)
    return {name: values[0] for name, values in found.items()}


def _pages(simulated: SimulatedSignOn) -> list[HTTPRouteHandler]:
    """Pages on which people are chosen: to sign on, or to leave the directory and return."""

    def page(request: Request[Any, Any, Any], heading: str) -> Response[str]:
        language = language_of_page(request)
        other = urlencode(request.query_params.dict() | {"lang": OTHER[language][0]}, doseq=True)
        content = render(PAGE, language, heading=catalogue.text(heading, language), other=other)
        buttons = _buttons(simulated.people(), language, leaving=heading == "demo.people.directory")
        return page_response(content.replace("PEOPLE", buttons), language)

    def asked_of(request: Request[Any, Any, Any], provider: str) -> dict[str, str] | None:
        """What the centre asks for; None when this is none of its requests."""
        asked = {name: str(value) for name, value in request.query_params.items()}
        redirect_uri = f"{simulated.own_url}/sign-on/{provider}"
        ours = (asked.get("client_id"), asked.get("redirect_uri"), asked.get("response_type"))
        return asked if ours == (CLIENT, redirect_uri, "code") and asked.get("state") else None

    def sign_on(path: str, provider: str) -> list[HTTPRouteHandler]:
        @get(path, media_type=MediaType.HTML, name=f"simulated {provider}")
        async def choose(request: Request[Any, Any, Any]) -> Response[str]:
            if asked_of(request, provider) is None:
                return Response("invalid_request", status_code=400, media_type=MediaType.TEXT)
            return page(request, "demo.people.sign_on")

        @post(path, name=f"simulated {provider}, chosen")
        async def chosen(request: Request[Any, Any, Any]) -> Response[Any]:
            asked, login = asked_of(request, provider), (await _form(request)).get("person", "")
            if asked is None or not simulated.people().get(login):
                return Response("invalid_request", status_code=400, media_type=MediaType.TEXT)
            back = {"code": simulated.new_code(provider, login, asked), "state": asked["state"]}
            if provider == OPENID:
                back["iss"] = simulated.issuer
            return Redirect(f"{asked['redirect_uri']}?{urlencode(back)}", status_code=303)

        return [choose, chosen]

    @get("/people", media_type=MediaType.HTML)
    async def people(request: Request[Any, Any, Any]) -> Response[str]:
        return page(request, "demo.people.directory")

    @post("/people")
    async def move(request: Request[Any, Any, Any]) -> Response[Any]:
        login = (await _form(request)).get("person", "")
        here = not simulated.people().get(login, True)
        simulated.move(login, here=here)
        if not here:
            await simulated.log_out(login)
        return Redirect(f"{PATH}/people", status_code=303)

    return [
        *sign_on(f"/{OPENID}/authorize", OPENID), *sign_on(f"/{WORK_APP}{AUTHORIZE}", WORK_APP), people, move,
    ]  # fmt: skip


def _buttons(people: dict[str, bool], language: Language, *, leaving: bool) -> str:
    """A button a person. Logins are of letters, digits and hyphens."""
    leaves, returns = (
        catalogue.text("demo.people.leave", language), catalogue.text("demo.people.return", language),
    )  # fmt: skip
    lines = []
    for login, here in people.items():
        off = "" if here or leaving else " disabled"
        told = [catalogue.text("demo.people.official", language, name=_NAME_OF[login])] if login in _NAME_OF else []
        told += [leaves if here else returns] if leaving else []
        more = "".join(f" <small>{one}</small>" for one in told)
        lines.append(f'<button name="person" value="{login}"{off}>{login}{more}</button>')
    return "\n".join(lines)


def _openid(simulated: SimulatedSignOn) -> list[HTTPRouteHandler]:
    """Discovery, keys and tokens of the OpenID Connect provider."""

    @get(f"/{OPENID}/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return {
            "issuer": simulated.issuer,
            "authorization_endpoint": f"{simulated.issuer}/authorize",
            "token_endpoint": f"{simulated.issuer}/token",
            "jwks_uri": f"{simulated.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
        }

    @get(f"/{OPENID}/jwks")
    async def keys() -> dict[str, Any]:
        return {"keys": [simulated.key.as_dict(private=False)]}

    @post(f"/{OPENID}/token", status_code=200)
    async def token(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        form, given = await _form(request), request.headers.get("authorization", "")
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if not hmac.compare_digest(given.encode(), f"Basic {basic}".encode()):
            return Response({"error": "invalid_client"}, status_code=401)
        taken = simulated.take(OPENID, form.get("code", ""))
        if form.get("grant_type") != "authorization_code" or taken is None:
            return Response({"error": "invalid_grant"}, status_code=400)
        login, asked, chosen_at = taken
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if (asked.get("code_challenge"), asked["redirect_uri"]) != (challenge, form.get("redirect_uri")):
            return Response({"error": "invalid_grant"}, status_code=400)
        claims = {"sub": login, "nonce": asked.get("nonce", ""), "auth_time": int(chosen_at)}
        body = {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "id_token": simulated.signed(claims)}
        return Response(body, headers={"cache-control": "no-store"})

    return [discovery, keys, token]


def _work_app(simulated: SimulatedSignOn) -> list[HTTPRouteHandler]:
    """The interface of the work app."""

    def is_signed(request: Request[Any, Any, Any], path: str, parameters: dict[str, str]) -> bool:
        timestamp, nonce = (request.headers.get(f"x-hmac-auth-{name}", "") for name in ("timestamp", "nonce"))
        right = signature(SECRET, request.method, timestamp, nonce, path, sorted_parameters(parameters))
        return hmac.compare_digest(request.headers.get("x-hmac-auth-signature", "").encode(), right.encode())

    def application_token() -> str:
        hour = int(time.time()) // APPLICATION_TOKEN_LIFE_S
        return "app_" + hashlib.sha256(f"{SECRET}{hour}".encode()).hexdigest()[:32]

    def answer(data: Any, **more: Any) -> Response[dict[str, Any]]:
        content = {"success": True, "responseCode": "0", "responseMessage": "OK", "data": data} | more
        return Response({"success": True, "content": content}, status_code=200)

    def failure(code: str, message: str) -> Response[dict[str, Any]]:
        return answer(None, success=False, responseCode=code, responseMessage=message)

    not_signed = {"success": False, "Code": "OPF-B001-05-16-0009", "Message": "SignatureDoesNotMatch"}

    @get(f"/{WORK_APP}{TOKEN}")
    async def token(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        given = {name: str(value) for name, value in request.query_params.items()}
        if not is_signed(request, TOKEN, given) or given != {"appkey": CLIENT, "appsecret": SECRET}:
            return Response(not_signed, status_code=403)
        return answer({"accessToken": application_token(), "expiresIn": str(APPLICATION_TOKEN_LIFE_S)})

    @post(f"/{WORK_APP}{WHO}")
    async def who(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        form = await _form(request)
        if not is_signed(request, WHO, form):
            return Response(not_signed, status_code=403)
        if form.get("access_token") != application_token():
            return failure("240133", "应用accessToken失效或不存在")
        taken = simulated.take(WORK_APP, form.get("code", ""))
        if taken is None:
            return failure("240111", "code失效或不存在")
        login = taken[0]
        number = 1_000 + PEOPLE.index(login)
        person = {
            "accountId": number, "employeeCode": subject_of(WORK_APP, login), "account": login, "lastName": login,
            "nickNameCn": login, "clientId": CLIENT, "realmId": TENANT, "tenantId": TENANT, "namespace": "local",
            "tenantUserId": f"{TENANT}${number}",
        }  # fmt: skip
        return answer(person)

    @post(f"/{WORK_APP}{CONTACTS}")
    async def contacts(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        form = await _form(request)
        if not is_signed(request, CONTACTS, form) or form.get("access_token") != application_token():
            return Response(not_signed, status_code=403)
        here = [login for login, here in simulated.people().items() if here]
        size, page = int(form["pageSize"]), int(form["pageNo"])
        rows = [
            {"employeeCode": subject_of(WORK_APP, login), "employeeName": login, "status": "A"}
            for login in here[(page - 1) * size : page * size]
        ]
        return answer(rows, totalSize=len(here), currentPage=page)

    return [token, who, contacts]
