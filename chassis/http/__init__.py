"""HTTP: authentication, request bodies, one transaction for each command, and problem documents by RFC 9457.

A command has the same meaning over HTTP as over AMQP: it has an actor, a body with a schema, an id that makes a repeat
harmless, and it commits state, outbox and timers in one transaction before the answer is sent.
"""

from chassis.http.entrypoints import Answer, command, query
from chassis.http.problem import Problem

__all__ = ["Answer", "Problem", "command", "query"]
