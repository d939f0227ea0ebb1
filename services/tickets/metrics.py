"""The metrics of tickets. Labels are codes and the levels of the deployment's playbooks."""

from datetime import datetime
from typing import Any

from nameko.extensions import DependencyProvider
from prometheus_client import CollectorRegistry, Counter, Gauge
from sqlalchemy import Connection, func, select

from chassis.runtime.gauges import Counted
from chassis.runtime.nameko import RUNTIME_KEY
from chassis.runtime.runtime import Runtime
from contracts.codes import Closure, Urgency
from contracts.events import tickets as events
from contracts.http import desk
from services.tickets.domain.allowed_commands import OPEN_STATES
from services.tickets.store import tickets

NO_LEVEL = "none"
READERS = tuple(role for role in (desk.GET_MATTER.role, desk.GET_MATTER.own_role) if role)
"""The roles that may read the private part of a ticket."""
ATTACHED, REFUSED, FAILED = "attached", "refused", "failed"
"""The results of a photograph whose sender may attach one."""
_OPEN = tickets.c.state.in_(sorted(OPEN_STATES))


class TicketsMetrics:
    """Gauges and counters of tickets, and of the time for which dispatch is awaited."""

    def __init__(self, registry: CollectorRegistry):
        self._open = Counted(
            Gauge(
                "whistle_tickets_open",
                "Tickets that are not settled, by the level that was last heard to work on them.",
                ["level", "urgency"],
                registry=registry,
            )
        )
        self._unattended = Gauge(
            "whistle_tickets_unattended_seconds",
            "Business time for which the ticket has waited that waits longest for dispatch to take it up.",
            registry=registry,
        )
        self._opened = Counter("whistle_tickets_opened", "Tickets opened.", ["urgency"], registry=registry)
        self._closed = Counter("whistle_tickets_closed", "Tickets closed.", ["closure"], registry=registry)
        self._read = Counter(
            "whistle_tickets_matters_read",
            "Readings of the private part of a ticket, by the role of the account.",
            ["role"],
            registry=registry,
        )
        self._photographs = Counter(
            "whistle_tickets_photographs",
            "Photographs that were sent, by result: attached, refused, or failed because nothing could be stored.",
            ["result"],
            registry=registry,
        )
        for result in (ATTACHED, REFUSED, FAILED):
            self._photographs.labels(result)
        for role in READERS:
            self._read.labels(role)
        for urgency in Urgency:
            self._opened.labels(urgency.value)
        for closure in Closure:
            self._closed.labels(closure.value)

    def opened(self, said: events.TicketOpened) -> None:
        """Count an opened ticket."""
        self._opened.labels(said.urgency).inc()

    def closed(self, said: events.TicketClosed) -> None:
        """Count a closed ticket."""
        self._closed.labels(said.closure).inc()

    def matter_read(self, role: str) -> None:
        """Count a reading of the private part of a ticket."""
        self._read.labels(role).inc()

    def photograph(self, result: str) -> None:
        """Count a photograph."""
        self._photographs.labels(result).inc()

    def read(self, connection: Connection, now: datetime) -> None:
        """Set the gauges from the store."""
        document = tickets.c.document
        level, urgency = document["level"].as_string(), document["urgency"].as_string()
        counts = connection.execute(select(level, urgency, func.count()).where(_OPEN).group_by(level, urgency)).all()
        self._open.set({(NO_LEVEL, code.value): 0 for code in Urgency} | {(at or NO_LEVEL, u): n for at, u, n in counts})
        since = connection.execute(select(func.min(document["waiting_since"].as_string())).where(_OPEN)).scalar_one()
        self._unattended.set(max(0.0, (now - datetime.fromisoformat(since)).total_seconds()) if since else 0)


class MetricsProvider(DependencyProvider):
    """A dependency that registers the metrics with the runtime, and gives them to queries."""

    def setup(self) -> None:
        runtime: Runtime = self.container.config[RUNTIME_KEY]
        self.metrics = TicketsMetrics(runtime.registry)
        runtime.add_gauges(self.metrics.read)
        runtime.on_published(events.TicketOpened, self.metrics.opened)
        runtime.on_published(events.TicketClosed, self.metrics.closed)

    def get_dependency(self, worker_ctx: Any) -> TicketsMetrics:
        return self.metrics
