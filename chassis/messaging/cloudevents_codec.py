"""An event as bytes: CloudEvents over RabbitMQ, by the official SDK. Written in binary mode, read in binary or structured.

The SDK's ``knative`` binding spells headers ``ce-``; we also read ``cloudEvents:`` and ``cloudEvents_``, which the AMQP
binding and its clients use.
"""

import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cloudevents.core.bindings import rabbitmq
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from chassis import strict_json
from chassis.messaging import native_headers
from contracts.envelope import SEQUENCE_DIGITS, Event
from contracts.payload import InvalidEvent, payload_for
from contracts.schema_fields import is_business_time

JSON = "application/json"
_STRUCTURED = "application/cloudevents"
_OTHER_PREFIXES = ("cloudevents:", "cloudevents_")
_KNOWN_HEADERS = "ce-"
_READ = {"id", "source", "type", "subject", "specversion", "time", "sequence", "correlationid", "causationid"}
"""The attributes that decide what becomes of an event; any other is not looked at, whatever its type."""
MAX_NAME = 255
"""Characters of an id, source, type, subject or any other attribute that is kept in a column."""
_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character: the broker's client and JSON let it through, UTF-8 and so every store cannot hold it."""


class _Format(JSONFormat):
    """The SDK's, but that JSON is read by our own reader. What a body is does not depend on what its content type says."""

    def read(self, event_factory: Any, data: str | bytes) -> Any:
        strict_json.read(data)
        return super().read(event_factory, data)

    def read_data(self, body: bytes, datacontenttype: str | None) -> bytes | None:
        return body or None


class Undecodable(Exception):
    """Raised for bytes that are no event; the message names the attribute or field and never repeats a value."""


@dataclass(frozen=True, slots=True)
class Message:
    """What goes over the wire. ``user_id`` is the account that the broker says published it."""

    headers: Mapping[str, Any]
    """By name, with the types of `native_headers.plain`: a sender may write numbers, booleans and timestamps."""
    content_type: str
    body: bytes
    user_id: str | None = None

    def digest(self) -> str:
        """SHA-256 over type, subject and body, hexadecimal: what makes a repeated id the same command or another one.

        In neither mode does the time count: who tries again may say that it is later now.
        """
        headers = spelled(self.headers)
        named = [headers.get("ce-type", ""), headers.get("ce-subject", ""), self.content_type]
        return hashlib.sha256(json.dumps(named, default=str).encode() + b"\x00" + self._timeless_body()).hexdigest()

    def _timeless_body(self) -> bytes:
        if _is_structured(self):
            with suppress(ValueError, RecursionError):
                whole = json.loads(self.body)
                if isinstance(whole, dict):
                    return json.dumps({**whole, "time": None}, sort_keys=True).encode()
        return self.body


def encode(event: Event) -> Message:
    """An event in binary mode. Raises InvalidEvent where the data does not fit the contract."""
    attributes: dict[str, Any] = {
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "datacontenttype": JSON,
    }
    if event.correlationid:
        attributes["correlationid"] = event.correlationid
    if event.causationid:
        attributes["causationid"] = event.causationid
    if event.sequence is not None:
        attributes["sequence"] = f"{event.sequence:0{SEQUENCE_DIGITS}d}"
    # the body is ours to write: sorted and compact, so that the same data has the same digest everywhere
    body = json.dumps(event.payload.to_wire(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    message = rabbitmq.to_binary_event(CloudEvent(attributes, body))
    return Message(headers=message.headers, content_type=JSON, body=body)


def decode(message: Message) -> Event:
    """The event in a message, its data checked. Raises Undecodable, UnknownEvent or InvalidEvent."""
    envelope = read_envelope(message)
    data = _data(envelope)
    attributes = envelope.get_attributes()
    type_ = str(attributes["type"])
    return Event(
        source=_required(attributes, "source"),
        subject=_required(attributes, "subject"),
        id=_required(attributes, "id"),
        time=_time(attributes),
        payload=payload_for(type_).load(data),
        correlationid=_optional(attributes, "correlationid"),
        causationid=_optional(attributes, "causationid"),
        sequence=_sequence(attributes),
        actor=message.user_id,
    )


def read_envelope(message: Message) -> CloudEvent:
    """The CloudEvent, its data not yet looked at. Raises Undecodable."""
    headers = {} if _is_structured(message) else _attributes(message.headers)
    plain = rabbitmq.RabbitMQMessage(headers=headers, content_type=message.content_type, body=message.body)
    try:
        envelope = rabbitmq.from_rabbitmq(plain, _Format(), _event)
    except Undecodable:
        raise
    except CloudEventValidationError as wrong:
        named = "; ".join(sorted(f"{name}: {', '.join(map(str, errors))}" for name, errors in wrong.errors.items()))
        raise Undecodable(f"not a CloudEvent: {named}") from None
    except strict_json.NotJson as wrong:
        raise Undecodable(f"body: {wrong}") from None
    except AttributeError:
        raise Undecodable("body: not a JSON object") from None
    except binascii.Error:
        raise Undecodable("data_base64: not base 64") from None
    except Exception:  # of what the SDK reads only the date is left
        raise Undecodable("ce-time: not an instant") from None
    assert isinstance(envelope, CloudEvent)
    return envelope


def _is_structured(message: Message) -> bool:
    return message.content_type.lower().startswith(_STRUCTURED)


def _attributes(headers: Mapping[str, Any]) -> dict[str, str]:
    """The attributes among the headers, as canonical text. Raises Undecodable for one that we read and that cannot be text."""
    found: dict[str, str] = {}
    for name, value in spelled(headers).items():
        attribute = name.removeprefix(_KNOWN_HEADERS)
        if attribute == name or value is None:  # a header of others, or an attribute without a value: as if it were not there
            continue
        try:
            found[name] = native_headers.canonical(attribute, value)
        except native_headers.NotText:
            if attribute in _READ:
                wanted = "an instant" if attribute == native_headers.TIME else "text"
                raise Undecodable(f"{name}: not {wanted}") from None
    return found


def names_of(message: Message) -> dict[str, str]:
    """As much as can be read of an unreadable message's ``id``, ``source``, ``type`` and ``subject``.

    Empty where there is no text; the id also where it is longer than `MAX_NAME` or no text that a store keeps, since it would
    then no longer tell one message from another. The others are cut.
    """
    attributes: Mapping[str, Any] = {name.removeprefix(_KNOWN_HEADERS): one for name, one in spelled(message.headers).items()}
    if _is_structured(message):
        with suppress(strict_json.NotJson):
            whole = strict_json.read(message.body)
            attributes = whole if isinstance(whole, dict) else {}
    texts = {name: one for name in ("id", "source", "type", "subject") if isinstance(one := attributes.get(name, ""), str)}
    id_ = texts.get("id", "")
    cut = {name: native_headers.storable(texts.get(name, ""))[:MAX_NAME] for name in ("source", "type", "subject")}
    return {"id": id_ if _is_name(id_) else "", **cut}


def _is_name(text: str) -> bool:
    return len(text) <= MAX_NAME and "\0" not in text and not _SURROGATE.search(text)


def _event(attributes: dict[str, Any], data: Any) -> CloudEvent:
    """The SDK makes up what is missing, and an id made up at each delivery would have its effect at each delivery."""
    if missing := [name for name in ("specversion", "id", "time") if name not in attributes]:
        raise Undecodable("; ".join(f"ce-{name}: missing" for name in missing))
    return CloudEvent(attributes, data)


def spelled(headers: Mapping[str, Any]) -> dict[str, Any]:
    """The headers with every attribute under its ``ce-`` name."""
    return {_our_spelling(name): value for name, value in headers.items()}


def _our_spelling(name: str) -> str:
    lowered = name.lower()
    for prefix in _OTHER_PREFIXES:
        if lowered.startswith(prefix):
            return _KNOWN_HEADERS + lowered.removeprefix(prefix)
    return lowered


def _data(envelope: CloudEvent) -> Any:
    data = envelope.get_data()
    if isinstance(data, bytes | str):
        try:
            return strict_json.read(data)
        except strict_json.NotJson as wrong:
            raise Undecodable(f"data: {wrong}") from None
    return data


def _required(attributes: Mapping[str, Any], name: str) -> str:
    value = _optional(attributes, name)
    if value is None:
        raise Undecodable(f"ce-{name}: missing")
    return value


def _optional(attributes: Mapping[str, Any], name: str) -> str | None:
    value = attributes.get(name)
    if value is None or value == "":
        return None
    text = str(value)
    if not _is_name(text):
        raise Undecodable(f"ce-{name}: longer than {MAX_NAME} characters or contains what is no text")
    return text


def _time(attributes: Mapping[str, Any]) -> datetime:
    time = attributes["time"]
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise Undecodable("ce-time: no time zone")
    if not is_business_time(time):
        raise Undecodable("ce-time: not from 1900 to 2199")
    return time.astimezone(UTC)


def _sequence(attributes: Mapping[str, Any]) -> int | None:
    text = _optional(attributes, "sequence")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= SEQUENCE_DIGITS and int(text) < 2**63):
        raise Undecodable("ce-sequence: not a number")
    return int(text)


__all__ = ["InvalidEvent", "Message", "Undecodable", "decode", "encode", "names_of", "read_envelope"]
