"""Whom to tell about a ticket, and what it is about. Private: it never leaves notify's store but as a notice."""

from dataclasses import dataclass, field


@dataclass
class Contact:
    """What notify knows of a ticket. It is filled from several queues, so each part may be missing for a while.

    ``followers`` are the tickets that were merged into this one.
    """

    id: str
    name: str | None = None
    phone: str | None = None
    locale: str | None = None
    links: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    address: str | None = None
    contact_known: bool = False
    followers: list[str] = field(default_factory=list)
