"""How a text is made to fit a channel."""

import re

_LINK = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.ASCII | re.IGNORECASE)
_CUT = "…"


def fit(text: str, size: int) -> str:
    """The text in at most ``size`` (at least 1) characters: what is too long ends in an ellipsis.

    The first link that fits at all is kept, whole and apart from the words, even where they have to give way. No other link
    is cut: it is there whole or not at all.
    """
    if len(text) <= size:
        return text
    link = next((found for found in _LINK.finditer(text) if len(found[0]) <= size), None)
    if link is None or link.end() < size - 1:
        return _head(text, size - 1) + _CUT
    room = size - len(link[0]) - len(_CUT) - 1
    if room < 1:
        return link[0]
    return f"{_head(text[: link.start()], room)}{_CUT} {link[0]}"


def _head(text: str, size: int) -> str:
    """The first characters; a link that would be cut, or end where the ellipsis begins, is left out."""
    return text[: next((found.start() for found in _LINK.finditer(text) if found.start() < size <= found.end()), size)]
