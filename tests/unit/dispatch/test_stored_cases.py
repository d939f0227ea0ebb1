"""Cases that an earlier version stored load, are written back equal, and go on. `stored` holds the documents of 0.1.0."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.codes import Command
from services.dispatch.domain.case import Case
from services.dispatch.domain.responses.convene import joint_action_of
from services.dispatch.domain.responses.mediate import mediation_of
from services.dispatch.store import DEFINITION
from tests.unit.dispatch.town import COMMUNITY, MEDIATOR, POLICE, Told

STORED = Path(__file__).with_name("stored")
MAPPER = next(mapper for mapper in DEFINITION.mappers if mapper.cls is Case)


def document(name: str) -> dict[str, Any]:
    """Return a stored document."""
    loaded: dict[str, Any] = json.loads((STORED / f"{name}.json").read_text("utf-8"))
    return loaded


def going_on(name: str) -> Told:
    """Return a stored case as it goes on."""
    told = Told()
    told.case = MAPPER.aggregate(document(name))
    return told


@pytest.mark.parametrize("name", ["mediation", "agreement", "joint_action"])
def test_is_written_back_as_it_was(name: str) -> None:
    case = MAPPER.aggregate(document(name))
    assert json.dumps(MAPPER.document(case), ensure_ascii=False) == json.dumps(document(name), ensure_ascii=False)


def test_a_mediation_goes_on_to_an_agreement() -> None:
    told = going_on("mediation")
    mediations = [mediation_of(run) for run in told.case.level_runs]
    assert [one.sessions if one else None for one in mediations] == [None, ["说事"]]
    assert told.report(Command.AGREE, MEDIATOR)[-1] == "case.completed"


def test_an_agreement_waits_for_its_performance() -> None:
    assert going_on("agreement").report(Command.PERFORM, MEDIATOR, passed=True) == ["mediation.performed"]


def test_a_joint_action_is_completed_by_its_last_unit() -> None:
    told = going_on("joint_action")
    actions = [joint_action_of(run) for run in told.case.level_runs]
    assert [one.reported_in if one else None for one in actions] == [None, None, [POLICE]]
    assert told.report(Command.EXCUSE, COMMUNITY, to=POLICE)[-1] == "case.completed"
