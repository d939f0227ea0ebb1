"""What the services say about their own numbers, so that the ledger also sees a lost tail: no later number shows that one.

One type for each source, since a type has one producer. The ledger announces nothing: nobody records what it says, and each
of its checkpoints is numbered.
"""

from contracts import fields
from contracts.payload import EventPayload, Part

MOST = 200
"""How many subjects an announcement names at most."""


class Reached(Part):
    """How far a source's numbers about a subject go."""

    subject: str = fields.ident("what they are about")
    last: int = fields.count("the highest number so far")


class Announcement(EventPayload):
    about = "source"

    reached: list[Reached] = fields.parts(
        Reached, "the subjects that something was said about since the last announcement", most=MOST
    )


class TicketsSequencesAnnounced(Announcement):
    """How far the numbers of tickets go."""

    type = "tickets_sequences.announced.v1"
    producer = "tickets"
    identity = ("reached",)


class DispatchSequencesAnnounced(Announcement):
    """How far the numbers of dispatch go."""

    type = "dispatch_sequences.announced.v1"
    producer = "dispatch"
    identity = ("reached",)


class NotifySequencesAnnounced(Announcement):
    """How far the numbers of notify go."""

    type = "notify_sequences.announced.v1"
    producer = "notify"
    identity = ("reached",)


BY_SOURCE: dict[str, type[Announcement]] = {
    f"/{schema.producer}": schema
    for schema in (TicketsSequencesAnnounced, DispatchSequencesAnnounced, NotifySequencesAnnounced)
}
"""The announcement of each source that announces."""

ANNOUNCEMENTS = frozenset(schema.type for schema in BY_SOURCE.values())
