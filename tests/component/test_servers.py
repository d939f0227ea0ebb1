"""The test servers themselves: what the other tests rely on when they kill, freeze and restart them."""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import amqp
import psutil
import psycopg2
import pytest

from tests.kit import rabbitmq as rabbitmq_module
from tests.kit.containers import Container
from tests.kit.processes import ServerError, wait_until
from tests.kit.servers import PostgresServer, RabbitServer, both

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def name() -> str:
    """A name that nothing else uses."""
    return f"servers_{secrets.token_hex(4)}"


@pytest.fixture
def database(killable_postgres: PostgresServer, name: str) -> Iterator[str]:
    """The URL of a database of a role of the same name."""
    yield killable_postgres.create_database(name, name)
    killable_postgres.drop_database(name)
    killable_postgres.drop_role(name)


@pytest.fixture
def vhost(killable_rabbit: RabbitServer, name: str) -> Iterator[str]:
    """A virtual host."""
    killable_rabbit.add_vhost(name)
    yield name
    killable_rabbit.delete_vhost(name)


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    """Run one statement in a connection of its own and return its rows."""
    with contextlib.closing(psycopg2.connect(url, connect_timeout=5)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def runs(pid: int) -> bool:
    """Whether there is such a process, and it is not just waiting to be collected by its parent."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_role_owns_its_database_and_cannot_enter_another(postgres_server: PostgresServer, name: str) -> None:
    mine = postgres_server.create_database(name, name)
    other = postgres_server.create_database(f"{name}_other", f"{name}_other")
    try:
        query(mine, "CREATE TABLE note (body text)")
        query(mine, "INSERT INTO note VALUES ('工单')")
        assert query(mine, "SELECT body, current_user FROM note") == [("工单", name)]
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            query(postgres_server.url(f"{name}_other", name), "SELECT 1")
        assert query(other, "SELECT current_user") == [(f"{name}_other",)]
    finally:
        for each in (name, f"{name}_other"):
            postgres_server.drop_database(each)
            postgres_server.drop_role(each)


def test_a_database_made_from_a_template_has_its_tables(killable_postgres: PostgresServer, database: str) -> None:
    query(database, "CREATE TABLE note (body text)")
    source = database.rpartition("/")[2]
    copy = killable_postgres.create_database(f"{source}_copy", source, template=source)
    try:
        assert query(copy, "SELECT count(*) FROM note") == [(0,)]
    finally:
        killable_postgres.drop_database(f"{source}_copy")


def test_committed_rows_survive_a_killed_postgres(killable_postgres: PostgresServer, database: str) -> None:
    query(database, "CREATE TABLE note (id int)")
    with contextlib.closing(psycopg2.connect(database)) as open_connection:
        backends = [pid for (pid,) in query(database, "SELECT pid FROM pg_stat_activity")]
        query(database, "INSERT INTO note SELECT generate_series(1, 1000)")
        killable_postgres.kill()
        if not isinstance(killable_postgres.machine, Container):
            assert not any(runs(int(str(pid))) for pid in backends)
        with pytest.raises(psycopg2.OperationalError), open_connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    assert not killable_postgres.ready()
    killable_postgres.restart()
    assert query(database, "SELECT count(*) FROM note") == [(1000,)]


def test_a_frozen_postgres_says_nothing_until_it_is_thawed(killable_postgres: PostgresServer, database: str) -> None:
    with contextlib.closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        killable_postgres.freeze()
        try:
            with pytest.raises(psycopg2.OperationalError, match="timeout"):
                psycopg2.connect(database, connect_timeout=2)
        finally:
            killable_postgres.thaw()
        cursor.execute("SELECT 2")
        assert cursor.fetchone() == (2,)


def test_a_persistent_message_in_a_quorum_queue_survives_a_killed_rabbitmq(killable_rabbit: RabbitServer, vhost: str) -> None:
    channel = killable_rabbit.connect(vhost).channel()
    channel.queue_declare("kept", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
    killable_rabbit.settle()
    channel.basic_publish_confirm(amqp.Message("派单", delivery_mode=2), routing_key="kept")
    killable_rabbit.kill()
    with pytest.raises(OSError, match="Connection refused"):
        killable_rabbit.connect(vhost)
    channel.connection.collect()
    killable_rabbit.restart()
    with contextlib.closing(killable_rabbit.connect(vhost)) as connection:
        channel = connection.channel()
        received: list[amqp.Message] = []

        def got_one() -> bool:
            message = channel.basic_get("kept", no_ack=True)
            received.extend([message] if message is not None else [])
            return message is not None

        wait_until(got_one, "the message is back")
        assert received[0].body == "派单"


def test_a_frozen_rabbitmq_says_nothing_until_it_is_thawed(killable_rabbit: RabbitServer, vhost: str) -> None:
    with contextlib.closing(killable_rabbit.connect(vhost)) as connection:
        channel = connection.channel()
        killable_rabbit.freeze()
        try:
            assert not killable_rabbit.ready()
        finally:
            killable_rabbit.thaw()
        channel.queue_declare("after", durable=False, auto_delete=True)


def test_a_user_has_only_its_rights_in_only_its_virtual_host(rabbit_server: RabbitServer, name: str) -> None:
    rabbit_server.import_definitions(
        {
            "vhosts": [{"name": name}, {"name": f"{name}_other"}],
            "users": [{"name": name, "password": "secret/with:signs", "tags": ""}],
            "permissions": [{"user": name, "vhost": name, "configure": "^mine", "write": "^mine", "read": "^mine"}],
        }
    )
    try:
        assert rabbit_server.url(name, vhost=name) == (
            f"amqp://{name}:secret%2Fwith%3Asigns@{rabbit_server.host}:{rabbit_server.port}/{name}"
        )

        def connect(vhost: str) -> amqp.Connection:
            connection = amqp.Connection(
                f"{rabbit_server.host}:{rabbit_server.port}", name, "secret/with:signs", virtual_host=vhost
            )
            connection.connect()
            return connection

        with contextlib.closing(connect(name)) as connection:
            connection.channel().queue_declare("mine", auto_delete=True)
            with pytest.raises(amqp.AccessRefused):
                connection.channel().queue_declare("yours", auto_delete=True)
        assert [queue["name"] for queue in rabbit_server.api("GET", f"queues/{name}")] in ([], ["mine"])
        with pytest.raises((amqp.NotAllowed, amqp.AccessRefused)):
            connect(f"{name}_other")
        url = rabbit_server.add_user(name, "new", f"{name}_other")
        assert url.endswith(f"{name}:new@{rabbit_server.host}:{rabbit_server.port}/{name}_other")
    finally:
        rabbit_server.delete_user(name)
        rabbit_server.delete_vhost(name)
        rabbit_server.delete_vhost(f"{name}_other")


def test_rabbitmqctl_reaches_the_private_server(killable_rabbit: RabbitServer, vhost: str) -> None:
    assert vhost in killable_rabbit.ctl("list_vhosts").split()


def test_servers_named_in_the_environment_are_used_and_cannot_be_killed(
    killable_postgres: PostgresServer, killable_rabbit: RabbitServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHISTLE_TEST_POSTGRES_URL", killable_postgres.admin_url)
    monkeypatch.setenv("WHISTLE_TEST_AMQP_URL", killable_rabbit.url())
    monkeypatch.setenv("WHISTLE_TEST_RABBITMQ_API", str(killable_rabbit.api_url))
    with both() as named:
        assert not named.postgres.private
        assert query(named.postgres.create_database(name), "SELECT 1") == [(1,)]
        named.postgres.drop_database(name)
        named.rabbit.add_vhost(name)
        named.rabbit.connect(name).close()
        named.rabbit.delete_vhost(name)
        refused: list[Callable[[], None]] = [named.postgres.kill, named.rabbit.kill, named.rabbit.freeze]
        for action in refused:
            with pytest.raises(ServerError, match="not started by these tests"):
                action()
    assert killable_postgres.ready()
    assert killable_rabbit.ready()
    monkeypatch.delenv("WHISTLE_TEST_RABBITMQ_API")
    with rabbitmq_module.rabbitmq() as server, pytest.raises(ServerError, match="WHISTLE_TEST_RABBITMQ_API"):
        server.add_vhost(name)


STARTS_A_TREE = """
import json, os, signal
from tests.kit.processes import LocalProcess, scratch_directory, wait_until
directory = scratch_directory("tree")
process = LocalProcess(["/bin/sh", "-c", "sleep 1000 & echo $! >child; wait"], directory)
process.start()
child = directory / "child"
wait_until(lambda: child.exists() and child.read_text().endswith("\\n"), "the child is there")
print(json.dumps([process.pid, int(child.read_text()), str(directory)]), flush=True)
signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_run_is_killed(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", STARTS_A_TREE], cwd=REPOSITORY, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        parent, child, directory = json.loads(run.stdout.readline())
        assert runs(parent)
        assert runs(child)
        run.send_signal(number)
    wait_until(
        lambda: not (runs(parent) or runs(child) or Path(directory).exists()),
        "the processes and the directory are gone",
        30,
    )
