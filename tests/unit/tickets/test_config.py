"""`tickets.yaml`: what is shipped is the domain page's, and what is wrong is named."""

from datetime import timedelta
from pathlib import Path

import pytest

from chassis.configuration.yaml_files import BadConfig
from contracts.codes import Urgency
from services.tickets.config import read_rules
from services.tickets.domain.rules import Proximity, Rules

SHIPPED = Path(__file__).resolve().parents[3] / "deploy" / "tickets.yaml"


def test_the_shipped_numbers_are_the_defaults() -> None:
    shipped, defaults = read_rules(SHIPPED), Rules()
    for name in ("watchdog", "revisit", "reopen", "duplicates", "doubts"):
        assert getattr(shipped, name) == getattr(defaults, name)


def test_whoever_is_in_danger_is_told_whom_to_call() -> None:
    advice = read_rules(SHIPPED).advice
    assert set(advice) == {Urgency.E0}
    assert all(number in text for text in advice[Urgency.E0].values() for number in ("110", "119", "120"))


def test_what_is_not_said_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "tickets.yaml"
    path.write_text("duplicates: {metres: 80.5, within: 2h}\n")
    assert read_rules(path) == Rules(duplicates=Proximity(80.5, timedelta(hours=2)))
    path.write_text("")
    assert read_rules(path) == Rules()


def test_shared_contacts_are_kept_in_their_one_form(tmp_path: Path) -> None:
    path = tmp_path / "tickets.yaml"
    path.write_text("shared_contacts: ['+86 29 8888-7777', '+86 400 812 3123', Desk@Street.Example]\n")
    assert read_rules(path).shared_contacts == {"+862988887777", "+864008123123", "Desk@street.example"}
    assert read_rules(SHIPPED).shared_contacts == frozenset()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("watchdog: soon", "soon"),
        ("wachdog: 60s", "only the keys"),
        ("duplicates: 50", "metres, within"),
        ("duplicates: {metres: 50}", "within"),
        ("duplicates: {metres: -1, within: 1h}", "metres"),
        ("duplicates: {metres: true, within: 1h}", "metres"),
        ("doubts: {metres: 50, within: 1h, more: 1}", "only the keys"),
        ("advice: {E9: {zh: a, en: b}}", "only the keys"),
        ("advice: {E0: {zh: a}}", "zh and in en"),
        ("advice: {E0: {zh: a, en: 110}}", "zh and in en"),
        ("shared_contacts: 12345", "shared_contacts"),
        ("shared_contacts: ['12345']", "with country code"),
        ("shared_contacts: [+8629 nobody]", "with country code"),
        ("shared_contacts: [12345678901]", "with country code"),
        ("[]", "only the keys"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, text: str, names: str) -> None:
    path = tmp_path / "tickets.yaml"
    path.write_text(text)
    with pytest.raises(BadConfig, match=names) as wrong:
        read_rules(path)
    assert str(path) in str(wrong.value)
