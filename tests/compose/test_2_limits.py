"""A service's broker user and database role can touch nothing of another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import amqp
import pytest

from contracts.topology import queues
from tests.compose.deployed import Compose
from tests.kit.deployment import SERVICES


@contextmanager
def _connected(deployed: Compose, account: str) -> Iterator[amqp.Connection]:
    password = deployed.secret(f"{account.upper()}_BROKER_PASSWORD")
    with closing(amqp.Connection(f"127.0.0.1:{deployed.ports['AMQP_PORT']}", account, password)) as connection:
        connection.connect()
        yield connection


def _publish(exchange: str, user_id: str) -> Callable[[amqp.Channel], None]:
    def publish(channel: amqp.Channel) -> None:
        channel.confirm_select()
        channel.basic_publish(amqp.Message(b"{}", user_id=user_id), exchange, "x.y.v1", timeout=10)
        channel.connection.drain_events(timeout=5)  # a refusal closes the channel, and that is the next thing that is heard

    return publish


def _refused(connection: amqp.Connection, attempt: Callable[[amqp.Channel], object]) -> bool:
    channel = connection.channel()
    try:
        attempt(channel)
    except (amqp.AccessRefused, amqp.PreconditionFailed):
        return True
    return False


@pytest.mark.parametrize("account", SERVICES)
def test_a_service_reads_and_writes_its_own_alone(deployed: Compose, account: str) -> None:
    with _connected(deployed, account) as connection:
        for source in queues(account):
            connection.channel().queue_declare(f"{account}.{source}", passive=True)
        for other in set(SERVICES) - {account}:
            for source in queues(other):
                queue = f"{other}.{source}"
                assert _refused(connection, lambda ch: ch.basic_get(queue)), queue  # noqa: B023
                assert _refused(connection, lambda ch: ch.queue_purge(queue)), queue  # noqa: B023
            assert _refused(connection, _publish(f"{other}.events", account)), other
        assert _refused(connection, _publish("intake.events", account))
        assert _refused(connection, lambda ch: ch.queue_declare(f"{account}.mine"))
        assert _refused(connection, lambda ch: ch.exchange_declare(f"{account}.mine", "topic"))
        assert _refused(connection, lambda ch: ch.queue_delete(f"{account}.{next(iter(queues(account)))}"))


def test_a_producer_writes_to_the_intake_as_itself_and_reads_nothing(deployed: Compose) -> None:
    with _connected(deployed, "hotline") as connection:
        for service in SERVICES:
            assert _refused(connection, _publish(f"{service}.events", "hotline"))
            assert _refused(connection, lambda ch: ch.basic_get(f"{service}.{next(iter(queues(service)))}"))  # noqa: B023
        assert _refused(connection, _publish("intake.events", "tickets"))
        assert _refused(connection, lambda ch: ch.queue_declare("mine"))


@pytest.mark.parametrize("role", SERVICES)
def test_a_role_sees_its_own_database_alone(deployed: Compose, role: str) -> None:
    own = deployed.psql(role, role, "SELECT count(*) FROM outbox")
    assert own.returncode == 0, own.stderr
    for other in {*SERVICES, "postgres", "template1"} - {role}:
        refused = deployed.psql(role, other, "SELECT 1")
        assert refused.returncode != 0, other
        assert "permission denied for database" in refused.stderr
    for statement in ("CREATE DATABASE mine", "CREATE ROLE mine", f"ALTER ROLE {role} SUPERUSER", "SET ROLE postgres"):
        refused = deployed.psql(role, role, statement)
        assert refused.returncode != 0, statement
        assert "permission denied" in refused.stderr or "must be" in refused.stderr
