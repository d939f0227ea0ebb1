"""The planned action of a simulated person: one command, and when it is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from contracts.envelope import Event
from contracts.events import intake


class Kind(StrEnum):
    """The way an action is submitted: as an event on `intake.events`, or over HTTP where no event exists."""

    WHISTLE = intake.WhistleBlown.type
    REPORT = intake.ReportFiled.type
    REQUEST = intake.RequestMade.type
    DESK = "http"


@dataclass(frozen=True, slots=True)
class Act:
    """One command of a simulated person. Its ``id`` follows from the event it answers, so that the same seed gives the same
    commands.

    ``subject`` is the ticket, but for a whistle, which has none yet, its own id. ``name`` is what is done: the command, the
    request, or the id of the HTTP operation (`contracts.http.tickets`), whose body is ``data``. ``answers`` is the event that
    made somebody act; a whistle answers none.
    """

    id: str
    due: datetime
    account: str
    kind: Kind
    subject: str
    name: str
    data: Mapping[str, Any]
    answers: Event | None = None

    @property
    def order(self) -> tuple[datetime, str]:
        """Return the sort key by which acts are submitted."""
        return self.due, self.id
