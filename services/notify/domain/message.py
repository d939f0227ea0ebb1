"""A message's text and its parts: our words, the matter, the address, our link, and short values of others."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class PartKind(StrEnum):
    """The kind of a part. It decides in which order a text that is too long is shortened."""

    WORDS = "words"
    """Our words, from the template. Shortened if the text is still too long without the matter."""
    VALUE = "value"
    """A short value of somebody else's. Shortened together with our words."""
    MATTER = "matter"
    """The reporter's text. Shortened first."""
    ADDRESS = "address"
    """The address of the matter. Never shortened."""
    LINK = "link"
    """Our link. Never shortened and never changed."""


WHOLE = frozenset({PartKind.ADDRESS, PartKind.LINK})
FOREIGN = frozenset({PartKind.VALUE, PartKind.MATTER, PartKind.ADDRESS})


@dataclass(frozen=True)
class Part:
    """A part of a text."""

    kind: PartKind
    text: str


@dataclass(frozen=True)
class Span:
    """The position of a part in a text, in code points."""

    kind: PartKind
    begin: int
    end: int


_LINK = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.ASCII | re.IGNORECASE)


def joined(parts: Iterable[Part]) -> tuple[str, list[Span]]:
    """Return the whole text, and the spans of its parts other than our words."""
    text, spans = "", list[Span]()
    for part in parts:
        if part.kind is not PartKind.WORDS and part.text:
            spans.append(Span(part.kind, len(text), len(text) + len(part.text)))
        text += part.text
    return text, spans


def parts_of(text: str, spans: Iterable[Span]) -> Iterator[Part]:
    """Yield the parts that `joined` made a text of."""
    at = 0
    for span in spans:
        if span.begin > at:
            yield Part(PartKind.WORDS, text[at : span.begin])
        yield Part(span.kind, text[span.begin : span.end])
        at = span.end
    if at < len(text):
        yield Part(PartKind.WORDS, text[at:])


def link_spans(text: str) -> list[Span]:
    """Return the spans of a text that was written before version 0.2.0, which kept none: its first link counts as ours."""
    found = _LINK.search(text)
    return [Span(PartKind.LINK, found.start(), found.end())] if found else []
