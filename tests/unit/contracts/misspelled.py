"""What mypy must refuse. Each comment names the error that is expected: `make lint` fails where one of them is none any more.

Nothing runs this module. The strict mode of mypy reports a comment that ignores nothing.
"""

from chassis.effects import DomainEvent
from chassis.handler_context import HandlerContext
from chassis.runtime.nameko import on
from contracts.envelope import Event
from contracts.events import tickets
from contracts.events.intake import Location, WhistleBlown
from contracts.payload import EventPayload


class Service:
    """Handlers, each with one mistake."""

    @on(tickets.TicketClosed)
    def reads_a_misspelled_field(self, event: Event[tickets.TicketClosed], ctx: HandlerContext) -> None:
        """`closure` is meant."""
        print(event.payload.closer)  # type: ignore[attr-defined]

    @on(tickets.TicketClosed)  # type: ignore[arg-type]
    def takes_the_payload_of_another_event(self, event: Event[tickets.TicketOpened], ctx: HandlerContext) -> None:
        """It would read fields that are not there."""

    @on(tickets.TicketClosed, tickets.TicketReopened)
    def reads_what_one_of_two_lacks(
        self, event: Event[tickets.TicketClosed | tickets.TicketReopened], ctx: HandlerContext
    ) -> None:
        """Only `ticket.closed` has it."""
        print(event.payload.closure)  # type: ignore[union-attr]

    @on(tickets.TicketClosed)
    def reads_by_name(self, event: Event[tickets.TicketClosed], ctx: HandlerContext) -> None:
        """A payload is no mapping."""
        print(event.payload["closure"])  # type: ignore[index]

    def reads_from_any_event(self, event: Event) -> None:
        """Whoever takes any event must ask first which one it is."""
        print(event.payload.closure)  # type: ignore[attr-defined]


def writes() -> list[EventPayload]:
    """Payloads, each with one mistake."""
    return [
        tickets.TicketMerged(inot="T2"),  # type: ignore[call-arg]
        tickets.TicketReopened(),  # type: ignore[call-arg]
        tickets.TicketReopened(generation="1"),  # type: ignore[arg-type]
        tickets.TicketUnattended(300),  # type: ignore[call-arg]
    ]


def changes(blown: WhistleBlown) -> DomainEvent:
    """Nobody changes what was said."""
    blown.text = "other"  # type: ignore[misc]
    return DomainEvent(blown)  # type: ignore[call-arg]


def reads_a_part_that_may_be_missing(blown: WhistleBlown) -> float:
    """A part is optional, and its fields have types as well."""
    print(Location(lat="36.06", lon=103.83, system="GCJ-02"))  # type: ignore[arg-type]
    return blown.location.lat  # type: ignore[union-attr]
