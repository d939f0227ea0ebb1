"""Making the notices of an event: the recipient's contact, language, text and address."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from chassis.effects import NO_EFFECTS, Effects, TooEarly
from chassis.handler_context import HandlerContext
from chassis.persistence import machine_now
from chassis.untrusted_text import visible_line, visible_text, without_links
from contracts.codes import LinkPurpose
from contracts.contact_points import comparable
from contracts.envelope import Event
from contracts.events.dispatch import MediationOpened
from contracts.events.tickets import TicketClosed, TicketVerified
from contracts.payload import EventPayload
from services.notify.config import NotifyConfig
from services.notify.domain.channels import recipient_kind
from services.notify.domain.contact import Contact, Person
from services.notify.domain.message import Part, PartKind, joined
from services.notify.domain.notice import Notice
from services.notify.domain.notice_planning import PARTIES, RESIDENT, PlannedNotice, Rule
from services.notify.domain.notice_rules import planned_notices
from services.notify.domain.quiet_hours import URGENT
from services.notify.domain.superseder_search import comparison_values

ID_LENGTH = 72
"""The longest id of a notice in characters: an idempotency key has at most 80, and later keys are longer than the first."""


class NotHeardYet(TooEarly):
    """Raised where a notice needs an event of another queue that has not arrived yet."""


@dataclass(frozen=True)
class Recipient:
    """A recipient. ``ticket`` is the number that they know; ``person`` is None for units and those on duty."""

    ticket: str
    urgent: bool
    contact: Contact | None = None
    person: Person | None = None
    link_of: str = ""
    """The ticket that the person's links are for."""
    own: str | None = None
    """The person's contact point, normalised."""


def write_notices(event: Event, ctx: HandlerContext, config: NotifyConfig) -> list[Notice]:
    """Write the notices of an event, and return them. Raises NotHeardYet."""
    written = []
    for planned in planned_notices(event.payload):
        for recipient in _recipients(planned, event, ctx, config):
            notice, waits = _write(planned, recipient, event, ctx, config)
            ctx.apply(waits)
            written.append(notice)
    return written


def contact_for(ticket: str, ctx: HandlerContext) -> Contact:
    """Return the contact of a ticket; a new one where there is none."""
    contact = ctx.find(Contact, ticket)
    if contact is None:
        contact = Contact(ticket)
        ctx.add(contact)
    return contact


def notice_id(event: str, audience: str, follower: str = "") -> str:
    """Return the notice's id, which follows from event and recipient: a repeated event writes it once. It is the idempotency
    key, too.
    """
    whole = "-".join(filter(None, (event, audience, follower)))
    return whole if len(whole) <= ID_LENGTH else f"{event[:36]}-{sha256(whole.encode()).hexdigest()[: ID_LENGTH - 37]}"


# --- who


def _recipients(planned: PlannedNotice, event: Event, ctx: HandlerContext, config: NotifyConfig) -> Iterator[Recipient]:
    rule = planned.rule
    if not rule.of_ticket:
        yield Recipient(event.subject, rule.urgent)
        return
    contact = contact_for(event.subject, ctx)
    if contact.urgency is None:
        raise NotHeardYet("ticket: not opened yet")
    urgent = rule.urgent or contact.urgency in URGENT
    if planned.audience not in PARTIES:
        yield Recipient(contact.id, urgent, contact)
    elif planned.audience == RESIDENT:
        yield from _reporters(rule, contact, urgent, ctx, config)
    else:
        _reporter_of(contact)  # both parties arrive together: where the one is not there yet, nobody knows of the other
        own = comparable(contact.respondent.phone, config.region) if contact.respondent else None
        if own:
            yield Recipient(contact.id, urgent, contact, contact.respondent, contact.id, own)


def _reporters(rule: Rule, contact: Contact, urgent: bool, ctx: HandlerContext, config: NotifyConfig) -> Iterator[Recipient]:
    """Yield the ticket's reporter and, by the rule, the followers; the reporter of two tickets is told once."""
    reporter, told = _reporter_of(contact), set()
    if own := comparable(reporter.phone, config.region):
        told.add(own)
        yield Recipient(contact.id, urgent, contact, reporter, contact.follows or contact.id, own)
    for ticket in contact.followers if rule.followers or (rule.asks and not told) else ():
        person = _follower_of(contact.id, ticket, rule, ctx)
        if person is None:
            continue
        asked = not rule.asks or (rule.link is not None and rule.link.value in person.links)
        own = comparable(person.phone, config.region)
        if own and own not in told and asked:
            told.add(own)
            follower = ctx.find(Contact, ticket)
            links_of = (follower.links_of if follower else None) or contact.id
            yield Recipient(ticket, urgent, contact, person, links_of, own)


def _reporter_of(contact: Contact | None) -> Person:
    if contact is None or contact.reporter is None:
        raise NotHeardYet("contact: not recorded yet")
    return contact.reporter


def _follower_of(survivor: str, ticket: str, rule: Rule, ctx: HandlerContext) -> Person | None:
    """Return the reporter who follows the survivor by this ticket; None where it has left since. Raises NotHeardYet."""
    follower = ctx.find(Contact, ticket)
    if follower is not None and follower.follows is None and follower.merged < follower.unmerged:
        return None
    person = _reporter_of(follower)
    if follower is not None and follower.follows == survivor:
        return person
    if follower is None or follower.follows is None or rule.asks:
        raise NotHeardYet("contact: not recorded as a follower yet")
    return replace(person, links={})  # the survivor was merged in its turn: the links are for the one after it


# --- what


def _write(
    planned: PlannedNotice, to: Recipient, event: Event, ctx: HandlerContext, config: NotifyConfig
) -> tuple[Notice, Effects]:
    """Return the notice, and the effects of its quiet hours."""
    templates, route = config.templates, config.channels.routes.of(planned.audience)
    asked = (to.person.locale if to.person else None) or route.locale
    match = templates.match(planned.template, asked)
    locale = match.locale
    values = _values(planned.rule, to, event, ctx.now, config)
    kinds = _kinds(planned.rule)
    parts = templates.parts(planned.template, locale, values, kinds, ctx.now)
    if to.urgent and locale != templates.fallback:
        parts += [Part(PartKind.WORDS, "\n"), *templates.parts(planned.template, templates.fallback, values, kinds, ctx.now)]
    text, spans = joined(parts)
    first, *ways = route.ways(to.own)
    notice = Notice(
        id=notice_id(event.id, planned.audience, to.ticket if to.ticket != event.subject else ""),
        ticket=to.ticket,
        audience=planned.audience,
        template=planned.template,
        locale=locale,
        text=text,
        spans=spans,
        subject=templates.subject(
            planned.template, locale, {planned.rule.event.about: values[planned.rule.event.about]}, ctx.now
        ),
        asked=asked,
        fell_back=match.reason is not None,
        fallback_reason=match.reason,
        urgent=to.urgent,
        channel=first.channel,
        address=first.address,
        ways=ways,
        next_at=machine_now(),
        origin=event.subject,
        happened_at=event.time,
        sequence=event.sequence or 0,
        values=comparison_values(planned.template, event.payload),
    )
    ctx.add(notice)
    until = config.channels.quiet.until(recipient_kind(planned.audience), to.urgent, ctx.now)
    return notice, notice.hold(until) if until else NO_EFFECTS


def _values(rule: Rule, to: Recipient, event: Event, now: datetime, config: NotifyConfig) -> dict[str, Any]:
    said = event.payload.by_name()
    values = {rule.event.about: _safe(to.ticket), **{name: _safe(said[name]) for name in rule.values}}
    if rule.matter:
        if to.contact is None or to.contact.text is None:
            raise NotHeardYet("matter: not described yet")
        address = to.contact.address
        values |= {
            "matter": without_links(visible_text(to.contact.text)),
            "address": without_links(visible_line(address)) if address else None,
        }
    if rule.link:
        token = to.person.links.get(rule.link.value) if to.person else None
        made = _renewed(token, to, rule.link, event, now, config) if token else None
        values["link"] = config.channels.link_to(to.link_of, rule.link.value, made) if made else None
    return values


def _renewed(token: str, to: Recipient, purpose: LinkPurpose, event: Event, now: datetime, config: NotifyConfig) -> str:
    """Return a link of the recipient's kind, for the generation that the notice is about.

    Who follows the event's ticket by a merged one of their own has links of that one, whose generation the given link says.
    """
    if to.link_of == event.subject:
        generation = _generation(event.payload) or 1
    else:
        generation = config.links.read(token, to.link_of, purpose).generation
    return config.links.sign(to.link_of, purpose, generation, now)


def _generation(payload: EventPayload) -> int | None:
    """Return the generation of work that an event with a link is about; None where it names none."""
    return payload.generation if isinstance(payload, TicketVerified | TicketClosed | MediationOpened) else None


def _safe(value: Any) -> Any:
    """Return a value as a notice may show it: of a text only the visible characters, and no link."""
    return without_links(visible_line(value)) if isinstance(value, str) and not isinstance(value, StrEnum) else value


def _kinds(rule: Rule) -> dict[str, PartKind]:
    """Return the kind of each placeholder of the rule's texts."""
    of_name = {"matter": PartKind.MATTER, "address": PartKind.ADDRESS, "link": PartKind.LINK, rule.event.about: PartKind.WORDS}
    return {name: of_name.get(name, PartKind.VALUE) for name in rule.placeholders()}
