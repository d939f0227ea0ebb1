"""One byte, one line, one swap: whatever is done to an exported file is seen, and said where."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events.sequences import TicketsSequencesAnnounced
from services.ledger.domain.audit import Bad, audit, canonical, checkpoint_line, entry_line, header
from services.ledger.domain.checkpoint import END, Checkpoint, Signed, Signer, key_id
from services.ledger.domain.gaps import Fork, Hole
from services.ledger.domain.keyring import Key
from services.ledger.domain.merkle import Frontier, leaf_hash

SIGNER = Signer(bytes(range(32)))
TRUSTED = [Key(SIGNER.public)]
NOW = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)


def body(subject: str, sequence: int, id_: str = "") -> bytes:
    event = {"source": "/tickets", "subject": subject, "sequence": sequence, "id": id_ or f"{subject}-{sequence}"}
    return canonical({**event, "type": "ticket.opened.v1" if sequence == 1 else "ticket.closed.v1", "data": {"名": "值"}})


def exported(bodies: list[bytes], every: int = 4) -> list[bytes]:
    lines, log, points = [header([SIGNER.public])], Frontier(), 0
    for position, one in enumerate(bodies):
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


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(b"".join(WHOLE)) - 1), st.integers(1, 255))
def test_a_byte_that_was_flipped_is_seen(at: int, mask: int) -> None:
    text = bytearray(b"".join(WHOLE))
    text[at] ^= mask
    lines = [line + b"\n" for line in bytes(text).split(b"\n")]
    if lines[-1] == b"\n":
        lines.pop()
    with pytest.raises(Bad):
        audit(lines, TRUSTED)


@pytest.mark.parametrize("line", range(len(WHOLE)))
def test_a_line_that_was_deleted_is_seen(line: int) -> None:
    with pytest.raises(Bad):
        audit(WHOLE[:line] + WHOLE[line + 1 :], TRUSTED)


@pytest.mark.parametrize("line", range(len(WHOLE) - 1))
def test_two_lines_that_were_swapped_are_seen(line: int) -> None:
    with pytest.raises(Bad):
        audit([*WHOLE[:line], WHOLE[line + 1], WHOLE[line], *WHOLE[line + 2 :]], TRUSTED)


def test_an_entry_that_was_changed_is_named() -> None:
    changed = [line.replace(b'"B-2"', b'"B-9"') for line in WHOLE]
    with pytest.raises(Bad, match="line 7, entry 4: was changed"):
        audit(changed, TRUSTED)


def test_an_entry_that_was_changed_with_its_hash_is_seen_by_the_next_checkpoint() -> None:
    changed = [*WHOLE[:6], entry_line(4, body("B", 9)), *WHOLE[7:]]
    assert changed != WHOLE
    with pytest.raises(Bad, match="checkpoint 2: its root is not that of the entries"):
        audit(changed, TRUSTED)


def test_another_key_cannot_sign_a_log_anew() -> None:
    other = Signer(bytes(32))
    with pytest.raises(Bad, match=r"line 6, checkpoint 1: key .* is neither trusted nor handed over to"):
        audit(WHOLE, [Key(other.public)])
    with pytest.raises(Bad, match="neither trusted"):
        audit([header([other.public]), *WHOLE[1:]], None)
    point = Checkpoint(1, 4, "00" * 32, NOW)
    forged = Signed(point, key_id(SIGNER.public), other.sign(point).signature)
    with pytest.raises(Bad, match="signature is not that of key"):
        audit([*WHOLE[:5], checkpoint_line(forged), *WHOLE[6:]], TRUSTED)


def test_holes_and_forks_in_the_numbers_are_found() -> None:
    report = audit(exported([body("A", 1), body("A", 4), body("A", 4, "other"), body("B", 2)]), TRUSTED)
    assert report.found == [Hole("/tickets", "A", 2, 3), Fork("/tickets", "A", 4, "A-4", "other"), Hole("/tickets", "B", 1, 1)]


def test_a_log_without_holes_is_fine_and_one_with_a_hole_is_not() -> None:
    assert audit(exported([body("A", 1), body("A", 2)]), None).found == []
    assert audit(exported([body("A", 1), body("A", 5)]), None).found == [Hole("/tickets", "A", 2, 4)]


def test_a_lost_tail_that_was_announced_is_found_in_the_file() -> None:
    reached = [{"subject": "A", "last": 3}, {"subject": "B", "last": 2}]
    event = {"source": "/tickets", "subject": "tickets", "sequence": 1, "id": "n", "type": TicketsSequencesAnnounced.type}
    announced = canonical({**event, "data": {"reached": reached}})
    report = audit(exported([body("A", 1), announced, body("A", 2), body("A", 3)]), TRUSTED)
    assert report.found == [Hole("/tickets", "B", 1, 2)]
