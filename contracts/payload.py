"""The payloads of events: one frozen dataclass for each, from which the marshmallow schema and the JSON Schema are derived.

    class TicketHandled(EventPayload):
        type = "ticket.handled.v1"
        producer = "tickets"

        generation: int = fields.count("how often the ticket has been worked on")

A declaration is checked when its class is made: each annotation must be the type that its field loads.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from inspect import get_annotations
from types import MappingProxyType, UnionType
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError

from contracts import fields, marshmallow_fields

SchemaClass = type[Schema]
T = TypeVar("T", bound="Part")

ENVELOPE_WORDS = frozenset({"subject", "causation", "after"})
"""The words of an event's identity that are not fields of its payload."""

_TYPE = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}\.v[0-9]{1,4}")


class UnknownEvent(Exception):
    """No contract describes this type, or this version of the type."""


class InvalidEvent(Exception):
    """The data violates its contract; ``errors`` maps each field's path to its error."""

    def __init__(self, type_: str, errors: Mapping[str, str]):
        self.errors = dict(errors)
        super().__init__(f"{type_}: " + "; ".join(f"{field}: {what}" for field, what in self.errors.items()))


def flatten(messages: Any, path: str = "", spell: Callable[[str], str] = str) -> dict[str, str]:
    """Return marshmallow's nested messages as {"location.lat": "Not a valid number."}; ``spell`` writes each name of a path."""
    if isinstance(messages, Mapping):
        flat: dict[str, str] = {}
        for key, value in messages.items():
            name = spell(str(key))
            flat |= flatten(value, f"{path}.{name}" if path else name, spell)
        return flat
    if isinstance(messages, list):
        return {path or "_": " ".join(str(message) for message in messages)}
    return {path or "_": str(messages)}


@cache
def _instance(schema: SchemaClass) -> Schema:
    return schema(unknown=EXCLUDE)


def _without_null(dumped: Any) -> Any:
    if isinstance(dumped, dict):
        return {name: _without_null(value) for name, value in dumped.items() if value is not None}
    if isinstance(dumped, list):
        return [_without_null(value) for value in dumped]
    return dumped


def _specified(cls: "type[Part]") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the metadata of each of the class's own fields. Raises TypeError for a wrong declaration."""
    hints = get_type_hints(cls)
    for name in get_annotations(cls):
        if get_origin(hints[name]) is ClassVar:
            continue
        declared = cls.__dict__.get(name)
        if not isinstance(declared, dataclasses.Field) or fields.FIELD not in declared.metadata:
            raise TypeError(f"{cls.__name__}.{name}: declare it by a specifier of contracts.fields")
        if hints[name] != declared.metadata[fields.KIND]:
            raise TypeError(f"{cls.__name__}.{name}: its field loads {declared.metadata[fields.KIND]}, not {hints[name]}")
        yield name, declared.metadata
    for name, value in cls.__dict__.items():
        if isinstance(value, dataclasses.Field) and name not in hints:
            raise TypeError(f"{cls.__name__}.{name}: wants an annotation")


def _derived(cls: "type[Part]", specified: Mapping[str, Mapping[str, Any]]) -> SchemaClass:
    """Return the derived schema: a subclass of the base's, under the payload's own name, which the generated documents show."""
    base = getattr(cls, "schema", Schema)
    described = {"__doc__": cls.__dict__.get("__doc__"), "__module__": cls.__module__, "__qualname__": cls.__qualname__}
    declared = {name: metadata[fields.FIELD] for name, metadata in specified.items()}
    metaclass: Any = type(base)
    made: SchemaClass = metaclass(cls.__name__, (base,), {**described, **declared})
    return made


def _parts(specified: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, tuple["type[Part]", bool]]]:
    for name, metadata in specified.items():
        declared = metadata[fields.KIND]
        for kind in get_args(declared) if isinstance(declared, UnionType) else (declared,):
            part, many = (get_args(kind)[0], True) if get_origin(kind) is list else (kind, False)
            if isinstance(part, type) and issubclass(part, Part):
                yield name, (part, many)


def _made(part: type[T], value: Any) -> T:
    return value if isinstance(value, part) else part.of(value)


@dataclass_transform(
    frozen_default=True,
    kw_only_default=True,
    field_specifiers=(
        fields.ident,
        fields.name,
        fields.text,
        fields.code,
        fields.codes,
        fields.instant,
        fields.count,
        fields.flag,
        fields.degrees,
        fields.idents,
        fields.names,
        fields.nested,
        fields.parts,
    ),
)
class Part:
    """Base of an object with fields: of a payload, or of an object nested in one. A subclass becomes a frozen dataclass."""

    schema: ClassVar[SchemaClass]
    """The marshmallow schema, derived from the declaration."""
    _nested: ClassVar[Mapping[str, tuple[type["Part"], bool]]]
    """The fields that hold parts: the class of the part, and whether the field is a list."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        specified = dict(_specified(cls))
        cls.schema = _derived(cls, specified)
        cls._nested = {**getattr(cls, "_nested", {}), **dict(_parts(specified))}
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return a part made of values by name, as the schema loads them; a nested part is a mapping too."""
        named = dict(values)
        for name, (part, many) in cls._nested.items():
            if (value := named.get(name)) is not None:
                named[name] = [_made(part, one) for one in value] if many else _made(part, value)
        return cls(**named)

    def dumped(self) -> dict[str, Any]:
        """Return the part as JSON, unchecked; a field without a value is left out."""
        dumped: dict[str, Any] = _without_null(_instance(self.schema).dump(self))
        return dumped

    @classmethod
    def field_names(cls) -> frozenset[str]:
        """Return the names of the fields."""
        return frozenset(_instance(cls.schema).fields)

    @classmethod
    def codes_of(cls, name: str) -> type[StrEnum]:
        """Return the codes that a field accepts. Raises TypeError if it accepts anything else."""
        field = _instance(cls.schema).fields[name]
        if not isinstance(field, marshmallow_fields.Code):
            raise TypeError(f"{cls.__name__}.{name}: takes no codes")
        return field.enum

    def by_name(self) -> Mapping[str, Any]:
        """Return the values by field name, for code that handles any payload; nested objects stay parts."""
        return MappingProxyType(vars(self))


class EventPayload(Part):
    """Base of every event version. A consumer ignores unknown fields; a producer may not send them.

    A subclass sets ``type`` (``<entity>.<past tense>.v<N>``), ``producer``, and ``private`` if the data is private and
    therefore travels on ``<producer>.private``. Defining the subclass registers it: see `payload_for`.
    """

    type: ClassVar[str]
    producer: ClassVar[str]
    private: ClassVar[bool] = False
    about: ClassVar[str] = "ticket"
    """The kind of entity whose id ``subject`` holds."""
    identity: ClassVar[tuple[str, ...]] = ()
    """The words whose equal values mean that two events of this type, whatever their ids, report the same effect twice.

    A word is a field, or ``subject``, ``causation``, or ``after``: the identity of the previous event about the subject. It is
    empty for a record, which may return to an earlier state, and for external commands, to which producers give ids.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "type" in cls.__dict__:
            if cls.type in _registry:
                raise TypeError(f"two contracts for {cls.type}")
            if unknown := set(cls.identity) - cls.field_names() - ENVELOPE_WORDS:
                raise TypeError(f"{cls.__name__}.identity: no field {', '.join(sorted(unknown))}")
            _registry[cls.type] = cls

    @classmethod
    def exchange(cls) -> str:
        """Return the exchange to which this event is published."""
        return f"{cls.producer}.{'private' if cls.private else 'events'}"

    @classmethod
    def load(cls, data: Any) -> Self:
        """Load received data. Raises InvalidEvent naming each bad field; never repeats a value."""
        try:
            return cls.of(_instance(cls.schema).load(data))
        except ValidationError as wrong:
            raise InvalidEvent(cls.type, flatten(wrong.messages)) from None

    def to_wire(self) -> dict[str, Any]:
        """Return the data as JSON, validated by the contract; a field without a value is left out. Raises InvalidEvent."""
        schema = _instance(self.schema)
        try:
            dumped = self.dumped()
            loaded = self.of(schema.load(dumped, unknown=RAISE))
        except ValidationError as wrong:
            raise InvalidEvent(self.type, flatten(wrong.messages)) from None
        except (AttributeError, TypeError, ValueError) as wrong:
            raise InvalidEvent(self.type, {"_": f"cannot be written: {type(wrong).__name__}"}) from None
        if loaded != self:  # marshmallow writes 1.5 as 1, and a string as a list of its letters
            read = loaded.by_name()
            changed = [name for name, value in self.by_name().items() if read[name] != value]
            raise InvalidEvent(self.type, dict.fromkeys(changed, "Would not be read as it was said."))
        return dumped


_registry: dict[str, type[EventPayload]] = {}


def payload_for(type_: str) -> type[EventPayload]:
    """Return the payload class of an event type. Raises UnknownEvent, naming the known versions."""
    try:
        return _registry[type_]
    except KeyError:
        stem = type_.rpartition(".v")[0] or type_
        known = sorted(t for t in _registry if t.rpartition(".v")[0] == stem)
        # a text that is no type may be anything, and this message is logged
        named = repr(type_) if _TYPE.fullmatch(type_) else "what is no type"
        raise UnknownEvent(f"no contract for {named}; known: {', '.join(known) or 'none of that name'}") from None


def all_payloads() -> list[type[EventPayload]]:
    """Return the payload class of every event version, in the order of type."""
    return [_registry[t] for t in sorted(_registry)]
