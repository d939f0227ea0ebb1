"""JSON that two readers cannot read differently, by every door: I-JSON (RFC 7493), bounded in size and depth.

Python's own reader takes the last of two equal names, NaN, UTF-16 and as many brackets as its stack is deep; what a gateway
checked and what a service then did need not be the same.
"""

import json
import re
from typing import Any

MAX_BYTES = 256 * 1024
"""A body is smaller; so is whatever a contract allows."""
MAX_DEPTH = 32
"""Objects and lists within each other; the contracts need four."""

_PLAIN_NAME = re.compile(r"[a-z_]{1,40}")
_TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
"""A text, also one that does not end: to look for its end again from each quote in it takes the square of its length."""


class NotJson(ValueError):
    """What is no such JSON; the message says why and repeats no value. ``name`` is the field that is there twice."""

    def __init__(self, why: str, name: str | None = None):
        self.name = name
        super().__init__(f"{name}: {why}" if name else why)


def read(raw: bytes | str) -> Any:
    """The value. Raises NotJson."""
    if len(raw) >= MAX_BYTES:
        raise NotJson("not smaller than 256 KiB")
    try:
        text = raw if isinstance(raw, str) else raw.decode()
        if text.count("[") + text.count("{") > MAX_DEPTH:
            _refuse_depth(text)
        return json.loads(text, parse_constant=_no_number, object_pairs_hook=_object)
    except NotJson:
        raise
    except ValueError:  # of json's, of bytes that are not UTF-8, and of a number of more than 4,300 digits
        raise NotJson("not JSON in UTF-8") from None


def _refuse_depth(text: str) -> None:
    """Brackets within a text are no brackets."""
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
        # a name that no contract could have is the sender's text
        raise NotJson("twice in an object", name if _PLAIN_NAME.fullmatch(name) else None)
    return made


def _no_number(word: str) -> Any:
    raise NotJson(f"{word} is no number of JSON")
