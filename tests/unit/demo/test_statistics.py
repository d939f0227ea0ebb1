"""The counts: each event once, in whatever order it is heard."""

import json
import random
from collections import Counter

from cli.demo.statistics import BRANCHES, Statistics
from contracts.envelope import Event
from tests.unit.demo.chain import Chain


def tally(events: list[Event]) -> Statistics:
    """Return the counts of these events."""
    made = Statistics()
    for event in events:
        made.hear(event)
    return made


def test_twice_and_in_another_order_is_the_same_report(replayed: Chain) -> None:
    mixed = [*replayed.heard, *replayed.heard[::3]]
    random.Random(1).shuffle(mixed)
    assert tally(mixed).report() == replayed.statistics.report()


def test_the_report_is_json_and_adds_up(replayed: Chain) -> None:
    report = json.loads(json.dumps(replayed.statistics.report()))
    tickets = report["tickets"]
    assert tickets["total"] == 1000
    assert sum(tickets["by_state"].values()) == sum(tickets["by_level"].values()) == sum(tickets["by_cause"].values()) == 1000
    assert sum(tickets["by_urgency"].values()) == 1000
    assert tickets["by_urgency"].keys() == {"E0", "E1", "E2", "E3"}
    assert report["events"]["total"] == len(replayed.heard)
    assert report["tickets"]["by_state"]["merged"] == report["branches"]["merged"]
    assert sum(report["breached_clocks"].values()) == report["events"]["by_type"]["deadline.breached.v1"]
    assert set(report["branches"]) == set(BRANCHES)


def test_a_branch_is_proved_by_its_event(replayed: Chain) -> None:
    types = Counter(event.type for event in replayed.heard)
    branches = replayed.statistics.branches()
    for name in ("handed_up", "mediated", "failed", "returned", "ruled", "exhausted", "reworked", "merged", "reopened"):
        assert branches[name] == types[BRANCHES[name].schema.type]
    completed = [event.payload for event in replayed.heard if event.type == "case.completed.v1"]
    assert branches["joint"] == sum(said.outcome == "joint" for said in completed)
    assert branches["handled"] == sum((said.outcome, said.level) == ("handled", "property") for said in completed)
    escalated = [event.payload for event in replayed.heard if event.type == "case.escalated.v1"]
    assert branches["timed_out"] == sum(said.cause == "breached" for said in escalated)
