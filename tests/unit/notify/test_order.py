"""Notices reach one recipient in the order of the events, and pointless ones are not sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.codes import CancelReason, Clock, Closure, EscalationCause, Purpose, ReworkCause, Urgency, WarningStage
from contracts.events import dispatch as d
from contracts.events import tickets as t
from services.notify.domain.attempts import Retries
from services.notify.domain.channel_addresses import ChannelAddress
from services.notify.domain.channels import Channel, Channels, Route, Routes
from services.notify.domain.notice import Notice, NoticeState
from services.notify.domain.notice_planning import Rule
from services.notify.domain.notice_rules import RULES
from services.notify.domain.quiet_hours import QuietHours, QuietSchedule
from services.notify.domain.superseder_search import find_superseding
from tests.unit.notify.post_office import START, PostOffice

HOUR = timedelta(hours=1)
NIGHT = timedelta(hours=10, minutes=30)
"""From the start, noon at Shanghai, to 22:30."""
QUIET = QuietHours(time(22), time(7, 30), ZoneInfo("Asia/Shanghai"))
RETRIES = Retries(attempts=3, first=timedelta(minutes=10), longest=timedelta(minutes=10))


def channels(sms: Channel | None = None, resident: Route | None = None, **responders: Route) -> Channels:
    """Residents by SMS, with quiet hours; units by mail."""
    known = {"sms": sms or Channel("sms", "log"), "mail": Channel("mail", "log"), "voice": Channel("voice", "log")}
    routes = Routes(resident or Route("sms"), Route("mail", "duty@s.example"), Route("mail", "any@s.example"), responders)
    return Channels(known, routes, quiet=QuietSchedule({"resident": QUIET}), retries=RETRIES)


# --- examples


def test_at_the_end_of_quiet_hours_only_what_still_matters_is_sent() -> None:
    with PostOffice(channels()) as office:
        office.pass_time(NIGHT)
        office.known()
        opened = office.opened()
        verified = office.hear(t.TicketVerified, generation=1, verified_by="u")
        closed = office.hear(t.TicketClosed, generation=1, closure=Closure.SATISFIED)
        office.pass_time(12 * HOUR)
        assert office.told() == ["ticket_closed_satisfied"]
        assert office.cancelled() == [
            ("ticket_opened", "superseded", verified.id),
            ("ticket_verified", "superseded", closed.id),
        ]
        assert opened.id != verified.id


def test_held_notices_are_sent_in_the_order_of_their_events() -> None:
    with PostOffice(channels(Channel("sms", "log", per_minute=1))) as office:
        office.pass_time(NIGHT)
        office.known()
        office.opened()
        for level in ("mediation", "departments", "street"):
            office.pass_time(HOUR)
            office.hear(d.CaseEscalated, level=level, below="x", cause=EscalationCause.BREACHED)
        office.pass_time(10 * HOUR)
        assert office.told() == ["ticket_opened", "case_escalated", "case_escalated", "case_escalated"]
        assert [one.notice.sequence for one in office.sent] == [1, 1, 2, 3]


def test_a_later_notice_waits_while_an_earlier_one_is_tried_again() -> None:
    refused = iter([True, True])
    with PostOffice(channels(), lambda _: next(refused, False)) as office:
        office.known()
        office.opened()
        office.deliver()
        office.hear(t.TicketParked, reason="r", review_at=START)
        office.deliver()
        assert office.told() == []
        office.pass_time(HOUR)
        assert office.told() == ["ticket_opened", "ticket_parked"]


def test_an_urgent_notice_waits_for_no_quiet_hours_and_for_no_held_notice() -> None:
    with PostOffice(channels()) as office:
        office.pass_time(NIGHT)
        office.known()
        office.opened()
        office.known(urgency=Urgency.E0)
        office.hear(t.TicketParked, reason="r", review_at=START)
        office.deliver()
        assert office.told() == ["ticket_parked"]


def test_an_event_that_is_handled_late_writes_a_notice_that_is_cancelled_at_once() -> None:
    with PostOffice(channels()) as office:
        office.known()
        opened = office.event(t.TicketOpened, urgency=Urgency.E2)
        closed = office.hear(t.TicketClosed, generation=1, closure=Closure.NO_ANSWER)
        office.take(opened)
        office.pass_time(HOUR)
        assert office.told() == ["ticket_closed_no_answer"]
        assert office.cancelled() == [("ticket_opened", "superseded", closed.id)]


def test_an_earlier_event_cancels_nothing() -> None:
    with PostOffice(channels()) as office:
        office.known()
        closed = office.event(t.TicketClosed, generation=1, closure=Closure.NO_ANSWER)
        office.hear(t.TicketReopened, generation=2)
        office.take(closed)
        office.pass_time(HOUR)
        assert office.told() == ["ticket_reopened"]


@pytest.mark.parametrize(
    ("later", "data"),
    [
        (d.AssignmentHandled, {"assignment": "a", "by": "u", "actor": "x"}),
        (d.AssignmentRelieved, {"assignment": "a", "by": "u"}),
        (d.DeadlineBreached, {"assignment": "a", "clock": Clock.SIGN, "due": START}),
        (d.DeadlineExtended, {"assignment": "a", "clock": Clock.SIGN, "due": START, "before": START}),
    ],
)
def test_a_reminder_after_the_work_is_done_or_the_time_is_another_is_not_sent(later: Any, data: dict[str, Any]) -> None:
    with PostOffice(channels()) as office:
        office.known()
        warned = {"clock": Clock.SIGN, "due": START, "stage": WarningStage.URGE_HALF, "number": 1, "to": "u"}
        office.hear(d.DeadlineWarned, assignment="a", **warned)
        office.hear(d.DeadlineWarned, assignment="b", **warned)
        office.hear(later, **data)
        office.deliver()
        reminded = [
            one.notice.values["assignment"] for one in office.sent if one.notice.template == "deadline_warned_urge_half"
        ]
        assert reminded == ["b"]


def test_a_relieved_unit_is_told_so_and_receives_nothing_else() -> None:
    with PostOffice(channels()) as office:
        office.known()
        made = {"level": "property", "purpose": Purpose.HANDLE, "generation": 1}
        office.hear(d.AssignmentMade, assignment="a", to="u", **made)
        office.hear(d.AssignmentMade, assignment="b", to="v", **made)
        relieved = office.hear(d.AssignmentRelieved, assignment="a", by="u")
        office.deliver()
        told = {(one.notice.audience, one.notice.template) for one in office.sent}
        assert told == {("u", "assignment_relieved"), ("v", "assignment_made_handle")}
        assert office.cancelled() == [("assignment_made_handle", CancelReason.RELIEVED, relieved.id)]
        assert office.metrics._notices.labels("cancelled")._value.get() == 1


def test_a_retired_units_work_is_cancelled_and_what_it_was_to_decide_goes_to_those_on_duty() -> None:
    with PostOffice(channels(u=Route("mail", "u@s.example"))) as office:
        office.known()
        office.hear(d.AssignmentMade, assignment="a", to="u", level="l", purpose=Purpose.HANDLE, generation=1)
        office.hear(d.AssignmentReturned, assignment="b", by="v", actor="x", reason="not_my_area", number=2, ruling_by="u")
        retired = office.hear(d.ResponderRetired, "u", role="property")
        office.deliver()
        assert [(one.notice.template, one.notice.address) for one in office.sent] == [("ruling_asked", "duty@s.example")]
        assert office.cancelled() == [("assignment_made_handle", CancelReason.RETIRED, retired.id)]


# --- the route is that of now


def test_a_corrected_address_is_used_for_a_waiting_notice() -> None:
    with PostOffice(channels(u=Route("mail", "wrong@s.example")), lambda _: True) as office:
        office.known()
        office.hear(d.AssignmentRelieved, assignment="a", by="u")
        office.deliver()
        office.fails = lambda _: False
        office.deploy(channels(u=Route("mail", "right@s.example")))
        office.pass_time(HOUR)
        ((sent,),) = [office.sent]
        assert (sent.notice.address, sent.notice.key) == ("right@s.example", f"{sent.notice.id}~2")


def test_a_corrected_channel_is_used_for_a_waiting_notice() -> None:
    with PostOffice(channels(u=Route("mail", "u@s.example")), lambda _: True) as office:
        office.known()
        office.hear(d.AssignmentRelieved, assignment="a", by="u")
        office.deliver()
        office.fails = lambda _: False
        office.deploy(channels(u=Route("sms", "12345", then=(ChannelAddress("mail", "u@s.example"),))))
        office.pass_time(HOUR)
        assert [(one.notice.channel, one.notice.address) for one in office.sent] == [("sms", "12345")]


def test_a_notice_whose_channel_is_gone_takes_the_present_route() -> None:
    with PostOffice(channels(), lambda _: True) as office:
        office.known()
        office.opened()
        office.deliver()
        office.fails = lambda _: False
        left = channels(resident=Route("voice"))
        office.deploy(Channels({name: one for name, one in left.channels.items() if name != "sms"}, left.routes))
        office.pass_time(HOUR)
        assert [one.notice.channel for one in office.sent] == ["voice"]


def test_a_way_that_was_given_up_is_not_taken_again() -> None:
    with PostOffice(
        channels(resident=Route("sms", then=(ChannelAddress("voice"),))), lambda one: one.channel == "sms"
    ) as office:
        office.known()
        office.opened()
        office.pass_time(2 * HOUR)
        assert [(one.notice.channel, one.notice.attempts) for one in office.sent] == [("voice", 4)]


def test_a_corrected_number_is_used_for_a_waiting_notice() -> None:
    with PostOffice(channels()) as office:
        office.known(phone="029-88880001")
        office.opened()
        office.known(phone="029-88880002")
        office.deliver()
        assert [one.notice.address for one in office.sent] == ["+862988880002"]


# --- the table


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.template)
def test_a_notice_is_compared_with_events_of_its_own_producer_alone(rule: Rule) -> None:
    for one in (*rule.obsolete_after, *rule.case_clock_over):
        assert one.event.producer == rule.event.producer, one.event.type
        assert one.fields <= one.event.field_names(), one.event.type
        assert set(one.same) <= rule.event.field_names(), one.event.type


# --- any story

RESIDENT_EVENTS: list[tuple[Any, dict[str, Any]]] = [
    (t.TicketOpened, {"urgency": Urgency.E2}),
    (t.TicketVerified, {"generation": 1, "verified_by": "u"}),
    (t.TicketRated, {"generation": 1, "resolved": True, "satisfied": True}),
    (t.TicketReworkOrdered, {"generation": 2, "cause": ReworkCause.DISSATISFIED}),
    (t.TicketClosed, {"generation": 1, "closure": Closure.NO_ANSWER}),
    (t.TicketReopened, {"generation": 2}),
    (t.TicketParked, {"reason": "r", "review_at": START}),
    (t.TicketResumed, {}),
    (d.CaseEscalated, {"level": "l", "below": "k", "cause": EscalationCause.BREACHED}),
    (d.DeadlineExtended, {"clock": Clock.HANDLE, "due": START, "before": START}),
    (d.CaseCompleted, {"level": "l", "rung": 1, "outcome": "handled", "generation": 1, "handled_by": ["u"]}),
    (d.AssignmentMade, {"assignment": "a", "to": "u", "level": "l", "purpose": Purpose.HANDLE, "generation": 1}),
    (d.AssignmentHandled, {"assignment": "a", "by": "u", "actor": "x"}),
    (d.AssignmentRelieved, {"assignment": "a", "by": "u"}),
]
steps = st.lists(st.tuples(st.sampled_from(RESIDENT_EVENTS), st.integers(0, 600)), min_size=1, max_size=9)


@settings(max_examples=12)
@given(
    steps=steps,
    begin=st.integers(0, 23),
    refused=st.lists(st.booleans(), max_size=12),
    rate=st.sampled_from([None, 1, 60]),
    urgent_after=st.none() | st.integers(0, 8),
)
def test_any_story_is_told_in_order_and_without_what_is_pointless(
    steps: list[tuple[tuple[Any, dict[str, Any]], int]],
    begin: int,
    refused: list[bool],
    rate: int | None,
    urgent_after: int | None,
) -> None:
    answers = iter(refused)
    with PostOffice(channels(Channel("sms", "log", per_minute=rate)), lambda _: next(answers, False)) as office:
        office.on_send = _checked(office)
        office.now += begin * HOUR
        office.known()
        for number, ((schema, data), minutes) in enumerate(steps):
            if number == urgent_after:
                office.known(urgency=Urgency.E1)
            office.hear(schema, **data)
            office.pass_time(timedelta(minutes=minutes))
        office.pass_time(72 * HOUR)
        notices = office.notices()
        ended = {NoticeState.SENT, NoticeState.CANCELLED, NoticeState.EXHAUSTED}
        assert {one.state for one in notices} <= ended
        for urgent in (True, False):
            for audience in {one.audience for one in notices}:
                told = [one.notice for one in office.sent if (one.notice.audience, one.notice.urgent) == (audience, urgent)]
                order = [(one.happened_at, one.sequence) for one in told]
                assert order == sorted(order)
        assert len({one.notice.id for one in office.sent}) == len(office.sent)


def _checked(office: PostOffice) -> Callable[[Notice], None]:
    """Check each sent notice: no received event makes it obsolete, and it is not quiet unless the notice is urgent."""

    def check(notice: Notice) -> None:
        contact = office.contact(notice.origin or "")
        facts = contact.facts if contact else ()
        assert find_superseding(notice.template, notice.audience, notice.sequence, notice.values, facts) is None
        assert notice.urgent or notice.audience != "resident" or not QUIET.contains(office.now)

    return check
