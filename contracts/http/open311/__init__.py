"""Open311 GeoReport v2, the second HTTP interface of tickets, with the resources of the standard."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from marshmallow import Schema

from contracts.http.open311 import schemas
from contracts.http.operation import Operation

ENDPOINT = "/open311/v2"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"


ERRORS = {
    HTTPStatus.BAD_REQUEST: "What was sent is wrong, or the rules forbid it.",
    HTTPStatus.FORBIDDEN: "The api_key is missing or wrong, or lacks the role.",
    HTTPStatus.NOT_FOUND: "No such jurisdiction, service, request, token or format.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The store is out of reach, or the service stops. Ask again.",
}
"""The standard defines the first three; an outage has its own status and says when to try again."""


class Key(StrEnum):
    """The use of an api_key: never read, optional, required."""

    NEVER = "never"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoReport(Operation):
    """A resource of the standard. ``role`` applies only with a key: POST requires it, and a GET shows more to it."""

    root: str
    """The root element of its XML; if it is one of `schemas.LISTS`, the answer is a list."""
    key: Key = Key.NEVER
    addressed: bool = False
    """True if the method gets the address by which the client came."""

    def problems(self) -> dict[HTTPStatus, str]:
        return {one: said for one, said in ERRORS.items() if one is not HTTPStatus.FORBIDDEN or self.key is not Key.NEVER}


_FORMAT = {"format": "json or xml."}
_ID = "TMFQWCZLOEBSG44DF"


def _get(
    path: str, id_: str, summary: str, answer: type[Schema], root: str, answered: Mapping[str, Any], **more: Any
) -> GeoReport:
    parameters = _FORMAT | more.pop("parameters", {})
    return GeoReport(
        method="GET",
        path=path,
        id=id_,
        summary=summary,
        role="reader",
        status=HTTPStatus.OK,
        answer=answer,
        root=root,
        parameters=parameters,
        answered=answered,
        **{"search": schemas.Asked, **more},
    )


_REQUEST = {
    "service_request_id": _ID,
    "status": "open",
    "status_notes": "办理中 · Being handled",
    "service_name": "噪声扰民 · Noise",
    "service_code": "noise",
    "description": None,
    "requested_datetime": "2026-03-03T09:12:00+08:00",
    "updated_datetime": "2026-03-03T09:40:00+08:00",
    "address": "阳光家园",
    "address_id": "yangguang",
    "lat": 34.2625,
    "long": 108.9022,
    "media_url": None,
}

GET_SERVICES = _get(
    f"{ENDPOINT}/services.{{format}}",
    "open311GetServices",
    "What may be requested.",
    schemas.Service,
    "services",
    {
        "service_code": "noise",
        "service_name": "噪声扰民 · Noise",
        "description": "楼上、广场、施工等噪声 · From upstairs, squares, building sites",
        "metadata": False,
        "type": "realtime",
        "keywords": "噪音, noise",
        "group": "邻里 · Neighbours",
    },
)
GET_DEFINITION = _get(
    f"{ENDPOINT}/services/{{service_code}}.{{format}}",
    "open311GetServiceDefinition",
    "The attributes of a service.",
    schemas.ServiceDefinition,
    "service_definition",
    {"service_code": "noise", "attributes": []},
    parameters={"service_code": "The service's code."},
)
GET_REQUESTS = _get(
    f"{ENDPOINT}/requests.{{format}}",
    "open311GetRequests",
    "Requests, the newest first: at most 1,000, of at most 90 days.",
    schemas.ServiceRequest,
    "service_requests",
    _REQUEST,
    search=schemas.RequestSearch,
    key=Key.OPTIONAL,
)
GET_REQUEST = _get(
    f"{ENDPOINT}/requests/{{service_request_id}}.{{format}}",
    "open311GetRequest",
    "A request as it stands.",
    schemas.ServiceRequest,
    "service_requests",
    _REQUEST,
    parameters={"service_request_id": "The request's id."},
    key=Key.OPTIONAL,
)
GET_TOKEN = _get(
    f"{ENDPOINT}/tokens/{{token}}.{{format}}",
    "open311GetToken",
    "The id of the request that a token was given for.",
    schemas.TokenRead,
    "service_requests",
    {"service_request_id": _ID, "token": _ID},
    parameters={"token": "The token."},
)
GET_DISCOVERY = _get(
    "/open311/discovery.{format}",
    "open311Discover",
    "Where the standard is spoken, and whom to ask.",
    schemas.Discovery,
    "discovery",
    addressed=True,
    answered={
        "changeset": "2026-11-22 09:00",
        "contact": "12345",
        "key_service": "12345",
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": f"https://tickets.street.example{ENDPOINT}",
                "changeset": "2026-11-22 09:00",
                "type": "production",
                "formats": list(schemas.FORMATS.values()),
            }
        ],
    },
)
POST_REQUEST = GeoReport(
    method="POST",
    path=f"{ENDPOINT}/requests.{{format}}",
    id="open311PostRequest",
    summary="Blow a whistle by GeoReport. With an Idempotency-Key the same twice is one ticket; without one each is its own.",
    role="producer",
    key=Key.REQUIRED,
    status=HTTPStatus.OK,
    body=schemas.RequestForm,
    answer=schemas.RequestTaken,
    root="service_requests",
    parameters=_FORMAT,
    asked={
        "service_code": "noise",
        "lat": 34.2625,
        "long": 108.9022,
        "address_string": "阳光家园3号楼2单元",
        "first_name": "秀英",
        "last_name": "王",
        "phone": "029-00001234",
        "description": "楼上半夜放音乐",
    },
    answered={"service_request_id": _ID},
)

OPERATIONS = (GET_DISCOVERY, GET_SERVICES, GET_DEFINITION, POST_REQUEST, GET_REQUESTS, GET_REQUEST, GET_TOKEN)
