"""The dependencies by which a worker gets the configuration and the business clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nameko.extensions import DependencyProvider

from chassis.clock import BusinessClock
from chassis.runtime.nameko import RUNTIME_KEY
from chassis.signed_links import Links, links_of
from contracts.codes import Clock, Urgency
from services.dispatch.config.clocks import load_clocks
from services.dispatch.config.playbooks import load_playbooks, load_police_matters
from services.dispatch.domain.due import WorkCalendar
from services.dispatch.domain.playbook import Playbook


@dataclass(frozen=True)
class Configured:
    """The configuration of a worker."""

    playbooks: tuple[Playbook, ...]
    police_matters: frozenset[str]
    calendar: WorkCalendar
    standards: Mapping[Urgency, Mapping[Clock, str]]
    links: Links


class BusinessTime(DependencyProvider):
    """Provide the business clock, for queries as of now."""

    def get_dependency(self, worker_ctx: Any) -> BusinessClock:
        clock: BusinessClock = self.container.config[RUNTIME_KEY].clock
        return clock


class Config(DependencyProvider):
    """Read the files of the deployment's directory once, at start."""

    def setup(self) -> None:
        _ = self.configured

    @cached_property
    def configured(self) -> Configured:
        """The configuration of `playbooks/*.yaml`, `police_matters.yaml` and `clocks.yaml`. Raises BadConfig at start."""
        settings = self.container.config[RUNTIME_KEY].settings
        calendar, standards = load_clocks(settings.config_dir / "clocks.yaml")
        matters = load_police_matters(settings.config_dir / "police_matters.yaml")
        playbooks = load_playbooks(settings.config_dir / "playbooks", matters)
        return Configured(playbooks, matters, calendar, standards, links_of(settings))

    def get_dependency(self, worker_ctx: Any) -> Configured:
        return self.configured
