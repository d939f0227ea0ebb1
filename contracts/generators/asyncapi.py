"""``asyncapi.yaml``: every exchange, queue and message, for readers who do not read Python.

There is one channel per event type and not one per exchange: an AMQP channel of AsyncAPI is a routing key on an exchange, the
routing key here is the type, and permissions to send or bind are given per type. A channel of the queue kind stands for each
queue, with all types that are bound to it, because a service consumes queues.
"""

import inspect
import re
from pathlib import Path
from typing import Any

import yaml

from contracts.envelope import SEQUENCE_DIGITS
from contracts.generators import samples
from contracts.generators.schemas import GENERATED, components
from contracts.payload import EventPayload, all_payloads
from contracts.topology import SERVICES, queues

Node = dict[str, Any]

BINDING = "0.3.0"
OUTSIDE = "intake"
_ABOUT = """\
Four services that talk by events alone: tickets owns the matter, dispatch who works on it and by when, notify tells
people, ledger keeps the provable record. Producers outside write to `intake.events` and nowhere else.

Every message is a CloudEvent 1.0 in binary mode: its attributes are headers that begin with `ce-`, its body is the
data; from producers outside structured mode is taken too. The broker checks the publisher's `user_id`; who gave a
command is taken from there and never from the data. Delivery is at least once: `ce-source` and `ce-id` together tell a
repetition. A consumer ignores fields that it does not know. Every published message is persistent and mandatory; every
queue is durable and replicated.
"""


_DOES = {OUTSIDE: "writes: producers and people outside", **dict.fromkeys(SERVICES, "says, and what it reacts to")}


def render(root: Path) -> str:
    """Return the file ``asyncapi.yaml``."""
    body = yaml.dump(document(samples.read(root)), Dumper=PlainDumper, sort_keys=False, allow_unicode=True, width=120)
    return f"# {GENERATED}\n{body}"


def document(known: list[samples.Sample]) -> Node:
    """Return the whole document as plain data."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "whistle", "version": "1.0.0", "description": _ABOUT},
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {s.type: _routing_channel(s) for s in all_payloads()} | _per_queue(_queue_channel),
        "operations": {f"{s.producer}.sends.{s.type}": _send(s) for s in all_payloads()} | _receive_operations(),
        "components": {
            "messages": {s.type: _message(s, samples.richest(known, s.type)) for s in all_payloads()},
            "messageTraits": {"cloudEvent": _trait()},
            "operationBindings": {
                "persistent": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": BINDING}},
                "acknowledged": {"amqp": {"ack": True, "bindingVersion": BINDING}},
            },
            "schemas": components(),
            "tags": {name: {"name": name, "description": f"What {name} {_DOES[name]}."} for name in (OUTSIDE, *SERVICES)},
            "securitySchemes": {"account": {"type": "userPassword", "description": "One per service and producer."}},
        },
    }


_BREAKS_OF_1_1 = re.compile("[\x85\u2028\u2029]")
"""Line breaks in YAML 1.1 and not in 1.2: a text with one is written with escapes."""


class PlainDumper(yaml.SafeDumper):
    """A YAML dumper without anchors, which would make the reader search. Long texts are blocks.

    The library quotes a text that YAML 1.1 reads as a number. Readers of YAML 1.2 read more texts as numbers, such as `0018`
    and `1e3` (https://yaml.org/spec/1.2.2/#103-core-schema), so these are quoted too.
    """

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _block_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = '"' if _BREAKS_OF_1_1.search(value) else "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


PlainDumper.add_representer(str, _block_text)
PlainDumper.add_implicit_resolver(
    "tag:whistle,number-in-1.2",  # a tag that no plain scalar has: matching text is quoted, numbers are written as before
    re.compile(r"(?:0o[0-7]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)\Z"),
    list("-+.0123456789"),
)


def _server() -> Node:
    return {
        "host": "rabbitmq:5672",
        "protocol": "amqp",
        "protocolVersion": "0.9.1",
        "description": "RabbitMQ; the host is the deployment's.",
        "security": [_ref("components/securitySchemes/account")],
    }


def _routing_channel(schema: type[EventPayload]) -> Node:
    exchange = {"name": schema.exchange(), "type": "topic", "durable": True, "autoDelete": False}
    return {
        "address": schema.type,
        "title": f"{schema.type} on {schema.exchange()}",
        "summary": _first_line(schema),
        "servers": [_ref("servers/broker")],
        "messages": _messages(schema),
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": BINDING}},
    }


def _queue_channel(service: str, source: str, bound: tuple[type[EventPayload], ...]) -> Node:
    name = f"{service}.{source}"
    queue = {"name": name, "durable": True, "exclusive": False, "autoDelete": False}
    keys = sorted(schema.type for schema in bound)
    return {
        "address": name,
        "title": f"queue {name}",
        "summary": f"What {service} listens to on {bound[0].exchange()}; a quorum queue.",
        "servers": [_ref("servers/broker")],
        "messages": _messages(*bound),
        "bindings": {"amqp": {"is": "queue", "queue": queue, "bindingVersion": BINDING}},
        "x-bound-to": {"exchange": bound[0].exchange(), "routingKeys": keys},
    }


def _send(schema: type[EventPayload]) -> Node:
    sender = "A producer or person outside" if schema.producer == OUTSIDE else f"The {schema.producer} service"
    return {
        "action": "send",
        "channel": _ref(f"channels/{schema.type}"),
        "summary": f"{sender} says {schema.type}.",
        "tags": [_ref(f"components/tags/{schema.producer}")],
        "bindings": _ref("components/operationBindings/persistent"),
        "messages": [_ref(f"channels/{schema.type}/messages/{schema.type}")],
    }


def _receive(service: str, source: str, bound: tuple[type[EventPayload], ...]) -> Node:
    channel = f"channels/{service}.{source}"
    return {
        "action": "receive",
        "channel": _ref(channel),
        "summary": f"The {service} service reacts to what {source} says.",
        "tags": [_ref(f"components/tags/{service}")],
        "bindings": _ref("components/operationBindings/acknowledged"),
        "messages": [_ref(f"{channel}/messages/{type_}") for type_ in sorted(schema.type for schema in bound)],
    }


def _receive_operations() -> dict[str, Node]:
    return {f"{name.replace('.', '.receives.', 1)}": node for name, node in _per_queue(_receive).items()}


def _per_queue(make: Any) -> dict[str, Node]:
    return {
        f"{service}.{source}": make(service, source, bound)
        for service in SERVICES
        for source, bound in sorted(queues(service).items())
    }


def _message(schema: type[EventPayload], sample: samples.Sample) -> Node:
    return {
        "name": schema.type,
        "title": schema.__name__,
        "summary": _first_line(schema),
        "description": _whole_story(schema),
        "traits": [_ref("components/messageTraits/cloudEvent")],
        "headers": {"type": "object", "properties": {"ce-type": {"type": "string", "const": schema.type}}},
        "payload": _ref(f"components/schemas/{schema.type}"),
        "examples": [{"name": sample.name, "headers": _headers(sample), "payload": sample.data}],
    }


def _whole_story(schema: type[EventPayload]) -> str:
    travels = "Private: only notify may bind it." if schema.private else f"Travels on {schema.exchange()}."
    return f"{inspect.getdoc(schema)}\n\nThe subject is the id of the {schema.about}. {travels}\n"


def _headers(sample: samples.Sample) -> Node:
    """Return the headers. The content type is a property of the AMQP message and not a header."""
    return {f"ce-{name}": value for name, value in sample.attributes.items() if name != "datacontenttype"}


def _trait() -> Node:
    return {
        "contentType": "application/json",
        "correlationId": {
            "location": "$message.header#/ce-correlationid",
            "description": "The ticket or account that the whole story belongs to.",
        },
        "headers": {
            "type": "object",
            "required": ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time"],
            "properties": {
                "ce-specversion": {"type": "string", "const": "1.0"},
                "ce-id": _header("With ce-source, the event's identity: the same twice is one event."),
                "ce-source": _header("Who says it: /tickets, /dispatch, … or the outside producer's own."),
                "ce-type": _header("The event type, which is the routing key too."),
                "ce-subject": _header("The id of what it is about."),
                "ce-time": _header("Business time, with an offset.") | {"format": "date-time"},
                "ce-correlationid": _header("The ticket or account that the whole story belongs to."),
                "ce-causationid": _header("The event or timer that made this one."),
                "ce-sequence": {
                    "type": "string",
                    "pattern": f"^[0-9]{{1,{SEQUENCE_DIGITS}}}$",
                    "description": "From the four services: 1, 2, 3 … per source and subject, zero-padded.",
                },
            },
        },
    }


def _header(about: str) -> Node:
    return {"type": "string", "minLength": 1, "maxLength": 255, "description": about}


def _messages(*schemas: type[EventPayload]) -> Node:
    return {type_: _ref(f"components/messages/{type_}") for type_ in sorted(schema.type for schema in schemas)}


def _first_line(schema: type[EventPayload]) -> str:
    return (inspect.getdoc(schema) or "").partition("\n")[0]


def _ref(path: str) -> Node:
    return {"$ref": f"#/{path}"}
