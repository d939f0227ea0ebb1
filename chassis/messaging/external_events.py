"""External events: the check of their source, and the digests that replace their ids outside of the store.

Every attribute of a message is its sender's claim. The broker validates the account alone, so the source has to be one of that
account's, and a claimed correlation, cause or sequence is dropped. A producer's id may hold anything, also a telephone number:
events, logs and the ledger name it by a digest that nobody can compute without the deployment's secret.
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
    """The identities file does not give this source to the account."""


@dataclass(frozen=True, slots=True)
class Digests:
    """Digests of external ids (HMAC-SHA-256 under the deployment's secret, 128 bits, hexadecimal)."""

    secret: bytes

    def of(self, *parts: str) -> str:
        """Return the digest of an id, or of an id together with the kind of thing it identifies."""
        said = json.dumps(["external id", *parts]).encode()
        return hmac.new(self.secret, said, hashlib.sha256).hexdigest()[:32]

    def cause(self, source: str, id_: str) -> str:
        """Return the causation id of the effects of an external event: its source and the digest of its id."""
        return f"{source}/{self.of(source, id_)}"

    def subject(self, subject: str) -> str:
        """Return a subject as logs name it: a ticket's id, or the digest of any other subject."""
        return subject if is_ticket(subject) else self.of(subject)


def is_ticket(text: str) -> bool:
    """Return whether the text has the form of a ticket's id, and so cannot hold anything private."""
    return _TICKET.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ExternalEvents:
    """The check of external events on arrival."""

    digests: Digests
    actor_of: Callable[[str | None], Actor | None]

    def admit(self, event: Event) -> Event:
        """Return the event without attributes that its sender may not claim. Raises NotOwnSource, and Refused for an unknown
        sender."""
        if not is_external(event.type):
            return event
        actor = self.actor_of(event.actor)
        if actor is None:
            raise Refused("sender: no account of that name in the identities file")
        if not actor.owns(event.source):
            raise NotOwnSource(f"ce-source: not among the sources of account {actor.id!r} in the identities file")
        return replace(event, correlationid=None, causationid=None, sequence=None)


def is_external(type_: str) -> bool:
    """Return whether events of a type come from outside."""
    return payload_for(type_).producer == OUTSIDE
