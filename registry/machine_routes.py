"""HTTP: machines, their secrets, and their tokens (OAuth 2.0 client credentials, RFC 6749, section 4.4)."""

import base64
import binascii
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_plus

from litestar import Controller, Request, Response, post

from foundation.messages import NumberInPath, read_form
from foundation.postgres import Pool
from foundation.problems import INVALID, Problem
from foundation.request_log import address_of
from registry import access, audit, machines, sessions, sign_ins
from registry.access import Permission, Person
from registry.console_schemas import MachineScopes, NewMachine, SecretDays, SecretGiven, TokenGiven
from registry.machines import NewSecret
from registry.models import ConsoleUser, Database
from registry.sessions import SessionKind, SessionRules
from registry.sign_ins import Caller

BODY_BYTES_MAX = 4_096

ByPerson = Request[Person, Any, Any]

MANAGES = [access.allows(Permission.MANAGE_USERS)]


class MachineController(Controller):
    """Programs that use this interface: added by one person, confirmed by another as users are."""

    path = "/console/machines"
    tags = ["console"]  # noqa: RUF012

    @post("/", guards=MANAGES, summary="Add a machine")
    async def add(self, request: ByPerson, data: NewMachine, database: Database) -> SecretGiven:
        """The answer has its secret, shown this once; it counts once somebody else confirms the machine as a user.

        Its scopes are permissions: those of people at the same place, without what decides, publishes or lets in.
        """
        async with audit.change(database, request.user.login, "add_machine") as change:
            made = await machines.add(
                change, request.user, data.login, data.agency_id, data.scopes, data.days
            )  # fmt: skip
        return _given(made)

    @post("/{user_id:int}/scopes", guards=MANAGES, summary="Change a machine's scopes", status_code=204)
    async def change_scopes(
        self, request: ByPerson, user_id: NumberInPath, data: MachineScopes, database: Database
    ) -> None:
        """Its tokens end; somebody else must confirm it."""
        async with audit.change(database, request.user.login, "change_scopes") as change:
            await machines.change_scopes(change, request.user, user_id, data.scopes)

    @post("/{user_id:int}/secret", guards=MANAGES, summary="Replace a machine's secret")
    async def replace_secret(
        self, request: ByPerson, user_id: NumberInPath, data: SecretDays, database: Database
    ) -> SecretGiven:
        """For a lost one: its secrets and tokens count no more, and somebody else must confirm it."""
        async with audit.change(database, request.user.login, "replace_secret") as change:
            return _given(await machines.replace_secret(change, request.user, user_id, data.days))

    @post("/current/secret", guards=[access.allows_machine], summary="Renew my secret")
    async def renew_secret(self, request: ByPerson, database: Database) -> SecretGiven:
        """A machine's own: the one before counts for a day more. So nobody has seen the secret that is in use."""
        subject = f"console_user/{request.user.user_id}"
        async with audit.change(database, request.user.login, "renew_secret", subject) as change:
            return _given(await machines.renew_secret(change, request.user))


@post(
    "/console/tokens",
    summary="Get a token",
    status_code=200,
    tags=["console"],
    request_max_body_size=BODY_BYTES_MAX,
)
async def give_token(
    request: Request[Any, Any, Any], database: Database, ledger: Pool, session_rules: SessionRules
) -> Response[TokenGiven]:
    """For machines: a form with ``grant_type=client_credentials``; login and secret by Basic authentication, or as
    ``client_id`` and ``client_secret``. The token lives 15 minutes. Wrong tries make the next ones wait (429)."""
    form = read_form(await request.body())
    if form.get("grant_type") != ["client_credentials"]:
        raise _oauth(Problem(INVALID, "machine.grant_type"), "unsupported_grant_type")
    login, secret = _credentials(request.headers.get("authorization"), form)
    caller = Caller(address_of(request))

    async def find() -> ConsoleUser | None:
        async with database.begin() as db:
            return await machines.user_of_secret(db, login, secret)

    try:
        user = await sign_ins.check_secret(ledger, caller, login, find)
    except Problem as problem:
        raise _oauth(problem, "invalid_client") from None
    rules = replace(session_rules, life=machines.TOKEN_LIFE)
    async with database.begin() as db:
        session = await sessions.open_session(db, request, user.user_id, SessionKind.BEARER, rules)
    body = TokenGiven(session.token.value, "Bearer", int(rules.life.total_seconds()), user.scopes or "")
    return Response(body, headers={"cache-control": "no-store"})


def _credentials(authorization: str | None, form: dict[str, list[str]]) -> tuple[str, str]:
    """Login and secret of the request; raises Problem(INVALID) unless both are there once."""
    if authorization is not None:
        scheme, _, value = authorization.partition(" ")
        try:
            login, found, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            login = found = secret = ""
        if scheme.lower() == "basic" and found:
            return unquote_plus(login), unquote_plus(secret)
    elif len(form.get("client_id", [])) == len(form.get("client_secret", [])) == 1:
        return form["client_id"][0], form["client_secret"][0]
    raise _oauth(Problem(INVALID, "machine.credentials"), "invalid_request")


def _oauth(problem: Problem, error: str) -> Problem:
    """The same problem with the word that clients of OAuth look for (RFC 6749, section 5.2)."""
    problem.extension = {"error": error}
    return problem


def _given(made: NewSecret) -> SecretGiven:
    return SecretGiven(made.user_id, made.secret, made.expires_at)
