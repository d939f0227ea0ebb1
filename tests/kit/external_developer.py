"""An external developer: a directory with the files that docs/integrate.md prints, without access to our code."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.kit.deployment import ROOT
from tests.kit.processes import LocalProcess

PAGE = (ROOT / "docs/integrate.md").read_text("utf-8")
FILES = dict(re.findall(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", PAGE, re.S))
COMMANDS = [shlex.split(line) for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in block.splitlines()]


BOARD_QUEUE = "evt-tickets-ticket.opened.v1--board.opened"
"""The queue of the page's service, as nameko names it."""


def commands(*first: str) -> list[list[str]]:
    """Return the page's commands that begin with these words."""
    return [command for command in COMMANDS if tuple(command[: len(first)]) == first]


class ExternalDeveloper:
    """A directory with the page's files, by the names it gives them."""

    def __init__(self, directory: Path):
        self.directory = directory
        for name, text in FILES.items():
            (directory / name).write_text(text, "utf-8")
        (directory / "contracts").symlink_to(ROOT / "contracts")

    def run(self, command: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the page to its end."""
        env = self._environment(settings)
        return subprocess.run(command, cwd=self.directory, env=env, capture_output=True, text=True, timeout=360, check=False)

    def begin(self, command: list[str], **settings: str) -> LocalProcess:
        """Start a command of the page that keeps running."""
        process = LocalProcess(command, self.directory, self._environment(settings))
        process.start()
        return process

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        """Return an environment without our code and without a proxy for this machine."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("WHISTLE_")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**kept, "PATH": path, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", **settings}
