"""Telling people: addresses, templates in their language, delivery state. It never changes a ticket."""
