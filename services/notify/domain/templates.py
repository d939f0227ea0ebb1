"""Texts by template and language, and their placeholders."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Template
from typing import Any
from zoneinfo import ZoneInfo

from services.notify.domain.languages import Match, best_match
from services.notify.domain.message import Part, PartKind, joined

NONE = "none"
INSTANT_PARTS = frozenset({"year", "month", "day", "hour", "minute"})


@dataclass(frozen=True)
class Templates:
    """The texts. ``fallback`` is the language that every template has.

    ``instants`` is how a time of the current year is written in each language, ``instants_of_other_years`` how any other is
    where that differs; ``words`` what a code is called: {language: {field: {code: word}}}; the code `NONE` is for a value that
    is not there.
    """

    texts: Mapping[str, Mapping[str, str]]
    subjects: Mapping[str, Mapping[str, str]]
    """The subject lines of channels that have one, such as e-mail: {template: {language: subject}}."""
    fallback: str
    zone: ZoneInfo
    instants: Mapping[str, str]
    words: Mapping[str, Mapping[str, Mapping[str, str]]]
    instants_of_other_years: Mapping[str, str]

    def match(self, template: str, asked: str | None) -> Match:
        """Return the language of the template's texts that serves a request best, and the reason of a fallback."""
        return best_match(asked, self.texts[template], self.fallback)

    def parts(
        self, template: str, locale: str, values: Mapping[str, Any], kinds: Mapping[str, PartKind], now: datetime
    ) -> list[Part]:
        """Return the text in a language that the template has, part by part, for who reads it at ``now`` (business time);
        ``kinds`` are those of the values.

        Raises KeyError for a value or a kind that is missing.
        """
        text, at, parts = self.texts[template][locale], 0, list[Part]()
        for found in Template.pattern.finditer(text):
            name = found["named"] or found["braced"]
            parts.append(Part(PartKind.WORDS, text[at : found.start()]))
            parts.append(Part(kinds[name], self._said(name, values[name], locale, now)) if name else Part(PartKind.WORDS, "$"))
            at = found.end()
        return [*parts, Part(PartKind.WORDS, text[at:])]

    def render(self, template: str, locale: str, values: Mapping[str, Any], now: datetime) -> str:
        """Return the text in a language that the template has. Raises KeyError for a value that is missing."""
        return joined(self.parts(template, locale, values, dict.fromkeys(values, PartKind.WORDS), now))[0]

    def subject(self, template: str, locale: str, values: Mapping[str, Any], now: datetime) -> str:
        """Return the subject line in a language that the template has. Raises KeyError for a value that is missing."""
        said = {name: self._said(name, value, locale, now) for name, value in values.items()}
        return Template(self.subjects[template][locale]).substitute(said)

    def _said(self, name: str, value: Any, locale: str, now: datetime) -> str:
        words = self.words.get(locale, self.words.get(self.fallback, {})).get(name, {})
        if value is None:
            return words.get(NONE, "-")
        if isinstance(value, datetime):
            return self._instant(value.astimezone(self.zone), locale, now.astimezone(self.zone).year)
        return words.get(str(value), str(value))

    def _instant(self, here: datetime, locale: str, year: int) -> str:
        written = locale if locale in self.instants else self.fallback
        form = self.instants[written] if here.year == year else self.of_other_years(written)
        return Template(form).substitute(_instant_parts(here))

    def of_other_years(self, locale: str) -> str:
        """Return the form of a time in another year than the current one."""
        return self.instants_of_other_years.get(locale, self.instants[locale])


def _instant_parts(here: datetime) -> Mapping[str, object]:
    return {"month": here.month, "day": here.day, "hour": f"{here:%H}", "minute": f"{here:%M}", "year": here.year}


def placeholders(text: str) -> set[str]:
    """Return the placeholders of a text. Raises ValueError for a stray ``$``."""
    template = Template(text)
    if not template.is_valid():
        raise ValueError("a stray $: write $$")
    return set(template.get_identifiers())
