"""The CloudEvents codec for RabbitMQ, on the official SDK. It writes binary mode and reads binary and structured mode.

The SDK's ``knative`` binding spells headers ``ce-``. The codec also reads ``cloudEvents:`` and ``cloudEvents_``, which the AMQP
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
from contracts.marshmallow_fields import is_business_time
from contracts.payload import InvalidEvent, payload_for

JSON = "application/json"
_STRUCTURED = "application/cloudevents"
_OTHER_PREFIXES = ("cloudevents:", "cloudevents_")
_KNOWN_HEADERS = "ce-"
_READ = {"id", "source", "type", "subject", "specversion", "time", "sequence", "correlationid", "causationid"}
"""The attributes that the codec evaluates; it ignores every other attribute, whatever its type."""
MAX_NAME = 255
"""The most characters of an id, source, type, subject or any other attribute that is stored in a column."""
_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: the broker's client and JSON accept it, UTF-8 and therefore every store cannot hold it."""


class _Format(JSONFormat):
    """The SDK's JSON format with the strict parser. The meaning of a body does not depend on its content type."""

    def read(self, event_factory: Any, data: str | bytes) -> Any:
        strict_json.read(data)
        return super().read(event_factory, data)

    def read_data(self, body: bytes, datacontenttype: str | None) -> bytes | None:
        return body or None


class Undecodable(Exception):
    """The bytes are not an event. The message names the attribute or field and never repeats a value."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the bus transports it. ``user_id`` is the publisher's account, as validated by the broker."""

    headers: Mapping[str, Any]
    """By name, with the types of `native_headers.plain`: a sender may write numbers, booleans and timestamps."""
    content_type: str
    body: bytes
    user_id: str | None = None

    def digest(self) -> str:
        """Return the SHA-256 of type, subject and body, in hexadecimal. It tells a redelivery from a reused id.

        The time does not count in either mode: a sender that tries again may write a later time.
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
    """Return an event's message in binary mode. Raises InvalidEvent if the data violates the contract."""
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
    # sorted and compact, so that the same data has the same digest everywhere
    body = json.dumps(event.payload.to_wire(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    message = rabbitmq.to_binary_event(CloudEvent(attributes, body))
    return Message(headers=message.headers, content_type=JSON, body=body)


def decode(message: Message) -> Event:
    """Return the event in a message, with validated data. Raises Undecodable, UnknownEvent or InvalidEvent."""
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
    """Return the CloudEvent with unvalidated data. Raises Undecodable."""
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
    except Exception:  # every other attribute that the SDK parses is handled above: this is the time
        raise Undecodable("ce-time: not an instant") from None
    assert isinstance(envelope, CloudEvent)
    return envelope


def _is_structured(message: Message) -> bool:
    return message.content_type.lower().startswith(_STRUCTURED)


def _attributes(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return the attributes among the headers, as canonical text. Raises Undecodable if one that the codec reads has no text
    form."""
    found: dict[str, str] = {}
    for name, value in spelled(headers).items():
        attribute = name.removeprefix(_KNOWN_HEADERS)
        if attribute == name or value is None:  # another protocol's header, or an attribute without a value: ignored
            continue
        try:
            found[name] = native_headers.canonical(attribute, value)
        except native_headers.NotText:
            if attribute in _READ:
                wanted = "an instant" if attribute == native_headers.TIME else "text"
                raise Undecodable(f"{name}: not {wanted}") from None
    return found


def names_of(message: Message) -> dict[str, str]:
    """Return the readable parts of an unreadable message's ``id``, ``source``, ``type`` and ``subject``.

    A part without text is empty. So is an id that is longer than `MAX_NAME` or that a store cannot hold, since a shortened id
    would no longer distinguish messages. The other parts are cut.
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
    """Return the CloudEvent. The SDK would invent missing attributes, and an id invented at each delivery would take effect
    each time."""
    if missing := [name for name in ("specversion", "id", "time") if name not in attributes]:
        raise Undecodable("; ".join(f"ce-{name}: missing" for name in missing))
    return CloudEvent(attributes, data)


def spelled(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the headers with every attribute under its ``ce-`` name."""
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
