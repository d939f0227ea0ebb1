"""Strict JSON for every input, which no two parsers can read differently: I-JSON (RFC 7493), bounded in size and depth.

Python's own parser takes the last of two equal names, and accepts NaN, UTF-16 and any nesting that its stack allows. A gateway
could then check other content than the service uses.
"""

import json
import re
from typing import Any

from chassis.size_limits import MAX_BODY_BYTES, MAX_DEPTH

_PLAIN_NAME = re.compile(r"[a-z_]{1,40}")
_TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
"""A string, also an unterminated one: searching for its end again from each quote in it would take time quadratic in its
length."""


class NotJson(ValueError):
    """The text is not such JSON. The message gives the reason and repeats no value. ``name`` is the field that occurs twice."""

    def __init__(self, why: str, name: str | None = None):
        self.name = name
        super().__init__(f"{name}: {why}" if name else why)


def read(raw: bytes | str) -> Any:
    """Return the value. Raises NotJson."""
    if len(raw) >= MAX_BODY_BYTES:
        raise NotJson("not smaller than 256 KiB")
    try:
        text = raw if isinstance(raw, str) else raw.decode()
        if text.count("[") + text.count("{") > MAX_DEPTH:
            _refuse_depth(text)
        return json.loads(text, parse_constant=_no_number, object_pairs_hook=_object)
    except NotJson:
        raise
    except ValueError:  # from json, from bytes that are not UTF-8, or from a number of more than 4,300 digits
        raise NotJson("not JSON in UTF-8") from None


def _refuse_depth(text: str) -> None:
    """Raise NotJson if the nesting is too deep. Brackets within a string do not count."""
    depth = 0
    for found in _TOKENS.finditer(text):
        token = found[0]
        depth += 1 if token in "[{" else -1 if token in "]}" else 0
        if depth > MAX_DEPTH:
            raise NotJson(f"more than {MAX_DEPTH} objects and lists within each other")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        # a name that no contract could have is the sender's own text
        raise NotJson("twice in an object", name if _PLAIN_NAME.fullmatch(name) else None)
    return made


def _no_number(word: str) -> Any:
    raise NotJson(f"{word} is no number of JSON")
