"""One byte, one line, one swap: whatever is done to an exported file is seen, and said where."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ledger.domain.audit import Bad, audit, canonical, checkpoint_line, entry_line, header
from services.ledger.domain.checkpoint import END, Checkpoint, Signer
from services.ledger.domain.gaps import Fork, Hole
from services.ledger.domain.merkle import Frontier, leaf_hash

SIGNER = Signer(bytes(range(32)))
NOW = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)


def body(subject: str, sequence: int, id_: str = "") -> bytes:
    event = {"source": "/tickets", "subject": subject, "sequence": sequence, "id": id_ or f"{subject}-{sequence}"}
    return canonical({**event, "type": "ticket.opened.v1" if sequence == 1 else "ticket.closed.v1", "data": {"名": "值"}})


def exported(bodies: list[bytes], every: int = 4) -> list[bytes]:
    lines, log, points = [header(SIGNER.public)], Frontier(), 0
    for position, one in enumerate(bodies):
        lines.append(entry_line(position, one))
        log.append(leaf_hash(one))
        if log.size % every == 0:
            points += 1
            lines.append(checkpoint_line(SIGNER.sign(Checkpoint(points, log.size, log.root(), NOW))))
    return [*lines, checkpoint_line(SIGNER.sign(Checkpoint(points + 1, log.size, log.root(), NOW, END)))]


WHOLE = exported([body(subject, number) for number in (1, 2, 3) for subject in ("A", "B", "C")])


def test_a_whole_file_is_good() -> None:
    report = audit(WHOLE, SIGNER.public)
    assert (report.entries, report.checkpoints, report.found) == (9, 2, [])


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(b"".join(WHOLE)) - 1), st.integers(1, 255))
def test_a_byte_that_was_flipped_is_seen(at: int, mask: int) -> None:
    text = bytearray(b"".join(WHOLE))
    text[at] ^= mask
    lines = [line + b"\n" for line in bytes(text).split(b"\n")]
    if lines[-1] == b"\n":
        lines.pop()
    with pytest.raises(Bad):
        audit(lines, SIGNER.public)


@pytest.mark.parametrize("line", range(len(WHOLE)))
def test_a_line_that_was_deleted_is_seen(line: int) -> None:
    with pytest.raises(Bad):
        audit(WHOLE[:line] + WHOLE[line + 1 :], SIGNER.public)


@pytest.mark.parametrize("line", range(len(WHOLE) - 1))
def test_two_lines_that_were_swapped_are_seen(line: int) -> None:
    with pytest.raises(Bad):
        audit([*WHOLE[:line], WHOLE[line + 1], WHOLE[line], *WHOLE[line + 2 :]], SIGNER.public)


def test_an_entry_that_was_changed_is_named() -> None:
    changed = [line.replace(b'"B-2"', b'"B-9"') for line in WHOLE]
    with pytest.raises(Bad, match="line 7, entry 4: was changed"):
        audit(changed, SIGNER.public)


def test_an_entry_that_was_changed_with_its_hash_is_seen_by_the_next_checkpoint() -> None:
    changed = [*WHOLE[:6], entry_line(4, body("B", 9)), *WHOLE[7:]]
    assert changed != WHOLE
    with pytest.raises(Bad, match="checkpoint 2: its root is not that of the entries"):
        audit(changed, SIGNER.public)


def test_another_key_cannot_sign_a_log_anew() -> None:
    other = Signer(bytes(32))
    with pytest.raises(Bad, match="another key"):
        audit(WHOLE, other.public)
    with pytest.raises(Bad, match="signature is not"):
        audit([header(other.public), *WHOLE[1:]], None)


def test_holes_and_forks_in_the_numbers_are_found() -> None:
    report = audit(exported([body("A", 1), body("A", 4), body("A", 4, "other"), body("B", 2)]), SIGNER.public)
    assert report.found == [Hole("/tickets", "A", 2, 3), Fork("/tickets", "A", 4, "A-4", "other"), Hole("/tickets", "B", 1, 1)]


def test_a_log_without_holes_is_fine_and_one_with_a_hole_is_not() -> None:
    assert audit(exported([body("A", 1), body("A", 2)]), None).found == []
    assert audit(exported([body("A", 1), body("A", 5)]), None).found == [Hole("/tickets", "A", 2, 4)]
