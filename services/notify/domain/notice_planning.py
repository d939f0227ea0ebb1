"""A notice rule: the event, its recipients, the template with its values and link, and the events that make it obsolete.

The table of all rules is `services.notify.domain.notice_rules`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.codes import LinkPurpose
from contracts.payload import EventPayload
from services.notify.domain.superseder import Superseder

RESIDENT, RESPONDENT, DUTY = "resident", "respondent", "duty"
PARTIES = (RESIDENT, RESPONDENT)
"""The reporter and the respondent: people, told by the ticket's contact."""
DATA = "data:"
"""The prefix of an audience that stands in a field of the payload; the name of the field follows."""


@dataclass(frozen=True)
class Rule:
    """One line of the table.

    ``to`` names whom: the first that there is of `RESIDENT`, `RESPONDENT`, `DUTY` or ``data:<field>`` (an id, or a list of
    ids). ``variant`` is a field whose value is added to the template's name. ``when`` are the values a field must have,
    ``unless`` those it may not; None stands for a field that is not there. ``values`` are the event's fields that the text may
    name.
    """

    event: type[EventPayload]
    to: tuple[str, ...]
    template: str
    variant: str | None = None
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    unless: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    link: LinkPurpose | None = None
    matter: bool = False
    """The text contains the matter and its address: for responders alone."""
    followers: bool = False
    """Reporters whose tickets were merged into this one are told too."""
    asks: bool = False
    """The notice asks one person: a follower with the link for it, if the ticket's own reporter cannot be told."""
    obsolete_after: tuple[Superseder, ...] = field(kw_only=True)
    """The later events that make a waiting notice obsolete. A notice without any is always sent."""
    case_clock_over: tuple[Superseder, ...] = ()
    """Further ones for a deadline of the whole case, as opposed to one assignment's."""
    urgent: bool = False
    """Urgent whatever the ticket's urgency: it ignores quiet hours, and has the text in the fallback language too."""

    def __post_init__(self) -> None:
        if unknown := self.fields() - self.event.field_names():
            raise TypeError(f"{self.template}: {self.event.type} has no field {', '.join(sorted(unknown))}")

    def fields(self) -> frozenset[str]:
        """Return every field of the event that the rule names."""
        named = (word.removeprefix(DATA) for word in self.to if word.startswith(DATA))
        return frozenset((*named, *self.when, *self.unless, *self.values, *filter(None, (self.variant,))))

    def templates(self) -> tuple[str, ...]:
        """Return the templates it can use: one for each code of the variant's field."""
        if self.variant is None:
            return (self.template,)
        return tuple(f"{self.template}_{code.value}" for code in self.event.codes_of(self.variant))

    def placeholders(self) -> frozenset[str]:
        """Return the placeholders that the text may use."""
        more = ("matter", "address") if self.matter else ()
        return frozenset((self.event.about, *self.values, *more, *(("link",) if self.link else ())))

    def subject_placeholders(self) -> frozenset[str]:
        """Return the placeholders of the subject line: the id that the event is about, and nothing private or foreign."""
        return frozenset((self.event.about,))

    @property
    def of_ticket(self) -> bool:
        """Return whether the event is about a ticket. The ledger's findings are about any source's subject."""
        return self.event.about == "ticket"

    def matches(self, payload: EventPayload) -> bool:
        """Return whether the rule applies to an event."""
        said = payload.by_name()
        return all(said[name] in wanted for name, wanted in self.when.items()) and not any(
            said[name] in refused for name, refused in self.unless.items()
        )

    def template_for(self, payload: EventPayload) -> str:
        """Return the template's name for an event."""
        return self.template if self.variant is None else f"{self.template}_{payload.by_name()[self.variant]}"

    def audiences(self, payload: EventPayload) -> tuple[str, ...]:
        """Return the audiences of an event, each once."""
        for word in self.to:
            found = payload.by_name()[word.removeprefix(DATA)] if word.startswith(DATA) else word
            if found:
                return tuple(dict.fromkeys(found)) if isinstance(found, list | tuple) else (str(found),)
        return ()


@dataclass(frozen=True)
class PlannedNotice:
    """A notice to be written: the audience, the template and the rule."""

    audience: str
    template: str
    rule: Rule
