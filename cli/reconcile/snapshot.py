"""A snapshot of the four stores for `whistle reconcile`: rows, never counters or metrics."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Any

from contracts.events.intake import WhistleBlown
from contracts.payload import EventPayload, payload_for
from contracts.topology import SUBSCRIPTIONS, source_of
from services.ledger.domain.canonical import canonical
from services.ledger.domain.merkle import leaf_hash

MAX_CLOCK_SKEW = timedelta(minutes=5)
"""The most by which the clocks of two machines may differ."""
WhistleKey = tuple[str, str]
"""A whistle's CloudEvents source and id, as its producer knows them."""


@dataclass(frozen=True)
class OutboxRow:
    """An outbox row."""

    service: str
    source: str
    id: str
    type: str
    subject: str
    sequence: int
    state: str
    causation: str | None
    data: Mapping[str, Any]
    at: datetime
    """Machine time."""

    @property
    def payload(self) -> EventPayload:
        """Return the typed payload. Raises UnknownEvent and InvalidEvent."""
        return payload_for(self.type).load(self.data)

    def __str__(self) -> str:
        return f"{self.type} {self.id} of {self.service} about {self.subject}"


@dataclass(frozen=True, order=True)
class InboxKey:
    """The key of an inbox row."""

    service: str
    handler: str
    source: str
    id: str


@dataclass(frozen=True)
class NoticeRow:
    """A notice."""

    ticket: str
    audience: str
    state: str


@dataclass(frozen=True)
class LedgerEntry:
    """A row of the ledger's log."""

    position: int
    source: str
    subject: str
    sequence: int
    id: str
    digest: bytes | None = None
    """The digest of the recorded data; see `digest_of`."""

    def __str__(self) -> str:
        return f"ledger entry {self.position} ({self.id})"


@dataclass(frozen=True)
class LogRoot:
    """Size and root of the ledger's log."""

    size: int
    root: str


@dataclass(frozen=True)
class StoreSnapshot:
    """The rows of the four stores that the checks need."""

    outbox: Sequence[OutboxRow]
    inbox: Mapping[InboxKey, str]
    """The state of each inbox row."""
    causes: Mapping[InboxKey, str]
    """The id under which events name an outside command as their cause."""
    last: Mapping[tuple[str, str], int]
    """The highest sequence given, by service and subject."""
    whistles: Sequence[tuple[str, WhistleKey]]
    """The ticket of each whistle."""
    tickets: Mapping[str, str]
    cases: frozenset[str]
    notices: Mapping[str, NoticeRow]
    armed: frozenset[str]
    """The notices that are scheduled: due, being sent, or waiting for a receipt or for the end of quiet hours."""
    entries: Sequence[LedgerEntry]
    kept: LogRoot
    counted: LogRoot
    removed: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """The highest sequence that retention removed from the outbox, by source and subject."""
    cleared: Mapping[str, datetime] = field(default_factory=dict)
    """The instant by service before which retention may have removed inbox rows."""
    disagreement: str | None = None
    """The disagreement of the log with any known checkpoint; None without one."""

    def sources(self) -> frozenset[str]:
        """Return the sources from which a whistle, or another command of an account, was ever taken."""
        handler = source_of(WhistleBlown)
        received = {row.source for row in self.inbox if row.service == "tickets" and row.handler == handler}
        return frozenset(received | {source for _, (source, _) in self.whistles})

    def outbox_may_have_had(self, source: str, subject: str, number: int) -> bool:
        """Return whether retention may have removed an event from its outbox: then it cannot be judged."""
        return number <= self.removed.get((source, subject), 0)

    def inbox_may_have_had(self, service: str, said: datetime | None) -> bool:
        """Return whether retention may have removed an event from an inbox: one of that age, or of unknown age."""
        cleared = self.cleared.get(service)
        return cleared is not None and (said is None or said < cleared + MAX_CLOCK_SKEW)

    @cached_property
    def by_id(self) -> dict[str, OutboxRow]:
        """Return outbox rows by event id."""
        return {said.id: said for said in self.outbox}

    @cached_property
    def by_subject(self) -> dict[tuple[str, str], list[OutboxRow]]:
        """Return the outbox rows of each source and subject, in the order of their sequence."""
        grouped: dict[tuple[str, str], list[OutboxRow]] = defaultdict(list)
        for said in sorted(self.outbox, key=lambda said: said.sequence):
            grouped[said.source, said.subject].append(said)
        return grouped


def digest_of(data: Any) -> bytes:
    """Return a digest of an event's data, to compare the published with the recorded data.

    A field that is null is as if it were left out: version 0.1.0 said null where nothing is said now.
    """
    return leaf_hash(canonical(_without_null(data)))


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_null(one) for name, one in value.items() if one is not None}
    return [_without_null(one) for one in value] if isinstance(value, list) else value


@cache
def subscribers() -> Mapping[str, Sequence[tuple[str, str]]]:
    """Return service and handler of every subscriber, by event type."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for service, schemas in SUBSCRIPTIONS.items():
        for schema in schemas:
            found[schema.type].append((service, source_of(schema)))
    return found
