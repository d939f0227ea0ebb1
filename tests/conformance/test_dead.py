"""`whistle dead`: what those on duty can do with a dead letter, and the line that each act leaves behind."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest

from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from chassis.inbox.inbox import Inbox
from chassis.inbox.retries import retry_one
from chassis.quarantine import DEAD_LETTERS, Quarantine
from cli import quarantine
from contracts.envelope import Event
from tests.component.counting import DEFINITION, Counting, report, states
from tests.component.on_duty import Duty
from tests.component.statements import counted

PRIVATE = "029-00001111"


@pytest.fixture
def duty(counting: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Duty:
    """Three dead letters: two that were refused, one that cannot be read."""
    monkeypatch.setattr(quarantine, "definition", lambda _: DEFINITION)
    refusing(counting).take([report("a", "1", note=PRIVATE), report("b", "2", note=PRIVATE)])
    refusing(counting).take([report("c", "3", note=PRIVATE, time="x")])
    return Duty(counting, tmp_path, "dead")


def refusing(counting: Counting) -> Inbox:
    """An inbox whose handler refuses everything."""

    def refuse(event: Event, ctx: HandlerContext) -> None:
        raise Refused("unit: not on this case")

    return counting.inbox(refuse)


def test_the_list_says_why_and_never_what(duty: Duty) -> None:
    lines = duty.types("list").splitlines()
    assert len(lines) == 3
    assert lines[0].split("  ")[1] == "report.filed.v1"
    assert lines[0].endswith("Refused: unit: not on this case")
    assert lines[2].endswith("Undecodable: ce-time: not an instant")
    assert PRIVATE not in "".join(lines)
    assert duty.types("list", "--most", "1").splitlines() == lines[:1]
    assert duty.audit == []


def test_the_list_of_nothing_is_empty(duty: Duty) -> None:
    for key in duty.listed():
        duty.types("drop", key, "--why", "tests")
    assert duty.types("list") == ""


def test_a_letter_is_shown_without_its_content_and_nobody_is_noted(duty: Duty) -> None:
    key = duty.listed()[0]
    text = duty.types("show", key)
    shown = json.loads(text)
    assert (shown["key"], shown["subject"], shown["event_id"], shown["user_id"]) == (key, "a", "1", "units-user")
    assert not {"body", "headers"} & shown.keys()
    assert PRIVATE not in text
    assert duty.audit == []


def test_a_look_at_the_content_is_noted(duty: Duty) -> None:
    key = duty.listed()[0]
    shown = json.loads(duty.types("show", key, "--body"))
    assert PRIVATE in shown["body"]
    assert shown["headers"]["ce-id"] == "1"
    ((who, action, what),) = duty.audit
    assert (who, action) == (getpass.getuser(), "dead.show")
    assert what == {"handler": "intake", "source": "/units", "event_id": "1", "type": "report.filed.v1", "why": None}


def test_a_replayed_letter_is_taken_up_by_a_running_inbox(duty: Duty) -> None:
    first, second, _ = duty.listed()
    assert duty.types("replay", first) == "1 to be tried again\n"
    assert [action for _, action, _ in duty.audit] == ["dead.replay"]
    inbox = duty.counting.inbox()
    assert retry_one(inbox)
    assert not retry_one(inbox)
    assert duty.counting.counts == {"a": 1}
    assert second in duty.listed()
    assert first not in duty.listed()
    inbox.take([report("a", "1", note=PRIVATE)])
    assert duty.counting.counts == {"a": 1}


def test_a_letter_that_fails_again_is_dead_again(duty: Duty) -> None:
    first = duty.listed()[0]
    duty.types("replay", first)
    assert retry_one(refusing(duty.counting))
    assert first in duty.listed()


def test_all_letters_are_replayed_each_with_its_line(duty: Duty) -> None:
    assert duty.types("replay", "--all") == "3 to be tried again\n"
    inbox = duty.counting.inbox()
    while retry_one(inbox):
        pass
    assert duty.counting.counts == {"a": 1, "b": 1}
    assert len(duty.listed()) == 1  # the one that nobody can read
    assert [action for _, action, _ in duty.audit] == ["dead.replay"] * 3


def test_they_are_counted_by_type_and_reason_the_most_frequent_first(duty: Duty) -> None:
    refused, unread = duty.types("count").splitlines()
    assert refused.split()[0] == "2"
    assert refused.endswith("  report.filed.v1  Refused: unit: not on this case")
    assert unread.split()[0] == "1"
    assert unread.endswith("  report.filed.v1  Undecodable: ce-time: not an instant")
    assert duty.types("count", "--most", "1").splitlines() == [refused]
    assert duty.types("count", "--reason", "Undecodable").splitlines() == [unread]
    assert duty.types("count", "--type", "whistle.blown.v1") == ""
    assert duty.audit == []


@pytest.mark.parametrize(
    ("words", "subjects"),
    [
        pytest.param(("--type", "report.filed.v1"), ["a", "b", "c"], id="of a type"),
        pytest.param(("--type", "report"), [], id="of half a type"),
        pytest.param(("--reason", "not on this case"), ["a", "b"], id="for a reason"),
        pytest.param(("--reason", "%"), [], id="a percent sign is one"),
        pytest.param(("--type", "report.filed.v1", "--reason", "ce-time"), ["c"], id="both"),
    ],
)
def test_some_are_chosen_by_type_and_reason(words: tuple[str, ...], subjects: list[str], duty: Duty) -> None:
    listed = duty.types("list", *words).splitlines()
    assert [line.split("  ")[2] for line in listed] == subjects
    assert duty.types("drop", "--all", *words, "--why", "测试") == f"{len(subjects)} dropped\n"
    gone = [row["subject"] for row in duty.counting.letters if row["state"] == "dropped"]
    assert gone == subjects


def test_many_are_replayed_with_a_look_and_a_few_statements(duty: Duty) -> None:
    """At night, after a bad release: a statement for each letter, or a look at all of them for each, would take hours."""
    refusing(duty.counting).take([report(f"t{n}", f"m{n}") for n in range(30)])
    pile = Quarantine(DEAD_LETTERS, duty.counting.store, "tests")
    with counted(duty.counting.store) as sent:
        assert pile.all_again() == 33
    assert len(sent) < 10
    assert [action for _, action, _ in duty.audit] == ["dead.replay"] * 33


def test_a_batch_takes_its_part_and_leaves_the_rest_to_the_next(duty: Duty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.quarantine.BATCH", 2)
    assert duty.types("replay", "--all") == "3 to be tried again\n"
    assert states(duty.counting.letters) == ["waiting"] * 3


def test_one_unknown_key_among_others_and_nothing_is_changed(duty: Duty) -> None:
    done = duty.try_("replay", duty.listed()[0], "0123456789")
    assert (done.exit_code, done.output) == (1, "Error: no dead letter '0123456789'; `whistle dead list` names them\n")
    assert set(states(duty.counting.letters)) == {"dead"}


@pytest.mark.parametrize("words", [(), ("--type", "report.filed.v1"), ("KEY", "--all"), ("KEY", "--reason", "x")])
@pytest.mark.parametrize("command", [("replay",), ("drop", "--why", "x")])
def test_whoever_says_neither_which_nor_all_is_asked(command: tuple[str, ...], words: tuple[str, ...], duty: Duty) -> None:
    key = duty.listed()[0]
    done = duty.try_(*command, *(key if word == "KEY" else word for word in words))
    assert done.exit_code == 2
    assert "--all" in done.output
    assert set(states(duty.counting.letters)) == {"dead"}


def test_a_dropped_letter_stays_as_a_row_without_effect(duty: Duty) -> None:
    first = duty.listed()[0]
    assert duty.types("drop", first, "--why", "测试报告") == "1 dropped\n"
    assert first not in duty.listed()
    ((_, action, what),) = duty.audit
    assert (action, what["why"], what["event_id"]) == ("dead.drop", "测试报告", "1")
    assert states(duty.counting.letters).count("dropped") == 1
    inbox = duty.counting.inbox()
    assert not retry_one(inbox)
    inbox.take([report("a", "1", note=PRIVATE)])
    assert duty.counting.counts == {}


def test_what_a_sender_wrote_cannot_steer_the_terminal(duty: Duty) -> None:
    """Clear the screen, by two spellings, and write from right to left."""
    duty.counting.inbox().take([report("a", "steer", type="x\x1b[2J\x9b2J\u202e工单")])
    line = next(line for line in duty.types("list").splitlines() if "工单" in line)
    assert "x\\u001b[2J\\u009b2J\\u202e工单" in line
    shown = duty.types("show", line.split()[0])
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
    assert json.loads(shown)["type"] == "x\x1b[2J\x9b2J\u202e工单"


def test_a_drop_says_why(duty: Duty) -> None:
    assert duty.try_("drop", duty.listed()[0]).exit_code == 2


@pytest.mark.parametrize("words", [("show",), ("show", "--body"), ("replay",), ("drop", "--why", "x")])
def test_an_unknown_key_is_said_in_a_sentence_and_changes_nothing(words: tuple[str, ...], duty: Duty) -> None:
    before = duty.counting.letters
    done = duty.try_(words[0], "0123456789", *words[1:])
    assert done.exit_code == 1
    assert done.output == "Error: no dead letter '0123456789'; `whistle dead list` names them\n"
    assert duty.audit == []
    assert duty.counting.letters == before
