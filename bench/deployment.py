"""The measured deployment: the tests' stack on the machine's clock, with copies of the databases for the floors."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from bench.database_counts import ask, busy, last_instant, last_taken
from chassis.messaging.amqp import AmqpPublisher
from tests.kit.deployment import SERVICES
from tests.kit.processes import wait_until
from tests.kit.servers import Servers
from tests.kit.stack import Stack

QUIET_SECONDS = 1.0


class BenchDeployment(Stack):
    """One deployment. Each service runs as so many processes: ``tickets``, ``tickets-2``, …"""

    def __init__(self, servers: Servers, each: int = 1):
        super().__init__(servers.postgres, servers.rabbit)
        self.each = each
        self.empty: dict[str, str] = {}

    def environment(self, name: str, **more: str) -> dict[str, str]:
        """Return the tests' environment without their clock, which is a file that is read for every event."""
        told = super().environment(name, **more)
        del told["WHISTLE_CLOCK_FILE"]
        return told

    def deploy(self) -> None:
        """Deploy as the tests do, and keep a copy of each database, with its tables, for the floor."""
        self.postgres.templates.clear()  # a copied row is none that PostgreSQL counts as written
        super().deploy()
        for service in SERVICES:
            self.empty[service] = self.postgres.create_database(
                f"{self.name}_{service}_floor", template=f"{self.name}_{service}"
            )

    def names(self, *services: str) -> list[str]:
        """Return the processes of services."""
        return [f"{service}-{n}" if n > 1 else service for service in services for n in range(1, self.each + 1)]

    def open(self, *services: str) -> None:
        """Start services, and wait until what the directory registered is known."""
        started = self.names(*dict.fromkeys((*services, "dispatch", "tickets")))
        self.start(*started)
        wait_until(self.registered, "the directory known to tickets", 30)
        if others := [name for name in started if name.partition("-")[0] not in services]:
            self.stop(*others)
        self.rest(*services)

    def registered(self) -> bool:
        """Return whether tickets accepts everything that dispatch has registered."""
        query = "SELECT count(*) FROM categories"
        return bool(self.rows("tickets", query) == self.rows("dispatch", query)) and not busy(self.databases["dispatch"])

    def freeze(self, *services: str) -> None:
        """Freeze services until `thaw`, so that a backlog can build up."""
        for name in self.names(*services):
            self.processes[name].freeze()

    def thaw(self, *services: str) -> float:
        """Resume services; return the instant by the machine's clock."""
        for name in self.names(*services):
            self.processes[name].thaw()
        return time.time()

    def rest(self, *services: str, seconds: float = 60, more: Callable[[], bool] = lambda: True) -> float:
        """Wait until ``more`` holds and these services are idle; return when the last event was done."""
        seen: list[tuple[float, list[float]]] = []

        def still() -> bool:
            last = [last_taken(self.databases[service]) for service in services]
            if not more() or any(busy(self.databases[service]) for service in services):
                seen.clear()
                return False
            if not seen or seen[0][1] != last:
                seen[:] = [(time.monotonic(), last)]
            return time.monotonic() - seen[0][0] > QUIET_SECONDS

        wait_until(still, f"{', '.join(services)} at rest", seconds, details=lambda: self._state(services))
        return max(last_instant(self.databases[service]) for service in services)

    def _state(self, services: Sequence[str]) -> str:
        query = "SELECT handler, state, reason, count(*) FROM inbox GROUP BY 1, 2, 3"
        states = [f"{service}: {self.rows(service, query)}" for service in services]
        return "\n".join([*states, *(self.log(name, 8) for name in self.names(*services) if name in self.processes)])

    def publisher(self, account: str) -> AmqpPublisher:
        """Return a publisher under a window of confirms, as an account."""
        return AmqpPublisher(self.amqp(account), f"bench {account}")

    def vacuum(self, service: str) -> None:
        """Bring the planner's statistics up to date and write everything to the disk, as time would."""
        ask(self.databases[service], "VACUUM ANALYZE")
        ask(self.databases[service], "CHECKPOINT")

    def remove(self) -> None:
        """Remove the deployment, and the floors' databases."""
        super().remove()
        for service in self.empty:
            self.postgres.drop_database(f"{self.name}_{service}_floor")


@contextlib.contextmanager
def bench_deployment(servers: Servers, each: int = 1) -> Iterator[BenchDeployment]:
    """Yield a deployment that is removed at the end."""
    made = BenchDeployment(servers, each)
    try:
        made.deploy()
        yield made
    finally:
        made.remove()
