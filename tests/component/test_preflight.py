"""What keeps a service from starting is said in one line with what to do, and the status is not 0."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command

from chassis.persistence.migrate import config, upgrade
from tests.component.broker import Broker
from tests.kit.processes import LocalProcess, free_port, wait_until
from tests.kit.servers import PostgresServer
from tests.kit.stack import ROOT

SERVICE = "notify"


class Operator:
    """Somebody who starts a service, with one thing not as it should be."""

    def __init__(self, database: str, broker: Broker, directory: Path):
        self.database, self.directory = database, directory
        (directory / "identities.yaml").write_text("accounts: []")
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("WHISTLE_")},
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
            "WHISTLE_DATABASE_URL": database,
            "WHISTLE_AMQP_URL": broker.url,
            "WHISTLE_IDENTITIES": str(directory / "identities.yaml"),
            "WHISTLE_CONFIG_DIR": str(ROOT / "deploy"),
            "WHISTLE_SECRET": "a secret of the tests",
            "WHISTLE_HTTP": f"127.0.0.1:{free_port()}",
            "WHISTLE_OPS": f"127.0.0.1:{free_port()}",
        }

    def is_told(self, *words: str, **changes: str) -> str:
        """What stands in the one line that `whistle` says, in vain."""
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *(words or ("run", SERVICE))],
            env={**self.env, **changes},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=360,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
        assert len(said) == 1, done.stderr
        assert said[0].startswith("Error: ")
        assert "Traceback" not in done.stdout + done.stderr
        return said[0].removeprefix("Error: ")


@pytest.fixture(scope="module")
def migrated(postgres_server: PostgresServer) -> Iterator[str]:
    """A database as it should be."""
    name = f"starting_{uuid4().hex[:8]}"
    url = postgres_server.create_database(name, name)
    upgrade(f"services.{SERVICE}", url)
    yield url
    postgres_server.drop_database(name)
    postgres_server.drop_role(name)


@pytest.fixture
def operator(migrated: str, broker: Broker, tmp_path: Path) -> Operator:
    """Everything is as it should be."""
    return Operator(migrated, broker, tmp_path)


@contextmanager
def taken() -> Iterator[str]:
    """An address where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("key", ["HTTP", "OPS"])
def test_a_port_in_use(key: str, operator: Operator) -> None:
    with taken() as address:
        said = operator.is_told(**{f"WHISTLE_{key}": address})
    assert said == (
        f"notify: cannot listen on {address}: Address already in use; stop what listens there, or give another address: "
        f"WHISTLE_NOTIFY_{key}, WHISTLE_{key} or, of `whistle embedded`, --port"
    )


def test_a_wrong_password_of_the_database(operator: Operator, migrated: str) -> None:
    role, _, rest = migrated.removeprefix("postgresql://").partition(":")
    said = operator.is_told(WHISTLE_DATABASE_URL=f"postgresql://{role}:wrong@{rest.partition('@')[2]}")
    assert said.startswith("notify: the database lets nobody in: ")
    assert f'password authentication failed for user "{role}"' in said
    assert said.endswith("see WHISTLE_NOTIFY_DATABASE_URL or WHISTLE_DATABASE_URL")


def test_a_database_that_is_not_there(operator: Operator, migrated: str) -> None:
    said = operator.is_told(WHISTLE_DATABASE_URL=migrated + "_none")
    assert "does not exist" in said


def test_a_wrong_password_of_the_broker(operator: Operator, broker: Broker) -> None:
    said = operator.is_told(WHISTLE_AMQP_URL=broker.server.url(broker.server.user, "wrong", broker.vhost))
    assert said.startswith("notify: the broker lets nobody in: ACCESS_REFUSED")
    assert said.endswith("see WHISTLE_NOTIFY_AMQP_URL or WHISTLE_AMQP_URL")


def test_a_virtual_host_that_is_not_there(operator: Operator, broker: Broker) -> None:
    said = operator.is_told(WHISTLE_AMQP_URL=broker.server.url(vhost="none"))
    assert "vhost none not found" in said


def test_a_database_without_tables(operator: Operator, postgres_server: PostgresServer) -> None:
    name = f"starting_{uuid4().hex[:8]}"
    url = postgres_server.create_database(name)
    try:
        said = operator.is_told(WHISTLE_DATABASE_URL=url)
        assert said.startswith("notify: the database is at version none, the code wants ")
        assert said.endswith("whistle migrate notify`")
        upgrade(f"services.{SERVICE}", url)
        command.downgrade(config(f"services.{SERVICE}", url), "0001")
        assert "is at version 0001, the code wants " in operator.is_told(WHISTLE_DATABASE_URL=url)
    finally:
        postgres_server.drop_database(name)


def test_identities_that_are_not_there(operator: Operator) -> None:
    path = operator.directory / "none.yaml"
    said = operator.is_told(WHISTLE_IDENTITIES=str(path))
    assert said.startswith(f"notify: there is no accounts file {path}; see WHISTLE_NOTIFY_IDENTITIES or WHISTLE_IDENTITIES")


def test_settings_that_are_missing(operator: Operator) -> None:
    said = operator.is_told(WHISTLE_SECRET="", WHISTLE_HTTP="here")
    assert "WHISTLE_SECRET" in said
    assert "WHISTLE_HTTP" in said


def test_a_port_of_the_embedded_deployment_in_use(operator: Operator, tmp_path: Path) -> None:
    with taken() as address:
        port = int(address.partition(":")[2]) - 1  # the first one: nobody knows whether the others are free
        env = dict(operator.env)
        for name in [name for name in env if name.startswith("WHISTLE_")]:
            del operator.env[name]
        said = operator.is_told("embedded", "--home", str(tmp_path / "home"), "--port", str(port))
    assert said.startswith(f"tickets: cannot listen on {address}: Address already in use; stop what listens there, or give")


def test_a_newer_database_and_an_outage_keep_nobody_from_starting(operator: Operator, postgres_server: PostgresServer) -> None:
    """A deploy migrates first; and a broker that is away is waited for."""
    name = f"starting_{uuid4().hex[:8]}"
    url = postgres_server.create_database(name)
    upgrade(f"services.{SERVICE}", url)
    postgres_server.execute("UPDATE alembic_version SET version_num = '9999'", database=name)
    env = {**operator.env, "WHISTLE_DATABASE_URL": url, "WHISTLE_AMQP_URL": "amqp://guest:guest@127.0.0.1:1//"}
    process = LocalProcess([sys.executable, "-m", "cli.main", "run", SERVICE], operator.directory, env)
    process.start()
    try:
        wait_until(lambda: '"up"' in process.log_tail(), "it is up", 30, lambda: process.alive, process.log_tail)
        assert process.stop() == 0
    finally:
        process.kill()
        postgres_server.drop_database(name)


@pytest.mark.parametrize(
    ("started", "needless"),
    [
        ("import cli.main", {"alembic", "apprise", "eventlet", "sqlalchemy"}),
        ("import chassis.launch, cli.preflight, services.notify.service", {"alembic", "apprise"}),
    ],
)
def test_a_start_imports_nothing_that_it_may_not_need(started: str, needless: set[str]) -> None:
    """Each of them takes as long as the rest of a start."""
    script = f"{started}; import sys; print(*sys.modules)"
    command = [sys.executable, "-W", "ignore", "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=360, check=True)
    assert not needless & set(done.stdout.split())
