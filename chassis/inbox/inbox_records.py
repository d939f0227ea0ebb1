"""Inbox rows: an event's state and, as long as it may be needed again, its message."""

from typing import Any
from uuid import uuid4

from sqlalchemy import RowMapping

from chassis.effects import Refused, TooEarly
from chassis.messaging import cloudevents_codec, native_headers
from chassis.messaging.cloudevents_codec import Message
from chassis.messaging.native_headers import storable
from chassis.persistence import machine_now
from chassis.persistence.tables import APPLIED, DEAD
from contracts.envelope import Event
from contracts.payload import InvalidEvent, UnknownEvent

FORGOTTEN: dict[str, Any] = {"user_id": None, "headers": None, "content_type": None, "body": None}
"""The message columns of a row whose effect is committed."""


def inbox_record(
    handler: str, message: Message, event: Event, state: str, attempts: int, why: str | None = None
) -> dict[str, Any]:
    """Return the inbox row of a readable event."""
    row: dict[str, Any] = {
        "handler": handler,
        "source": event.source,
        "event_id": event.id,
        "state": state,
        "type": event.type,
        "subject": event.subject,
        "digest": message.digest(),
        "received_at": machine_now(),
        "attempts": attempts,
        "due_at": None,
        "reason": why,
    }
    return row | (_kept(message) if state != APPLIED else FORGOTTEN)


def unreadable_record(handler: str, message: Message, why: str) -> dict[str, Any]:
    """Return the dead row of an unreadable message: its bytes as received, and as many of its names as can be read.

    A message with a readable id has one row, however often it is delivered. Without an id, a second delivery cannot be told
    from a second message, which may be another matter in the same words: each delivery has a row of its own.
    """
    digest, names = message.digest(), cloudevents_codec.names_of(message)
    number = "" if names["id"] else f"-{uuid4().hex[:16]}"
    return {
        "handler": handler,
        "source": names["source"],
        "event_id": derived_id(names["id"], digest) + number,
        "state": DEAD,
        "type": names["type"],
        "subject": names["subject"],
        "digest": digest,
        "received_at": machine_now(),
        "attempts": 1,
        "due_at": None,
        "reason": why,
        **_kept(message),
    }


def derived_id(event_id: str, digest: str) -> str:
    """Return the id of an unreadable event, or of an event whose id was used before with other content."""
    return f"{event_id}#{digest[:16]}"


def message_of(row: RowMapping) -> Message:
    """Return the message that a waiting or dead row stores."""
    headers = {name: native_headers.from_json(value) for name, value in row["headers"].items()}
    return Message(headers, row["content_type"], bytes(row["body"]), row["user_id"])


def reason(wrong: Exception) -> str:
    """Return the reason of a failure without private data: the message of the project's own errors, only the class name of any
    other."""
    named = isinstance(wrong, Refused | TooEarly | InvalidEvent | UnknownEvent | cloudevents_codec.Undecodable)
    return f"{type(wrong).__name__}: {wrong}"[:1000] if named else type(wrong).__name__


def _kept(message: Message) -> dict[str, Any]:
    return {
        "user_id": message.user_id,
        # the digest is that of the message as received
        "headers": {storable(name): native_headers.to_json(value) for name, value in message.headers.items()},
        "content_type": storable(message.content_type),
        "body": message.body,
    }
