"""HTTP: single sign-on at the console, and who people of directories are here."""

from datetime import timedelta
from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.keys import KeyRing
from foundation.messages import Numbered, NumberInPath, read_form
from foundation.postgres import Pool
from foundation.problems import INVALID, Problem
from foundation.request_log import address_of
from registry import access, audit, second_factor, sessions, sign_ins
from registry.access import Permission, Person
from registry.challenges import use_up
from registry.console_routes import Anybody, Entering, SignedInRequest, own_change, signed_in_answer
from registry.console_schemas import SignedIn
from registry.errors import SIGN_ON_REFUSED
from registry.models import ConsoleUser, Database
from registry.sessions import SessionKind, SessionRules, SignedOn
from registry.sign_on import identities
from registry.sign_on.providers import Providers, refused
from registry.sign_on.schemas import CameBack, NewIdentity, ProviderShown, SeenIdentity, Started
from registry.sign_on.under_way import CONSOLE_PATH, SIGN_IN, begin, identify, without_cookie

CLOCKS_DIFFER = timedelta(seconds=60)
BODY_BYTES_MAX = 8_192
TOKEN_BYTES_MAX = 16_384

MANAGES = [access.allows(Permission.MANAGE_USERS)]


class SignOnController(Controller):
    """Signing on at a provider: the directory says who somebody is, two people here have said what he may do."""

    path = CONSOLE_PATH
    tags = ["console"]  # noqa: RUF012

    @get("/", summary="List the providers of single sign-on")
    async def list_providers(self, sign_on: Providers) -> list[ProviderShown]:
        """Where people may sign on instead of entering a password."""
        return [
            ProviderShown(one.settings.name, one.settings.title_zh, one.settings.title_en, one.proves)
            for one in sign_on
        ]

    @post("/{provider:str}", summary="Begin to sign on", status_code=200)
    async def begin(
        self, request: Anybody, provider: str, sign_on: Providers, keys: KeyRing, state: State
    ) -> Response[Started]:
        """For browsers: where to go. The provider sends the browser back to the page ``/sign-on/PROVIDER``.

        It counts for ten minutes, once, in this browser.
        """
        sessions.check_cookie_wanted(request)
        return await begin(request, sign_on.find(provider), keys, state, SIGN_IN)

    @post("/{provider:str}/completion", summary="Sign on", request_max_body_size=BODY_BYTES_MAX)
    async def complete(
        self,
        request: Anybody,
        provider: str,
        data: CameBack,
        database: Database,
        ledger: Pool,
        keys: KeyRing,
        session_rules: SessionRules,
        sign_on: Providers,
        state: State,
    ) -> Response[SignedIn]:
        """Open a session, in a cookie, with what the provider gave the browser.

        It takes the place of the password: who has a second factor gets 401 ``second-factor-needed`` with a ``ticket``.
        Who is not bound to a user gets 403 ``identity-unknown`` with what to tell his administrator.
        """
        sessions.check_cookie_wanted(request)
        chosen = sign_on.find(provider)
        _, who = await identify(request, chosen, SIGN_IN, data, database, keys, state)
        async with database.begin() as db:
            identity, user = await identities.user_of(db, chosen.settings, who)
            by = SignedOn(identity.identity_id, who.session, who.authenticated_at)
            needed = await _code_needed(db, request, user, by)
            if needed is not None:
                await access.user_to_sign_in(db, user.user_id, None)
        if needed is not None:
            raise needed
        failures = await sign_ins.failures_of(ledger, user.user_id)
        entering = Entering(request, database, keys, session_rules, cookie=True)
        return without_cookie(request, await entering.enter(user.user_id, user.login, failures, None, by=by))

    @post("/{provider:str}/proof", guards=[access.signed_in], summary="Begin to sign on anew", status_code=200)
    async def begin_proof(
        self, request: SignedInRequest, provider: str, sign_on: Providers, keys: KeyRing, state: State
    ) -> Response[Started]:
        """In place of the password that a cookie's session needs for what moves money."""
        if request.auth.token.kind is not SessionKind.COOKIE:
            raise Problem(INVALID, "sign_on.proof_by_cookie")
        chosen = sign_on.find(provider)
        if not chosen.proves:
            raise Problem(INVALID, "sign_on.proves_nothing")
        return await begin(request, chosen, keys, state, f"proof {request.auth.number}")

    @post(
        "/{provider:str}/proof/completion",
        guards=[access.signed_in],
        summary="Sign on anew",
        request_max_body_size=BODY_BYTES_MAX,
    )
    async def complete_proof(
        self,
        request: SignedInRequest,
        provider: str,
        data: CameBack,
        database: Database,
        keys: KeyRing,
        session_rules: SessionRules,
        sign_on: Providers,
        state: State,
    ) -> Response[SignedIn]:
        """The provider must say that the same person has shown who he is since then. The session has a new token.

        It takes the place of the password: who has a second factor gets 401 ``second-factor-needed`` with a ``ticket``
        for ``POST /console/sessions/current/proof``.
        """
        chosen, person = sign_on.find(provider), request.user
        purpose = f"proof {request.auth.number}"
        begun_at, who = await identify(request, chosen, purpose, data, database, keys, state)
        if who.authenticated_at is None or who.authenticated_at < begun_at - CLOCKS_DIFFER:
            raise refused("sign_on.not_anew")
        async with database.begin() as db:
            identity, user = await identities.user_of(db, chosen.settings, who)
            if user.user_id != person.user_id:
                raise refused("sign_on.somebody_else")
            needed = await _code_needed(db, request, user, SignedOn(identity.identity_id, who.session, begun_at))
        if needed is not None:
            raise needed
        async with own_change(request, database, "prove") as change:
            session = await sessions.renew(change.db, request.auth, session_rules)
            change.note.detail = {"identity": identity.identity_id}
        answer = signed_in_answer(request, session, person, session_rules, has_factor=not person.lacks_second_factor)
        return without_cookie(request, answer)

    @post("/{provider:str}/logout", summary="Log out by a provider's word", request_max_body_size=TOKEN_BYTES_MAX)
    async def log_out(self, request: Anybody, provider: str, database: Database, sign_on: Providers) -> Response[None]:
        """Back-channel logout (OpenID Connect): a form with the ``logout_token``, which the provider has signed."""
        chosen = sign_on.find(provider)
        form = read_form(await request.body())
        [token] = form.get("logout_token", [""])[:1]
        try:
            ended = await chosen.logged_out(token)
        except Problem as problem:
            # Section 2.8: whatever is wrong with a token is a bad request.
            raise Problem(INVALID, problem.code) if problem.kind is SIGN_ON_REFUSED else problem from None
        async with audit.change(database, f"sign_on/{provider}", "log_out") as change:
            name = f"{provider}\0{ended.token_id}".encode()
            if not await use_up(change.db, name, ended.ends_at):
                raise Problem(INVALID, "sign_on.refused")
            count = await identities.log_out(change.db, provider, ended.subject, ended.session)
            change.is_repeat = count == 0
            change.note.detail = {"sessions": count}
        return Response(None, status_code=200, headers={"cache-control": "no-store"})


async def _code_needed(db: AsyncSession, request: Anybody, user: ConsoleUser, by: SignedOn) -> Problem | None:
    """What asks for the second factor of who has one."""
    if (await second_factor.state_of(db, user.user_id))[0] is None:
        return None
    return await sign_ins.code_needed(db, user.user_id, sign_ins.Caller(address_of(request)), by)


class IdentityController(Controller):
    """Who people of directories are here."""

    path = "/console/identities"
    tags = ["console"]  # noqa: RUF012

    @post("/", guards=MANAGES, summary="Bind an identity")
    async def bind(
        self, request: Request[Person, Any, Any], data: NewIdentity, database: Database, sign_on: Providers
    ) -> Numbered:
        """A person of a directory is this console user, or this official; it counts once somebody else confirms it."""
        sign_on.find(data.provider)
        async with audit.change(database, request.user.login, "bind_identity") as change:
            number = await identities.bind(
                change, request.user, data.provider, data.subject, data.user_id, data.holder_id
            )
        return Numbered(number)

    @post("/{number:int}/confirmation", guards=MANAGES, summary="Confirm an identity", status_code=204)
    async def confirm(
        self, request: Request[Person, Any, Any], number: NumberInPath, data: SeenIdentity, database: Database
    ) -> None:
        """By somebody else than who bound it, who has made sure that it is he; 409 when it is not what he says.

        Another role or agency of the user, or his suspension, makes it wait for a confirmation anew.
        """
        async with audit.change(
            database, request.user.login, "confirm_identity", f"identity/{number}"
        ) as change:  # fmt: skip
            await identities.confirm(change, request.user, number, data.subject, data.agency_id)
