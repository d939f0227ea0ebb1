"""The four services as real processes over the real servers, each with its own database, role and broker account.

A stack is what a deployment is: topology, migrations, directory, then the services, all by the `whistle` command. Only the
first of a run migrates and loads its directory; the databases of the others begin as copies of what it made.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg2
from kombu import Connection

from chassis.configuration.yaml_core import dump_yaml
from deploy.rabbitmq import accounts
from tests.kit.deployment import ACCOUNTS, PROXY, ROOT, SECRET, SERVICES, Deployment
from tests.kit.forked_process import WhistleProcess
from tests.kit.processes import LocalProcess, free_port
from tests.kit.servers import PostgresServer, RabbitServer

LISTENER = "board"
"""A foreign service that receives our events."""


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Stack(Deployment):
    """One deployment of real processes that can be killed. `start` and `stop` take a service's name."""

    def __init__(self, database_server: PostgresServer, broker: RabbitServer):
        super().__init__("stack")
        self.name = f"w{uuid4().hex[:8]}"
        self.postgres, self.rabbit = database_server, broker
        self.passwords = {name: uuid4().hex for name in (*SERVICES, "admin", LISTENER, *(a["id"] for a in ACCOUNTS))}

    # --- making a deployment

    def deploy(self) -> None:
        """Make accounts, databases, topology, migrations and directory."""
        templates = dict(self.postgres.templates)
        for service in SERVICES:
            self.databases[service] = self.postgres.create_database(self._database(service), template=templates.get(service))
            self.ports[service] = (free_port(), free_port())
        self._accounts()
        self._write_identities()
        self.whistle("topology", "--url", self.amqp("admin"))
        if not templates:
            self.whistle("migrate")
            self.whistle("directory", "load", str(ROOT / "deploy/demo/directory.yaml"))
            for service in SERVICES:
                self.postgres.keep_as_template(service, self._database(service))

    def _database(self, service: str) -> str:
        return f"{self.name}_{service}"

    def _accounts(self) -> None:
        self.rabbit.add_vhost(self.name)
        rights = {service: accounts.of_service(service) for service in SERVICES}
        rights |= {account["id"]: accounts.of_producer() for account in ACCOUNTS}
        rights |= {LISTENER: accounts.of_listener(LISTENER), "admin": {}}
        for user, allowed in rights.items():
            self.rabbit.add_user(self.user(user), self.passwords[user], self.name, **allowed)

    def _write_identities(self) -> None:
        accounts = [
            {**account, "amqp_user": self.user(account["amqp_user"]), "token_sha256": _sha256(f"token-of-{account['id']}")}
            for account in ACCOUNTS
        ]
        (self.directory / "identities.yaml").write_text(dump_yaml({"accounts": accounts}))

    def user(self, account: str) -> str:
        """Return the broker's name for an account: broker users are shared by every stack of a run."""
        return f"{self.name}-{account}"

    def amqp(self, account: str) -> str:
        """Return the broker's address for an account."""
        return self.rabbit.url(self.user(account), self.passwords[account], self.name)

    # --- running it

    def environment(self, name: str, **more: str) -> dict[str, str]:
        """Return a process's environment. ``name`` is a service, or ``<service>-2`` for a further process of it."""
        service = name.partition("-")[0]
        http, ops = self.ports.setdefault(name, (free_port(), free_port()))
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "WHISTLE_DATABASE_URL": self.databases[service],
            "WHISTLE_AMQP_URL": self.amqp(service),
            "WHISTLE_IDENTITIES": str(self.directory / "identities.yaml"),
            "WHISTLE_CONFIG_DIR": str(ROOT / "deploy"),
            "WHISTLE_CLOCK_FILE": str(self.directory / "clock"),
            "WHISTLE_SECRET": SECRET,
            "WHISTLE_TICKETS_FILES_DIR": str(self.directory / "tickets-files"),
            "WHISTLE_TRUSTED_PROXIES": PROXY,
            "WHISTLE_HTTP": f"127.0.0.1:{http}",
            "WHISTLE_OPS": f"127.0.0.1:{ops}",
            **more,
        }

    def database_settings(self) -> dict[str, str]:
        """Return the settings with the URLs of all four stores, for commands that read them all."""
        return {f"WHISTLE_{service.upper()}_DATABASE_URL": url for service, url in self.databases.items()}

    def whistle(self, *words: str) -> str:
        """Run a command; return its output. Raises with the output where it fails."""
        service = next((word for word in words if word in SERVICES), "dispatch")
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *words],
            env=self.environment(service, **self.database_settings()),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=360,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"whistle {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self, *services: str, failpoints: str = "", **more: str) -> None:
        """Start services (all) and wait until they are ready, unless a failpoint may kill them before.

        A name like ``tickets-2`` is one more process of the same service.
        """
        for name in services or SERVICES:
            self.launch(name, **({"WHISTLE_FAILPOINTS": failpoints} if failpoints else {}), **more)
        if not failpoints:
            for service in services or SERVICES:
                self.wait_ready(service)

    def launch(self, name: str, **more: str) -> LocalProcess:
        """Start one process and wait for nothing."""
        home = self.directory / name
        home.mkdir(exist_ok=True)
        process = self.processes[name] = WhistleProcess(("run", name.partition("-")[0]), home, self.environment(name, **more))
        process.start()
        return process

    def stop(self, *services: str) -> dict[str, int | None]:
        """Stop processes with SIGTERM; return the exit statuses."""
        return {service: self.processes[service].stop() for service in services or tuple(self.processes)}

    def rows(self, service: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Query a service's database directly."""
        connection = psycopg2.connect(self.databases[service])
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query, values or None)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def queue_length(self, queue: str) -> int:
        """Return the number of ready messages in a queue: sent, and not delivered to a consumer."""
        with Connection(self.amqp("admin")) as connection, connection.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).message_count)

    def remove(self) -> None:
        """Kill the processes; drop databases and the virtual host."""
        for process in self.processes.values():
            process.kill()
        for service in self.databases:
            self.postgres.drop_database(self._database(service))
        self.rabbit.delete_vhost(self.name)


@contextmanager
def stack(database_server: PostgresServer, broker: RabbitServer) -> Iterator[Stack]:
    """Yield a deployment that is removed at the end."""
    made = Stack(database_server, broker)
    try:
        made.deploy()
        yield made
    finally:
        made.remove()
