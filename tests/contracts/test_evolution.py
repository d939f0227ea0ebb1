"""Within a version only an optional field may be added; and the checker of this rule is itself checked."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from contracts.events.intake import WhistleBlown
from contracts.generate import ROOT
from contracts.generators.released import (
    FILE,
    EventShape,
    FieldShape,
    broken_rules,
    broken_samples,
    current_shapes,
    sample_digests,
    shape_fields,
)
from contracts.generators.schemas import json_schema

Change = Callable[[Any], Any]


def field(kind: str = "string", required: bool = True, nullable: bool = False, **constraints: Any) -> FieldShape:
    return {"required": required, "nullable": nullable, "kind": kind, "constraints": constraints}


OPENED: EventShape = {
    "exchange": "tickets.events",
    "about": "ticket",
    "fields": {
        "area": field(minLength=1, maxLength=80, pattern="^a+$"),
        "estate": field(required=False, nullable=True),
        "urgency": field(enum=["E0", "E1"]),
        "generation": field("integer", minimum=0, maximum=9),
        "location": field("object", required=False, nullable=True),
        "location.lat": field("number"),
        "units": field("array", maxItems=5),
        "units[]": field(required=False),
    },
}


def _set(path: str, **changes: Any) -> Change:
    return lambda event: event["fields"][path].update(changes)


def _constrain(path: str, **changes: Any) -> Change:
    return lambda event: event["fields"][path]["constraints"].update(changes)


def _drop_constraint(path: str, name: str) -> Change:
    return lambda event: event["fields"][path]["constraints"].pop(name)


def _add(**added: FieldShape) -> Change:
    return lambda event: event["fields"].update({path.replace("__", "."): shape for path, shape in added.items()})


FORBIDDEN: list[tuple[str, Change, str]] = [
    ("a field removed", lambda e: e["fields"].pop("area"), "field area was removed"),
    ("an optional field removed", lambda e: e["fields"].pop("estate"), "field estate was removed"),
    ("a field of a part removed", lambda e: e["fields"].pop("location.lat"), "field location.lat was removed"),
    ("a required field added", _add(street=field()), "field street was added and is required"),
    ("a required field added to an old part", _add(location__lon=field()), "field location.lon was added and is req"),
    ("a field made required", _set("estate", required=True), "field estate became required"),
    ("a field made optional", _set("area", required=False), "field area is no longer required"),
    ("null refused", _set("estate", nullable=False), "field estate may no longer be null"),
    ("null allowed", _set("area", nullable=True), "field area may now be null"),
    ("another kind", _set("generation", kind="string"), "field generation changed its kind from integer to string"),
    ("items of another kind", _set("units[]", kind="integer"), "field units[] changed its kind from string to integer"),
    ("a word lost", _constrain("urgency", enum=["E0"]), "field urgency changed its words: lost E1"),
    ("a word gained", _constrain("urgency", enum=["E0", "E1", "E2"]), "field urgency changed its words: gained E2"),
    ("a word replaced", _constrain("urgency", enum=["E0", "E2"]), "lost E1 and gained E2"),
    ("a list of words for what was free", _constrain("estate", enum=["x"]), "field estate changed its enum from none"),
    ("free text for what were words", _drop_constraint("urgency", "enum"), "field urgency changed its enum from"),
    ("a smaller length", _constrain("area", maxLength=79), "area was narrowed: maxLength from 80 to 79"),
    ("a greater length", _constrain("area", maxLength=81), "area was widened: maxLength from 80 to 81"),
    ("no greatest length", _drop_constraint("area", "maxLength"), "area was widened: maxLength from 80 to none"),
    ("a greatest length", _constrain("estate", maxLength=9), "estate was narrowed: maxLength from none to 9"),
    ("a greater least length", _constrain("area", minLength=2), "area was narrowed: minLength from 1 to 2"),
    ("a smaller range", _constrain("generation", minimum=1), "generation was narrowed: minimum from 0 to 1"),
    ("a larger range", _constrain("generation", maximum=10), "generation was widened: maximum from 9 to 10"),
    ("a shorter list", _constrain("units", maxItems=4), "units was narrowed: maxItems from 5 to 4"),
    ("another pattern", _constrain("area", pattern="^b+$"), "field area changed its pattern from ^a+$ to ^b+$"),
    (
        "another exchange",
        lambda e: e.update(exchange="tickets.private"),
        "moved from tickets.events to tickets.private",
    ),
    ("another subject", lambda e: e.update(about="area"), "subject was the ticket's id and is now the area's"),
]

PERMITTED: list[tuple[str, Change]] = [
    ("nothing", _set("area")),
    ("an optional field added", _add(street=field(required=False, nullable=True))),
    ("an optional field added to a part", _add(location__system=field(required=False))),
    ("an optional part with a required field", _add(p=field("object", required=False), p__q=field())),
    ("an optional list", _add(**{"notes": field("array", required=False), "notes[]": field(required=False)})),
]


@pytest.mark.parametrize(("what", "change", "sentence"), FORBIDDEN, ids=[row[0] for row in FORBIDDEN])
def test_forbidden(what: str, change: Change, sentence: str) -> None:
    changed = deepcopy(OPENED)
    change(changed)
    broken = broken_rules({"ticket.opened.v1": OPENED}, {"ticket.opened.v1": changed})
    assert len(broken) == 1, what
    assert broken[0].startswith("ticket.opened.v1: ")
    assert sentence in broken[0]


@pytest.mark.parametrize(("what", "change"), PERMITTED, ids=[row[0] for row in PERMITTED])
def test_permitted(what: str, change: Change) -> None:
    changed = deepcopy(OPENED)
    change(changed)
    assert broken_rules({"ticket.opened.v1": OPENED}, {"ticket.opened.v1": changed}) == [], what


def test_a_released_version_stays_and_a_new_one_may_come() -> None:
    assert broken_rules({}, {"ticket.opened.v1": OPENED}) == []
    assert broken_rules({"ticket.opened.v1": OPENED}, {"ticket.opened.v2": OPENED}) == [
        "ticket.opened.v1 was released and is gone: a released version stays readable for ever."
    ]


def test_samples_are_append_only() -> None:
    assert broken_samples({"t/1-a.json": "x"}, {"t/1-a.json": "x", "t/2-b.json": "y"}) == []
    assert "t/1-a.json was released and was changed" in broken_samples({"t/1-a.json": "x"}, {"t/1-a.json": "y"})[0]
    assert "t/1-a.json was released and is gone" in broken_samples({"t/1-a.json": "x"}, {})[0]


def test_shapes_are_those_that_the_contract_declares() -> None:
    shapes = dict(shape_fields(json_schema(WhistleBlown)))
    assert shapes["area"]["required"]
    assert shapes["area"]["constraints"]["maxLength"] == 80
    assert shapes["location"] == field("object", required=False, nullable=True)
    assert shapes["location.lat"] == field("number", minimum=-90, maximum=90)
    assert shapes["urgency"] == field(required=False, nullable=True, enum=["E0", "E1", "E2", "E3"])
    assert shapes["reporter.phone"]["nullable"]
    assert shapes["dispute"]["kind"] == "boolean"


def test_the_contracts_keep_what_was_released() -> None:
    released = json.loads((ROOT / FILE).read_text(encoding="utf-8"))
    broken = broken_rules(released["events"], current_shapes()) + broken_samples(released["samples"], sample_digests(ROOT))
    assert not broken, "\n".join(broken)
