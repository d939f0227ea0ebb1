"""A party's link speaks for that party, in that case, and for nothing else."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.signed_links import BadLink, Links
from contracts.codes import LinkPurpose, Party, Request
from contracts.events.intake import RequestMade
from services.dispatch.report_handler import make_request

LINKS = Links("a secret of the tests")
NOW = datetime(2026, 3, 3, tzinfo=UTC)


class Taken(Exception):
    """The link was good: the case is asked for."""


def load(*_: Any) -> None:
    """In the place of the store."""
    raise Taken


@pytest.mark.parametrize("request_", [Request.CONSENT, Request.WITHDRAW])
@pytest.mark.parametrize("party", [None, Party.APPLICANT, Party.RESPONDENT])
@pytest.mark.parametrize("purpose", list(LinkPurpose))
@pytest.mark.parametrize("ticket", ["T1", "T2"])
def test_whom_a_link_speaks_for(request_: Request, party: Party | None, purpose: LinkPurpose, ticket: str) -> None:
    own = LinkPurpose.RESPOND if party is Party.RESPONDENT else LinkPurpose.CONSENT
    made = RequestMade(request=request_, party=party, link=LINKS.sign(ticket, purpose, 1, NOW))
    work: Any = SimpleNamespace(load=load)
    with pytest.raises(Taken if (ticket, purpose) == ("T1", own) else BadLink):
        make_request("T1", made, work, SimpleNamespace(), LINKS)  # type: ignore[arg-type]
