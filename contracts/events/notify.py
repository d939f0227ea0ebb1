"""What the notify service says about the notices it sent. No address ever travels here.

A notice ends delivered, or sent for the last time (``final``), or exhausted, or cancelled before it was sent.
"""

from contracts import codes, fields
from contracts.envelope import EventSchema


class _Notice(EventSchema):
    about = "subject"

    notice = fields.ident("notice's id")
    audience = fields.ident("resident, respondent, duty or the responder's id")
    template = fields.ident("template that was used")
    locale = fields.ident("language it was told in")
    asked = fields.ident("language that the recipient wants, where it is known", optional=True)
    fell_back = fields.flag("it was not told in the language, or not in the script, that was asked for", optional=True)
    fallback_reason = fields.code(codes.FallbackReason, "why not", optional=True)


class NotificationSent(_Notice):
    """Handed to the channel."""

    type = "notification.sent.v1"
    producer = "notify"

    channel = fields.ident("channel's name")
    attempt = fields.count("1 for the first")
    final = fields.flag("the channel gives no receipts: this is the end, and nobody will know more", optional=True)


class NotificationDelivered(_Notice):
    """The channel says that it arrived."""

    type = "notification.delivered.v1"
    producer = "notify"

    channel = fields.ident("the channel that says so")
    attempts = fields.count("how often it was tried, on every channel together")


class NotificationFailed(_Notice):
    """An attempt failed, or the channel says that it did not arrive, or says nothing; there will be another attempt."""

    type = "notification.failed.v1"
    producer = "notify"

    channel = fields.ident("channel's name")
    attempt = fields.count("1 for the first")
    reason = fields.ident("the failure's code")
    next_channel = fields.ident("the channel it takes from now on: the recipient's next way", optional=True)


class NotificationCancelled(_Notice):
    """The notice was still waiting and is not sent any more: a later event made it pointless."""

    type = "notification.cancelled.v1"
    producer = "notify"

    reason = fields.code(codes.CancelReason, "why")
    superseded_by = fields.ident("id of the event that made it pointless")
    attempts = fields.count("how often it was tried before; the end of an attempt may be unknown")


class NotificationExhausted(_Notice):
    """Every attempt on every way failed: somebody must tell them otherwise."""

    type = "notification.exhausted.v1"
    producer = "notify"

    attempts = fields.count("how often it was tried, on every channel together")
    reason = fields.ident("the last failure's code")
