"""`whistle dead`: what those on duty can do with a dead letter, and the line that each act leaves behind."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chassis.inbox import Inbox
from chassis.outcome import Refused
from chassis.work import Work
from cli import dead
from cli.main import main
from contracts.envelope import Event
from tests.component.counting import DEFINITION, Counting, report, states

PRIVATE = "029-00001111"


class Duty:
    """Somebody on duty at a terminal. The counting service stands where the ledger would."""

    def __init__(self, counting: Counting, directory: Path):
        self.counting = counting
        self._env = {
            "WHISTLE_DATABASE_URL": counting.store.url,
            "WHISTLE_AMQP_URL": "amqp://nobody",
            "WHISTLE_IDENTITIES": str(directory / "identities.yaml"),
            "WHISTLE_SECRET": "a secret of the tests",
        }

    def try_(self, *words: str) -> Result:
        """Type a command."""
        return CliRunner().invoke(main, ["dead", words[0], "ledger", *words[1:]], env=self._env)

    def types(self, *words: str) -> str:
        """Type a command that succeeds; answers what it prints."""
        done = self.try_(*words)
        assert done.exit_code == 0, done.output
        return done.output

    def listed(self) -> list[str]:
        """The keys that are listed."""
        return [line.split()[0] for line in self.types("list").splitlines()]

    @property
    def audit(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Who did what to which."""
        return [(row["who"], row["action"], row["what"]) for row in self.counting.rows(DEFINITION.tables.audit)]


@pytest.fixture
def duty(counting: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Duty:
    """Three dead letters: two that were refused, one that cannot be read."""
    monkeypatch.setattr(dead, "definition", lambda _: DEFINITION)
    refusing(counting).take([report("a", "1", note=PRIVATE), report("b", "2", note=PRIVATE)])
    refusing(counting).take([report("c", "3", note=PRIVATE, time="x")])
    return Duty(counting, tmp_path)


def refusing(counting: Counting) -> Inbox:
    """An inbox whose handler refuses everything."""

    def refuse(event: Event, work: Work) -> None:
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
    assert inbox.retry_one()
    assert not inbox.retry_one()
    assert duty.counting.counts == {"a": 1}
    assert second in duty.listed()
    assert first not in duty.listed()
    inbox.take([report("a", "1", note=PRIVATE)])
    assert duty.counting.counts == {"a": 1}


def test_a_letter_that_fails_again_is_dead_again(duty: Duty) -> None:
    first = duty.listed()[0]
    duty.types("replay", first)
    assert refusing(duty.counting).retry_one()
    assert first in duty.listed()


def test_all_letters_are_replayed_each_with_its_line(duty: Duty) -> None:
    assert duty.types("replay", "--all") == "3 to be tried again\n"
    inbox = duty.counting.inbox()
    while inbox.retry_one():
        pass
    assert duty.counting.counts == {"a": 1, "b": 1}
    assert len(duty.listed()) == 1  # the one that nobody can read
    assert [action for _, action, _ in duty.audit] == ["dead.replay"] * 3


def test_a_dropped_letter_stays_as_a_row_without_effect(duty: Duty) -> None:
    first = duty.listed()[0]
    assert duty.types("drop", first, "--why", "测试报告") == "dropped\n"
    assert first not in duty.listed()
    ((_, action, what),) = duty.audit
    assert (action, what["why"], what["event_id"]) == ("dead.drop", "测试报告", "1")
    assert states(duty.counting.letters).count("dropped") == 1
    inbox = duty.counting.inbox()
    assert not inbox.retry_one()
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
