"""HTTP: signing in and out at the console, one's own sessions, password and second factor."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import State

from foundation.aside import Aside
from foundation.codes import picture
from foundation.keys import KeyRing
from foundation.messages import Numbered, NumberInPath
from foundation.postgres import Pool
from foundation.problems import INVALID, NOT_FOUND, NOT_SIGNED_IN, Problem
from foundation.request_log import address_of
from registry import access, audit, passkeys, second_factor, sessions, sign_ins
from registry.access import Person
from registry.audit import Change
from registry.console_schemas import (
    CodeMessage,
    CurrentSession,
    Ended,
    FactorConfirmed,
    FactorShown,
    FactorToConfirm,
    NewPasskey,
    PasskeyShown,
    PasskeySignIn,
    PasswordChange,
    Proof,
    PublicKeyOptions,
    RecoveryCodes,
    SecondStep,
    SessionShown,
    SignedIn,
    SignIn,
)
from registry.console_users import lock_user
from registry.models import ConsoleUser, Database
from registry.passwords import check_new_password, hash_password
from registry.roles import Role
from registry.second_factor import Way
from registry.sessions import Session, SessionKind, SessionRules, SignedOn
from registry.sign_on.providers import Providers
from registry.ways_in import somebody_stays

SIGN_IN_BYTES_MAX = 4_096
"""Login and password, in escapes too."""

PASSKEY_BYTES_MAX = 16_384
"""A key's attestation may have certificates."""

_PROOF = ("password", "ticket", "code", "credential")
PROOFS = ({"password"}, {"password", "code"}, {"ticket", "code"}, {"credential"})
"""What a proof has."""

Anybody = Request[Any, Any, Any]
SignedInRequest = Request[Person, Session, Any]


def caller_of(request: Anybody, keys: KeyRing, login: str) -> sign_ins.Caller:
    """Who tries to sign in, for the counts of tries."""
    return sign_ins.Caller(address_of(request), sign_ins.known_device(keys, login, request.cookies))


def signed_in_answer(
    request: Anybody, session: Session, user: ConsoleUser | Person, rules: SessionRules, *, has_factor: bool
) -> Response[SignedIn]:
    """The answer that carries a session's token, in its body or as a cookie."""
    body = _signed_in(session, user, rules, has_factor=has_factor)
    in_cookie = session.token.kind is SessionKind.COOKIE
    return Response(body, cookies=[sessions.cookie_of(request, session.token, rules)] if in_cookie else [])


def _signed_in(session: Session, user: ConsoleUser | Person, rules: SessionRules, *, has_factor: bool) -> SignedIn:
    token, role, in_cookie = session.token, Role(user.role), session.token.kind is SessionKind.COOKIE
    return SignedIn(
        None if in_cookie else token.value,
        role,
        user.agency_id,
        token.csrf_token if in_cookie else None,
        session.number,
        session.expires_at,
        role in rules.second_factor_roles and not has_factor,
    )


class SessionController(Controller):
    """Signing in and out at the console, and one's own sessions."""

    path = "/console/sessions"
    tags = ["console"]  # noqa: RUF012

    @post(summary="Sign in", request_max_body_size=SIGN_IN_BYTES_MAX)
    async def sign_in(
        self,
        request: Anybody,
        data: SignIn,
        database: Database,
        ledger: Pool,
        keys: KeyRing,
        passwords: Aside,
        session_rules: SessionRules,
    ) -> Response[SignedIn]:
        """Check login and password and open a session of 12 hours.

        Wrong tries make the next ones wait (429), except on a device that signed in before and kept its cookie.
        A browser asks for a cookie, over TLS or on the machine itself; such a session also ends after 30 minutes
        without a request. Who has a second factor sends its ``code``, too; else the answer is 401
        ``second-factor-needed`` with a ``ticket`` for ``POST /console/sessions/second-factor``.
        """
        if data.cookie:
            sessions.check_cookie_wanted(request)
        caller = caller_of(request, keys, data.login)
        checked = await sign_ins.check_password(passwords, ledger, caller, data.login, data.password)
        user_id, way = checked.user_id, None
        if await second_factor.is_confirmed(ledger, user_id):
            if data.code is None:
                async with database.begin() as db:
                    await access.user_to_sign_in(db, user_id, checked.new_hash)
                    needed = await sign_ins.code_needed(db, user_id, caller)
                raise needed
            way = await sign_ins.check_code(ledger, keys, caller, (user_id, data.login), data.code)
        entering = Entering(request, database, keys, session_rules, cookie=data.cookie)
        return await entering.enter(user_id, data.login, checked.failures, way, new_hash=checked.new_hash)

    @post("/second-factor", summary="Sign in: the second step", request_max_body_size=SIGN_IN_BYTES_MAX)
    async def second_step(
        self,
        request: Anybody,
        data: SecondStep,
        database: Database,
        ledger: Pool,
        keys: KeyRing,
        session_rules: SessionRules,
    ) -> Response[SignedIn]:
        """Check the code of the second factor, after the password, and open a session.

        A ticket counts for five minutes, once, and from the network to which it was given. A code counts once. Wrong
        codes make the next ones wait (429).
        """
        if data.cookie:
            sessions.check_cookie_wanted(request)
        async with database() as db:
            user = await sign_ins.holder_of(db, data.ticket, sign_ins.Caller(address_of(request)).network)
        caller = caller_of(request, keys, user.login)
        way = await sign_ins.check_code(ledger, keys, caller, (user.user_id, user.login), data.code)
        failures = await sign_ins.failures_of(ledger, user.user_id)
        entering = Entering(request, database, keys, session_rules, cookie=data.cookie)
        return await entering.enter(user.user_id, user.login, failures, way, ticket=data.ticket)

    @post("/passkey-challenge", summary="Begin to sign in with a passkey", status_code=200)
    async def passkey_challenge(self, keys: KeyRing, state: State) -> PublicKeyOptions:
        """What the page passes to ``navigator.credentials.get``; it counts for two minutes, once."""
        return PublicKeyOptions(passkeys.request_options(keys, _party(state)))

    @post("/passkey", summary="Sign in with a passkey", request_max_body_size=PASSKEY_BYTES_MAX)
    async def passkey_sign_in(
        self,
        request: Anybody,
        data: PasskeySignIn,
        database: Database,
        ledger: Pool,
        keys: KeyRing,
        session_rules: SessionRules,
        state: State,
    ) -> Response[SignedIn]:
        """In place of password and code: the device has made sure of its owner."""
        if data.cookie:
            sessions.check_cookie_wanted(request)
        async with database.begin() as db:
            user_id = await passkeys.sign_in(db, keys, _party(state), data.credential)
            login = (await db.get_one(ConsoleUser, user_id)).login
        failures = await sign_ins.failures_of(ledger, user_id)
        entering = Entering(request, database, keys, session_rules, cookie=data.cookie)
        return await entering.enter(user_id, login, failures, Way.PASSKEY)

    @get("/", guards=[access.signed_in], summary="List my sessions")
    async def list_sessions(
        self, request: SignedInRequest, database: Database, session_rules: SessionRules
    ) -> list[SessionShown]:
        """The sessions of the signed-in person that have not ended, the latest used first."""
        async with database() as db:
            rows = await sessions.sessions_of(db, request.user.user_id, session_rules)
        return [
            SessionShown(
                row.number, SessionKind(row.kind), row.made_at, row.last_used_at, row.expires_at, row.address,
                row.device, row.number == request.auth.number,
            )
            for row in rows
        ]  # fmt: skip

    @get("/current", guards=[access.signed_in], summary="Get my session")
    async def current(self, request: SignedInRequest) -> CurrentSession:
        """Who is signed in. A page that was loaded anew gets its ``csrf_token`` here."""
        person, session = request.user, request.auth
        csrf_token = session.token.csrf_token if session.token.kind is SessionKind.COOKIE else None
        return CurrentSession(
            person.login, person.role, person.agency_id, csrf_token, session.number, session.expires_at,
            session.proved_until, person.lacks_second_factor,
        )  # fmt: skip

    @post(
        "/current/proof",
        guards=[access.signed_in],
        summary="Show again who I am",
        request_max_body_size=PASSKEY_BYTES_MAX,
    )
    async def prove(
        self,
        request: SignedInRequest,
        data: Proof,
        database: Database,
        ledger: Pool,
        keys: KeyRing,
        passwords: Aside,
        session_rules: SessionRules,
        state: State,
    ) -> Response[SignedIn]:
        """Shows that the person is still at the screen, for 15 minutes. The session gets a new token.

        It needs what signing in needs: who has a second factor sends its ``code`` with the password; else the answer is
        401 ``second-factor-needed`` with a ``ticket``, which stands for the password in the next try. Wrong tries count
        like those of signing in. A passkey signs a challenge of ``POST /console/sessions/passkey-challenge``.
        """
        if {name for name in _PROOF if getattr(data, name) is not None} not in PROOFS:
            raise Problem(INVALID, "session.proof")
        person = request.user
        caller = caller_of(request, keys, person.login)
        user = (person.user_id, person.login)
        if data.credential is not None:
            async with database.begin() as db:
                await passkeys.prove(db, keys, _party(state), data.credential, person.user_id)
        elif data.ticket is not None and data.code is not None:
            async with database() as db:
                if (await sign_ins.holder_of(db, data.ticket, caller.network)).user_id != person.user_id:
                    raise Problem(NOT_SIGNED_IN, "session.ticket")
            await sign_ins.check_code(ledger, keys, caller, user, data.code)
        elif data.password is not None:
            await sign_ins.check_password(passwords, ledger, caller, person.login, data.password)
            if await second_factor.is_confirmed(ledger, person.user_id):
                if data.code is None:
                    async with database.begin() as db:
                        needed = await sign_ins.code_needed(db, person.user_id, caller)
                    raise needed
                await sign_ins.check_code(ledger, keys, caller, user, data.code)
        async with own_change(request, database, "prove") as change:
            if data.ticket is not None:
                await sign_ins.use_ticket(change.db, data.ticket)
            session = await sessions.renew(change.db, request.auth, session_rules)
        return signed_in_answer(request, session, person, session_rules, has_factor=not person.lacks_second_factor)

    @post(
        "/current/password",
        guards=[access.signed_in],
        summary="Change my password",
        request_max_body_size=SIGN_IN_BYTES_MAX,
    )
    async def change_password(
        self,
        request: SignedInRequest,
        data: PasswordChange,
        database: Database,
        ledger: Pool,
        keys: KeyRing,
        passwords: Aside,
        session_rules: SessionRules,
        state: State,
    ) -> Response[SignedIn]:
        """Needs the old password, and a fresh proof of who has a second factor.

        All other sessions end, and this one gets a new token.
        A password has 12 to 128 characters, whichever; it is none that is guessed first, nor a breached one.
        """
        person = request.user
        caller = caller_of(request, keys, person.login)
        if await second_factor.is_confirmed(ledger, person.user_id):
            request.auth.must_be_proved()
        await sign_ins.check_password(passwords, ledger, caller, person.login, data.old)
        if data.new == data.old:
            raise Problem(INVALID, "password.the_same")
        check_new_password(person.login, data.new, state.settings.breached_passwords)
        async with passwords.turn(caller.network, first=True):
            new_hash = await passwords.compute(hash_password, data.new)
        async with own_change(request, database, "change_password") as change:
            user = await change.db.get_one(ConsoleUser, person.user_id)
            user.password_hash = new_hash
            change.note.detail = {"ended": await sessions.end_sessions(change.db, user.user_id, but=request.auth)}
            session = await sessions.renew(change.db, request.auth, session_rules)
        return signed_in_answer(request, session, person, session_rules, has_factor=not person.lacks_second_factor)

    @delete("/current", summary="Sign out")
    async def sign_out(self, request: Anybody, database: Database) -> Response[None]:
        """End the session of this request; signing out twice is harmless."""
        token = sessions.token_of(request)
        sessions.check_origin(request, token)
        async with audit.change(database, "", "sign_out") as change:
            user_id = await sessions.end_by_token(change.db, token)
            change.is_repeat = user_id is None
            if user_id is not None:
                user = await change.db.get_one(ConsoleUser, user_id)
                change.note.actor, change.note.subject = user.login, f"console_user/{user_id}"
        gone = [sessions.no_cookie(request)] if token.kind is SessionKind.COOKIE else []
        return Response(None, status_code=204, cookies=gone)

    @delete("/{number:int}", guards=[access.signed_in], summary="End one of my sessions")
    async def end_one(self, request: SignedInRequest, number: NumberInPath, database: Database) -> None:
        """Somebody else's session is not found."""
        async with own_change(request, database, "end_session") as change:
            if not await sessions.end_sessions(change.db, request.user.user_id, number=number):
                raise Problem(NOT_FOUND, "session.none")
            change.note.detail = {"session": number}

    @delete("/", guards=[access.signed_in], summary="End my other sessions", status_code=200)
    async def end_others(self, request: SignedInRequest, database: Database) -> Ended:
        """All but the one of this request."""
        async with own_change(request, database, "end_sessions") as change:
            ended = await sessions.end_sessions(change.db, request.user.user_id, but=request.auth)
            change.note.detail = {"sessions": ended}
        return Ended(len(ended))


@dataclass(frozen=True, slots=True)
class Entering:
    """The last step of signing in: the session, and the cookie by which the device is known again."""

    request: Anybody
    database: Database
    keys: KeyRing
    rules: SessionRules
    cookie: bool

    async def enter(
        self,
        user_id: int,
        login: str,
        failures: int,
        way: Way | None,
        *,
        new_hash: str | None = None,
        ticket: str = "",
        by: SignedOn | None = None,
    ) -> Response[SignedIn]:
        """Open the session of somebody who has shown who he is; ``by``: at a provider."""
        kind = SessionKind.COOKIE if self.cookie else SessionKind.BEARER
        detail = {"failed_before": failures, "session": kind.value} | ({"second_factor": way.value} if way else {})
        async with audit.change(self.database, login, "sign_in", f"console_user/{user_id}", detail) as change:
            if ticket:
                by = await sign_ins.use_ticket(change.db, ticket)
            user = await access.user_to_sign_in(change.db, user_id, new_hash)
            session = await sessions.open_session(change.db, self.request, user_id, kind, self.rules, by)
            if by is not None:
                change.note.detail |= {"identity": by.identity_id}
        answer = signed_in_answer(self.request, session, user, self.rules, has_factor=way is not None)
        answer.set_cookie(
            key=sign_ins.cookie_name(login),
            path="/console/sessions",
            value=sign_ins.new_device(self.keys, login),
            max_age=sign_ins.DEVICE_LIFE_S,
            secure=self.request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer


class SecondFactorController(Controller):
    """One's own second factor."""

    path = "/console/second-factor"
    tags = ["console"]  # noqa: RUF012

    @get("/", guards=[access.signed_in], summary="Get my second factor")
    async def show(self, request: SignedInRequest, database: Database, session_rules: SessionRules) -> FactorShown:
        """Whether there is one, how many recovery codes are left, and whether the role needs one."""
        async with database() as db:
            confirmed_at, left = await second_factor.state_of(db, request.user.user_id)
        return FactorShown(confirmed_at, left, request.user.role in session_rules.second_factor_roles)

    @post("/", guards=[access.signed_in], summary="Begin to set up my second factor")
    async def enrol(
        self, request: SignedInRequest, database: Database, keys: KeyRing, documents: Aside
    ) -> FactorToConfirm:
        """Needs a password of the last 15 minutes, in every kind of session. It counts once it is confirmed."""
        request.auth.must_be_proved()
        person = request.user
        async with own_change(request, database, "enrol_second_factor") as change:
            secret, uri = await second_factor.enrol(change.db, keys, person.user_id, person.login)
        drawn = await documents.run(picture, uri, caller=person.login)
        return FactorToConfirm(secret, uri, drawn.decode())

    @post("/confirmation", guards=[access.signed_in], summary="Confirm my second factor")
    async def confirm(
        self,
        request: SignedInRequest,
        data: CodeMessage,
        database: Database,
        ledger: Pool,
        keys: KeyRing,
        session_rules: SessionRules,
    ) -> Response[FactorConfirmed]:
        """With a first code of the application. Other sessions end: they were opened without it."""
        person = request.user
        await self._check(request, ledger, keys, data, confirmed=False)
        async with own_change(request, database, "confirm_second_factor") as change:
            codes = await second_factor.confirm(change.db, person.user_id)
            await sessions.end_sessions(change.db, person.user_id, but=request.auth)
            session = await sessions.renew(change.db, request.auth, session_rules)
        body = FactorConfirmed(codes, _signed_in(session, person, session_rules, has_factor=True))
        in_cookie = session.token.kind is SessionKind.COOKIE
        cookies = [sessions.cookie_of(request, session.token, session_rules)] if in_cookie else []
        return Response(body, cookies=cookies)

    @post("/recovery-codes", guards=[access.signed_in], summary="Get new recovery codes")
    async def renew_recovery_codes(
        self, request: SignedInRequest, data: CodeMessage, database: Database, ledger: Pool, keys: KeyRing
    ) -> RecoveryCodes:
        """Ten new ones in place of all before."""
        await self._check(request, ledger, keys, data)
        async with own_change(request, database, "renew_recovery_codes") as change:
            return RecoveryCodes(await second_factor.renew_recovery_codes(change.db, request.user.user_id))

    @post("/removal", guards=[access.signed_in], summary="Remove my second factor", status_code=204)
    async def remove(
        self,
        request: SignedInRequest,
        data: CodeMessage,
        database: Database,
        ledger: Pool,
        keys: KeyRing,
        sign_on: Providers,
    ) -> None:
        """With a code of it, or a recovery code."""
        await self._check(request, ledger, keys, data)
        async with own_change(request, database, "remove_second_factor") as change:
            user = await lock_user(change.db, request.user.user_id)
            async with somebody_stays(change.db, user.role, sign_on.names):
                await second_factor.remove(change.db, user.user_id)

    async def _check(
        self, request: SignedInRequest, ledger: Pool, keys: KeyRing, data: CodeMessage, *, confirmed: bool = True
    ) -> None:
        person = request.user
        caller = caller_of(request, keys, person.login)
        user = (person.user_id, person.login)
        await sign_ins.check_code(ledger, keys, caller, user, data.code, confirmed=confirmed)


class PasskeyController(Controller):
    """One's own passkeys."""

    path = "/console/passkeys"
    tags = ["console"]  # noqa: RUF012

    @get("/", guards=[access.signed_in], summary="List my passkeys")
    async def list_passkeys(self, request: SignedInRequest, database: Database) -> list[PasskeyShown]:
        """The oldest first."""
        async with database() as db:
            rows = await passkeys.passkeys_of(db, request.user.user_id)
        return [PasskeyShown(row.passkey_id, row.name, row.made_at, row.last_used_at) for row in rows]

    @post("/challenge", guards=[access.signed_in], summary="Begin to add a passkey", status_code=200)
    async def challenge(
        self, request: SignedInRequest, database: Database, keys: KeyRing, state: State
    ) -> PublicKeyOptions:
        """What the page passes to ``navigator.credentials.create``. Needs a second factor, and a fresh proof."""
        request.auth.must_be_proved()
        person = request.user
        async with database() as db:
            options = await passkeys.creation_options(db, keys, _party(state), person.user_id, person.login)
        return PublicKeyOptions(options)

    @post("/", guards=[access.signed_in], summary="Add a passkey", request_max_body_size=PASSKEY_BYTES_MAX)
    async def add(
        self, request: SignedInRequest, data: NewPasskey, database: Database, keys: KeyRing, state: State
    ) -> Numbered:
        """The key that the device has made for the challenge of this person."""
        request.auth.must_be_proved()
        async with own_change(request, database, "add_passkey") as change:
            user_id = request.user.user_id
            made = await passkeys.register(change.db, keys, _party(state), user_id, data.credential, data.name)
            change.note.detail = {"passkey": made.passkey_id}
        return Numbered(made.passkey_id)

    @delete("/{number:int}", guards=[access.signed_in], summary="Remove one of my passkeys")
    async def remove(
        self, request: SignedInRequest, number: NumberInPath, database: Database, sign_on: Providers
    ) -> None:
        """Needs a fresh proof. Somebody else's is not found."""
        request.auth.must_be_proved()
        async with own_change(request, database, "remove_passkey") as change:
            user = await lock_user(change.db, request.user.user_id)
            async with somebody_stays(change.db, user.role, sign_on.names):
                await passkeys.remove(change.db, user.user_id, number)
            change.note.detail = {"passkey": number}


def _party(state: State) -> passkeys.RelyingParty:
    return passkeys.RelyingParty.of(state.settings.own_url)


def own_change(request: SignedInRequest, database: Database, action: str) -> AbstractAsyncContextManager[Change]:
    """A person's change to his own way of signing in."""
    return audit.change(database, request.user.login, action, f"console_user/{request.user.user_id}")
