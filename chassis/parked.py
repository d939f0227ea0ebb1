"""Parked events: said, refused by the broker, and waiting for a person. Everything done to one leaves an audit line."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from chassis.mendable import Mendable
from chassis.store import Store, machine_now
from chassis.store.tables import DROPPED, PARKED, PENDING


class NoSuchParked(Mendable):
    """No parked event of that key. Raised with the key and what to do."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked event without its content. ``key`` is its position in the outbox."""

    key: str
    exchange: str
    type: str
    subject: str
    sequence: int
    event_id: str
    created_at: datetime
    reason: str


class ParkedEvents:
    """The parked events of one store. ``who`` is written into the audit."""

    def __init__(self, store: Store, who: str):
        self._store, self._who = store, who

    def oldest(self, most: int) -> list[Parked]:
        """In the order in which they were said."""
        table = self._store.tables.outbox
        with self._store.transaction() as connection:
            rows = connection.execute(
                select(table).where(table.c.state == PARKED).order_by(table.c.position).limit(most)
            ).mappings()
            return [_parked(row) for row in rows]

    def show(self, key: str, body: bool = False) -> dict[str, Any]:
        """One event. With ``body`` also its content, which may be private: the look is audited. Raises NoSuchParked."""
        with self._store.transaction() as connection:
            row = self._find(connection, key)
            shown = {name: row[name] for name in Parked.__slots__ if name != "key"}
            if body:
                self._audit(connection, "show", row, None)
                shown |= {"headers": row["headers"], "body": bytes(row["body"]).decode("utf-8", "replace")}
        return {"key": key, **shown}

    def retry(self, key: str) -> None:
        """Have it published after all, under the number that it had; the relay wakes at once. Raises NoSuchParked."""
        self._change(key, "retry", {"state": PENDING, "reason": None}, None)

    def drop(self, key: str, why: str) -> None:
        """Let it go unsaid; its number stays a gap. Raises NoSuchParked."""
        self._change(key, "drop", {"state": DROPPED}, why)

    def _change(self, key: str, action: str, values: dict[str, Any], why: str | None) -> None:
        table = self._store.tables.outbox
        with self._store.transaction() as connection:
            row = self._find(connection, key)
            connection.execute(update(table).where(table.c.position == row["position"]).values(**values))
            self._audit(connection, action, row, why)
            self._store.wake_relay(connection)

    def _find(self, connection: Connection, key: str) -> RowMapping:
        table = self._store.tables.outbox
        if key.isascii() and key.isdigit():
            found = select(table).where(table.c.position == int(key[:18]), table.c.state == PARKED).with_for_update()
            if (row := connection.execute(found).mappings().one_or_none()) is not None:
                return row
        raise NoSuchParked(f"no parked event {key!r}; `whistle outbox list` names them")

    def _audit(self, connection: Connection, action: str, row: RowMapping, why: str | None) -> None:
        what = {name: row[name] for name in ("position", "event_id", "type", "subject")} | {"why": why}
        connection.execute(
            insert(self._store.tables.audit).values(at=machine_now(), who=self._who, action=f"outbox.{action}", what=what)
        )


def _parked(row: RowMapping) -> Parked:
    return Parked(key=str(row["position"]), **{name: row[name] for name in Parked.__slots__ if name != "key"})
