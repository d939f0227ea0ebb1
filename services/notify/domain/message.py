"""A message's text and its parts: our words, the matter, the address, our link, and short values of somebody else's."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class PartKind(StrEnum):
    """What a part of a text is; in what order a text that is too long is shortened follows from it."""

    WORDS = "words"
    """Ours, from the template. Shortened where leaving out the whole matter is not enough."""
    VALUE = "value"
    """Somebody else's, and short. Shortened with the words."""
    MATTER = "matter"
    """Somebody else's. Shortened first."""
    ADDRESS = "address"
    """Somebody else's. Never shortened."""
    LINK = "link"
    """Ours. Never shortened and never changed."""


WHOLE = frozenset({PartKind.ADDRESS, PartKind.LINK})
FOREIGN = frozenset({PartKind.VALUE, PartKind.MATTER, PartKind.ADDRESS})


@dataclass(frozen=True)
class Part:
    """A piece of a text."""

    kind: PartKind
    text: str


@dataclass(frozen=True)
class Span:
    """Where a part of a text begins and ends, in code points."""

    kind: PartKind
    begin: int
    end: int


_LINK = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.ASCII | re.IGNORECASE)


def joined(parts: Iterable[Part]) -> tuple[str, list[Span]]:
    """Return the text that the parts are, and where its parts other than our words stand."""
    text, spans = "", list[Span]()
    for part in parts:
        if part.kind is not PartKind.WORDS and part.text:
            spans.append(Span(part.kind, len(text), len(text) + len(part.text)))
        text += part.text
    return text, spans


def parts_of(text: str, spans: Iterable[Span]) -> Iterator[Part]:
    """Return the parts that `joined` made a text of."""
    at = 0
    for span in spans:
        if span.begin > at:
            yield Part(PartKind.WORDS, text[at : span.begin])
        yield Part(span.kind, text[span.begin : span.end])
        at = span.end
    if at < len(text):
        yield Part(PartKind.WORDS, text[at:])


def link_spans(text: str) -> list[Span]:
    """Return the spans of a text that was written before version 0.2.0, which kept none: its first link is taken for ours."""
    found = _LINK.search(text)
    return [Span(PartKind.LINK, found.start(), found.end())] if found else []
