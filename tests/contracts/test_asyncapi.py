"""The AsyncAPI document satisfies the official parser and says what the topology says."""

import json
import os
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from chassis.configuration.yaml_core import dump_yaml, load_yaml
from contracts.generate import ROOT
from contracts.payload import EventPayload, all_payloads
from contracts.topology import SERVICES, queues
from tests.kit import npm

HERE = Path(__file__).parent / "asyncapi"
LATEST = "asyncapi-latest-version"

Diagnostics = list[dict[str, Any]]
Damage = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as it is published. Nobody changes it."""
    loaded: dict[str, Any] = load_yaml((ROOT / "asyncapi.yaml").read_text(encoding="utf-8"))
    return loaded


def _break_reference(document: dict[str, Any]) -> None:
    document["operations"]["tickets.sends.ticket.opened.v1"]["channel"]["$ref"] = "#/channels/nowhere"


def _break_binding(document: dict[str, Any]) -> None:
    del document["channels"]["ticket.opened.v1"]["bindings"]["amqp"]["exchange"]


def _break_schema(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["ticket.opened.v1"]["properties"]["area"]["type"] = "word"


DAMAGES: list[Damage] = [_break_reference, _break_binding, _break_schema]


@pytest.fixture(scope="module")
def told(document: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Diagnostics]:
    """What the official parser, which npm installs once into var/, says about the document and about each damaged one.

    One process reads them all, since it takes long to start. The hint that there is a later AsyncAPI than 3.0 is left out.
    """
    files = {"": ROOT / "asyncapi.yaml"}
    for damage in DAMAGES:
        damage(damaged := deepcopy(document))
        files[damage.__name__] = tmp_path_factory.mktemp("asyncapi") / "asyncapi.yaml"
        files[damage.__name__].write_text(dump_yaml(damaged), encoding="utf-8")
    environment = {**os.environ, "NODE_PATH": str(npm.installed(HERE))}
    said = json.loads(npm.run(["node", str(HERE / "check.cjs"), *map(str, files.values())], env=environment))
    return {name: [one for one in said[str(path)] if one["code"] != LATEST] for name, path in files.items()}


def test_the_official_parser_has_nothing_to_say(told: dict[str, Diagnostics]) -> None:
    """Not even a warning."""
    assert told[""] == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_official_parser_finds_a_fault(told: dict[str, Diagnostics], damage: Damage) -> None:
    assert told[damage.__name__]


@pytest.mark.parametrize("schema", all_payloads(), ids=lambda schema: schema.type)
def test_every_example_fits_its_schema(document: dict[str, Any], schema: type[EventPayload]) -> None:
    """The official parser looks at the examples of AsyncAPI 2 alone."""
    components = document["components"]
    message = components["messages"][schema.type]
    example = message["examples"][0]
    _fits(components, message["payload"], example["payload"])
    _fits(components, message["headers"], example["headers"])
    _fits(components, components["messageTraits"]["cloudEvent"]["headers"], example["headers"])


def _fits(components: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    Draft7Validator({"allOf": [schema], "components": components}).validate(value)


def test_every_type_has_a_channel_on_its_exchange(document: dict[str, Any]) -> None:
    routed = {
        channel["address"]: channel["bindings"]["amqp"]["exchange"]["name"]
        for channel in document["channels"].values()
        if channel["bindings"]["amqp"]["is"] == "routingKey"
    }
    assert routed == {schema.type: schema.exchange() for schema in all_payloads()}


def test_every_queue_has_a_channel_with_what_is_bound(document: dict[str, Any]) -> None:
    described = {
        channel["bindings"]["amqp"]["queue"]["name"]: set(channel["messages"])
        for channel in document["channels"].values()
        if channel["bindings"]["amqp"]["is"] == "queue"
    }
    assert described == {
        f"{service}.{source}": {schema.type for schema in bound}
        for service in SERVICES
        for source, bound in queues(service).items()
    }


def test_every_type_is_sent_and_every_queue_received_once(document: dict[str, Any]) -> None:
    sent = [o["channel"]["$ref"] for o in document["operations"].values() if o["action"] == "send"]
    received = [o["channel"]["$ref"] for o in document["operations"].values() if o["action"] == "receive"]
    assert sorted(sent) == sorted(f"#/channels/{schema.type}" for schema in all_payloads())
    assert sorted(received) == sorted(f"#/channels/{s}.{source}" for s in SERVICES for source in queues(s))
