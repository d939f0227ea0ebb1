"""The embedded stack of the demonstration, on a clock that jumps: it takes commands and passes on the published events."""

import http.client
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from chassis.clock import ManualClock
from chassis.http.server import Server
from chassis.launch import hosted as container_of
from chassis.launch import started
from chassis.messaging import cloudevents_codec
from chassis.messaging.bus import Letter
from chassis.messaging.cloudevents_codec import Message
from chassis.messaging.embedded import EmbeddedBus
from chassis.persistence.migrate import upgrade
from chassis.runtime.simulation import Simulation, SteppedRuntime
from cli.demo.acts import Act, Kind
from cli.demo.config import DemoConfig
from cli.demo.requests import source
from cli.demo.town import DESK
from cli.deployment_dir import DeploymentDir
from cli.directory import register
from cli.services import LISTENED, bound_queues, hosted
from contracts.envelope import Event
from contracts.http import tickets as http_tickets
from contracts.http.operation import Operation
from contracts.payload import all_payloads, payload_for
from contracts.topology import SERVICES

EAR = "demo.everything"
"""The queue of every public event."""
OPERATIONS: dict[str, Operation] = {one.id: one for one in vars(http_tickets).values() if isinstance(one, Operation)}


class DemoStack:
    """The four services at work. `file` submits commands; events are passed on while the conductor moves."""

    def __init__(self, home: DeploymentDir, clock: ManualClock, hear: Callable[[Event], None]):
        self._bus = EmbeddedBus(bound_queues())
        self._hear = hear
        self._bus.bind(EAR, _public())
        self._bus.consumer(EAR, self._heard, lambda: None, lambda _: None).open()
        self._desk = home.tokens()[DESK]
        self.services: dict[str, SteppedRuntime] = {}
        self._containers = []
        for name in SERVICES:
            service = hosted(name)
            runtime = SteppedRuntime(service.definition, service.settings, LISTENED, self._bus, clock)
            self.services[name] = runtime
            self._containers.append(container_of(service, runtime))
        self._conductor = Simulation(list(self.services.values()))

    def open(self) -> None:
        """Start the services."""
        for container in self._containers:
            started(container)
        self._tickets = self._containers[SERVICES.index("tickets")].shared_extensions[Server].address

    def close(self) -> None:
        """Stop the services."""
        for container in self._containers:
            container.stop()

    def load(self, directory: dict[str, Any], now: datetime) -> None:
        """Register the directory."""
        register(self.services["dispatch"].store, directory, now, "the town")
        self.settle()

    def settle(self) -> None:
        """See `cli.demo.replay.Chain`."""
        self._conductor.settle()

    def next_due(self) -> datetime | None:
        """See `cli.demo.replay.Chain`."""
        return self._conductor.next_due()

    def file(self, acts: Sequence[Act], now: datetime) -> list[tuple[Act, str]]:
        """Submit commands in this order. Return those that were refused over HTTP, with the reasons."""
        refused = []
        for (kind, account), group in groupby(acts, key=lambda act: (act.kind, act.account)):
            together = list(group)
            if kind is Kind.DESK:
                refused += [(act, why) for act in together if (why := self._call(act)) is not None]
            else:
                self._bus.publisher(account).publish([_letter(act, now) for act in together])
        return refused

    def _call(self, act: Act) -> str | None:
        """Submit a command over HTTP as the front desk. Return None, or the problem document."""
        operation = OPERATIONS[act.name]
        assert operation.body_schema is not None
        connection = http.client.HTTPConnection(self._tickets, timeout=30)
        headers = {
            "Authorization": f"Bearer {self._desk}",
            "Content-Type": "application/json",
            "Idempotency-Key": act.id,
        }
        connection.request(
            operation.method,
            operation.path.format(ticket=act.subject),
            json.dumps(operation.body_schema().dump(act.data)),
            headers,
        )
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return None if answer.status == operation.status else f"{answer.status} {body}"

    def _heard(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._hear(cloudevents_codec.decode(message))


@contextmanager
def demo_stack(
    home: DeploymentDir, demo_config: DemoConfig, config: Path, clock: ManualClock, hear: Callable[[Event], None]
) -> Iterator[DemoStack]:
    """Yield a running stack for the configuration's town. The directory is held, and empty."""
    home.prepare(demo_config.town.accounts(), config, 0, demo_config.rules.secret, survives_power_loss=False)
    home.apply_alone()
    for service, url in home.database_urls().items():
        upgrade(f"services.{service}", url)
    made = DemoStack(home, clock, hear)
    made.open()
    try:
        yield made
    finally:
        made.close()


def _public() -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for schema in all_payloads():
        if not schema.private and schema.producer != "intake":
            keys.setdefault(schema.exchange(), []).append(schema.type)
    return keys


def _letter(act: Act, now: datetime) -> Letter:
    payload = payload_for(act.kind.value)
    event = Event(payload.of(act.data), source(act.account), act.subject, act.id, now)
    return Letter(act.id, payload.exchange(), payload.type, cloudevents_codec.encode(event), mandatory=True)
