"""The address of an HTTP client, also behind a trusted proxy, and the limit on one client's open connections.

A proxy that is not trusted is treated as a client: anybody who can reach the service could write its headers.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

Environ = Mapping[str, Any]
IPV6_SITE = 64
"""The length in bits of the IPv6 prefix that identifies one site. The holder of one address has every address below that
prefix."""
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Proxies:
    """The networks of the trusted proxies, whose `X-Forwarded-*` headers are used."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def named(cls, networks: Iterable[str]) -> "Proxies":
        """Parse networks such as ``10.0.0.0/8``, or single addresses. Raises ValueError."""
        return cls(tuple(ip_network(one) for one in networks))

    def trust(self, address: str) -> bool:
        """Return whether the address is that of a trusted proxy."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.networks)

    def client(self, environ: Environ) -> str:
        """Return the client's address: the peer's or, behind a trusted proxy, the last untrusted address that it forwarded for.

        Proxies append on the right, so every address to the left of the first untrusted one is the client's own claim.
        """
        peer = str(environ.get("REMOTE_ADDR", ""))
        forwarded = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        for hop in (peer, *(one.strip() for one in reversed(forwarded))):
            if hop and not self.trust(hop):
                return hop
        return peer

    def base_url(self, environ: Environ) -> str | None:
        """Return the scheme and host by which the client reached the service, without a path; None if the host it sent is not
        valid."""
        forwarded = self.trust(environ.get("REMOTE_ADDR", ""))
        host = _last(environ.get("HTTP_X_FORWARDED_HOST", "")) if forwarded else ""
        scheme = _last(environ.get("HTTP_X_FORWARDED_PROTO", "")) if forwarded else ""
        host = host or environ.get("HTTP_HOST", "")
        if _HOST.fullmatch(host) is None:
            return None
        return f"{scheme if scheme in {'http', 'https'} else 'http'}://{host}"


def _last(header: str) -> str:
    return header.rpartition(",")[2].strip()


def site(address: str) -> str:
    """Return the key by which connections are counted: an IPv4 address, or the site prefix of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(parsed.ipv4_mapped or ip_network(f"{parsed}/{IPV6_SITE}", strict=False))


@dataclass
class Crowd:
    """A count of the open connections or requests of each client, at most ``limit`` for each."""

    limit: int
    _open: Counter[str] = field(default_factory=Counter)

    def enter(self, address: str) -> bool:
        """Count one more for a client. Return False, and count nothing, if the client has reached the limit."""
        client = site(address)
        if self._open[client] >= self.limit:
            return False
        self._open[client] += 1
        return True

    def leave(self, address: str) -> None:
        """Count one less for a client."""
        client = site(address)
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]
