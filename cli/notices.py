"""Was everybody told who is to be told, and once? The part of `whistle reconcile` that asks notify."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from chassis.persistence.tables import APPLIED
from cli.books import Books, Said, Taken, Told, subscribers
from contracts.events.tickets import ContactRecorded
from services.notify.domain.notice import NoticeState
from services.notify.domain.rules import PARTIES, RESIDENT, RESPONDENT, RULES, tellings

TOLD = frozenset(
    {"notification.sent.v1", "notification.delivered.v1", "notification.exhausted.v1", "notification.cancelled.v1"}
)
"""One of these is said of every notice that is not still to be sent."""
_RULED = frozenset(rule.event.type for rule in RULES)
PRIVATE = "/tickets/private"
"""Where it is said who can be reached."""

Wanted = tuple[str, str]
"""An event's id and who is to be told of it."""


@dataclass
class Notices:
    """What is wrong with notices, in sentences. ``unsettled`` is still to be sent."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)


def check_notices(books: Books) -> Notices:
    """Everybody who is to be told of an event has exactly one notice of it, which is sent, once, or still to be sent."""
    found = Notices()
    _compare_with_events(books, found)
    _compare_with_what_was_told(books, found)
    return found


def _compare_with_events(books: Books, found: Notices) -> None:
    wanted, unknown = _wanted(books)
    there: Counter[Wanted] = Counter()
    for id_, notice in books.notices.items():
        cause = id_[:36]
        # who follows a merged ticket is told beside: that is not counted
        if f"-{RESIDENT}-" not in id_ and (cause in books.by_id or not _forgotten(books, notice.ticket)):
            there[cause, notice.audience] += 1
    for cause, audience in sorted((wanted - there).keys() - unknown):
        found.lost.append(f"notice to {audience} of {books.by_id[cause]}: not there")
    for cause, audience in sorted((there - wanted).keys() - unknown):
        found.doubled.append(f"notice to {audience} of {books.by_id.get(cause, cause)}: told without need")


def _wanted(books: Books) -> tuple[Counter[Wanted], set[Wanted]]:
    """Who is to be told of what; and of whom nobody can say, since what it depends on may have been removed."""
    reachable, wanted, unknown = set(_reachable(books)), Counter[Wanted](), set[Wanted]()
    for said in books.said:
        taken = _taken(books, said)
        for audience in _audiences(said) if taken is not False else ():
            party = audience in PARTIES
            if taken is None or (party and books.may_have_said(PRIVATE, said.subject, 1)):
                unknown.add((said.id, audience))
            elif not party or (said.subject, audience) in reachable:
                wanted[said.id, audience] += 1
    return wanted, unknown


def _audiences(said: Said) -> set[str]:
    """Return the audiences that notify's rules tell of an event. Only an event that some rule names is read."""
    return {one.audience for one in tellings(said.payload)} if said.type in _RULED else set()


def _reachable(books: Books) -> Iterator[tuple[str, str]]:
    """Ticket and party of everybody who left a phone number."""
    for said in books.said:
        contact = said.payload if said.type == ContactRecorded.type else None
        if isinstance(contact, ContactRecorded):
            for audience, person in ((RESIDENT, contact), (RESPONDENT, contact.respondent)):
                if person and person.phone:
                    yield said.subject, audience


def _taken(books: Books, said: Said) -> bool | None:
    """Whether notify took an event; None where nobody can say."""
    handlers = [handler for service, handler in subscribers().get(said.type, ()) if service == "notify"]
    states = [books.taken.get(Taken("notify", handler, said.source, said.id)) for handler in handlers]
    if APPLIED in states:
        return True
    return None if None in states and books.may_have_taken("notify", said.at) else False


def _compare_with_what_was_told(books: Books, found: Notices) -> None:
    told = {said.data["notice"] for said in books.said if said.type in TOLD}
    for id_, notice in sorted(books.notices.items()):
        if notice.state in {NoticeState.HELD, NoticeState.DUE, NoticeState.SENDING}:
            if id_ in books.armed:
                found.unsettled.append(f"notice {id_}: {notice.state}, armed")
            else:
                found.lost.append(f"notice {id_}: {notice.state}, and nothing is armed")
        elif id_ not in told and not _told_long_ago(books, notice):
            found.lost.append(f"notice {id_} is {notice.state}, but nothing was said of it")
    for id_ in sorted(told - books.notices.keys()):
        found.lost.append(f"notice {id_} was told, but it is not there")


def _told_long_ago(books: Books, notice: Told) -> bool:
    """Whether what notify said of it may have been removed."""
    return books.may_have_said("/notify", notice.ticket, 1)


def _forgotten(books: Books, subject: str) -> bool:
    """Whether anything said about a subject was removed."""
    return any(about == subject for _, about in books.removed)
