"""What the notify service says about the notices it sent. No address ever travels here."""

from contracts import fields
from contracts.envelope import EventSchema


class _Notice(EventSchema):
    notice = fields.ident("notice's id")
    audience = fields.ident("resident or the responder's id")
    template = fields.ident("template that was used")
    locale = fields.ident("language it was told in")


class NotificationSent(_Notice):
    """Handed to the channel."""

    type = "notification.sent.v1"
    producer = "notify"

    channel = fields.ident("channel's name")
    attempt = fields.count("1 for the first")


class NotificationFailed(_Notice):
    """An attempt failed; there will be another."""

    type = "notification.failed.v1"
    producer = "notify"

    channel = fields.ident("channel's name")
    attempt = fields.count("1 for the first")
    reason = fields.ident("the failure's code")


class NotificationExhausted(_Notice):
    """Every attempt failed: somebody must tell them another way."""

    type = "notification.exhausted.v1"
    producer = "notify"

    attempts = fields.count("how often it was tried")
    reason = fields.ident("the last failure's code")
