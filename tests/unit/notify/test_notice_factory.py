"""From events to notices: who is told, in which language and how urgently; one notice per person and fact."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chassis.effects import Effect
from chassis.signed_links import Links
from contracts.codes import Closure, Urgency
from contracts.envelope import Event
from contracts.events import dispatch, ledger, tickets
from contracts.payload import EventPayload
from services.notify.config import NotifyConfig, load_channels, load_templates
from services.notify.domain.contact import Contact, Person
from services.notify.domain.message import WHOLE, PartKind
from services.notify.domain.notice import Notice, NoticeState
from services.notify.notice_factory import ID_LENGTH, NotHeardYet, notice_id, write_notices
from tests.kit.payloads import some

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
LINKS = Links("a secret of the tests")
CONFIG = NotifyConfig(load_templates(DEPLOY / "notices.yaml"), load_channels(DEPLOY / "channels.example.yaml"), LINKS)
NOON = datetime(2026, 3, 4, 4, tzinfo=UTC)
NIGHT = datetime(2026, 3, 4, 15, tzinfo=UTC)
ID = "5d3f1c1e-7d0c-5f0e-9f2b-2f6f8f0c9a11"


class Desk:
    """A stand-in for the unit of work that the notice factory needs."""

    def __init__(self, now: datetime, *contacts: Contact):
        self.now, self.effects = now, list[Effect]()
        self.kept: dict[tuple[type, str], Any] = {(Contact, one.id): one for one in contacts}

    def find(self, cls: type, key: str) -> Any:
        return self.kept.get((cls, key))

    def add(self, one: Any) -> None:
        self.kept[type(one), one.id] = one

    def apply(self, effects: tuple[Effect, ...]) -> None:
        self.effects += effects

    def told(self, schema: type[EventPayload], subject: str = "T1", /, **data: Any) -> list[Notice]:
        """Tell of an event; answers the notices."""
        write_notices(Event(some(schema, **data), "/x", subject, ID, self.now), self, CONFIG)  # type: ignore[arg-type]
        return [one for (cls, _), one in self.kept.items() if cls is Notice]


def contact(id_: str = "T1", phone: str | None = "101", urgency: Urgency | None = Urgency.E2, **more: Any) -> Contact:
    """A ticket whose reporter is known, and has every link."""
    links = {purpose: f"{purpose}-of-{id_}" for purpose in ("rate", "consent", "reopen", "cancel")}
    return Contact(id_, Person("王阿姨", phone, more.pop("locale", "zh"), links), urgency=urgency, text="漏水", **more)


def audiences(notices: list[Notice]) -> list[tuple[str, str | None]]:
    """Return the audiences and channels of the notices."""
    return [(one.audience, one.address) for one in notices]


@pytest.mark.parametrize(
    "known",
    [
        Contact("T1", urgency=Urgency.E2),
        contact(urgency=None),
        contact(followers=["T2"]),
    ],
    ids=["no contact", "not opened", "a follower that is not recorded"],
)
def test_what_has_not_arrived_is_waited_for(known: Contact) -> None:
    with pytest.raises(NotHeardYet):
        Desk(NOON, known).told(tickets.TicketReopened)
    with pytest.raises(NotHeardYet):
        Desk(NOON, Contact("T1", urgency=Urgency.E2)).told(dispatch.AssignmentMade, to="u", purpose="handle")


def test_the_respondent_is_asked_by_a_link_of_its_own_and_told_how_it_ends() -> None:
    other = Person("李先生", "102", "en", {"respond": "respond-token"})
    notices = Desk(NOON, contact(respondent=other)).told(dispatch.MediationOpened)
    assert audiences(notices) == [("resident", "101"), ("respondent", "102")]
    assert f"/T1/consent?token={LINKS.sign('T1', 'consent', 1, NOON)}" in notices[0].text
    assert f"/T1/respond?token={LINKS.sign('T1', 'respond', 1, NOON)}" in notices[1].text
    assert "consent" not in notices[1].text.rpartition("/t/")[2]
    assert (notices[1].locale, notices[1].channel) == ("en", "sms")
    for schema, data in ((dispatch.MediationSessionHeld, {"number": 1, "step": "说事"}), (dispatch.MediationFailed, {})):
        told = Desk(NOON, contact(respondent=other)).told(schema, **data)
        assert audiences(told) == [("resident", "101"), ("respondent", "102")]


@pytest.mark.parametrize("schema", [tickets.TicketReopened, tickets.TicketCancelled, dispatch.DeadlineExtended])
def test_the_respondent_is_told_of_the_mediation_alone(schema: type[EventPayload]) -> None:
    other = Person("李先生", "102", "zh", {"respond": "respond-token"})
    assert audiences(Desk(NOON, contact(respondent=other)).told(schema)) == [("resident", "101")]


def test_a_respondent_without_a_number_is_asked_by_people() -> None:
    for respondent in (None, Person("李先生")):
        assert audiences(Desk(NOON, contact(respondent=respondent)).told(dispatch.MediationOpened)) == [("resident", "101")]


def test_followers_are_told_by_their_own_number_and_without_a_link_whom_to_call() -> None:
    followers = [contact("T2", "102", None, follows="T1"), contact("T3", "103", None, follows="T1")]
    followers[0].reporter = Person(phone="102")
    desk = Desk(NOON, contact(followers=["T2", "T3"]), *followers)
    notices = desk.told(tickets.TicketClosed, closure=Closure.NO_ANSWER, generation=2)
    assert [(one.ticket, one.address) for one in notices] == [("T1", "101"), ("T2", "102"), ("T3", "103")]
    assert "T2" in notices[1].text
    assert "请拨打12345" in notices[1].text
    assert f"/T1/reopen?token={LINKS.sign('T1', 'reopen', 2, NOON)}" in notices[2].text
    assert len({one.id for one in notices}) == 3


def test_who_reported_it_twice_is_told_once() -> None:
    desk = Desk(NOON, contact(followers=["T2"]), contact("T2", "101", None, follows="T1"))
    assert [one.ticket for one in desk.told(tickets.TicketReopened)] == ["T1"]


@pytest.mark.parametrize("again", ["+86 29 8888 0000", "０２９－８８８８００００", "(029) 88880000"])
def test_who_reported_it_twice_is_told_once_however_the_number_is_written(again: str) -> None:
    desk = Desk(NOON, contact(phone="029-88880000", followers=["T2"]), contact("T2", again, None, follows="T1"))
    assert [(one.ticket, one.address) for one in desk.told(tickets.TicketReopened)] == [("T1", "+862988880000")]


@pytest.mark.parametrize("phone", ["   ", "a,b", "a@x,b@y", "13800000000,13900000000"])
def test_a_stored_contact_that_is_not_exactly_one_number_or_address_is_told_nothing(phone: str) -> None:
    other = Person("李先生", phone, "zh", {"respond": "respond-token"})
    assert Desk(NOON, contact(phone=phone, respondent=other)).told(dispatch.MediationOpened) == []


def test_where_the_survivor_has_nobody_to_ask_the_follower_with_the_link_is_asked() -> None:
    without = contact("T2", "102", None, follows="T1")
    without.reporter = Person(phone="102")
    asked = contact("T3", "103", None, follows="T1")
    desk = Desk(NOON, contact(phone=None, followers=["T2", "T3"]), without, asked)
    (notice,) = desk.told(tickets.TicketVerified, generation=3)
    assert (notice.ticket, notice.address) == ("T3", "103")
    assert f"/T1/rate?token={LINKS.sign('T1', 'rate', 3, NOON)}" in notice.text
    with_reporter = Desk(NOON, contact(followers=["T2", "T3"]), without, asked)
    assert audiences(with_reporter.told(tickets.TicketVerified)) == [("resident", "101")]


def test_a_survivor_that_was_merged_in_its_turn_holds_nothing_up() -> None:
    desk = Desk(NOON, contact(followers=["T2"]), contact("T2", "102", None, follows="T9"))
    notices = desk.told(tickets.TicketClosed, closure=Closure.NO_ANSWER, generation=2)
    assert "请拨打12345" in notices[1].text


def test_who_is_called_to_a_joint_action_is_told_once() -> None:
    desk = Desk(NOON, contact())
    desk.told(dispatch.JointActionCalled, joint_action="T1-j1", lead="a", units=["a", "b"])
    notices = desk.told(dispatch.AssignmentMade, to="a", purpose="handle", joint_action="T1-j1")
    assert [(one.audience, one.template) for one in notices] == [("a", "joint_action_called"), ("b", "joint_action_called")]


def test_what_the_ledger_found_wrong_is_told_at_once_to_those_on_duty() -> None:
    desk = Desk(NIGHT)
    (notice,) = desk.told(ledger.GapFound, "shanqi-1", origin="/dispatch", missing_from=3, missing_to=4)
    assert (notice.audience, notice.ticket, notice.urgent, notice.state) == ("duty", "shanqi-1", True, NoticeState.DUE)
    assert "缺少/dispatch关于shanqi-1的第3至4号" in notice.text
    assert desk.find(Contact, "shanqi-1") is None


@pytest.mark.parametrize(("urgency", "held"), [("E0", False), ("E1", False), ("E2", True), ("E3", True)])
def test_at_night_only_what_is_urgent_goes_out(urgency: str, held: bool) -> None:
    desk = Desk(NIGHT, contact(urgency=Urgency(urgency)))
    (notice,) = desk.told(tickets.TicketReopened)
    assert (notice.state is NoticeState.HELD) == (len(desk.effects) == 1) == held
    assert Desk(NOON, contact(urgency=Urgency(urgency))).told(tickets.TicketReopened)[0].state is not NoticeState.HELD
    (unit,) = Desk(NIGHT, contact(urgency=Urgency(urgency))).told(dispatch.AssignmentRelieved, by="u")
    assert unit.state is NoticeState.DUE


@pytest.mark.parametrize(
    ("asked", "urgency", "locale", "fell_back", "lines"),
    [
        ("zh", "E1", "zh", False, 1),
        ("en", "E1", "en", False, 2),
        ("en", "E2", "en", False, 1),
        *((asked, "E1", "zh", True, 1) for asked in ("bo", "ug", "kk")),
        (None, "E2", "zh", False, 1),
        ("zh-TW", "E2", "zh", True, 1),
        ("zh-CN", "E1", "zh", False, 1),
        ("en-GB", "E1", "en", False, 2),
        ("ug-CN", "E2", "zh", True, 1),
    ],
)
def test_urgent_notices_are_bilingual_and_a_fallback_is_recorded(
    asked: str | None, urgency: str, locale: str, fell_back: bool, lines: int
) -> None:
    (notice,) = Desk(NOON, contact(urgency=Urgency(urgency), locale=asked)).told(tickets.TicketReopened)
    assert (notice.asked, notice.locale, notice.fell_back) == (asked, locale, fell_back)
    assert len(notice.text.splitlines()) == lines
    notice.attempts = 1
    assert notice.sent(1, None, NOON).events[0].payload.by_name()["fell_back"] == fell_back


def test_an_id_leaves_room_for_later_keys() -> None:
    ids = {notice_id(ID, audience, follower) for audience in ("resident", "u" * 80) for follower in ("", "T" * 80)}
    assert len(ids) == 4
    assert all(len(id_) <= ID_LENGTH for id_ in ids)
    assert notice_id(ID, "resident") == f"{ID}-resident"


def test_what_somebody_wrote_is_told_visible_and_without_links() -> None:
    known = contact()
    known.text = "楼上漏水\u202e\ufeff 看http://evil.example/x"
    known.address = "3号楼\u202e201室\n东门\U000e0041"
    (notice,) = Desk(NOON, known).told(dispatch.AssignmentMade, to="u", purpose="handle")
    assert notice.text == "工单T1已派给您，请及时签收。内容：楼上漏水 看http：//evil．example/x 地址：3号楼201室 东门"
    assert [(part.kind, part.text) for part in notice.parts if part.kind in WHOLE] == [(PartKind.ADDRESS, "3号楼201室 东门")]
    assert (known.text, known.address)[1] == "3号楼\u202e201室\n东门\U000e0041"  # the original stays
    (session,) = Desk(NOON, contact()).told(dispatch.MediationSessionHeld, number=1, step="说\u202e事")
    assert "说事" in session.text


def test_our_link_is_the_only_one_and_is_known_as_ours() -> None:
    (notice,) = Desk(NOON, contact()).told(tickets.TicketVerified)
    (link,) = [part.text for part in notice.parts if part.kind is PartKind.LINK]
    assert link.startswith("https://street.example/t/T1/rate?token=")


@pytest.mark.parametrize(("asked", "subject"), [("zh", "事项T1是否解决，请您评价"), ("en", "Is your report T1 solved?")])
def test_the_subject_is_in_the_recipients_language(asked: str, subject: str) -> None:
    (notice,) = Desk(NOON, contact(locale=asked)).told(tickets.TicketVerified)
    assert notice.subject == subject
