"""Announcements of the services' highest sequence numbers, by which the ledger detects the loss of the last events.

No later number reveals such a loss. Each source has its own type, since a type has one producer. The ledger announces nothing:
nobody records its events, and each of its checkpoints is numbered.
"""

from contracts import fields
from contracts.payload import EventPayload, Part

MOST = 200
"""The most subjects in one announcement."""


class Reached(Part):
    """The highest sequence number of a source about a subject."""

    subject: str = fields.ident("what they are about")
    last: int = fields.count("the highest number so far")


class Announcement(EventPayload):
    about = "source"

    reached: list[Reached] = fields.parts(
        Reached, "the subjects that something was said about since the last announcement", most=MOST
    )


class TicketsSequencesAnnounced(Announcement):
    """The highest sequence numbers of tickets."""

    type = "tickets_sequences.announced.v1"
    producer = "tickets"
    identity = ("reached",)


class DispatchSequencesAnnounced(Announcement):
    """The highest sequence numbers of dispatch."""

    type = "dispatch_sequences.announced.v1"
    producer = "dispatch"
    identity = ("reached",)


class NotifySequencesAnnounced(Announcement):
    """The highest sequence numbers of notify."""

    type = "notify_sequences.announced.v1"
    producer = "notify"
    identity = ("reached",)


BY_SOURCE: dict[str, type[Announcement]] = {
    f"/{schema.producer}": schema
    for schema in (TicketsSequencesAnnounced, DispatchSequencesAnnounced, NotifySequencesAnnounced)
}
"""The announcement type of each source that announces."""

ANNOUNCEMENTS = frozenset(schema.type for schema in BY_SOURCE.values())
