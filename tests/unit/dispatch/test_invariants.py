"""The invariants of the domain page's section 6, against reports, requests, facts and time in any order."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis.stateful import invariant

from contracts.codes import Urgency
from services.dispatch.domain.police_matter import NEVER
from tests.unit.dispatch.any_order import AnyOrder
from tests.unit.dispatch.town import BOOK, PEOPLE, POLICE_BOOK

SETTINGS = settings(max_examples=80, stateful_step_count=40, deadline=None)
ROLES = {one.id: one.role for one in PEOPLE}


class Several(AnyOrder):
    """Both property companies are called, and both must do it; no dispute, so the departments follow."""

    def opened(self) -> Mapping[str, Any]:
        first, *above = BOOK.ladder
        return {"dispute": False, "playbook": replace(BOOK, ladder=(replace(first, ack="all"), *above))}


class LifeInDanger(AnyOrder):
    """Two levels are opened together."""

    def opened(self) -> Mapping[str, Any]:
        return {"dispute": False, "urgency": Urgency.E0}


class NoPlaybook(AnyOrder):
    """Nobody is called but the supervisor."""

    def opened(self) -> Mapping[str, Any]:
        return {"playbook": None}


class PoliceMatter(AnyOrder):
    """A police matter under the playbook for it."""

    def opened(self) -> Mapping[str, Any]:
        return {"category": "domestic_violence", "urgency": Urgency.E0, "playbook": POLICE_BOOK}

    @invariant()
    def neither_property_nor_a_mediator_ever_gets_it(self) -> None:
        named = {data["to"] for _, data in self.events("assignment.made", "assignment.ruled")}
        named |= {unit for _, data in self.events("joint_action.called") for unit in data["units"]}
        assert not {unit for unit in named if ROLES[unit] in NEVER}
        assert not self.events("mediation.opened", "mediation.session_held")


class PoliceMatterOfAnOldSnapshot(PoliceMatter):
    """It began under a playbook that calls property and a mediator, before its category was named a police matter."""

    def opened(self) -> Mapping[str, Any]:
        return {"category": "domestic_violence", "playbook": replace(BOOK, takes=("domestic_violence",))}


for _machine in (AnyOrder, Several, LifeInDanger, NoPlaybook, PoliceMatter, PoliceMatterOfAnOldSnapshot):
    _machine.TestCase.settings = SETTINGS

TestAnyOrder = AnyOrder.TestCase
TestSeveral = Several.TestCase
TestLifeInDanger = LifeInDanger.TestCase
TestNoPlaybook = NoPlaybook.TestCase
TestPoliceMatter = PoliceMatter.TestCase
TestPoliceMatterOfAnOldSnapshot = PoliceMatterOfAnOldSnapshot.TestCase
