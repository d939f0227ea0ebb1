"""Dead letters: events that could not take effect and wait for a person. Everything done to one leaves an audit line."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from chassis.mendable import Mendable
from chassis.store import Store, machine_now
from chassis.store.tables import DEAD, DROPPED, WAITING


class NoSuchLetter(Mendable):
    """No dead letter of that key. Raised with the key and what to do."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter without its content. ``key`` is short enough to type."""

    key: str
    handler: str
    source: str
    event_id: str
    type: str
    subject: str
    attempts: int
    received_at: datetime
    reason: str


class DeadLetters:
    """The dead letters of one store. ``who`` is written into the audit."""

    def __init__(self, store: Store, who: str):
        self._store, self._who = store, who

    def oldest(self, most: int) -> list[Letter]:
        """The oldest first."""
        table = self._store.tables.inbox
        with self._store.transaction() as connection:
            rows = connection.execute(
                select(table).where(table.c.state == DEAD).order_by(table.c.received_at, table.c.event_id).limit(most)
            ).mappings()
            return [_letter(row) for row in rows]

    def show(self, key: str, body: bool = False) -> dict[str, Any]:
        """One letter. With ``body`` also its content, which may be private: the look is audited. Raises NoSuchLetter."""
        with self._store.transaction() as connection:
            row = self._find(connection, key)
            shown = {name: row[name] for name in Letter.__slots__ if name != "key"} | {"user_id": row["user_id"]}
            if body:
                self._audit(connection, "show", row, None)
                shown |= {"headers": row["headers"], "body": bytes(row["body"] or b"").decode("utf-8", "replace")}
        return {"key": key, **shown}

    def replay(self, key: str) -> None:
        """Have it tried again from the first attempt. Raises NoSuchLetter."""
        self._change(key, "replay", {"state": WAITING, "attempts": 0, "due_at": machine_now()}, None)

    def drop(self, key: str, why: str) -> None:
        """Let it go. Raises NoSuchLetter."""
        self._change(key, "drop", {"state": DROPPED}, why)

    def _change(self, key: str, action: str, values: dict[str, Any], why: str | None) -> None:
        table = self._store.tables.inbox
        with self._store.transaction() as connection:
            row = self._find(connection, key)
            connection.execute(
                update(table)
                .where(
                    table.c.handler == row["handler"],
                    table.c.source == row["source"],
                    table.c.event_id == row["event_id"],
                )
                .values(**values)
            )
            self._audit(connection, action, row, why)

    def _find(self, connection: Connection, key: str) -> RowMapping:
        table = self._store.tables.inbox
        for row in connection.execute(select(table).where(table.c.state == DEAD).with_for_update()).mappings():
            if _key(row) == key:
                return row
        raise NoSuchLetter(f"no dead letter {key!r}; `whistle dead list` names them")

    def _audit(self, connection: Connection, action: str, row: RowMapping, why: str | None) -> None:
        what = {name: row[name] for name in ("handler", "source", "event_id", "type")} | {"why": why}
        connection.execute(
            insert(self._store.tables.audit).values(at=machine_now(), who=self._who, action=f"dead.{action}", what=what)
        )


def _key(row: RowMapping) -> str:
    name = f"{row['handler']}\x00{row['source']}\x00{row['event_id']}"
    return hashlib.sha256(name.encode()).hexdigest()[:10]


def _letter(row: RowMapping) -> Letter:
    values = {name: row[name] for name in Letter.__slots__ if name != "key"}
    return Letter(key=_key(row), **values)
