"""Header fields: a value that holds a line break would begin another field, such as a further recipient (RFC 5322, 2.2)."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""The C0 and C1 controls, and the two separators that Unicode counts as line breaks."""


def has_line_break(value: str) -> bool:
    """Return whether a value holds a line break or another control character, as it is or percent-encoded."""
    return _CONTROL.search(unquote(value)) is not None


def refused_field(fields: Mapping[str, str]) -> str | None:
    """Return the name of the first field whose value cannot stand in a header; None where all can."""
    return next((name for name, value in fields.items() if _CONTROL.search(value)), None)
