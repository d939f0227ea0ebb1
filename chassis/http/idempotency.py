"""Idempotency keys: a command over HTTP takes effect once. Its inbox row commits with the effect and stores the answer.

Of two equal requests at the same moment the second waits in the INSERT. If the first commits, the second returns the stored
answer; if the first rolls back, the second is applied. A refused command leaves no row: its key stays unused.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection, select

from chassis.configuration.identities import Actor
from chassis.handler_context import HandlerContext
from chassis.http.problem import Problem
from chassis.messaging.external_events import Digests
from chassis.persistence import machine_now
from chassis.persistence.conflicts import DUPLICATE_OR_CONFLICT, retry_conflicts
from chassis.persistence.statements import dialect_insert
from chassis.persistence.tables import APPLIED
from chassis.runtime.runtime import Runtime
from chassis.unit_of_work import UnitOfWork

HANDLER = "http"


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it is stored and returned again."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """A command and its sender. ``name`` is the operation, ``key`` the sender's own id of the command."""

    name: str
    sender: Actor | str
    """The account, or the link of a sender without an account."""
    key: str
    values: Mapping[str, str]
    body: Any
    """The JSON as received: it decides whether a repeat is the same, and not the values that the schema loads."""

    @property
    def who(self) -> str:
        """Return the sender as a source of keys, so that keys of two senders never collide. A link is a secret: only its digest
        is stored."""
        if isinstance(self.sender, Actor):
            return f"account:{self.sender.id}"
        return f"link:{hashlib.sha256(self.sender.encode()).hexdigest()[:32]}"

    def cause(self, digests: Digests) -> str:
        """Return the causation id of the command's events and log lines: a digest, because the key may hold personal data."""
        return digests.cause(self.who, self.key)

    @property
    def actor(self) -> Actor | None:
        """Return the account; None if a link authorises the command."""
        return self.sender if isinstance(self.sender, Actor) else None

    def digest(self) -> str:
        """Return the SHA-256 of the command, in hexadecimal; neither the order of keys nor white space changes it."""
        asked = json.dumps([self.name, sorted(self.values.items()), self.body], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(asked.encode()).hexdigest()


Effect = Callable[[HandlerContext], Kept]


def once_per_key(runtime: Runtime, command: Command, effect: Effect) -> Kept:
    """Apply the effect, or return the stored answer. Raises Problem 409 if the key was used with another body."""
    return retry_conflicts(partial(_attempt, runtime, command, effect), DUPLICATE_OR_CONFLICT)


def _attempt(runtime: Runtime, command: Command, effect: Effect) -> Kept:
    with runtime.store.transaction() as connection:
        if not _is_first(runtime, connection, command):
            return answer_of_first(runtime, connection, command)
        unit = UnitOfWork(runtime.store, connection, runtime.definition.source)
        cause = command.cause(runtime.digests)
        kept = effect(HandlerContext(unit, runtime.clock.now(), correlation="", causation=cause, actor=command.actor))
        unit.flush()
        inbox = runtime.store.tables.inbox
        connection.execute(inbox.update().where(*_mine(runtime, command)).values(answer=_stored(kept)))
    return kept


def _is_first(runtime: Runtime, connection: Connection, command: Command) -> bool:
    inbox = runtime.store.tables.inbox
    insert = dialect_insert(connection)(inbox).values(**_row(command)).on_conflict_do_nothing()
    return connection.execute(insert.returning(inbox.c.event_id)).first() is not None


def answered_row(command: Command, kept: Kept) -> dict[str, Any]:
    """Return the inbox row of a command that was carried out, with its answer."""
    return _row(command) | {"answer": _stored(kept)}


def _row(command: Command) -> dict[str, Any]:
    return {
        "handler": HANDLER,
        "source": command.who,
        "event_id": command.key,
        "state": APPLIED,
        "type": command.name,
        "subject": "",
        "digest": command.digest(),
        "received_at": machine_now(),
        "attempts": 1,
    }


def _stored(kept: Kept) -> dict[str, Any]:
    return {"status": kept.status, "body": dict(kept.body), "headers": dict(kept.headers)}


def was_carried_out(runtime: Runtime, connection: Connection, command: Command) -> bool:
    """Return whether the sender's key was used before, with whatever body."""
    return connection.execute(select(runtime.store.tables.inbox.c.event_id).where(*_mine(runtime, command))).first() is not None


def answer_of_first(runtime: Runtime, connection: Connection, command: Command) -> Kept:
    """Return the stored answer of a command that was carried out. Raises Problem 409 if it had another body."""
    inbox = runtime.store.tables.inbox
    first = connection.execute(select(inbox.c.digest, inbox.c.answer).where(*_mine(runtime, command))).one()
    if first.digest != command.digest():
        raise Problem(HTTPStatus.CONFLICT, "this Idempotency-Key was used before with another body")
    return Kept(**first.answer)


def _mine(runtime: Runtime, command: Command) -> tuple[Any, ...]:
    inbox = runtime.store.tables.inbox
    return inbox.c.handler == HANDLER, inbox.c.source == command.who, inbox.c.event_id == command.key
