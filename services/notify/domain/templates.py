"""Texts: templates by name and language, what they may name, and how a text is made to fit a channel."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Template
from typing import Any
from zoneinfo import ZoneInfo

_LINK = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.ASCII | re.IGNORECASE)
_CUT = "…"
INSTANT_PARTS = frozenset({"year", "month", "day", "hour", "minute"})


@dataclass(frozen=True)
class Templates:
    """Texts by template and language. ``fallback`` is the language that every template has.

    ``instants`` is how a time is written in each language, ``words`` what a code is called: {language: {field: {code: word}}}.
    """

    texts: Mapping[str, Mapping[str, str]]
    fallback: str
    zone: ZoneInfo
    instants: Mapping[str, str]
    words: Mapping[str, Mapping[str, Mapping[str, str]]]

    def locale(self, template: str, asked: str | None) -> str:
        """The language that was asked for (``zh`` serves ``zh-CN``), or the fallback."""
        texts = self.texts[template]
        for locale in (asked, asked.split("-")[0]) if asked else ():
            if locale in texts:
                return locale
        return self.fallback

    def render(self, template: str, locale: str, values: Mapping[str, Any]) -> str:
        """The text in a language that the template has. Raises KeyError for a value that is missing."""
        said = {name: self._said(name, value, locale) for name, value in values.items()}
        return Template(self.texts[template][locale]).substitute(said)

    def _said(self, name: str, value: Any, locale: str) -> str:
        if isinstance(value, datetime):
            here = value.astimezone(self.zone)
            parts = {"month": here.month, "day": here.day, "hour": f"{here:%H}", "minute": f"{here:%M}", "year": here.year}
            return Template(self.instants.get(locale, self.instants[self.fallback])).substitute(parts)
        words = self.words.get(locale, self.words.get(self.fallback, {})).get(name, {})
        return words.get(str(value), str(value))


def placeholders(text: str) -> set[str]:
    """The names that a text fills in. Raises ValueError for a stray ``$``."""
    template = Template(text)
    if not template.is_valid():
        raise ValueError("a stray $: write $$")
    return set(template.get_identifiers())


def fit(text: str, size: int) -> str:
    """The text in at most ``size`` characters: words are cut, first the longest stretch; a link stays whole or is left out."""
    pieces = _pieces(text)
    while (over := sum(len(piece) for piece, _ in pieces) - size) > 0:
        shorter = {at: _shorter(pieces, at, over) for at, (_, link) in enumerate(pieces) if not link}
        able = [at for at, piece in shorter.items() if len(piece) < len(pieces[at][0])]
        if able:
            at = max(able, key=lambda at: len(pieces[at][0]))
            pieces[at] = (shorter[at], False)
        else:
            pieces.pop()
    return "".join(piece for piece, _ in pieces)


def _shorter(pieces: list[tuple[str, bool]], at: int, over: int) -> str:
    """A stretch with so many characters less, or as few as it can have: a space keeps it from the links beside it."""
    piece = pieces[at][0]
    lead, trail = " " * (at > 0), " " * (at + 1 < len(pieces))
    keep = len(piece) - over - len(_CUT) - len(trail)
    return piece[:keep] + _CUT + trail if keep > len(lead) else lead or trail


def _pieces(text: str) -> list[tuple[str, bool]]:
    """Stretches of words, and links (True), in order."""
    pieces, end = [], 0
    for found in _LINK.finditer(text):
        pieces += [(text[end : found.start()], False), (found[0], True)]
        end = found.end()
    return [piece for piece in (*pieces, (text[end:], False)) if piece[0]]
