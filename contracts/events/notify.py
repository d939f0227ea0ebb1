"""What the notify service says about the notices it sent. No address ever travels here.

A notice ends delivered, or sent for the last time (``final``), or exhausted, or cancelled before it was sent.
"""

from contracts import codes, fields
from contracts.payload import EventPayload


class AboutNotice(EventPayload):
    """Base of what is said about one notice."""

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
    """Handed to the channel."""

    type = "notification.sent.v1"
    producer = "notify"
    identity = ("notice", "attempt")

    channel: str = fields.ident("channel's name")
    attempt: int = fields.count("1 for the first")
    final: bool | None = fields.flag("the channel gives no receipts: this is the end, and nobody will know more", default=None)


class NotificationDelivered(AboutNotice):
    """The channel says that it arrived."""

    type = "notification.delivered.v1"
    producer = "notify"
    identity = ("notice",)

    channel: str = fields.ident("the channel that says so")
    attempts: int = fields.count("how often it was tried, on every channel together")


class NotificationFailed(AboutNotice):
    """An attempt failed, or the channel says that it did not arrive, or says nothing; there will be another attempt."""

    type = "notification.failed.v1"
    producer = "notify"
    identity = ("notice", "attempt", "reason")

    channel: str = fields.ident("channel's name")
    attempt: int = fields.count("1 for the first")
    reason: str = fields.ident("the failure's code")
    next_channel: str | None = fields.ident("the channel it takes from now on: the recipient's next way", default=None)


class NotificationCancelled(AboutNotice):
    """The notice was still waiting and is not sent any more: a later event made it pointless."""

    type = "notification.cancelled.v1"
    producer = "notify"
    identity = ("notice",)

    reason: codes.CancelReason = fields.code(codes.CancelReason, "why")
    superseded_by: str = fields.ident("id of the event that made it pointless")
    attempts: int = fields.count("how often it was tried before; the end of an attempt may be unknown")


class NotificationExhausted(AboutNotice):
    """Every attempt on every way failed: somebody must tell them otherwise."""

    type = "notification.exhausted.v1"
    producer = "notify"
    identity = ("notice",)

    attempts: int = fields.count("how often it was tried, on every channel together")
    reason: str = fields.ident("the last failure's code")
