"""A clean stop hands over cleanly: nothing is delivered twice, nothing is lost, and it ends in time whatever else is down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contracts.topology import queues
from tests.faults.load import load
from tests.faults.proof import Town, town
from tests.kit.deployment import SERVICES
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer


def test_a_clean_stop_hands_over_cleanly(running: Town) -> None:
    """Under load each service is told to stop, ends with status 0 and starts again. No message comes to anybody twice.

    The metric is that of the processes; the second witness is the broker, which counts what it sent to a consumer. (Its
    flag `redelivered` is no witness: a message that was on its way to a consumer that cancels is put back with the flag set,
    although nobody ever saw it.)
    """
    with load(running) as whistles:
        for service in SERVICES:
            whistles.await_progress(10)
            _await_work(running, service)
            assert running.stack.stop(service) == {service: 0}
            running.stack.start(service)
        whistles.await_progress(10)
    running.prove()
    for service in SERVICES:
        assert running.stack.metric(service, "whistle_events_handled_total", outcome="applied") > 0
        assert running.stack.metric(service, "whistle_events_handled_total", outcome="duplicate") == 0
    for service in SERVICES:
        for source in queues(service):
            _each_was_sent_once(running, service, source)


def _taken(running: Town, service: str) -> int:
    return int(running.stack.rows(service, "select count(*) from inbox")[0][0])


def _await_work(running: Town, service: str) -> None:
    before = _taken(running, service)
    wait_until(lambda: _taken(running, service) > before + 5, f"{service} at work", 10)


def _each_was_sent_once(running: Town, service: str, source: str) -> None:
    """The broker opens its books every five seconds."""
    queue = f"{service}.{source}"
    rows = running.stack.rows(service, "select count(*) from inbox where handler = %s", source)[0][0]
    sent: list[int] = []

    def booked() -> bool:
        answer = running.stack.rabbit.api("GET", f"queues/{running.stack.name}/{queue}")
        sent.append(answer.get("message_stats", {}).get("deliver", 0))
        return bool(sent[-1] >= rows)

    wait_until(booked, f"{rows} deliveries of {queue} in the books", 15, details=lambda: f"{sent[-1]} there")
    assert sent[-1] == rows


@pytest.fixture(scope="module")
def fragile(killable_postgres: PostgresServer, killable_rabbit: RabbitServer) -> Iterator[Town]:
    """A town whose broker and database may be killed."""
    with town(killable_postgres, killable_rabbit) as made:
        killable_rabbit.settle()
        yield made


def _await_trouble(fragile: Town, service: str) -> None:
    wait_until(lambda: not fragile.stack.ready(service), f"{service} notices", 20)


@pytest.mark.parametrize("what", ["database", "broker"])
def test_a_stop_ends_in_time_while_something_is_down(fragile: Town, what: str) -> None:
    """SIGTERM while the database or the broker is gone: every service ends by itself, in its time and with status 0."""
    server = fragile.stack.postgres if what == "database" else fragile.stack.rabbit
    with load(fragile) as whistles:
        whistles.await_progress(5)
        server.kill()
        try:
            for service in SERVICES:
                _await_trouble(fragile, service)
            assert fragile.stack.stop(*SERVICES) == dict.fromkeys(SERVICES, 0)
            for service in SERVICES:
                assert "did not end within" not in fragile.stack.log(service)
        finally:  # whatever was found: who comes next has its servers
            server.restart()
        fragile.stack.start()
        whistles.await_progress(5)
    fragile.prove(60)
