"""Random kills under load: services, the broker and the database die again and again, and the promise holds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from tests.faults.load import load
from tests.faults.proof import Town, keep, town
from tests.kit.deployment import SERVICES
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer

SEED = 20250601
WHISTLES = 150
PROCESSES = (*SERVICES, *(f"{service}-2" for service in SERVICES))


@pytest.fixture(scope="module")
def fragile(killable_postgres: PostgresServer, killable_rabbit: RabbitServer) -> Iterator[Town]:
    """A town whose services run twice each, and whose broker and database may be killed."""
    with town(killable_postgres, killable_rabbit) as made:
        made.stack.start(*(name for name in PROCESSES if name not in SERVICES))
        killable_rabbit.settle()
        yield made


def test_random_kills(fragile: Town) -> None:
    """Two processes of each service share queues and relay leadership. While whistles come in, whatever dies next is chosen by
    a seeded die, and dies in the middle of something; in the end every whistle is closed, once.
    """
    chosen, killed = random.Random(SEED), Counter[str]()
    stack = fragile.stack
    servers: dict[str, PostgresServer | RabbitServer] = {"broker": stack.rabbit, "database": stack.postgres}
    order = [*chosen.choices(PROCESSES, k=28), "broker", "broker", "database", "database"]
    chosen.shuffle(order)
    with load(fragile) as whistles:
        for victim in order:
            whistles.await_progress(chosen.randint(1, 8))
            if victim in servers:
                servers[victim].kill()
                servers[victim].restart()
            else:
                stack.processes[victim].kill()
                stack.launch(victim)
            killed[victim.partition("-")[0]] += 1
        wait_until(lambda: len(fragile.street.sent) >= WHISTLES, f"{WHISTLES} whistles blown", 60)
    found = fragile.prove(60)
    assert killed.total() == len(order)
    for service in SERVICES:
        # whoever led is dead; exactly one of the two that live publishes now
        leading = [stack.metric(name, "whistle_relay_leader") for name in (service, f"{service}-2")]
        assert sorted(leading) == [0, 1]
    keep("random kills", {"kills": dict(killed), "total": killed.total(), "seed": SEED, **asdict(found)})
