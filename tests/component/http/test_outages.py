"""A store out of reach is an outage; a stop lets a request finish."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.component.http.client import WHISTLE, ask, key, over_servers, read, recorded, whistle
from tests.component.http.moments import at_once, held, waiting
from tests.kit.openapi_conformance import check
from tests.kit.processes import wait_until
from tests.kit.stack import Stack


@contextmanager
def unreachable(stack: Stack, service: str) -> Iterator[None]:
    """Within the block a service's database lets nobody in."""
    name = f"{stack.name}_{service}"
    stack.postgres.execute(
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    try:
        yield
    finally:
        stack.postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@over_servers
def test_a_store_out_of_reach_is_an_outage_and_not_an_error(stack: Stack) -> None:
    mine = key()
    with unreachable(stack, "tickets"):
        for _ in range(3):
            assert whistle(stack, mine).status == 503
            gone = ask(stack, "tickets", "GET", "/tickets/T1", "desk")
            assert (gone.status, int(gone.headers["Retry-After"]) > 0) == (503, True)
    wait_until(lambda: whistle(stack, mine).status == 202, "accepted again", 20)
    stack.wait_ready("tickets")


@over_servers
def test_a_connection_cut_during_a_command_is_an_outage(stack: Stack) -> None:
    mine = key()
    with held(stack, "tickets", "tickets"):
        (taken,) = at_once([lambda: whistle(stack, mine)])
        wait_until(lambda: waiting(stack, "tickets") >= 1, "it waits")
        stack.postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{stack.name}_tickets' AND wait_event_type = 'Lock'"
        )
        assert taken.result(timeout=120).status == 503
    wait_until(lambda: whistle(stack, mine).status == 202, "accepted again", 20)


@over_servers
def test_a_stop_lets_a_request_finish_and_takes_no_other(stack: Stack) -> None:
    stack.start("tickets-2")
    process, port = stack.processes["tickets-2"], stack.ports["tickets-2"][0]
    idle = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    idle.request("GET", "/tickets/T1", headers={"Authorization": "Bearer token-of-desk"})
    assert read(idle.getresponse()).status == 404
    mine, body = key(), json.dumps(WHISTLE).encode()
    headers = {"Authorization": "Bearer token-of-hotline", "Idempotency-Key": mine, "Content-Type": "application/json"}
    slow = http.client.HTTPConnection("127.0.0.1", port, timeout=240)
    ended: list[int | None] = []
    with held(stack, "tickets", "tickets"):
        slow.request("POST", "/whistles", body, headers)
        wait_until(lambda: waiting(stack, "tickets") >= 1, "it is being answered")
        stopping = threading.Thread(target=lambda: ended.append(process.stop()))
        stopping.start()
        wait_until(lambda: not _accepts(port), "no new connection")
        idle.request("GET", "/tickets/T1", headers={"Authorization": "Bearer token-of-desk"})
        assert not stack.ready("tickets-2")
        late = read(idle.getresponse())
        check("tickets", "GET", "/tickets/T1", late)
        assert late.status == 503
        time.sleep(0.5)
    answer = slow.getresponse()
    assert answer.headers["Connection"] == "close"
    reply = read(answer)
    check("tickets", "POST", "/whistles", reply)
    assert reply.status == 202
    stopping.join(timeout=240)
    assert ended == [0]
    assert whistle(stack, mine).body == reply.body, "it was committed, and the other process knows the answer"
    wait_until(lambda: "case.started.v1" in recorded(stack, reply.body["ticket"]), "what it said was published")


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True
