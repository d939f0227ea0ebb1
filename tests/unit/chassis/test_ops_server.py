"""The ops server over a real socket: it answers whatever others do to it."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from chassis.observability import ops_server
from chassis.observability.health import Health
from chassis.observability.ops_server import OpsServer


class Site:
    """A server that runs, and what it tells of."""

    def __init__(self) -> None:
        self.health, self.registry = Health(), CollectorRegistry()
        self.server = OpsServer("127.0.0.1:0", self.health, self.registry)
        self.server.start()

    def get(self, path: str) -> tuple[int, str, str]:
        """Status, content type, body."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.server.port}{path}", timeout=30) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers["Content-Type"], refused.read().decode()

    def state(self, path: str) -> tuple[int, Any]:
        """Status and parsed body."""
        status, content_type, body = self.get(path)
        assert content_type == "application/json"
        return status, json.loads(body)

    def connect(self) -> socket.socket:
        """A connection that says nothing yet."""
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=30)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    """A server that is not as patient as the real one. Like the real one it ends with the process."""
    monkeypatch.setattr(ops_server, "READ_TIMEOUT", 0.2)
    return Site()


def test_a_process_that_works_is_alive_and_ready(site: Site) -> None:
    site.health.report("relay", None)
    for path in ("/healthz", "/readyz", "/readyz?verbose=1"):
        status, state = site.state(path)
        assert (status, state["ok"], state["stuck"]) == (200, True, [])
        assert state["heartbeat_age_seconds"] >= 0


def test_an_outage_is_told_with_its_reason_and_the_process_stays_alive(site: Site) -> None:
    site.health.report("relay", "the broker is unavailable: AccessRefused")
    status, state = site.state("/readyz")
    assert (status, state["ok"]) == (503, False)
    assert state["troubles"] == {"relay": "the broker is unavailable: AccessRefused"}
    assert site.state("/healthz")[0] == 200


def test_a_standstill_is_no_life(site: Site) -> None:
    site.health.stuck_after = -1
    site.health.report("timers", None)
    for path in ("/healthz", "/readyz"):
        status, state = site.state(path)
        assert (status, state["ok"]) == (503, False)
        assert "timers" in state["stuck"]


def test_the_metrics_are_those_of_the_registry(site: Site) -> None:
    Counter("whistle_tests", "Tests.", registry=site.registry).inc(3)
    status, content_type, body = site.get("/metrics")
    assert status == 200
    assert content_type.startswith("text/plain")
    assert "whistle_tests_total 3.0" in body.splitlines()


@pytest.mark.parametrize("path", ["/", "/healthz/", "/metrics/x", "/HEALTHZ"])
def test_another_page_is_not_there(path: str, site: Site) -> None:
    assert site.get(path)[0] == 404


def test_clients_that_say_nothing_are_left_behind(site: Site) -> None:
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(closing(site.connect()))
        assert site.state("/healthz")[0] == 200


@pytest.mark.parametrize("garbage", [b"\0\xff\xfe", b"GET", b"GET ", b"\r\n\r\n", b"\x16\x03\x01" * 2000])
def test_a_client_that_speaks_nonsense_harms_nobody(garbage: bytes, site: Site) -> None:
    with closing(site.connect()) as client:
        client.sendall(garbage)
    assert site.state("/healthz")[0] == 200


def test_a_collector_that_fails_harms_nobody(site: Site) -> None:
    class Broken:
        def collect(self) -> Iterator[Any]:
            raise RuntimeError("dictionary changed size during iteration")

    class Registry(CollectorRegistry):
        def collect(self) -> Iterator[Any]:
            return Broken().collect()

    site.server._registry = Registry()
    with closing(site.connect()) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert client.recv(100) == b""
    assert site.state("/healthz")[0] == 200


def test_a_listener_that_fails_for_a_moment_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the process ran out of file descriptors."""

    class Failing:
        def __init__(self, listener: Any):
            self.listener, self.left = listener, 1

        def accept(self) -> Any:
            if self.left:
                self.left -= 1
                raise OSError(24, "Too many open files")
            return self.listener.accept()

    real = site.server._listener
    site.server._listener = failing = Failing(real)
    for _ in range(2):  # the first takes the thread out of the real listener
        assert site.state("/healthz")[0] == 200
    assert failing.left == 0


def test_a_port_that_is_taken_is_an_error_at_start(site: Site) -> None:
    with pytest.raises(OSError, match="in use"):
        OpsServer(f"127.0.0.1:{site.server.port}", Health(), CollectorRegistry())
