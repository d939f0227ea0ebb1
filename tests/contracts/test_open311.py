"""The resources of GeoReport v2 have the names and the fields of the standard (wiki.open311.org/GeoReport_v2)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import limits
from contracts.http.open311 import OPERATIONS, GeoReport, Key, schemas
from tests.kit.openapi_conformance import document

RESOURCES = {
    ("GET", "/open311/v2/services.{format}", Key.NEVER),
    ("GET", "/open311/v2/services/{service_code}.{format}", Key.NEVER),
    ("POST", "/open311/v2/requests.{format}", Key.REQUIRED),
    ("GET", "/open311/v2/tokens/{token}.{format}", Key.NEVER),
    ("GET", "/open311/v2/requests.{format}", Key.OPTIONAL),
    ("GET", "/open311/v2/requests/{service_request_id}.{format}", Key.OPTIONAL),
    ("GET", "/open311/discovery.{format}", Key.NEVER),
}
"""The standard wants a key for POST alone; where one is optional it shows more."""

MAY_BE_LEFT_OUT = {
    "status_notes",
    "agency_responsible",
    "service_notice",
    "expected_datetime",
    "account_id",
    "token",
}
"""Of the tables below, what "may not be returned"; of POST, the token where there is the id."""
NOT_KNOWN_HERE = {"zipcode"}

TABLES: list[tuple[type[Any], str]] = [
    (schemas.Service, "service_code service_name description metadata type keywords group"),
    (schemas.ServiceDefinition, "service_code attributes"),
    (schemas.RequestTaken, "service_request_id token service_notice account_id"),
    (schemas.TokenRead, "service_request_id token"),
    (
        schemas.ServiceRequest,
        "service_request_id status status_notes service_name service_code description agency_responsible service_notice"
        " requested_datetime updated_datetime expected_datetime address address_id zipcode lat long media_url",
    ),
    (schemas.ServiceError, "code description"),
    (schemas.Discovery, "changeset contact key_service endpoints"),
    (schemas.DiscoveredEndpoint, "specification url changeset type formats"),
]
ARGUMENTS: list[tuple[type[Any], str]] = [
    (schemas.Asked, "jurisdiction_id"),
    (schemas.RequestSearch, "jurisdiction_id service_request_id service_code start_date end_date status"),
    (
        schemas.RequestForm,
        "api_key jurisdiction_id service_code lat long address_string address_id email device_id account_id first_name"
        " last_name phone description media_url",
    ),
]


def test_the_resources_are_the_standards() -> None:
    assert {(one.method, one.path, one.key) for one in OPERATIONS} == RESOURCES


@pytest.mark.parametrize(("schema", "table"), TABLES, ids=[schema.__name__ for schema, _ in TABLES])
def test_an_answer_has_the_fields_of_its_table_in_their_order(schema: type[Any], table: str) -> None:
    fields = list(schema().fields)
    assert [name for name in table.split() if name in fields] == fields
    left_out = set(table.split()) - set(fields)
    assert left_out <= MAY_BE_LEFT_OUT | NOT_KNOWN_HERE
    if schema is schemas.RequestTaken:
        assert "token" not in fields, "not beside the id"


@pytest.mark.parametrize(("schema", "table"), ARGUMENTS, ids=[schema.__name__ for schema, _ in ARGUMENTS])
def test_every_argument_is_taken(schema: type[Any], table: str) -> None:
    assert set(schema().fields) == set(table.split())


def test_codes_are_the_standards() -> None:
    assert [one.value for one in schemas.Type] == ["realtime", "batch", "blackbox"]
    assert [one.value for one in schemas.Status] == ["open", "closed"]
    assert schemas.FORMATS == {"xml": "text/xml", "json": "application/json"}
    assert (limits.OPEN311_REQUESTS, limits.OPEN311_DAYS) == (1000, 90)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
def test_the_document_tells_both_formats_and_every_error(operation: GeoReport) -> None:
    described = document("tickets")["paths"][operation.path][operation.method.lower()]
    assert set(described["responses"][str(int(operation.status))]["content"]) == set(schemas.FORMATS.values())
    errors = {"400", "404", "503"} | ({"403"} if operation.key is not Key.NEVER else set())
    assert set(described["responses"]) == errors | {"200", "default"}
    keyless = {} in described["security"] or described["security"] == []
    assert keyless, "the key may be in the form, of which OpenAPI has no word"
    if operation.body:
        assert set(described["requestBody"]["content"]) == {"application/x-www-form-urlencoded"}
        (key,) = [one for one in described["parameters"] if one["name"] == "Idempotency-Key"]
        assert not key["required"]


def test_the_document_says_what_xml_is_called() -> None:
    requests = document("tickets")["paths"]["/open311/v2/requests.{format}"]["get"]["responses"]["200"]
    schema = requests["content"]["text/xml"]["schema"]
    item = document("tickets")["components"]["schemas"][schema["items"]["$ref"].rpartition("/")[2]]
    assert (schema["xml"], item["xml"]) == ({"name": "service_requests", "wrapped": True}, {"name": "request"})


def test_no_answer_has_a_field_for_what_the_reporter_said_of_himself() -> None:
    private = {"first_name", "last_name", "phone", "email", "device_id", "address_string", "api_key", "text"}
    for operation in OPERATIONS:
        assert not private & set(operation.answer().fields), operation.id
