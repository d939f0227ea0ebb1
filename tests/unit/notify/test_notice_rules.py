"""The table of recipients, checked against the topology, the contracts and the deployment's texts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.configuration.yaml_files import BadConfig
from contracts.codes import Clock
from contracts.events import dispatch, tickets
from contracts.payload import payload_for
from contracts.topology import SUBSCRIPTIONS
from services.notify.config import load_channels, load_templates
from services.notify.domain.channel_addresses import ChannelAddress
from services.notify.domain.channels import LOG_ONLY
from services.notify.domain.languages import Match
from services.notify.domain.notice_planning import DUTY, RESIDENT, RESPONDENT, Rule
from services.notify.domain.notice_rules import RULES, planned_notices
from services.notify.domain.superseder_search import SUPERSEDING
from tests.kit.payloads import some

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
TEMPLATES = load_templates(DEPLOY / "notices.yaml")
LINK = "https://street.example/t/TMFQWCZLOEBSG44DF/rate?token=WyJUTUZRV0NaTE9FQlNHNDRERiIsInJhdGUiXQ"


def test_every_event_that_notify_takes_has_a_rule() -> None:
    learned_from = {tickets.TicketUrgencyRaised, dispatch.ResponderRetired}
    public = {schema for schema in SUBSCRIPTIONS["notify"] if not schema.private}
    assert {rule.event for rule in RULES} | set(SUPERSEDING) == public - learned_from


@pytest.mark.parametrize(
    "named",
    [
        {"to": ("data:unit",)},
        {"variant": "closur"},
        {"when": {"urgency": ("E0",)}},
        {"unless": {"urgency": ("E0",)}},
        {"values": ("generatoin",)},
    ],
    ids=str,
)
def test_a_rule_that_names_a_field_which_its_event_lacks_is_not_made(named: dict[str, Any]) -> None:
    good = Rule(tickets.TicketClosed, (RESIDENT,), "ticket_closed", variant="closure", obsolete_after=())
    with pytest.raises(TypeError, match=r"ticket_closed: ticket\.closed\.v1 has no field"):
        replace(good, **named)


@pytest.mark.parametrize(
    ("type_", "data", "told"),
    [
        ("ticket.opened.v1", {"urgency": "E2"}, [(RESIDENT, "ticket_opened")]),
        ("ticket.opened.v1", {"urgency": "E0"}, [(RESIDENT, "ticket_opened_urgent")]),
        ("ticket.verified.v1", {}, [(RESIDENT, "ticket_verified")]),
        ("ticket.closed.v1", {"closure": "no_answer"}, [(RESIDENT, "ticket_closed_no_answer")]),
        ("ticket.rejected.v1", {"reason": "in_court"}, [(RESIDENT, "ticket_rejected_in_court")]),
        ("ticket.unattended.v1", {}, [(DUTY, "ticket_unattended")]),
        ("assignment.made.v1", {"to": "u1", "purpose": "handle"}, [("u1", "assignment_made_handle")]),
        ("assignment.made.v1", {"to": "u1", "purpose": "handle", "joint_action": "T-j1"}, []),
        ("gap.found.v1", {}, [(DUTY, "gap_found")]),
        ("fork.found.v1", {}, [(DUTY, "fork_found")]),
        ("mediation.opened.v1", {}, [(RESIDENT, "mediation_opened"), (RESPONDENT, "mediation_opened_respondent")]),
        ("mediation.session_held.v1", {}, [(RESIDENT, "mediation_session"), (RESPONDENT, "mediation_session")]),
        ("mediation.agreed.v1", {}, [(RESIDENT, "mediation_agreed"), (RESPONDENT, "mediation_agreed")]),
        ("assignment.relieved.v1", {"by": "u1"}, [("u1", "assignment_relieved")]),
        ("assignment.returned.v1", {"by": "u1", "ruling_by": None}, []),
        ("assignment.returned.v1", {"by": "u1", "ruling_by": "boss"}, [("boss", "ruling_asked")]),
        (
            "joint_action.called.v1",
            {"lead": "a", "units": ["a", "b"]},
            [("a", "joint_action_called"), ("b", "joint_action_called")],
        ),
        ("deadline.warned.v1", {"stage": "urge_half", "to": "u1"}, [("u1", "deadline_warned_urge_half")]),
        ("deadline.warned.v1", {"stage": "top_called"}, [(DUTY, "deadline_warned_top_called")]),
        ("deadline.breached.v1", {"supervisor": "boss"}, [("boss", "deadline_breached")]),
        ("deadline.breached.v1", {"assignment": "a1"}, []),
        ("case.exhausted.v1", {"cause": "last_level"}, [(DUTY, "case_exhausted_last_level")]),
        ("verifier.requested.v1", {"supervisor": "boss"}, [("boss", "verifier_requested")]),
        ("verifier.requested.v1", {}, [(DUTY, "verifier_requested")]),
        ("case.escalated.v1", {"cause": "parallel"}, []),
        ("case.escalated.v1", {"cause": "breached"}, [(RESIDENT, "case_escalated")]),
        ("deadline.extension_asked.v1", {"supervisor": "boss"}, [("boss", "extension_asked")]),
        ("mediation.failed.v1", {}, [(RESIDENT, "mediation_failed"), (RESPONDENT, "mediation_failed")]),
        ("mediation.performance_asked.v1", {"number": 2, "to": "m1"}, [("m1", "performance_asked")]),
        ("mediation.performance_asked.v1", {"number": 3, "to": "boss"}, [("boss", "performance_overdue")]),
        ("mediation.performance_asked.v1", {"number": 9}, [(DUTY, "performance_overdue")]),
        (
            "mediation.not_performed.v1",
            {},
            [(RESIDENT, "mediation_not_performed"), (RESPONDENT, "mediation_not_performed")],
        ),
    ],
)
def test_who_is_told(type_: str, data: dict[str, Any], told: list[tuple[str, str]]) -> None:
    assert [(one.audience, one.template) for one in planned_notices(some(payload_for(type_), **data))] == told


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_template_renders_short_in_both_languages(locale: str) -> None:
    """At most four parts of an SMS: 268 characters in Chinese, 612 in English."""
    now = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    values = {"ticket": "TMFQWCZLOEBSG44DF", "link": LINK, "matter": "楼上漏水", "address": "阳光家园 3 号楼", "into": "TB"}
    for rule in RULES:
        said = {name: values.get(name, now) for name in rule.placeholders()} | {
            "clock": Clock.SIGN,
            "by": "u",
            "lead": "u",
            "step": "说事",
        }
        for name in rule.templates():
            assert TEMPLATES.match(name, locale) == Match(locale)
            text = TEMPLATES.render(name, locale, said, now)
            assert "$" not in text
            assert len(text) <= (268 if locale == "zh" else 612)


def test_times_and_codes_are_told_in_the_recipients_language() -> None:
    values = {"ticket": "T", "clock": Clock.SIGN, "due": datetime(2026, 3, 4, 20, 6, tzinfo=UTC)}
    now = datetime(2026, 3, 5, tzinfo=UTC)
    assert TEMPLATES.render("deadline_breached", "zh", values, now) == "督办：工单T的签收已超时，应于3月5日04:06完成，请督办。"
    assert "signing was due 2026-3-5 04:06" in TEMPLATES.render("deadline_breached", "en", values, now)


@pytest.mark.parametrize(
    ("due", "now", "told"),
    [
        ("2027-01-04T10:00", "2026-12-20T09:00", "2027年1月4日10:00"),
        ("2027-01-04T10:00", "2027-01-01T00:30", "于1月4日10:00"),
        ("2026-12-31T18:00", "2027-01-01T00:30", "2026年12月31日18:00"),
        ("2027-01-01T07:30", "2026-12-31T23:30", "2027年1月1日07:30"),
    ],
)
def test_a_time_shows_its_year_unless_it_is_the_current_one_in_the_deployments_zone(due: str, now: str, told: str) -> None:
    at, when = (datetime.fromisoformat(text).replace(tzinfo=TEMPLATES.zone) for text in (now, due))
    values = {"ticket": "T", "clock": Clock.SIGN, "due": when.astimezone(UTC)}
    assert told in TEMPLATES.render("deadline_breached", "zh", values, at.astimezone(UTC))
    assert str(when.year) in TEMPLATES.render("deadline_breached", "en", values, at.astimezone(UTC))


@pytest.mark.parametrize(
    ("asked", "used", "fell_back"),
    [
        ("zh", "zh", False),
        ("en", "en", False),
        ("en-GB", "en", False),
        *((asked, "zh", True) for asked in ("bo", "ug", "kk", "bo-CN")),
        (None, "zh", False),
        ("", "zh", False),
    ],
)
def test_a_language_that_is_not_there_falls_back_and_that_is_known(asked: str | None, used: str, fell_back: bool) -> None:
    match = TEMPLATES.match("ticket_opened", asked)
    assert (match.locale, match.reason is not None) == (used, fell_back)


@pytest.mark.parametrize(("locale", "told"), [("zh", "请拨打12345"), ("en", "please call 12345")])
def test_who_has_no_link_is_told_whom_to_call(locale: str, told: str) -> None:
    assert told in TEMPLATES.render(
        "ticket_closed_no_answer", locale, {"ticket": "T", "link": None}, datetime(2026, 3, 5, tzinfo=UTC)
    )


def _changed(tmp_path: Path, name: str, before: str, after: str) -> Path:
    text = (DEPLOY / name).read_text("utf-8")
    assert before in text
    path = tmp_path / name
    path.write_text(text.replace(before, after, 1), "utf-8")
    return path


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("closed. Thank you", "closed, $name. Thank you", r"templates\.ticket_closed_satisfied\.en: nobody fills in \$name"),
        ("ticket_parked:\n    zh", "ticket_parked:\n    bo", r"templates\.ticket_parked\.zh: missing"),
        ("ticket_parked:", "ticket_packed:", r"templates\.ticket_packed: no rule uses it"),
        ("Nobody can be called", "$ Nobody can be called", r"case_exhausted_no_responder\.en: a stray"),
        ("Asia/Shanghai", "Asia/Nowhere", "zone"),
        ("en: $year", "en: $yaer", r"instants\.en: nobody fills in \$yaer"),
        ("zh: $year年", "zh: ", r"instants_of_other_years\.zh: want a form with \$year"),
    ],
)
def test_bad_texts_are_refused_by_name(tmp_path: Path, before: str, after: str, named: str) -> None:
    with pytest.raises(BadConfig, match=r"notices\.yaml.*" + named):
        load_templates(_changed(tmp_path, "notices.yaml", before, after))


def test_the_example_of_channels_is_a_good_one(tmp_path: Path) -> None:
    channels = load_channels(DEPLOY / "channels.example.yaml")
    ways = channels.routes.of("yangguang-property").ways(None)
    assert ways == [ChannelAddress("mail", "office@property.example"), ChannelAddress("sms", "+86-29-0000-0000")]
    assert channels.routes.of("resident").ways("+86") == [ChannelAddress("sms", "+86"), ChannelAddress("voice", "+86")]
    assert channels.routes.of("respondent") is channels.routes.of("resident")
    assert channels.routes.of("anybody").channel == "log"
    assert (channels.channels["sms"].receipts, channels.channels["mail"].receipts) == (timedelta(hours=2), None)
    night = datetime(2026, 3, 4, 15, tzinfo=UTC)
    assert channels.quiet.until("resident", False, night) == datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
    assert (channels.final(400), channels.final(404), channels.final(429), channels.final(500)) == (True, True, False, False)
    assert channels.link_to("T1", "rate", "a/b") == "https://street.example/t/T1/rate?token=a%2Fb"
    assert load_channels(tmp_path / "channels.yaml") is LOG_ONLY


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("resident: {channel: sms,", "resident: {channel: smoke,", "no channel 'smoke'"),
        ("then: [{channel: voice}]", "then: [{channel: vioce}]", "no channel 'vioce'"),
        ("{via: log, batch: 50}", "{via: log, receipts: 1h}", "a log gives no receipts"),
        ("per_minute: 60}", "per_minute: 60, batch: 2}", "sends one at a time"),
        ("to: 07:30", 'to: "7.30"', r"quiet\.resident\.value\.to"),
        ("from: 22:00, ", "", r"quiet\.resident\.value\.from"),
        ("zone: Asia/Shanghai}", "zone: Asia/Nowhere}", "no such time zone"),
        ("  resident: {from", "  residents: {from", "quiet"),
        (":to=$address", ":to=$phone", r"channels\.sms\.via: nobody fills in \$phone"),
        ("duty@street.example", '"a@x.example,b@y.example"', "address by channel 'mail': want exactly one"),
        ("+86-29-0000-0000", "+86-29-0000-0000;+86-29-0000-0001", "address by channel 'sms': want exactly one"),
        ("duty@street.example", '" "', "address by channel 'mail': want exactly one"),
        ("timeout: 15s", "timeout: 15m", "is no duration"),
        ("timeout: 15s", "timeout: 15s, batch: 9", "timeout times batch"),
        ("?token=$token", "?token=$tokn", r"link: nobody fills in \$tokn"),
        ("attempts: 6", "attempt: 6", r"retries\.attempt"),
        ("size: 7, unit: sms_segments", "size: 2, unit: sms_segments", r"channels\.sms\.size: no room for an address"),
        ("size: 300, timeout: 10s", "size: 100, timeout: 10s", r"channels\.voice\.size: no room for a link"),
        (
            "size: 2000, timeout: 15s",
            "size: 700, unit: utf8_bytes, timeout: 15s",
            r"channels\.mail\.size: no room for an address",
        ),
        ("unit: sms_segments", "unit: bytes", r"channels\.sms.*unit"),
    ],
)
def test_bad_channels_are_refused_without_repeating_an_address(tmp_path: Path, before: str, after: str, named: str) -> None:
    with pytest.raises(BadConfig, match=named) as refused:
        load_channels(_changed(tmp_path, "channels.example.yaml", before, after))
    assert "password" not in str(refused.value)
