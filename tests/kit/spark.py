"""From XML to what its JSON would be, by the Spark convention: for holding the two formats of GeoReport against each other."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

LISTS = {"services", "service_requests", "errors", "attributes", "endpoints", "formats"}
"""The elements that the standard marks as lists; what is in them has but one name."""


def spark(document: bytes) -> Any:
    """The document's value. Every plain value is text, and an empty one None."""
    return _value(ElementTree.fromstring(document))


def _value(element: ElementTree.Element) -> Any:
    if element.tag in LISTS:
        assert len({child.tag for child in element}) <= 1, element.tag
        return [_value(child) for child in element]
    if len(element):
        return {child.tag: _value(child) for child in element}
    return element.text or None


def as_text(value: Any) -> Any:
    """A JSON value with every plain value as XML writes it."""
    if isinstance(value, dict):
        return {name: as_text(part) for name, part in value.items()}
    if isinstance(value, list):
        return [as_text(part) for part in value]
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
