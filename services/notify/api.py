"""The HTTP API of notify."""

import logging
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
from services.notify.config import NotifyConfig
from services.notify.delivery import alert
from services.notify.domain.attempts import Failure
from services.notify.domain.idempotency_keys import parse_idempotency_key
from services.notify.domain.notice import Notice
from services.notify.metrics import NotifyMetrics
from services.notify.recipient_addresses import addresses_for, contacts_by_ticket

log = logging.getLogger(__name__)


class NotifyApi:
    """The HTTP operations of notify. `NotifyService` inherits them and sets the configuration."""

    config: NotifyConfig
    delivery_metrics: NotifyMetrics

    @query(http.GET_NOTICES)
    def get_notices(self, connection: Connection, ticket: str) -> Mapping[str, Any]:
        """Return the notices about a ticket. The answer's schema leaves out the texts."""
        return {"ticket": ticket, "notices": [view(notice) for notice in store.notices_of(connection, ticket)]}

    @query(http.GET_NOTICE_TEXT)
    def get_notice_text(self, connection: Connection, notice: str) -> Mapping[str, Any] | None:
        """Return what a notice says. The reading is logged with its account, and the text is not."""
        found = store.notice(connection, notice)
        if found is not None:
            log.info("notice read", extra={"notice": found.id, "ticket": found.ticket})
        return {**vars(found), "notice": found.id, "subject": found.subject or None} if found else None

    @command(http.GIVE_RECEIPT)
    def give_receipt(self, body: http.ReceiptGiven, ctx: HandlerContext, key: str) -> Answer:
        """Record a gateway's receipt for an attempt. A late or repeated receipt changes nothing. Raises Missing, Refused."""
        notice, first = ctx.find(Notice, body.key), 1
        if notice is None:
            id_, first = parse_idempotency_key(body.key)
            notice = ctx.load(Notice, id_)
        if notice.channel_of(first) is None:
            raise Refused("key: no attempt was made under it")
        ways = addresses_for(
            notice, contacts_by_ticket(ctx.connection, [notice]), self.config.channels.routes, self.config.region
        )
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
        ctx.after_commit(partial(self.delivery_metrics.happened, outcome.events))
        ctx.after_commit(partial(alert, outcome.events))
        return Answer({"notice": notice.id, "state": notice.state})


def view(notice: Notice) -> dict[str, Any]:
    """Return a notice as other systems see it."""
    return {**vars(notice), "ended": notice.ended, "given_up": [sending.channel for sending in notice.earlier]}
