"""What every test of this directory ends with: everything sent is closed, nothing is lost, nothing happened twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from cli.reconcile.checks import Findings, check_snapshot
from cli.reconcile.snapshot import WhistleKey
from cli.reconcile.store_reader import read_snapshot
from services.tickets.domain.whistle import ticket_id
from tests.kit.broker_actors import BrokerActors
from tests.kit.deployment import ROOT, SECRET, SERVICES
from tests.kit.embedded import EmbeddedStack
from tests.kit.embedded_actors import EmbeddedActors
from tests.kit.processes import ServerError, wait_until
from tests.kit.servers import PostgresServer, RabbitServer
from tests.kit.stack import Stack, stack

REPORT = ROOT / "var" / "faults.json"


def keep(what: str, numbers: Mapping[str, object]) -> None:
    """Keep numbers to be quoted."""
    REPORT.parent.mkdir(exist_ok=True)
    kept = json.loads(REPORT.read_text()) if REPORT.exists() else {}
    REPORT.write_text(json.dumps(kept | {what: numbers}, ensure_ascii=False, indent=2) + "\n")


class Town:
    """A deployment and the street around it."""

    def __init__(self, deployment: Stack | EmbeddedStack, street: BrokerActors | EmbeddedActors):
        self.stack, self.street = deployment, street
        self.posted: list[WhistleKey] = []
        """What somebody else than the street has blown, and got 202 for."""

    @property
    def sent(self) -> list[WhistleKey]:
        """Every whistle that was confirmed to its producer, by the broker or with 202."""
        return [*((self.street.source, id_) for id_ in self.street.sent), *self.posted]

    def whistle(self, count: int, **changes: str) -> list[str]:
        """Blow new whistles; answers their tickets' ids."""
        first = len(self.street.sent)
        return [ticket_id(self.street.source, self.street.whistle(number, **changes)) for number in range(first, first + count)]

    def await_closed(self, seconds: float = 30) -> None:
        """Until the street has heard of every whistle's closure."""
        wait_until(self.all_closed, "every whistle closed", seconds, details=self.state)

    def all_closed(self) -> bool:
        """Whether the street has heard of every whistle's closure."""
        return all(ticket_id(*whistle) in self.street.closed for whistle in self.sent)

    def reconcile(self) -> Findings:
        """The findings of this moment; nothing may be on its way."""
        return check_snapshot(self.sent, read_snapshot(self.stack.databases, SECRET), settled=True)

    def prove(self, seconds: float = 30) -> Findings:
        """Wait until all is closed and at rest, then show that nothing is lost and nothing happened twice."""
        self.await_closed(seconds)
        wait_until(self._at_rest, "every store at rest", seconds, details=self.state)
        found: list[Findings] = []

        def settled() -> bool:
            found[:] = [self.reconcile()]
            return not found[0].lost

        with suppress(ServerError):  # the assertions below say what
            wait_until(settled, "nothing lost", 10)
        assert found[0].lost == []
        assert found[0].doubled == []
        # others may have blown whistles too
        assert found[0].counts["closed"] == found[0].counts["tickets"] >= found[0].counts["sent"] == len(self.sent)
        return found[0]

    def _at_rest(self) -> bool:
        return not any(
            self.stack.rows(
                service,
                "select 1 where exists (select 1 from outbox where state = 'pending')"
                " or exists (select 1 from inbox where state = 'waiting')",
            )
            for service in SERVICES
        )

    def state(self) -> str:
        """What is on its way, and the end of each log."""
        queries = {
            "inbox": "select handler, type, state, reason, count(*) from inbox where state <> 'applied' group by 1, 2, 3, 4",
            "outbox": "select state, count(*) from outbox group by 1",
        }
        states = {(s, table): self.stack.rows(s, query) for s in SERVICES for table, query in queries.items()}
        states["tickets", "tickets"] = self.stack.rows("tickets", "select state, count(*) from tickets group by 1")
        logs = (f"---- {name}\n{self.stack.log(name, 15)}" for name in self.stack.processes)
        return "\n".join([*(f"{key}: {rows}" for key, rows in states.items()), *logs])


@contextmanager
def town(database_server: PostgresServer, broker: RabbitServer, **more: str) -> Iterator[Town]:
    """A running deployment with people in the street. ``more`` are settings of its services."""
    with stack(database_server, broker) as deployment:
        street = BrokerActors(deployment)
        street.start()
        try:
            deployment.start(**more)
            yield Town(deployment, street)
        finally:
            street.stop()
