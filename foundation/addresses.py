"""Whose network address counts: the connection's, or the one that a trusted proxy names; what one subscriber has."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

Headers = Iterable[tuple[bytes, bytes]]
"""Header fields; names are in lower case."""

_SCHEMES = ("http", "https")
_REMEMBERED = 10_000


class TrustedProxies:
    """The proxies whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed.

    ``named``: addresses and networks, separated by commas. Raises ValueError for anything else.
    """

    def __init__(self, named: str = "") -> None:
        self._networks = [ip_network(name.strip(), strict=False) for name in named.split(",") if name.strip()]
        self._trusts = lru_cache(maxsize=_REMEMBERED)(self._find)

    def __contains__(self, address: str) -> bool:
        return bool(self._networks) and self._trusts(address)

    def _find(self, address: str) -> bool:
        known = parsed(address)
        return known is not None and any(known in network for network in self._networks)

    def client_of(self, peer: str, headers: Headers) -> str:
        """The address that a request of this peer comes from: each proxy adds at the end whom it was asked by.

        So it is the last one that is no proxy of ours. What is no address counts as the proxy that passed it on.
        """
        if peer not in self:
            return peer
        named = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
        passed_on_by = peer
        for one in reversed(named.split(",")):
            address = _without_port(one.strip())
            if parsed(address) is None:
                break
            passed_on_by = address
            if address not in self:
                break
        return passed_on_by

    def scheme_of(self, peer: str, headers: Headers, scheme: str) -> str:
        """The scheme by which a request reached the first of our machines."""
        if peer not in self:
            return scheme
        named = [value.decode("latin-1").strip() for name, value in headers if name == b"x-forwarded-proto"]
        return named[-1] if named and named[-1] in _SCHEMES else scheme


def _without_port(text: str) -> str:
    """Of ``192.0.2.1:80`` and ``[2001:db8::1]:80``, the address."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def parsed(text: str) -> IPv4Address | IPv6Address | None:
    """An address, or None; an IPv4 address that is written as one of IPv6 is one of IPv4."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


@lru_cache(maxsize=_REMEMBERED)
def network_of(address: str) -> str:
    """What one subscriber has: the address, or of IPv6 the /64 network. What is no address stays as it is."""
    known = parsed(address)
    if known is None:
        return address
    return str(IPv6Network((known, 64), strict=False)) if isinstance(known, IPv6Address) else str(known)
