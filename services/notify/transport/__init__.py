"""Sending: one attempt to deliver one notice by its channel. Nothing here touches the store."""
