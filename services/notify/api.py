"""Notify over HTTP."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from chassis.http import query
from contracts.http import notify as http
from services.notify import store


class NotifyApi:
    """What is asked of notify over HTTP; `NotifyService` inherits it."""

    @query(http.GET_NOTICES)
    def get_notices(self, connection: Connection, ticket: str) -> Mapping[str, Any]:
        """What was told about a ticket; the answer's schema leaves out the texts."""
        return {"ticket": ticket, "notices": store.of_ticket(connection, ticket)}
