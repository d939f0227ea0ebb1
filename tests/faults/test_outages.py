"""Outages, one after the other, of one town: what is whistled meanwhile is accepted, or refused with a word on when to ask
again; /readyz says what is wrong; and everything comes back by itself, once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.gateway import WAYS, Gateway
from tests.faults.outages import GROWTH, PATIENCE, Outage, memory, outage
from tests.faults.proof import Town, keep, town
from tests.kit.deployment import SERVICES
from tests.kit.full_disk import full
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer

MORE_THAN_CONNECTIONS = 30
IMPATIENT = {"WHISTLE_STATEMENT_SECONDS": "4"}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """What the residents are told by."""
    made = Gateway()
    yield made
    made.close()


@pytest.fixture(scope="module")
def fragile(
    killable_postgres: PostgresServer,
    killable_rabbit: RabbitServer,
    gateway: Gateway,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Town]:
    """A town that every story leaves well, and whose services have little patience with a database."""
    settings = {**gateway.settings(tmp_path_factory.mktemp("outages") / "config"), **IMPATIENT}
    with town(killable_postgres, killable_rabbit, **settings) as made:
        killable_rabbit.settle()
        made.whistle(3)
        gateway.mended.set()
        made.prove(PATIENCE)
        before = memory(made)
        yield made
        # the ledger is stopped and started by stories
        grown = {name: now - before[name] for name, now in memory(made).items() if name != "ledger"}
        keep("memory after every outage", {name: f"{grew / 2**20:+.0f} MB" for name, grew in grown.items()})
        assert max(grown.values()) < GROWTH


@contextmanager
def meanwhile(fragile: Town, whistles: int) -> Iterator[None]:
    """Whistles over the broker, which may take them only when the block has ended."""
    whistling = threading.Thread(target=fragile.whistle, args=(whistles,), daemon=True)
    whistling.start()
    yield
    whistling.join(PATIENCE)
    assert not whistling.is_alive()


# --- the gateway


def test_a_gateway_that_is_slow_mute_mad_or_rude_holds_up_no_whistle(fragile: Town, gateway: Gateway) -> None:
    """Many of each, while whistles come in by HTTP and over the broker: every one is closed while the gateway is as it is."""
    story, stack = Outage(fragile), fragile.stack
    gateway.mended.clear()
    gateway.met.clear()
    with meanwhile(fragile, 28):
        story.post(14)
    fragile.await_closed(PATIENCE)
    wait_until(lambda: set(gateway.met) >= set(WAYS), "every way was gone", PATIENCE, details=lambda: str(gateway.met))
    met = dict(gateway.met)
    assert stack.ready("notify")  # it is the gateway's trouble, and not ours
    pending = "select id from notices where state not in ('sent', 'cancelled')"
    assert stack.rows("notify", pending)
    gateway.mended.set()
    wait_until(lambda: not stack.rows("notify", pending), "every notice is sent or cancelled", PATIENCE)
    by_state = {
        state: {id_ for (id_,) in stack.rows("notify", "select id from notices where channel = 'sms' and state = %s", state)}
        for state in ("sent", "cancelled")
    }
    # a cancelled notice may have reached the gateway: an attempt whose answer never came is of an unknown end
    assert by_state["sent"] <= gateway.taken <= by_state["sent"] | by_state["cancelled"]
    assert gateway.met["followed"] == 0
    story.over("gateway")
    keep("gateway", met)


# --- the broker


def test_a_broker_that_is_short_of_memory_takes_nothing_in_and_hands_everything_out(
    fragile: Town, killable_rabbit: RabbitServer
) -> None:
    stack, broker = fragile.stack, killable_rabbit
    stack.stop("ledger")
    fragile.whistle(2)
    fragile.await_closed(PATIENCE)
    before = stack.rows("ledger", "select count(*) from inbox")[0][0]
    short, enough = ("set_vm_memory_high_watermark", "absolute", "1"), ("set_vm_memory_high_watermark", "0.4")
    with outage(fragile, lambda: broker.ctl(*short), lambda: broker.ctl(*enough)) as story, meanwhile(fragile, 3):
        story.post(6)
        story.await_said("tickets", "relay", "short of memory or disk")
        # what is in the queues already is taken
        stack.start("ledger", **IMPATIENT)
        wait_until(lambda: stack.rows("ledger", "select count(*) from inbox")[0][0] > before + 40, "it is taken", PATIENCE)
        story.post(2)
        assert not stack.ready("tickets")
        assert story.links()["tickets.relay"] <= 1  # of one that was dropped the broker keeps its end
        story.end()
    story.over("broker short of memory")


def test_a_broker_that_is_frozen(fragile: Town, killable_rabbit: RabbitServer) -> None:
    """A service that is stopped meanwhile ends, and one that is started comes up when the broker is back."""
    with outage(fragile, killable_rabbit.freeze, killable_rabbit.thaw) as story, meanwhile(fragile, 3):
        story.post(6)
        assert fragile.stack.stop("ledger") == {"ledger": 0}
        story.stack.launch("ledger", **IMPATIENT)
        story.await_said("tickets", "relay", "TimeoutError")
        story.post(2)
        story.end()
    story.over("broker frozen")


def test_a_broker_that_is_gone(fragile: Town, killable_rabbit: RabbitServer) -> None:
    with outage(fragile, killable_rabbit.kill, killable_rabbit.restart) as story, meanwhile(fragile, 3):
        story.post(6)
        for service in SERVICES:
            story.await_said(service, "consume:tickets" if service != "tickets" else "relay", "ConnectionRefused")
        story.post(2)
        story.end()
    story.over("broker gone")


# --- the database


def test_a_database_that_is_restarted(fragile: Town, killable_postgres: PostgresServer) -> None:
    with outage(fragile, killable_postgres.stop, killable_postgres.restart) as story:
        asked = story.refused(6)
        fragile.whistle(3)
        for service in SERVICES:
            story.await_said(service, "relay", "refused")
        story.end()
        story.await_well()
        story.again(asked)
    story.over("database restarted")


def test_a_database_that_is_frozen(fragile: Town, killable_postgres: PostgresServer) -> None:
    """More whistles at once than there are connections: each gets its answer, and the loops get theirs."""
    with outage(fragile, killable_postgres.freeze, killable_postgres.thaw) as story:
        asked = story.refused(MORE_THAN_CONNECTIONS, at_once=MORE_THAN_CONNECTIONS)
        fragile.whistle(3)
        for service in SERVICES:
            story.await_said(service, "relay", "has not answered")
        story.end()
        story.await_well()
        story.again(asked)
    story.over("database frozen")


def test_a_database_that_is_full(fragile: Town, killable_postgres: PostgresServer) -> None:
    databases = [url.rpartition("/")[2] for url in fragile.stack.databases.values()]
    disk = full(killable_postgres, databases, "inbox")
    with outage(fragile, disk.__enter__, lambda: disk.__exit__(None, None, None)) as story:
        asked = story.until_refused(400)
        fragile.whistle(40)  # more than may still find room
        story.await_said("tickets", "consume:intake", "the store is unavailable")
        # what was rolled back may have left room for one or another
        asked += [number for _ in range(5) for number in story.until_refused(100)]
        story.end()
        story.await_well()
        story.again(asked)
    story.over("database full")
