"""A database that froze, or is locked, read only or full, is an outage: noticed in time, and no event is to blame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from psycopg2 import extensions
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from chassis.persistence import Store, StoreUnavailable, Timeouts, engine, machine_now
from chassis.persistence import timeouts as waiting
from chassis.persistence.leader_election import leader_election
from chassis.persistence.store import PROBE
from tests.component.broker import Broker
from tests.component.counting import DEFINITION, Counting, metadata, new_store, on_postgres, report, states
from tests.component.small import QUEUE, Small, new_world
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer

QUICK = Timeouts(statement=0.5, lock=0.2)
MARKS = DEFINITION.tables.marks


@pytest.fixture(autouse=True)
def limited(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait as a service does."""
    monkeypatch.setattr(waiting, "MARGIN_SECONDS", 0.5)
    monkeypatch.setattr(waiting, "CONNECT_SECONDS", 1)
    waiting.install()
    yield
    extensions.set_wait_callback(None)


@pytest.fixture
def impatient(counting: Counting) -> Iterator[Counting]:
    """The counting service with little patience."""
    store = Store(counting.store.url, DEFINITION.tables, DEFINITION.mappers, timeouts=QUICK)
    yield Counting(store)
    store.close()


# --- a probe


def test_a_probe_writes_one_row(counting: Counting) -> None:
    before = machine_now()
    for _ in range(3):
        counting.store.probe()
    ((name, at),) = [(row["name"], row["at"]) for row in counting.rows(MARKS)]
    assert name == PROBE
    assert at >= before


@on_postgres
def test_a_store_that_is_read_only_is_not_healthy(counting: Counting) -> None:
    database = counting.store.engine.url.database
    with counting.store.transaction() as connection:
        connection.execute(text(f"ALTER DATABASE {database} SET default_transaction_read_only = on"))
    counting.store.close()
    try:
        with pytest.raises(StoreUnavailable, match="read-only"):
            counting.store.probe()
    finally:
        with counting.store.transaction() as connection:
            connection.execute(text("SET TRANSACTION READ WRITE"))
            connection.execute(text(f"ALTER DATABASE {database} RESET default_transaction_read_only"))
        counting.store.close()
    counting.store.probe()


def test_a_file_that_is_full_is_not_healthy(tmp_path: Path) -> None:
    store = new_store(f"sqlite:///{tmp_path}/full.db")
    metadata.create_all(store.engine)
    store.probe()
    with store.transaction() as connection:
        connection.execute(text("DELETE FROM marks"))
        size = connection.execute(text("PRAGMA page_count")).scalar_one()
        # SQLite's own word for a full disk; every free page is taken
        connection.execute(text(f"PRAGMA max_page_count = {size}"))
    with pytest.raises(StoreUnavailable, match="full"), store.transaction() as connection:
        connection.execute(text("CREATE TABLE large AS SELECT zeroblob(1000000) AS filled"))
    store.close()


def test_a_file_that_is_read_only_is_not_healthy(tmp_path: Path) -> None:
    writable = new_store(f"sqlite:///{tmp_path}/store.db")
    metadata.create_all(writable.engine)
    writable.close()
    store = Store(f"sqlite:///file:{tmp_path}/store.db?mode=ro&uri=true", DEFINITION.tables)
    with pytest.raises(StoreUnavailable, match="readonly"):
        store.probe()
    store.close()


# --- a server that lives, and says no


@contextmanager
def held(counting: Counting) -> Iterator[None]:
    """Within the block somebody's forgotten session keeps others from writing."""
    with closing(psycopg2.connect(counting.store.url)) as other:
        other.cursor().execute("LOCK TABLE counters IN EXCLUSIVE MODE")
        yield


@on_postgres
def test_a_lock_that_is_not_had_is_an_outage_and_no_attempt(impatient: Counting) -> None:
    with held(impatient), pytest.raises(StoreUnavailable, match="lock timeout"):
        impatient.inbox().take([report("a", "1"), report("a", "2")])
    assert impatient.letters == []
    impatient.inbox().take([report("a", "1"), report("a", "2")])
    assert impatient.counts == {"a": 2}
    assert [row["attempts"] for row in impatient.letters] == [1, 1]


@on_postgres
def test_a_statement_that_takes_too_long_is_an_outage(impatient: Counting) -> None:
    with pytest.raises(StoreUnavailable, match="statement timeout"), impatient.store.transaction() as connection:
        connection.execute(text("SELECT pg_sleep(30)"))
    impatient.store.probe()


@on_postgres
def test_who_has_no_limits_may_take_long(counting: Counting) -> None:
    """Migrations, and what an operator types."""
    with counting.store.transaction() as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "0"
        assert connection.execute(text("SELECT pg_sleep(1.2)")).all()


@on_postgres
def test_a_leader_that_listens_longer_than_a_statement_may_take_goes_on_leading(impatient: Counting) -> None:
    with leader_election(impatient.store) as session:
        assert session.lead()
        assert not session.wait(1.5)
        impatient.say("a")
        wait_until(lambda: session.wait(1), "it is woken", 10)
        with session.connection() as connection:
            assert connection.execute(select(DEFINITION.tables.outbox.c.subject)).scalars().all() == ["a"]


@on_postgres
def test_who_would_lead_while_every_connection_is_in_use_is_told(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's whistles hold them all."""
    monkeypatch.setattr(engine, "CONNECT_SECONDS", 1)
    store = Store(counting.store.url, DEFINITION.tables, pool_size=1)
    with store.transaction(), store.transaction():  # one of the pool, and one above it
        with pytest.raises(StoreUnavailable, match="every connection is in use"), leader_election(store):
            pass
        with pytest.raises(StoreUnavailable, match="every connection is in use"):
            store.probe()
    with leader_election(store) as session:
        assert session.lead()
    store.close()


def wrong(counting: Counting, state: str, words: str) -> None:
    """Have the server say that something is wrong."""
    with counting.store.transaction() as connection:
        connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION '{words}' USING ERRCODE = '{state}'; END $$"))


@on_postgres
@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("53000", "out of file descriptors"),
        ("53100", "no space left on device"),
        ("53200", "out of memory"),
        ("58030", "could not read block"),
        ("XX000", 'could not extend file "base/1/2": Disk quota exceeded'),
    ],
)
def test_a_server_that_is_short_of_something_is_an_outage(counting: Counting, state: str, words: str) -> None:
    with pytest.raises(StoreUnavailable, match=words.split(":")[0]):
        wrong(counting, state, words)


@on_postgres
def test_any_other_error_within_the_server_is_none(counting: Counting) -> None:
    with pytest.raises(DBAPIError, match="tuple concurrently updated"):
        wrong(counting, "XX000", "tuple concurrently updated")


# --- a server that froze


@pytest.fixture
def frozen_one(killable_postgres: PostgresServer) -> Iterator[Counting]:
    """The counting service on a server that may be frozen."""
    name = f"frozen_{uuid4().hex[:8]}"
    store = Store(killable_postgres.create_database(name), DEFINITION.tables, DEFINITION.mappers, timeouts=QUICK)
    metadata.create_all(store.engine)
    yield Counting(store)
    store.close()
    killable_postgres.drop_database(name)


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    """Within the block the server does nothing at all, and its connections stay open."""
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


def test_a_server_that_froze_is_given_up_in_time(frozen_one: Counting, killable_postgres: PostgresServer) -> None:
    frozen_one.inbox().take([report("a", "1")])
    with frozen(killable_postgres):
        with pytest.raises(StoreUnavailable, match="has not answered"):  # on a connection that was open
            frozen_one.inbox().take([report("a", "2")])
        with pytest.raises(StoreUnavailable, match="has not answered"):  # on a new one
            frozen_one.store.probe()
    wait_until(lambda: answers(frozen_one), "it answers again", 20)
    frozen_one.inbox().take([report("a", "1"), report("a", "2")])
    assert frozen_one.counts == {"a": 2}
    assert states(frozen_one.letters) == ["applied"] * 2


def answers(counting: Counting) -> bool:
    """Whether the store can be used."""
    try:
        counting.store.probe()
    except StoreUnavailable:
        return False
    return True


def test_a_leader_whose_server_froze_is_told(frozen_one: Counting, killable_postgres: PostgresServer) -> None:
    with frozen(killable_postgres), pytest.raises(StoreUnavailable), leader_election(frozen_one.store) as session:
        session.lead()
    wait_until(lambda: answers(frozen_one), "it answers again", 20)

    def leads() -> bool:
        """The server forgets the old session when it finds the client gone."""
        with leader_election(frozen_one.store) as session:
            return session.lead()

    wait_until(leads, "somebody leads again", 20)


def test_no_loop_of_a_service_hangs_while_its_server_is_frozen(
    killable_postgres: PostgresServer, rabbit_server: RabbitServer
) -> None:
    """A process of its own, where every wait gives way to the others."""
    extensions.set_wait_callback(None)
    with new_world(killable_postgres, rabbit_server) as (counting, broker):
        small = Small(counting, broker, WHISTLE_STATEMENT_SECONDS="1")
        try:
            small.until_ready()
            loops = {"consume:intake", "relay", "timers", "retry", "sample"}
            with frozen(killable_postgres):
                small.sends(report("a", "frozen"))
                small.until(lambda: loops <= troubles(small).keys(), "every loop says what keeps it", 30)
                assert "the store is unavailable" in troubles(small)["consume:intake"]
                assert small.page("/healthz")[0] == 200
            small.until_ready()
            small.until(lambda: counting.counts == {"a": 1}, "what came meanwhile is counted")
            assert [row["attempts"] for row in counting.letters] == [1]
            assert _left(broker) == 0
            assert small.process.stop() == 0
        finally:
            small.process.kill()


def troubles(small: Small) -> dict[str, str]:
    """What keeps which loop from working."""
    found: dict[str, str] = small.page("/readyz")[1].get("troubles", {})
    return found


def _left(broker: Broker) -> int:
    return broker.ready(QUEUE)
