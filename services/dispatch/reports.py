"""How a responder's report is taken, whichever way it came."""

from collections.abc import Mapping
from typing import Any

from chassis.work import Work
from services.dispatch.domain.case import Case, MayNotSpeak


def file_report(ticket: str, data: Mapping[str, Any], work: Work) -> None:
    """Give the report to its case. Raises MayNotSpeak, Missing, and what the case refuses."""
    actor = work.commander()
    if not actor.speaks_for(data["unit"]):
        raise MayNotSpeak(f"unit: account {actor.id!r} does not speak for {data['unit']!r}")
    case = work.load(Case, ticket)
    work.apply(case.report(data["command"], data["unit"], actor.id, data.get("passed")))
