"""Connections to the broker, and what goes wrong with them."""

from typing import Any

import amqp.serialization
from amqp.exceptions import AccessRefused, AMQPError, NotAllowed
from kombu import Connection
from kombu.exceptions import KombuError, OperationalError

LOST = (AMQPError, KombuError, OSError)
"""What a connection that went away, or never was there, raises."""
HEARTBEAT = 20
ANSWER_SECONDS = 10.0
"""How long the broker is waited for where nothing else is said. One that froze answers nothing, and hangs up on nobody."""


_load_properties = amqp.serialization.GenericContent._load_properties


def _load_what_can_be(content: Any, class_id: int, buffer: Any, offset: int) -> Any:
    """A sender's content type that is no UTF-8, or a date in the year 60,000, must not end every consumer that reads it.

    Without its properties the message is no event any more and ends as a dead letter.
    """
    try:
        return _load_properties(content, class_id, buffer, offset)
    except Exception:
        content.properties = {}
        return offset


amqp.serialization.GenericContent._load_properties = _load_what_can_be


BETWEEN_HOSTS = ";"
"""Between the complete URLs of a cluster's nodes, as kombu has it."""


def connect(url: str, name: str, heartbeat: int = HEARTBEAT) -> Connection:
    """An open connection with a name that the broker's operators can read. Raises one of `LOST`.

    Of several URLs (see `BETWEEN_HOSTS`) each is tried in the order given, until one node answers and lets us in. Where none
    does, a refusal tells more than a node that is away.
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
        # one more try at once; kombu's own `connect` sleeps for two seconds before it
        connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
    except OperationalError as wrong:
        raise (wrong.__cause__ or wrong) from None  # the cause says what happened
    sock: Any = connection.connection.sock
    sock.settimeout(ANSWER_SECONDS)
    return connection


class BrokerRefused(Exception):
    """The broker lives and lets nobody in with this name, password and virtual host."""


def check_account(url: str, name: str) -> None:
    """Try an account. Raises BrokerRefused; a broker that is away is none of its business."""
    try:
        connect(url, name).release()
    except (AccessRefused, NotAllowed) as wrong:
        raise BrokerRefused(wrong.reply_text or type(wrong).__name__) from None
    except LOST:
        pass
