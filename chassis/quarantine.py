"""The quarantine of events that wait for a person: dead letters in an inbox, parked events in an outbox. Each action is
audited."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, func, insert, select, tuple_, update

from chassis.errors import OperatorError
from chassis.persistence import Store, machine_now
from chassis.persistence.tables import DEAD, DROPPED, PARKED, PENDING, WAITING, ChassisTables

BATCH = 500
"""The number of rows changed in one transaction, so that the service keeps working meanwhile."""
KEY = 10
"""The number of hexadecimal digits of a key."""


class NotQuarantined(OperatorError):
    """No quarantined event has that key. The message names the key and the command that lists the keys."""


@dataclass(frozen=True, slots=True)
class QuarantineKind:
    """A kind of quarantined event. ``columns`` may be shown to anybody on duty; ``named`` are the columns that the audit
    stores."""

    command: str
    """The group of the command line that handles this kind, and the first word of its audit lines."""
    noun: str
    table: Callable[[ChassisTables], Table]
    state: str
    since: str
    order: tuple[str, ...]
    columns: tuple[str, ...]
    named: tuple[str, ...]
    again: str
    """The name of the action that tries an event again."""
    anew: Callable[[], dict[str, Any]]
    """Returns the column values that this action sets."""


DEAD_LETTERS = QuarantineKind(
    command="dead",
    noun="dead letter",
    table=lambda tables: tables.inbox,
    state=DEAD,
    since="received_at",
    order=("received_at", "event_id"),
    columns=("handler", "source", "event_id", "type", "subject", "attempts", "received_at", "reason", "user_id"),
    named=("handler", "source", "event_id", "type"),
    again="replay",
    anew=lambda: {"state": WAITING, "attempts": 0, "due_at": machine_now()},
)
"""Events that could not take effect. A replayed dead letter starts again with its first attempt."""

PARKED_EVENTS = QuarantineKind(
    command="outbox",
    noun="parked event",
    table=lambda tables: tables.outbox,
    state=PARKED,
    since="created_at",
    order=("position",),
    columns=("exchange", "type", "subject", "sequence", "event_id", "created_at", "reason"),
    named=("position", "event_id", "type", "subject"),
    again="retry",
    anew=lambda: {"state": PENDING, "reason": None},
)
"""Emitted events for which the broker had no queue. A retried event is published under its original sequence number."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter by event type and by words in the reason. None matches any."""

    type: str | None = None
    reason: str | None = None


ALL = Filter()


@dataclass(frozen=True, slots=True)
class Count:
    """The number of events of one type that were quarantined for the same reason, from ``first`` to ``last``."""

    number: int
    first: datetime
    last: datetime
    type: str
    reason: str


class Quarantine:
    """The quarantined events of one kind in one store. ``who`` is written into the audit."""

    def __init__(self, pile: QuarantineKind, store: Store, who: str):
        self.pile = pile
        self._store, self._who = store, who
        self._table = pile.table(store.tables)
        self._id = tuple(self._table.primary_key.columns)

    def oldest(self, most: int, wanted: Filter = ALL) -> list[dict[str, Any]]:
        """Return the oldest events first, without their content; ``key`` is short enough to type."""
        names = {*self.pile.columns, *(column.name for column in self._id)}
        listed = select(*(self._table.c[name] for name in sorted(names))).where(*self._are(wanted)).limit(most)
        with self._store.transaction() as connection:
            return [self._shown(row) for row in connection.execute(self._ordered(listed)).mappings()]

    def counts(self, most: int, wanted: Filter = ALL) -> list[Count]:
        """Return the counts by type and reason, the most frequent first."""
        c = self._table.c
        number, since = func.count(), c[self.pile.since]
        columns = (number, func.min(since), func.max(since), c.type, c.reason)
        grouped = select(*columns).where(*self._are(wanted)).group_by(c.type, c.reason)
        with self._store.transaction() as connection:
            rows = connection.execute(grouped.order_by(number.desc(), c.type, c.reason).limit(most))
            return [Count(*row) for row in rows]

    def show(self, key: str, body: bool = False) -> dict[str, Any]:
        """Return one event; with ``body`` also its content, which may be private, so that this access is audited. Raises
        NotQuarantined."""
        with self._store.transaction() as connection:
            (found,) = self._find(connection, [key])
            row = connection.execute(select(self._table).where(self._in([found]))).mappings().one()
            shown = self._shown(row)
            if body:
                self._audit(connection, "show", [row], None)
                shown |= {"headers": row["headers"], "body": bytes(row["body"] or b"").decode("utf-8", "replace")}
        return shown

    def again(self, keys: Sequence[str]) -> int:
        """Have the running service retry these events at once. Return how many. Raises NotQuarantined; nothing changes then."""
        return self._change_keys(keys, self.pile.again, self.pile.anew(), None)

    def all_again(self, wanted: Filter = ALL) -> int:
        """Have the running service retry all matching events. Return how many."""
        return self._change_all(wanted, self.pile.again, self.pile.anew, None)

    def drop(self, keys: Sequence[str], why: str) -> int:
        """Drop these events: their rows stay, without effect. Return how many. Raises NotQuarantined; nothing changes then."""
        return self._change_keys(keys, "drop", {"state": DROPPED}, why)

    def drop_all(self, why: str, wanted: Filter = ALL) -> int:
        """Drop all matching events. Return how many."""
        return self._change_all(wanted, "drop", lambda: {"state": DROPPED}, why)

    def _change_keys(self, keys: Sequence[str], action: str, values: Mapping[str, Any], why: str | None) -> int:
        with self._store.transaction() as connection:
            return self._change(connection, self._find(connection, keys), action, values, why)

    def _change_all(self, wanted: Filter, action: str, values: Callable[[], Mapping[str, Any]], why: str | None) -> int:
        """Change the matching events in batches. An event quarantined again meanwhile, such as one that failed again, is not
        taken twice."""
        with self._store.transaction() as connection:
            found = iter(connection.execute(self._ordered(select(*self._id).where(*self._are(wanted)))).all())
        changed = 0
        while batch := list(islice(found, BATCH)):
            with self._store.transaction() as connection:
                changed += self._change(connection, batch, action, values(), why)
        return changed

    def _change(
        self, connection: Connection, ids: Collection[Any], action: str, values: Mapping[str, Any], why: str | None
    ) -> int:
        """Change the rows that are still quarantined: another operator may have changed some of them."""
        c = self._table.c
        change = update(self._table).where(self._in(ids), *self._are(ALL)).values(**values)
        rows = connection.execute(change.returning(*(c[name] for name in self.pile.named))).mappings().all()
        self._audit(connection, action, rows, why)
        self._store.wake_relay(connection)
        return len(rows)

    def _find(self, connection: Connection, keys: Sequence[str]) -> list[Any]:
        """Return the ids of these keys. Keys are digests, so every quarantined id is read, once for all keys."""
        there = {key_of(tuple(row)): row for row in connection.execute(select(*self._id).where(*self._are(ALL)))}
        for key in keys:
            if key not in there:
                raise NotQuarantined(f"no {self.pile.noun} {key!r}; `whistle {self.pile.command} list` names them")
        return [there[key] for key in dict.fromkeys(keys)]

    def _are(self, wanted: Filter) -> list[ColumnElement[bool]]:
        c = self._table.c
        conditions: list[ColumnElement[bool]] = [c.state == self.pile.state]
        if wanted.type is not None:
            conditions.append(c.type == wanted.type)
        if wanted.reason is not None:
            conditions.append(c.reason.contains(wanted.reason, autoescape=True))
        return conditions

    def _ordered(self, selected: Any) -> Any:
        return selected.order_by(*(self._table.c[name] for name in self.pile.order))

    def _in(self, ids: Collection[Any]) -> ColumnElement[bool]:
        return tuple_(*self._id).in_([tuple(one) for one in ids])

    def _shown(self, row: RowMapping) -> dict[str, Any]:
        key = key_of(tuple(row[column.name] for column in self._id))
        return {"key": key, **{name: row[name] for name in self.pile.columns}}

    def _audit(self, connection: Connection, action: str, rows: Sequence[RowMapping], why: str | None) -> None:
        at = machine_now()
        lines = [
            {
                "at": at,
                "who": self._who,
                "action": f"{self.pile.command}.{action}",
                "what": {name: row[name] for name in self.pile.named} | {"why": why},
            }
            for row in rows
        ]
        if lines:
            connection.execute(insert(self._store.tables.audit), lines)


def key_of(id_: tuple[Any, ...]) -> str:
    """Return the key that an operator types for a row: its position if it has one, otherwise a digest of its id."""
    if len(id_) == 1:
        return str(id_[0])
    return hashlib.sha256("\x00".join(id_).encode()).hexdigest()[:KEY]
