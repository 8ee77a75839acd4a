"""Behind a trusted proxy, as in production: everything works, and each client has a budget of his own."""

import json
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path

import pytest
import urllib3

from demo.city import PASSWORD
from terminals.client import Terminal
from terminals.phone import ask_for_holder
from tests.builders import Network
from tests.front_proxy import FrontProxy, front_of
from tests.running_system import Person, System


@pytest.fixture(scope="module")
def proxied(scratch: Path) -> Iterator[System]:
    """A system that believes a proxy on this machine, with low limits."""
    folder = scratch / "proxied"
    folder.mkdir()
    system = System(folder, workers="1", trusted_proxies="127.0.0.1", requests_per_address_per_s="5")
    system.start(within_s=180)
    yield system
    system.abandon()


@pytest.fixture(scope="module")
def network(proxied: System) -> Network:
    return Network(proxied)


@pytest.fixture
def front(proxied: System) -> Iterator[FrontProxy]:
    with front_of(proxied) as proxy:
        yield proxy


@pytest.mark.parametrize("path", ["/health/live", "/", "/sign-on", "/static/session.css", "/public/canteens"])
def test_pages_are_shown(front: FrontProxy, path: str) -> None:
    assert urllib3.request("GET", front.url + path, retries=False, timeout=60).status in (200, 404)


def test_people_devices_and_officials_are_served(front: FrontProxy, network: Network, tmp_path: Path) -> None:
    person = Person(front.url, "centre")
    assert person.call("GET", "/console/sessions/current")["login"] == "centre"
    official = network.official()
    till, card, phone = network.terminal(tmp_path, url=front.url), network.card(official), network.phone(official)
    assert till.charge_card(card, "lunch").outcome == "approved"
    till.refresh_parameters()
    assert ask_for_holder(front.url, phone, "GET", "/me")["holder_id"] == official.holder_id


def test_a_browser_signs_in_over_the_proxys_tls(proxied: System) -> None:
    with front_of(proxied, scheme="https") as front:
        body = json.dumps({"login": "centre", "password": PASSWORD, "cookie": True}).encode()
        origin = f"https://127.0.0.1:{front.port}"
        headers = {"content-type": "application/json", "origin": origin}
        answer = urllib3.request("POST", f"{front.url}/console/sessions", body=body, headers=headers, timeout=60)
    assert answer.status == 201
    assert answer.headers["set-cookie"].startswith("__Host-onecard-session=")


def test_who_is_named_by_the_proxy_is_who_signed_in(front: FrontProxy) -> None:
    front.client = "198.51.100.7"
    person = Person(front.url, "centre")
    [session] = [one for one in person.call("GET", "/console/sessions") if one["current"]]
    assert session["address"] == "198.51.100.7"


class Flood:
    """Strangers of some addresses, who ask without end."""

    def __init__(self, front: FrontProxy, addresses: Sequence[str], path: str, **headers: str) -> None:
        self._front, self._addresses, self._path, self._headers = front, cycle(addresses), path, headers
        self._count = len(addresses)
        self._connection = HTTPConnection("127.0.0.1", front.port, timeout=60)

    def ask(self, count: int) -> list[int]:
        """So many requests as fast as they are answered; their statuses."""
        statuses = []
        for _ in range(count):
            self._front.client = next(self._addresses)
            self._connection.request("GET", self._path, headers=self._headers)
            answer = self._connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        return statuses

    def rise(self) -> None:
        """Ask until most are turned away."""
        for _ in range(100):
            if 2 * self.ask(self._count).count(429) > self._count:
                return
        pytest.fail("nobody stops them")


OF_ONE_SUBSCRIBER = [f"2001:db8::{n:x}" for n in range(1, 200)]
OF_MANY = [f"198.18.{n}.1" for n in range(20)]
MADE_UP = {"cookie": "onecard-session-me=made-up"}


def test_a_subscriber_uses_up_his_own_budget(front: FrontProxy, proxied: System) -> None:
    Flood(front, OF_ONE_SUBSCRIBER, "/health/live").rise()
    with front_of(proxied) as other:
        other.client = "2001:db8:0:1::1"
        assert urllib3.request("GET", f"{other.url}/health/live", timeout=60).status == 200


@pytest.mark.parametrize("headers", [{}, MADE_UP], ids=["without a token", "with one that is made up"])
def test_strangers_starve_nobody(
    front: FrontProxy, proxied: System, network: Network, tmp_path: Path, headers: dict[str, str]
) -> None:
    """Neither who was here before, nor who comes anew to report a loss or to sign on."""
    official = network.official()
    card, phone = network.card(official), network.phone(official)
    slips = [network.slip() for _ in range(2)]
    flood = Flood(front, OF_MANY, "/me", **headers)
    with front_of(proxied) as other:
        other.client = "203.0.113.77"
        person = Person(other.url, "centre")
        assert person.call("GET", "/console/sessions/current")["login"] == "centre"
        flood.rise()
        for n in range(5):
            flood.ask(40)
            assert person.call("GET", "/console/sessions/current")["login"] == "centre"
            other.client = f"203.0.113.{80 + n}"
            [mine] = [
                one for one in ask_for_holder(other.url, phone, "GET", "/me/credentials") if one["kind"] == "card"
            ]
            other.client = "203.0.113.77"
        flood.ask(40)
        lost = {"reason": "lost"}
        ask_for_holder(other.url, phone, "POST", f"/me/credentials/{mine['credential_id']}/loss", lost)
        for slip in slips:
            flood.ask(40)
            till = Terminal.enrol(other.url, slip, tmp_path / str(slip.enrolment_id))
            till.sign_on()
            assert till.charge_card(card, "lunch").outcome == "refused"
