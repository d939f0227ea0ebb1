"""The four services as real processes over the real servers, each with its own database, role and broker account.

A stack is what a deployment is: topology, migrations, directory, then the services, all by the `whistle` command.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import yaml
from kombu import Connection

from tests.kit.processes import LocalProcess, free_port, scratch_directory, wait_until
from tests.kit.servers import PostgresServer, RabbitServer

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("tickets", "dispatch", "notify", "ledger")
ACCOUNTS: list[dict[str, Any]] = [
    {"id": "hotline", "amqp_user": "hotline", "units": [], "roles": ["producer", "reader"]},
    {
        "id": "responders",
        "amqp_user": "responders",
        "units": ["yangguang-property", "yangguang-property-2", "heping-property"],
        "roles": ["responder"],
    },
    {"id": "mediators", "amqp_user": "mediators", "units": ["shanqi-mediator"], "roles": ["responder"]},
    {
        "id": "departments",
        "amqp_user": "departments",
        "units": [
            *("lianhu-urban", "lianhu-housing", "lianhu-civil-affairs"),
            *("shanqi-police", "huancheng-police", "lianhu-police"),
        ],
        "roles": ["responder"],
    },
    {
        "id": "supervisors",
        "amqp_user": "supervisors",
        "units": ["shanqi-supervisor", "huancheng-supervisor", "lianhu-supervisor"],
        "roles": ["responder", "reader"],
    },
    {"id": "grid", "amqp_user": "grid", "units": ["grid-worker-1", "grid-worker-2"], "roles": ["responder"]},
    {"id": "desk", "amqp_user": "desk", "units": [], "roles": ["desk", "reader"]},
]
"""Who gives commands in the tests. Each account's bearer token is ``token-of-<id>``."""


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Stack:
    """One deployment. `start` and `stop` take a service's name; processes are real and can be killed."""

    def __init__(self, database_server: PostgresServer, broker: RabbitServer):
        self.name = f"w{uuid4().hex[:8]}"
        self.postgres, self.rabbit = database_server, broker
        self.directory = scratch_directory("stack")
        self.processes: dict[str, LocalProcess] = {}
        self.databases: dict[str, str] = {}
        self.ports: dict[str, tuple[int, int]] = {}
        self.passwords = {name: uuid4().hex for name in (*SERVICES, "admin", *(a["id"] for a in ACCOUNTS))}

    # --- making a deployment

    def deploy(self) -> None:
        """Accounts, databases, topology, migrations, directory."""
        for service in SERVICES:
            database = f"{self.name}_{service}"
            self.databases[service] = self.postgres.create_database(database)
            self.ports[service] = (free_port(), free_port())
        self._accounts()
        self._write_identities()
        self.whistle("topology", "--url", self.amqp("admin"))
        for service in SERVICES:
            self.whistle("migrate", service)
        self.whistle("directory", "load", str(ROOT / "deploy/demo/directory.yaml"))

    def _accounts(self) -> None:
        self.rabbit.add_vhost(self.name)
        own = {service: ("^$", rf"^{service}\.(events|private)$", rf"^{service}\..*$") for service in SERVICES}
        intake = {account["id"]: ("^$", r"^intake\.events$", "^$") for account in ACCOUNTS}
        for user, (configure, write, read) in {**own, **intake, "admin": (".*", ".*", ".*")}.items():
            self.rabbit.add_user(self.user(user), self.passwords[user], self.name, configure, write, read)

    def _write_identities(self) -> None:
        accounts = [
            {**account, "amqp_user": self.user(account["amqp_user"]), "token_sha256": _sha256(f"token-of-{account['id']}")}
            for account in ACCOUNTS
        ]
        (self.directory / "identities.yaml").write_text(yaml.safe_dump({"accounts": accounts}, allow_unicode=True))

    def user(self, account: str) -> str:
        """The broker's name for an account: broker users are shared by every stack of a run."""
        return f"{self.name}-{account}"

    def amqp(self, account: str) -> str:
        """The broker's address for an account."""
        return self.rabbit.url(self.user(account), self.passwords[account], self.name)

    # --- running it

    def environment(self, name: str, **more: str) -> dict[str, str]:
        """What a process is told. ``name`` is a service, or ``<service>-2`` for one more process of the same service."""
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
            "WHISTLE_SECRET": "a secret of the tests",
            "WHISTLE_HTTP": f"127.0.0.1:{http}",
            "WHISTLE_OPS": f"127.0.0.1:{ops}",
            **more,
        }

    def database_settings(self) -> dict[str, str]:
        """Where all four stores are, for commands that ask them all."""
        return {f"WHISTLE_{service.upper()}_DATABASE_URL": url for service, url in self.databases.items()}

    def whistle(self, *words: str) -> str:
        """Run a command; answers what it printed. Raises with its output where it fails."""
        service = next((word for word in words if word in SERVICES), "dispatch")
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *words],
            env=self.environment(service, **self.database_settings()),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
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
        command = [sys.executable, "-m", "cli.main", "run", name.partition("-")[0]]
        process = self.processes[name] = LocalProcess(command, home, self.environment(name, **more))
        process.start()
        return process

    def wait_ready(self, service: str, seconds: float = 30) -> None:
        """Until the service reports no outage."""
        process = self.processes[service]
        wait_until(
            lambda: self.ready(service),
            f"{service} ready",
            seconds,
            alive=lambda: process.alive,
            details=lambda: self.log(service),
        )

    def ready(self, service: str) -> bool:
        """What /readyz says."""
        try:
            with urllib.request.urlopen(self.ops(service, "/readyz"), timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self, *services: str) -> dict[str, int | None]:
        """SIGTERM, and wait for an orderly end; answers the exit statuses."""
        return {service: self.processes[service].stop() for service in services or tuple(self.processes)}

    def ops(self, service: str, path: str) -> str:
        """Address of a page for those on duty."""
        return f"http://127.0.0.1:{self.ports[service][1]}{path}"

    def call(
        self, service: str, method: str, path: str, token: str | None, body: Any = None, key: str | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """An HTTP request to a service: status, JSON body, headers."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer token-of-{token}"
        if key:
            headers["Idempotency-Key"] = key
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports[service][0]}{path}", data=data, method=method, headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read()), dict(answer.headers)
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null"), dict(refused.headers)

    def metric(self, service: str, name: str, **labels: str) -> float:
        """The sum of a metric's samples, of those that have these labels."""
        with urllib.request.urlopen(self.ops(service, "/metrics"), timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        named = [line for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(float(line.rsplit(" ", 1)[1]) for line in named if all(one in line for one in wanted))

    def rows(self, service: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask a service's database directly."""
        connection = psycopg2.connect(self.databases[service])
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query, values or None)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def queue_length(self, queue: str) -> int:
        """Messages of a queue that are ready: sent, and in nobody's hands."""
        with Connection(self.amqp("admin")) as connection, connection.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).message_count)

    def log(self, service: str, lines: int = 60) -> str:
        """The end of what a service logged."""
        return self.processes[service].log_tail(lines)

    def let_pass(self, seconds: float) -> None:
        """Business time moves on, for every service at once."""
        path = self.directory / "clock"
        before = float(path.read_text()) if path.exists() else 0.0
        beside = path.with_suffix(".new")
        beside.write_text(str(before + seconds))
        beside.replace(path)

    def remove(self) -> None:
        """Stop what runs; drop databases and the virtual host."""
        for process in self.processes.values():
            process.kill()
        for service in self.databases:
            self.postgres.drop_database(f"{self.name}_{service}")
        self.rabbit.delete_vhost(self.name)


@contextmanager
def stack(database_server: PostgresServer, broker: RabbitServer) -> Iterator[Stack]:
    """A deployment that is removed at the end."""
    made = Stack(database_server, broker)
    try:
        made.deploy()
        yield made
    finally:
        made.remove()
