"""Who may ask how often while nothing shows who he is: by address, by kind, and the least first."""

from itertools import count

import pytest

from foundation.rates import BURST_S
from terminals.connection_limits import ALL_TO_EACH, ConnectionLimits, Kind

A_SECOND = 5.0
EACH = int(A_SECOND * BURST_S)
TOGETHER = EACH * ALL_TO_EACH


def limits() -> ConnectionLimits:
    return ConnectionLimits(strangers_max=10, each_max=10, requests_a_second=A_SECOND)


def asked(by: ConnectionLimits, addresses: list[str], kind: Kind = Kind.OTHER, times: int = 3 * TOGETHER) -> int:
    """How many requests are let in, of so many from each address in turn."""
    return sum(by.allow(address, kind) for _ in range(times) for address in addresses)


@pytest.mark.parametrize(
    "addresses",
    [["192.0.2.1"], ["2001:db8::1", "2001:db8::2"], ["192.0.2.1", "::ffff:192.0.2.1"]],
    ids=["an address", "a network of IPv6", "an address in both spellings"],
)
def test_one_subscriber_has_one_budget(addresses: list[str]) -> None:
    assert EACH <= asked(limits(), addresses) < 2 * EACH


def test_clients_of_ipv4_on_a_socket_of_ipv6_are_not_one() -> None:
    together = limits()
    asked(together, ["::ffff:192.0.2.1"])
    assert together.allow("::ffff:192.0.2.2", Kind.OTHER)


def test_who_asks_least_is_served_while_others_ask_without_end() -> None:
    together = limits()
    asked(together, [f"192.0.2.{n}" for n in range(1, 20)])
    assert together.allow("198.51.100.1", Kind.OTHER)
    assert not together.allow("192.0.2.1", Kind.OTHER)


def test_all_together_have_a_budget() -> None:
    together, numbers = limits(), count()
    let_in = 0
    while together.allow(f"198.51.{next(numbers) // 256}.{let_in % 256}", Kind.OTHER):
        let_in += 1
        assert let_in < 2 * TOGETHER
    assert let_in > TOGETHER / 2


def test_one_kind_uses_up_nothing_of_another() -> None:
    together = limits()
    assert asked(together, [f"198.51.{n // 200}.{n % 200}" for n in range(1_000)], Kind.CLAIM, times=1) < 1_000
    assert not together.allow("203.0.113.1", Kind.CLAIM)
    assert together.allow("203.0.113.1", Kind.DEVICE)
    assert together.allow("203.0.113.1", Kind.OTHER)


def test_a_credential_that_was_found_good_has_a_budget_of_its_own_at_its_address() -> None:
    together = limits()
    together.know("2001:db8::1", "good")
    asked(together, [f"198.51.100.{n}" for n in range(200)], Kind.CLAIM)
    rate = together.known("2001:db8::2", ["made up", "good"])
    assert rate is not None
    assert TOGETHER <= sum(rate.take() for _ in range(3 * TOGETHER)) < 2 * TOGETHER
    assert together.known("2001:db8:0:1::1", ["good"]) is None
    assert together.known("2001:db8::1", ["made up"]) is None
