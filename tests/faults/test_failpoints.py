"""Every service dies by SIGKILL in every window in which it can, with work in flight, and the promise holds.

Each story: the service dies at the named place and of nothing else, we look at what was in flight, it starts again, every
whistle is closed, and from the rows alone nothing is lost and nothing happened twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from kombu import Connection, Exchange, Queue

from chassis.failpoints import NAMES
from contracts.topology import queues
from tests.faults.proof import Town
from tests.kit.deployment import SERVICES
from tests.kit.processes import wait_until

WHISTLES = 8
HOUR, WEEK = 3600, 7 * 24 * 3600
HALF_OF_E1 = 15 * 60 + 1
"""Seconds until somebody who has not signed is urged."""


@dataclass
class Fatal:
    """A service that is made to die at a place."""

    town: Town
    service: str
    place: str
    applied_before: int = 0
    queued: int = 0

    def count(self, table: str, condition: str = "true") -> int:
        """Rows of its store."""
        return int(self.town.stack.rows(self.service, f"select count(*) from {table} where {condition}")[0][0])

    def applied(self) -> int:
        """How many events have had their effect since the backlog was made."""
        return self.count("inbox", "state = 'applied'") - self.applied_before

    def ready(self) -> int:
        """Messages that stand in its queues, in nobody's hands."""
        return sum(self.town.stack.queue_length(f"{self.service}.{source}") for source in queues(self.service))

    def down(self) -> None:
        """It is gone, as a machine goes."""
        self.town.stack.processes[self.service].kill()

    def backlog(self) -> None:
        """While it is gone whistles are blown, and what it is to take stands in its queues."""
        self.down()
        self.applied_before = self.count("inbox", "state = 'applied'")
        self.town.whistle(WHISTLES)
        if self.service in {"notify", "ledger"}:
            self.town.await_closed()
        wait_until(lambda: self.ready() >= WHISTLES, f"a backlog of {self.service}", 20)
        self.queued = self.ready()

    def starts_and_dies(self, failpoints: str = "", meanwhile: Callable[[], None] = lambda: None) -> None:
        """It starts, works, and dies of SIGKILL at its place."""
        self.town.stack.start(self.service, failpoints=failpoints or f"{self.place}=kill")
        meanwhile()
        process = self.town.stack.processes[self.service]
        assert process.wait(20) == -9, process.log_tail()
        assert process.log_tail(1) == f"failpoint {self.place}"

    def comes_back(self) -> None:
        """It starts again and is not made to die."""
        self.town.stack.start(self.service)

    def await_ready(self, count: int) -> None:
        """So many messages are again in its queues: the broker was never told that they are settled."""
        wait_until(lambda: self.ready() >= count, f"{count} messages are back in the queues of {self.service}", 10)


def nothing_committed(fatal: Fatal) -> None:
    """Inbox rows inserted, or every statement sent: the first batch dies, nothing of it stays, the broker has it all."""
    fatal.backlog()
    fatal.starts_and_dies()
    assert fatal.applied() == 0
    fatal.await_ready(fatal.queued)
    fatal.comes_back()


def half_a_batch(fatal: Fatal) -> None:
    """Some events of a batch have had their effect in the transaction, others not: none of it stays."""
    fatal.backlog()
    fatal.starts_and_dies("batch.middle=kill@2")
    # the second event may be the second of a batch or, if the first was quicker than its brothers, of two
    assert fatal.applied() <= 1
    fatal.await_ready(fatal.queued - 1)
    fatal.comes_back()


def committed_but_not_acked(fatal: Fatal) -> None:
    """The effect is there, and the broker has the message still: it comes again, and the inbox knows it."""
    fatal.backlog()
    fatal.starts_and_dies()
    assert fatal.applied() > 0
    fatal.await_ready(fatal.queued)
    fatal.comes_back()


def confirmed_but_not_marked(fatal: Fatal) -> None:
    """The broker has it, the outbox says pending: it is published again, and the subscribers' inboxes know it."""
    if fatal.service == "ledger":
        return _checkpoint_published_twice(fatal)
    fatal.backlog()
    fatal.starts_and_dies()
    pending = [id_ for (id_,) in fatal.town.stack.rows(fatal.service, "select event_id from outbox where state = 'pending'")]
    assert pending
    arrived = "select 1 from inbox where source = %s and event_id = any(%s)"
    source = f"/{fatal.service}"
    wait_until(lambda: bool(fatal.town.stack.rows("ledger", arrived, source, pending)), "an unmarked event at the ledger", 10)
    fatal.comes_back()


def _checkpoint_published_twice(fatal: Fatal) -> None:
    """Nobody subscribes to checkpoints, so a queue of our own shows what the broker got: the same one twice."""
    stack = fatal.town.stack
    with Connection(stack.amqp("admin")) as connection, connection.channel() as channel:
        probe = Queue("probe", Exchange("ledger.events", "topic"), "checkpoint.signed.v1", durable=True)(channel)
        probe.declare()
        _checkpoint_armed(fatal)
        fatal.down()
        fatal.starts_and_dies(meanwhile=lambda: stack.let_pass(HOUR))
        assert fatal.count("outbox", "state = 'pending'") == 1
        first = probe.get()
        fatal.comes_back()
        wait_until(lambda: fatal.count("outbox", "state = 'pending'") == 0, "the checkpoint marked", 10)
        again = probe.get()
        assert first is not None
        assert again is not None
        assert first.headers["ce-id"] == again.headers["ce-id"]
        probe.delete()


def trying_again(fatal: Fatal) -> None:
    """Every event failed at first and was kept; the third that is tried again has its effect made, and none of it stays."""
    fatal.backlog()
    fatal.starts_and_dies("inbox.inserted=error,inbox.replaying=kill@3")
    assert fatal.applied() <= 2
    assert fatal.count("inbox", "state = 'waiting'") > 0
    fatal.comes_back()


# --- timers


@dataclass(frozen=True)
class Rings:
    """How a service comes to have due timers, how many, and what they say when they ring."""

    arm: Callable[[Fatal], None]
    seconds: int
    timer: str
    says: str
    afterwards: Callable[[Fatal], None] = lambda _: None
    timers: int = WHISTLES
    alone: bool = False
    """The others are down meanwhile: what they announce as time passes would be taken before anything rings."""


def _revisits_armed(fatal: Fatal) -> None:
    """No resident answers."""
    fatal.town.street.answers = False
    fatal.town.whistle(WHISTLES)
    wait_until(lambda: fatal.count("tickets", "state = 'revisiting'") == WHISTLES, "residents asked", 20)


def _watchdogs_armed(fatal: Fatal) -> None:
    """Nobody takes the tickets up."""
    fatal.town.stack.processes["dispatch"].kill()
    fatal.town.whistle(WHISTLES)
    wait_until(lambda: fatal.count("timers", "name = 'watchdog'") == WHISTLES, "watchdogs armed", 20)


def _clocks_armed(fatal: Fatal) -> None:
    """Nobody signs; by the clocks of E1, which run through nights and weekends."""
    fatal.town.street.at_work = False
    tickets = fatal.town.whistle(WHISTLES, urgency="E1")
    named = "select 1 from tickets where state = 'handling' and id = any(%s)"
    wait_until(lambda: len(fatal.town.stack.rows("tickets", named, tickets)) == WHISTLES, "responders named", 20)


def _checkpoint_armed(fatal: Fatal) -> None:
    """Something is in the log that no checkpoint covers."""
    fatal.town.whistle(1)
    fatal.town.prove()
    wait_until(lambda: fatal.count("timers", "name = 'checkpoint'") == 1, "a checkpoint armed", 10)


def _residents_answer(fatal: Fatal) -> None:
    fatal.town.street.answers = True


def _dispatch_is_back(fatal: Fatal) -> None:
    fatal.town.stack.start("dispatch")


def _responders_work(fatal: Fatal) -> None:
    fatal.town.street.at_work = True


RINGS = {
    "revisit": Rings(_revisits_armed, WEEK, "revisit", "ticket.closed.v1", _residents_answer),
    "watchdog": Rings(_watchdogs_armed, 61, "watchdog", "ticket.unattended.v1", _dispatch_is_back),
    "sign": Rings(_clocks_armed, HALF_OF_E1, "sign:%", "deadline.warned.v1", _responders_work),
    "checkpoint": Rings(_checkpoint_armed, HOUR, "checkpoint", "checkpoint.signed.v1", timers=1, alone=True),
}
KINDS = {"tickets": "revisit", "dispatch": "sign", "ledger": "checkpoint"}


def ringing(fatal: Fatal) -> None:
    """Due timers have rung in the transaction, and it dies before that is committed: they are as armed as before."""
    rings(fatal, RINGS[KINDS[fatal.service]])


def telling(fatal: Fatal) -> None:
    """Notices are claimed, perhaps handed over, and nothing says so: when the lease is over they are sent again."""
    fatal.backlog()
    told = fatal.count("outbox")
    fatal.starts_and_dies()
    claimed = fatal.count("notices", "state = 'sending'")
    assert claimed > 0
    assert fatal.count("outbox") == told
    fatal.comes_back()
    wait_until(lambda: fatal.count("outbox", "type = 'notification.failed.v1'") >= claimed, "unknown attempts said", 20)
    wait_until(lambda: fatal.count("notices", "state <> 'sent'") == 0, "all sent", 20)


def rings(fatal: Fatal, kind: Rings) -> None:
    """Timers come due while the service is down; it dies with their effects made, or just after these were committed."""
    armed, said = f"name like '{kind.timer}'", f"type = '{kind.says}'"
    kind.arm(fatal)
    # a clean stop leaves it no message to commit first
    down = SERVICES if kind.alone else (fatal.service,)
    assert fatal.town.stack.stop(*down) == dict.fromkeys(down, 0)
    before = fatal.count("outbox", said)
    assert fatal.count("timers", armed) == kind.timers
    fatal.town.stack.let_pass(kind.seconds)
    fatal.starts_and_dies()
    rung = 0 if fatal.place == "timers.claimed" else kind.timers
    assert fatal.count("outbox", said) == before + rung
    fatal.town.stack.start(*down)
    wait_until(lambda: fatal.count("outbox", said) >= before + kind.timers, f"{kind.says} said", 20)
    kind.afterwards(fatal)
    fatal.town.prove()
    # once each, although some of it was done twice
    assert fatal.count("outbox", said) == before + kind.timers


STORIES: dict[str, Callable[[Fatal], None]] = {
    "inbox.inserted": nothing_committed,
    "batch.middle": half_a_batch,
    "work.before_commit": nothing_committed,
    "work.committed": committed_but_not_acked,
    "relay.published": confirmed_but_not_marked,
    "timers.claimed": ringing,
    "inbox.replaying": trying_again,
    "notify.claimed": telling,
    "notify.sent": telling,
}


@pytest.fixture(autouse=True)
def _everybody_is_there(running: Town) -> None:
    """A story that failed spoils no other: people are at work and services run."""
    running.street.at_work = running.street.answers = True
    for name in SERVICES:
        if not running.stack.processes[name].alive:
            running.stack.start(name)


WINDOWS = [
    (service, place)
    for place in sorted(NAMES)
    for service in SERVICES
    if (service == "notify" or not place.startswith("notify.")) and (service, place) != ("notify", "timers.claimed")
]
"""Notify has windows of its own; its few timers are rung by the same lines as the others' are."""


@pytest.mark.parametrize(("service", "place"), WINDOWS)
def test_killed_in_a_window(running: Town, service: str, place: str) -> None:
    """Every window of the chassis in every service; a window without a story fails here."""
    STORIES[place](Fatal(running, service, place))
    running.prove()


@pytest.mark.parametrize(("service", "kind"), [("tickets", "revisit"), ("dispatch", "sign"), ("ledger", "checkpoint")])
def test_killed_just_after_timers_rang(running: Town, service: str, kind: str) -> None:
    """The rings are committed; nobody was told, and nobody needs to be."""
    rings(Fatal(running, service, "work.committed"), RINGS[kind])


def test_killed_while_watchdogs_ring(running: Town) -> None:
    """Dispatch is down too: the alert is said once for each ticket, although the first attempt at it died."""
    rings(Fatal(running, "tickets", "timers.claimed"), RINGS["watchdog"])
