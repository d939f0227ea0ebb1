"""`whistle outbox`: what those on duty can do with an event that the broker refused, and the line that it leaves."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest
from sqlalchemy import update

from chassis.persistence.tables import PARKED
from cli import quarantine
from tests.component.counting import DEFINITION, Counting, states
from tests.component.on_duty import Duty

TABLE = DEFINITION.tables.outbox
REASON = "no queue is bound for it"


@pytest.fixture
def duty(counting: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Duty:
    """Two parked events, and one that is to be published."""
    monkeypatch.setattr(quarantine, "definition", lambda _: DEFINITION)
    for subject in ("a", "b", "c"):
        counting.say(subject)
    with counting.store.transaction() as connection:
        connection.execute(update(TABLE).where(TABLE.c.subject != "c").values(state=PARKED, reason=REASON))
    return Duty(counting, tmp_path, "outbox")


def test_the_list_says_why_and_never_what(duty: Duty) -> None:
    first, second = (line.split("  ") for line in duty.types("list").splitlines())
    assert (first[1:3], first[4]) == (["case.resumed.v1", "a"], REASON)
    assert second[2] == "b"
    assert "counting" not in duty.types("list")
    assert len(duty.types("list", "--most", "1").splitlines()) == 1
    assert duty.audit == []


def test_an_event_is_shown_without_its_content_and_nobody_is_noted(duty: Duty) -> None:
    key = duty.listed()[0]
    shown = json.loads(duty.types("show", key))
    assert (shown["key"], shown["subject"], shown["sequence"], shown["reason"]) == (key, "a", 1, REASON)
    assert not {"body", "headers"} & shown.keys()
    assert duty.audit == []


def test_a_look_at_the_content_is_noted(duty: Duty) -> None:
    key = duty.listed()[0]
    shown = json.loads(duty.types("show", key, "--body"))
    assert json.loads(shown["body"]) == {"level": "counting", "generation": 1}
    assert shown["headers"]["ce-subject"] == "a"
    ((who, action, what),) = duty.audit
    assert (who, action) == (getpass.getuser(), "outbox.show")
    named = {"position": int(key), "event_id": shown["event_id"], "type": "case.resumed.v1", "subject": "a", "why": None}
    assert what == named


def test_an_event_that_is_tried_again_is_to_be_published_under_its_number(duty: Duty) -> None:
    first, second = duty.listed()
    assert duty.types("retry", first) == "1 to be published again\n"
    assert duty.listed() == [second]
    assert states(duty.counting.outbox) == ["pending", "parked", "pending"]
    assert duty.counting.outbox[0]["reason"] is None
    assert [(action, what["subject"]) for _, action, what in duty.audit] == [("outbox.retry", "a")]


def test_all_are_tried_again_each_with_its_line(duty: Duty) -> None:
    assert duty.types("retry", "--all") == "2 to be published again\n"
    assert states(duty.counting.outbox) == ["pending"] * 3
    assert [action for _, action, _ in duty.audit] == ["outbox.retry"] * 2


def test_a_dropped_event_stays_as_a_row_and_says_why(duty: Duty) -> None:
    assert duty.types("drop", duty.listed()[0], "--why", "测试") == "1 dropped\n"
    assert states(duty.counting.outbox) == ["dropped", "parked", "pending"]
    assert duty.counting.outbox[0]["reason"] == REASON
    ((_, action, what),) = duty.audit
    assert (action, what["why"]) == ("outbox.drop", "测试")


def test_a_drop_says_why(duty: Duty) -> None:
    assert duty.try_("drop", duty.listed()[0]).exit_code == 2


@pytest.mark.parametrize("key", ["0", "x", "9" * 40, "²", "-1", "3"])
@pytest.mark.parametrize("words", [("show", "--body"), ("retry",), ("drop", "--why", "x")])
def test_an_unknown_key_is_said_in_a_sentence_and_changes_nothing(words: tuple[str, ...], key: str, duty: Duty) -> None:
    if key == "3":  # it is there, and is not parked
        key = str(duty.counting.outbox[2]["position"])
    before = duty.counting.outbox
    done = duty.try_(words[0], *words[1:], "--", key)
    assert (done.exit_code, done.output) == (1, f"Error: no parked event {key!r}; `whistle outbox list` names them\n")
    assert duty.audit == []
    assert duty.counting.outbox == before
