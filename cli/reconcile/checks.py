"""The checks of `whistle reconcile`: a pure function from the sent whistles and a snapshot to what is lost or doubled."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chassis.persistence.tables import APPLIED, DEAD, DROPPED, PARKED, PENDING, WAITING
from cli.reconcile.notice_checks import check_notices
from cli.reconcile.snapshot import InboxKey, OutboxRow, StoreSnapshot, WhistleKey, digest_of, subscribers
from contracts.payload import payload_for
from contracts.topology import SUBSCRIPTIONS
from services.tickets.domain.allowed_commands import State


@dataclass
class Findings:
    """The errors found, in sentences that name ids and nothing private. ``unsettled`` is still on its way."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Return whether nothing is lost and nothing is doubled."""
        return not self.lost and not self.doubled


def check_snapshot(sent: Iterable[WhistleKey], snapshot: StoreSnapshot, settled: bool = False) -> Findings:
    """Compare the sent whistles with a snapshot. ``settled``: nothing may be on its way any more; unsettled counts as lost.

    What retention has removed, or may have, is not missed.
    On a running system ask when the queues are empty: an event that the broker holds is in no store but its sender's.
    """
    wanted = sorted(set(sent))
    found = Findings()
    for check in (_outboxes, _deliveries, _sequences, _causes, _cases, _ledger, _happened_twice):
        check(snapshot, found)
    notices = check_notices(snapshot)
    for kind in ("lost", "doubled", "unsettled"):
        getattr(found, kind).extend(getattr(notices, kind))
    _whistles(wanted, snapshot, found)
    if settled:
        found.lost += found.unsettled
    states = Counter(snapshot.inbox.values())
    found.counts = {
        "sent": len(wanted),
        "tickets": len(snapshot.tickets),
        "closed": sum(state == State.CLOSED for state in snapshot.tickets.values()),
        "events": len(snapshot.outbox),
        "pending": sum(said.state == PENDING for said in snapshot.outbox),
        "taken": len(snapshot.inbox),
        "waiting": states[WAITING],
        "dead": states[DEAD],
        "dropped": states[DROPPED],
        "notices": len(snapshot.notices),
        "entries": len(snapshot.entries),
    }
    return found


def _whistles(wanted: Iterable[WhistleKey], snapshot: StoreSnapshot, found: Findings) -> None:
    """Check that each whistle is one ticket."""
    by_whistle: dict[WhistleKey, list[str]] = defaultdict(list)
    for ticket, whistle in snapshot.whistles:
        by_whistle[whistle].append(ticket)
        if ticket not in snapshot.tickets:
            found.lost.append(f"ticket {ticket} of whistle {whistle[1]}: not there")
    for ticket in snapshot.tickets.keys() - {ticket for ticket, _ in snapshot.whistles}:
        found.lost.append(f"ticket {ticket}: the whistle it came from is not there")
    for (source, id_), made in sorted(by_whistle.items()):
        if len(made) > 1:
            found.doubled.append(f"whistle {id_} of {source} has {len(made)} tickets: {', '.join(sorted(made))}")
    for source, id_ in wanted:
        state = _taken_whistle(snapshot, source, id_)
        if state is None and (source, id_) in by_whistle and snapshot.inbox_may_have_had("tickets", None):
            continue
        if state == WAITING:
            found.unsettled.append(f"whistle {id_} of {source}: waiting in tickets")
        elif state != APPLIED:
            found.lost.append(f"whistle {id_} of {source}: {state or 'never taken in'}")
        elif (source, id_) not in by_whistle:
            found.lost.append(f"whistle {id_} of {source}: taken in, but there is no whistle row")


def _taken_whistle(snapshot: StoreSnapshot, source: str, id_: str) -> str | None:
    """Return the state of a whistle's inbox row: it came over AMQP, or over HTTP from an account."""
    posted = InboxKey("tickets", "http", f"account:{source.removeprefix('/accounts/')}", id_)
    return snapshot.inbox.get(InboxKey("tickets", "intake", source, id_), snapshot.inbox.get(posted))


def _outboxes(snapshot: StoreSnapshot, found: Findings) -> None:
    """Check that every event was published."""
    for said in snapshot.outbox:
        if said.state == PENDING:
            found.unsettled.append(f"{said}: not yet published")
        elif said.state == PARKED:
            found.lost.append(f"{said}: parked, no queue was bound for it")


def _deliveries(snapshot: StoreSnapshot, found: Findings) -> None:
    """Check that every published event reached each of its subscribers, and had its effect."""
    for said in snapshot.outbox:
        for service, handler in subscribers().get(said.type, ()) if said.state != DROPPED else ():
            state = snapshot.inbox.get(InboxKey(service, handler, said.source, said.id))
            if state in {None, WAITING} and said.state == PENDING:
                continue
            if state == WAITING:
                found.unsettled.append(f"{said}: waiting in {service}")
            elif state == DROPPED:
                continue  # a person let it go, and the audit says who
            elif state is None and snapshot.inbox_may_have_had(service, said.at):
                continue
            elif state != APPLIED:
                found.lost.append(f"{said}: {'dead' if state else 'never arrived'} in {service}")


def _sequences(snapshot: StoreSnapshot, found: Findings) -> None:
    """Check that each subject's events are numbered 1, 2, 3 … up to the last number given."""
    for source, subject in sorted(snapshot.by_subject.keys() | snapshot.last.keys()):
        numbers = Counter(said.sequence for said in snapshot.by_subject.get((source, subject), ()))
        last = snapshot.last.get((source, subject), 0)
        for number in range(1, last + 1):
            if number not in numbers and not snapshot.outbox_may_have_had(source, subject, number):
                found.lost.append(f"event {number} of {source} about {subject}: not in the outbox")
        for number, times in sorted(numbers.items()):
            if times > 1:
                found.doubled.append(f"event {number} of {source} about {subject}: {times} times in the outbox")
            if number > last:
                found.lost.append(f"the counter of {source} about {subject} stands at {last}, but event {number} was said")


def _causes(snapshot: StoreSnapshot, found: Findings) -> None:
    """Check that each event's cause is in the same service's inbox, where both were committed together."""
    states: dict[tuple[str, str], set[str]] = defaultdict(set)
    for taken, state in snapshot.inbox.items():
        states[taken.service, taken.id].add(state)
        # events of version 0.1 name a command over HTTP by its source and key
        states[taken.service, snapshot.causes.get(taken, f"{taken.source}/{taken.id}")].add(state)
        states[taken.service, f"{taken.source}/{taken.id}"].add(state)
    for said in snapshot.outbox:
        if said.causation is None:
            continue
        cause = states.get((said.service, said.causation))
        if cause is None:
            first = snapshot.by_id.get(said.causation)
            if snapshot.inbox_may_have_had(said.service, first.at if first else None):
                continue
            found.lost.append(f"the cause {said.causation} of {said}: not in the inbox of {said.service}")
        elif APPLIED not in cause:
            found.doubled.append(f"{said}: its cause {said.causation} had an effect and is to be tried again")


def _cases(snapshot: StoreSnapshot, found: Findings) -> None:
    """Check that every ticket that dispatch took up has its case."""
    for ticket, state in sorted(snapshot.tickets.items()):
        if state != State.OPEN and ticket not in snapshot.cases:
            found.lost.append(f"ticket {ticket} is {state}, but dispatch has no case of it")
    for case in sorted(snapshot.cases - snapshot.tickets.keys()):
        found.lost.append(f"case {case}: its ticket is not there")


def _ledger(snapshot: StoreSnapshot, found: Findings) -> None:
    """Check that the log has every public event once, in unbroken positions, and hashes to the stored root."""
    recorded = {schema.type for schema in SUBSCRIPTIONS["ledger"]}
    entered = Counter(entry.id for entry in snapshot.entries)
    for said in snapshot.outbox:
        if said.type in recorded and said.state not in {PENDING, DROPPED} and not entered[said.id]:
            found.lost.append(f"{said}: no ledger entry")
    numbers = Counter((entry.source, entry.subject, entry.sequence) for entry in snapshot.entries)
    for entry in snapshot.entries:
        if entered[entry.id] > 1:
            found.doubled.append(f"{entry}: {entered[entry.id]} entries of one event")
        if numbers[entry.source, entry.subject, entry.sequence] > 1:
            found.doubled.append(f"{entry}: event {entry.sequence} of {entry.source} about {entry.subject} is there twice")
        if entry.id not in snapshot.by_id and not snapshot.outbox_may_have_had(entry.source, entry.subject, entry.sequence):
            found.lost.append(f"{entry}: its event is in no outbox")
    highest: dict[tuple[str, str], int] = defaultdict(int)
    for source, subject, number in numbers:
        highest[source, subject] = max(highest[source, subject], number)
    numbers.update((said.source, said.subject, said.sequence) for said in snapshot.outbox if said.state == DROPPED)
    for (source, subject), top in sorted(highest.items()):
        for number in range(1, top + 1):
            if (source, subject, number) not in numbers:
                found.lost.append(f"ledger: a gap, event {number} of {source} about {subject}")
    for position, entry in enumerate(snapshot.entries):
        if entry.position != position:
            found.lost.append(f"ledger: position {position} is not where it should be, {entry.position} is")
            break
    for entry in snapshot.entries:
        origin = snapshot.by_id.get(entry.id)
        if origin and entry.digest != digest_of(origin.data):
            found.lost.append(f"{entry}: its data is not what {origin.service} said")
    if snapshot.disagreement:
        found.lost.append(f"ledger: {snapshot.disagreement}")
    if snapshot.kept != snapshot.counted:
        found.lost.append(f"ledger: {snapshot.kept} is kept, the entries make {snapshot.counted}")


def _happened_twice(snapshot: StoreSnapshot, found: Findings) -> None:
    """Check that no event was written under two ids."""
    first: dict[tuple[Any, ...], OutboxRow] = {}
    for said, before in _with_predecessor(snapshot):
        if not payload_for(said.type).identity:  # a record: to say it again without a change in between is to say it twice
            if before is not None and (before.type, before.data) == (said.type, said.data):
                found.doubled.append(f"{said}: the same as {before.id}")
            continue
        earlier = first.setdefault((said.service, said.type, *_key(said, before)), said)
        if earlier is not said:
            found.doubled.append(f"{said}: the same as {earlier.id}")


def _with_predecessor(snapshot: StoreSnapshot) -> Iterator[tuple[OutboxRow, OutboxRow | None]]:
    for _, story in sorted(snapshot.by_subject.items()):
        yield from zip(story, [None, *story], strict=False)


def _key(said: OutboxRow, before: OutboxRow | None) -> tuple[Any, ...]:
    names: dict[str, Callable[[], Any]] = {
        "subject": lambda: said.subject,
        "causation": lambda: said.causation,
        "after": lambda: (before.type, _key(before, None)) if before and payload_for(before.type).identity else None,
    }
    return tuple(names[word]() if word in names else _hashable(said.data.get(word)) for word in payload_for(said.type).identity)


def _hashable(value: Any) -> Any:
    return json.dumps(value, sort_keys=True) if isinstance(value, list | dict) else value
