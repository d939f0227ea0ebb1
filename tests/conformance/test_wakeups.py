"""What waits is tried as soon as there is news of its subject, and that costs it no attempt."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from chassis.effects import TooEarly
from chassis.handler_context import HandlerContext
from chassis.inbox.inbox import Inbox
from chassis.inbox.retries import Retrier, retry_one
from chassis.inbox.wakeups import Wakeups
from chassis.persistence import StoreConflict, StoreUnavailable, machine_now
from contracts.envelope import Event
from tests.component.counting import Counter, Counting, count_up, report, states
from tests.component.statements import counted

LONG = 60.0


def needs_another(event: Event, ctx: HandlerContext) -> None:
    """The event "second" can have no effect before the subject's counter is at 2."""
    counter = ctx.find(Counter, event.subject)
    if event.id == "second" and (counter is None or counter.count < 2):
        raise TooEarly("two more are to come first")
    count_up(event, ctx)


@pytest.fixture
def wakeups(counting: Counting) -> Wakeups:
    """Told of what both queues take in."""
    return Wakeups(counting.store)


@pytest.fixture
def here(counting: Counting, wakeups: Wakeups) -> Inbox:
    """The queue of what comes too early. Its pauses are long."""
    return counting.inbox(needs_another, handler="here", first=LONG, attempts=3, wakeups=wakeups)


@pytest.fixture
def there(counting: Counting, wakeups: Wakeups) -> Inbox:
    """The queue of what it waits for."""
    return counting.inbox(needs_another, handler="there", wakeups=wakeups)


def test_news_of_its_subject_makes_a_waiting_event_due_at_no_cost(
    counting: Counting, wakeups: Wakeups, here: Inbox, there: Inbox
) -> None:
    here.take([report("a", "second")])
    assert not retry_one(here), "its pause is long"
    woken = wakeups.for_waiting()
    for number in range(2):
        there.take([report("a", f"first-{number}")])
        assert woken.is_set()
        woken.clear()
        assert retry_one(here)
    assert counting.counts == {"a": 3}
    assert not woken.is_set()


def test_it_costs_no_attempt_however_often(counting: Counting, here: Inbox, there: Inbox) -> None:
    def too_early(event: Event, ctx: HandlerContext) -> None:
        raise TooEarly("for ever")

    here.handle = {**here.handle, next(iter(here.handle)): too_early}
    here.take([report("a", "second")])
    for number in range(9):
        there.take([report("a", f"first-{number}")])
        assert retry_one(here)
    (waiting,) = [row for row in counting.letters if row["handler"] == "here"]
    assert (waiting["state"], waiting["attempts"]) == ("waiting", 1)
    assert waiting["due_at"] > machine_now() + timedelta(seconds=LONG / 2)


def test_other_news_is_none_of_its_business(counting: Counting, wakeups: Wakeups, here: Inbox, there: Inbox) -> None:
    here.take([report("a", "second")])
    there.take([report("b", "first")])
    assert not retry_one(here)
    assert not wakeups.for_waiting().is_set()


def test_one_look_tries_what_is_due_in_every_inbox_and_a_conflict_keeps_no_other_from_its_turn(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_early(event: Event, ctx: HandlerContext) -> None:
        raise TooEarly("not yet")

    inboxes = [counting.inbox(too_early, handler=name, first=0.0) for name in ("conflicting", "idle", "waiting")]
    for inbox in (inboxes[0], inboxes[2]):
        inbox.take([report(inbox.handler, inbox.handler)])
    tried: list[str] = []

    def retry(inbox: Inbox, as_of: datetime | None = None) -> bool:
        tried.append(inbox.handler)
        if inbox.handler == "conflicting":
            raise StoreConflict("somebody was faster")
        return True

    monkeypatch.setattr("chassis.inbox.retries.retry_one", retry)
    versions = [0]
    retrier = Retrier(inboxes, lambda: versions[-1])
    assert retrier.step() == 1
    assert tried == ["conflicting", "waiting"]
    monkeypatch.undo()
    versions.append(1)
    with counted(counting.store) as sent:
        assert retrier.step() == 2
    assert sent


def test_where_nothing_waits_nothing_is_looked_for(counting: Counting, there: Inbox) -> None:
    there.take([report("a", "1")])  # one look says that nothing waits
    sizes = []
    for number in range(2, 4):
        with counted(counting.store) as sent:
            there.take([report("a", str(number))])
        sizes.append([statement for statement in sent if "waiting" in statement])
    assert sizes == [[], []]
    bare = counting.inbox(needs_another, handler="bare")
    with counted(counting.store) as alone:
        bare.take([report("b", "4")])
    with counted(counting.store) as told:
        there.take([report("c", "5")])
    assert len(told) == len(alone)


def test_followers_are_woken_by_what_was_applied_alone(wakeups: Wakeups, here: Inbox, there: Inbox) -> None:
    follower = wakeups.for_follower()
    here.take([report("a", "second")])
    assert not follower.is_set()
    there.take([report("a", "first")])
    assert follower.is_set()


def test_an_outage_just_then_is_no_failure_of_what_was_applied(
    counting: Counting, wakeups: Wakeups, here: Inbox, there: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: object) -> None:
        raise StoreUnavailable("away")

    here.take([report("a", "second")])
    monkeypatch.setattr(wakeups, "_hasten", away)
    there.take([report("a", "first")])
    assert sorted(states(counting.letters)) == ["applied", "waiting"]
