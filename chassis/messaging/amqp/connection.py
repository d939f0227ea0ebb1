"""Connections to the broker and their errors."""

from typing import Any

import amqp.serialization
from amqp.exceptions import AccessRefused, AMQPError, NotAllowed
from kombu import Connection
from kombu.exceptions import KombuError, OperationalError

LOST = (AMQPError, KombuError, OSError)
"""The errors of a connection that was lost or never opened."""
HEARTBEAT = 20
ANSWER_SECONDS = 10.0
"""The default time-out for an answer of the broker. A frozen broker neither answers nor closes the connection."""


_load_properties = amqp.serialization.GenericContent._load_properties


def _load_what_can_be(content: Any, class_id: int, buffer: Any, offset: int) -> Any:
    """Load a message's properties, or none if they are malformed.

    A content type that is not UTF-8, or a date in the year 60,000, must not end every consumer that reads it. Without its
    properties the message is not an event any more and becomes a dead letter.
    """
    try:
        return _load_properties(content, class_id, buffer, offset)
    except Exception:
        content.properties = {}
        return offset


amqp.serialization.GenericContent._load_properties = _load_what_can_be


BETWEEN_HOSTS = ";"
"""The separator of the complete URLs of a cluster's nodes, as in kombu."""


def connect(url: str, name: str, heartbeat: int = HEARTBEAT) -> Connection:
    """Return an open connection with a name that the broker's operators can read. Raises one of `LOST`.

    Several URLs (see `BETWEEN_HOSTS`) are tried in the given order until one node accepts the account. If none does, a refusal
    is raised rather than the error of an unavailable node, since it says more.
    """
    refused: Exception | None = None
    away: Exception | None = None
    for one in filter(None, map(str.strip, url.split(BETWEEN_HOSTS))):
        try:
            return _connect(one, name, heartbeat)
        except (AccessRefused, NotAllowed) as wrong:
            refused = refused or wrong
        except LOST as wrong:
            away = away or wrong
    raise refused or away or OSError("the broker's URL is empty")


def _connect(url: str, name: str, heartbeat: int) -> Connection:
    connection = Connection(
        url,
        heartbeat=heartbeat,
        connect_timeout=5,
        transport_options={"client_properties": {"connection_name": name}},
    )
    try:
        # one more attempt at once; kombu's own `connect` sleeps for two seconds before it
        connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
    except OperationalError as wrong:
        raise (wrong.__cause__ or wrong) from None  # the cause names the fault
    sock: Any = connection.connection.sock
    sock.settimeout(ANSWER_SECONDS)
    return connection


class BrokerRefused(Exception):
    """The broker is running but refuses this name, password and virtual host."""


def check_account(url: str, name: str) -> None:
    """Try an account. Raises BrokerRefused; an unavailable broker is ignored."""
    try:
        connect(url, name).release()
    except (AccessRefused, NotAllowed) as wrong:
        raise BrokerRefused(wrong.reply_text or type(wrong).__name__) from None
    except LOST:
        pass
