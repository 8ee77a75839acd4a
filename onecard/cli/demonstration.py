"""The demo city in a database, a played day and its checks."""

import asyncio
import fcntl
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path

import qrcode
import urllib3
from urllib3.exceptions import HTTPError, LocationValueError, NewConnectionError, URLSchemeUnknown

from demo.city import PASSWORD
from demo.console import PlayFailed
from demo.loader import load_demo_city
from demo.network import DemoNetwork
from demo.played_day import DayPlan, play_day
from foundation.keys import WrongKeyFile, load_keys
from onecard.cli.output import LANGUAGE, console, say, show_check
from onecard.embedded_servers import Services
from onecard.settings import Settings
from verification.history import check_history, read_history
from verification.invariants import verify_ledger

__all__ = ["LOG_INS", "PASSWORD", "DayPlan", "load_city", "play"]

START_WITHIN_S = 180.0
"""A busy machine takes long."""
ASK_FOR_S = 5.0
PHONE_OF = "yinzhou"
PHONE_HOLDS_FEN = 20_000
CASHIER_NAME = "陈收银"

LOG_INS = "centre, approver, auditor, supervisor, admin-yinzhou, finance-yinzhou, kitchen-yinzhou"


def load_city(settings: Settings) -> bool:
    """Load the demo city when the database is empty; True when it did."""
    keys = load_keys(settings.keys_folder)
    return asyncio.run(load_demo_city(settings.sqlalchemy_url, settings.calendar, keys, any_hour=settings.demo_hours))


def play(settings: Settings, plan: DayPlan, *, url: str | None, folder: Path | None) -> bool:
    """Play a day and check the ledger; True when everything holds. Raises PlayFailed."""
    folder = folder or settings.data_dir / "demo" / time.strftime("%Y%m%d-%H%M%S")
    with _system(settings, url) as running:
        folder.mkdir(parents=True, exist_ok=True)
        played = play_day(console, running, folder, plan, LANGUAGE)
        if not _is_ours(settings, played.centre_public_key):
            say("demo.elsewhere", url=running)
            return True
        with Services(settings).available() as ready:
            return asyncio.run(_check(ready, played.history))


def open_phone(settings: Settings, *, url: str | None) -> None:
    """Register an official of the demo city with money, and print the address that activates his phone.

    Raises PlayFailed.
    """
    running, network = _demo_network(settings, url)
    [diner] = network.register(PHONE_OF, 1)
    network.deposit("top-ups", [diner], PHONE_HOLDS_FEN)
    message = {"agency_id": network.agency_id(PHONE_OF), "holder_ids": [diner.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    address = f"{running}/phone/#activate={made['activation_id']}.{made['code']}"
    say("demo.phone", address=address, yuan=PHONE_HOLDS_FEN // 100)
    _draw(address)


def open_till(settings: Settings, *, url: str | None) -> None:
    """Make a slip for a till (two people) and a cashier, and print what a browser needs to become that till.

    Raises PlayFailed.
    """
    running, network = _demo_network(settings, url)
    [canteen_id, *_] = network.canteens(PHONE_OF)
    slip = network.slip(canteen_id)
    number = str(10**5 + secrets.randbelow(9 * 10**5))
    message = {"agency_id": network.agency_id(PHONE_OF), "number": number, "name": CASHIER_NAME}
    cashier = network.centre.call("POST", "/console/cashiers", message)
    enrolment = f"{slip.enrolment_id}.{slip.code}.{slip.centre_key}.{slip.centre_public_key}"
    address = f"{running}/till/#enrol={enrolment}"
    say("demo.till", address=address, number=number, pin=cashier["pin"])
    _draw(address)


def _demo_network(settings: Settings, url: str | None) -> tuple[str, DemoNetwork]:
    """The running demo city and its address. Raises PlayFailed when there is none."""
    running = url or f"http://{settings.host}:{settings.port}"
    if _look(running) is not _Seen.ANSWERS:
        raise PlayFailed("demo.nothing_there", url=running)
    return running, DemoNetwork(running, LANGUAGE)


def _draw(address: str) -> None:
    """Print an address as a QR code."""
    code = qrcode.QRCode(border=2)
    code.add_data(address)
    code.print_ascii(invert=True)


def _is_ours(settings: Settings, centre_public_key: bytes) -> bool:
    """Whether the day was played on the system of these settings: its address may have many names, its key is one."""
    try:
        return centre_public_key in load_keys(settings.keys_folder).every_centre_public_key
    except (OSError, WrongKeyFile):
        return False


async def _check(settings: Settings, history: Path) -> bool:
    """Print what does not hold, and the comparison with the terminals."""
    report = await verify_ledger(
        settings.needed_database_url, settings.statement_folder, load_keys(settings.keys_folder)
    )
    comparison = await check_history(settings.needed_database_url, read_history(history))
    broken = [check for check in report if not check.holds]
    for check in broken:
        show_check(check.name(LANGUAGE), check.figure(LANGUAGE), holds=False)
    say("demo.verified", holding=len(report) - len(broken), checks=len(report))
    for line in comparison.lines(LANGUAGE):
        console.print(line, markup=False)
    return not broken and comparison.holds


class _Seen(Enum):
    """What is found at the address of a system."""

    ANSWERS = auto()
    SILENT = auto()
    """Something takes connections and does not answer, or answers that it is not ready."""
    NOTHING = auto()


def _look(url: str) -> _Seen:
    """Ask a system for its health. Raises PlayFailed when another program answers."""
    try:
        with urllib3.PoolManager(retries=False, timeout=ASK_FOR_S) as http:
            status = http.request("GET", f"{url}/health").status
    except (NewConnectionError, LocationValueError, URLSchemeUnknown):
        return _Seen.NOTHING
    except HTTPError:
        return _Seen.SILENT
    if 300 <= status < 500:
        raise PlayFailed("demo.another_program", url=url, status=status)
    return _Seen.ANSWERS if status == 200 else _Seen.SILENT


def _is_starting(settings: Settings) -> bool:
    """Whether a system holds our data folder: it does not listen yet."""
    try:
        with (settings.data_dir / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _wait_for(url: str, goes_on: Callable[[], bool]) -> None:
    """Wait until a system answers, however busy the machine is. Raises PlayFailed."""
    give_up_at = time.monotonic() + START_WITHIN_S
    while _look(url) is not _Seen.ANSWERS:
        if not goes_on():
            raise PlayFailed("demo.does_not_start")
        if time.monotonic() > give_up_at:
            raise PlayFailed("demo.stays_silent", url=url, seconds=f"{START_WITHIN_S:.0f}")
        time.sleep(0.2)


@contextmanager
def _system(settings: Settings, url: str | None) -> Iterator[str]:
    """The URL of a running system: the one given, the one on our port, or one started for this command."""
    ours = url or f"http://{settings.host}:{settings.port}"
    seen = _look(ours)
    if seen is _Seen.NOTHING and url is not None:
        raise PlayFailed("demo.nothing_there", url=url)
    if seen is _Seen.NOTHING and not _is_starting(settings):
        with _started(ours):
            yield ours
        return
    if seen is not _Seen.ANSWERS:
        say("demo.waiting", url=ours, seconds=f"{START_WITHIN_S:.0f}")
        _wait_for(ours, lambda: True)
    yield ours


@contextmanager
def _started(url: str) -> Iterator[None]:
    """A system started for this command, and stopped at its end."""
    say("demo.starting", url=url)
    child = subprocess.Popen([sys.executable, "-m", "onecard", "run"], stdout=subprocess.DEVNULL)
    try:
        _wait_for(url, lambda: child.poll() is None)
        yield
    finally:
        child.terminate()
        child.wait()
