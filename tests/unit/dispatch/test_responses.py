"""The ways to respond: each stands in one module, and a new one needs no change of any other."""

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from chassis.effects import NO_EFFECTS, Effects, Refused
from contracts.codes import Command, Respond
from contracts.codes import Outcome as Ending
from services.dispatch.domain import assignments, responses
from services.dispatch.domain.case import Case, CaseState, NotNow
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import LevelRun
from services.dispatch.domain.report import Report
from services.dispatch.domain.responses.response import LevelResult, Response, TakeCommand, record_handled
from services.dispatch.store import DEFINITION
from tests.unit.dispatch.town import BOOK, PROPERTY, SECOND, Told

DISPATCH = Path(responses.__file__).parents[2]
PACKAGE = "services.dispatch"


# --- a new way to respond


@dataclass
class Raffle:
    """The state of a draw: the units that were asked, and the winner."""

    asked: list[str]
    winner: str | None = None


class Draw(Response):
    """An invented way to respond: all that fit are asked, the first to claim wins, and is done with its report."""

    respond: ClassVar[Any] = "draw"
    state_class: ClassVar[type | None] = Raffle
    document_key: ClassVar[str] = "raffle"

    @property
    def commands(self) -> Mapping[Command, TakeCommand]:
        return {Command.CLAIM: self.claim}

    def open(self, case: Case, run: LevelRun, reached: list[str], context: CaseContext) -> Effects:
        run.response_state = Raffle(reached)
        outcome = NO_EFFECTS
        for unit in reached:
            outcome += assignments.name(case, run, unit, context)
        return outcome

    def claim(self, case: Case, report: Report, context: CaseContext) -> LevelResult:
        assignment = case.at_work(report.unit)
        run = case.level_run(assignment.level_index)
        raffle = run.response_state
        assert isinstance(raffle, Raffle)
        if raffle.winner is not None:
            raise NotNow("command: somebody else was faster")
        raffle.winner = report.unit
        return LevelResult(record_handled(case, assignment, report), run, completed=Ending.HANDLED)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Told:
    """A case whose first level responds by drawing."""
    monkeypatch.delitem(responses.RESPONSES, Respond.OFFER, raising=False)  # it will take the command that this one takes
    monkeypatch.setitem(responses.RESPONSES, Draw.respond, Draw())
    first, *above = BOOK.ladder
    return Told(playbook=replace(BOOK, ladder=(replace(first, respond=Draw.respond), *above)))


def test_a_fifth_way_to_respond_opens_reports_and_completes(drawn: Told) -> None:
    assert [one.to for one in drawn.case.assignments] == [PROPERTY, SECOND]
    assert drawn.report(Command.CLAIM, SECOND) == ["assignment.handled", "assignment.relieved", "case.completed"]
    assert drawn.case.state is CaseState.COMPLETED
    assert drawn.last("case.completed")["handled_by"] == [SECOND]


def test_a_fifth_way_to_respond_escalates_like_any_other(drawn: Told) -> None:
    drawn.report(Command.HAND_UP, PROPERTY)
    assert "case.escalated" not in drawn.types(), "one is left who may claim"
    drawn.report(Command.HAND_UP, SECOND)
    assert drawn.last("case.escalated")["below"] == "property"


def test_its_state_is_stored_under_its_own_key(drawn: Told) -> None:
    mapper = DEFINITION.mappers[0]
    document = json.loads(json.dumps(mapper.document(drawn.case)))
    assert document["rungs"][0]["raffle"] == {"asked": [PROPERTY, SECOND], "winner": None}
    assert document["rungs"][0]["mediation"] is None
    document["playbook"]["ladder"][0]["respond"] = "assign"  # the word of the playbook is no code of the contracts
    assert mapper.aggregate(document).level_runs == drawn.case.level_runs


def test_a_command_that_no_response_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(responses.RESPONSES, Respond.OFFER, raising=False)
    with pytest.raises(Refused, match="claim is not taken yet"):
        Told().report(Command.CLAIM, PROPERTY)


def test_every_response_is_registered_under_its_word() -> None:
    assert all(one.respond is word for word, one in responses.RESPONSES.items())
    assert responses.all_responses() == tuple(map(responses.response_of, responses.RESPONSES))


# --- the structure


def modules() -> dict[str, ast.Module]:
    """Return the modules of dispatch by name; a package is named after its directory."""
    found = {}
    for path in sorted(DISPATCH.rglob("*.py")):
        inside = path.relative_to(DISPATCH).with_suffix("").parts
        name = ".".join([PACKAGE, *(inside[:-1] if inside[-1] == "__init__" else inside)])
        found[name] = ast.parse(path.read_text("utf-8"))
    return found


def imported(tree: ast.Module, known: Mapping[str, Any]) -> Iterator[str]:
    """Yield the modules of dispatch that a module imports, for types alone or not."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [one if one in known else node.module for one in submodules]
        yield from (name for name in names if name in known)


def test_no_module_but_the_responses_mentions_a_way_to_respond() -> None:
    inside = f"{PACKAGE}.domain.responses"
    mentions = [
        f"{name}:{node.lineno}: Respond.{node.attr}"
        for name, tree in modules().items()
        if name != inside and not name.startswith(f"{inside}.")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Respond"
    ]
    assert not mentions


def test_no_module_imports_itself_through_others() -> None:
    known = modules()
    imports = {name: set(imported(tree, known)) - {name} for name, tree in known.items()}
    while leaves := [name for name, needs in imports.items() if not needs & imports.keys()]:
        for name in leaves:
            del imports[name]
    assert not imports, "these modules are in a cycle, or import one that is"
