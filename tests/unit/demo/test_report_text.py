"""The report and the progress as people read them: every code has a word in both languages, and no line is too wide."""

from typing import Any

import pytest

from cli.demo.progress import Progress
from cli.demo.report_text import WIDTH, columns, report_text
from cli.demo.statistics import BRANCHES
from cli.demo.words import GROUPS, read_words
from contracts.codes import Clock, Closure, RejectReason, Urgency
from services.dispatch.domain.playbook import NO_PLAYBOOK
from services.ledger.domain.kpi_formulas import FORMULAS
from services.tickets.domain.allowed_commands import State
from tests.unit.demo.chain import Chain
from tests.unit.demo.shipped import BOOK, CALENDAR, CONFIG, DEMO

WORDS = read_words(DEMO / "words.yaml")
CODES = {
    "states": list(State),
    "causes": [*(f"closed_{one}" for one in Closure), *(f"rejected_{one}" for one in RejectReason)],
    "urgencies": list(Urgency),
    "levels": [*(level.level for book in (BOOK, NO_PLAYBOOK) for level in book.ladder), "none"],
    "branches": list(BRANCHES),
    "clocks": list(Clock),
    "figures": [formula.name for formula in FORMULAS],
    "alarms": ["low", "high"],
    "locales": list(CONFIG.rules.locales),
    "channels": ["log"],
}


def report(replayed: Chain, **more: Any) -> dict[str, Any]:
    """A report of the whole night, the biggest that there is."""
    told = replayed.statistics.report()
    figure = {"numerator": 1_333, "denominator": 1_449, "rate": 1.0, "alarm": "high"}
    return {
        **told,
        "seed": CONFIG.rules.seed,
        "requests": 1000,
        "story": {"from": "2026-03-02T14:41:53+00:00", "to": "2026-04-14T02:00:00+00:00"},
        "lost": 0,
        "doubled": 0,
        "wrong": [],
        "branches_complete": True,
        "ledger": {"size": 44_002, "root": "0" * 64, "verified": True},
        "kpi": [{"kpi": formula.name, **figure, "alarm": None} for formula in FORMULAS[1:]] + [{"kpi": "returns", **figure}],
        "points": dict.fromkeys(("entries", "members", "posted", "held", "balance"), 44_002),
        "commands": dict.fromkeys(("filed", "no_longer_sensible", "refused"), 44_002),
        "notices_by_locale": {"zh": 9_063, "en": 225, "bo": 1},
        "notices_by_channel": {"log": 9_288},
        "timing": {"seconds": 142.8},
        **more,
    }


@pytest.mark.parametrize("group", GROUPS)
def test_every_code_has_a_word_in_both_languages_that_fits_its_place(group: str) -> None:
    for code in CODES.get(group, []):
        word = WORDS.of(group, code)
        assert word != code
        assert not word.isascii(), code
        assert columns(word) < (29 if group == "figures" else 20), word


def test_the_report_fits_a_terminal(replayed: Chain) -> None:
    lines = report_text(report(replayed), WORDS).splitlines()
    assert len(lines) < 36, "four more name the files"
    assert max(map(columns, lines)) <= WIDTH


def test_no_code_is_left_where_there_is_a_word(replayed: Chain) -> None:
    text = report_text(report(replayed), WORDS)
    assert "_" not in text
    assert "办结 closed" in text
    assert "解决率 resolved" in text


def test_what_is_wrong_is_said_last_and_not_without_end(replayed: Chain) -> None:
    lines = report_text(report(replayed, wrong=[f"lost: number {n}" for n in range(500)], lost=500), WORDS).splitlines()
    assert "  ! lost: number 0" in lines
    assert lines[-1] == "  ! 另有 and 490 条 more"
    assert len(lines) < 50


def test_what_nobody_has_named_is_printed_as_it_is() -> None:
    counts = {"volunteers": 1, "departments": 2, "property": 3}
    assert WORDS.in_order("levels", counts) == [("物业 property", 3), ("部门 departments", 2), ("volunteers", 1)]


def test_the_progress_fits_a_terminal(replayed: Chain) -> None:
    line = Progress(1000, CALENDAR.zone).line(replayed.replay, 9999)
    assert columns(line) <= WIDTH
    assert "1,000 哨 whistles" in line
