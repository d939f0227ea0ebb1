"""The simulated people: what they do follows from what they hear, whatever the order, and is said in the contract's words."""

import random
from typing import Any

from cli.demo.acts import Act, Kind
from cli.demo.rules import Situation
from contracts.envelope import Event
from contracts.events.dispatch import CasePaused
from contracts.http import tickets as http
from contracts.payload import payload_for
from tests.unit.demo.chain import Chain
from tests.unit.demo.shipped import CALENDAR, CONFIG

OPERATIONS = {operation.id: operation for operation in http.OPERATIONS}


def acts(events: list[Event]) -> list[Act]:
    """Return the answers to all of these events."""
    return sorted((act for event in events for act in CONFIG.people.hear(event)), key=lambda act: act.order)


def test_the_order_of_hearing_does_not_matter(replayed: Chain) -> None:
    mixed = list(replayed.heard)
    random.Random(7).shuffle(mixed)
    assert acts(mixed) == acts(replayed.heard)


def test_every_act_is_one_command_by_an_id_of_its_own(replayed: Chain) -> None:
    every = [*CONFIG.people.whistles(CONFIG.whistles), *acts(replayed.heard)]
    assert len({act.id for act in every}) == len(every)
    assert all(len(act.id) <= 128 and act.id.isascii() and " " not in act.id for act in every)


def test_every_act_is_said_in_the_contracts_words(replayed: Chain) -> None:
    for act in [*CONFIG.people.whistles(CONFIG.whistles), *acts(replayed.heard)]:
        if act.kind is Kind.DESK:
            body = OPERATIONS[act.name].body_schema
            assert body is not None
            assert not body().validate(body().dump(act.data))
        else:
            payload_for(act.kind.value).of(act.data).to_wire()


def test_nobody_acts_before_hearing_or_between_the_grids_moments(replayed: Chain) -> None:
    for act in acts(replayed.heard):
        assert act.answers is not None
        assert act.due > act.answers.time
        assert act.due.astimezone(CALENDAR.zone).minute % 5 == 0
        assert act.due.second == 0


def test_every_course_of_every_situation_is_taken_by_somebody(replayed: Chain) -> None:
    """Else it would be in the file for nothing."""
    taken: dict[str, set[tuple[str, ...]]] = {}
    for act in acts(replayed.heard):
        assert act.answers is not None
        situation, _, word = act.id.rsplit("-", 2)
        taken.setdefault(situation.rsplit("-", 1)[1], set()).add((word,))
    for situation, conduct in CONFIG.rules.situations.items():
        words = {word for course in conduct.courses.values() for word, _ in course}
        assert {(word,) for word in words} == taken[situation.value], situation


def test_a_units_character_is_its_own() -> None:
    units = [unit.code for unit in CONFIG.town.units.values() if unit.meets is Situation.PROPERTY]
    characters = [CONFIG.people.character(unit) for unit in units]
    assert characters == [CONFIG.people.character(unit) for unit in units]
    assert {name: characters.count(name) > 10 for name in CONFIG.rules.characters} == dict.fromkeys(
        CONFIG.rules.characters, True
    )


def test_what_is_none_of_theirs_moves_nobody(replayed: Chain) -> None:
    event = replayed.heard[0]
    stranger: dict[str, Any] = {"payload": event.payload, "source": event.source, "id": "x", "time": event.time}
    assert CONFIG.people.hear(event) is not None
    assert CONFIG.people.hear(Event(subject="somebody-elses", **stranger)) == []
    assert CONFIG.people.hear(Event(subject=event.subject, **{**stranger, "payload": CasePaused()})) == []
