"""Cancelling notices that still wait: a later event made them pointless, or their unit has retired."""

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
from services.notify.domain.obsolescence import SUPERSEDING, fact_of, superseding
from services.notify.domain.rules import DUTY, WORK_TEMPLATES
from services.notify.metrics import NotifyMetrics
from services.notify.telling import contact_of

TYPES = frozenset(schema.type for schema in SUPERSEDING)


def settle(event: Event, written: Iterable[Notice], ctx: HandlerContext, metrics: NotifyMetrics) -> None:
    """Cancel the notices that an event makes pointless, and those it wrote that a later one, heard before, already did."""
    contact = ctx.find(Contact, event.subject)
    if event.type in TYPES:
        contact = contact_of(event.subject, ctx)
        contact.learnt(fact_of(event))
        waiting = store.waiting(ctx.connection, origin=event.subject)
        written = (*written, *(ctx.load(Notice, id_) for id_ in waiting))
    if contact is not None:
        for notice in written:
            _cancel_if_pointless(notice, contact, ctx, metrics)


def _cancel_if_pointless(notice: Notice, contact: Contact, ctx: HandlerContext, metrics: NotifyMetrics) -> None:
    found = superseding(notice.template, notice.audience, notice.sequence, notice.values, contact.facts)
    if found is not None:
        fact, reason = found
        _said(notice, notice.cancel(fact.event, reason, machine_now()), ctx, metrics)


def retire(event: Event, ctx: HandlerContext, metrics: NotifyMetrics) -> None:
    """A responder left: what it was to work on is cancelled; what it was to know or decide goes to those on duty.

    That it is relieved it is still told.
    """
    for id_ in store.waiting(ctx.connection, audience=event.subject):
        notice = ctx.load(Notice, id_)
        if notice.template in WORK_TEMPLATES:
            _said(notice, notice.cancel(event.id, CancelReason.RETIRED, machine_now()), ctx, metrics)
        elif notice.template != "assignment_relieved":
            notice.delegate = DUTY


def _said(notice: Notice, outcome: Effects, ctx: HandlerContext, metrics: NotifyMetrics) -> None:
    ctx.for_subject(notice.ticket).apply(outcome)
    ctx.after_commit(partial(metrics.happened, outcome.events))
