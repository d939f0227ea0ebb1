"""HTTP: who asks, what the body is, one transaction, and problems by RFC 9457.

A command is the same thing over HTTP as over AMQP: it has an actor, a body with a schema, an id that makes a repeat harmless,
and it commits state, outbox and timers in one transaction before the answer leaves.
"""

from chassis.http.entrypoints import Answer, command, query
from chassis.http.problem import Problem

__all__ = ["Answer", "Problem", "command", "query"]
