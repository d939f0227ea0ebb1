"""The common part of every deployment of the four services: addresses, accounts and a clock."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from chassis.clock import SharedClock
from tests.kit.processes import LocalProcess, scratch_directory, wait_until

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of the tests"
PROXY = "127.0.0.9"
"""The address of a trusted proxy."""
SERVICES = ("tickets", "dispatch", "notify", "ledger")
ACCOUNTS: list[dict[str, Any]] = [
    {
        "id": "hotline",
        "amqp_user": "hotline",
        "units": [],
        "roles": ["producer", "reader"],
        "sources": ["/hotline", "/odd", "/behind"],
    },
    {"id": "sensor", "amqp_user": "sensor", "units": [], "roles": ["producer"], "channels": ["sensor"]},
    {"id": "app", "amqp_user": "app", "units": [], "roles": ["producer"]},
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
    {"id": "gateway", "amqp_user": "gateway", "units": [], "roles": ["gateway"]},
]
"""The accounts of the tests. Each account's bearer token is ``token-of-<id>``, its source ``/<id>`` unless it says otherwise.
"""


class Deployment:
    """The four services at their addresses. Each kind of deployment starts them, and finds their rows, in its own way."""

    def __init__(self, name: str):
        self.directory = scratch_directory(name)
        self.processes: dict[str, LocalProcess] = {}
        self.databases: dict[str, str] = {}
        self.ports: dict[str, tuple[int, int]] = {}

    def process_of(self, service: str) -> LocalProcess:
        """Return the process in which a service runs."""
        return self.processes[service]

    def start(self, *services: str, failpoints: str = "", **more: str) -> None:
        """Start services (all) and wait until they are ready, unless a failpoint may kill them before."""
        raise NotImplementedError

    def whistle(self, *words: str) -> str:
        """Run a command; return its output. Raises with the output where it fails."""
        raise NotImplementedError

    def rows(self, service: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Query a service's database directly."""
        raise NotImplementedError

    def wait_ready(self, service: str, seconds: float = 30) -> None:
        """Wait until the service reports no outage."""
        process = self.process_of(service)
        wait_until(
            lambda: self.ready(service),
            f"{service} ready",
            seconds,
            alive=lambda: process.alive,
            details=lambda: self.log(service),
        )

    def ready(self, service: str) -> bool:
        """Return whether /readyz answers 200."""
        return self._good(service, "/readyz")

    def alive(self, service: str) -> bool:
        """Return whether /healthz answers 200."""
        return self._good(service, "/healthz")

    def stuck(self, service: str) -> list[str]:
        """Return the loops that /healthz reports as stuck."""
        try:
            with urllib.request.urlopen(self.ops(service, "/healthz"), timeout=30):
                return []
        except urllib.error.HTTPError as dead:
            said: list[str] = json.loads(dead.read())["stuck"]
            return said

    def _good(self, service: str, path: str) -> bool:
        try:
            with urllib.request.urlopen(self.ops(service, path), timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def troubles(self, service: str) -> dict[str, str]:
        """Return the trouble of each loop that /readyz reports."""
        try:
            with urllib.request.urlopen(self.ops(service, "/readyz"), timeout=30):
                return {}
        except urllib.error.HTTPError as unready:
            said: dict[str, str] = json.loads(unready.read())["troubles"]
            return said

    def ops(self, service: str, path: str) -> str:
        """Return the address of a page for those on duty."""
        return f"http://127.0.0.1:{self.ports[service][1]}{path}"

    def call(
        self, service: str, method: str, path: str, token: str | None, body: Any = None, key: str | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Make an HTTP request to a service; return status, JSON body, headers."""
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
            with urllib.request.urlopen(request, timeout=180) as answer:
                return answer.status, json.loads(answer.read()), dict(answer.headers)
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null"), dict(refused.headers)

    def metric(self, service: str, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples with these labels."""
        with urllib.request.urlopen(self.ops(service, "/metrics"), timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        named = [line for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(float(line.rsplit(" ", 1)[1]) for line in named if all(one in line for one in wanted))

    def log(self, service: str, lines: int = 60) -> str:
        """Return the end of a service's log."""
        return self.process_of(service).log_tail(lines)

    def business_now(self) -> datetime:
        """Return the services' business time."""
        return SharedClock(self.directory / "clock").now()

    def let_pass(self, seconds: float) -> None:
        """Advance business time, for every service at once."""
        path = self.directory / "clock"
        before = float(path.read_text()) if path.exists() else 0.0
        beside = path.with_suffix(".new")
        beside.write_text(str(before + seconds))
        beside.replace(path)
