"""Old rows are removed, in small batches, and only those that nobody needs any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from chassis.effects import Refused, TooEarly
from chassis.handler_context import HandlerContext
from chassis.observability.health import Health
from chassis.persistence import machine_now
from chassis.persistence.tables import PARKED, PUBLISHED
from chassis.runtime.retention import INBOX_MARK, Retention
from contracts.envelope import Event
from tests.component.counting import DEFINITION, Counting, count_up, in_threads, on_postgres, report, states

TABLES = DEFINITION.tables
LATER = timedelta(hours=1)


class Watch:
    """Keeps what was removed."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {"inbox": 0, "outbox": 0}

    def removed(self, table: str, count: int) -> None:
        self.counts[table] += count


def retention(counting: Counting, batch: int = 1000, **more: Any) -> Retention:
    """Retention that removes at once what is there already."""
    return Retention(counting.store, timedelta(0), more.pop("health", Health()), more.pop("watch", Watch()), batch, **more)


def settle_outbox(counting: Counting, state: str, *positions: int) -> None:
    """Have outbox rows look as the relay leaves them."""
    at = machine_now() if state == PUBLISHED else None
    changed = update(TABLES.outbox).where(TABLES.outbox.c.position.in_(positions)).values(state=state, published_at=at)
    with counting.store.transaction() as connection:
        connection.execute(changed)


def publish_all(counting: Counting) -> None:
    """Mark every outbox row as published."""
    settle_outbox(counting, PUBLISHED, *[row["position"] for row in counting.outbox])


def one_of_each(event: Event, ctx: HandlerContext) -> None:
    """Applied, waiting or dead, as the subject says."""
    if event.subject == "early":
        raise TooEarly("no case yet")
    if event.subject == "refused":
        raise Refused("unit: not on this case")
    count_up(event, ctx)


def removed_numbers(counting: Counting) -> dict[str, int]:
    """How far the events about each subject were removed."""
    return {row["subject"]: row["removed"] for row in counting.rows(TABLES.sequences)}


def mark(counting: Counting) -> datetime | None:
    """Up to when inbox rows may be gone."""
    return next((row["at"] for row in counting.rows(TABLES.marks) if row["name"] == INBOX_MARK), None)


def test_what_was_applied_goes_and_what_waits_for_anything_stays(counting: Counting) -> None:
    counting.inbox(one_of_each, first=600).take([report(one, one) for one in ("done", "early", "refused")])
    assert sorted(states(counting.letters)) == ["applied", "dead", "waiting"]
    before = machine_now()
    assert retention(counting).remove_applied(before) == 1
    assert sorted(states(counting.letters)) == ["dead", "waiting"]
    assert mark(counting) == before
    assert counting.counts == {"done": 1}


def test_what_is_not_old_yet_stays(counting: Counting) -> None:
    counting.inbox().take([report("a", "1")])
    publish_all(counting)
    assert retention(counting).remove_applied(machine_now() - LATER) == 0
    assert retention(counting).remove_published(machine_now() - LATER) == 0
    assert states(counting.letters) == ["applied"]
    assert states(counting.outbox) == ["published"]
    assert mark(counting) is None
    assert removed_numbers(counting) == {"a": 0}


def test_what_was_published_goes_and_the_numbers_go_on(counting: Counting) -> None:
    counting.inbox().take([report("a", "1"), report("a", "2"), report("b", "3"), report("b", "4")])
    first, second, third, _ = [row["position"] for row in counting.outbox]
    settle_outbox(counting, PUBLISHED, first, second)
    settle_outbox(counting, PARKED, third)
    assert retention(counting).remove_published(machine_now()) == 2
    assert states(counting.outbox) == ["parked", "pending"]
    assert removed_numbers(counting) == {"a": 2, "b": 0}
    counting.inbox().take([report("a", "5")])
    assert counting.outbox[-1]["sequence"] == 3


def test_how_far_it_went_never_goes_back(counting: Counting) -> None:
    counting.inbox().take([report("a", str(number)) for number in range(3)])
    first, second, third = [row["position"] for row in counting.outbox]
    settle_outbox(counting, PARKED, first)
    settle_outbox(counting, PUBLISHED, second, third)
    late = machine_now()
    assert retention(counting).remove_published(late) == 2
    settle_outbox(counting, PUBLISHED, first)  # a person had it sent again
    assert retention(counting).remove_published(machine_now()) == 1
    assert removed_numbers(counting) == {"a": 3}
    assert retention(counting).remove_applied(late) == 3
    counting.inbox().take([report("a", "4")])
    assert retention(counting).remove_applied(machine_now() + LATER) == 1
    counting.inbox().take([report("a", "5")])
    retention(counting).remove_applied(machine_now())
    assert (mark(counting) or late) > machine_now()


def test_a_step_removes_one_batch_of_each_and_then_waits(counting: Counting) -> None:
    counting.inbox().take([report("a", str(number)) for number in range(5)])
    publish_all(counting)
    watch = Watch()
    removing = retention(counting, batch=2, watch=watch, settled=0)
    sizes = []
    for _ in range(4):
        assert removing.step() == 0
        sizes.append((len(counting.letters), len(counting.outbox)))
    assert sizes == [(3, 3), (1, 1), (0, 0), (0, 0)]
    assert watch.counts == {"inbox": 5, "outbox": 5}
    assert removed_numbers(counting) == {"a": 5}


def test_nothing_goes_during_an_outage_nor_soon_after(counting: Counting) -> None:
    counting.inbox().take([report("a", "1")])
    health = Health()
    removing = retention(counting, health=health, settled=0)
    health.report("consume:intake", "the broker is unavailable")
    removing.step()
    assert len(counting.letters) == 1
    patient = retention(counting, health=health, settled=600)
    health.report("consume:intake", None)
    patient.step()
    assert len(counting.letters) == 1
    removing.step()
    assert counting.letters == []


def test_timers_and_the_audit_stay(counting: Counting) -> None:
    counting.inbox().take([report("a", "1")])
    publish_all(counting)
    before = counting.sizes()
    retention(counting, settled=0).step()
    after = counting.sizes()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"inbox", "outbox", "marks"}


def test_a_repeat_after_it_starts_anew(counting: Counting) -> None:
    """Which is why the span is longer than whatever can repeat: docs/decisions/0017."""
    inbox = counting.inbox()
    inbox.take([report("a", "1"), report("a", "1")])
    assert counting.counts == {"a": 1}
    retention(counting).remove_applied(machine_now())
    inbox.take([report("a", "1")])
    assert counting.counts == {"a": 2}


@on_postgres
def test_two_processes_remove_each_row_once(counting: Counting) -> None:
    counting.inbox().take([report(f"s{number % 7}", str(number)) for number in range(200)])
    publish_all(counting)
    watch, end = Watch(), machine_now()

    def remove() -> None:
        removing = retention(counting, batch=7)
        while gone := removing.remove_applied(end):
            watch.removed("inbox", gone)
        while gone := removing.remove_published(end):
            watch.removed("outbox", gone)

    in_threads(remove, remove)
    assert watch.counts == {"inbox": 200, "outbox": 200}
    assert counting.letters == counting.outbox == []
    assert sum(removed_numbers(counting).values()) == 200


def test_what_is_taken_in_meanwhile_stays(counting: Counting) -> None:
    counting.inbox().take([report(f"s{number}", str(number)) for number in range(50)])
    publish_all(counting)
    end = machine_now()

    def work() -> None:
        for number in range(20):
            counting.inbox().take([report(f"s{number % 3}", f"more-{number}")])

    def remove() -> None:
        removing = retention(counting, batch=5)
        while removing.remove_applied(end) + removing.remove_published(end):
            pass

    in_threads(work, remove)
    assert len(counting.letters) == 20
    assert sum(counting.counts.values()) == 70
