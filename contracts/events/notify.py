"""Events of the notify service about its notices. They never contain an address.

A notice ends delivered, or sent for the last time (``final``), or exhausted, or cancelled before it was sent.
"""

from contracts import codes, fields
from contracts.payload import EventPayload


class AboutNotice(EventPayload):
    """Base of the events about one notice."""

    about = "subject"

    notice: str = fields.ident("notice's id")
    audience: str = fields.ident("resident, respondent, duty or the responder's id")
    template: str = fields.ident("template that was used")
    locale: str = fields.ident("language it was told in")
    asked: str | None = fields.ident("language that the recipient wants, where it is known", default=None)
    fell_back: bool | None = fields.flag(
        "it was not told in the language, or not in the script, that was asked for", default=None
    )
    fallback_reason: codes.FallbackReason | None = fields.code(codes.FallbackReason, "why not", default=None)


class NotificationSent(AboutNotice):
    """The notice was handed to the channel."""

    type = "notification.sent.v1"
    producer = "notify"
    identity = ("notice", "attempt")

    channel: str = fields.ident("channel's name")
    attempt: int = fields.count("1 for the first")
    final: bool | None = fields.flag("the channel gives no receipts: this is the end, and nobody will know more", default=None)


class NotificationDelivered(AboutNotice):
    """The channel reports that the notice arrived."""

    type = "notification.delivered.v1"
    producer = "notify"
    identity = ("notice",)

    channel: str = fields.ident("the channel that says so")
    attempts: int = fields.count("how often it was tried, on every channel together")


class NotificationFailed(AboutNotice):
    """An attempt failed, or the channel reports a failed delivery or reports nothing; another attempt follows."""

    type = "notification.failed.v1"
    producer = "notify"
    identity = ("notice", "attempt", "reason")

    channel: str = fields.ident("channel's name")
    attempt: int = fields.count("1 for the first")
    reason: str = fields.ident("the failure's code")
    next_channel: str | None = fields.ident("the channel it takes from now on: the recipient's next way", default=None)


class NotificationCancelled(AboutNotice):
    """The waiting notice was cancelled: a later event made it pointless."""

    type = "notification.cancelled.v1"
    producer = "notify"
    identity = ("notice",)

    reason: codes.CancelReason = fields.code(codes.CancelReason, "why")
    superseded_by: str = fields.ident("id of the event that made it pointless")
    attempts: int = fields.count("how often it was tried before; the end of an attempt may be unknown")


class NotificationExhausted(AboutNotice):
    """Every attempt on every channel failed: somebody must inform the recipient in another way."""

    type = "notification.exhausted.v1"
    producer = "notify"
    identity = ("notice",)

    attempts: int = fields.count("how often it was tried, on every channel together")
    reason: str = fields.ident("the last failure's code")
