"""Converting XML to its JSON by the Spark convention, to compare the two formats of GeoReport."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

LISTS = {"services", "service_requests", "errors", "attributes", "endpoints", "formats"}
"""The elements that the standard marks as lists; all children of one have the same name."""


def xml_to_json(document: bytes) -> Any:
    """Return the document's value. Every plain value is text, and an empty one None."""
    return _value(ElementTree.fromstring(document))


def _value(element: ElementTree.Element) -> Any:
    if element.tag in LISTS:
        assert len({child.tag for child in element}) <= 1, element.tag
        return [_value(child) for child in element]
    if len(element):
        return {child.tag: _value(child) for child in element}
    return element.text or None


def as_text(value: Any) -> Any:
    """Return a JSON value with every plain value as XML writes it."""
    if isinstance(value, dict):
        return {name: as_text(part) for name, part in value.items()}
    if isinstance(value, list):
        return [as_text(part) for part in value]
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
