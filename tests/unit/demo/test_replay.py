"""The whole night, through the domains of tickets and dispatch: every branch is taken, and nobody talks past the chain."""

import os
import subprocess
import sys

from cli.demo.config import DemoConfig, read_demo_config
from cli.demo.statistics import BRANCHES
from cli.demo.ticket_state import TicketStatus
from contracts.events.tickets import ClusterProposed
from services.tickets.domain.allowed_commands import FINAL, State
from tests.unit.demo.chain import Chain
from tests.unit.demo.shipped import CALENDAR, CONFIG, DEMO, DEPLOY

FEW = 10


def told(chain: Chain) -> list[tuple[object, ...]]:
    """Return all events, in order."""
    return [(event.source, event.type, event.subject, event.sequence, event.time, event.payload) for event in chain.heard]


def test_every_branch_is_taken_at_least_ten_times(replayed: Chain) -> None:
    assert replayed.statistics.branches().keys() == BRANCHES.keys()
    assert min(replayed.statistics.branches().values()) >= CONFIG.rules.proof == 10, replayed.statistics.branches()


def test_and_with_another_seed_too() -> None:
    chain = Chain(read_demo_config(DEMO, CALENDAR, seed="二")).run()
    assert min(chain.statistics.branches().values()) >= CONFIG.rules.proof, chain.statistics.branches()
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
    assert one_by_one.statistics.report() == replayed.statistics.report()
    assert len(one_by_one.refused) < FEW


def test_a_ticket_does_not_depend_on_the_others(replayed: Chain) -> None:
    """Only what looks like another does: some that are like none are told alone as they are in the whole night."""
    like = {event.subject for event in replayed.heard if event.type == ClusterProposed.type}
    like |= {event.payload.like for event in replayed.heard if event.type == ClusterProposed.type}
    some = tuple(one for one in CONFIG.whistles if one.ticket not in like)[::20]
    alone = Chain(DemoConfig(CONFIG.rules, CONFIG.town, some, CONFIG.people)).run()
    chosen = {one.ticket for one in some}
    assert sorted(map(repr, told(alone))) == sorted(repr(one) for one in told(replayed) if one[2] in chosen)


def test_what_was_heard_says_where_every_ticket_stands(replayed: Chain) -> None:
    stories: dict[str, TicketStatus] = {}
    for event in replayed.heard:
        stories.setdefault(event.subject, TicketStatus()).hear(event)
        assert stories[event.subject].is_ticket
    assert {id_: story.state for id_, story in stories.items()} == {
        id_: ticket.state.value for id_, ticket in replayed.tickets.items()
    }
