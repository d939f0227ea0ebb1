"""The HTTP operations of the services as data: a module for each service, further ones of dispatch, and the standard Open311.

An entrypoint uses the `Operation`, and `contracts.generators.openapi` describes it, so that route, role, schemas and document
always agree.
"""

from contracts.http import (
    desk,
    dispatch,
    dispatch_cases,
    dispatch_lists,
    files,
    ledger,
    ledger_tickets,
    links,
    notify,
    open311,
    photographs,
    problem,
    tickets,
)
from contracts.http.operation import Operation

BY_SERVICE: dict[str, tuple[Operation, ...]] = {
    "tickets": (*tickets.OPERATIONS, *desk.OPERATIONS, *photographs.OPERATIONS, *open311.OPERATIONS),
    "dispatch": dispatch.OPERATIONS,
    "notify": notify.OPERATIONS,
    "ledger": (*ledger.OPERATIONS, *ledger_tickets.OPERATIONS),
}
"""The operations of each service."""

__all__ = [
    "BY_SERVICE",
    "Operation",
    "desk",
    "dispatch",
    "dispatch_cases",
    "dispatch_lists",
    "files",
    "ledger",
    "ledger_tickets",
    "links",
    "notify",
    "open311",
    "photographs",
    "problem",
    "tickets",
]
