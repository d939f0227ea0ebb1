"""The services, held against their OpenAPI documents by Schemathesis: data that the documents allow, and data that they forbid.

Of its checks those are left out that this deployment cannot answer: `ignored_auth` and `unsupported_method` (all accounts and
methods are gone through in test_asking.py), `positive_data_acceptance` (the rules may forbid what the document allows: here
`the_document_is_as_strict`), and the stateful ones (nothing is ever deleted).
"""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from itertools import count
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from contracts.http import BY_SERVICE, Operation
from contracts.http.open311 import GeoReport
from tests.component.http.attacks.test_bodies import ACCOUNTS, right
from tests.component.http.client import ask, key, whistle
from tests.kit.deployment import Deployment
from tests.kit.openapi_conformance import document
from tests.kit.processes import wait_until

CHECKS: list[Any] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.negative_data_rejection,
    checks.missing_required_header,
]
STRICT = (checks.negative_data_rejection, checks.missing_required_header)
"""Not asked of GeoReport: there an argument without a value is no argument, and a key may come in three ways."""
EXAMPLES = settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
DOORS = [(service, operation) for service, operations in BY_SERVICE.items() for operation in operations]
RULED_OUT = {
    "makeRequest",
    "resumeTicket",
    "askAsParty",
    "getAccount",
    "findWhistle",
    "showLink",
    "showPartyLink",
    "showTicket",
    "showProgress",
    "attachPhotograph",
    "getPhotograph",
    "getNoticeText",
}
"""No such request of a ticket that is at work; no account in a log of minutes; no id, token or picture that one could guess."""
FORBIDDEN = [(service, operation) for service, operation in DOORS if operation.parameters or operation.body or operation.search]
pytestmark = pytest.mark.parametrize("stack", ["embedded"], indirect=True)
_numbers = count(1)


@pytest.mark.parametrize(("service", "door"), DOORS, ids=[door.id for _, door in DOORS])
def test_what_the_document_allows(stack: Deployment, service: str, door: Operation) -> None:
    """Half of it with what there really is, so that some of it takes effect."""
    ticket = at_work(stack)
    real = {"ticket": ticket, "subject": ticket, "kpi": "resolution", "account": "nobody"}
    real |= {"service_code": "leak", "service_request_id": ticket, "token": ticket}
    seen = set()

    @EXAMPLES
    @given(described(service, door).as_strategy(generation_mode=GenerationMode.POSITIVE))
    def each(case: Any) -> None:
        number = next(_numbers)
        if case.path_parameters and number % 2:
            case.path_parameters |= {name: real[name] for name in case.path_parameters if name in real}
        if door.waits_for:
            case.query = {**case.query, "wait": number % 2}  # of the 25 seconds that the document allows
        if isinstance(door, GeoReport) and door.body and number % 4 < 2:
            case.body = {**case.body, **(door.asked or {})}
        elif door.body and number % 4 < 2:
            case.body = {**case.body, **right(stack, door, ticket)}
            case.headers = {**case.headers, "Idempotency-Key": key()}
        response = call(stack, service, door, case)
        seen.add(response.status_code)
        if response.status_code == 422:
            assert response.json()["detail"] != "fields are wrong", (
                f"the document is less strict: {response.json()} {case.body} {case.query}"
            )

    each()
    assert door.status in seen or door.id in RULED_OUT, seen


@pytest.mark.parametrize(("service", "door"), FORBIDDEN, ids=[door.id for _, door in FORBIDDEN])
def test_what_the_document_forbids(stack: Deployment, service: str, door: Operation) -> None:
    @EXAMPLES
    @given(described(service, door).as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def each(case: Any) -> None:
        call(stack, service, door, case)

    each()
    assert whistle(stack, key()).status == 202


def call(stack: Deployment, service: str, door: Operation, case: Any) -> Any:
    """Ask, and check the answer."""
    token = {"Authorization": f"Bearer token-of-{ACCOUNTS.get(door.role, 'desk')}"}
    response = case.call(base_url=f"http://127.0.0.1:{stack.ports[service][0]}", headers=token, timeout=60)
    standard = isinstance(door, GeoReport)
    if response.status_code != HTTPStatus.REQUEST_URI_TOO_LONG:  # refused before the path is known
        case.validate_response(response, checks=[check for check in CHECKS if not (standard and check in STRICT)])
    return response


def at_work(stack: Deployment) -> str:
    """A ticket that is worked on."""
    ticket: str = whistle(stack, key()).body["ticket"]
    wait_until(lambda: ask(stack, "dispatch", "GET", f"/cases/{ticket}", "desk").status == 200, "the case")
    wait_until(lambda: ask(stack, "tickets", "GET", f"/tickets/{ticket}", "desk").body["state"] == "handling", "at work")
    return ticket


@cache
def _schema(service: str) -> Any:
    """The document without who asks: every account is a good one here."""
    plain = {name: part for name, part in document(service).items() if name != "security"}
    paths = {
        path: {method: {name: part for name, part in node.items() if name != "security"} for method, node in methods.items()}
        for path, methods in plain["paths"].items()
    }
    return schemathesis.openapi.from_dict({**plain, "paths": paths})


def described(service: str, door: Operation) -> Any:
    """The operation as the document describes it."""
    return _schema(service)[door.path][door.method]
