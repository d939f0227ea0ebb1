"""The URL schemes of our own webhooks, named here so that the sender need not import apprise to know them."""

WEBHOOK, SECURE_WEBHOOK = "webhook", "webhooks"
