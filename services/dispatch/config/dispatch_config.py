"""The configuration of dispatch, read from the deployment's files."""

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.configuration.settings import Settings
from chassis.signed_links import Links, links_of
from contracts.codes import Clock, Urgency
from services.dispatch.config.clocks import load_clocks
from services.dispatch.config.playbooks import load_playbooks, load_police_matters
from services.dispatch.domain.playbook import Playbook
from services.dispatch.domain.work_calendar import WorkCalendar


@dataclass(frozen=True)
class DispatchConfig:
    """The configuration of a worker."""

    playbooks: tuple[Playbook, ...]
    police_matters: frozenset[str]
    calendar: WorkCalendar
    standards: Mapping[Urgency, Mapping[Clock, str]]
    links: Links


def read_config(settings: Settings) -> DispatchConfig:
    """Return the configuration of `playbooks/*.yaml`, `police_matters.yaml` and `clocks.yaml`. Raises BadConfig."""
    calendar, standards = load_clocks(settings.config_dir / "clocks.yaml")
    matters = load_police_matters(settings.config_dir / "police_matters.yaml")
    playbooks = load_playbooks(settings.config_dir / "playbooks", matters)
    return DispatchConfig(playbooks, matters, calendar, standards, links_of(settings))
