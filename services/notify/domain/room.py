"""Whether a channel's limit has room for what a message never leaves out: an address, or a link of ours."""

from collections.abc import Iterator

from contracts.codes import LinkPurpose
from contracts.schema_fields import ADDRESS
from services.notify.domain.channels import Channels, Route

_LONGEST_ADDRESS = "\U0001f600" * ADDRESS
"""Of the characters that take most room in every unit."""
_TICKET, _TOKEN = "T" * 17, "k" * 120
"""As long as ours are; a token that is longer makes the attempt fail with `TOO_LONG`."""


def missing_room(channels: Channels) -> Iterator[tuple[str, str]]:
    """Yield each channel whose limit is too small for what a route sends there: its name, and what it has no room for."""
    purpose = max((purpose.value for purpose in LinkPurpose), key=len)
    link = channels.link_to(_TICKET, purpose, _TOKEN)
    routes = channels.routes
    carried = [
        (routes.resident, link, f"a link of {len(link)} characters"),
        *(
            (route, _LONGEST_ADDRESS, f"an address of {ADDRESS} characters")
            for route in (routes.others, *routes.responders.values())
        ),
    ]
    for route, text, what in carried:
        for channel in (channels.channels[name] for name in _names(route)):
            if channel.scheme and not all(limit.allows(text) for limit in channel.limits):
                yield channel.name, what


def _names(route: Route) -> Iterator[str]:
    return (way.channel for way in route.ways(None))
