"""docs/deploy.md without Docker, and docs/curl.md, typed as they are printed against a PostgreSQL and a RabbitMQ of their own.

Only what a reader is to fill in is filled in: addresses, ports and the administrators' passwords.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.kit.deployment import ROOT, SERVICES
from tests.kit.document_commands import shell_blocks
from tests.kit.processes import LocalProcess, free_port, wait_until
from tests.kit.servers import Servers, both

_DIRECT = build_opener(ProxyHandler({}))


class Reader:
    """Somebody who follows the pages in a checkout, with ports of their own in the place of 8001 to 8004 and 9001 to 9004."""

    def __init__(self, directory: Path, servers: Servers):
        self.directory, self.servers = directory, servers
        self.ports = {str(base + number): str(free_port()) for base in (8000, 9000) for number in range(1, 5)}
        shutil.copytree(ROOT / "deploy", directory / "deploy", ignore=shutil.ignore_patterns("identities.yaml", "*.csv"))
        (directory / ".venv").symlink_to(Path(sys.executable).parents[1])

    def filled_in(self, script: str) -> str:
        """A block of a page with this reader's ports and addresses."""
        script = re.sub(r"(localhost|127\.0\.0\.1):([89]00[1-4])\b", lambda found: f"{found[1]}:{self.ports[found[2]]}", script)
        known = self._administrators()
        placeholder = r"\b([A-Z_]+)=(?:localhost:\S+|http://localhost:15672\S*|口令|postgres\b|operator\b)"
        return re.sub(placeholder, lambda found: f"{found[1]}={shlex.quote(known[found[1]])}", script)

    def _administrators(self) -> Mapping[str, str]:
        postgres, rabbit = self.servers.postgres, self.servers.rabbit
        api = urlsplit(rabbit.api_url or "")
        return {
            "POSTGRES": f"{postgres.host}:{postgres.port}",
            "PGUSER": postgres.user,
            "PGPASSWORD": postgres.password,
            "RABBITMQ": f"{rabbit.host}:{rabbit.port}",
            "RABBITMQ_API": f"http://{api.hostname}:{api.port}/api",
            "RABBITMQ_OPERATOR": rabbit.user,
            "OPERATOR_PASSWORD": rabbit.password,
        }

    def types(self, script: str) -> str:
        """Run a script in one shell; answers what it printed, and fails at the first command that fails."""
        command = ["sh", "-e", "-c", self.filled_in(script)]
        done = subprocess.run(
            command, cwd=self.directory, env=self.environment(), capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def environment(self) -> dict[str, str]:
        """Nothing of another deployment, and no proxy for what is on this machine."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WHISTLE_", "PG"))}
        return {**kept, "NO_PROXY": "*", "no_proxy": "*"}

    def starts(self, line: str) -> LocalProcess:
        """Start a command that stays, with the settings of the page's file."""
        process = LocalProcess(
            ["sh", "-c", f"set -a; . ./whistle.env; set +a; exec {line}"], self.directory, self.environment()
        )
        process.log = self.directory / f"{shlex.split(line)[-1]}.log"
        process.start()
        return process


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Everything of docs/deploy.md without Docker was typed, and the four services run."""
    with both(private=True) as servers:
        made = Reader(tmp_path_factory.mktemp("checkout"), servers)
        *setting_up, running = shell_blocks("docs/deploy.md", "Without Docker")
        assert setting_up[0].startswith("make install\n"), "this checkout's .venv is what it makes"
        made.types("\n".join([setting_up[0].partition("\n")[2], *setting_up[1:]]))
        lines = running.splitlines()
        assert [line.split()[-1] for line in lines] == list(SERVICES)
        processes = [made.starts(line) for line in lines]
        try:
            for number, process in enumerate(processes, start=1):
                url = f"http://127.0.0.1:{made.ports[str(9000 + number)]}/readyz"
                wait_until(
                    lambda url=url: _answers(url),  # type: ignore[misc]
                    url,
                    300,
                    alive=lambda process=process: process.alive,  # type: ignore[misc]
                    details=process.log_tail,
                )
            yield made
        finally:
            for process in processes:
                process.stop()


def _answers(url: str) -> bool:
    try:
        with _DIRECT.open(url, timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_each_service_has_its_own_database_and_virtual_host(reader: Reader) -> None:
    owners = reader.servers.postgres.column(
        "SELECT datname || ' ' || pg_get_userbyid(datdba) FROM pg_database WHERE datname = pg_get_userbyid(datdba) ORDER BY 1"
    )
    assert {f"{service} {service}" for service in SERVICES} <= set(owners)
    queues = {queue["vhost"] for queue in reader.servers.rabbit.api("GET", "queues") if queue["name"].startswith("tickets.")}
    assert queues == {"whistle"}


def test_the_other_databases_of_the_server_are_open_as_before(reader: Reader) -> None:
    assert reader.servers.postgres.column("SELECT has_database_privilege('tickets', 'postgres', 'CONNECT')") == [True]
    assert reader.servers.postgres.column("SELECT has_database_privilege('tickets', 'ledger', 'CONNECT')") == [False]


def test_what_is_done_again_after_an_upgrade_changes_nothing(reader: Reader) -> None:
    blocks = shell_blocks("docs/deploy.md", "Without Docker")
    again = [line for line in blocks[-2].splitlines() if not line.startswith(".venv/bin/whistle directory")]
    assert len(again) == 2
    reader.types("\n".join([". ./.env", "set -a; . ./whistle.env; set +a", blocks[1], blocks[2], *again]))


def test_a_ticket_goes_from_whistle_to_closed_with_curl(reader: Reader) -> None:
    """The last block prints the ticket, its notices and its log, one JSON document a line."""
    printed = reader.types("\n".join(shell_blocks("docs/curl.md")))
    documents = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    taken, *_, ticket, notices, log = documents
    assert taken["source"] == "/accounts/hotline"
    assert (ticket["id"], ticket["state"], ticket["closure"]) == (taken["ticket"], "closed", "satisfied")
    assert notices["notices"]
    assert {entry["type"] for entry in log["entries"]} >= {"ticket.opened.v1", "assignment.handled.v1", "ticket.closed.v1"}
