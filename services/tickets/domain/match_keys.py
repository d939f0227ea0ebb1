"""The keys by which tickets without coordinates are compared: digests, so that the store reveals no address or telephone
number.

Two keys are equal where the same was said about the same place, written however it was. A key is private all the same: who
knows the deployment's salt can try every telephone number.
"""

import hashlib
import hmac
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from contracts.contact_points import comparable, is_personal

_SEPARATOR = "-"
_VARIATION_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
"""Characters that choose a glyph of the character before them; Unicode counts them as marks."""


@dataclass(frozen=True, slots=True)
class MatchKeys:
    """The maker of a deployment's keys.

    ``salt`` is its secret: with another one, no new ticket has a key of an old one. ``region`` is the ISO 3166 code of the
    country of telephone numbers without a country code. ``shared`` are normalised contact points that many people report from.
    """

    salt: bytes
    region: str
    shared: frozenset[str] = frozenset()

    def address(self, area: str, address: str | None) -> str | None:
        """Return the key of an address in ``area``, an estate's code or an area's; None where there is nothing to compare."""
        said = comparable_address(address or "")
        return self._digest("address", area, said) if said else None

    def reporter(self, area: str, contact: str | None) -> str | None:
        """Return the key of who reports from ``area``, by telephone number or e-mail address.

        None for no contact point, an unusable one, and one that stands for many people: a short code, a number without its
        area code, a service number, or one of ``shared``. One person has another key in another area.
        """
        said = comparable(contact, self.region)
        if said is None or said in self.shared or not is_personal(said):
            return None
        return self._digest("reporter", area, said)

    def _digest(self, purpose: str, area: str, said: str) -> str:
        """Return HMAC-SHA256 in hexadecimal. The purpose is in the message: no key of one kind equals one of another."""
        message = json.dumps([purpose, area, said], ensure_ascii=False)
        return hmac.new(self.salt, message.encode(), hashlib.sha256).hexdigest()


def comparable_address(text: str) -> str:
    """Return the form in which two addresses are compared; empty where ``text`` has neither a letter nor a digit.

    NFKC and case folding; white space, punctuation and invisible characters are left out, but that what separates two numbers
    becomes a hyphen: 1-12 is another door than 11-2. Doing it again changes nothing.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    parts = ["".join(run) for is_said, run in groupby(_digits_folded(folded), _is_said) if is_said]
    return unicodedata.normalize("NFKC", "".join(_joined(parts)))


def _digits_folded(text: str) -> Iterator[str]:
    """Yield the text with digits of other scripts as 0 to 9, without variation selectors and format characters."""
    for character in text:
        if unicodedata.category(character) != "Cf" and not any(ord(character) in few for few in _VARIATION_SELECTORS):
            yield str(unicodedata.decimal(character, character))


def _is_said(character: str) -> bool:
    """Return whether a character counts in a comparison: letters, marks and numbers do."""
    return unicodedata.category(character)[0] in "LMN"


def _joined(parts: list[str]) -> Iterator[str]:
    before = ""
    for part in parts:
        if before[-1:].isdecimal() and part[0].isdecimal():
            yield _SEPARATOR
        yield part
        before = part
