"""Channels and routes: which way a notice takes to whom. Data of the deployment; sending is done elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from string import Template
from urllib.parse import quote

from services.notify.domain.notice import Retries
from services.notify.domain.rules import DUTY, RESIDENT

LOG = "log"


@dataclass(frozen=True)
class Channel:
    """One way out. ``via`` is an apprise address with ``$address`` and ``$key``, or `LOG`."""

    name: str
    via: str
    size: int = 2000
    timeout: timedelta = timedelta(seconds=10)
    at_once: int = 1
    batch: int = 1
    per_minute: int | None = None

    def lease(self, margin: timedelta) -> timedelta:
        """How long a claimed batch may take before it counts as unknown."""
        return margin if self.via == LOG else self.timeout * self.batch + margin


@dataclass(frozen=True)
class Route:
    """A recipient's channel, address and language; a resident's address and language are those of the ticket's contact."""

    channel: str
    address: str | None = None
    locale: str | None = None


@dataclass(frozen=True)
class Routes:
    """Who is reached how."""

    resident: Route
    duty: Route
    others: Route
    responders: Mapping[str, Route] = field(default_factory=dict)

    def of(self, audience: str) -> Route:
        """The route to an audience."""
        if audience == RESIDENT:
            return self.resident
        return self.duty if audience == DUTY else self.responders.get(audience, self.others)

    def all(self) -> tuple[Route, ...]:
        """Every route."""
        return (self.resident, self.duty, self.others, *self.responders.values())


@dataclass(frozen=True)
class Channels:
    """Everything a deployment says about how notices travel."""

    channels: Mapping[str, Channel]
    routes: Routes
    link: str = "$token"
    retries: Retries = field(default_factory=Retries)
    passing: frozenset[int] = frozenset({401, 403, 408, 425, 429})
    """HTTP refusals that concern us or the moment, not the notice: it is tried again. Every other 4xx is final."""
    margin: timedelta = timedelta(seconds=5)

    def final(self, status: int) -> bool:
        """Whether no further attempt can help."""
        return 400 <= status < 500 and status not in self.passing

    def link_to(self, ticket: str, purpose: str, token: str) -> str:
        """Where a resident acts."""
        parts = {"ticket": ticket, "purpose": purpose, "token": token}
        return Template(self.link).substitute({name: quote(part, safe="") for name, part in parts.items()})


LOG_ONLY = Channels({LOG: Channel(LOG, LOG, batch=50)}, Routes(Route(LOG), Route(LOG), Route(LOG)))
"""Of a deployment that names no channel."""
