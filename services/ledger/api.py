"""The ledger over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from chassis.http import query
from contracts.http import ledger as http
from services.ledger import store


class LedgerApi:
    """What is asked of the ledger over HTTP; `LedgerService` inherits it."""

    @query(http.GET_LOG)
    def get_log(self, connection: Connection) -> Mapping[str, Any]:
        """Size and root."""
        frontier = store.log(connection).frontier
        return {"size": frontier.size, "root": frontier.root()}

    @query(http.GET_ENTRIES)
    def get_entries(self, connection: Connection, subject: str) -> Mapping[str, Any]:
        """What happened to a subject."""
        entries = [{**entry, "time": datetime.fromisoformat(entry["time"])} for entry in store.of_subject(connection, subject)]
        return {"subject": subject, "entries": entries}
