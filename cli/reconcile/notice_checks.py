"""The checks of notices: everybody who is to be told was told, once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from chassis.persistence.tables import APPLIED
from cli.reconcile.snapshot import InboxKey, NoticeRow, OutboxRow, StoreSnapshot, subscribers
from contracts.events.tickets import ContactRecorded
from services.notify.domain.notice import NoticeState
from services.notify.domain.notice_planning import PARTIES, RESIDENT, RESPONDENT
from services.notify.domain.notice_rules import RULES, planned_notices

TOLD = frozenset(
    {"notification.sent.v1", "notification.delivered.v1", "notification.exhausted.v1", "notification.cancelled.v1"}
)
"""The event types of which one is published for every notice that is not still to be sent."""
_RULED = frozenset(rule.event.type for rule in RULES)
PRIVATE = "/tickets/private"
"""The source of the contacts."""

Wanted = tuple[str, str]
"""An event's id, and the audience of the notice about it."""


@dataclass
class NoticeFindings:
    """The errors found in notices, in sentences. ``unsettled`` is still to be sent."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)


def check_notices(snapshot: StoreSnapshot) -> NoticeFindings:
    """Check that each audience of an event has exactly one notice of it, which is sent once or still to be sent."""
    found = NoticeFindings()
    _check_against_events(snapshot, found)
    _check_notice_states(snapshot, found)
    return found


def _check_against_events(snapshot: StoreSnapshot, found: NoticeFindings) -> None:
    wanted, unknown = _wanted(snapshot)
    there: Counter[Wanted] = Counter()
    for id_, notice in snapshot.notices.items():
        cause = id_[:36]
        # who follows a merged ticket is told beside: that is not counted
        if f"-{RESIDENT}-" not in id_ and (cause in snapshot.by_id or not _forgotten(snapshot, notice.ticket)):
            there[cause, notice.audience] += 1
    for cause, audience in sorted((wanted - there).keys() - unknown):
        found.lost.append(f"notice to {audience} of {snapshot.by_id[cause]}: not there")
    for cause, audience in sorted((there - wanted).keys() - unknown):
        found.doubled.append(f"notice to {audience} of {snapshot.by_id.get(cause, cause)}: told without need")


def _wanted(snapshot: StoreSnapshot) -> tuple[Counter[Wanted], set[Wanted]]:
    """Return the expected notices; and those that cannot be judged, since retention may have removed their premises."""
    reachable, wanted, unknown = set(_reachable(snapshot)), Counter[Wanted](), set[Wanted]()
    for said in snapshot.outbox:
        taken = _taken(snapshot, said)
        for audience in _audiences(said) if taken is not False else ():
            party = audience in PARTIES
            if taken is None or (party and snapshot.outbox_may_have_had(PRIVATE, said.subject, 1)):
                unknown.add((said.id, audience))
            elif not party or (said.subject, audience) in reachable:
                wanted[said.id, audience] += 1
    return wanted, unknown


def _audiences(said: OutboxRow) -> set[str]:
    """Return the audiences that notify's rules tell of an event. Only an event that some rule names is read."""
    return {one.audience for one in planned_notices(said.payload)} if said.type in _RULED else set()


def _reachable(snapshot: StoreSnapshot) -> Iterator[tuple[str, str]]:
    """Yield ticket and party of everybody who left a phone number."""
    for said in snapshot.outbox:
        contact = said.payload if said.type == ContactRecorded.type else None
        if isinstance(contact, ContactRecorded):
            for audience, person in ((RESIDENT, contact), (RESPONDENT, contact.respondent)):
                if person and person.phone:
                    yield said.subject, audience


def _taken(snapshot: StoreSnapshot, said: OutboxRow) -> bool | None:
    """Return whether notify took an event; None if that cannot be known."""
    handlers = [handler for service, handler in subscribers().get(said.type, ()) if service == "notify"]
    states = [snapshot.inbox.get(InboxKey("notify", handler, said.source, said.id)) for handler in handlers]
    if APPLIED in states:
        return True
    return None if None in states and snapshot.inbox_may_have_had("notify", said.at) else False


def _check_notice_states(snapshot: StoreSnapshot, found: NoticeFindings) -> None:
    told = {said.data["notice"] for said in snapshot.outbox if said.type in TOLD}
    for id_, notice in sorted(snapshot.notices.items()):
        if notice.state in {NoticeState.HELD, NoticeState.DUE, NoticeState.SENDING}:
            if id_ in snapshot.armed:
                found.unsettled.append(f"notice {id_}: {notice.state}, armed")
            else:
                found.lost.append(f"notice {id_}: {notice.state}, and nothing is armed")
        elif id_ not in told and not _was_told_long_ago(snapshot, notice):
            found.lost.append(f"notice {id_} is {notice.state}, but nothing was said of it")
    for id_ in sorted(told - snapshot.notices.keys()):
        found.lost.append(f"notice {id_} was told, but it is not there")


def _was_told_long_ago(snapshot: StoreSnapshot, notice: NoticeRow) -> bool:
    """Return whether notify's events about a notice may have been removed."""
    return snapshot.outbox_may_have_had("/notify", notice.ticket, 1)


def _forgotten(snapshot: StoreSnapshot, subject: str) -> bool:
    """Return whether any event about a subject was removed."""
    return any(about == subject for _, about in snapshot.removed)
