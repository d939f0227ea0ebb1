"""Every service dies by SIGKILL in every window in which it can, with work in flight, and the promise holds.

Each story: the service dies at the named place and of nothing else, we look at what was in flight, it starts again, every
whistle is closed, and from the rows alone nothing is lost and nothing happened twice.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kombu import Connection, Exchange, Queue

from chassis.failpoints import NAMES
from tests.faults.fatal import Fatal
from tests.faults.proof import Town
from tests.faults.ringing import HOUR, RINGS, checkpoint_armed, rings
from tests.kit.deployment import SERVICES
from tests.kit.processes import wait_until


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
        checkpoint_armed(fatal)
        fatal.down()
        probe = Queue("probe", Exchange("ledger.events", "topic"), "checkpoint.signed.v1", durable=True)(channel)
        probe.declare()
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


KINDS = {"tickets": "revisit", "dispatch": "sign", "ledger": "checkpoint"}


def ringing(fatal: Fatal) -> None:
    """Due timers have rung in the transaction, and it dies before that is committed: they are as armed as before."""
    rings(fatal, RINGS[KINDS[fatal.service]])


ATTEMPTED = "type in ('notification.sent.v1', 'notification.failed.v1', 'notification.exhausted.v1')"
"""The events an attempt to send writes; the handlers write ``notification.cancelled`` beside them at any time."""
ENDINGS_OF_A_LOST_ATTEMPT = {"notification.failed.v1", "notification.cancelled.v1"}
"""An attempt of an unknown end counts as failed, unless a later event made its notice obsolete meanwhile."""


def telling(fatal: Fatal) -> None:
    """Notices are claimed, perhaps handed over, and nothing says so: when the lease is over the end of each is known."""
    fatal.backlog()
    told = fatal.count("outbox", ATTEMPTED)
    fatal.starts_and_dies()
    claimed = [id_ for (id_,) in fatal.town.stack.rows("notify", "select id from notices where state = 'sending'")]
    assert claimed
    assert fatal.count("outbox", ATTEMPTED) == told
    fatal.comes_back()
    wait_until(lambda: fatal.count("notices", "state not in ('sent', 'cancelled')") == 0, "all sent or cancelled", 20)
    for id_ in claimed:
        assert ENDINGS_OF_A_LOST_ATTEMPT & said_of(fatal, id_), id_


def said_of(fatal: Fatal, notice: str) -> set[str]:
    """The types of the events that notify wrote about one notice."""
    query = "select type from outbox where type like %s and convert_from(body, 'UTF8')::jsonb ->> 'notice' = %s"
    return {type_ for (type_,) in fatal.town.stack.rows("notify", query, "notification.%", notice)}


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
