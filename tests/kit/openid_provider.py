"""A real OpenID provider for the tests: npm's certified oidc-provider in a process of its own. It insists on PKCE."""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError

from tests.kit import npm
from tests.kit.processes import LocalProcess, free_port, wait_until

SERVER = Path(__file__).parent / "oidc_server"
CLIENT_ID, CLIENT_SECRET = "street-console", "a secret of the tests"


class OpenIdServer:
    """A provider with people, who log in by their name alone, and with one client."""

    def __init__(self, directory: Path, callbacks: list[str], people: Mapping[str, Mapping[str, Any]]) -> None:
        """Prepare the provider. ``callbacks`` are the client's addresses; ``people`` has each one's claims besides `sub`."""
        self.port = free_port()
        modules = npm.installed(SERVER)
        shutil.copy(SERVER / "provider.mjs", directory)
        (directory / "node_modules").symlink_to(modules)
        client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": callbacks}
        settings = {"issuer": self.issuer, "port": self.port, "clients": [client], "people": people}
        environment = {**os.environ, "PROVIDER": json.dumps(settings)}
        self.process = LocalProcess([npm.NODE, "provider.mjs"], directory, environment)

    @property
    def issuer(self) -> str:
        """Return the provider's address."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self) -> dict[str, str]:
        """Return the settings of a console that signs people in here."""
        names = {"ISSUER": self.issuer, "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET, "NAME": "街道统一认证"}
        return {f"WHISTLE_OIDC_{name}": value for name, value in names.items()}

    def start(self) -> None:
        """Start the provider and wait until it answers."""
        self.process.start()
        wait_until(
            self._answers, "the OpenID provider answers", 60, lambda: self.process.alive, lambda: self.process.log_tail(60)
        )

    def stop(self) -> None:
        """End the provider's process."""
        self.process.kill()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.issuer}/.well-known/openid-configuration", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False
