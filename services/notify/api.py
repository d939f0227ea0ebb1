"""Notify over HTTP."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection

from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from chassis.http import Answer, command, query
from chassis.persistence import machine_now
from contracts.codes import Receipt
from contracts.http import notify as http
from services.notify import store
from services.notify.config import Configured
from services.notify.delivery import alert
from services.notify.domain.attempts import Failure
from services.notify.domain.notice import Notice, named_by
from services.notify.metrics import NotifyMetrics
from services.notify.routing import contacts_for, ways_to


class NotifyApi:
    """What is asked of notify over HTTP; `NotifyService` inherits it, and the configuration is that service's."""

    config: Configured
    delivery: NotifyMetrics

    @query(http.GET_NOTICES)
    def get_notices(self, connection: Connection, ticket: str) -> Mapping[str, Any]:
        """What was told about a ticket; the answer's schema leaves out the texts."""
        return {"ticket": ticket, "notices": [view(notice) for notice in store.of_ticket(connection, ticket)]}

    @command(http.GIVE_RECEIPT)
    def give_receipt(self, body: http.ReceiptGiven, ctx: HandlerContext, key: str) -> Answer:
        """A gateway says what became of a sending. A late or repeated receipt changes nothing. Raises Missing, Refused."""
        notice, first = ctx.find(Notice, body.key), 1
        if notice is None:
            id_, first = named_by(body.key)
            notice = ctx.load(Notice, id_)
        if notice.channel_of(first) is None:
            raise Refused("key: no attempt was made under it")
        ways = ways_to(notice, contacts_for(ctx.connection, [notice]), self.config.channels.routes, self.config.region)
        outcome = (
            notice.delivered(first)
            if body.outcome is Receipt.DELIVERED
            else notice.undelivered(
                first,
                Failure(body.outcome.value, final=body.outcome is Receipt.REJECTED),
                self.config.channels.retries,
                machine_now(),
                ways,
            )
        )
        ctx.for_subject(notice.ticket).apply(outcome)
        ctx.after_commit(partial(self.delivery.happened, outcome.events))
        ctx.after_commit(partial(alert, outcome.events))
        return Answer({"notice": notice.id, "state": notice.state})


def view(notice: Notice) -> dict[str, Any]:
    """A notice as others see it."""
    return {**vars(notice), "ended": notice.ended, "given_up": [sending.channel for sending in notice.earlier]}
