"""The catalogues are complete: a missing or unused translation fails here."""

from __future__ import annotations

import re
from enum import StrEnum

import pytest

from console.catalogue import messages, read
from console.labels import LABELS
from console.languages import SOURCE, SUPPORTED
from contracts import codes

TRANSLATED = [language for language in SUPPORTED if language != SOURCE]
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_has_a_translation(language: str) -> None:
    catalogue = read(language)
    missing = []
    for message in messages():
        if message.id:
            found = catalogue.get(message.id, message.context)
            if found is None or found.fuzzy or not all(found.string if isinstance(found.string, tuple) else (found.string,)):
                missing.append((message.context, message.id))
    assert not missing, "run `make translations` and fill in console/locales/"


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_left_of_a_message_that_is_gone(language: str) -> None:
    wanted = messages()
    unused = [message.id for message in read(language) if message.id and wanted.get(message.id, message.context) is None]
    assert not unused, "run `make translations`"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_message(language: str) -> None:
    for message in read(language):
        if message.id:
            source = message.id[-1] if isinstance(message.id, tuple) else message.id
            texts = message.string if isinstance(message.string, tuple) else (message.string,)
            for text in texts:
                assert set(PLACEHOLDER.findall(str(text))) == set(PLACEHOLDER.findall(source)), message.id


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("state", codes.TicketState),
        ("resident_state", codes.TicketState),
        ("urgency", codes.Urgency),
        ("step", codes.Step),
        ("case_state", codes.CaseState),
        ("purpose", codes.Purpose),
        ("clock", codes.Clock),
        ("command", codes.Command),
        ("command", codes.TicketCommand),
        ("channel", codes.Channel),
        ("closure", codes.Closure),
        ("reject_reason", codes.RejectReason),
        ("return_reason", codes.ReturnReason),
        ("party", codes.Party),
        ("notice_state", codes.NoticeState),
        ("request", codes.Request),
        ("likeness", codes.Likeness),
        ("asked", codes.Asked),
        ("stage", codes.ClockStage),
    ],
)
def test_every_code_that_a_page_shows_has_a_name(kind: str, code: type[StrEnum]) -> None:
    assert {one.value for one in code} <= set(LABELS[kind])
