"""The notify service: addresses, templates in the recipient's language, and delivery. It never changes a ticket."""
