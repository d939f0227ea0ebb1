"""A street with its console: the embedded deployment in one process and the console in another, as `make run` has them."""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.error import HTTPError, URLError

from argon2 import PasswordHasher

from chassis.configuration.yaml_core import dump_yaml
from chassis.configuration.yaml_files import read_yaml
from chassis.signed_links import Links
from cli.deployment_dir import IDENTITIES
from tests.kit.deployment import ROOT, SERVICES
from tests.kit.embedded import EmbeddedStack
from tests.kit.processes import LocalProcess, free_port, wait_until

PASSWORD = "a password of the tests"
_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Street(EmbeddedStack):
    """An embedded deployment with the accounts of the demonstration, and its console."""

    def __init__(self) -> None:
        super().__init__()
        self.console_port = free_port()
        accounts = read_yaml(ROOT / "deploy/demo/accounts.yaml")["accounts"]
        self.accounts = {one["id"]: one for one in accounts}
        (self.directory / "accounts.yaml").write_text(dump_yaml({"accounts": accounts}))

    @property
    def address(self) -> str:
        """Return the address of the pages."""
        return f"http://127.0.0.1:{self.console_port}"

    def deploy(self) -> None:
        self.home.path.mkdir()
        accounts = list(self.accounts.values())
        (self.home.path / "tokens.yaml").write_text(dump_yaml({one: f"token-of-{one}" for one in self.accounts}))
        self.home.prepare(accounts, ROOT / "deploy", 0)
        self.whistle("migrate")
        self.whistle("directory", "load", str(ROOT / "deploy/demo/directory.yaml"))

    def environment(self, **more: str) -> dict[str, str]:
        urls = {f"WHISTLE_{service.upper()}_URL": f"http://127.0.0.1:{self.ports[service][0]}" for service in SERVICES}
        return super().environment(**{**more, "WHISTLE_PUBLIC_URL": self.address, **urls})

    def start(self, *services: str, failpoints: str = "", **more: str) -> None:
        super().start(*services, failpoints=failpoints, **more)
        self._set_passwords()
        self.start_console()

    def _set_passwords(self) -> None:
        """Give every person the same password, whose hash costs little: only the console reads it, when it starts."""
        path = self.home.path / IDENTITIES
        known = read_yaml(path)
        for account in known["accounts"]:
            if "name" in account:
                account["password_argon2"] = _CHEAP.hash(PASSWORD)
        path.write_text(dump_yaml(known))

    def start_console(self) -> None:
        """Start the console and wait until it answers."""
        self.processes["console"] = self._console(self.console_port, self.directory)

    @contextmanager
    def another_console(self, port: int, **settings: str) -> Iterator[LocalProcess]:
        """Yield a second console of this street, with other settings and a log of its own, until the block ends."""
        directory = self.directory / f"console {port}"
        directory.mkdir(exist_ok=True)
        process = self._console(port, directory, **settings)
        try:
            yield process
        finally:
            process.kill()

    def _console(self, port: int, directory: Path, **settings: str) -> LocalProcess:
        # every visitor of a test comes as if by a proxy, from an address of their own
        more = {"WHISTLE_CONSOLE_HTTP": f"127.0.0.1:{port}", "WHISTLE_TRUSTED_PROXIES": "127.0.0.1"}
        settings = {**self.home.settings(), **self.environment(**more), **settings}
        process = LocalProcess([sys.executable, "-m", "console"], directory, settings)
        process.start()
        address = f"http://127.0.0.1:{port}/health"
        wait_until(lambda: _answers(address), "the console answers", 60, lambda: process.alive, lambda: process.log_tail(60))
        return process

    def link(self, ticket: str, purpose: str) -> str:
        """Return the path of this page in the latest notice that leads to it; wait until one was written."""
        pattern = re.compile(rf"{re.escape(self.address)}(/t/{ticket}/{purpose}\?token=\S+)")

        found: list[str] = []

        def look() -> bool:
            rows = self.rows("notify", "SELECT document FROM notices WHERE ticket = %s ORDER BY rowid", ticket)
            texts = [json.loads(document)["text"] for (document,) in rows]
            found[:] = [match[1] for text in texts if (match := pattern.search(text))]
            return bool(found)

        wait_until(look, f"a notice with a link to {purpose}", 60, details=lambda: self.log(""))
        return found[-1]

    def signed_link(self, ticket: str, purpose: str) -> str:
        """Return the path of a resident's page for a link that no notice has yet, of the first generation of work."""
        token = Links(self.home.settings()["WHISTLE_SECRET"]).sign(ticket, purpose, 1, datetime.now(UTC))
        return f"/t/{ticket}/{purpose}?token={token}"

    def whistle_blown(self, category: str, text: str, **more: Any) -> str:
        """Blow a whistle of the estate 阳光家园 as the hotline and return its ticket's number."""
        reporter = {"name": "王阿姨", "phone": "029-87654321"}
        place = {"area": "shanqi-1", "estate": "yangguang", "address": "3号楼2单元"}
        body = {"category": category, "text": text, "channel": "hotline", "reporter": reporter, **place, **more}
        ticket: str = self._command("tickets", "/whistles", "hotline", body)["ticket"]
        return ticket

    def report(self, ticket: str, command: str, account: str, unit: str, **more: Any) -> None:
        """Give a responder's command as soon as the unit has something to do with the ticket."""
        wait_until(lambda: self._may(ticket, command, account, unit), f"{unit} may {command}", 60, details=lambda: self.log(""))
        self._command("dispatch", "/reports", account, {"ticket": ticket, "command": command, "unit": unit, **more})

    def photograph(self, ticket: str, content: bytes, account: str = "desk") -> None:
        """Attach a photograph to a ticket."""
        headers = {**self._headers(account), "Content-Type": "image/jpeg", "Idempotency-Key": token_hex(8)}
        request = urllib.request.Request(self._url("tickets", f"/tickets/{ticket}/photographs"), content, headers)
        with urllib.request.urlopen(request, timeout=120):
            pass

    def verified(self, ticket: str, account: str, unit: str) -> None:
        """Let a unit check the result and confirm it."""
        self.report(ticket, "verify", account, unit, passed=True)

    def notice_of(self, ticket: str, audience: str) -> str:
        """Return the id of a notice about a ticket."""
        query = "SELECT document FROM notices WHERE ticket = %s"
        found = [json.loads(document) for (document,) in self.rows("notify", query, ticket)]
        return next(str(one["id"]) for one in found if one["audience"] == audience)

    def _may(self, ticket: str, command: str, account: str, unit: str) -> bool:
        answer = self.ask("dispatch", f"/cases/{ticket}/commands", account)
        units = answer["units"] if answer else []
        commands = [one for found in units if found["unit"] == unit for one in found["commands"]]
        return any(one["command"] == command and one["allowed"] for one in commands)

    def ask(self, service: str, path: str, account: str) -> Any:
        """Return the answer of a query as an account; None where the service refuses it."""
        request = urllib.request.Request(self._url(service, path), headers=self._headers(account))
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except HTTPError:
            return None

    def _command(self, service: str, path: str, account: str, body: dict[str, Any]) -> Any:
        headers = {**self._headers(account), "Content-Type": "application/json", "Idempotency-Key": token_hex(8)}
        request = urllib.request.Request(self._url(service, path), json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def _url(self, service: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[service][0]}{path}"

    def _headers(self, account: str) -> dict[str, str]:
        return {"Authorization": f"Bearer token-of-{account}"}


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


@contextmanager
def street() -> Iterator[Street]:
    """Yield a running street that is removed at the end."""
    made = Street()
    try:
        made.deploy()
        made.start()
        yield made
    finally:
        made.remove()


__all__ = ["PASSWORD", "Street", "street"]
