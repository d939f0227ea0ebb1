"""Somebody on duty, who types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cli.main import main
from tests.component.counting import DEFINITION, Counting


class Duty:
    """Somebody on duty at a terminal, with one group of commands. The counting service stands where dispatch would."""

    def __init__(self, counting: Counting, directory: Path, group: str):
        self.counting, self.group = counting, group
        self._env = {
            "WHISTLE_DATABASE_URL": counting.store.url,
            "WHISTLE_AMQP_URL": "amqp://nobody",
            "WHISTLE_IDENTITIES": str(directory / "identities.yaml"),
            "WHISTLE_SECRET": "a secret of the tests",
        }

    def try_(self, *words: str) -> Result:
        """Type a command."""
        return CliRunner().invoke(main, [self.group, words[0], "dispatch", *words[1:]], env=self._env)

    def types(self, *words: str) -> str:
        """Type a command that succeeds; answers what it prints."""
        done = self.try_(*words)
        assert done.exit_code == 0, done.output
        return done.output

    def listed(self) -> list[str]:
        """The keys that are listed."""
        return [line.split()[0] for line in self.types("list").splitlines()]

    @property
    def audit(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Who did what to which."""
        return [(row["who"], row["action"], row["what"]) for row in self.counting.rows(DEFINITION.tables.audit)]
