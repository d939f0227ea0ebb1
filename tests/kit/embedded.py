"""The embedded deployment: all four services in one real process that can be killed, over a SQLite file each."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from chassis.configuration.yaml_core import dump_yaml
from cli.deployment_dir import DeploymentDir
from tests.kit.deployment import ACCOUNTS, PROXY, ROOT, SECRET, SERVICES, Deployment
from tests.kit.forked_process import WhistleProcess
from tests.kit.processes import LocalProcess, free_port, wait_until

PROCESS = "embedded"


class EmbeddedStack(Deployment):
    """One embedded deployment in a real process. Requests to each service go to that process."""

    def __init__(self) -> None:
        super().__init__(PROCESS)
        self.home = DeploymentDir(self.directory / "a home")  # nobody has to name it without a space
        self.databases = {service: f"sqlite:///{self.home.path}/{service}.db" for service in SERVICES}
        self.ports = {service: (free_port(), free_port()) for service in SERVICES}
        (self.directory / "accounts.yaml").write_text(dump_yaml({"accounts": ACCOUNTS}))

    @property
    def process(self) -> LocalProcess:
        """Return the process."""
        return self.processes[PROCESS]

    def process_of(self, service: str) -> LocalProcess:
        return self.process

    def deploy(self) -> None:
        """Prepare the directory with known tokens, migrations and directory. Without it the first start makes them."""
        self.home.path.mkdir()
        (self.home.path / "tokens.yaml").write_text(dump_yaml({one["id"]: f"token-of-{one['id']}" for one in ACCOUNTS}))
        self.home.prepare(ACCOUNTS, ROOT / "deploy", 0, SECRET)
        self.whistle("migrate")
        self.whistle("directory", "load", str(ROOT / "deploy/demo/directory.yaml"))

    def environment(self, **more: str) -> dict[str, str]:
        """Return the process's environment: addresses and clock."""
        addresses = {
            f"WHISTLE_{service.upper()}_{what}": f"127.0.0.1:{port}"
            for service, both in self.ports.items()
            for what, port in zip(("HTTP", "OPS"), both, strict=True)
        }
        clock = {"WHISTLE_CLOCK_FILE": str(self.directory / "clock"), "WHISTLE_TRUSTED_PROXIES": PROXY}
        return {**os.environ, "PYTHONPATH": str(ROOT), **addresses, **clock, **more}

    def whistle(self, *words: str) -> str:
        """Run a command with the deployment's settings, as an operator types it."""
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *words],
            env=self.environment(**self.home.settings()),
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
        """Start the process; services cannot be chosen."""
        self.launch(**({"WHISTLE_FAILPOINTS": failpoints} if failpoints else {}), **more)
        if not failpoints:
            self.await_ready()

    def launch(self, **more: str) -> LocalProcess:
        """Start the process and wait for nothing."""
        home = ["--home", str(self.home.path), "--config", more.get("WHISTLE_CONFIG_DIR", str(ROOT / "deploy"))]
        files = ["--accounts", str(self.directory / "accounts.yaml"), "--directory", str(ROOT / "deploy/demo/directory.yaml")]
        words = (PROCESS, *home, *files, "--port", "0", "--no-console")
        process = self.processes[PROCESS] = WhistleProcess(words, self.directory, self.environment(**more))
        process.start()
        return process

    def await_ready(self, seconds: float = 30) -> None:
        """Wait until no service reports an outage."""
        for service in SERVICES:
            self.wait_ready(service, seconds)

    def stop(self, *services: str) -> dict[str, int | None]:
        """Stop the process with SIGTERM; return the exit status. Services cannot be chosen."""
        return {PROCESS: self.process.stop()}

    def rows(self, service: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Query a service's file directly; placeholders are written as for PostgreSQL."""
        path = self.home.path / f"{service}.db"
        with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
            return list(connection.execute(query.replace("%s", "?"), values))

    def pending(self, service: str) -> int:
        """Return the number of unpublished events and of events that wait for another try."""
        rows = {"outbox": "pending", "inbox": "waiting"}.items()
        return sum(self.rows(service, f"SELECT count(*) FROM {table} WHERE state = %s", state)[0][0] for table, state in rows)

    def settle(self, seconds: float = 30) -> None:
        """Wait until nothing is on its way."""
        wait_until(lambda: not any(map(self.pending, SERVICES)), "every store at rest", seconds, details=lambda: self.log(""))

    def remove(self) -> None:
        """Kill the process. The files are removed with the test run."""
        for process in self.processes.values():
            process.kill()


@contextmanager
def embedded_stack() -> Iterator[EmbeddedStack]:
    """Yield a deployment that is removed at the end."""
    made = EmbeddedStack()
    try:
        made.deploy()
        yield made
    finally:
        made.remove()
