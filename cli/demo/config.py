"""The configuration of the demonstration: all files of its folder, read and checked together."""

from dataclasses import dataclass, replace
from pathlib import Path

from cli.demo.boards import read_boards
from cli.demo.complaints import Complaints, read_complaints
from cli.demo.requests import Whistle, read_whistles
from cli.demo.rules import Rules, read_rules
from cli.demo.schemas import refuse_unless
from cli.demo.simulated_people import SimulatedPeople
from cli.demo.town import Town
from services.dispatch.domain.work_calendar import WorkCalendar

REQUESTS = "nyc311-2024-04-16.csv"


@dataclass(frozen=True)
class DemoConfig:
    """The town, the whistles in the order of time, and the people. ``whole``: all whistles of the file are replayed."""

    rules: Rules
    town: Town
    whistles: tuple[Whistle, ...]
    people: SimulatedPeople
    whole: bool = True


def read_demo_config(folder: Path, calendar: WorkCalendar, seed: str | None = None, first: int | None = None) -> DemoConfig:
    """Return the configuration from the four files of a folder. Raises BadConfig.

    Another ``seed`` than behaviour.yaml's makes another story; ``first`` tells only so many of its whistles.
    """
    complaints, boards = read_complaints(folder / "complaints.yaml"), read_boards(folder / "boards.yaml")
    rules = read_rules(folder / "behaviour.yaml")
    if seed is not None:
        rules = replace(rules, seed=seed)
    _check_departments(rules, complaints, folder / "behaviour.yaml")
    night = read_whistles(folder / REQUESTS, complaints, boards, rules, calendar.zone)
    whistles = night[:first]
    town = Town(boards, complaints, rules)
    return DemoConfig(rules, town, whistles, SimulatedPeople(rules, town, whistles, calendar), len(whistles) == len(night))


def _check_departments(rules: Rules, complaints: Complaints, path: Path) -> None:
    """Check that every category with a playbook has a leading department, without which the ladder ends in nobody."""
    led = {category for categories in rules.departments.values() for category in categories}
    unknown = sorted(led - complaints.categories.keys())
    refuse_unless(not unknown, path, "departments", f"no such category: {', '.join(unknown)}")
    missing = sorted(code for code, one in complaints.categories.items() if one.refer is None and code not in led)
    refuse_unless(not missing, path, "departments", f"nobody leads {', '.join(missing)}")
