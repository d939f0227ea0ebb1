"""Is anything lost, did anything happen twice? A pure function of what was sent and what the stores hold."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chassis.persistence.tables import APPLIED, DEAD, DROPPED, PARKED, PENDING, WAITING
from cli.books import Books, Said, Sent, Taken, digest_of, subscribers
from cli.notices import check_notices
from contracts.payload import payload_for
from contracts.topology import SUBSCRIPTIONS
from services.tickets.domain.state import State


@dataclass
class Findings:
    """What is wrong, in sentences that name ids and nothing private. ``unsettled`` is still on its way."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing doubled."""
        return not self.lost and not self.doubled


def compare(sent: Iterable[Sent], books: Books, settled: bool = False) -> Findings:
    """Compare what was sent with what is there. ``settled``: nothing may be on its way any more; what is counts as lost.

    What retention has removed, or may have, is not missed.
    On a running system ask when the queues are empty: an event that the broker holds is in no store but its sender's.
    """
    wanted = sorted(set(sent))
    found = Findings()
    for check in (_outboxes, _deliveries, _sequences, _causes, _cases, _ledger, _happened_twice):
        check(books, found)
    notices = check_notices(books)
    for kind in ("lost", "doubled", "unsettled"):
        getattr(found, kind).extend(getattr(notices, kind))
    _whistles(wanted, books, found)
    if settled:
        found.lost += found.unsettled
    states = Counter(books.taken.values())
    found.counts = {
        "sent": len(wanted),
        "tickets": len(books.tickets),
        "closed": sum(state == State.CLOSED for state in books.tickets.values()),
        "events": len(books.said),
        "pending": sum(said.state == PENDING for said in books.said),
        "taken": len(books.taken),
        "waiting": states[WAITING],
        "dead": states[DEAD],
        "dropped": states[DROPPED],
        "notices": len(books.notices),
        "entries": len(books.entries),
    }
    return found


def _whistles(wanted: Iterable[Sent], books: Books, found: Findings) -> None:
    """Each whistle is one ticket."""
    by_whistle: dict[Sent, list[str]] = defaultdict(list)
    for ticket, whistle in books.whistles:
        by_whistle[whistle].append(ticket)
        if ticket not in books.tickets:
            found.lost.append(f"ticket {ticket} of whistle {whistle[1]}: not there")
    for ticket in books.tickets.keys() - {ticket for ticket, _ in books.whistles}:
        found.lost.append(f"ticket {ticket}: the whistle it came from is not there")
    for (source, id_), made in sorted(by_whistle.items()):
        if len(made) > 1:
            found.doubled.append(f"whistle {id_} of {source} has {len(made)} tickets: {', '.join(sorted(made))}")
    for source, id_ in wanted:
        state = _taken_whistle(books, source, id_)
        if state is None and (source, id_) in by_whistle and books.may_have_taken("tickets", None):
            continue
        if state == WAITING:
            found.unsettled.append(f"whistle {id_} of {source}: waiting in tickets")
        elif state != APPLIED:
            found.lost.append(f"whistle {id_} of {source}: {state or 'never taken in'}")
        elif (source, id_) not in by_whistle:
            found.lost.append(f"whistle {id_} of {source}: taken in, but there is no whistle row")


def _taken_whistle(books: Books, source: str, id_: str) -> str | None:
    """The inbox row's state: it came over AMQP, or over HTTP from an account."""
    posted = Taken("tickets", "http", f"account:{source.removeprefix('/accounts/')}", id_)
    return books.taken.get(Taken("tickets", "intake", source, id_), books.taken.get(posted))


def _outboxes(books: Books, found: Findings) -> None:
    """Everything said was published."""
    for said in books.said:
        if said.state == PENDING:
            found.unsettled.append(f"{said}: not yet published")
        elif said.state == PARKED:
            found.lost.append(f"{said}: parked, no queue was bound for it")


def _deliveries(books: Books, found: Findings) -> None:
    """Everything published reached each of its subscribers, and had its effect."""
    for said in books.said:
        for service, handler in subscribers().get(said.type, ()) if said.state != DROPPED else ():
            state = books.taken.get(Taken(service, handler, said.source, said.id))
            if state in {None, WAITING} and said.state == PENDING:
                continue
            if state == WAITING:
                found.unsettled.append(f"{said}: waiting in {service}")
            elif state == DROPPED:
                continue  # a person let it go, and the audit says who
            elif state is None and books.may_have_taken(service, said.at):
                continue
            elif state != APPLIED:
                found.lost.append(f"{said}: {'dead' if state else 'never arrived'} in {service}")


def _sequences(books: Books, found: Findings) -> None:
    """Each subject's events are numbered 1, 2, 3 … up to the number that was given last."""
    for source, subject in sorted(books.by_subject.keys() | books.last.keys()):
        numbers = Counter(said.sequence for said in books.by_subject.get((source, subject), ()))
        last = books.last.get((source, subject), 0)
        for number in range(1, last + 1):
            if number not in numbers and not books.may_have_said(source, subject, number):
                found.lost.append(f"event {number} of {source} about {subject}: not in the outbox")
        for number, times in sorted(numbers.items()):
            if times > 1:
                found.doubled.append(f"event {number} of {source} about {subject}: {times} times in the outbox")
            if number > last:
                found.lost.append(f"the counter of {source} about {subject} stands at {last}, but event {number} was said")


def _causes(books: Books, found: Findings) -> None:
    """What an event caused stands beside that event's own inbox row, committed together with it."""
    states: dict[tuple[str, str], set[str]] = defaultdict(set)
    for taken, state in books.taken.items():
        states[taken.service, taken.id].add(state)
        # events of version 0.1 name a command over HTTP by its source and key
        states[taken.service, books.causes.get(taken, f"{taken.source}/{taken.id}")].add(state)
        states[taken.service, f"{taken.source}/{taken.id}"].add(state)
    for said in books.said:
        if said.causation is None:
            continue
        cause = states.get((said.service, said.causation))
        if cause is None:
            first = books.by_id.get(said.causation)
            if books.may_have_taken(said.service, first.at if first else None):
                continue
            found.lost.append(f"the cause {said.causation} of {said}: not in the inbox of {said.service}")
        elif APPLIED not in cause:
            found.doubled.append(f"{said}: its cause {said.causation} had an effect and is to be tried again")


def _cases(books: Books, found: Findings) -> None:
    """Every ticket that dispatch took up has its case."""
    for ticket, state in sorted(books.tickets.items()):
        if state != State.OPEN and ticket not in books.cases:
            found.lost.append(f"ticket {ticket} is {state}, but dispatch has no case of it")
    for case in sorted(books.cases - books.tickets.keys()):
        found.lost.append(f"case {case}: its ticket is not there")


def _ledger(books: Books, found: Findings) -> None:
    """The log has every public event of the others once, in unbroken positions, and hashes to the root that is kept."""
    recorded = {schema.type for schema in SUBSCRIPTIONS["ledger"]}
    entered = Counter(entry.id for entry in books.entries)
    for said in books.said:
        if said.type in recorded and said.state not in {PENDING, DROPPED} and not entered[said.id]:
            found.lost.append(f"{said}: no ledger entry")
    numbers = Counter((entry.source, entry.subject, entry.sequence) for entry in books.entries)
    for entry in books.entries:
        if entered[entry.id] > 1:
            found.doubled.append(f"{entry}: {entered[entry.id]} entries of one event")
        if numbers[entry.source, entry.subject, entry.sequence] > 1:
            found.doubled.append(f"{entry}: event {entry.sequence} of {entry.source} about {entry.subject} is there twice")
        if entry.id not in books.by_id and not books.may_have_said(entry.source, entry.subject, entry.sequence):
            found.lost.append(f"{entry}: its event is in no outbox")
    highest: dict[tuple[str, str], int] = defaultdict(int)
    for source, subject, number in numbers:
        highest[source, subject] = max(highest[source, subject], number)
    numbers.update((said.source, said.subject, said.sequence) for said in books.said if said.state == DROPPED)
    for (source, subject), top in sorted(highest.items()):
        for number in range(1, top + 1):
            if (source, subject, number) not in numbers:
                found.lost.append(f"ledger: a gap, event {number} of {source} about {subject}")
    for position, entry in enumerate(books.entries):
        if entry.position != position:
            found.lost.append(f"ledger: position {position} is not where it should be, {entry.position} is")
            break
    for entry in books.entries:
        origin = books.by_id.get(entry.id)
        if origin and entry.digest != digest_of(origin.data):
            found.lost.append(f"{entry}: its data is not what {origin.service} said")
    if books.disagreement:
        found.lost.append(f"ledger: {books.disagreement}")
    if books.kept != books.counted:
        found.lost.append(f"ledger: {books.kept} is kept, the entries make {books.counted}")


def _happened_twice(books: Books, found: Findings) -> None:
    """No event under two names."""
    first: dict[tuple[Any, ...], Said] = {}
    for said, before in _with_predecessor(books):
        if not payload_for(said.type).identity:  # a record: to say it again without a change in between is to say it twice
            if before is not None and (before.type, before.data) == (said.type, said.data):
                found.doubled.append(f"{said}: the same as {before.id}")
            continue
        earlier = first.setdefault((said.service, said.type, *_key(said, before)), said)
        if earlier is not said:
            found.doubled.append(f"{said}: the same as {earlier.id}")


def _with_predecessor(books: Books) -> Iterator[tuple[Said, Said | None]]:
    for _, story in sorted(books.by_subject.items()):
        yield from zip(story, [None, *story], strict=False)


def _key(said: Said, before: Said | None) -> tuple[Any, ...]:
    names: dict[str, Callable[[], Any]] = {
        "subject": lambda: said.subject,
        "causation": lambda: said.causation,
        "after": lambda: (before.type, _key(before, None)) if before and payload_for(before.type).identity else None,
    }
    return tuple(names[word]() if word in names else _hashable(said.data.get(word)) for word in payload_for(said.type).identity)


def _hashable(value: Any) -> Any:
    return json.dumps(value, sort_keys=True) if isinstance(value, list | dict) else value
