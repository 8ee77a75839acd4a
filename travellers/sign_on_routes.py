"""HTTP: officials sign on at a provider, see who they are, and log out."""

from litestar import Controller, Response, delete, get, post
from litestar.datastructures import State

from foundation.keys import KeyRing
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from foundation.problems import NOT_FOUND, Problem
from foundation.turns import IN_TURN
from registry import audit
from registry import holder_sessions as sessions
from registry.models import Database
from registry.officials import must_be_open
from registry.sessions import (
    OFFICIAL,
    SessionRules,
    SignedOn,
    check_cookie_wanted,
    cookie_of,
    cookie_token,
    no_cookie,
)
from registry.sign_on import identities
from registry.sign_on.providers import Providers
from registry.sign_on.schemas import CameBack, Started
from registry.sign_on.under_way import OFFICIAL_PATH, OFFICIAL_SIGN_IN, Anybody, begin, identify, without_cookie
from registry.states import OfficialState
from terminals.rosters import masked, open_name
from travellers.callers import ALSO_SUSPENDED, ALWAYS, QUERIES, ByOfficial, Caller, is_official
from travellers.schemas import MySession, WhoIAm

BODY_BYTES_MAX = 8_192


class OfficialSignOnController(Controller):
    """Signing on as an official: for his own things, and nothing at the console."""

    path = OFFICIAL_PATH
    tags = ["me"]  # noqa: RUF012

    @post("/{provider:str}", summary="Begin to sign on as an official", status_code=200)
    async def begin(
        self, request: Anybody, provider: str, sign_on: Providers, keys: KeyRing, state: State
    ) -> Response[Started]:
        """For browsers: where to go. The provider sends the browser back to the page ``/sign-on/PROVIDER``.

        It counts for ten minutes, once, in this browser. ``GET /console/sign-on`` lists the providers.
        """
        check_cookie_wanted(request)
        return await begin(request, sign_on.find(provider), keys, state, OFFICIAL_SIGN_IN)

    @post("/{provider:str}/completion", summary="Sign on as an official", request_max_body_size=BODY_BYTES_MAX)
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
    ) -> Response[WhoIAm]:
        """Open a session of an official, in a cookie, with what the provider gave the browser.

        Who is not bound to an official gets 403 ``identity-unknown`` with what to tell his administrator; who has left,
        409 ``account-closed``. Who is suspended can report a loss and log out.
        """
        check_cookie_wanted(request)
        chosen = sign_on.find(provider)
        _, who = await identify(request, chosen, OFFICIAL_SIGN_IN, data, database, keys, state)
        async with audit.change(database, "", "sign_in_official") as change:
            identity, official = await identities.official_of(change.db, chosen.settings, who)
            if official.state != OfficialState.SUSPENDED:
                must_be_open(official)
            by = SignedOn(identity.identity_id, who.session, who.authenticated_at)
            if (former := cookie_token(request, OFFICIAL)) is not None:
                # Its cookie is overwritten: nobody could end it any more.
                await sessions.end_by_token(change.db, former)
            session = await sessions.open_session(change.db, request, official, session_rules, by)
            caller = Caller(official.book, official.holder_id, official.agency_id, official.person_class)
            change.note.actor = change.note.subject = caller.actor
            change.note.detail = {"identity": identity.identity_id, "session": session.number}
        shown = await _who(ledger, keys, caller, session)
        answer = Response(shown, cookies=[cookie_of(request, session.token, session_rules, OFFICIAL)])
        return without_cookie(request, answer, OFFICIAL_SIGN_IN)


@get("/me", guards=[is_official], tags=["me"], summary="Get who I am", dependencies=IN_TURN, opt=ALSO_SUSPENDED)
async def who_am_i(request: ByOfficial, ledger: Pool, keys: KeyRing) -> WhoIAm:
    """The official who asks. A page that was loaded anew gets its ``csrf_token`` here."""
    return await _who(ledger, keys, request.user, request.auth)


@delete("/me/session", guards=[is_official], tags=["me"], summary="Log out", opt=ALWAYS)
async def log_out(request: ByOfficial, database: Database) -> Response[None]:
    """End the session of the request; a phone has none, and nothing happens."""
    if request.auth is not None:
        async with database.begin() as db:
            await sessions.end(db, request.user.holder_id, request.auth.number)
    return Response(None, status_code=204, cookies=[no_cookie(request, OFFICIAL)])


@get("/me/sessions", guards=[is_official], tags=["me"], summary="List my sessions")
async def my_sessions(request: ByOfficial, database: Database, session_rules: SessionRules) -> list[MySession]:
    """Where I am signed on in a browser, the latest used first; phones are under `/me/credentials`."""
    current = None if request.auth is None else request.auth.number
    async with database() as db:
        rows = await sessions.sessions_of(db, request.user.holder_id, session_rules)
    return [
        MySession(
            row.number, row.made_at, row.last_used_at, row.expires_at, row.address, row.device, row.number == current
        )
        for row in rows
    ]


@delete("/me/sessions/{number:int}", guards=[is_official], tags=["me"], summary="End one of my sessions")
async def end_session(request: ByOfficial, number: NumberInPath, database: Database) -> None:
    """Somebody else's is not found. Phones that were made in it stay, until they are reported lost."""
    actor = request.user.actor
    async with audit.change(database, actor, "end_own_session", actor, {"session": number}) as change:
        if not await sessions.end(change.db, request.user.holder_id, number):
            raise Problem(NOT_FOUND, "session.none")


async def _who(ledger: Pool, keys: KeyRing, caller: Caller, session: sessions.Session | None) -> WhoIAm:
    agency = await ledger.fetchrow(QUERIES["agency"], caller.agency_id)
    sealed = await ledger.fetchval(QUERIES["name"], caller.book, caller.holder_id)
    assert agency is not None
    name = open_name(keys, caller.agency_id, caller.holder_id, sealed)
    return WhoIAm(
        caller.holder_id, caller.agency_id, agency["name_zh"], agency["name_en"], masked(name), caller.person_class,
        caller.credential_id, None if session is None else session.token.csrf_token,
        None if session is None else session.expires_at,
    )  # fmt: skip
