"""AMQP header values in their native types: numbers, booleans, timestamps and tables, not text alone.

The CloudEvents AMQP binding lets a sender write an attribute with the native type that fits it or as its canonical text, and a
receiver has to accept both (CloudEvents AMQP protocol binding 1.0.2, 3.1.3; type system of CloudEvents 1.0.2, 3.2).
"""

import base64
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from chassis.size_limits import MAX_DEPTH

TEXT_ATTRIBUTES = frozenset({"id", "source", "type", "subject", "specversion", "dataschema", "datacontenttype"})
"""Attributes whose CloudEvents type is String or URI: a native number is another type and an error of the sender."""
TIME = "time"
TOO_DEEP = "…"
"""It replaces tables and lists that are nested deeper than is stored."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotText(Exception):
    """The attribute cannot have a value of this type."""


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value that the AMQP client decoded, reduced to a few types.

    The types are None, bool, int, float, Decimal, str, bytes, datetime in UTC, list, and dict with str keys.
    """
    if isinstance(value, Mapping):
        if depth >= MAX_DEPTH:
            return TOO_DEEP
        return {name_of(name): plain(one, depth + 1) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return TOO_DEEP if depth >= MAX_DEPTH else [plain(one, depth + 1) for one in value]
    if isinstance(value, datetime):  # the client reads the protocol's seconds since 1970 into a naive UTC datetime
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    return value if value is None or isinstance(value, bool | int | float | Decimal | str | bytes) else str(type(value))


def name_of(name: Any) -> str:
    """Return a header's name as text; the client leaves bytes that are not UTF-8 undecoded."""
    return name if isinstance(name, str) else bytes(name).decode("utf-8", "backslashreplace")


def canonical(attribute: str, value: Any) -> str:
    """Return the canonical text of a CloudEvents attribute. Raises NotText if the attribute cannot have a value of this type.

    An integer as ``time`` is milliseconds since 1970, as AMQP 1.0 counts and the CloudEvents Python SDK writes.
    """
    if isinstance(value, str):
        return value
    if attribute in TEXT_ATTRIBUTES:
        raise NotText
    if attribute == TIME:
        return _instant(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return _rfc3339(value)
    raise NotText


def _instant(value: Any) -> str:
    if isinstance(value, datetime):
        return _rfc3339(value)
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return _rfc3339(_EPOCH + timedelta(milliseconds=value))
        except OverflowError:
            raise NotText from None
    raise NotText


def _rfc3339(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def to_json(value: Any) -> Any:
    """Return a `plain` value as JSON that any store can hold and that `from_json` reads back unchanged.

    Text stays text, except U+0000 and halves of surrogate pairs, which PostgreSQL refuses: they become U+FFFD. Types that JSON
    lacks are one-key objects: ``{"$timestamp": "2026-03-03T01:20:00Z"}``, ``$bytes`` (base 64), ``$decimal``, ``$float``, and
    ``$table`` for every table, so that no sender's table can be mistaken for one of them.
    """
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, datetime):
        return {"$timestamp": _rfc3339(value)}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    if isinstance(value, dict):
        return {"$table": {storable(name): to_json(one) for name, one in value.items()}}
    return [to_json(one) for one in value] if isinstance(value, list) else value


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "$timestamp": datetime.fromisoformat,
    "$bytes": base64.b64decode,
    "$decimal": Decimal,
    "$float": float,
    "$table": lambda table: {name: from_json(one) for name, one in table.items()},
}


def from_json(value: Any) -> Any:
    """Return the value that `to_json` wrote."""
    if isinstance(value, dict):
        ((kind, written),) = value.items()
        return _READERS[kind](written)
    return [from_json(one) for one in value] if isinstance(value, list) else value


def storable(text: str) -> str:
    """Return the text in a form that every store can hold: PostgreSQL accepts neither U+0000 nor half of a surrogate pair."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()
