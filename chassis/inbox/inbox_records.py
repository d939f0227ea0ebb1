"""What the inbox keeps of an event: its row, with the message as long as it may be needed again."""

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
"""What is left of the message when its effect is committed."""


def inbox_record(
    handler: str, message: Message, event: Event, state: str, attempts: int, why: str | None = None
) -> dict[str, Any]:
    """The inbox row of an event that can be read."""
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
    """The dead row of a message that cannot be read: as it came, under as much of its names as can be read.

    A message with a readable id has one row, however often it is delivered. Without one nothing tells a second delivery from a
    second message, which may be another matter in the same words: each delivery has a row of its own.
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
    """The name of what cannot have an id to itself: unreadable, or other content than the id had first."""
    return f"{event_id}#{digest[:16]}"


def message_of(row: RowMapping) -> Message:
    """The message that a waiting or dead row keeps."""
    headers = {name: native_headers.from_json(value) for name, value in row["headers"].items()}
    return Message(headers, row["content_type"], bytes(row["body"]), row["user_id"])


def reason(wrong: Exception) -> str:
    """Why, without private data: our own errors say it in words, of any other only the kind is told."""
    named = isinstance(wrong, Refused | TooEarly | InvalidEvent | UnknownEvent | cloudevents_codec.Undecodable)
    return f"{type(wrong).__name__}: {wrong}"[:1000] if named else type(wrong).__name__


def _kept(message: Message) -> dict[str, Any]:
    return {
        "user_id": message.user_id,
        # the digest is made of what really came
        "headers": {storable(name): native_headers.to_json(value) for name, value in message.headers.items()},
        "content_type": storable(message.content_type),
        "body": message.body,
    }
