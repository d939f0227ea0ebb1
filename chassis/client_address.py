"""The client's address, also behind a trusted proxy, and the limit on one client's open connections.

A proxy that is not trusted is a client like any other: whoever can reach the service could write its headers.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

Environ = Mapping[str, Any]
IPV6_SITE = 64
"""The bits of an IPv6 address that name a site: whoever has one has all addresses below it."""
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Proxies:
    """The networks of the proxies whose `X-Forwarded-*` headers count."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def named(cls, networks: Iterable[str]) -> "Proxies":
        """Read ``10.0.0.0/8`` or a single address. Raises ValueError."""
        return cls(tuple(ip_network(one) for one in networks))

    def trust(self, address: str) -> bool:
        """Whether it is the address of a proxy of ours."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.networks)

    def client(self, environ: Environ) -> str:
        """The client's address: the peer's or, where that is a trusted proxy, the last one that it forwarded for.

        Proxies append on the right, so that what stands left of the first address not trusted is the client's own claim.
        """
        peer = str(environ.get("REMOTE_ADDR", ""))
        forwarded = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        for hop in (peer, *(one.strip() for one in reversed(forwarded))):
            if hop and not self.trust(hop):
                return hop
        return peer

    def base_url(self, environ: Environ) -> str | None:
        """Scheme and host by which the client reached us, without a path; None where it said no host that can be one."""
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
    """Return the key that connections are counted by: an IPv4 address, or the site prefix of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(parsed.ipv4_mapped or ip_network(f"{parsed}/{IPV6_SITE}", strict=False))


@dataclass
class Crowd:
    """How many connections or requests of each client are open; at most ``limit`` of one."""

    limit: int
    _open: Counter[str] = field(default_factory=Counter)

    def enter(self, address: str) -> bool:
        """Count one more of a client. False, and nothing counted, where it has as many as it may."""
        client = site(address)
        if self._open[client] >= self.limit:
            return False
        self._open[client] += 1
        return True

    def leave(self, address: str) -> None:
        """Count one less."""
        client = site(address)
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]
