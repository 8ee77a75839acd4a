"""What commands need to run: the settings, the database and Redis, a pool; every failure becomes one line."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import asyncpg
import psycopg
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from foundation.catalogue import Explained
from foundation.keys import load_keys
from foundation.logs import configure_logs
from foundation.postgres import LOST_CONNECTION, SERVER_SETTINGS, UNABLE, Pool, open_pool
from foundation.problems import Problem
from onecard.cli.output import LANGUAGE, fail, fail_with, text
from onecard.embedded_servers import Services
from onecard.settings import Settings

if TYPE_CHECKING:
    from registry.models import Database

T = TypeVar("T")

CONNECT_WITHIN_S = 5

_WRONG_SETTINGS = {
    "int_parsing": "onecard.setting.not_an_integer",
    "float_parsing": "onecard.setting.not_a_number",
    "bool_parsing": "onecard.setting.not_a_boolean",
    "time_parsing": "onecard.setting.not_a_time",
    "greater_than": "onecard.setting.too_small",
    "greater_than_equal": "onecard.setting.too_small",
    "less_than_equal": "onecard.setting.too_large",
    "literal_error": "onecard.setting.not_a_choice",
    "string_pattern_mismatch": "onecard.setting.not_a_url",
}
"""Pydantic's types of error -> messages."""

_URLS = {
    "database_url": "postgresql://…",
    "database_owner_url": "postgresql://…",
    "redis_url": "redis://…, rediss://…, unix://…",
    "audit_syslog": "udp://HOST:PORT, tcp://HOST:PORT, unix://PATH",
    "public_url": "https://HOST",
    "gateway_url": "https://HOST",
}
"""How a setting that is a URL begins."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

_FILE_ERRORS: tuple[tuple[type[OSError], str], ...] = (
    (FileNotFoundError, "onecard.file.missing"),
    (PermissionError, "onecard.file.forbidden"),
    (IsADirectoryError, "onecard.file.a_folder"),
)


def read_settings() -> Settings:
    """The settings; a wrong one ends the command."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        fail("onecard.setting", name=f"ONECARD_{first['loc'][0]}".upper(), problem=_what_is_wrong(first))


def _what_is_wrong(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    choices = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
    limit = next((context[name] for name in ("ge", "gt", "le") if name in context), "")
    form = _URLS.get(str(error["loc"][0]), "")
    return text(_WRONG_SETTINGS.get(error["type"], "onecard.setting.wrong"), choices=choices, limit=limit, form=form)


def external_settings(*, redis: bool = False) -> Settings:
    """The settings of a part that runs on external servers alone; ``redis``: on Redis, too."""
    settings = read_settings()
    if redis and not (settings.database_url and settings.redis_url):
        fail("onecard.setting.urls_missing")
    if not settings.database_url:
        fail("onecard.setting.database_url_missing")
    configure_logs(json=settings.log_json)
    return settings


def check_connection(settings: Settings) -> None:
    """Look whether an external database can be reached, before anything else is done; ends the command if not."""
    if settings.database_url is None:
        return
    try:
        psycopg.connect(settings.database_url, connect_timeout=CONNECT_WITHIN_S).close()
    except (psycopg.OperationalError, psycopg.ProgrammingError):
        fail("onecard.database.unreachable")


def check_database(settings: Settings) -> None:
    """Look whether an external database can be reached and has our tables; ends the command if not."""
    check_connection(settings)
    with psycopg.connect(settings.needed_database_url, connect_timeout=CONNECT_WITHIN_S) as db:
        db.execute("SELECT FROM book_day LIMIT 1")


@contextmanager
def failures_as_one_line() -> Iterator[None]:
    """Turn what can go wrong around a command into one line and exit code 1."""
    try:
        yield
    except Problem as problem:
        fail_with(problem.detail(LANGUAGE))
    except Explained as error:
        fail_with(error.text(LANGUAGE))
    except Exception as error:
        _explain(_of_driver(error), error)


def _of_driver(error: Exception) -> BaseException:
    """What the database's driver said, where SQLAlchemy raised. It is not imported here: few commands need it."""
    said = getattr(error, "orig", None)
    return said.__cause__ or said if isinstance(said, BaseException) else error


_NO_TABLES = (asyncpg.UndefinedTableError, psycopg.errors.UndefinedTable)
_UNABLE = (*UNABLE, psycopg.errors.DiskFull, psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.IoError)


def _explain(error: BaseException, raised: Exception) -> NoReturn:
    """End the command because of the database; what is an error of ours stays one."""
    if isinstance(error, _NO_TABLES):
        fail("onecard.database.empty")
    if isinstance(error, _UNABLE):
        fail("onecard.database.unable")
    if isinstance(error, (psycopg.OperationalError, *LOST_CONNECTION)):
        fail_for(error)
    raise raised


def fail_for(error: BaseException, path: Path | None = None) -> NoReturn:
    """End the command because a file cannot be used, or the database cannot be reached."""
    name = path or getattr(error, "filename", None)
    if name is None:
        fail("onecard.database.unreachable")
    for kind, message_id in _FILE_ERRORS:
        if isinstance(error, kind):
            fail(message_id, file=name)
    fail("onecard.file.unusable", file=name)


@contextmanager
def services() -> Iterator[Settings]:
    """The servers of a running system, or started for this command."""
    from registry import audit

    settings = read_settings()
    configure_logs(json=settings.log_json)
    check_connection(settings)
    with failures_as_one_line(), Services(settings).available() as ready:
        if (ready.keys_folder / "wrapping_key").exists():
            audit.use_key(load_keys(ready.keys_folder).audit_key)
        yield ready


def on_ledger(settings: Settings, work: Callable[[Pool], Awaitable[T]], *, connections: int = 2) -> T:
    """Run work on a pool of its own."""

    async def run() -> T:
        pool = await open_pool(settings.needed_database_url, size=connections)
        try:
            return await work(pool)
        finally:
            await pool.close()

    return asyncio.run(run())


def with_database(settings: Settings, work: Callable[["Database", Pool], Awaitable[T]]) -> T:
    """Run work that changes what people answer for: on database sessions, and on a pool of its own."""
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

    async def run() -> T:
        engine = create_async_engine(settings.sqlalchemy_url, connect_args={"server_settings": SERVER_SETTINGS})
        pool = await open_pool(settings.needed_database_url, size=2)
        try:
            return await work(async_sessionmaker(engine, expire_on_commit=False), pool)
        finally:
            await pool.close()
            await engine.dispose()

    return asyncio.run(run())


def read_file(path: Path) -> bytes:
    """The content of a file that the caller named."""
    try:
        return path.read_bytes()
    except OSError as error:
        fail_for(error, path)


def parse_url(given: str, option: str) -> str:
    """The address of a system that the caller gave, without a last slash."""
    from urllib3.exceptions import LocationParseError
    from urllib3.util import parse_url as parts_of

    try:
        parts = parts_of(given)
    except LocationParseError:
        fail("onecard.not_a_url", name=option)
    if parts.scheme not in ("http", "https") or not parts.host or parts.query or parts.fragment:
        fail("onecard.not_a_url", name=option)
    return given.rstrip("/")


def parse_date(given: str) -> date:
    """A date that the caller gave."""
    if not _DATE.fullmatch(given):
        fail("onecard.not_a_date", given=given)
    try:
        return date.fromisoformat(given)
    except ValueError:
        fail("onecard.no_such_date", given=given)
