"""Every page of the console with an account that may open it, and a ticket to open it for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.kit.console import Street
from tests.kit.pictures import located, picture


@dataclass(frozen=True)
class Stop:
    """A page to visit: its name, the account that visits it (None: nobody is signed in), and its path."""

    name: str
    account: str | None
    path: str


@dataclass(frozen=True)
class Scene:
    """Tickets of the street: one that the property company works on, and one whose resident is asked for an answer."""

    at_work: str
    answered: str
    link: str
    notice: str
    month: str
    """The month in which they were opened."""


def stops(scene: Scene) -> list[Stop]:
    """Return every page."""
    return [
        Stop("welcome", None, "/"),
        Stop("report", None, "/report"),
        Stop("sign_in", None, "/sign-in"),
        Stop("status", None, "/status"),
        Stop("status_found", None, f"/status?ticket={scene.answered}"),
        Stop("status_wrong", None, f"/status?ticket={scene.at_work}"),
        Stop("not_found", None, "/nothing-here"),
        Stop("resident", None, scene.link),
        Stop("bad_link", None, scene.link[:-3]),
        Stop("now", "desk", "/now"),
        Stop("queue", "desk", "/queue"),
        Stop("officer_report", "desk", "/report"),
        Stop("statistics", "desk", "/statistics"),
        Stop("figure", "desk", "/statistics/department_calls?by=category"),
        Stop("figure_of_a_unit", "desk", "/statistics/returns?by=urgency&unit=yangguang-property&urgency=E2"),
        Stop("figure_apart", "desk", "/statistics/resolution?by=month&side=apart"),
        Stop("monthly_report", "desk", f"/statistics/report?month={scene.month}"),
        Stop("monthly_report_of_last_month", "desk", "/statistics/report"),
        Stop("desk_ticket", "desk", f"/tickets/{scene.at_work}"),
        Stop("answered_ticket", "desk", f"/tickets/{scene.answered}"),
        Stop("notice", "desk", f"/notices/{scene.notice}"),
        Stop("work", "responders", "/work"),
        Stop("responder_ticket", "responders", f"/tickets/{scene.at_work}"),
        Stop("supervisor_ticket", "supervisors", f"/tickets/{scene.at_work}"),
        Stop("verifier_work", "grid", "/work"),
    ]


def prepared(town: Street) -> Scene:
    """Blow two whistles, let one be handled and checked, and return them."""
    at_work = town.whistle_blown("noise", "楼上半夜放音乐，<b>睡不着</b>‮", dispute=True)
    answered = town.whistle_blown("property_service", "电梯停了两天")
    town.photograph(at_work, picture((640, 480), gps=located()))
    for command in ("sign", "contact", "report_in", "handle"):
        town.report(answered, command, "responders", "yangguang-property")
    town.verified(answered, "grid", "grid-worker-1")
    opened = datetime.fromisoformat(town.ask("tickets", f"/tickets/{answered}", "desk")["opened_at"])
    month = f"{opened.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m}"
    return Scene(at_work, answered, town.link(answered, "rate"), town.notice_of(answered, "resident"), month)
