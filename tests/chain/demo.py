"""`whistle demo` in a process of its own, as somebody types it; and the same with a thief in it.

Run as a program: the demonstration, but the rows that the first three arguments name (service, table, condition) are gone when
the story is over and the report is about to be made.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEMO = ("-m", "cli.main", "demo")


@dataclass(frozen=True)
class Run:
    """One run of the command, ended or not. ``folder`` is its own."""

    folder: Path
    process: subprocess.Popen[str]

    @property
    def home(self) -> Path:
        """Return the deployment's directory."""
        return self.folder / "home"

    def end(self) -> tuple[int, str, str]:
        """Wait for it: exit status, what it printed, what it complained about."""
        out, err = self.process.communicate(timeout=900)
        return self.process.returncode, out, err

    def report(self) -> dict[str, Any]:
        """The report; fails where the run did."""
        status, out, err = self.end()
        assert status == 0, out + err
        return self.written()

    def written(self) -> dict[str, Any]:
        """Return the content of the report's file."""
        found: dict[str, Any] = json.loads((self.folder / "demo.json").read_text("utf-8"))
        return found

    def whistle(self, *words: str) -> tuple[int, str]:
        """Another command, with the settings that the run left; answers its exit status and what it printed."""
        script = 'set -a; . "$0"; set +a; exec "$@"'
        command = ["sh", "-c", script, str(self.home / "settings.env"), sys.executable, "-m", "cli.main", *words]
        done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=360, check=False)
        return done.returncode, done.stdout + done.stderr

    def in_shell(self, script: str) -> str:
        """Run a script in the directory in which the demonstration ran; answers what it printed, and fails where it failed."""
        command = ["sh", "-e", "-c", script]
        done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def environment(**more: str) -> dict[str, str]:
    """This process's, without what it says of other deployments."""
    return {**{key: value for key, value in os.environ.items() if not key.startswith("WHISTLE_")}, **more}


def run(folder: Path, *words: str, program: tuple[str, ...] = DEMO, **more: str) -> Run:
    """Start it, and do not wait."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-W", "ignore", *program, "--home", str(folder / "home"), "--json", str(folder / "demo.json")]
    pipe = subprocess.PIPE
    process = subprocess.Popen([*command, *words], env=environment(**more), cwd=ROOT, stdout=pipe, stderr=pipe, text=True)
    return Run(folder, process)


def robbed(folder: Path, rows: str, *words: str) -> Run:
    """Start it with a thief. ``rows``: service, table, and which of its rows."""
    return run(folder, *words, program=("-m", "tests.chain.demo", *rows.split(maxsplit=2)))


def _steal(service: str, table: str, condition: str) -> None:
    from chassis import launch  # noqa: F401  # patches the standard library: before anything else is imported
    from cli.demo import command, replay

    tell = replay.Replay.run

    def rob(told: replay.Replay, chain: Any, progress: Any) -> None:
        tell(told, chain, progress)
        with chain.services[service].store.transaction() as connection:
            gone = connection.exec_driver_sql(f"DELETE FROM {table} WHERE {condition}").rowcount
        assert gone, "nothing was there to steal"

    replay.Replay.run = rob  # type: ignore[method-assign]
    command.demo()


if __name__ == "__main__":
    stolen = [sys.argv.pop(1) for _ in range(3)]
    _steal(*stolen)
