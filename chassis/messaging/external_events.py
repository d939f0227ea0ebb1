"""Events from outside: under which source an account may speak, and under which name its ids leave the store.

Whatever a message says about itself is its sender's claim. The broker vouches for the account alone, so the source has to be
one of that account's, and a correlation, a cause or a number that it claims is dropped. A producer's id may hold anything, also
a telephone number: events, logs and the ledger name it by a digest that nobody can compute without the deployment's secret.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from chassis.configuration.identities import Actor
from chassis.effects import Refused
from contracts.envelope import Event
from contracts.payload import payload_for

OUTSIDE = "intake"
"""The producer of every event type that comes from outside."""
_TICKET = re.compile(r"T[A-Z2-7]{16}")


class NotOwnSource(Refused):
    """The account speaks under a source that the identities file does not give to it."""


@dataclass(frozen=True, slots=True)
class Digests:
    """Names the ids of the world outside by digests (HMAC-SHA-256 under the deployment's secret, 128 bits, hexadecimal)."""

    secret: bytes

    def of(self, *parts: str) -> str:
        """A digest of an id, or of an id together with what it is an id of."""
        said = json.dumps(["external id", *parts]).encode()
        return hmac.new(self.secret, said, hashlib.sha256).hexdigest()[:32]

    def cause(self, source: str, id_: str) -> str:
        """What events name as their cause where it came from outside: its source and the digest of its id."""
        return f"{source}/{self.of(source, id_)}"

    def subject(self, subject: str) -> str:
        """A subject as logs name it: a ticket's id, or the digest of what is none."""
        return subject if is_ticket(subject) else self.of(subject)


def is_ticket(text: str) -> bool:
    """Whether it has the form of a ticket's id, and so cannot be anything private."""
    return _TICKET.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ExternalEvents:
    """How a service takes events from outside."""

    digests: Digests
    actor_of: Callable[[str | None], Actor | None]

    def admit(self, event: Event) -> Event:
        """The event without what its sender may not claim. Raises NotOwnSource, and Refused where the sender is unknown."""
        if not is_external(event.type):
            return event
        actor = self.actor_of(event.actor)
        if actor is None:
            raise Refused("sender: no account of that name in the identities file")
        if not actor.owns(event.source):
            raise NotOwnSource(f"ce-source: not among the sources of account {actor.id!r} in the identities file")
        return replace(event, correlationid=None, causationid=None, sequence=None)


def is_external(type_: str) -> bool:
    """Whether events of a type come from outside."""
    return payload_for(type_).producer == OUTSIDE
