"""The envelope every event travels in, and the base of every event's schema.

The envelope is CloudEvents 1.0. The attributes the four services add are lower-case letters only, as the specification
asks: ``correlationid`` (the ticket or account the whole story belongs to), ``causationid`` (the event that made
this one, or that armed the timer which did) and ``sequence`` (1, 2, 3 … per source and subject).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError

SEQUENCE_DIGITS = 20
"""``sequence`` is zero-padded so that it also sorts as text, as the CloudEvents sequence extension asks."""

_TYPE = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}\.v[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Event:
    """One fact that happened, or one command somebody gave.

    ``time`` is business time, always with an offset. ``actor`` is not part of the event: it is who the broker says
    published it, and is None for an event that a service read from its own store.
    """

    type: str
    source: str
    subject: str
    id: str
    time: datetime
    data: Mapping[str, Any]
    correlationid: str | None = None
    causationid: str | None = None
    sequence: int | None = None
    actor: str | None = None


class UnknownEvent(Exception):
    """Raised for a type, or a version of a type, that no contract describes."""


class InvalidEvent(Exception):
    """Raised when data does not fit its contract; ``errors`` maps each field's path to what is wrong with it."""

    def __init__(self, type_: str, errors: Mapping[str, str]):
        self.errors = dict(errors)
        super().__init__(f"{type_}: " + "; ".join(f"{field}: {what}" for field, what in self.errors.items()))


class EventSchema(Schema):
    """Base of every event version. A consumer ignores fields it does not know; a producer may not send them.

    A subclass sets ``type`` (``<entity>.<past tense>.v<N>``), ``producer``, and ``private`` where the data is private and
    therefore travels on ``<producer>.private``. Defining the subclass publishes it: see `schema_for`.
    """

    type: ClassVar[str]
    producer: ClassVar[str]
    private: ClassVar[bool] = False
    about: ClassVar[str] = "ticket"
    """What ``subject`` is the id of."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "type" in cls.__dict__:
            if cls.type in _registry:
                raise TypeError(f"two contracts for {cls.type}")
            _registry[cls.type] = cls

    @classmethod
    def exchange(cls) -> str:
        """The exchange this event is published to."""
        return f"{cls.producer}.{'private' if cls.private else 'events'}"

    @classmethod
    def read(cls, data: Any) -> dict[str, Any]:
        """Load what came over the wire. Raises InvalidEvent naming each bad field; never repeats a value."""
        try:
            loaded: dict[str, Any] = _instance(cls).load(data)
        except ValidationError as wrong:
            raise InvalidEvent(cls.type, flatten(wrong.messages)) from None
        return loaded

    @classmethod
    def write(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """Dump what a service is about to say, and check it against the contract. Raises InvalidEvent."""
        schema = _instance(cls)
        try:
            dumped: dict[str, Any] = schema.dump(data)
            loaded = schema.load(dumped, unknown=RAISE)
        except ValidationError as wrong:
            raise InvalidEvent(cls.type, flatten(wrong.messages)) from None
        except (AttributeError, TypeError, ValueError) as wrong:
            raise InvalidEvent(cls.type, {"_": f"cannot be written: {type(wrong).__name__}"}) from None
        if unknown := data.keys() - schema.fields.keys():
            raise InvalidEvent(cls.type, dict.fromkeys(sorted(unknown), "Unknown field."))
        # marshmallow writes 1.5 as 1, a word as a list of its letters, and drops what it does not know in a nested part
        if changed := [name for name in data if loaded.get(name) != data[name]]:
            raise InvalidEvent(cls.type, dict.fromkeys(changed, "Would not be read as it was said."))
        return dumped


_registry: dict[str, type[EventSchema]] = {}


@cache
def _instance(schema: type[EventSchema]) -> Schema:
    return schema(unknown=EXCLUDE)


def schema_for(type_: str) -> type[EventSchema]:
    """The contract of an event type. Raises UnknownEvent, naming the versions that are known."""
    try:
        return _registry[type_]
    except KeyError:
        stem = type_.rpartition(".v")[0] or type_
        known = sorted(t for t in _registry if t.rpartition(".v")[0] == stem)
        # what is no type may be anything, and this is told in a log
        named = repr(type_) if _TYPE.fullmatch(type_) else "what is no type"
        raise UnknownEvent(f"no contract for {named}; known: {', '.join(known) or 'none of that name'}") from None


def all_schemas() -> list[type[EventSchema]]:
    """Every contract, in the order of type."""
    return [_registry[t] for t in sorted(_registry)]


def flatten(messages: Any, path: str = "", spell: Callable[[str], str] = str) -> dict[str, str]:
    """Marshmallow's nested messages as {"location.lat": "Not a valid number."}; ``spell`` writes each name of a path."""
    if isinstance(messages, Mapping):
        flat: dict[str, str] = {}
        for key, value in messages.items():
            name = spell(str(key))
            flat |= flatten(value, f"{path}.{name}" if path else name, spell)
        return flat
    if isinstance(messages, list):
        return {path or "_": " ".join(str(message) for message in messages)}
    return {path or "_": str(messages)}
