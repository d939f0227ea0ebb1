"""What the services answer over HTTP: one module per service with its operations as data, and one for the standard
that tickets speaks besides.

An entrypoint takes the `Operation`, and `contracts.generators.openapi` describes it, so that route, role, schemas and
document cannot say different things.
"""

from contracts.http import dispatch, ledger, links, notify, open311, problem, tickets
from contracts.http.operation import Operation

BY_SERVICE: dict[str, tuple[Operation, ...]] = {
    "tickets": (*tickets.OPERATIONS, *open311.OPERATIONS),
    "dispatch": dispatch.OPERATIONS,
    "notify": notify.OPERATIONS,
    "ledger": ledger.OPERATIONS,
}
"""Every operation of each service."""

__all__ = ["BY_SERVICE", "Operation", "dispatch", "ledger", "links", "notify", "open311", "problem", "tickets"]
