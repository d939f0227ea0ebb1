"""The projection of the points: postings follow from each event, in the transaction of its entry. Rows are never changed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from chassis.persistence import machine_now
from contracts.envelope import Event
from contracts.events.dispatch import MediationOpened, ResponderRegistered
from services.ledger import store
from services.ledger.domain.double_entry import Act, Transfer, correcting_transfer, events_of
from services.ledger.domain.members import Account
from services.ledger.domain.points import DECIDING_EVENTS, PointsHolds
from services.ledger.domain.rules import Rules


def project(event: Event, ctx: HandlerContext, rules: Rules) -> None:
    """Enter the postings that an event causes. Most events cause none, and cost nothing."""
    if event.type in DECIDING_EVENTS:
        _enter(store.get_or_add(ctx, PointsHolds, event.subject).take(event), event.id, event.time, ctx)
    elif isinstance(event.payload, MediationOpened):
        _mediator_invited(event.payload, event, ctx, rules)
    elif isinstance(event.payload, ResponderRegistered):
        _registered(event.payload, event, ctx, rules)


def correct(transfer: str, cause: str, who: str, ctx: HandlerContext) -> Transfer:
    """Take a posting back for an operator: a new entry and an audit line. Raises Refused where that is impossible."""
    taken_back = correcting_transfer(store.postings_of_transfer(ctx.connection, transfer), cause)
    if store.postings_of_transfer(ctx.connection, taken_back.id):
        raise Refused("entry: it was taken back before")
    ctx = ctx.for_subject(taken_back.account)
    _enter([taken_back], taken_back.id, ctx.now, ctx)
    what = {"entry": transfer, "cause": cause}
    audited = {"at": machine_now(), "who": who, "action": "points.correct", "what": what}
    ctx.insert(ctx.unit.store.tables.audit, audited)
    return taken_back


def _mediator_invited(opened: MediationOpened, event: Event, ctx: HandlerContext, rules: Rules) -> None:
    mediation, mediator = opened.mediation, opened.mediator
    account = store.get_or_add(ctx, Account, mediator)
    member = account.member_at(event.time)
    if member is None:
        account.wait(event.subject, mediation, event.time)
    elif member:
        stake = store.get_or_add(ctx, PointsHolds, event.subject)
        _enter(stake.hold(mediation, mediator, rules.acts[Act.MEDIATION], event.time), event.id, event.time, ctx)


def _registered(registered: ResponderRegistered, event: Event, ctx: HandlerContext, rules: Rules) -> None:
    account = store.get_or_add(ctx, Account, event.subject)
    volunteer = bool(registered.volunteer)
    _enter(account.register(event.sequence or 0, volunteer, event.time, rules.opening), event.id, event.time, ctx)
    for act in account.resolve_pending():
        stake = store.get_or_add(ctx, PointsHolds, act.ticket)
        _enter(stake.hold(act.mediation, account.id, rules.acts[Act.MEDIATION], act.at), event.id, event.time, ctx)


def _enter(transfers: Iterable[Transfer], because: str, at: datetime, ctx: HandlerContext) -> None:
    """Insert both sides of each transfer, and publish it."""
    made = tuple(transfers)
    for transfer in made:
        for row in transfer.rows():
            entered: dict[str, Any] = {
                name: getattr(row, name) for name in ("transfer", "account", "amount", "cause", "settles")
            }
            kept = {**entered, "side": row.side.value, "state": row.state.value, "event_id": because, "time": at}
            ctx.insert(store.postings, kept)
    ctx.apply(events_of(made))
