"""The figures, each by a table of cases: what happened, and what it adds to numerator and denominator."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import codes
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.payload import EventPayload
from services.ledger.domain.kpi_figures import Band, Figure, compute_figure, group_records
from services.ledger.domain.kpi_formulas import BY_NAME, FORMULAS
from services.ledger.domain.ticket_projection import PROJECTORS, project
from services.ledger.domain.ticket_record import TicketRecord
from tests.kit.payloads import some

START = datetime(2026, 3, 31, 20, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
NOW = 100
"""The hour at which it is asked."""


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def fact(schema: type[EventPayload], hour: float, **data: Any) -> tuple[type[EventPayload], datetime, dict[str, Any]]:
    return schema, at(hour), data


OPENED = fact(t.TicketOpened, 0, category="noise", area="shanqi-1", urgency=codes.Urgency.E2, opened_at=START)
CANCELLED = fact(t.TicketCancelled, 5)


def due(clock: codes.Clock, hour: float, assignment: str | None = None, schema: type[EventPayload] = d.DeadlineSet) -> Any:
    return fact(schema, 0, clock=clock, due=at(hour), assignment=assignment)


def made(assignment: str, to: str, purpose: codes.Purpose = codes.Purpose.HANDLE) -> Any:
    return fact(d.AssignmentMade, 0, assignment=assignment, to=to, purpose=purpose)


def step(schema: type[EventPayload], hour: float, assignment: str = "a") -> Any:
    return fact(schema, hour, assignment=assignment)


def closed(hour: float, closure: codes.Closure = codes.Closure.SATISFIED, generation: int = 1) -> Any:
    return fact(t.TicketClosed, hour, closure=closure, generation=generation)


def rated(resolved: bool, satisfied: bool, generation: int = 1) -> Any:
    return fact(t.TicketRated, 9, resolved=resolved, satisfied=satisfied, generation=generation)


def completed(rung: int, level: str, generation: int = 1) -> Any:
    return fact(d.CaseCompleted, 8, rung=rung, level=level, generation=generation)


def mediated(name: str, by: str = "wang") -> Any:
    return fact(d.MediationOpened, 1, mediation=name, mediator=by)


def agreed(name: str, perform_by: float) -> Any:
    return fact(d.MediationAgreed, 2, mediation=name, perform_by=at(perform_by))


def ended(schema: type[EventPayload], name: str) -> Any:
    return fact(schema, 3, mediation=name)


def checked(passed: bool, generation: int = 1) -> Any:
    return fact(d.VerificationDone, 6, passed=passed, generation=generation)


def rework(generation: int) -> Any:
    return fact(t.TicketReworkOrdered, 7, generation=generation)


def joint(name: str, lead: str = "urban") -> Any:
    return fact(d.JointActionCalled, 4, joint_action=name, lead=lead)


NO_ANSWER = codes.Closure.NO_ANSWER
CONTACT, HANDLE, REPORT_IN = codes.Clock.CONTACT, codes.Clock.HANDLE, codes.Clock.REPORT_IN
DOUBTED = fact(t.TicketClosureDoubted, 50)
REOPENED = fact(t.TicketReopened, 20, generation=2)

CASES: list[tuple[str, str, list[Any], tuple[int, int]]] = [
    ("response", "not yet due", [due(CONTACT, 101)], (0, 0)),
    ("response", "in time", [due(CONTACT, 24), step(d.AssignmentContacted, 24)], (1, 1)),
    ("response", "in time, before it is due", [due(CONTACT, 101), step(d.AssignmentContacted, 1)], (1, 1)),
    ("response", "too late", [due(CONTACT, 24), step(d.AssignmentContacted, 25)], (0, 1)),
    ("response", "never", [due(CONTACT, 24)], (0, 1)),
    ("response", "the due time was moved", [due(CONTACT, 24), due(CONTACT, 101)], (0, 0)),
    ("resolution", "solved, though not content", [rated(True, False), closed(10)], (1, 1)),
    ("resolution", "not solved", [rated(False, False)], (0, 1)),
    ("resolution", "not solved, worked on again, solved", [rated(False, False), rework(2), rated(True, True, 2)], (1, 2)),
    ("resolution", "not solved, then no answer", [rated(False, False), rework(2), closed(10, NO_ANSWER, 2)], (0, 1)),
    ("resolution", "no answer", [closed(10, NO_ANSWER)], (0, 0)),
    ("satisfaction", "content", [rated(True, True), closed(10)], (1, 1)),
    ("satisfaction", "not content", [rated(True, False)], (0, 1)),
    ("satisfaction", "content, reopened, content again", [rated(True, True), REOPENED, rated(True, True, 2)], (2, 2)),
    ("satisfaction", "nobody to ask", [closed(10, codes.Closure.NO_CONTACT)], (0, 0)),
    ("completion", "closed", [due(HANDLE, 50), closed(60)], (1, 1)),
    ("completion", "open and overdue", [due(HANDLE, 50)], (0, 1)),
    ("completion", "open and not yet due", [due(HANDLE, 101)], (0, 0)),
    ("completion", "reopened", [due(HANDLE, 50), closed(10), REOPENED], (0, 1)),
    ("completion_in_time", "in time", [due(HANDLE, 50), fact(t.TicketHandled, 50), closed(60)], (1, 1)),
    ("completion_in_time", "late", [due(HANDLE, 50), fact(t.TicketHandled, 51), closed(60)], (0, 1)),
    (
        "completion_in_time",
        "the rework was late",
        [due(HANDLE, 50), fact(t.TicketHandled, 9), fact(t.TicketHandled, 51)],
        (0, 1),
    ),
    (
        "completion_in_time",
        "extended",
        [due(HANDLE, 50), due(HANDLE, 70, None, d.DeadlineExtended), fact(t.TicketHandled, 60), closed(61)],
        (0, 0),
    ),
    (
        "report_in",
        "one of two units",
        [made("a", "p"), due(REPORT_IN, 9, "a"), step(d.AssignmentReportedIn, 9), made("b", "q"), due(REPORT_IN, 9, "b")],
        (1, 2),
    ),
    ("report_in", "relieved in time", [due(REPORT_IN, 9, "a"), step(d.AssignmentRelieved, 8)], (0, 0)),
    ("report_in", "relieved too late", [due(REPORT_IN, 9, "a"), step(d.AssignmentRelieved, 10)], (0, 1)),
    (
        "mediation",
        "agreed, failed, and one that runs",
        [mediated("m1"), agreed("m1", 99), mediated("m2"), ended(d.MediationFailed, "m2"), mediated("m3")],
        (1, 3),
    ),
    ("mediation", "none", [], (0, 0)),
    ("performance", "performed", [mediated("m"), agreed("m", 99), ended(d.MediationPerformed, "m")], (1, 1)),
    ("performance", "not performed", [mediated("m"), agreed("m", 99), ended(d.MediationNotPerformed, "m")], (0, 1)),
    ("performance", "not looked at in time", [mediated("m"), agreed("m", 99)], (0, 1)),
    ("performance", "failed", [mediated("m"), ended(d.MediationFailed, "m")], (0, 0)),
    ("rework", "passed", [checked(True)], (0, 1)),
    ("rework", "did not pass, then did", [checked(False), rework(2), checked(True, 2)], (1, 2)),
    ("rework", "passed, and the resident was not content", [checked(True), rework(2)], (1, 1)),
    ("rework", "not verified yet", [], (0, 0)),
    ("returns", "one of two", [made("a", "p"), step(d.AssignmentReturned, 1), made("b", "q")], (1, 2)),
    ("returns", "who verifies is not counted", [made("v", "g", codes.Purpose.VERIFY)], (0, 0)),
    ("grassroots", "at the first level", [completed(1, "property"), closed(9)], (1, 1)),
    ("grassroots", "at the second", [completed(2, "mediation"), closed(9)], (1, 1)),
    ("grassroots", "by the departments", [completed(3, "departments"), closed(9)], (0, 1)),
    ("grassroots", "below first, then above", [completed(1, "property"), completed(3, "departments", 2), closed(9)], (0, 1)),
    ("grassroots", "not closed", [completed(1, "property")], (0, 0)),
    ("department_calls", "none", [], (0, 1)),
    ("department_calls", "twice", [joint("j1"), joint("j2")], (2, 1)),
    ("ineffective", "again soon after", [closed(9), DOUBTED], (1, 1)),
    ("ineffective", "for good", [closed(9)], (0, 1)),
    ("ineffective", "open", [], (0, 0)),
]


def events(facts: list[Any], subject: str = "T") -> list[Event]:
    sequences: dict[str, int] = {}
    made_ = []
    for schema, when, data in facts:
        number = sequences[schema.producer] = sequences.get(schema.producer, 0) + 1
        made_.append(Event(some(schema, **data), f"/{schema.producer}", subject, f"e{len(made_)}", when, sequence=number))
    return made_


def record(facts: list[Any], subject: str = "T") -> TicketRecord:
    kept = TicketRecord(subject)
    for event in events([OPENED, *facts], subject):
        project(kept, event)
    return kept


def asked(name: str, *records: TicketRecord) -> Figure:
    return compute_figure(BY_NAME[name], records, at(NOW))


@pytest.mark.parametrize(("name", "what", "facts", "want"), CASES, ids=[f"{name}: {what}" for name, what, _, _ in CASES])
def test_what_a_ticket_adds(name: str, what: str, facts: list[Any], want: tuple[int, int]) -> None:
    found = asked(name, record(facts))
    assert (found.numerator, found.denominator) == want
    assert found.ids == (("T",) if want[1] else ())
    assert found.hit_ids == (("T",) if want[0] else ())


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.name)
def test_every_figure_has_cases_and_none_counts_what_was_cancelled_or_never_opened(formula: Any) -> None:
    facts = [facts for name, _, facts, want in CASES if name == formula.name and want[1]]
    assert facts, "no case has it in its denominator"
    never = TicketRecord("N")
    for event in events(facts[0], "N"):
        project(never, event)
    found = compute_figure(formula, [record([*facts[0], CANCELLED]), never], at(NOW))
    assert (found.numerator, found.denominator, found.ids) == (0, 0, ())
    assert found.rate is None
    assert formula.version >= 1
    assert " / " in formula.wording


@pytest.mark.parametrize(
    ("name", "facts", "apart"),
    [
        ("resolution", [closed(10, NO_ANSWER)], {"no_answer": ("T",), "no_contact": ()}),
        ("satisfaction", [closed(10, codes.Closure.NO_CONTACT)], {"no_answer": (), "no_contact": ("T",)}),
        ("mediation", [mediated("m")], {"running": ("T",)}),
        ("mediation", [mediated("m"), agreed("m", 99)], {"running": ()}),
        ("performance", [mediated("m"), agreed("m", 101)], {"to_be_performed": ("T",)}),
        ("performance", [mediated("m"), agreed("m", 99)], {"to_be_performed": ()}),
    ],
)
def test_what_has_no_answer_yet_is_shown_beside(name: str, facts: list[Any], apart: dict[str, tuple[str, ...]]) -> None:
    assert asked(name, record(facts)).apart == apart


@given(st.sampled_from(CASES), st.randoms(use_true_random=False))
def test_the_book_is_the_same_in_whatever_order_it_is_heard(case: Any, random: Any) -> None:
    told = events([OPENED, *case[2]])
    shuffled = list(told)
    random.shuffle(shuffled)
    one, other = TicketRecord("T"), TicketRecord("T")
    for event in told:
        project(one, event)
    for event in shuffled:
        project(other, event)
    assert one == other


PARTED = [
    record([made("a", "p"), step(d.AssignmentReturned, 1), made("b", "q"), completed(1, "property"), closed(9)], "T1"),
    record([made("c", "q"), mediated("m", "wang"), made("w", "wang"), agreed("m", 9), completed(2, "mediation")], "T2"),
]


@pytest.mark.parametrize(
    ("name", "by", "want"),
    [
        ("returns", "unit", {"p": (1, 1), "q": (0, 2), "wang": (0, 1)}),
        ("mediation", "unit", {"p": (0, 0), "q": (0, 0), "wang": (1, 1)}),
        ("grassroots", "unit", {"p": (1, 1), "q": (1, 1), "wang": (0, 0)}),
        ("grassroots", "level", {"mediation": (0, 0), "property": (1, 1)}),
        ("returns", "category", {"noise": (1, 4)}),
        ("returns", "area", {"shanqi-1": (1, 4)}),
        ("returns", "urgency", {"E2": (1, 4)}),
        ("returns", "month", {"2026-04": (1, 4)}),
    ],
)
def test_a_figure_by_part(name: str, by: str, want: dict[str, tuple[int, int]]) -> None:
    parts = {key: asked(name, *some) for key, some in group_records(PARTED, by, ZONE).items()}
    assert {key: (one.numerator, one.denominator) for key, one in parts.items()} == want
    assert list(parts) == sorted(parts)


@pytest.mark.parametrize(
    ("rate", "alarm"), [(None, None), (0.01, "low"), (0.02, None), (0.1, None), (0.3, None), (0.31, "high")]
)
def test_outside_its_band_a_figure_alarms(rate: float | None, alarm: str | None) -> None:
    assert Band(0.02, 0.3).alarm(rate) == alarm


def test_every_noted_event_is_a_public_one_that_the_ledger_hears() -> None:
    from contracts.topology import SUBSCRIPTIONS

    assert PROJECTORS.keys() <= {schema.type for schema in SUBSCRIPTIONS["ledger"]}


def test_times_are_taken_by_the_events_numbers_whatever_the_clock_said() -> None:
    """The clock was set back between the first contact and the second, and between the first handling and the second."""
    record = TicketRecord("T")
    for sequence, schema, hour in ((4, d.AssignmentContacted, 2), (2, d.AssignmentContacted, 5), (6, t.TicketHandled, 3)):
        said = some(schema)
        project(record, Event(said, f"/{schema.producer}", "T", str(sequence), at(hour), sequence=sequence))
    project(record, Event(some(t.TicketHandled, generation=1), "/tickets", "T", "3", at(9), sequence=3))
    assert (record.contacted_at, record.handled_at) == (at(5), at(3))


def test_a_book_of_an_earlier_version_keeps_its_first_contact() -> None:
    record = TicketRecord("T", contacted_at=at(1))
    project(record, Event(some(d.AssignmentContacted, assignment="a"), "/dispatch", "T", "9", at(4), sequence=9))
    assert record.contacted_at == at(1)
