"""The deployment of docker-compose.yml as an operator has it, under a project name, ports and secrets of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from secrets import token_hex
from typing import Any

from argon2 import PasswordHasher

from tests.kit.deployment import ROOT
from tests.kit.processes import ServerError, free_port, scratch_directory, wait_until

PORTS = (
    *("CONSOLE_PORT", "TICKETS_PORT", "DISPATCH_PORT", "NOTIFY_PORT", "LEDGER_PORT"),
    *("AMQP_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT"),
)
OFFICER, PASSWORD = "officer", "a password of the tests"
"""Somebody who signs in at the console."""
UP_SECONDS = 900
"""For building the image and pulling the others on a slow line; a machine that has them takes less than two minutes."""
_ON_DUTY = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class OnDuty(BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(204)
        self.end_headers()
HTTPServer(("", 8080), OnDuty).serve_forever()
"""
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Compose:
    """One deployment. Nothing of it is left when `remove` was called."""

    def __init__(self) -> None:
        self.project = f"whistle-test-{token_hex(3)}"
        self.directory = scratch_directory("compose")
        self.duty = f"{self.project}-duty"
        """The container of whoever is called."""
        self.env_file = self.directory / "env"
        self.files = self.directory / "files"
        """What an operator edits: a copy of deploy/, with an accounts file of its own."""
        self.ports = {name: free_port() for name in PORTS}
        shutil.copytree(ROOT / "deploy", self.files, ignore=shutil.ignore_patterns("identities.yaml", "*.csv"))
        self.make_secrets()
        for path in (self.directory, self.files, *self.files.rglob("*")):
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))  # the containers' user reads them
        self.env_file.chmod(0o600)

    def make_secrets(self) -> None:
        """What `make up` does first; and a person, whom an operator adds."""
        script, identities = ROOT / "deploy/compose/secrets.sh", self.files / "identities.yaml"
        subprocess.run(["sh", str(script), str(self.env_file), str(identities)], check=True, timeout=360)
        officer = {
            "name": "值班员",
            "password_argon2": PasswordHasher().hash(PASSWORD),
            "roles": ["desk", "reader", "producer"],
        }
        with identities.open("a", encoding="utf-8") as file:
            file.write(f"  - {json.dumps({'id': OFFICER, **officer}, ensure_ascii=False)}\n")

    def secret(self, key: str) -> str:
        """A value of the .env."""
        lines = dict(line.split("=", 1) for line in self.env_file.read_text().splitlines() if "=" in line)
        return lines[key]

    # --- docker compose

    def compose(self, *words: str, seconds: float = 300, given: str | None = None) -> str:
        """Run it; answers what it printed. Raises with what it said where it fails."""
        done = self.tried(*words, seconds=seconds, given=given)
        if done.returncode:
            raise ServerError(f"docker compose {' '.join(words)}: {done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout

    def tried(self, *words: str, seconds: float = 300, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run it, whatever comes of it."""
        settings = {name: str(port) for name, port in self.ports.items()}
        settings |= {"WHISTLE_FILES": str(self.files), "WHISTLE_VERSION": "test", "WHISTLE_BIND": "127.0.0.1"}
        settings["ALERT_WEBHOOK_URL"] = f"http://{self.duty}:8080/"
        command = ["docker", "compose", "--project-name", self.project, "--env-file", str(self.env_file)]
        return subprocess.run(
            [*command, "--file", str(ROOT / "docker-compose.yml"), *words],
            env={**os.environ, **settings},
            cwd=ROOT,
            input=given,
            stdin=None if given is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def up(self, *words: str) -> None:
        """Bring it up, or what is changed of it, and wait until all is healthy."""
        try:
            self.compose("up", "--detach", "--wait", *words, seconds=UP_SECONDS)
        except ServerError as failed:
            raise ServerError(f"{failed}\n{self.tried('logs', '--tail', '15').stdout[-8000:]}") from None

    def whistle(self, service: str, *words: str) -> str:
        """A command of `whistle`, in a container that is removed afterwards."""
        return self.compose("run", "--rm", "--no-deps", "-T", service, *words)

    def have_somebody_on_duty(self) -> None:
        """A container that takes whatever is sent to it, and prints it."""
        network, label = f"{self.project}_default", f"com.docker.compose.project={self.project}"
        place = ["--name", self.duty, "--network", network, "--label", label]
        _docker("run", "--detach", "--rm", *place, "--entrypoint", "python", "whistle:test", "-c", _ON_DUTY)

    def calls(self) -> set[tuple[str, str]]:
        """What whoever is on duty was called for: name and status (firing, resolved) of alerts."""
        told = [json.loads(line) for line in _docker("logs", self.duty).splitlines() if line.startswith("{")]
        return {(alert["labels"]["alertname"], alert["status"]) for call in told for alert in call["alerts"]}

    def containers(self, service: str) -> list[dict[str, Any]]:
        """What the engine says of a service's containers, those that ended too."""
        ids = self.compose("ps", "--all", "--quiet", service).split()
        if not ids:
            return []
        found: list[dict[str, Any]] = json.loads(_docker("inspect", *ids))
        return sorted(found, key=lambda one: str(one["Name"]))

    def await_healthy(self, service: str, count: int = 1, seconds: float = 120) -> None:
        """Until so many containers of a service say that they are ready."""

        def healthy() -> bool:
            states = [one["State"].get("Health", {}).get("Status") for one in self.containers(service)]
            return states.count("healthy") == count == len(states)

        wait_until(healthy, f"{count} of {service} healthy", seconds, details=lambda: self.log(service))

    def log(self, service: str, lines: int = 30) -> str:
        """The end of what a service logged."""
        return self.tried("logs", "--no-color", "--tail", str(lines), service).stdout

    def kill_inside(self, service: str, index: int) -> None:
        """SIGKILL every process of a container, as the kernel does that is out of memory; its own restart is what follows."""
        suicide = "import os; os.kill(-1, 9)"
        self.tried("exec", "-T", "--index", str(index), service, "python", "-c", suicide)

    def remove(self) -> None:
        """All goes down, with its volumes."""
        subprocess.run(["docker", "rm", "--force", self.duty], capture_output=True, check=False, timeout=60)
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "90")

    # --- through the published ports

    def url(self, port: str, path: str) -> str:
        """An address on this machine."""
        return f"http://127.0.0.1:{self.ports[port]}{path}"

    def ask(
        self, service: str, method: str, path: str, account: str, body: Any = None, key: str | None = None
    ) -> tuple[int, Any]:
        """One HTTP request: status and JSON. Raises OSError where nobody answers."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.secret(f'{account}_TOKEN')}"}
        headers |= {"Idempotency-Key": key} if key else {}
        data = json.dumps(body).encode() if body is not None else None
        url = self.url(f"{service.upper()}_PORT", path)
        try:
            with _DIRECT.open(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            text = refused.read()
            return refused.code, json.loads(text) if text.startswith(b"{") else text.decode(errors="replace")

    def prometheus(self, path: str, **query: str) -> Any:
        """What Prometheus' own API answers."""
        url = self.url("PROMETHEUS_PORT", f"/api/v1/{path}?{urllib.parse.urlencode(query)}")
        with _DIRECT.open(url, timeout=10) as answer:
            return json.loads(answer.read())["data"]

    def measured(self, expression: str) -> float:
        """The value of an expression that has one, 0 where there is none yet."""
        found = self.prometheus("query", query=expression)["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def psql(self, role: str, database: str, statement: str) -> subprocess.CompletedProcess[str]:
        """A statement as a service's role, over the network that the services use."""
        url = f"postgresql://{role}:{self.secret(f'{role.upper()}_DATABASE_PASSWORD')}@postgres:5432/{database}"
        return self.tried("exec", "-T", "postgres", "psql", url, "-v", "ON_ERROR_STOP=1", "-Atc", statement)


def _docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True, timeout=60).stdout


def require_engine() -> None:
    """Raises where there is no Docker engine with Compose: these tests are never skipped."""
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        try:
            works = subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
        except OSError:
            works = False
        if not works:
            raise ServerError(f"`{' '.join(command)}` fails: make test-compose needs a Docker engine with Compose v2")


def left_of(project: str) -> list[str]:
    """Containers, volumes and networks that still belong to a project."""
    label = f"label=com.docker.compose.project={project}"
    found: list[str] = []
    for kind, words in (("container", ["ps", "--all"]), ("volume", ["volume", "ls"]), ("network", ["network", "ls"])):
        found += [f"{kind} {one}" for one in _docker(*words, "--quiet", "--filter", label).split()]
    return found


def await_no_other_alert(deployed: Compose, seconds: float = 120) -> None:
    """Until the watchdog is all that fires."""
    seen: list[Any] = []

    def quiet() -> bool:
        seen[:] = [a["labels"] for a in deployed.prometheus("alerts")["alerts"] if a["state"] == "firing"]
        return [labels["alertname"] for labels in seen] == ["Watchdog"]

    wait_until(quiet, "the watchdog alone fires", seconds, details=lambda: str(seen))
