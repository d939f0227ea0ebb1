"""The keys that may sign: by the reader's file, by hand-over, and no longer after their retirement."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chassis.configuration.settings import BadSettings
from chassis.configuration.yaml_files import BadConfig
from services.ledger.domain.audit import AuditError, audit
from services.ledger.domain.checkpoint import END, Checkpoint, Signer
from services.ledger.domain.keyring import Key, Signatures
from services.ledger.domain.log_file import checkpoint_line, header
from services.ledger.domain.merkle import EMPTY_ROOT
from services.ledger.signing_keys import public_pem, read_keys

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
SIGNERS = {name: Signer(bytes([number] * 32)) for number, name in enumerate("abc")}
ID = {name: Key(signer.public).id for name, signer in SIGNERS.items()}
EXAMPLE = Path(__file__).resolve().parents[3] / "deploy/ledger-keys.example.yaml"


def hour(number: int) -> datetime:
    return NOW + timedelta(hours=number)


def log(story: str) -> list[bytes]:
    """``a a>b b``: who signed each checkpoint, to whom it handed over; ``@5``: at which hour. The last one ends the file."""
    words = story.split()
    lines = [header(SIGNERS[who].public for who in dict.fromkeys(word[0] for word in words))]
    for number, word in enumerate(words, start=1):
        who, _, at = word.partition("@")
        who, _, to = who.partition(">")
        handed = SIGNERS[to].public.hex() if to else None
        origin = {"origin": END} if number == len(words) else {}
        point = Checkpoint(number, 0, EMPTY_ROOT, hour(int(at or number)), next_key=handed, **origin)
        lines.append(checkpoint_line(SIGNERS[who].sign(point)))
    return lines


def trusted(keys: str) -> list[Key] | None:
    """``a b:3- c:-5``: whose keys the reader trusts, from which hour on and until which; nothing is the file's own word."""
    found = []
    for word in keys.split():
        who, _, span = word.partition(":")
        since, _, until = span.partition("-")
        found.append(Key(SIGNERS[who].public, hour(int(since)) if since else None, hour(int(until)) if until else None))
    return found or None


@pytest.mark.parametrize(
    ("story", "keys", "runs"),
    [
        ("a a a", "a", [("a", 1, 2)]),
        ("a a>b b b", "a", [("a", 1, 2), ("b", 3, 3)]),
        ("a>b b>c c c", "a", [("a", 1, 1), ("b", 2, 2), ("c", 3, 3)]),
        ("a a b b", "a b", [("a", 1, 2), ("b", 3, 3)]),
        ("a a b b", "a:-3 b:3-", [("a", 1, 2), ("b", 3, 3)]),
        ("a b b", "", [("a", 1, 1), ("b", 2, 2)]),
        ("a b a b", "a b", [("a", 1, 1), ("b", 2, 2), ("a", 3, 3)]),
    ],
)
def test_who_signed_what_is_told(story: str, keys: str, runs: list[tuple[str, int, int]]) -> None:
    report = audit(log(story), trusted(keys))
    assert report.runs == [Signatures(ID[who], first, last, 0) for who, first, last in runs]
    assert report.key == ID[story.split()[-1]]


@pytest.mark.parametrize(
    ("story", "keys", "wrong"),
    [
        ("a b b", "a", "checkpoint 2: key {b} is neither trusted nor handed over to"),
        ("a a>b a b", "a", "checkpoint 3: key {a} was retired by checkpoint 2"),
        ("a a>b b a", "a", "checkpoint 4: key {a} was retired by checkpoint 2"),
        ("a>b b>a a", "a", "checkpoint 2: it hands over to key {a}, which was retired by checkpoint 1"),
        ("a>a a", "a", "checkpoint 1: it hands over to key {a}, which was retired by checkpoint 1"),
        ("a a a a", "a:-3", "checkpoint 3: key {a} was retired at 2026-03-03T12:00:00"),
        ("a b b", "a b:3-", "checkpoint 2: key {b} signs from 2026-03-03T12:00:00"),
        ("a b a@1 b", "a:-2 b", "checkpoint 3: key {a} was retired at 2026-03-03T11:00:00"),
        ("c>b b b", "a b:5-", "checkpoint 1: key {c} is neither trusted nor handed over to"),
        ("a>b b b", "a b:5-", "checkpoint 2: key {b} signs from 2026-03-03T14:00:00"),
        ("a a>b a", "", "checkpoint 3: key {a} was retired by checkpoint 2"),
    ],
)
def test_what_no_key_may_sign_is_refused(story: str, keys: str, wrong: str) -> None:
    with pytest.raises(AuditError) as refused:
        audit(log(story), trusted(keys))
    assert wrong.format(**ID) in str(refused.value)


def test_a_clock_that_was_set_back_is_told_and_refuses_nothing() -> None:
    report = audit(log("a@1 a@3 a@2 a@2 a@1"), trusted("a"))
    assert [(step.number, step.taken_at, step.back) for step in report.steps] == [
        (3, hour(2), timedelta(hours=1)),
        (5, hour(1), timedelta(hours=1)),
    ]
    assert str(report.steps[0]).endswith("the clock had gone back by 1:00:00")


def test_a_key_that_begins_counts_from_the_latest_time_that_the_log_reached() -> None:
    assert len(audit(log("a@1 a@5 b@3 b@3"), trusted("a b:4-")).steps) == 1


def test_the_header_names_who_signed() -> None:
    lines = log("a a>b b b")
    with pytest.raises(AuditError, match="line 5, checkpoint 4: the header names other keys"):
        audit([header([SIGNERS["a"].public]), *lines[1:]], trusted("a"))


def test_to_whom_a_checkpoint_hands_over_is_signed_with_it() -> None:
    lines = log("a a>b b b")
    lines[2] = lines[2].replace(SIGNERS["b"].public.hex().encode(), SIGNERS["c"].public.hex().encode())
    with pytest.raises(AuditError, match="checkpoint 2: its signature is not that"):
        audit(lines, trusted("a"))


def test_the_example_of_a_keys_file_is_read() -> None:
    first, second = read_keys(EXAMPLE)
    assert first.until == second.since == datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert (first.since, second.until) == (None, None)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("keys: []", "keys"),
        ("keys: [{since: 2026-01-01T00:00:00+08:00}]", r"keys.0.public"),
        ("keys: [{public: x, until: tomorrow}]", r"keys.0.until"),
        ("keys: [{public: x, until: 2026-01-01T00:00:00}]", r"keys.0.until"),
        ("keys: [{public: x}]", "want an Ed25519 key"),
        ("keys: [{public: x, name: y}]", r"keys.0.name"),
    ],
)
def test_a_keys_file_that_is_wrong_is_told_so(text: str, wrong: str, tmp_path: Path) -> None:
    (tmp_path / "keys.yaml").write_text(text)
    with pytest.raises((BadConfig, BadSettings), match=wrong):
        read_keys(tmp_path / "keys.yaml")


def test_a_key_is_written_as_it_is_read(tmp_path: Path) -> None:
    pem = public_pem(SIGNERS["a"].public).replace("\n", "\n      ")
    (tmp_path / "keys.yaml").write_text(f"keys:\n  - public: |\n      {pem}")
    assert read_keys(tmp_path / "keys.yaml") == [Key(SIGNERS["a"].public)]
