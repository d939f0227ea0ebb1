"""The whole night, through the domains of tickets and dispatch: every branch is taken, and nobody talks past the chain."""

import os
import subprocess
import sys

from cli.demo.scene import Scene, read_scene
from cli.demo.story import Story
from cli.demo.tally import BRANCHES
from contracts.events.tickets import ClusterProposed
from services.tickets.domain.state import FINAL, State
from tests.unit.demo.chain import Chain
from tests.unit.demo.shipped import CALENDAR, DEMO, DEPLOY, SCENE

FEW = 10


def told(chain: Chain) -> list[tuple[object, ...]]:
    """Everything that was said, in order."""
    return [(event.source, event.type, event.subject, event.sequence, event.time, event.payload) for event in chain.heard]


def test_every_branch_is_taken_at_least_ten_times(replayed: Chain) -> None:
    assert replayed.tally.branches().keys() == BRANCHES.keys()
    assert min(replayed.tally.branches().values()) >= SCENE.rules.proof == 10, replayed.tally.branches()


def test_and_with_another_seed_too() -> None:
    chain = Chain(read_scene(DEMO, CALENDAR, seed="二")).run()
    assert min(chain.tally.branches().values()) >= SCENE.rules.proof, chain.tally.branches()
    assert len(chain.refused) < FEW


def test_what_the_chain_refuses_is_rare(replayed: Chain) -> None:
    assert len(replayed.refused) < FEW, replayed.refused
    assert replayed.replay.stale < replayed.replay.filed / 5


def test_every_ticket_comes_to_an_end_or_is_parked(replayed: Chain) -> None:
    assert len(replayed.tickets) == 1000
    assert {ticket.state for ticket in replayed.tickets.values()} <= FINAL | {State.CLOSED, State.PARKED}


def test_the_story_lies_within_the_known_calendar(replayed: Chain) -> None:
    assert not any(event.payload.provisional for event in replayed.heard if event.type == "deadline.set.v1")


def test_the_same_seed_is_the_same_story_in_every_process() -> None:
    """Python's hashes, and so the order in its sets, differ from one process to the next."""
    digests = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.unit.demo.digest"],
            env={**os.environ, "PYTHONPATH": str(DEPLOY.parent), "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            timeout=720,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


def test_whether_hands_act_side_by_side_changes_nothing(replayed: Chain) -> None:
    one_by_one = Chain(one_by_one=True).run()
    assert one_by_one.tally.report() == replayed.tally.report()
    assert len(one_by_one.refused) < FEW


def test_a_ticket_does_not_depend_on_the_others(replayed: Chain) -> None:
    """Only what looks like another does: some that are like none are told alone as they are in the whole night."""
    like = {event.subject for event in replayed.heard if event.type == ClusterProposed.type}
    like |= {event.payload.like for event in replayed.heard if event.type == ClusterProposed.type}
    some = tuple(one for one in SCENE.whistles if one.ticket not in like)[::20]
    alone = Chain(Scene(SCENE.rules, SCENE.town, some, SCENE.street)).run()
    chosen = {one.ticket for one in some}
    assert sorted(map(repr, told(alone))) == sorted(repr(one) for one in told(replayed) if one[2] in chosen)


def test_what_was_heard_says_where_every_ticket_stands(replayed: Chain) -> None:
    stories: dict[str, Story] = {}
    for event in replayed.heard:
        stories.setdefault(event.subject, Story()).hear(event)
        assert stories[event.subject].is_ticket
    assert {id_: story.state for id_, story in stories.items()} == {
        id_: ticket.state.value for id_, ticket in replayed.tickets.items()
    }
