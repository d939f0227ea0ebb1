"""Three broker nodes, of which each one that leads a queue is killed under load: nothing is parked, nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from tests.faults.load import load
from tests.faults.proof import Town, keep, town
from tests.kit.deployment import SERVICES
from tests.kit.processes import wait_until
from tests.kit.rabbit_cluster import RabbitCluster, rabbit_cluster
from tests.kit.servers import PostgresServer

PATIENCE = 300.0
"""Seconds that anything may take: three nodes, four services and a street share what the machine has."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[RabbitCluster]:
    """Three nodes that nobody else uses."""
    with rabbit_cluster() as made:
        yield made


@pytest.fixture(scope="module")
def clustered(postgres_server: PostgresServer, cluster: RabbitCluster) -> Iterator[Town]:
    """A town whose services are told the addresses of all three nodes."""
    with town(postgres_server, cluster) as made:
        yield made


def parked(town: Town) -> int:
    """How many events are set aside in the outboxes."""
    return sum(town.stack.rows(name, "select count(*) from outbox where state = 'parked'")[0][0] for name in SERVICES)


def test_the_leader_of_each_queue_is_killed_and_nothing_is_parked_or_lost(clustered: Town, cluster: RabbitCluster) -> None:
    vhost = clustered.stack.name
    wait_until(lambda: cluster.whole(vhost), "every queue has three members", 120)
    left = {queue for queue in cluster.leaders(vhost) if not queue.endswith(".dead")}
    assert {queue.partition(".")[0] for queue in left} >= set(SERVICES)
    killed, queues = Counter[str](), len(left)
    with load(clustered) as whistles:
        while left or len(killed) < len(cluster.nodes):
            leading = Counter(node for queue, node in cluster.leaders(vhost).items() if not left or queue in left)
            unkilled = [name for name in cluster.nodes if name not in killed]
            victim = leading.most_common(1)[0][0] if left else unkilled[0]
            whistles.await_progress(3, PATIENCE)
            left -= {queue for queue, node in cluster.leaders(vhost).items() if node == victim}
            cluster.kill_node(victim)
            killed[victim] += 1
            whistles.await_progress(3, PATIENCE)
            assert parked(clustered) == 0
            cluster.start_node(victim, vhost)
    found = clustered.prove(PATIENCE)
    assert parked(clustered) == 0
    for service in SERVICES:
        clustered.stack.wait_ready(service)
    nacked = sum(clustered.stack.metric(service, "whistle_events_nacked_total") for service in SERVICES)
    numbers = {"nodes killed": sum(killed.values()), "queues that lost their leader": queues, "nacked": nacked}
    keep("queue leaders killed", {**numbers, **asdict(found)})
