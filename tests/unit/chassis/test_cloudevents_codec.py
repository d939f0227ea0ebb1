"""An event as bytes and back; and whatever else arrives is refused in words that tell nothing of what it held."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.messaging import cloudevents_codec, native_headers
from chassis.messaging.cloudevents_codec import JSON, Message, Undecodable
from chassis.size_limits import MAX_DEPTH
from contracts.codes import Command
from contracts.envelope import Event
from contracts.events import intake
from contracts.generate import ROOT
from contracts.generators import samples
from contracts.generators.samples import Sample
from contracts.payload import InvalidEvent, UnknownEvent, all_payloads, payload_for
from tests.contracts.strategies import data_for

STRUCTURED = "application/cloudevents+json"
SECRET = "王阿姨 029-00001111"
HEADERS = {
    "ce-specversion": "1.0",
    "ce-type": intake.ReportFiled.type,
    "ce-source": "/property-app",
    "ce-id": "r-1",
    "ce-subject": "t-1",
    "ce-time": "2026-03-03T09:20:00+08:00",
}
BODY = b'{"command":"sign","unit":"yangguang"}'
WHOLE = {name.removeprefix("ce-"): value for name, value in HEADERS.items()} | {"data": json.loads(BODY)}
EVERY_SAMPLE = pytest.mark.parametrize("sample", samples.read(ROOT), ids=lambda sample: sample.name)

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=80)
optional_words = st.none() | words
instants = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))


@st.composite
def events(draw: st.DrawFn) -> Event:
    schema = draw(st.sampled_from(all_payloads()))
    return Event(
        payload=schema.of(draw(data_for(schema.schema))),
        source=draw(words),
        subject=draw(words),
        id=draw(words),
        time=draw(instants),
        correlationid=draw(optional_words),
        causationid=draw(optional_words),
        sequence=draw(st.none() | st.integers(1, 2**63 - 1)),
    )


def plain(**changes: str | None) -> Message:
    """A good message in binary mode, but for the changed attributes; None leaves one out."""
    changed = HEADERS | {f"ce-{name}": value for name, value in changes.items()}
    return Message({name: value for name, value in changed.items() if value is not None}, JSON, BODY)


def structured(**changes: Any) -> Message:
    """The same in structured mode; ``...`` leaves an attribute out."""
    whole = {name: value for name, value in {**WHOLE, **changes}.items() if value is not ...}
    return Message({}, STRUCTURED, json.dumps(whole).encode())


@settings(deadline=None, max_examples=150)
@given(events(), words)
def test_what_is_written_is_read_again(event: Event, user: str) -> None:
    read = cloudevents_codec.decode(replace(cloudevents_codec.encode(event), user_id=user))
    assert read == replace(event, actor=user)


@EVERY_SAMPLE
def test_a_sample_is_read_in_both_modes(sample: Sample) -> None:
    read = cloudevents_codec.decode(Message({}, STRUCTURED, json.dumps(sample.event).encode()))
    assert read.payload == payload_for(sample.type).load(sample.data)
    assert cloudevents_codec.decode(cloudevents_codec.encode(read)) == read


@settings(deadline=None, max_examples=300)
@given(
    st.dictionaries(st.sampled_from([*HEADERS, "ce-sequence", "ce-correlationid", "other"]), st.text(max_size=300)),
    st.sampled_from([JSON, STRUCTURED, "text/plain", ""]),
    st.binary(max_size=60) | st.just(BODY) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
def test_whatever_comes_is_read_or_refused(headers: Mapping[str, str], content_type: str, body: bytes) -> None:
    message = Message({**HEADERS, **headers}, content_type, body)
    message.digest()
    try:
        event = cloudevents_codec.decode(message)
    except (Undecodable, UnknownEvent, InvalidEvent):
        return
    for word in (event.type, event.source, event.subject, event.id, event.correlationid or ""):
        assert "\0" not in word
        word.encode()


@pytest.mark.parametrize("prefix", ["ce-", "CE-", "cloudEvents:", "cloudEvents_", "cloudevents:"])
def test_every_spelling_of_the_headers_is_the_same_event(prefix: str) -> None:
    message = Message({prefix + name.removeprefix("ce-"): value for name, value in HEADERS.items()}, JSON, BODY)
    assert cloudevents_codec.decode(message) == cloudevents_codec.decode(plain())
    assert message.digest() == plain().digest()


def test_structured_mode_is_the_same_event_and_its_headers_do_not_count() -> None:
    assert cloudevents_codec.decode(replace(structured(), headers={"ce-id": "other"})) == cloudevents_codec.decode(plain())


def test_data_may_come_in_base_64() -> None:
    message = structured(data=..., data_base64="eyJjb21tYW5kIjoic2lnbiIsInVuaXQiOiJ5YW5nZ3VhbmcifQ==")
    assert cloudevents_codec.decode(message) == cloudevents_codec.decode(plain())


def test_json_under_another_content_type_is_read() -> None:
    assert cloudevents_codec.decode(replace(plain(), content_type="text/plain")) == cloudevents_codec.decode(plain())


def test_the_time_is_read_in_utc() -> None:
    assert cloudevents_codec.decode(plain()).time == datetime(2026, 3, 3, 1, 20, tzinfo=UTC)
    assert cloudevents_codec.decode(plain()).time.utcoffset() == timedelta(0)


def test_the_body_is_written_so_that_the_same_data_has_the_same_digest() -> None:
    event = cloudevents_codec.decode(plain())
    there = cloudevents_codec.encode(event)
    back = cloudevents_codec.decode(replace(plain(), body=json.dumps(dict(reversed(json.loads(BODY).items()))).encode()))
    assert there.digest() == cloudevents_codec.encode(back).digest() == plain().digest()
    assert there.body == b'{"command":"sign","unit":"yangguang"}'


@pytest.mark.parametrize("other", [plain(type="x"), plain(subject="x"), replace(plain(), body=b"{}")])
def test_another_type_subject_or_body_has_another_digest(other: Message) -> None:
    assert other.digest() != plain().digest()


@pytest.mark.parametrize("mode", [plain, structured])
def test_said_again_at_another_time_it_has_the_same_digest(mode: Callable[..., Message]) -> None:
    assert mode(time="2026-03-03T09:21:00+08:00").digest() == mode().digest()


@pytest.mark.parametrize("other", [{"id": "x"}, {"type": "x"}, {"subject": "x"}, {"data": {}}])
def test_another_structured_body_has_another_digest(other: dict[str, Any]) -> None:
    """The id counts too: what cannot be read is kept under its digest alone."""
    assert structured(**other).digest() != structured().digest()


def test_data_that_does_not_fit_is_not_written() -> None:
    event = replace(cloudevents_codec.decode(plain()), payload=intake.ReportFiled(command=Command.SIGN, unit="a b"))
    with pytest.raises(InvalidEvent, match="unit: Not an id"):
        cloudevents_codec.encode(event)


ATTRIBUTES = [name.removeprefix("ce-") for name in HEADERS]
BAD_WORDS = {"missing": None, "empty": "", "NUL": f"{SECRET}\0", "half a character": f"{SECRET}\ud800", "huge": SECRET * 5000}
UNDECODABLE = [
    *(
        pytest.param(name, plain(**{name: bad}), id=f"{name} {what}")
        for name in ATTRIBUTES
        for what, bad in BAD_WORDS.items()
        if name != "type" or not bad  # a type that is there is another matter: see below
    ),
    *(
        pytest.param(name, structured(**{name: bad}), id=f"structured {name} {bad!r:.9}")
        for name in ATTRIBUTES
        for bad in (..., None, 7, "", {"a": SECRET}, [SECRET])
    ),
    pytest.param("id", structured(id=f"{SECRET}\ud800"), id="structured id half a character"),
    pytest.param("time", plain(time=SECRET), id="time in words"),
    pytest.param("time", plain(time="2026-03-03T09:20:00"), id="time without a zone"),
    pytest.param("time", plain(time="0001-01-01T00:00:00+14:00"), id="time before time"),
    pytest.param("time", plain(time="1899-12-31T23:59:59Z"), id="time that no calendar knows"),
    pytest.param("time", plain(time="2200-01-01T00:00:00Z"), id="time that no calendar knows yet"),
    pytest.param("sequence", plain(sequence=SECRET), id="sequence in words"),
    pytest.param("sequence", plain(sequence="٣"), id="sequence in other digits"),
    pytest.param("sequence", plain(sequence="-1"), id="sequence below zero"),
    pytest.param("sequence", plain(sequence="9" * 20), id="sequence that no store holds"),
    pytest.param("sequence", plain(sequence="1" * 21), id="sequence too long"),
    pytest.param("correlationid", plain(correlationid=SECRET * 100), id="correlationid huge"),
    pytest.param("causationid", plain(causationid="\0"), id="causationid NUL"),
    pytest.param("not_a_name", plain(not_a_name=SECRET), id="an attribute that may not exist"),
    pytest.param("data", replace(plain(), body=SECRET.encode()), id="body no JSON"),
    pytest.param("data", replace(plain(), body=b"\xff\xfe" + SECRET.encode()), id="body no UTF-8"),
    pytest.param("data", replace(plain(), body=b"[" * 100_000, content_type="text/plain"), id="text far too deep"),
    pytest.param("data", replace(plain(), body=b"[" * 100_000), id="body far too deep"),
    pytest.param("data", replace(plain(), body=b"[" * 33 + b"]" * 33), id="a little too deep"),
    pytest.param("data", replace(plain(), body=b" " * 262_144), id="too large"),
    pytest.param("data: unit: twice", replace(plain(), body=b'{"unit":"a","unit":"b"}'), id="a field twice"),
    pytest.param("data: twice", replace(plain(), body=f'{{"{SECRET}":1,"{SECRET}":2}}'.encode()), id="no field twice"),
    pytest.param("data", replace(plain(), body=b'{"x":NaN}'), id="NaN where nobody looks"),
    pytest.param("data", replace(plain(), body=BODY.decode().encode("utf-16")), id="UTF-16"),
    pytest.param("data", replace(plain(), body=b"\xef\xbb\xbf" + BODY), id="a byte order mark"),
    pytest.param("body: unit: twice", replace(structured(), body=b'{"data":{"unit":"a","unit":"b"}}'), id="structured twice"),
    pytest.param("body", replace(structured(), body=b'{"x":-Infinity}'), id="structured infinity"),
    pytest.param("body", replace(structured(), body=b"[]"), id="structured no object"),
    pytest.param("body", replace(structured(), body=SECRET.encode()), id="structured no JSON"),
    pytest.param("body", replace(structured(), body=b"\xff"), id="structured no UTF-8"),
    pytest.param("body", Message({}, "application/cloudevents-batch+json", b"[]"), id="a batch"),
    pytest.param("data_base64", structured(data=..., data_base64="a"), id="structured no base 64"),
    pytest.param("data", structured(data=SECRET), id="structured data no JSON"),
]


@pytest.mark.parametrize(("name", "message"), UNDECODABLE)
def test_what_cannot_be_read_names_the_attribute_and_never_repeats_a_value(name: str, message: Message) -> None:
    with pytest.raises(Undecodable) as refused:
        cloudevents_codec.decode(message)
    assert name in str(refused.value)
    assert not any(part in str(refused.value) for part in SECRET.split())
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("type_", ["x", "report.filed.v9", "report.filed.v1\0", "report.filed.v1\ud800", "x" * 9000])
def test_an_unknown_type_is_told_from_bytes_that_are_no_event(type_: str) -> None:
    with pytest.raises(UnknownEvent):
        cloudevents_codec.decode(plain(type=type_))


@pytest.mark.parametrize(
    "body",
    [f'{{"command":"{SECRET}","unit":"yangguang"}}', f'{{"command":"sign","unit":"{SECRET}"}}', "[]", "null", "7", ""],
)
def test_data_that_does_not_fit_names_its_fields_and_never_repeats_a_value(body: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        cloudevents_codec.decode(replace(plain(), body=body.encode()))
    assert not any(part in str(refused.value) for part in SECRET.split())


SECONDS = datetime(2026, 3, 3, 1, 20, tzinfo=UTC)
NATIVE_TIMES = {
    "a timestamp": SECONDS,
    "a timestamp of another zone": SECONDS.astimezone(timezone(timedelta(hours=8))),
    "milliseconds, as the SDK's AMQP binding writes": int(SECONDS.timestamp() * 1000),
    "text": "2026-03-03T01:20:00Z",
}


def native(**changes: Any) -> Message:
    """A good message in binary mode with attributes of other types."""
    return replace(plain(), headers=plain().headers | {f"ce-{name}": value for name, value in changes.items()})


@pytest.mark.parametrize("time", NATIVE_TIMES.values(), ids=NATIVE_TIMES.keys())
def test_a_native_time_is_the_same_event(time: Any) -> None:
    assert cloudevents_codec.decode(native(time=time)) == cloudevents_codec.decode(plain())
    assert native(time=time).digest() == plain().digest()


@pytest.mark.parametrize(
    ("value", "text"),
    [(7, "7"), (-7, "-7"), (True, "true"), (False, "false"), (b"ab", "YWI="), (SECONDS, "2026-03-03T01:20:00Z")],
)
def test_a_native_extension_has_its_canonical_text(value: Any, text: str) -> None:
    """CloudEvents 1.0.2, 3.2: the text of each type."""
    assert cloudevents_codec.decode(native(correlationid=value)).correlationid == text


def test_a_native_sequence_is_a_number() -> None:
    assert cloudevents_codec.decode(native(sequence=7)).sequence == 7


NOT_TEXT = [
    *((name, value) for name in ("id", "source", "type", "subject", "specversion") for value in (7, True, SECONDS, b"x")),
    *(
        (name, value)
        for name in ("id", "source", "type", "subject", "specversion", "sequence", "correlationid", "causationid")
        for value in (1.5, Decimal("1.5"), [SECRET], {SECRET: SECRET})
    ),
]


@pytest.mark.parametrize(("name", "value"), NOT_TEXT)
def test_an_attribute_of_another_type_is_not_missing_but_not_text(name: str, value: Any) -> None:
    with pytest.raises(Undecodable) as refused:
        cloudevents_codec.decode(native(**{name: value}))
    assert str(refused.value) == f"ce-{name}: not text"


@pytest.mark.parametrize("value", [True, 1.5, b"x", [SECRET], 2**62, -(2**62)])
def test_a_time_of_another_type_is_not_an_instant(value: Any) -> None:
    with pytest.raises(Undecodable, match=r"^ce-time: not an instant$"):
        cloudevents_codec.decode(native(time=value))


def test_an_attribute_of_nobody_may_have_any_type() -> None:
    assert cloudevents_codec.decode(native(other={"a": [1]}, another=1.5, none=None)) == cloudevents_codec.decode(plain())


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | words
    | st.binary(max_size=20)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.just("$timestamp"), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_a_header_of_any_type_is_kept_as_json_and_read_back_as_it_was(value: Any) -> None:
    kept = json.loads(json.dumps(native_headers.to_json(value), allow_nan=False))
    back = native_headers.from_json(kept)
    assert (back, type(back)) == (value, type(value))


def test_a_table_that_is_too_deep_is_cut() -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = [deep]
    assert json.dumps(native_headers.to_json(native_headers.plain(deep))).count("[") == MAX_DEPTH


def test_headers_of_others_are_not_looked_at() -> None:
    message = plain()
    noisy = {**message.headers, "authorization": SECRET, "traceparent": "x" * 9000, "": "", "nul\0": "\0\ud800"}
    assert cloudevents_codec.decode(replace(message, headers=noisy)) == cloudevents_codec.decode(message)
