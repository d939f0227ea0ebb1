"""Whatever is sent, GeoReport answers 400, 403 or 404 with the standard's errors in the format asked for, and keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.component.http.georeport import KEY, V2, ask, get, post
from tests.kit.deployment import Deployment

both_forms = pytest.mark.parametrize("form", ["json", "xml"])

FORMS: list[tuple[int, int, dict[str, Any], str]] = [
    (403, 403, {"api_key": None}, "api_key: missing"),
    (403, 403, {"api_key": "nobody's"}, "api_key: belongs to no account"),
    (403, 403, {"api_key": "漏水"}, "api_key: belongs to no account"),
    (403, 403, {"api_key": "token-of-grid"}, "lacks the role"),
    (404, 404, {"service_code": "suspected_crime"}, "not offered"),
    (404, 404, {"service_code": "atlantis"}, "not offered"),
    (400, 422, {"service_code": None}, "service_code: Missing"),
    (400, 422, {"service_code": "a b"}, "service_code: Not an id"),
    (400, 422, {"lat": None}, "lat, long"),
    (400, 422, {"lat": None, "long": None, "address_string": None}, "one is needed"),
    (400, 422, {"lat": "north"}, "lat: Not a valid number"),
    (400, 422, {"lat": "nan"}, "lat: "),
    (400, 422, {"lat": "1e999"}, "lat: "),
    (400, 422, {"lat": "91"}, "lat: "),
    (400, 422, {"lat": "9" * 5000}, "lat: "),
    (400, 422, {"lat": "51.5", "long": "-0.1"}, "in no area"),
    (400, 422, {"address_id": "atlantis"}, "address_id"),
    (400, 422, {"lat": None, "long": None, "address_string": "人民路1号"}, "address_string"),
    (400, 422, {"description": "啊" * 4001}, "description: Longer than"),
    (400, 422, {"description": "a\0b"}, "description: Contains U+0000"),
    (400, 422, {"attribute[a]": "a\0b"}, "U+0000"),
    (400, 422, {"first_name": "a\nb"}, "first_name: Not a name"),
    (400, 422, {"phone": "1" * 201}, "phone: Length must be"),
    (400, 422, {"phone": "   "}, "phone: Blank"),
    (400, 422, {"phone": "029-00001234,029-00001235"}, "phone: Not exactly one telephone number"),
]


@both_forms
@pytest.mark.parametrize(("status", "code", "changes", "why"), FORMS, ids=[f"{why}-{n}" for n, (*_, why) in enumerate(FORMS)])
def test_a_wrong_form_is_refused(
    stack: Deployment, form: str, status: int, code: int, changes: Mapping[str, Any], why: str
) -> None:
    before = stack.rows("tickets", "SELECT count(*) FROM whistles")
    refused = post(stack, form, **changes)
    assert refused.status == status, refused
    assert [str(one["code"]) for one in refused.body] == [str(code)] * len(refused.body)
    assert any(why in one["description"] for one in refused.body), refused.body
    assert stack.rows("tickets", "SELECT count(*) FROM whistles") == before


@both_forms
@pytest.mark.parametrize(
    ("code", "body", "headers"),
    [
        (403, b"", {}),
        (400, b"service_code=%ff", {}),
        (400, b"&".join([b"a=1"] * 1001), {}),
        (400, f"api_key={KEY}&lat=1&lat=2".encode(), {}),
        (413, b"description=" + b"a" * 300_000, {}),
        (415, b"{}", {"Content-Type": "application/json"}),
        (415, b"--b--", {"Content-Type": "multipart/form-data; boundary=b"}),
        (400, f"api_key={KEY}&service_code=leak&address_id=heping".encode(), {"Idempotency-Key": "a b"}),
        (400, f"api_key={KEY}&service_code=leak&address_id=heping".encode(), {"Idempotency-Key": "k" * 129}),
    ],
)
def test_a_body_that_is_no_form_is_refused(
    stack: Deployment, form: str, code: int, body: bytes, headers: dict[str, str]
) -> None:
    refused = ask(stack, f"{V2}/requests.{form}", body, **headers)
    assert refused.status == (403 if code == 403 else 400)
    assert {str(one["code"]) for one in refused.body} == {str(code)}


@both_forms
@pytest.mark.parametrize(
    "arguments",
    [
        {"start_date": "yesterday"},
        {"start_date": "2026-01-01T00:00:00"},
        {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"},
        {"start_date": "2026-01-02T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"},
        {"start_date": "9999-12-31T00:00:00Z"},
        {"end_date": "0001-01-01T00:00:00Z"},
        {"end_date": "0001-01-01T00:00:00+14:00"},
        {"status": "parked"},
        {"service_code": "a b"},
        {"service_request_id": ",".join(["T1"] * 1001)},
        {"service_request_id": "a\0b"},
        {"jurisdiction_id": "a\0b"},
    ],
)
def test_a_wrong_argument_is_refused(stack: Deployment, form: str, arguments: dict[str, str]) -> None:
    assert get(stack, "requests", form, **arguments).status == 400


@pytest.mark.parametrize("query", ["start_date=a&start_date=b", "status=%ff", "jurisdiction_id=1&jurisdiction_id=2"])
def test_arguments_that_cannot_be_read_are_refused(stack: Deployment, query: str) -> None:
    assert ask(stack, f"{V2}/requests.json?{query}").status == 400


def test_a_wrong_key_is_told_so_even_where_none_is_needed(stack: Deployment) -> None:
    assert get(stack, "requests", api_key="nobody's").status == 403
    assert ask(stack, f"{V2}/requests.json", Authorization="Bearer nobody").status == 403


@pytest.mark.parametrize(
    ("status", "path"),
    [
        (404, "/requests/T-NOBODY.json"),
        (404, "/requests/a%20b.xml"),
        (404, "/requests/%00.xml"),
        (404, "/requests/%ff.json"),
        (404, "/requests/" + "x" * 81 + ".json"),
        (404, "/requests/T1%27%3B%20DROP%20TABLE%20tickets.json"),
        (404, "/tokens/T-NOBODY.xml"),
        (404, "/services/atlantis.xml"),
        (404, "/services/suspected_crime.json"),
        (404, "/services.txt"),
        (404, "/requests.csv"),
        (404, "/services/leak.html"),
    ],
)
def test_what_is_not_there_is_404(stack: Deployment, status: int, path: str) -> None:
    assert ask(stack, V2 + path).status == status


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (404, "GET", "/open311/"),
        (404, "GET", "/open311/v2/nowhere.json"),
        (404, "GET", "/open311/v2/requests"),
        (404, "GET", "/open311/v2//requests.json"),
        (400, "POST", "/open311/v2/services.json"),
        (400, "DELETE", "/open311/v2/requests.xml"),
        (400, "BREW", "/open311/v2/requests.xml"),
    ],
)
def test_paths_and_methods_that_there_are_none_of_are_refused_in_the_standards_words(
    stack: Deployment, status: int, method: str, path: str
) -> None:
    assert ask(stack, path, method=method, described=False).status == status
