"""The OpenAPI documents are valid, say what the operations say, and their examples are right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from contracts.generate import ROOT
from contracts.generators.openapi import document as generated
from contracts.http import BY_SERVICE, Operation
from contracts.http import tickets as http_tickets
from contracts.http.files import Upload
from contracts.http.open311 import GeoReport
from contracts.topology import SERVICES
from tests.kit.openapi_conformance import document, fits

OPERATIONS = [(service, operation) for service, operations in BY_SERVICE.items() for operation in operations]
each_service = pytest.mark.parametrize("service", sorted(BY_SERVICE))
OURS = [(service, operation) for service, operation in OPERATIONS if not isinstance(operation, GeoReport)]
each_of_ours = pytest.mark.parametrize(("service", "operation"), OURS, ids=[o.id for _, o in OURS])
"""Those that follow no standard but this project's; of the others says `test_open311` what they are held to."""
PRIVATE = {"getMatter", "showTicket", "getNoticeText"}
"""Those whose answers have private data: for those who work on a ticket, for its reporter, and for the desk."""
each_operation = pytest.mark.parametrize(("service", "operation"), OPERATIONS, ids=[o.id for _, o in OPERATIONS])


def test_every_service_has_a_document() -> None:
    assert set(BY_SERVICE) == set(SERVICES)


@each_service
def test_a_document_is_valid(service: str) -> None:
    assert list(OpenAPIV31SpecValidator(document(service)).iter_errors()) == []


@pytest.mark.parametrize("damage", [("paths", {"/log": {"get": {"responses": {"200": {}}}}}), ("info", {}), ("openapi", 3)])
def test_a_damaged_document_is_not_valid(damage: tuple[str, Any]) -> None:
    """The validator really looks."""
    name, value = damage
    assert list(OpenAPIV31SpecValidator({**generated("tickets", ROOT), name: value}).iter_errors())


@each_service
def test_every_operation_is_described_once(service: str) -> None:
    described = {
        (path, method.upper(), node["operationId"])
        for path, methods in document(service)["paths"].items()
        for method, node in methods.items()
    }
    assert described == {(o.path, o.method, o.id) for o in BY_SERVICE[service]}
    assert len(described) == len(BY_SERVICE[service])


def test_no_two_operations_have_the_same_id() -> None:
    ids = [operation.id for _, operation in OPERATIONS]
    assert len(ids) == len(set(ids))


@each_of_ours
def test_an_operation_tells_all_that_it_can_answer(service: str, operation: Operation) -> None:
    told = {status for status in _described(service, operation)["responses"] if status != "default"}
    wanted = {operation.status, 503} if operation.public else {operation.status, 401, 403, 503}
    wanted |= {400, 409, 413, 415, 422} if operation.body or isinstance(operation, Upload) else set()
    wanted |= {429} if isinstance(operation, Upload) else set()
    wanted |= {422} if operation.search else set()
    assert told == {str(int(status)) for status in wanted | set(operation.refusals)}


@each_of_ours
def test_a_path_with_an_id_may_lead_nowhere(service: str, operation: Operation) -> None:
    assert not operation.parameters or 404 in operation.refusals


@each_of_ours
def test_a_command_wants_an_idempotency_key_and_a_query_none(service: str, operation: Operation) -> None:
    wanted = [p for p in _described(service, operation)["parameters"] if p["name"] == "Idempotency-Key" and p["required"]]
    takes = operation.body is not None or isinstance(operation, Upload)
    assert bool(wanted) == (operation.method == "POST") == takes


@each_operation
def test_every_example_fits_its_schema(service: str, operation: Operation) -> None:
    examples = list(_examples(_described(service, operation)))
    assert len(examples) >= (2 if operation.body else 1)
    for schema, value in examples:
        fits(service, schema, value)


@each_service
def test_the_examples_of_the_common_problems_fit(service: str) -> None:
    for schema, value in _examples(document(service)["components"]["responses"]):
        fits(service, schema, value)


@each_operation
def test_an_example_is_what_the_service_would_read_and_write(service: str, operation: Operation) -> None:
    """JSON Schema is the coarser of the two: marshmallow has to agree."""
    assert operation.answer().validate(dict(operation.answered)) == {}
    if operation.asked is not None and operation.body is not None:
        assert operation.body_schema().validate(dict(operation.asked)) == {}


@each_service
def test_a_list_of_codes_is_described_once_under_its_name(service: str) -> None:
    """Otherwise a generated client has a type of its own for each field, and three for one that may be null."""
    listed = [tuple(node["enum"]) for node in _nodes(document(service)) if "enum" in node]
    assert len(listed) == len(set(listed))
    assert not any(None in codes for codes in listed)


@pytest.mark.parametrize(
    ("service", "name", "taken"),
    [("tickets", "ResidentRequest", ["rate", "reopen", "cancel"]), ("dispatch", "PartyRequest", ["consent", "withdraw"])],
)
def test_a_request_is_described_where_it_is_taken(service: str, name: str, taken: list[str]) -> None:
    schemas = document(service)["components"]["schemas"]
    assert schemas[name]["properties"]["request"]["$ref"] == f"#/components/schemas/{name}Kind"
    assert schemas[f"{name}Kind"]["enum"] == taken


@each_service
def test_no_answer_has_a_field_for_private_data(service: str) -> None:
    private = {"text", "address", "location", "reporter", "name", "phone", "private_digest", "rate_link", "link"}
    for operation in (ours for owner, ours in OURS if owner == service and ours.id not in PRIVATE):
        assert not private & _names(operation.answer()), operation.id


def test_a_path_is_filled_with_escaped_ids() -> None:
    assert http_tickets.GET_TICKET.at(ticket="a/b?c") == "/tickets/a%2Fb%3Fc"


def test_an_operation_describes_its_placeholders() -> None:
    with pytest.raises(TypeError, match="every placeholder"):
        Operation(
            method="GET", path="/x/{id}", id="x", summary="", role="reader", status=http_tickets.GET_TICKET.status,
            answer=http_tickets.Ticket,
        )  # fmt: skip


def test_what_is_an_accounts_own_is_asked_for_by_name_alone() -> None:
    with pytest.raises(TypeError, match="by name alone"):
        replace(http_tickets.LIST_TICKETS, own_role="producer")


def _described(service: str, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = document(service)["paths"][operation.path][operation.method.lower()]
    return described


def _examples(part: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Every schema with each of its examples."""
    if isinstance(part, list):
        for item in part:
            yield from _examples(item)
    if isinstance(part, dict):
        if "schema" in part and "examples" in part:
            for example in part["examples"].values():
                yield part["schema"], example["value"]
        for value in part.values():
            yield from _examples(value)


def _nodes(part: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document."""
    if isinstance(part, dict):
        yield part
    if isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _nodes(inner)


def _names(schema: Any) -> set[str]:
    found = set(schema.fields)
    for field in schema.fields.values():
        inner = getattr(field, "schema", None)
        found |= _names(inner) if inner is not None else set()
    return found
