"""One byte, one line, one swap: whatever is done to an exported file is seen, and said where."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.events.sequences import TicketsSequencesAnnounced
from services.ledger.domain.audit import AuditError, audit
from services.ledger.domain.canonical import canonical, canonical_2
from services.ledger.domain.checkpoint import END, Checkpoint, SignedCheckpoint, Signer, key_id
from services.ledger.domain.keyring import Key
from services.ledger.domain.log_file import checkpoint_line, entry_line, header, header_2
from services.ledger.domain.merkle import Frontier, leaf_hash
from services.ledger.domain.sequence_comparison import Fork, Gap

SIGNER = Signer(bytes(range(32)))
TRUSTED = [Key(SIGNER.public)]
NOW = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)


def body(subject: str, sequence: int, id_: str = "") -> bytes:
    event = {"source": "/tickets", "subject": subject, "sequence": sequence, "id": id_ or f"{subject}-{sequence}"}
    return canonical({**event, "type": "ticket.opened.v1" if sequence == 1 else "ticket.closed.v1", "data": {"名": "值"}})


def exported(entry_bodies: list[bytes], every: int = 4) -> list[bytes]:
    lines, log, points = [header([SIGNER.public])], Frontier(), 0
    for position, one in enumerate(entry_bodies):
        lines.append(entry_line(position, one))
        log.append(leaf_hash(one))
        if log.size % every == 0:
            points += 1
            lines.append(checkpoint_line(SIGNER.sign(Checkpoint(points, log.size, log.root(), NOW))))
    return [*lines, checkpoint_line(SIGNER.sign(Checkpoint(points + 1, log.size, log.root(), NOW, END)))]


WHOLE = exported([body(subject, number) for number in (1, 2, 3) for subject in ("A", "B", "C")])


def test_a_whole_file_is_good() -> None:
    report = audit(WHOLE, TRUSTED)
    assert (report.entries, report.checkpoints, report.found) == (9, 2, [])


START = WHOLE[0].index(b'"rfc8785_from":') + len(b'"rfc8785_from":')
"""The place of the number in the header from which on bodies are RFC 8785. Such a body is valid by the older rule too: a later
number changes no verdict, so nobody need see it."""


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(b"".join(WHOLE)) - 1), st.integers(1, 255))
def test_a_byte_that_was_flipped_is_seen(at: int, mask: int) -> None:
    text = bytearray(b"".join(WHOLE))
    text[at] ^= mask
    assume(at != START or not chr(text[at]).isdigit())
    lines = [line + b"\n" for line in bytes(text).split(b"\n")]
    if lines[-1] == b"\n":
        lines.pop()
    with pytest.raises(AuditError):
        audit(lines, TRUSTED)


@pytest.mark.parametrize("line", range(len(WHOLE)))
def test_a_line_that_was_deleted_is_seen(line: int) -> None:
    with pytest.raises(AuditError):
        audit(WHOLE[:line] + WHOLE[line + 1 :], TRUSTED)


@pytest.mark.parametrize("line", range(len(WHOLE) - 1))
def test_two_lines_that_were_swapped_are_seen(line: int) -> None:
    with pytest.raises(AuditError):
        audit([*WHOLE[:line], WHOLE[line + 1], WHOLE[line], *WHOLE[line + 2 :]], TRUSTED)


def test_an_entry_that_was_changed_is_named() -> None:
    changed = [line.replace(b'"B-2"', b'"B-9"') for line in WHOLE]
    with pytest.raises(AuditError, match="line 7, entry 4: was changed"):
        audit(changed, TRUSTED)


def test_an_entry_that_was_changed_with_its_hash_is_seen_by_the_next_checkpoint() -> None:
    changed = [*WHOLE[:6], entry_line(4, body("B", 9)), *WHOLE[7:]]
    assert changed != WHOLE
    with pytest.raises(AuditError, match="checkpoint 2: its root is not that of the entries"):
        audit(changed, TRUSTED)


def test_another_key_cannot_sign_a_log_anew() -> None:
    other = Signer(bytes(32))
    with pytest.raises(AuditError, match=r"line 6, checkpoint 1: key .* is neither trusted nor handed over to"):
        audit(WHOLE, [Key(other.public)])
    with pytest.raises(AuditError, match="neither trusted"):
        audit([header([other.public]), *WHOLE[1:]], None)
    point = Checkpoint(1, 4, "00" * 32, NOW)
    forged = SignedCheckpoint(point, key_id(SIGNER.public), other.sign(point).signature)
    with pytest.raises(AuditError, match="signature is not that of key"):
        audit([*WHOLE[:5], checkpoint_line(forged), *WHOLE[6:]], TRUSTED)


def replaced(number: int, old: bytes, new: bytes) -> list[bytes]:
    """The whole file with one line, counted from 1, changed."""
    line = WHOLE[number - 1].replace(old, new, 1)
    assert line != WHOLE[number - 1]
    return [*WHOLE[: number - 1], line, *WHOLE[number:]]


@pytest.mark.parametrize(
    ("line", "old", "new"),
    [
        (1, b'"version":3', b'"version":3.0'),
        (1, b'"version":3', b'"version":3e0'),
        (1, b'"version":3', b'"version":4'),
        (1, b'"version":3', b'"version":"3"'),
        (1, b'"rfc8785_from":0', b'"rfc8785_from":false'),
        (1, b'"rfc8785_from":0', b'"rfc8785_from":-0'),
        (1, b'"rfc8785_from":0', b'"rfc8785_from":0.0'),
        (1, b'"rfc8785_from":0,', b""),
        (1, b'{"format"', b'{"a":1,"format"'),
        (2, b'"entry":0', b'"entry":0.0'),
        (2, b'"entry":0', b'"entry":false'),
        (2, b'"entry":0', b'"entry":"0"'),
        (3, b'"entry":1', b'"entry":1.0'),
        (3, b'"entry":1', b'"entry":true'),
        (3, b'"entry":1', b'"entry":1e0'),
        (3, b'"entry":1', b'"entry":1,"entry":1'),
        (3, b'"entry":1', b'"entry": 1'),
        (3, b'"entry":1', b'"else":1,"entry":1'),
        (3, b"}\n", b"} \n"),
        (3, b"}\n", b"}\r\n"),
        (3, b"}\n", b"}"),
        (3, b"}\n", b"}{}\n"),
        (3, b"\n", b"\x00\n"),
        (3, b"{", b"\xef\xbb\xbf{"),
        (3, b'"sequence":1', b'"sequence":1.0'),
        (3, b'"sequence":1', b'"sequence":NaN'),
        (3, b'"sequence":1', b'"sequence":9007199254740993'),
        (3, b'"sequence":1', b'"sequence":' + b"[" * 5000 + b"]" * 5000),
        (3, b'"B-1"', b'"\\ud800"'),
        (3, b'"B-1"', b'"\\u0042-1"'),
        (6, b'"number":1', b'"number":1.0'),
        (6, b'"number":1', b'"number":true'),
        (6, b'"size":4', b'"size":4.0'),
        (6, b'"size":4', b'"size":"4"'),
        (6, b"+00:00", b"Z"),
        (6, b"+00:00", b""),
        (6, b"T09", b" 09"),
        (6, b'"taken_at"', b'"next_key":null,"taken_at"'),
        (6, b'"taken_at"', b'"next_key":"","taken_at"'),
        (6, b'"taken_at"', b'"more":1,"taken_at"'),
        (6, b'"checkpoint":', b'"checkpoint":1,"checkpoint":'),
    ],
)
def test_another_text_of_the_same_content_is_refused(line: int, old: bytes, new: bytes) -> None:
    with pytest.raises(AuditError, match=f"^line {line}: "):
        audit(replaced(line, old, new), None)


@pytest.mark.parametrize("line", [1, 2, 6])
def test_hexadecimal_in_capitals_is_refused(line: int) -> None:
    text = WHOLE[line - 1]
    digits = max((part for part in text.split(b'"') if len(part) >= 64), key=len)
    with pytest.raises(AuditError, match=f"^line {line}: .*lower-case"):
        audit(replaced(line, digits, digits.upper()), None)


def test_a_line_that_is_too_long_is_refused() -> None:
    with pytest.raises(AuditError, match="line 2: is longer than"):
        audit([WHOLE[0], b'{"a":"' + b"x" * (4 * 1024 * 1024) + b'"}\n'], None)


@pytest.mark.parametrize("sequence", [True, 1.5, "1", None])
def test_a_number_that_is_no_whole_number_is_no_event(sequence: object) -> None:
    event = {"source": "/tickets", "subject": "A", "sequence": sequence, "id": "A-1", "type": "ticket.opened.v1", "data": {}}
    with pytest.raises(AuditError, match="line 2, entry 0: is no event"):
        audit(exported([canonical(event)]), TRUSTED)


@pytest.mark.parametrize("last", [True, "3", 3.5])
def test_a_number_that_is_no_whole_number_is_no_announcement(last: object) -> None:
    event = {"source": "/tickets", "subject": "tickets", "sequence": 1, "id": "n", "type": TicketsSequencesAnnounced.type}
    with pytest.raises(AuditError, match="line 2, entry 0: is no announcement"):
        audit(exported([canonical({**event, "data": {"reached": [{"subject": "A", "last": last}]}})]), TRUSTED)


OLD_BODY = {**json.loads(body("A", 1)), "data": {"rate": 1.0, "small": 1e-7, "\U0001f600": 1, "\uff01": 2}}


def test_a_file_of_version_2_still_verifies() -> None:
    assert canonical_2(OLD_BODY) != canonical(OLD_BODY)
    lines = exported([canonical_2(OLD_BODY), body("A", 2)])
    assert audit([header_2([SIGNER.public]), *lines[1:]], TRUSTED).entries == 2
    with pytest.raises(AuditError, match="line 3: "):
        audit([header_2([SIGNER.public]), lines[1], lines[2].replace(b'"entry":1', b'"entry":1.0'), *lines[3:]], TRUSTED)
    with pytest.raises(AuditError, match="line 1: version: want a whole number"):
        audit([header_2([SIGNER.public]).replace(b'"version":2', b'"version":2.0'), *lines[1:]], TRUSTED)


def test_entries_of_version_2_are_exported_as_they_were_recorded() -> None:
    lines = exported([canonical_2(OLD_BODY), body("A", 2)])
    assert audit([header([SIGNER.public], rfc8785_from=1), *lines[1:]], TRUSTED).entries == 2
    with pytest.raises(AuditError, match="line 2: is not the canonical form"):
        audit([header([SIGNER.public], rfc8785_from=0), *lines[1:]], TRUSTED)


def test_holes_and_forks_in_the_numbers_are_found() -> None:
    report = audit(exported([body("A", 1), body("A", 4), body("A", 4, "other"), body("B", 2)]), TRUSTED)
    assert report.found == [Gap("/tickets", "A", 2, 3), Fork("/tickets", "A", 4, "A-4", "other"), Gap("/tickets", "B", 1, 1)]


def test_a_log_without_holes_is_fine_and_one_with_a_hole_is_not() -> None:
    assert audit(exported([body("A", 1), body("A", 2)]), None).found == []
    assert audit(exported([body("A", 1), body("A", 5)]), None).found == [Gap("/tickets", "A", 2, 4)]


def test_a_lost_tail_that_was_announced_is_found_in_the_file() -> None:
    reached = [{"subject": "A", "last": 3}, {"subject": "B", "last": 2}]
    event = {"source": "/tickets", "subject": "tickets", "sequence": 1, "id": "n", "type": TicketsSequencesAnnounced.type}
    announced = canonical({**event, "data": {"reached": reached}})
    report = audit(exported([body("A", 1), announced, body("A", 2), body("A", 3)]), TRUSTED)
    assert report.found == [Gap("/tickets", "B", 1, 2)]
