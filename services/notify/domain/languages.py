"""The choice of a text's language for a recipient: RFC 4647 lookup on BCP 47 tags.

A language that is there in another script alone serves as well as may be, and that is recorded: who reads Kazakh in Arabic
script need not read it in Cyrillic.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from contracts.codes import FallbackReason

if TYPE_CHECKING:
    from langcodes import Language

OTHER, TWO_LETTERS = "other", 2


@dataclass(frozen=True)
class Match:
    """The chosen language. ``reason`` says why it is not the requested one; None where it serves."""

    locale: str
    reason: FallbackReason | None = None


def is_tag(text: str) -> bool:
    """Return whether a text is a language tag by BCP 47."""
    return _parsed(text) is not None


def best_match(asked: str | None, available: Collection[str], default: str) -> Match:
    """Return the best of the available languages, or the default, which need not be requested."""
    if not asked:
        return Match(default)
    return _best_match(asked, tuple(sorted(available)), default)


@lru_cache(1024)
def _best_match(asked: str, available: tuple[str, ...], default: str) -> Match:
    wanted = _parsed(asked)
    if wanted is None:
        return Match(default, FallbackReason.NOT_A_TAG)
    by_tag = {_parsed(one).to_tag() if _parsed(one) else one: one for one in available}  # type: ignore[union-attr]
    found = [by_tag[tag] for tag in _ever_shorter(wanted) if tag in by_tag]
    alike = [one for one in available if _language(one) == _language(asked) and one not in found]
    for one in (*found, *alike):
        if _script(one) == _script(asked):
            return Match(one)
    if found or alike:
        return Match((*found, *alike)[0], FallbackReason.OTHER_SCRIPT)
    return Match(default, FallbackReason.NO_TEXT)


def metric_label(asked: str | None) -> str:
    """Return the two-letter code of a language (ISO 639-1), or ``other``: a label takes no text that a sender chose."""
    wanted = _parsed(asked) if asked else None
    code = wanted.prefer_macrolanguage().language if wanted else None
    return code if code is not None and len(code) == TWO_LETTERS and wanted is not None and wanted.is_valid() else OTHER


def _ever_shorter(wanted: Language) -> Iterator[str]:
    """Yield the tag itself and each shorter one: zh-Hant-TW, zh-Hant, zh (RFC 4647, 3.4)."""
    for tag in dict.fromkeys((wanted.to_tag(), wanted.prefer_macrolanguage().to_tag())):
        parts = tag.split("-")
        while parts:
            yield "-".join(parts)
            parts.pop()
            if parts and len(parts[-1]) == 1:  # a singleton introduces what was just removed
                parts.pop()


@lru_cache(1024)
def _parsed(text: str) -> Language | None:
    from langcodes import Language
    from langcodes.tag_parser import LanguageTagError

    try:
        found = Language.get(text)
    except LanguageTagError:
        return None
    return found if found.language else None


def _language(text: str) -> str | None:
    found = _parsed(text)
    return found.prefer_macrolanguage().language if found else None


def _script(text: str) -> str | None:
    found = _parsed(text)
    return found.maximize().script if found else None
