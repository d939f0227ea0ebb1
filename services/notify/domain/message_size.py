"""The limits of messages, in the units in which channels count them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """The unit in which a channel measures a message."""

    CHARACTERS = "characters"
    """Unicode code points."""
    UTF8_BYTES = "utf8_bytes"
    UTF16_UNITS = "utf16_units"
    SMS_SEGMENTS = "sms_segments"
    """The short messages into which a longer one is divided."""


# 3GPP TS 23.038, 6.2.1: the default alphabet, and the extension table, whose characters take two places
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM_ALONE, _GSM_JOINED = 160, 153
"""Septets of a single short message, and of a part of a longer one (TS 23.040, 9.2.3.24.1)."""
_UCS2_ALONE, _UCS2_JOINED = 70, 67


@dataclass(frozen=True)
class Limit:
    """A message may have at most ``size`` of a unit."""

    size: int
    unit: Unit = Unit.CHARACTERS

    def allows(self, text: str) -> bool:
        """Return whether a text is short enough."""
        return measure(text, self.unit) <= self.size


def measure(text: str, unit: Unit) -> int:
    """Return the length of a text in a unit. A further character never makes it shorter."""
    if unit is Unit.UTF8_BYTES:
        return len(text.encode())
    if unit is Unit.UTF16_UNITS:
        return sum(_utf16(text))
    return segments(text) if unit is Unit.SMS_SEGMENTS else len(text)


def is_gsm(text: str) -> bool:
    """Return whether a short message can encode the text in the default alphabet: 160 places instead of 70."""
    return all(letter in _GSM or letter in _GSM_EXTENSION for letter in text)


def segments(text: str) -> int:
    """Return how many short messages a text takes. No character is divided between two of them."""
    if is_gsm(text):
        return _segments([2 if letter in _GSM_EXTENSION else 1 for letter in text], _GSM_ALONE, _GSM_JOINED)
    return _segments(list(_utf16(text)), _UCS2_ALONE, _UCS2_JOINED)


def _utf16(text: str) -> Iterator[int]:
    return (2 if letter > "\uffff" else 1 for letter in text)


def _segments(lengths: list[int], alone: int, joined: int) -> int:
    if sum(lengths) <= alone:
        return 1
    full, used = 0, 0
    for length in lengths:
        if used + length > joined:
            full, used = full + 1, 0
        used += length
    return full + 1


_VENDORS = {
    # developer.work.weixin.qq.com/document/path/91770: content at most 2048 bytes in UTF-8
    "wecombot": Limit(2048, Unit.UTF8_BYTES),
    # open.dingtalk.com/document/orgapp/custom-robot-access: a message at most 20,000 bytes
    "dingtalk": Limit(18_000, Unit.UTF8_BYTES),
    # open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: a request at most 20 KB; JSON takes 6 bytes for a UTF-16 unit
    "feishu": Limit(3_000, Unit.UTF16_UNITS),
    "lark": Limit(3_000, Unit.UTF16_UNITS),
    # core.telegram.org/bots/api#sendmessage: 4096 characters, counted as UTF-16 (core.telegram.org/api/entities)
    "tgram": Limit(4096, Unit.UTF16_UNITS),
    # discord.com/developers/docs/resources/message: content at most 2000 characters
    "discord": Limit(2000, Unit.CHARACTERS),
}


def vendor_limit(scheme: str) -> Limit | None:
    """Return the limit that a vendor documents for an apprise scheme, if known. The channel's own limit holds as well."""
    return _VENDORS.get(scheme)
