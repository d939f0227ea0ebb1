"""The progress of a matter as the holder of one of its links sees it: who works on it, by when, and what was agreed to so far.

Residents see units and clocks, and of a mediation the parties, the consents and the steps; no private text is part of a case.
"""

from typing import Any

from contracts.codes import Clock
from services.dispatch.domain import case_summary
from services.dispatch.domain.case import Case, CaseState
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.responses.convene import JointAction, joint_action_of
from services.dispatch.domain.responses.mediate import Mediation, mediation_of
from services.dispatch.views import due_time

RESIDENTS = frozenset({Clock.CONTACT, Clock.HANDLE, Clock.HANDLE_WITHIN, Clock.VERIFY})
"""The clocks that concern a resident; signing and reporting in are between the units and the office."""
TOLD: dict[CaseState, str] = {
    CaseState.WORKING: "事项正在办理。 · The matter is being worked on.",
    CaseState.EXHAUSTED: "事项正等待上级指定办理单位。 · The matter waits for a supervisor to name who works on it.",
    CaseState.COMPLETED: "事项已办结，等待核查。 · The work on the matter is done and is to be verified.",
    CaseState.VERIFIED: "事项已办结并经核查。 · The work on the matter is done and was verified.",
    CaseState.WITHDRAWN: "事项不再办理。 · The matter is not worked on any more.",
}
PAUSED = "事项已暂停办理，稍后继续。 · The work on the matter is paused and will go on later."


def progress(case: Case, context: CaseContext) -> dict[str, Any]:
    """Return the progress of a matter."""
    shown = [due_time(case, one, context) for one in case.clocks if one.live and one.clock in RESIDENTS]
    mediations = list(filter(None, map(mediation_of, case.level_runs)))
    actions = list(filter(None, map(joint_action_of, case.level_runs)))
    return {
        "ticket": case.id,
        "state": case.state,
        "level": case_summary.level(case),
        "paused": case.paused,
        "units": [
            {"unit": one.to, "level": one.level, "purpose": one.purpose, "step": one.step, "since": one.made_at}
            for one in case_summary.open_assignments(case)
        ],
        "clocks": sorted(shown, key=lambda one: (one["due"], one["clock"])),
        "mediation": _mediation(mediations[-1]) if mediations else None,
        "joint_action": _joint_action(actions[-1]) if actions else None,
        "told": PAUSED if case.paused and case.state is not CaseState.WITHDRAWN else TOLD[case.state],
    }


def _mediation(mediation: Mediation) -> dict[str, Any]:
    return {
        "mediator": mediation.mediator,
        "outcome": mediation.outcome,
        "consents": [
            {"party": party, "consented": given, "withdrawn": party in mediation.withdrawn}
            for party, given in mediation.consents.items()
        ],
        "sessions": list(mediation.sessions),
    }


def _joint_action(action: JointAction) -> dict[str, Any]:
    return {
        "lead": action.lead,
        "units": [
            {
                "unit": unit,
                "reported_in": unit in action.reported_in,
                "finished": unit in action.finished,
                "excused": unit in action.excused,
            }
            for unit in action.units
        ],
    }
