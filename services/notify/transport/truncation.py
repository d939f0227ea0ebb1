"""Fitting a text to a channel: within its limits, and without markup made by somebody else's words.

What does not fit is cut at grapheme clusters (Unicode UAX #29), so that no emoji and no combined letter is cut in two. The
matter is shortened first, then our words; address and link are there whole, or the text cannot go by this channel.
"""

from collections.abc import Callable, Sequence

import regex

from services.notify.domain.message import FOREIGN, WHOLE, Part, PartKind
from services.notify.domain.message_size import Limit, Unit, is_gsm

_CLUSTER = regex.compile(r"\X")
_FULL_WIDTH = str.maketrans("<>[]*_`~#@|\\", "＜＞［］＊＿｀～＃＠｜＼")
"""The characters that begin markup in Markdown, HTML and chat services, mentions too; in full width they are plain."""


def neutralize_markup(text: str) -> str:
    """Return the text so that no channel finds markup in it. Every character stays one character."""
    return text.translate(_FULL_WIDTH)


def fit_text(parts: Sequence[Part], limits: Sequence[Limit], renders_markup: bool = False) -> str | None:
    """Return the text within every limit; None where address and link alone exceed one.

    ``renders_markup``: the channel takes markup in the text for its own.
    """
    shown = [
        Part(part.kind, neutralize_markup(part.text) if renders_markup and part.kind in FOREIGN else part.text)
        for part in parts
    ]
    whole = "".join(part.text for part in shown)
    if _fits(whole, limits):
        return whole
    cut = "..." if any(limit.unit is Unit.SMS_SEGMENTS for limit in limits) and is_gsm(whole) else "…"
    composer = _Composer(shown, cut)
    return (
        _longest_that_fits(composer.with_matter, composer.longest_matter, limits)
        or _longest_that_fits(composer.with_words, composer.all_words, limits)
        or None
    )


class _Composer:
    """Makes shorter texts of the same parts."""

    def __init__(self, parts: Sequence[Part], cut: str):
        self.parts = [(part, _CLUSTER.findall(part.text)) for part in parts]
        self.cut = cut
        self.longest_matter = max((len(clusters) for part, clusters in self.parts if part.kind is PartKind.MATTER), default=0)
        self.all_words = sum(len(clusters) for part, clusters in self.parts if part.kind in _WORDS)

    def with_matter(self, kept: int) -> str:
        """Return the text with so many grapheme clusters of the matter, wherever it stands."""
        return "".join(
            self._head(clusters, kept) if part.kind is PartKind.MATTER and kept < len(clusters) else part.text
            for part, clusters in self.parts
        )

    def with_words(self, kept: int) -> str:
        """Return the text without the matter, with so many clusters of the words, and with address and link once."""
        text, left, told = "", kept, set[str]()
        for part, clusters in self.parts:
            if part.kind in _WORDS and left:
                text += self._head(clusters, left) if left <= len(clusters) else part.text
                left -= min(left, len(clusters))
            elif part.kind in WHOLE and part.text not in told:
                told.add(part.text)
                apart = text and not left and not text[-1].isspace()
                text += f"{' ' * bool(apart)}{part.text}"
        return text

    def _head(self, clusters: Sequence[str], kept: int) -> str:
        while kept and clusters[kept - 1].isspace():
            kept -= 1
        return "".join(clusters[:kept]) + self.cut


_WORDS = frozenset({PartKind.WORDS, PartKind.VALUE})


def _longest_that_fits(made: Callable[[int], str], most: int, limits: Sequence[Limit]) -> str | None:
    """Return the longest text that fits, by bisection: fewer clusters are never longer. None where ``made(0)`` does not fit."""
    if not _fits(made(0), limits):
        return None
    fits, exceeds = 0, most + 1
    while exceeds - fits > 1:
        middle = (fits + exceeds) // 2
        if _fits(made(middle), limits):
            fits = middle
        else:
            exceeds = middle
    return made(fits)


def _fits(text: str, limits: Sequence[Limit]) -> bool:
    return all(limit.allows(text) for limit in limits)
