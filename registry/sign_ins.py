"""Signing in: who guesses waits longer each time, and who is right gets in whatever others try.

Tries are counted in PostgreSQL by login and address together, by login, by address, and over all strangers; past the
free ones each next try waits twice as long. A device on which the login's owner signed in before has a cookie, and its
tries are counted apart (OWASP: slow down online guessing attacks with device cookies). Passwords are checked outside
any transaction, one at a time on the machine (``foundation.aside``).

Codes of a second factor are counted in the same way under names of their own: a right password must not make wrong
codes forgotten. Between password and code a ticket stands for the password: once, for five minutes, from one network.
"""

import hashlib
import hmac
import math
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from argon2.exceptions import VerificationError
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.addresses import network_of
from foundation.aside import RETRY_AFTER_S, Aside
from foundation.keys import KeyRing
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import NOT_SIGNED_IN, TOO_MANY_TRIES, UNAVAILABLE, WRONG_PASSWORD, Problem
from registry.errors import SECOND_FACTOR_NEEDED, WRONG_CODE
from registry.models import ConsoleUser, SignInTicket
from registry.passwords import UNKNOWN_USER, hash_password, is_dated, is_right
from registry.second_factor import Way, lock_factor, use_code
from registry.sessions import SignedOn

log = structlog.get_logger()

QUERIES = load_queries(Path(__file__).parent / "sql" / "sign_ins.sql")

DEVICE_LIFE_S = 365 * 86_400
FAILURES_KEPT = 100_000
"""Records of wrong tries; about 10 MB."""


@dataclass(frozen=True, slots=True)
class Limit:
    """``free`` tries without waiting, then 1, 2, 4 ... seconds between them, up to ``longest_s``."""

    free: int
    longest_s: float


PAIR = Limit(5, 900)
"""One login from one address: a person needs three tries."""
LOGIN = Limit(50, 30)
"""One login from all unknown devices: at most 3,000 guesses a day, and its owner waits half a minute at most."""
ADDRESS = Limit(20, 120)
"""All logins from one address, such as an office behind one router."""
STRANGERS = Limit(300, 2)
"""All unknown devices together."""
DEVICE = Limit(10, 900)
"""A known device, which may have been stolen."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who tries: the network address, and the device's cookie for this login when it is genuine."""

    address: str
    device: str | None = None

    @property
    def network(self) -> str:
        """The address, or of IPv6 the /64 network, which one subscriber has."""
        return network_of(self.address)


@dataclass(frozen=True, slots=True)
class Checked:
    """A right password: whose, a hash to store in place of a dated one, and the wrong tries of the last day."""

    user_id: int
    new_hash: str | None
    failures: int


async def check_password(passwords: Aside, ledger: Pool, caller: Caller, login: str, password: str) -> Checked:
    """Check a login's password.

    Raises Problem WRONG_PASSWORD, TOO_MANY_TRIES, or UNAVAILABLE (too many at once, or no memory to check it). An
    unknown login takes as long as a wrong password.
    """
    limits = _limits(caller, login)
    async with passwords.turn(caller.network, first=caller.device is not None):
        paces = zip(*((limit.free, limit.longest_s) for limit in limits.values()), strict=True)
        wait_s = await ledger.fetchval(QUERIES["count_try"], list(limits), *paces)
        if wait_s > 0:
            raise Problem(TOO_MANY_TRIES, retry_after_s=math.ceil(wait_s))
        user = await ledger.fetchrow(QUERIES["user_of_login"], login)
        known_hash = UNKNOWN_USER if user is None else user["password_hash"]
        try:
            right = await passwords.compute(is_right, known_hash, password)
            new_hash = await passwords.compute(hash_password, password) if right and is_dated(known_hash) else None
        except VerificationError as error:
            log.warning("password_not_checked", error=repr(error))
            raise Problem(UNAVAILABLE, retry_after_s=RETRY_AFTER_S) from None
    if user is None or not right:
        user_id = user and user["user_id"]
        await ledger.execute(
            QUERIES["record_failure"], user_id, caller.address, caller.device is not None, FAILURES_KEPT
        )
        raise Problem(WRONG_PASSWORD)
    await ledger.execute(QUERIES["uncount_try"], list(limits), next(iter(limits)))
    return Checked(user["user_id"], new_hash, await failures_of(ledger, user["user_id"]))


async def check_secret(
    ledger: Pool, caller: Caller, login: str, find: Callable[[], Awaitable[ConsoleUser | None]]
) -> ConsoleUser:
    """The machine that ``find`` knows by its secret. Raises Problem WRONG_PASSWORD, TOO_MANY_TRIES.

    A secret is too long to be guessed: tries are counted by login and address, so that strangers who try keep no
    machine elsewhere waiting.
    """
    limits = {_name("machine", login, caller.network): PAIR, _name("machines", caller.network): ADDRESS}
    paces = zip(*((limit.free, limit.longest_s) for limit in limits.values()), strict=True)
    wait_s = await ledger.fetchval(QUERIES["count_try"], list(limits), *paces)
    if wait_s > 0:
        raise Problem(TOO_MANY_TRIES, retry_after_s=math.ceil(wait_s))
    user = await find()
    if user is None:
        await ledger.execute(QUERIES["record_failure"], None, caller.address, False, FAILURES_KEPT)
        raise Problem(WRONG_PASSWORD, "machine.wrong")
    await ledger.execute(QUERIES["uncount_try"], list(limits), next(iter(limits)))
    return user


CODE_LOGIN = Limit(20, 300)
"""Codes of one login from all unknown devices. At one in five minutes three codes in a million count: a guesser who
has the password already needs three years for an even chance."""

TICKET_LIFE = timedelta(minutes=5)


async def check_code(
    ledger: Pool, keys: KeyRing, caller: Caller, user: tuple[int, str], code: str, *, confirmed: bool = True
) -> Way:
    """Use up a code of the second factor of a user (number, login).

    Raises Problem WRONG_CODE or TOO_MANY_TRIES. ``confirmed=False``: of a factor that is being set up.
    """
    user_id, login = user
    limits = _code_limits(caller, login)
    paces = zip(*((limit.free, limit.longest_s) for limit in limits.values()), strict=True)
    # What is counted must be committed, so nothing is raised inside.
    async with ledger.acquire() as connection, connection.transaction():
        await lock_factor(connection, user_id)
        wait_s = await connection.fetchval(QUERIES["count_try"], list(limits), *paces)
        way = None
        if wait_s <= 0:
            way = await use_code(connection, keys, user_id, code, confirmed=confirmed)
            if way is None:
                known = caller.device is not None
                await connection.execute(QUERIES["record_failure"], user_id, caller.address, known, FAILURES_KEPT)
            else:
                await connection.execute(QUERIES["uncount_try"], list(limits), next(iter(limits)))
    if wait_s > 0:
        raise Problem(TOO_MANY_TRIES, retry_after_s=math.ceil(wait_s))
    if way is None:
        raise Problem(WRONG_CODE)
    return way


async def failures_of(ledger: Pool, user_id: int) -> int:
    """A user's wrong tries of the last day."""
    return int(await ledger.fetchval(QUERIES["failures_of"], user_id))


async def give_ticket(db: AsyncSession, user_id: int, caller: Caller, by: SignedOn | None = None) -> str:
    """What stands for a right password, or a sign-on, until the code follows. Those that have ended make room."""
    ticket, now = secrets.token_urlsafe(32), datetime.now(UTC)
    await db.execute(delete(SignInTicket).where(SignInTicket.expires_at < now))
    db.add(
        SignInTicket(
            ticket_hash=_ticket_hash(ticket),
            user_id=user_id,
            network=caller.network,
            expires_at=now + TICKET_LIFE,
            identity_id=by and by.identity_id,
            provider_session=by and by.provider_session,
        )
    )
    return ticket


async def code_needed(db: AsyncSession, user_id: int, caller: Caller, by: SignedOn | None = None) -> Problem:
    """What is raised, after the transaction, to somebody who has yet to show his second factor; it has a ticket."""
    needed = Problem(SECOND_FACTOR_NEEDED)
    needed.extension = {"ticket": await give_ticket(db, user_id, caller, by)}
    return needed


async def holder_of(db: AsyncSession, ticket: str, network: str) -> ConsoleUser:
    """Whose ticket it is. Raises Problem(NOT_SIGNED_IN) when it is unknown, used, expired, or of another network."""
    user = await db.scalar(
        select(ConsoleUser)
        .join(SignInTicket, SignInTicket.user_id == ConsoleUser.user_id)
        .where(
            SignInTicket.ticket_hash == _ticket_hash(ticket),
            SignInTicket.network == network,
            SignInTicket.expires_at > datetime.now(UTC),
        )
    )
    if user is None:
        raise Problem(NOT_SIGNED_IN, "session.ticket")
    return user


async def use_ticket(db: AsyncSession, ticket: str) -> SignedOn | None:
    """Use a ticket up; the sign-on that it stands for. Raises Problem(NOT_SIGNED_IN) when it has been already.

    The code of the second factor has been entered now.
    """
    used = delete(SignInTicket).where(SignInTicket.ticket_hash == _ticket_hash(ticket)).returning(SignInTicket)
    found = await db.scalar(used)
    if found is None:
        raise Problem(NOT_SIGNED_IN, "session.ticket")
    if found.identity_id is None:
        return None
    return SignedOn(found.identity_id, found.provider_session, datetime.now(UTC))


def _ticket_hash(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()


def _code_limits(caller: Caller, login: str) -> dict[bytes, Limit]:
    if caller.device is not None:
        return {_name("code of device", login, caller.device): DEVICE}
    return {
        _name("code of pair", login, caller.network): PAIR,
        _name("code of login", login): CODE_LOGIN,
    }


def _limits(caller: Caller, login: str) -> dict[bytes, Limit]:
    """The names under which a try is counted, the caller's own first. Hashed: people type passwords as logins."""
    if caller.device is not None:
        return {_name("device", login, caller.device): DEVICE}
    return {
        _name("pair", login, caller.network): PAIR,
        _name("login", login): LOGIN,
        _name("address", caller.network): ADDRESS,
        _name("strangers"): STRANGERS,
    }


def _name(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()[:16]


def cookie_name(login: str) -> str:
    """The name of a login's device cookie: several people may share a device."""
    return f"onecard-device-{hashlib.sha256(login.encode()).hexdigest()[:12]}"


def new_device(keys: KeyRing, login: str) -> str:
    """A device cookie's value: number, end, HMAC-SHA256."""
    value = f"{secrets.token_hex(12)}.{int(time.time()) + DEVICE_LIFE_S}"
    return f"{value}.{keys.device_mac(login, value)}"


def known_device(keys: KeyRing, login: str, cookies: Mapping[str, str]) -> str | None:
    """The number of the device if its cookie for this login is genuine and has not ended."""
    value, _, mac = cookies.get(cookie_name(login), "").rpartition(".")
    number, _, ends_at = value.partition(".")
    if not hmac.compare_digest(mac.encode(), keys.device_mac(login, value).encode()):
        return None
    return number if int(ends_at) > time.time() else None
