"""Cancelling notices that still wait: a later event made them obsolete, or their unit has retired."""

from collections.abc import Iterable
from functools import partial

from chassis.effects import Effects
from chassis.handler_context import HandlerContext
from chassis.persistence import machine_now
from contracts.codes import CancelReason
from contracts.envelope import Event
from services.notify import store
from services.notify.domain.contact import Contact
from services.notify.domain.notice import Notice
from services.notify.domain.notice_planning import DUTY
from services.notify.domain.notice_rules import WORK_TEMPLATES
from services.notify.domain.superseder_search import SUPERSEDING, fact_from, find_superseding
from services.notify.metrics import NotifyMetrics
from services.notify.notice_factory import contact_for

TYPES = frozenset(schema.type for schema in SUPERSEDING)


def cancel_obsolete(event: Event, written: Iterable[Notice], ctx: HandlerContext, metrics: NotifyMetrics) -> None:
    """Cancel the notices that an event makes obsolete, and the new ones that a later event, received before, made obsolete."""
    contact = ctx.find(Contact, event.subject)
    if event.type in TYPES:
        contact = contact_for(event.subject, ctx)
        contact.add_fact(fact_from(event))
        waiting = store.waiting_ids(ctx.connection, origin=event.subject)
        written = (*written, *(ctx.load(Notice, id_) for id_ in waiting))
    if contact is not None:
        for notice in written:
            _cancel_if_obsolete(notice, contact, ctx, metrics)


def _cancel_if_obsolete(notice: Notice, contact: Contact, ctx: HandlerContext, metrics: NotifyMetrics) -> None:
    found = find_superseding(notice.template, notice.audience, notice.sequence, notice.values, contact.facts)
    if found is not None:
        fact, reason = found
        _apply(notice, notice.cancel(fact.event, reason, machine_now()), ctx, metrics)


def cancel_for_retired(event: Event, ctx: HandlerContext, metrics: NotifyMetrics) -> None:
    """Cancel the work notices to a retired responder; its other notices go to those on duty.

    The notice that it is relieved is still sent to it.
    """
    for id_ in store.waiting_ids(ctx.connection, audience=event.subject):
        notice = ctx.load(Notice, id_)
        if notice.template in WORK_TEMPLATES:
            _apply(notice, notice.cancel(event.id, CancelReason.RETIRED, machine_now()), ctx, metrics)
        elif notice.template != "assignment_relieved":
            notice.delegate = DUTY


def _apply(notice: Notice, outcome: Effects, ctx: HandlerContext, metrics: NotifyMetrics) -> None:
    ctx.for_subject(notice.ticket).apply(outcome)
    ctx.after_commit(partial(metrics.happened, outcome.events))
