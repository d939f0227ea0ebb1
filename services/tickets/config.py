"""What a deployment sets for tickets: its rules, the salt of its digests and the signature of its links."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nameko.extensions import DependencyProvider

from chassis.config import durations, read_yaml
from chassis.nameko import RUNTIME_KEY
from services.tickets.domain.rules import Rules
from services.tickets.links import Links


@dataclass(frozen=True)
class Configured:
    """What a worker sees."""

    rules: Rules
    salt: bytes
    links: Links


class Config(DependencyProvider):
    """Reads `tickets.yaml` of the deployment's directory once, at start."""

    def setup(self) -> None:
        _ = self.configured

    @cached_property
    def configured(self) -> Configured:
        """The configuration. Raises BadConfig at start."""
        settings = self.container.config[RUNTIME_KEY].settings
        rules = Rules(**durations(read_yaml(settings.config_dir / "tickets.yaml"), Rules))
        return Configured(rules, settings.secret.encode(), Links(settings.secret))

    def get_dependency(self, worker_ctx: Any) -> Configured:
        return self.configured
