"""The contact and the matter of a ticket. Private: it leaves notify's store only inside notices."""

from dataclasses import dataclass, field

from contracts.codes import Urgency
from contracts.events.tickets import ContactRecorded, Respondent
from services.notify.domain.superseder_search import Fact


@dataclass
class Person:
    """A person. Only one with a telephone number can be told. ``links`` are signed tokens by purpose."""

    name: str | None = None
    phone: str | None = None
    locale: str | None = None
    links: dict[str, str] = field(default_factory=dict)


@dataclass
class Contact:
    """Notify's knowledge of a ticket. Several queues fill it, so each part may be missing for a while.

    ``reporter`` is None until the contact was recorded, also of somebody who gave no number; ``respondent`` is the other party
    of a dispute, where somebody named it. ``follows`` is the ticket that this one was merged into, as the contact says: from
    then on the reporter's links are for that one. ``followers`` are the tickets that were merged into this one. ``urgency`` is
    the highest it had. ``heard`` is the number of the newest contact: an older one that comes late says nothing.
    """

    id: str
    reporter: Person | None = None
    respondent: Person | None = None
    follows: str | None = None
    followers: list[str] = field(default_factory=list)
    text: str | None = None
    address: str | None = None
    urgency: Urgency | None = None
    heard: int = 0
    links_of: str | None = None
    """The ticket that the reporter's links are for, if it is neither this one nor the followed one."""
    merged: int = 0
    """The generation in which the ticket was merged last."""
    unmerged: int = 0
    """The generation in which it last left a survivor: an older merger, received late, changes nothing."""
    facts: list[Fact] = field(default_factory=list)
    """The newest of each superseding event: a notice that is written late is compared with them, too."""

    def recorded(self, said: ContactRecorded, number: int) -> None:
        """Take over `contact.recorded`. ``number`` is its sequence among the ticket's private events."""
        if number < self.heard:
            return
        self.heard = number
        self.reporter, self.follows, self.links_of = _person(said), said.follows, said.links_of
        self.respondent = _person(said.respondent) if said.respondent else None

    def raise_urgency(self, urgency: Urgency) -> None:
        """Take the initial or the raised urgency. Nobody lowers it, so the highest is the newest."""
        self.urgency = min(self.urgency or urgency, urgency)

    def add_fact(self, fact: Fact) -> None:
        """Keep a fact in place of an older one of its kind."""
        known = next((one for one in self.facts if (one.type, one.values) == (fact.type, fact.values)), None)
        if known is None or known.sequence < fact.sequence:
            self.facts = [*(one for one in self.facts if one is not known), fact]

    def add_followers(self, *tickets: str) -> None:
        """Add tickets whose reporters follow this one."""
        self.followers += [one for one in dict.fromkeys(tickets) if one != self.id and one not in self.followers]

    def remove_followers(self, *tickets: str) -> None:
        """Remove tickets whose reporters no longer follow this one."""
        self.followers = [one for one in self.followers if one not in tickets]


def _person(said: ContactRecorded | Respondent) -> Person:
    links = {purpose: token for purpose, token in said.links.by_name().items() if token} if said.links else {}
    return Person(said.name, said.phone, said.locale, links)
