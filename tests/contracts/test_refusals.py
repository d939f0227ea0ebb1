"""What a contract refuses: each of these looks valid at a glance, and would do harm further on."""

from typing import Any

import pytest

from contracts.payload import InvalidEvent, payload_for

WHISTLE = {"category": "noise", "area": "阳光家园", "channel": "hotline", "text": "夜间装修"}
POINT = {"lat": 36.06, "lon": 103.83, "system": "GCJ-02"}
CLOSED = {"closure": "satisfied", "generation": 1}
RATED = {"generation": 1, "resolved": True, "satisfied": True}
DEADLINE = {
    "clock": "sign",
    "due": "2026-03-03T09:42:00+08:00",
    "started": "2026-03-03T09:12:00+08:00",
    "rule": "30min",
    "calendar": "chinesecalendar-1.11.0",
    "provisional": False,
    "explanation": "E1",
}

READ = [
    ("an id with a line break behind it", "whistle.blown.v1", WHISTLE | {"area": "阳光家园\n"}, "area"),
    ("an id with a space", "whistle.blown.v1", WHISTLE | {"area": "阳光 家园"}, "area"),
    ("an empty id", "whistle.blown.v1", WHISTLE | {"area": ""}, "area"),
    ("an id of 81 characters", "whistle.blown.v1", WHISTLE | {"area": "a" * 81}, "area"),
    ("a name with a line break behind it", "contact.recorded.v1", {"name": "王女士\n"}, "name"),
    ("a text with U+0000", "whistle.blown.v1", WHISTLE | {"text": "a\x00b"}, "text"),
    ("a text that is no UTF-8", "whistle.blown.v1", WHISTLE | {"text": "a\ud800b"}, "text"),
    ("an id that is no UTF-8", "whistle.blown.v1", WHISTLE | {"area": "a\udfff"}, "area"),
    ("a text of 4,001 characters", "whistle.blown.v1", WHISTLE | {"text": "长" * 4001}, "text"),
    ("an address that no notice has room for", "whistle.blown.v1", WHISTLE | {"address": "楼" * 201}, "address"),
    ("a required field that is null", "whistle.blown.v1", WHISTLE | {"text": None}, "text"),
    ("a word that is not on the list", "whistle.blown.v1", WHISTLE | {"channel": "pigeon"}, "channel"),
    ("a point beyond the pole", "whistle.blown.v1", WHISTLE | {"location": POINT | {"lat": 90.1}}, "location.lat"),
    ("a coordinate as text", "whistle.blown.v1", WHISTLE | {"location": POINT | {"lat": "36.06"}}, "location.lat"),
    ("no number", "whistle.blown.v1", WHISTLE | {"location": POINT | {"lat": float("nan")}}, "location.lat"),
    ("1 for true", "ticket.rated.v1", RATED | {"resolved": 1}, "resolved"),
    ("0.0 for false", "ticket.rated.v1", RATED | {"satisfied": 0.0}, "satisfied"),
    ("text for true", "ticket.rated.v1", RATED | {"resolved": "true"}, "resolved"),
    ("a count as text", "ticket.closed.v1", CLOSED | {"generation": "1"}, "generation"),
    ("true for a count", "ticket.closed.v1", CLOSED | {"generation": True}, "generation"),
    ("a negative count", "ticket.closed.v1", CLOSED | {"generation": -1}, "generation"),
    ("a count that JSON readers round", "ticket.closed.v1", CLOSED | {"generation": 2**53}, "generation"),
    ("a time without an offset", "deadline.set.v1", DEADLINE | {"due": "2026-03-03T09:42:00"}, "due"),
    ("101 ids in a list", "ticket.handled.v1", {"generation": 1, "handled_by": ["u"] * 101}, "handled_by"),
    ("a list that is an id", "ticket.handled.v1", {"generation": 1, "handled_by": "阳光物业"}, "handled_by"),
]

WRITE = [
    ("an id where a list belongs", "ticket.handled.v1", {"generation": 1, "handled_by": "阳光物业"}, "handled_by"),
    ("a fraction of a count", "ticket.closed.v1", CLOSED | {"generation": 1.5}, "generation"),
    ("a name where a part belongs", "whistle.blown.v1", WHISTLE | {"reporter": "王女士"}, "reporter"),
    ("a count as text", "ticket.closed.v1", CLOSED | {"generation": "1"}, "generation"),
    ("a required field without a value", "ticket.closed.v1", CLOSED | {"generation": None}, "generation"),
]


@pytest.mark.parametrize(("what", "type_", "data", "field"), READ, ids=[row[0] for row in READ])
def test_a_consumer_refuses(what: str, type_: str, data: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        payload_for(type_).load(data)
    assert list(refused.value.errors) == [field], what


@pytest.mark.parametrize(("what", "type_", "data", "field"), WRITE, ids=[row[0] for row in WRITE])
def test_a_producer_refuses(what: str, type_: str, data: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        payload_for(type_)(**data).to_wire()
    assert [path.partition(".")[0] for path in refused.value.errors] == [field], what


@pytest.mark.parametrize("body", [None, [], "text", 1, [{}]], ids=repr)
def test_data_that_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(InvalidEvent):
        payload_for("whistle.blown.v1").load(body)


def test_a_refusal_never_repeats_a_value() -> None:
    secret = "王女士 000-0000-0001\n"
    schema = payload_for("whistle.blown.v1")
    with pytest.raises(InvalidEvent) as refused:
        schema.load(dict.fromkeys(schema.schema().fields, secret))
    assert "000-0000-0001" not in str(refused.value)
