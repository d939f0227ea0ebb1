"""涉警事项: what is refused at load, and what a ruling may not do. That nothing else sends it there is an invariant."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chassis.configuration.yaml_core import dump_yaml, load_yaml
from chassis.configuration.yaml_files import BadConfig
from contracts.codes import Command, ReturnReason, Urgency
from services.dispatch.config import load_playbook, load_playbooks, load_police_matters
from services.dispatch.domain.police_matter import NeverToThem
from tests.unit.dispatch.town import (
    BOOK,
    COMMUNITY,
    DEPLOY,
    MEDIATOR,
    POLICE,
    POLICE_BOOK,
    POLICE_MATTERS,
    PROPERTY,
    SECOND,
    STATION,
    Told,
)

POLICE_FILE = load_yaml((DEPLOY / "playbooks/police.yaml").read_text("utf-8"))
XIANLINLI = load_yaml((DEPLOY / "playbooks/xianlinli.yaml").read_text("utf-8"))
PROPERTY_CALL = {"role": "property", "of": "estate"}
MEDIATION = {
    "level": "mediation",
    "respond": "mediate",
    "to": {"role": "police", "of": "community"},
    "clocks": {"handle_within": "7d"},
}


def written(tmp_path: Path, content: Any) -> Path:
    """A playbook's file."""
    path = tmp_path / "book.yaml"
    path.write_text(dump_yaml(content), "utf-8")
    return path


def changed(**changes: Any) -> dict[str, Any]:
    """The real playbook for police matters, changed."""
    return {**POLICE_FILE, **changes}


def ladder(*more: Any) -> dict[str, Any]:
    """The real one with more levels."""
    return changed(ladder=[*POLICE_FILE["ladder"], *more])


@pytest.mark.parametrize(
    ("content", "where", "why"),
    [
        ({**XIANLINLI, "takes": ["noise", "domestic_violence"]}, "ladder.0:", "goes straight to the police"),
        ({**XIANLINLI, "takes": ["noise", "domestic_violence"]}, "ladder.0.to.role:", "never goes to a property"),
        ({**XIANLINLI, "takes": ["harm_to_minors"]}, "ladder.1.respond:", "is never mediated"),
        ({**XIANLINLI, "takes": ["harm_to_minors"]}, "ladder.1.to.role:", "never goes to a mediator"),
        (ladder({"level": "property", "respond": "assign", "to": PROPERTY_CALL}), "ladder.3.to.role:", "a property"),
        (ladder(MEDIATION), "ladder.3.respond:", "is never mediated"),
        (
            ladder({"level": "all", "respond": "convene", "to": {"role": "police", "of": "street"}, "with": [PROPERTY_CALL]}),
            "ladder.3.with.0.role:",
            "never goes to a property",
        ),
        (changed(ladder=[{**POLICE_FILE["ladder"][0], "when": "dispute"}]), "ladder.0:", "straight to the police"),
        (changed(verify=PROPERTY_CALL), "verify.role:", "never verified by a property"),
    ],
)
def test_a_playbook_that_could_send_it_there_is_refused(content: Any, where: str, why: str, tmp_path: Path) -> None:
    path = written(tmp_path, content)
    with pytest.raises(BadConfig) as refused:
        load_playbook(path, POLICE_MATTERS)
    assert str(refused.value).startswith(f"{path}: ")
    assert where in str(refused.value)
    assert why in str(refused.value)


def test_other_categories_may_go_where_they_went(tmp_path: Path) -> None:
    assert load_playbook(written(tmp_path, XIANLINLI), POLICE_MATTERS) == BOOK
    assert [one.name for one in load_playbooks(DEPLOY / "playbooks", POLICE_MATTERS)][:1] == ["police"]


def test_a_police_matter_that_no_playbook_takes_is_refused(tmp_path: Path) -> None:
    written(tmp_path, XIANLINLI)
    with pytest.raises(BadConfig, match="no playbook takes the police matter 'domestic_violence'"):
        load_playbooks(tmp_path, POLICE_MATTERS)


@pytest.mark.parametrize("content", ["", "police_matters: crime", "police_matters: [{}]"])
def test_a_file_that_protects_nobody_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "police_matters.yaml"
    with pytest.raises(BadConfig):
        load_police_matters(path)
    path.write_text(content, "utf-8")
    with pytest.raises(BadConfig):
        load_police_matters(path)


@pytest.mark.parametrize(
    ("level", "where"),
    [
        ({"ack": "any", "respond": "convene"}, "ladder.0.ack: Only where a level responds by assign."),
        ({"steps": ["一"]}, "ladder.0.steps: Only where a level responds by mediate."),
        ({"with": [PROPERTY_CALL]}, "ladder.0.with: Only where a level responds by convene."),
        ({"respond": "mediate"}, "ladder.0.clocks: A mediation needs handle_within"),
    ],
)
def test_a_word_that_would_be_passed_over_in_silence_is_refused(level: dict[str, Any], where: str, tmp_path: Path) -> None:
    plain = {"level": "one", "respond": "assign", "to": {"role": "police", "of": "community"}}
    with pytest.raises(BadConfig) as refused:
        load_playbook(written(tmp_path, changed(ladder=[{**plain, **level}])))
    assert where in str(refused.value)


def violence(**changes: Any) -> Told:
    """A case of domestic violence."""
    return Told(**{"category": "domestic_violence", "urgency": Urgency.E0, "playbook": POLICE_BOOK} | changes)


def test_it_goes_straight_to_the_police_and_their_station_together() -> None:
    assert [(one.to, one.level) for one in violence().case.assignments] == [
        (POLICE, "community_police"),
        (STATION, "police_station"),
    ]


@pytest.mark.parametrize("unit", [PROPERTY, SECOND, MEDIATOR])
def test_no_ruling_sends_it_to_property_or_to_a_mediator(unit: str) -> None:
    told = violence()
    for one in (POLICE, STATION):
        told.report(Command.RETURN, one, reason=ReturnReason.NOT_MY_AREA)
    with pytest.raises(NeverToThem, match="domestic_violence"):
        told.report(Command.RULE, COMMUNITY, to=unit)
    assert told.case.ruling_asked, "a unit is still to be named"
    assert told.report(Command.RULE, COMMUNITY, to=POLICE)[0] == "assignment.ruled"


def test_a_snapshot_of_an_older_playbook_does_not_send_it_there_either() -> None:
    told = violence(playbook=BOOK, dispute=True)
    assert not told.case.assignments
    assert told.last("case.exhausted")["cause"] == "no_responder"


def test_not_even_a_policeman_mediates_it() -> None:
    mediation = replace(BOOK.ladder[1], to=POLICE_BOOK.ladder[0].to)
    told = violence(playbook=replace(BOOK, ladder=(mediation, POLICE_BOOK.ladder[1])), dispute=True)
    assert "mediation.opened" not in told.types()
    assert [one.to for one in told.case.assignments] == [STATION]
