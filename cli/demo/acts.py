"""What a simulated person is going to do: one command, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from contracts.envelope import Event
from contracts.events import intake


class Kind(StrEnum):
    """How it is filed: as an event on `intake.events`, or over HTTP where no event exists."""

    WHISTLE = intake.WhistleBlown.type
    REPORT = intake.ReportFiled.type
    REQUEST = intake.RequestMade.type
    DESK = "http"


@dataclass(frozen=True, slots=True)
class Act:
    """One command. Its ``id`` follows from what it answers, so that the same seed files the same commands.

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
        """Acts are filed in this order."""
        return self.due, self.id
