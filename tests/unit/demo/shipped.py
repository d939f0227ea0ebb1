"""The shipped configuration: the demonstration's files, and the town as dispatch would know it."""

from pathlib import Path

from cli.demo.complaints import read_complaints
from cli.demo.config import read_demo_config
from contracts.codes import AreaKind, Role
from services.dispatch.config import load_clocks, load_playbook
from services.dispatch.domain.directory import Area, Directory, Responder
from services.tickets.config import read_rules as read_ticket_rules

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
DEMO = DEPLOY / "demo"
CALENDAR, STANDARDS = load_clocks(DEPLOY / "clocks.yaml")
BOOK = load_playbook(DEPLOY / "playbooks/xianlinli.yaml")
TICKET_RULES = read_ticket_rules(DEPLOY / "tickets.yaml")
COMPLAINTS = read_complaints(DEMO / "complaints.yaml")
CONFIG = read_demo_config(DEMO, CALENDAR)


def directory() -> Directory:
    """The town as dispatch knows it."""
    known = CONFIG.town.directory()
    areas = {one["code"]: Area(one["code"], AreaKind(one["kind"]), one.get("parent")) for one in known["areas"]}
    people = (
        Responder(one["code"], Role(one["role"]), tuple(one["areas"]), tuple(one["categories"])) for one in known["responders"]
    )
    return Directory(areas, tuple(people))


DIRECTORY = directory()
