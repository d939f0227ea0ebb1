"""Untrusted text made safe to display: no invisible character in it changes how it, or the text next to it, looks.

Stores hold the original. Every view for a person (a notice, an HTTP view, a list in a terminal) passes the text through this
module. A bidirectional control can reverse the order in which a line is displayed (Trojan Source, CVE-2021-42574), and tag
characters can carry words that nobody sees.
"""

import json

import regex

_LINE_BREAK = regex.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = regex.compile(
    r"(?V1)["
    r"[\p{Cc}--[\n\t]]"  # C0 and C1 controls
    r"\p{Bidi_Control}"  # U+061C, U+200E, U+200F, U+202A-202E, U+2066-2069
    # characters without a glyph: zero-width spaces, U+FEFF, soft hyphens, fillers, tag characters, …; but a joiner shapes emoji
    # and several scripts, and a variation selector chooses the form of the character before it
    r"[\p{Default_Ignorable_Code_Point}--[\u200c\u200d\p{Variation_Selector}]]"
    r"\p{Cs}\p{Noncharacter_Code_Point}"
    r"\ufff9-\ufffb"  # interlinear annotation
    r"]"
)


_DOT_OF_A_NAME = regex.compile(r"(?<=[\w-])\.(?=[^\W\d_]{2})")
_IPV4 = regex.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")


def visible_text(text: str) -> str:
    """Return the text without bidirectional and other invisible controls; every kind of line break becomes ``\\n``."""
    return _INVISIBLE.sub("", _LINE_BREAK.sub("\n", text))


def visible_line(text: str) -> str:
    """Return the text of `visible_text` on one line: runs of white space become one space."""
    return " ".join(visible_text(text).split())


def without_links(text: str) -> str:
    """Return the text with the marks of web, mail and IPv4 addresses in full width, so that viewers make no links of them.

    Every character stays one character.
    """
    named = _DOT_OF_A_NAME.sub("．", text.replace("://", "：//"))
    return _IPV4.sub(lambda number: number[0].replace(".", "．"), named)


def escaped_line(line: str) -> str:
    """Return the line with unprintable characters escaped as in JSON, so that a terminal shows them."""
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in line)


def escaped_lines(text: str) -> str:
    """Return a text of several lines, each as `escaped_line` returns it."""
    return "\n".join(map(escaped_line, text.split("\n")))
