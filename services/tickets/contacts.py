"""Who is told about a ticket, and which signed links they get. It travels to notify alone."""

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.codes import LinkPurpose
from services.tickets.config import Configured

REPORTERS = (LinkPurpose.RATE, LinkPurpose.CONSENT, LinkPurpose.REOPEN, LinkPurpose.CANCEL)
"""What whoever blew the whistle gets links for; the respondent's is another."""


def contact(id_: str, data: Mapping[str, Any], config: Configured) -> dict[str, Any]:
    """Who reported it, and the other party; whose only link is the one to respond. ``data`` are the whistle's."""
    respondent = _person(data.get("respondent"))
    if respondent.get("phone"):
        respondent["links"] = signed(id_, (LinkPurpose.RESPOND,), config)
    return {**_person(data.get("reporter")), "respondent": respondent or None}


def signed(id_: str, purposes: Iterable[LinkPurpose], config: Configured) -> dict[str, str]:
    """A link for each purpose."""
    return {purpose.value: config.links.sign(id_, purpose) for purpose in purposes}


def _person(said: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: said.get(name) for name in ("name", "phone", "locale")} if said else {}
